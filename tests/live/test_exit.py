#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Processes that exit inside the window keep their names and times, and end the run."""
import time
from livetest import (MS, Dwell, Work, case, check, check_equal, check_laws, check_near, lifetime,
                      main, run, thread_ids, thread_state, wait_until)


@case
def target_exits():
    """The run ends by itself, long before its duration."""
    with Work("sleeper", 30, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--json", "50") as d:
            d.tracing()
            w.work()
            w.end()
            since = time.monotonic()
            p = d.wait(10).profile()
            took = time.monotonic() - since
    check(took < 8, f"the run went on for {took:.1f} s")
    check_laws(p)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    t = p.thread(w.pid)
    check_equal((t["exited"], t["open"]), (True, False), "exited, open")
    check(p.window_ns < 20_000 * MS, f"window {p.window_ns}")


@case
def one_of_two_targets_exits():
    with Work("sleeper", 10, 10) as a, Work("sleeper", 60, 10) as b:
        with Dwell("offcpu", "-p", f"{a.pid},{b.pid}", "--json") as d:
            d.tracing()
            a.work()
            b.go()
            a.end()
            b.done()
            b.tids_asleep()
            p = d.finish().profile()
    check_laws(p)
    for w in (a, b):
        check_near(p.ns(frame="work_sleep", pid=w.pid), w.ns("sleep"), f"sleeps of {w.pid}")
    check_equal([p.thread(w.pid)["exited"] for w in (a, b)], [True, False], "exited")


@case
def first_thread_has_ended():
    """It is a zombie that waits for nothing; the others have stacks and names all the same."""
    with Work("sleeper", 20, 10, 0, "first-ends") as w:
        wait_until(lambda: thread_state(w.pid) == "Z", "its first thread has ended")
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.go()
            w.done()
            second = next(tid for tid in thread_ids(w.pid) if tid != w.pid)
            wait_until(lambda: thread_state(w.pid, second) == "S", "it waits for its end")
            p = d.finish().profile()
        dump = run("dump", "-p", w.pid, "--longer-than", "0").ok().out
    check_laws(p)
    check_equal([t["tid"] for t in p.threads], [second], "threads")
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    missing = [name for s in p.stacks for name in p.names(s) if name.startswith("[unwind:")]
    check(not missing, f"walks that ended early: {missing}")
    check("work_done" in dump, dump)


@case
def threads_that_exit_after_the_window():
    """From the window's end to the last look at all threads some milliseconds pass: who ends in them has totals, too."""
    with Work("churn", 32, 3000) as w:
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.go()
            w.hear("begun")
            time.sleep(1)
            p = d.finish().profile()
        w.done()
    brief = [t for t in p.threads if t["comm"] == "churn-brief"]
    check(len(brief) > 500, f"{len(brief)} short-lived threads only")
    without = [t for t in p.threads if not t["totals_known"]]
    check_equal((len(without), without[:2]), (0, []), f"threads without totals, of {len(p.threads)}")
    check_laws(p)


@case
def threads_exit():
    """Threads come and go; each is listed with a life that ends."""
    with Work("mixture", 500) as w:
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            p = d.finish().profile()
    check_laws(p)
    brief = [t for t in p.threads if t["comm"] == "mix-brief"]
    check(len(brief) > 20, f"{len(brief)} short-lived threads only")
    check(all(t["exited"] for t in brief), "all have exited")
    for t in brief:
        check(lifetime(t) >= 2 * MS and t["blocked_ns"] > MS, f"a nap of less than 2 ms: {t}")
        check(any(s["reason"] == "sleep" for s in p.select(tid=t["tid"])), f"no sleep of {t}")


@case
def command_and_its_child_outlive_nothing():
    result = run("offcpu", "--json", "--", "/bin/sh", "-c", "sleep 0.2; sleep 0.1")
    p = result.profile()
    check_laws(p)
    comms = {t["comm"] for t in p.threads}
    check({"sh", "sleep"} <= comms, f"names {comms}")
    check_near(p.ns(comm="sleep", reason="sleep"), 300 * MS, "sleeps", 0.1)


main()
