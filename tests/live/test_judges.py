#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The two judges, for every thread of a mixture of all sorts.

(a) on CPU and runnable against the kernel's schedstat, read by this test before and after the window while
the threads are blocked; (b) on CPU + blocked + runnable against the clock. (a) is judged with all threads on
one CPU that is never idle: livetest.py says why.
"""
from livetest import (MS, SECOND, Dwell, Work, case, check, check_clock, check_equal, check_laws,
                      check_schedstat, judge_schedstat, main, schedstat, stolen_ns, thread_ids, trace)


def readings(pid):
    return {t: schedstat(pid, t) for t in thread_ids(pid)}


def grown(before, after, tid, field):
    return after[tid][field] - before[tid][field]


def judge(milliseconds):
    """A window with everything in it. The profile, the readings around it, and the stolen time."""
    with Work("mixture", milliseconds, "pinned") as w:
        w.tids_asleep()
        before, stolen = readings(w.pid), stolen_ns()
        p = trace(w, laws=False)
        after, stolen = readings(w.pid), stolen_ns() - stolen
        named = {int(t[1]): t[0] for t in w.facts["thread"]}
    return p, before, after, stolen, named


@case
def every_thread():
    p, before, after, stolen, named = judge(1500)
    check_laws(p)
    window_ns = p.window_ns + 1000 * stolen  # as slack: the kernel leaves stolen time out
    check(len(named) >= 11, f"threads of the mixture: {named}")
    for tid, name in named.items():
        t = p.thread(tid)
        check_equal(t["comm"], name, f"name of {tid}")
        judge_schedstat(t, grown(before, after, tid, 0), grown(before, after, tid, 1), window_ns,
                        "read by the test")
        judge_schedstat(t, t["schedstat"]["on_cpu_ns"], t["schedstat"]["runnable_ns"], window_ns,
                        "read by dwell")
    check_equal(p.lost_ns(), 0, "lost")


@case
def the_kernel_figures_are_the_kernels():
    """What dwell shows as schedstat is what /proc shows, exactly: the threads were blocked at both ends."""
    p, before, after, _, named = judge(500)
    for tid in named:
        s = p.thread(tid)["schedstat"]
        check_equal(s["approximate"], False, f"approximate, thread {tid}")
        check_equal((s["on_cpu_ns"], s["runnable_ns"]),
                    (grown(before, after, tid, 0), grown(before, after, tid, 1)), f"schedstat of {tid}")


@case
def judges_can_fail():
    """A thread with some of its window missing, or too much, is found guilty."""
    p, before, after, _, named = judge(300)
    check_clock(p)
    tid = min(named)
    guilty = 0
    for key, change in (("blocked_ns", -p.window_ns // 1000), ("on_cpu_ns", p.window_ns // 5)):
        p.thread(tid)[key] += change
        for judgement in (check_clock, check_schedstat):
            try:
                judgement(p)
            except AssertionError:
                guilty += 1
        p.thread(tid)[key] -= change
    check_equal(guilty, 3, "judgements that found something, of 4")


@case
def running_through_both_edges():
    """Threads that run when the window begins and ends, and while it lasts."""
    with Work("burner", 2, 1300) as w:
        w.go()
        with Dwell("offcpu", "-p", w.pid, "--json", "700ms") as d:
            p = d.wait().profile()
        check_laws(p)
        for i in range(2):
            t = p.thread(w.tid(f"burn-{i}"))
            check(t["begin_ns"] == 0 and t["end_ns"] >= 0.99 * p.window_ns, f"begin and end: {t}")
            check_equal(t["blocked_ns"], 0, f"burn-{i}: blocked")
            share = t["on_cpu_ns"] / p.window_ns
            check(0.2 < share < 0.8, f"burn-{i}: {share:.2f} of the window on CPU, of about 0.5")
            approx = 80 * MS  # it is read after the window has ended
            check(abs(t["on_cpu_ns"] - t["schedstat"]["on_cpu_ns"]) < approx, f"schedstat: {t}")
        w.done()


@case
def every_thread_unpinned():
    """On all CPUs: judge (b), and what (a) can say there."""
    with Work("mixture", 1000) as w:
        p = trace(w)
    check(p.window_ns > SECOND, "window")
    check(p.ledger["observed_intervals"] > 1000, "intervals")


main()
