# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# pid.sh [--OPTION] WORKLOAD ARGS...: one process, from before its work to its end.
. /test/lib.sh

option=
case $1 in
--*)
	option=$1
	shift
	;;
esac

start_work "$@"
# Without the pipe to the workload, which would never end.
# shellcheck disable=SC2086 # none is no word
dwell offcpu --json $option -p "$work" >/out/profile.json 2>/out/ledger 3>&- &
dwell=$!
until_true is_tracing "$dwell"
usleep 200000
go_work
end_work
wait "$dwell" || fail "dwell: $? $(cat /out/ledger)"
