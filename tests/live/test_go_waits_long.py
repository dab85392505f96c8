#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The waits of goroutines beside what the program measures itself, for each version of Go: 10 s, 5 %."""
import os
import sys

from go_versions import VERSIONS, toolchain
from go_waits import Program, build, rates, waits
from livetest import Profile, case, check, check_ledger, main, run

for version in VERSIONS:
    def one(version=version):
        with Program(build(toolchain(version))) as program:
            before = program.account()
            p = Profile(run("offcpu", "--json", "-p", program.pid, "10").out)
            after = program.account()
        check_ledger(p)
        for function, (share, often) in rates(before, after).items():
            its_share, its_often = waits(p, function)
            print(f"  {version} {function}: {its_share:.4f} of the time, by itself {share:.4f}; "
                  f"{its_often:.1f} waits/s, by itself {often:.1f}")
            check(abs(its_share - share) <= 0.05 * share, f"{function}: waits {its_share:.4f} of the time, by itself {share:.4f}")
            # Before 1.17 the runtime counts nothing: what looks see is told.
            if function in ("main.sleeper", "main.receiver") and version != "1.15":
                check(abs(its_often - often) <= 0.03 * often, f"{function}: {its_often:.1f} waits/s, by itself {often:.1f}")
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main()
