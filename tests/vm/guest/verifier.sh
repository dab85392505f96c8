# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# verifier.sh COMMAND...: runs commands of dwell, each one word, for what the verifier counts. What the Nth said goes to /out/said-N.
. /test/lib.sh

export DWELL_VERIFIER=1
cd /tmp || exit
n=0
for command; do
	# shellcheck disable=SC2086 # variables, a command and its arguments
	env $command >/dev/null 2>/out/said-$n || fail "$command: $? $(tail -n 3 /out/said-$n)"
	n=$((n + 1))
done
