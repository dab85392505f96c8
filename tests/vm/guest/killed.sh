# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# killed.sh: a shell whose children compute until they are killed, and who wakes it.
. /test/lib.sh

dwell offcpu --wakers -o /out/profile.json -- sh -c '
	for i in 1 2 3 4 5; do
		sh -c "while :; do :; done" &
		usleep 300000
		kill -9 $!
		wait $!
	done
	exit 0' 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
