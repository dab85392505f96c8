# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_suspend.sh SECONDS: suspend to RAM, woken by the real-time clock, under a trace of the whole system and under dwell serve.
. /test/lib.sh

# The clock that counts while the machine sleeps and the one that doesn't.
sleep_for() {
	before=$(cut -d ' ' -f 1 /proc/uptime)
	echo "+$1" >/sys/class/rtc/rtc0/wakealarm || fail "no alarm can be set"
	echo mem >/sys/power/state || fail "the machine can't be suspended"
	echo "suspend $before $(cut -d ' ' -f 1 /proc/uptime)" >>/out/moments
}

start_alone threads 20 100000 50
start_alone pipes 100000 5000
start_dwell offcpu offcpu -o /out/profile.json
usleep 500000
sleep_for "$1"
usleep 500000
end_dwell

start_dwell serve serve --config none --listen 127.0.0.1:19435 --out /out/folded --every 2s
usleep 2500000
sleep_for "$1"
usleep 4500000
end_dwell
end_alone
