# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_pressure.sh LEFT HIGH: files in memory leave LEFT MB of it while the whole system is traced; then dwell runs in a control group
# that is slowed down whenever it has more than HIGH MB (memory.high), from its start.
. /test/lib.sh

group=/sys/fs/cgroup/tight

available_mb() {
	awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo
}

echo +memory >/sys/fs/cgroup/cgroup.subtree_control || fail "no control of memory"
start_alone threads 20 100000 50
start_alone pipes 100000 5000
start_dwell full offcpu -o /tmp/full.json
mount -o remount,size=95% /tmp
i=0
while [ "$(available_mb)" -gt "$1" ]; do
	i=$((i + 1))
	dd if=/dev/zero of="/tmp/ballast$i" bs=1M count=4 2>/dev/null || break
done
echo "available $(available_mb)" >/out/moments
usleep 3000000
echo "available $(available_mb)" >>/out/moments
rm -f /tmp/ballast*
end_dwell
mv /tmp/full.json /out/

mkdir "$group"
echo "$2M" >"$group/memory.high"
dwell() {
	exec sh -c "echo \$\$ >$group/cgroup.procs && exec /usr/bin/dwell \"\$@\"" dwell "$@"
}
(dwell offcpu -o /tmp/slowed.json 3) 2>/out/slowed.said || fail "dwell: $? $(cat /out/slowed.said)"
grep '^high ' "$group/memory.events" >>/out/moments
echo "peak $(($(cat "$group/memory.peak" 2>/dev/null || cat "$group/memory.current") >> 20))" >>/out/moments
mv /tmp/slowed.json /out/
end_alone
