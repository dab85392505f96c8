# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_pressure.sh MB: files in memory leave so much of it while the whole system is traced; then dwell's own group is held to less than it
# has (memory.high), so that the kernel slows it down.
. /test/lib.sh

available_mb() {
	awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo
}

echo +memory >/sys/fs/cgroup/cgroup.subtree_control || fail "no control of memory"
mkdir /sys/fs/cgroup/tight
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

start_dwell slowed offcpu -o /tmp/slowed.json
# shellcheck disable=SC2154 # start_dwell sets it
echo "$dwell" >/sys/fs/cgroup/tight/cgroup.procs
# What it has stays with the group where it was taken; all that it needs from now on is too much.
echo 1M >/sys/fs/cgroup/tight/memory.high
usleep 3000000
grep '^high ' /sys/fs/cgroup/tight/memory.events >>/out/moments
echo max >/sys/fs/cgroup/tight/memory.high
end_dwell
mv /tmp/slowed.json /out/
end_alone
