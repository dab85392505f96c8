#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Known sleeps: duration, number, reason and stack."""
from livetest import MS, Work, case, check, check_equal, check_near, check_within, main, trace


@case
def hundred_sleeps():
    with Work("sleeper", 100, 10) as w:
        p = trace(w)
    measured = w.ns("sleep")
    asleep = p.select(frame="work_sleep", reason="sleep")
    check_near(p.ns(frame="work_sleep"), measured, "time in work_sleep")
    check_equal(p.cnt(frame="work_sleep", reason="sleep"), 100, "sleeps")
    check_within(p.blocked_ns(frame="work_sleep", reason="sleep"), 99 * 10 * MS, measured, "blocked")
    check_near(max(s["max_ns"] for s in asleep), int(w.facts["sleep"][0][3]), "the longest", 0.01,
               100_000)
    check_equal({s["pid"] for s in asleep} | {s["tid"] for s in asleep}, {w.pid}, "pid and tid")


@case
def stack_of_a_sleep():
    with Work("sleeper", 20, 10) as w:
        p = trace(w)
    stack = max(p.select(frame="work_sleep", reason="sleep"), key=lambda s: s["blocked_ns"])
    names = p.names(stack)
    kinds = p.kinds(stack)
    check_equal(names[0], "sleeper", "first frame")
    check_equal(names.index("work_sleep") - names.index("main"), 1, "main calls work_sleep")
    check_equal(kinds, sorted(kinds, key=["process", "native", "delimiter", "kernel", "state"].index),
                "user frames before kernel frames")
    kernel = names[kinds.index("kernel"):]
    check(any("nanosleep" in n for n in kernel), f"no nanosleep in {kernel}")


@case
def many_threads_of_measured_sleeps():
    with Work("threads", 40, 20, 10) as w:
        p = trace(w)
        for tid in (int(t[0]) for t in w.facts["busy"]):
            check_near(p.ns(frame="work_nap", tid=tid), int(w.facts[f"nap-{tid}"][0][0]),
                       f"thread {tid}")
            check_equal(p.cnt(frame="work_nap", tid=tid, reason="sleep"), 20, f"sleeps of {tid}")


main()
