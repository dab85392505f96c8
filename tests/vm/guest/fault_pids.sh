# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_pids.sh LIMIT COUNT PARALLEL: COUNT processes, one after the other, where there are only LIMIT pids; the whole system is traced.
. /test/lib.sh

echo "$1" >/proc/sys/kernel/pid_max || fail "no limit of $1 pids"
start_dwell offcpu offcpu -o /out/profile.json
WORK_ALONE=1 forks "$2" "$3" >/out/facts || fail "forks: $?"
end_dwell
