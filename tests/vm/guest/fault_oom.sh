# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_oom.sh MB...: dwell in a control group whose memory is taken away while it traces the whole system, until the kernel kills it; and
# with these limits from its start. What became of each goes to /out/ends.
. /test/lib.sh

group=/sys/fs/cgroup/small

# In a new group with the limit $limit, in the place of the shell that calls it.
dwell() {
	mkdir -p "$group" || fail "no control group"
	echo "$limit" >"$group/memory.max" || fail "no limit of memory"
	exec sh -c "echo \$\$ >$group/cgroup.procs && exec /usr/bin/dwell \"\$@\"" dwell "$@"
}

has_files() {
	[ "$(find /out/folded -name '*.folded' | wc -l)" -ge "$1" ]
}

kill_by_memory() {
	echo 1M >"$group/memory.max"
	# shellcheck disable=SC2154 # start_dwell sets it
	wait "$dwell"
	echo "killed $1 $? $(grep '^oom_kill ' "$group/memory.events")" >>/out/ends
	until_true nothing_is_left
	rmdir "$group"
}

echo +memory >/sys/fs/cgroup/cgroup.subtree_control || fail "no control of memory"
start_alone threads 20 100000 50
start_alone pipes 100000 5000
note_bpf
limit=max

mkdir /out/run
start_dwell offcpu offcpu -o /out/run/x.json --save /out/run/x.dwell
usleep 500000
kill_by_memory offcpu
echo "left $(find /out/run -type f | wc -l)" >>/out/ends

for round in first second; do
	start_dwell "$round" serve --config none --listen 127.0.0.1:19435 --out /out/folded --every 1s --pprof
	until_true has_files "$(($(find /out/folded -name '*.folded' | wc -l) + 2))"
	[ "$round" = second ] || kill_by_memory serve
done
end_dwell
until_true nothing_is_left
rmdir "$group"

for mb; do
	limit=${mb}M
	(dwell offcpu -o /out/run/limited.folded 1) 2>/out/limited
	echo "limit $mb $? $(wc -l </out/limited) $(ls /out/run)" >>/out/ends
	cp /out/limited "/out/limited-$mb"
	rm -f /out/run/*
	until_true nothing_is_left
	rmdir "$group"
done
end_alone
