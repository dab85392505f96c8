#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Threads that fight for a CPU: they are runnable, not blocked."""
from livetest import (MS, Work, case, check, check_equal, check_near, main, parse_folded, run, trace)


@case
def three_on_one_cpu():
    with Work("burner", 3, 300) as w:
        p = trace(w)
        for i in range(3):
            tid = w.tid(f"burn-{i}")
            t = p.thread(tid)
            cpu_ns, wall_ns = (int(n) for n in w.facts[f"burnt-{tid}"][0])
            check_near(t["on_cpu_ns"], cpu_ns, f"burn-{i}: on CPU", 0.01, 2 * MS)
            check_near(p.ns(frame="work_burn", tid=tid), wall_ns - 300 * MS, f"burn-{i}: off CPU", 0.01,
                       5 * MS)
            check_equal(p.blocked_ns(frame="work_burn", tid=tid), 0, f"burn-{i}: blocked")
            check_equal(set(p.reasons(frame="work_burn", tid=tid)), {"preempted"}, f"burn-{i}: reasons")


@case
def split():
    with Work("burner", 2, 100) as w:
        p = trace(w, "--split")
    check(p.select(frame="work_burn"), "no stacks of work_burn")
    for s in p.stacks:
        last = p.names(s)[-1]
        check_equal(p.kinds(s)[-1], "state", f"kind of {last}")
        check(last in ("blocked", "runnable"), f"innermost frame {last}")
        other = s["runnable_ns"] if last == "blocked" else s["blocked_ns"]
        check_equal(other, 0, f"the other kind of time below {last}")
    check_equal({p.names(s)[-1] for s in p.select(frame="work_burn")}, {"runnable"}, "states")


@case
def split_in_the_folded_file():
    result = run("offcpu", "-f", "--split", "--", "/bin/sh", "-c", "sleep 0.3").ok()
    rows = parse_folded(result.out)
    check_equal({frames[-1] for frames, _ in rows} - {"blocked", "runnable"}, set(), "innermost frames")
    blocked = sum(us for frames, us in rows if frames[-1] == "blocked")
    check(blocked > 590_000, f"sh and sleep were blocked for {blocked} us only")


main()
