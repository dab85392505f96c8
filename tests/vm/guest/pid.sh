# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# pid.sh WORKLOAD ARGS...: one process, from before its work to its end.
. /test/lib.sh

start_work "$@"
# Without the pipe to the workload, which would never end.
dwell offcpu --json -p "$work" >/out/profile.json 2>/out/ledger 3>&- &
dwell=$!
until_true is_tracing "$dwell"
usleep 200000
go_work
end_work
wait "$dwell" || fail "dwell: $? $(cat /out/ledger)"
