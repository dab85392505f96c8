#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""dwell check on 100 pairs of recordings of the same program: at most five regressions; on slower ones, hardly any is missed."""
from checking import judge, record
from livetest import case, check, main

PAIRS = 100
OPTIONS = ("--max-p99-increase", "10%", "--max-total-increase", "5%")


@case
def equal_runs_and_slower_ones():
    found = {"p99": 0, "total": 0}
    alarms = missed = slower = 0
    for pair in range(PAIRS):
        base = record("base.dwell", "convoy", 4, 150, 1)
        status, said = judge(base, record("new.dwell", "convoy", 4, 150, 1), *OPTIONS)
        check(status in (0, 1), f"{said}")
        alarms += status == 1
        for name in found:
            found[name] += said[name]["regression"]
        if pair % 5 == 0:
            slower += 1
            missed += judge(base, record("slow.dwell", "convoy", 4, 150, 3), *OPTIONS)[0] != 1
    print(f"      {alarms} regressions in {PAIRS} equal pairs ({found}); {missed} of {slower} slower ones missed")
    check(alarms <= 5, f"{alarms} false alarms in {PAIRS} pairs: {found}")
    check(missed <= 1, f"{missed} of {slower} regressions were missed")


main()
