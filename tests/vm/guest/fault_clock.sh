# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_clock.sh: the wall clock is set 400 days forward and then 800 days back, in a run and under dwell serve with windows of a second.
. /test/lib.sh

step_days() {
	date -s "@$(($(date +%s) + $1 * 86400))" >/dev/null || fail "the clock can't be set"
	echo "step $(date +%s)" >>/out/steps
}

files() {
	find /out/folded -name '*.folded' | wc -l
}

has_more_files() {
	[ "$(files)" -ge "$1" ]
}

start_alone threads 20 100000 50
start_dwell offcpu offcpu -o /out/profile.json -o /out/profile.ndjson
echo "begin $(date +%s)" >/out/steps
usleep 700000
step_days 400
usleep 700000
step_days -800
usleep 700000
end_dwell

start_dwell serve serve --config none --listen 127.0.0.1:19435 --out /out/folded --every 1s --keep-age 0 --spool /out/spool --spool-to clickhouse
echo "begin $(date +%s)" >/out/steps
until_true has_more_files 3
step_days 400
until_true has_more_files "$(($(files) + 4))"
step_days -800
until_true has_more_files "$(($(files) + 4))"
end_dwell
end_alone
gunzip /out/spool/clickhouse/*.gz
