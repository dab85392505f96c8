# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_hotplug.sh ROUNDS: CPU 1 goes off- and online so often, and CPU 2, which is offline when it begins, in between: under a
# trace of the whole system, and again under dwell serve.
. /test/lib.sh

switch_cpu() {
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online" || fail "cpu$1 can't be switched to $2"
}

switch_all() {
	for _ in $(seq "$1"); do
		switch_cpu 1 0
		usleep 100000
		switch_cpu 2 1
		switch_cpu 1 1
		usleep 100000
		switch_cpu 2 0
	done
}

has_files() {
	[ "$(find /out/folded -name '*.folded' | wc -l)" -ge "$1" ]
}

start_alone threads 20 100000 50
start_alone pipes 100000 2000
switch_cpu 2 0
start_dwell offcpu offcpu -o /out/profile.json
switch_all "$1"
end_dwell

start_dwell serve serve --config none --listen 127.0.0.1:19435 --out /out/folded --every 1s
switch_all "$1"
until_true has_files 4
wget -q -O /out/metrics http://127.0.0.1:19435/metrics || fail "no metrics: $(cat "$said")"
end_dwell
end_alone
