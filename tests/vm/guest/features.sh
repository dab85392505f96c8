# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# features.sh: what dwell says that the kernel has, what then runs, and the kernel's functions for BPF.
. /test/lib.sh

dwell doctor --json >/out/doctor.json || fail "dwell doctor: $?"
dwell offcpu --json -- sleep 0.1 >/out/profile.json 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
grep -w -o 'bpf_[a-z0-9_]*' /proc/kallsyms | sort -u >/out/symbols
