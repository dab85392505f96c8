# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# shellcheck shell=dash
#
# truth.sh ROOT PROGRAM...: with the host's root: the judge of ROOT/tests/truth on some of its programs.
. /test/lib.sh
root=$1
shift

dwell offcpu --json -- sleep 0.1 >/out/profile.json 2>/out/ledger || fail "dwell: $? $(cat /out/ledger)"
python3 "$root/tests/truth/shares.py" "$@" >/out/shares.json 2>/out/said || fail "the judge: $? $(tail -n 20 /out/said)"
