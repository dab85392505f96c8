#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A mutex handed back and forth between two threads."""
from livetest import MS, Work, case, check_near, check_within, main, trace


@case
def mutex_back_and_forth():
    with Work("mutex", 100, 6) as w:
        p = trace(w)
        for who in "ab":
            tid = w.tid(f"mutex-{who}")
            reasons = p.reasons(tid=tid)
            preempted = reasons.get("preempted", 0)
            check_near(reasons.get("lock", 0), w.ns(f"waited-{who}"), f"lock, thread {who}", 0.01,
                       preempted)
            check_near(reasons.get("sleep", 0), w.ns(f"held-{who}"), f"sleep, thread {who}", 0.01,
                       preempted)
            check_within(p.runnable_ns(tid=tid, reason="lock"), 0, w.ns(f"waited-{who}") // 3,
                         "runnable of the time at the mutex")
            check_within(p.cnt(tid=tid, reason="sleep"), 50, 50, f"sleeps of thread {who}")
        # What one holds is what the other one waits for.
        both = sum(p.ns(tid=w.tid(f"mutex-{who}"), reason="lock") for who in "ab")
        check_within(both, 100 * 6 * MS, 100 * 9 * MS, "time at the mutex")


main()
