# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# syscalls.sh COUNT: a mixture of calls under strace, where that is, and under dwell; then the whole system while a
# program makes COUNT calls.
. /test/lib.sh

export WORK_ALONE=1
if command -v strace >/dev/null; then
	strace -c -f -o /out/strace calls mix 200 >/dev/null || fail "strace: $?"
fi
dwell syscalls -o /out/mix.json -- calls mix 200 >/dev/null 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
dwell syscalls --by process -o /out/system.json 2>/out/ledger 3>&- &
dwell=$!
until_true is_tracing "$dwell"
usleep 300000
calls spin "$1" >/dev/null || fail "calls: $?"
kill -INT "$dwell"
wait "$dwell" || fail "dwell: $? $(cat /out/ledger)"
