# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# command.sh STATUS COMMAND ARGS...: a command that dwell starts, and its status.
. /test/lib.sh
expected=$1
shift

WORK_ALONE=1 dwell offcpu -o /out/profile.json -- "$@" >/out/facts 2>/out/ledger
status=$?
[ "$status" = "$expected" ] || fail "status $status, expected $expected: $(cat /out/ledger)"
