# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# What the scripts in guests share.

fail() {
	echo "$*" >&2
	exit 1
}

uptime_seconds() {
	cut -d . -f 1 /proc/uptime
}

# until_true COMMAND...: tries for a minute.
until_true() {
	end=$(($(uptime_seconds) + 60))
	until "$@"; do
		[ "$(uptime_seconds)" -lt "$end" ] || fail "a minute has passed without: $*"
		usleep 50000
	done
}

# Has dwell, of this pid, attached its probes?
is_tracing() {
	links=$(cat "/proc/$1/fdinfo/"* 2>/dev/null | grep -c -e 'link_type:.*tracing' -e 'link_type:.*raw_tracepoint')
	[ "$links" -ge 3 ]
}

# start_work NAME ARGS...: a workload that waits for go_work; what it says goes to /out/facts. Sets $work.
start_work() {
	mkfifo /tmp/go
	"$@" </tmp/go >/out/facts &
	work=$!
	exec 3>/tmp/go
	until_true grep -q '^ready' /out/facts
}

go_work() {
	echo go >&3
	until_true grep -q '^done' /out/facts
}

# Lets it exit.
end_work() {
	exec 3>&-
	wait "$work" || fail "the workload ended with $?"
}
