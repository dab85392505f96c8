# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_crowd.sh COUNT MS SECONDS: so many threads that sleep MS again and again, the whole system traced for SECONDS; then only they, by
# probes whose table of threads is too small for them.
. /test/lib.sh

echo 4194304 >/proc/sys/kernel/pid_max
echo 400000 >/proc/sys/kernel/threads-max
WORK_ALONE=1 crowd "$1" "$2" >/out/facts &
crowd=$!
end=$(($(uptime_seconds) + 600))
until grep -q '^ready' /out/facts; do
	kill -0 "$crowd" || fail "no crowd of $1"
	[ "$(uptime_seconds)" -lt "$end" ] || fail "no crowd in 600 s"
	usleep 200000
done
grep ^Threads "/proc/$crowd/status" >/out/moments
before=$(cut -d ' ' -f 1 /proc/uptime)
dwell offcpu -o /out/profile.json "$3" 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
echo "took $before $(cut -d ' ' -f 1 /proc/uptime)" >>/out/moments
for probes in compat bounded; do # the latter before 5.17
	DWELL_PROBES=$probes dwell offcpu -p "$crowd" -o /out/table.json 2 2>/out/table.said && break
done
[ -s /out/table.json ] || fail "dwell: $(cat /out/table.said)"
grep -E '^Mem(Total|Available)' /proc/meminfo >>/out/moments
