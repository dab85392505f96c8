#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Waiting for a child process: wait4, waitid and vfork."""
from livetest import Work, case, check, check_equal, check_near, main, trace


@case
def three_ways_to_wait():
    with Work("child", 8, 30) as w:
        p = trace(w)
    for way in ("wait4", "waitid", "vfork"):
        reasons = p.reasons(frame=f"work_{way}", pid=w.pid)
        check_near(reasons.get("child", 0), w.ns(way), f"{way}: reason child of {reasons}", 0.01,
                   8 * 100_000 + reasons.get("preempted", 0))
    check_equal({s["pid"] for s in p.stacks}, {w.pid}, "children are not traced without --children")


@case
def with_children():
    with Work("child", 5, 30) as w:
        p = trace(w, "--children")
    naps = p.select(frame="work_in_child", reason="sleep")
    check_equal(len({s["pid"] for s in naps}), 15, "children")
    check(w.pid not in {s["pid"] for s in naps}, "the parent sleeps in work_in_child")
    check_near(sum(s["blocked_ns"] for s in naps), 15 * 30_000_000, "their sleep", 0.02)
    dead = [t for t in p.threads if t["pid"] != w.pid]
    check_equal(len(dead), 15, "threads of children")
    check(all(t["exited"] for t in dead), "children that are not said to have exited")


main()
