#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Threads that sleep through the whole window: listed, open, with their stack and the window's time."""
from livetest import (Dwell, Work, case, check, check_equal, check_laws, check_near, main, parse_folded,
                      run)

WAYS = {"sleep": "sleep", "futex": "lock", "pipe": "pipe", "poll": "poll"}
# Kernel functions that such a wait goes through, by the names of different kernels.
CALLS = {"sleep": ["nanosleep"], "futex": ["futex"], "pipe": ["pipe_read"], "poll": ["do_sys_poll", "ppoll"]}


@case
def never_ran():
    with Work("asleep") as w:
        p = run("offcpu", "-p", w.pid, "--json", "1").profile()
        check_laws(p)
        for way, reason in WAYS.items():
            tid = w.tid(f"asleep-{way}")
            t = p.thread(tid)
            check_equal((t["open"], t["exited"], t["intervals"], t["on_cpu_ns"], t["blocked_ns"]),
                        (True, False, 0, 0, 0), f"{way}: open, exited, intervals, on CPU, blocked")
            check_near(t["open_blocked_ns"], p.window_ns, f"{way}: open_blocked_ns", 0.0001)
            stacks = p.select(tid=tid)
            check_equal(len(stacks), 1, f"{way}: stacks")
            names = p.names(stacks[0])
            check_equal(stacks[0]["open"], True, f"{way}: the stack is marked open")
            check_equal(stacks[0]["reason"], reason, f"{way}: reason")
            check(f"work_asleep_{way}" in names, f"{way}: own function in {names}")
            check("fall_asleep" in names, f"{way}: the caller in {names}")
            check("kernel" in p.kinds(stacks[0]), f"{way}: kernel frames")
            check(any(call in n for n in names for call in CALLS[way]), f"{way}: no call in {names}")
    check_near(p.window_ns, 1_000_000_000, "window", 0.05)
    check_near(p.ledger["open_ns"], 5 * p.window_ns, "ledger.open_ns", 0.0001)
    check_equal(p.ledger["open_intervals"], 5, "ledger.open_intervals")
    check_equal(p.ledger["observed_ns"], 0, "ledger.observed_ns")


@case
def in_the_folded_file():
    with Work("asleep") as w:
        result = run("offcpu", "-p", w.pid, "-f", "500ms").ok()
    rows = parse_folded(result.out)
    for way in WAYS:
        mine = [us for frames, us in rows if f"work_asleep_{way}" in frames]
        check_equal(len(mine), 1, f"{way}: rows")
        check_near(mine[0], 500_000, f"{way}: microseconds", 0.1)


@case
def woken_inside_the_window():
    """Asleep at the start, woken by the work: the part before the wake-up counts."""
    with Work("sleeper", 1, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    check_laws(p)
    first = p.ns(frame="work_ready")
    check(first > 100_000_000, f"the wait before the work is missing: {first} ns")
    check_equal(p.reasons(frame="work_ready").get("pipe", 0), first, "reason of that wait")
    check_equal(len(p.select(frame="work_done", is_open=True)), 1, "the wait after the work is open")


main()
