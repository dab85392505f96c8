# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# doctor.sh: what `dwell doctor` says of the guest as it is, beside what tracing then is; with little locked memory; and, with
# settings that hide things, of a process.
. /test/lib.sh

dwell doctor --json >/out/before.json
echo $? >/out/before.status
dwell offcpu --json -- true >/out/profile.json 2>/out/ledger

ulimit -l 64
setpriv --bounding-set=-sys_resource dwell doctor --json >/out/memlock.json

echo 2 >/proc/sys/kernel/kptr_restrict
[ ! -e /proc/sys/kernel/yama/ptrace_scope ] || echo 3 >/proc/sys/kernel/yama/ptrace_scope
dwell doctor --json -p 1 >/out/hidden.json
exit 0
