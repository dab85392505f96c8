#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Where the kernel refuses task iterators (here: a seccomp filter) /proc tells who sleeps at the window's edges."""
import os

from livetest import (MS, WORK, Dwell, Work, case, check, check_equal, check_laws, check_near, main, run, start,
                      wait_asleep)

# `refuse` is a workload: it runs dwell so that bpf(BPF_ITER_CREATE) fails with EPERM.
BPF_ITER_CREATE = 33
PREFIX = [os.path.join(WORK, "refuse"), str(BPF_ITER_CREATE)]
WAYS = {"sleep": "sleep", "futex": "lock", "poll": "poll"}


def check_refused(result, p):
    check_equal(p.data["notes"]["edges"], "proc", "notes.edges")
    check("refuses to iterate over tasks" in result.err, f"no warning: {result.err}")


@case
def with_iterators_it_says_so():
    with Work("asleep") as w:
        p = run("offcpu", "-p", w.pid, "--json", "300ms").profile()
    check_equal(p.data["notes"]["edges"], "iterators", "notes.edges")
    check_equal(p.counter("kernel_stack_failed"), 0, "kernel stacks that failed")


@case
def never_ran():
    with Work("asleep") as w:
        result = run("offcpu", "-p", w.pid, "--json", "1", prefix=PREFIX)
        p = result.profile()
        check_laws(p)
        check_refused(result, p)
        for way, reason in WAYS.items():
            tid = w.tid(f"asleep-{way}")
            t = p.thread(tid)
            check_equal((t["open"], t["exited"], t["intervals"], t["on_cpu_ns"]), (True, False, 0, 0),
                        f"{way}: open, exited, intervals, on CPU")
            check_near(t["open_blocked_ns"], p.window_ns, f"{way}: open_blocked_ns", 0.0001)
            stacks = p.select(tid=tid)
            check_equal(len(stacks), 1, f"{way}: stacks")
            check_equal(stacks[0]["reason"], reason, f"{way}: reason")
            # The leaf needs no more than sp and ip; its caller's frame lies where rbp says.
            check_equal(p.names(stacks[0]), [f"asleep-{way}", "[unwind: no registers]", f"work_asleep_{way}",
                                             "[Missed Kernel Stack]"], f"{way}: frames")
    check_equal(p.counter("kernel_stack_failed"), 5, "kernel stacks that nobody could read")
    check_equal(p.ledger["open_intervals"], 5, "ledger.open_intervals")
    check_near(p.ledger["open_ns"], 5 * p.window_ns, "ledger.open_ns", 0.0001)


@case
def without_rbp_the_stack_is_whole():
    """A distribution binary: sleep(1) and its libc keep no frame pointers, so sp is enough."""
    w = start(["/bin/sleep", "60"])
    wait_asleep(w.pid)
    whole = run("offcpu", "-p", w.pid, "--json", "300ms").profile()
    result = run("offcpu", "-p", w.pid, "--json", "300ms", prefix=PREFIX)
    p = result.profile()
    check_refused(result, p)

    def user_frames(profile):
        stack = max(profile.stacks, key=lambda s: s["blocked_ns"])
        return [n for n, k in zip(profile.names(stack), profile.kinds(stack)) if k == "native"]
    check(len(user_frames(p)) >= 5, f"{user_frames(p)}")
    check_equal(user_frames(p), user_frames(whole), "user frames without and with iterators")


@case
def woken_inside_the_window():
    with Work("sleeper", 20, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--json", prefix=PREFIX) as d:
            d.tracing()
            w.work()
            result = d.finish()
        p = result.profile()
    check_laws(p)
    check_refused(result, p)
    check(p.ns(frame="work_ready") > 100 * MS, "the wait before the work is missing")
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "the sleeps")
    check_equal(len(p.select(frame="work_done", is_open=True)), 1, "the wait after the work is open")
    check_equal(len(p.threads), 1, "one thread, under one identity")


@case
def running_at_the_start():
    with Work("burner", 2, 50) as w:
        with Dwell("offcpu", "-p", w.pid, "--json", prefix=PREFIX) as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    check_laws(p)
    check_equal(len(p.threads), 3, "threads, each under one identity")
    check(all(t["on_cpu_ns"] > 40 * MS for t in p.threads if t["tid"] != w.pid), f"{p.threads}")


@case
def by_comm_and_by_tid():
    with Work("asleep") as w:
        for target in (["--comm", "asleep-fut*", "-p", w.pid], ["-t", w.tid("asleep-futex")]):
            p = run("offcpu", *target, "--json", "300ms", prefix=PREFIX).profile()
            check_laws(p)
            check_equal([t["tid"] for t in p.threads], [w.tid("asleep-futex")], f"{target}: threads")


main()
