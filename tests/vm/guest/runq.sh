# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# runq.sh SECONDS WORKLOAD...: as system.sh, waits for CPUs: by process, thread, CPU and class, each into /out/runq-BY.json.
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
for by in process thread cpu class; do
	dwell runq --json --by $by "$seconds" >/out/runq-$by.json 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
done
# shellcheck disable=SC2086 # several
kill $started || fail "a workload ended before dwell"
