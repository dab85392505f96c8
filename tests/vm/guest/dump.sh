# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# dump.sh SECONDS: threads that hang for so long, and a dump of the whole system. When it was made goes to /out/moments.
. /test/lib.sh

start_work hung
sleep "$1"
before=$(cut -d ' ' -f 1 /proc/uptime)
dwell dump --json >/out/profile.json 2>/out/said || fail "dwell: $? $(cat /out/said)"
echo "moments $before $(cut -d ' ' -f 1 /proc/uptime)" >/out/moments
dwell dump --per-thread >/out/text 2>>/out/said || fail "dwell: $? $(cat /out/said)"
dwell dump -k --longer-than 0 --json >/out/kernel.json 2>>/out/said || fail "dwell: $? $(cat /out/said)"
go_work
end_work
