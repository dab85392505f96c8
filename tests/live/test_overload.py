#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Too much for the rings: nothing is lost, and the result is that of large rings.

Two runs of dwell watch the same workload at the same time, one with rings of a page, one with large ones: so
the two results can be compared whatever the machine does.
"""
import os
import signal
from livetest import (Dwell, Work, case, check, check_equal, check_laws, check_near, main, skip)

SMALL = 4096


def top(p, cnt):
    """The stacks with the most time, with the thread: [(key, ns)]"""
    sums = {}
    for s in p.stacks:
        key = (s["tid"], s["reason"], *p.names(s))
        sums[key] = sums.get(key, 0) + s["blocked_ns"] + s["runnable_ns"]
    return sorted(sums.items(), key=lambda kv: -kv[1])[:cnt], sums


WALK_NS = 2500


def edges(small, large, t, other):
    """How far apart the two windows began and ended. Both saw the thread fall asleep for good at one moment."""
    still, other_still = (x["open_blocked_ns"] + x["open_runnable_ns"] for x in (t, other))
    ended = abs(other_still - still)
    began = abs((other_still - still) - (small.window_ns - large.window_ns))
    return began, ended


def compare(small, large):
    check_equal({t["tid"] for t in small.threads}, {t["tid"] for t in large.threads}, "threads")
    began = ended = 0
    for t in large.threads:
        other = small.thread(t["tid"])
        who = f"thread {t['tid']} {t['comm']}"
        check(t["open"] and other["open"], f"{who} still waits")
        began, ended = edges(small, large, t, other)
        # It slept until the work began, in the one window longer than in the other. At a switch-out one tracer
        # waits for the other's stack walk (2.5 us), at a switch-in after an idle CPU it doesn't.
        slack = began + 1_000_000 + WALK_NS * t["intervals"]
        # Some intervals end while one of the two does not look yet, or any more.
        check_near(other["intervals"], t["intervals"], f"{who}: intervals", 0.01, 5)
        check_near(other["blocked_ns"] + other["runnable_ns"], t["blocked_ns"] + t["runnable_ns"],
                   f"{who}: off CPU", 0.01, slack)
        # At each switch one of the two is called first, and the other one's clock is late by its work.
        late = 10_000 * t["intervals"]
        for key in ("blocked_ns", "runnable_ns", "on_cpu_ns"):
            check_near(other[key], t[key], f"{who}: {key}", 0.01, slack + late)
    best, _ = top(large, 10)
    _, sums = top(small, 0)
    for key, ns in best:
        walks = WALK_NS * large.thread(key[0])["intervals"]
        check_near(sums.get(key, 0), ns, f"top stack {key}", 0.01, began + ended + 1_000_000 + walks)


def both(pairs, rounds, stall=False, timeout=200):
    """Two dwells, one workload. Their profiles."""
    large_rings = 16 << 20
    with Work("flood", pairs, rounds) as w, \
            Dwell("offcpu", "-p", w.pid, "--json", "--ring-size", SMALL) as a, \
            Dwell("offcpu", "-p", w.pid, "--json", "--ring-size", large_rings) as b:
        a.tracing()
        b.tracing()
        if stall:
            os.kill(a.pid, signal.SIGSTOP)
        w.work(timeout)
        w.tids_asleep()
        if stall:
            os.kill(a.pid, signal.SIGCONT)
        a.interrupt()
        b.interrupt()
        small, large = a.wait().profile(), b.wait().profile()
    for p in (small, large):
        check_laws(p)
        check_equal((p.lost_ns(), p.lost_cnt()), (0, 0), "lost")
    if not small.ledger["spilled_intervals"]:
        skip("the reader was never too slow for rings of a page")
    check_equal(large.ledger["spilled_intervals"], 0, "spilled with large rings")
    return small, large


@case
def small_rings():
    small, large = both(2, 40000)
    compare(small, large)


@case
def a_reader_that_stalls():
    """dwell is stopped while the flood goes on: everything is added up in the kernel."""
    small, large = both(2, 40000, stall=True)
    check(small.ledger["spilled_intervals"] > 10000, f"spilled: {small.ledger}")
    compare(small, large)


@case
def names_survive_the_spill():
    small, large = both(1, 20000, stall=True)
    for nr in range(10):
        frame = f"work_flood_{nr}"
        check_near(small.ns(frame=frame), large.ns(frame=frame), frame, 0.01, 2_000_000)
    names = {n for s in small.stacks for n in small.names(s)}
    check("[stack lost]" not in names, "stacks were lost")


if __name__ == "__main__":
    main()
