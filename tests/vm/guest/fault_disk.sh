# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_disk.sh MS: a disk on which each write takes MS; then one that the kernel makes read-only while dwell writes to it, and writable again.
. /test/lib.sh

files() {
	find "$1" -name '*.folded' 2>/dev/null | wc -l
}

has_files() {
	[ "$(files "$1")" -ge "$2" ]
}

metrics() {
	wget -q -O - http://127.0.0.1:19435/metrics
}

fails_to_write() {
	metrics | grep -q '^dwell_output_failing.* 1$'
}

writes_again() {
	! fails_to_write
}

mkfs.ext4 -q /dev/ram0 || fail "no file system"
sectors=$(cat /sys/block/ram0/size)
echo "0 $sectors delay /dev/ram0 0 0 /dev/ram0 0 $1" | DM_DISABLE_UDEV=1 dmsetup create slow ||
	fail "no slow disk"
mkdir /mnt /out/folded
mount -t ext4 /dev/mapper/slow /mnt || fail "no slow disk can be mounted"

start_alone threads 20 100000 50
start_alone pipes 100000 1000

before=$(cut -d ' ' -f 1 /proc/uptime)
dd if=/dev/zero of=/mnt/one bs=4096 count=1 conv=fsync 2>/dev/null
echo "fsync $before $(cut -d ' ' -f 1 /proc/uptime)" >/out/moments

start_dwell offcpu offcpu -o /mnt/profile.json --save /mnt/x.dwell
usleep 2000000
end_dwell
dwell report --json /mnt/x.dwell >/out/reported.json 2>/out/reported.said || fail "report: $(cat /out/reported.said)"
cp /mnt/profile.json /out/
rm /mnt/x.dwell /mnt/profile.json

start_dwell serve serve --config none --listen 127.0.0.1:19435 --out /mnt/folded --every 1s --spool /mnt/spool --spool-to clickhouse
until_true has_files /mnt/folded 4
metrics >/out/slow.metrics
# As after an error of the disk: everything is read-only from one moment to the next.
echo u >/proc/sysrq-trigger
until_true fails_to_write
before=$(files /mnt/folded)
usleep 2500000
[ "$(files /mnt/folded)" = "$before" ] || fail "it is not read-only"
metrics >/out/ro.metrics
mount -o remount,rw /mnt || fail "it stays read-only"
until_true has_files /mnt/folded $((before + 2))
until_true writes_again
end_dwell
cp /mnt/folded/*.folded /out/folded/
find /mnt -name '*.tmp' >/out/unfinished
end_alone
