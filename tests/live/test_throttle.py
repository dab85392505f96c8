#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""--max-cpu's lever: the minimum length changes while running, and every nanosecond stays accounted for."""
import time

from livetest import Work, case, check, check_equal, check_ledger, check_sums, main, wait_until
from tracing import Tracing

SECOND_NS = 1_000_000_000
MANY = 100


def grown(trace, name, since, by=MANY):
    """The counters, once the one called @name has grown by some."""
    found = {}

    def enough():
        found.update(trace.counters())
        return found[name] >= since[name] + by
    wait_until(enough, f"{name} grew by {by}, {since} -> {found}", step=0.1)
    return found


def settled(trace):
    """After a change, once what was under way has arrived."""
    time.sleep(0.3)
    return trace.counters()


def raised_and_lowered(probes):
    with Work("pipes", 10 ** 9, 100) as work:
        trace = Tracing(work.pid, {"DWELL_PROBES": probes})
        check_equal(trace.probes, probes, "probes")
        work.go()
        # As long as nothing was said, all is delivered.
        free = grown(trace, "delivered", trace.counters())
        check_equal((free["filtered"], free["throttled"]), (0, 0), "filtered and throttled before")
        # Longer than any of its waits: nothing is delivered any more.
        trace.do(f"min_ns {SECOND_NS}")
        low = settled(trace)
        high = grown(trace, "throttled", low)
        check_equal(high["delivered"], low["delivered"], "delivered meanwhile")
        check_equal(high["filtered"], high["throttled"], "filtered and throttled")
        check_equal(high["filtered_ns"], high["throttled_ns"], "filtered and throttled time")
        check(high["throttled_ns"] > low["throttled_ns"], "throttled time")
        # Shorter than its naps of 100 us and more: these come, and others stay away.
        trace.do("min_ns 50000")
        middle = grown(trace, "delivered", settled(trace))
        check(middle["observed_ns"] - high["observed_ns"] >= middle["delivered_ns"] - high["delivered_ns"],
              "delivered more than was observed")
        trace.do("min_ns 0")
        low = settled(trace)
        high = grown(trace, "delivered", low)
        check_equal(high["throttled"], low["throttled"], "throttled afterwards")
        profile = trace.finish()
    check_ledger(profile)
    check_sums(profile)
    check_equal(profile.ledger["filtered_intervals"], profile.counter("throttled"), "filtered in the end")
    check_equal(profile.ledger["filtered_ns"], profile.counter("throttled_ns"), "filtered time in the end")
    return profile


@case
def core():
    raised_and_lowered("core")


@case
def compat():
    raised_and_lowered("compat")


@case
def minimal():
    raised_and_lowered("minimal")


@case
def open_at_the_end():
    """What is open when the run ends, and shorter than the minimum, is filtered as it would have been closed."""
    with Work("sleeper") as work:
        trace = Tracing(work.pid)
        trace.do(f"min_ns {3600 * SECOND_NS}")
        time.sleep(0.2)
        profile = trace.finish()
    check_ledger(profile)
    check_equal(profile.ledger["open_intervals"], 0, "open intervals that are shown")
    check_equal(profile.stacks, [], "stacks")


main()
