# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# serve.sh SECONDS: dwell serve over the whole system, with windows of 2 s; then what it says of itself, and its end.
. /test/lib.sh
seconds=$1

WORK_ALONE=1 threads 20 100000 50 >/out/facts-threads &
threads=$!
WORK_ALONE=1 pipes 100000 5000 >/out/facts-pipes &
pipes=$!
until_true grep -q '^ready' /out/facts-threads
until_true grep -q '^ready' /out/facts-pipes

dwell serve --config none --out /out/folded --pprof --every 2s --syscalls default --wakers --group-by cgroup \
	--listen 127.0.0.1:19435 2>/out/ledger &
dwell=$!
# The kernel checks the probes before it takes them, which takes long where every instruction is translated.
end=$(($(uptime_seconds) + 240))
until timeout 5 wget -q -O /out/ready http://127.0.0.1:19435/-/ready 2>/dev/null; do
	[ "$(uptime_seconds)" -lt "$end" ] || fail "dwell is not ready: $(cat /out/ledger)"
	usleep 500000
done
usleep "${seconds}000000"
# The wall clock is set back: windows go on.
files=$(find /out/folded -name '*.folded' | wc -l)
date -s "@$(($(date +%s) - 7200))" >/dev/null || fail "the clock can't be set"
usleep 8000000
[ "$(find /out/folded -name '*.folded' | wc -l)" -gt "$((files + 1))" ] || fail "no windows since the clock was set back"
wget -q -O /out/metrics http://127.0.0.1:19435/metrics || fail "no metrics: $(cat /out/ledger)"
cat "/proc/$dwell/status" >/out/status
kill "$dwell"
wait "$dwell" || fail "dwell: $? $(cat /out/ledger)"
kill "$threads" "$pipes" || fail "a workload ended before dwell"
