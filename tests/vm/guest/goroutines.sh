# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# goroutines.sh: a Go program, read by process_vm_readv() to /out/by_readv, and by BPF to /out/by_bpf, what was said to
# /out/said, the status to /out/status.
. /test/lib.sh

mkfifo /tmp/in
go-work </tmp/in >/tmp/ready &
pid=$!
exec 3>/tmp/in
while ! grep -q ready /tmp/ready; do
	sleep 0.1
done
sleep 1
dwell goroutines -p "$pid" --each >/out/by_readv 2>/out/said || fail "dwell: $? $(cat /out/said)"
DWELL_GO_MEMORY=bpf dwell goroutines -p "$pid" --each >/out/by_bpf 2>/out/said
echo "status $?" >/out/status
kill "$pid"
