# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# system.sh SECONDS WORKLOAD...: the whole system, with workloads (each one word: "pipes 9 9") that outlive the
# window. What they say goes to /out/facts-NAME.
. /test/lib.sh
seconds=$1
shift

started=
for work; do
	name=${work%% *}
	# shellcheck disable=SC2086 # a command and its arguments
	WORK_ALONE=1 $work >"/out/facts-$name" &
	started="$started $!"
	until_true grep -q '^ready' "/out/facts-$name"
done
dwell offcpu --json "$seconds" >/out/profile.json 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
# shellcheck disable=SC2086 # several
kill $started || fail "a workload ended before dwell"
