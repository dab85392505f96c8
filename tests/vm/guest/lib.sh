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

# start_alone NAME ARGS...: a workload that begins at once and outlives the test; what it says goes to /out/facts-NAME.
alone=
start_alone() {
	WORK_ALONE=1 "$@" >"/out/facts-$1" &
	alone="$alone $!"
	until_true grep -q '^ready' "/out/facts-$1"
}

end_alone() {
	# shellcheck disable=SC2086 # several
	kill $alone || fail "a workload ended before dwell"
}

# start_dwell NAME ARGS...: in the background, until it traces; its words go to /out/NAME.said. Sets $dwell.
start_dwell() {
	said=/out/$1.said
	shift
	dwell "$@" >/out/stdout 2>"$said" &
	dwell=$!
	# The kernel checks the probes before it takes them, which takes long where every instruction is translated.
	end=$(($(uptime_seconds) + 240))
	until is_tracing_or_dead "$dwell" || [ "$(uptime_seconds)" -ge "$end" ]; do
		usleep 200000
	done
	is_tracing "$dwell" || fail "dwell $*: $(cat "$said")"
	usleep 300000
}

is_tracing_or_dead() {
	is_tracing "$1" || ! kill -0 "$1" 2>/dev/null
}

# end_dwell: by Ctrl-C.
end_dwell() {
	kill -INT "$dwell" || fail "dwell was gone: $(cat "$said")"
	wait "$dwell" || fail "dwell: $? $(cat "$said")"
}

# Programs, maps and links of BPF: before anything traces, and again after it. The workload bpf_left tells.
note_bpf() {
	bpf_left >/tmp/bpf_before || fail "bpf_left: $?"
}

# The kernel frees them in the background.
nothing_is_left() {
	bpf_left >/tmp/bpf_now || fail "bpf_left: $?"
	cmp -s /tmp/bpf_before /tmp/bpf_now
}
