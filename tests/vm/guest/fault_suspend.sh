# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_suspend.sh TIMES SECONDS: suspended to memory so often and for so long, woken by the real-time clock, under a trace of the whole
# system and again under dwell serve.
. /test/lib.sh

# /proc/uptime counts while the machine sleeps (CLOCK_BOOTTIME), /proc/timer_list is by the clock that doesn't (CLOCK_MONOTONIC).
moments() {
	echo "$(cut -d ' ' -f 1 /proc/uptime) $(awk '/^now at/ {print $3; exit}' /proc/timer_list)"
}

suspend_again_and_again() {
	for _ in $(seq "$1"); do
		before=$(moments)
		echo "+$2" >/sys/class/rtc/rtc0/wakealarm || fail "no alarm can be set"
		echo mem >/sys/power/state || fail "the machine can't be suspended"
		echo "suspend $before $(moments)" >>/out/moments
		usleep 1500000
	done
}

start_alone threads 20 100000 50
start_alone pipes 100000 2000
start_dwell offcpu offcpu -o /out/profile.json
suspend_again_and_again "$1" "$2"
end_dwell

start_dwell serve serve --config none --listen 127.0.0.1:19435 --out /out/folded --every 1s
suspend_again_and_again "$1" "$2"
wget -q -O /out/metrics http://127.0.0.1:19435/metrics || fail "no metrics: $(cat "$said")"
end_dwell
end_alone
