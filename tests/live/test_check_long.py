#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""dwell check on 100 pairs of recordings of the same program: at most five regressions; on slower ones, hardly any is missed."""
from checking import judge, record
from livetest import case, check, main

PAIRS = 100
OPTIONS = ("--reason", "lock", "--min-samples", "250", "--max-p99-increase", "10%", "--max-total-increase", "5%")


@case
def equal_runs_and_slower_ones():
    """Each run with the one after it, and every fifth with one in which the lock is held twice as long."""
    found = {"p99": 0, "total": 0}
    alarms = missed = slower = 0
    last = record("run0.dwell", "convoy", 4, 80, 5)
    for pair in range(PAIRS):
        this = record(f"run{(pair + 1) % 2}.dwell", "convoy", 4, 80, 5)
        status, said = judge(last, this, *OPTIONS)
        check(status in (0, 1), f"{said}")
        alarms += status == 1
        for name in found:
            found[name] += said[name]["regression"]
        if pair % 5 == 0:
            slower += 1
            missed += judge(this, record("slow.dwell", "convoy", 4, 80, 10), *OPTIONS)[0] != 1
        last = this
    print(f"      {alarms} regressions in {PAIRS} equal pairs ({found}); {missed} of {slower} slower ones missed")
    check(alarms <= 5, f"{alarms} false alarms in {PAIRS} pairs: {found}")
    check(missed <= 2, f"{missed} of {slower} regressions were missed")


main()
