# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# no_types.sh: what commands say where /sys/kernel/btf/vmlinux is missing.
. /test/lib.sh

mount -t tmpfs none /sys/kernel/btf || fail "mount"
for command in offcpu runq syscalls; do
	dwell $command -o /tmp/none.json -- true >/out/$command.said 2>&1
	echo $? >/out/$command.status
done
dwell doctor --json >/out/doctor.json
exit 0
