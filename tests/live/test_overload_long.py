#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""Overload with millions of switches and rings of one page."""
import livetest
from livetest import Dwell, Work, case, check, check_equal, check_laws, main
from test_overload import both, compare

livetest.cases.clear()  # those of test_overload.py


def flood(pairs, rounds, *options):
    with Work("flood", pairs, rounds) as w, \
            Dwell("offcpu", "-p", w.pid, "--json", "--ring-size", "4096", *options) as d:
        d.tracing()
        w.work(280)
        w.tids_asleep()
        p = d.finish().profile()
    return p


@case
def millions_of_switches():
    p = flood(3, 300000)
    check_laws(p)
    check(p.ledger["observed_intervals"] > 1_500_000, f"intervals: {p.ledger['observed_intervals']}")
    check(p.ledger["spilled_intervals"] > 0, "nothing was spilled")
    check_equal(p.lost_ns(), 0, "lost")


@case
def two_rings_one_truth():
    small, large = both(3, 250000, stall=True, timeout=280)
    check(large.ledger["observed_intervals"] > 1_000_000, "more than a million intervals")
    compare(small, large)


main()
