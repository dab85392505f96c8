# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# fault_hotplug.sh ROUNDS: all CPUs but the first go off- and online under a trace of the whole system. One is offline when it begins.
. /test/lib.sh

switch_cpu() {
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online" || fail "cpu$1 can't be switched to $2"
}

start_alone threads 20 100000 50
start_alone pipes 100000 5000
switch_cpu 3 0
start_dwell offcpu offcpu -o /out/profile.json
for _ in $(seq "$1"); do
	for cpu in 1 2; do
		switch_cpu "$cpu" 0
	done
	usleep 200000
	for cpu in 1 2 3; do
		switch_cpu "$cpu" 1
	done
	usleep 200000
	switch_cpu 3 0
done
end_dwell
end_alone
