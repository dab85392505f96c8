#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Waiting for a signal: pause, sigsuspend, sigwait; and a process that is stopped."""
import os
import signal
import time
from livetest import (MS, Dwell, Work, case, check, check_equal, check_laws, check_near, check_within,
                      main, thread_state, trace, wait_until)


@case
def three_ways_to_wait():
    with Work("signals", 30, 10) as w:
        p = trace(w)
    for way in ("pause", "sigsuspend", "sigwait"):
        if way in w.facts:
            check_near(p.ns(frame=f"work_{way}"), w.ns(way), way, 0.01, 100_000)
            reasons = p.reasons(frame=f"work_{way}")
            check(reasons.get("signal", 0) > 0.98 * sum(reasons.values()), f"{way}: reasons {reasons}")


@case
def stopped_process():
    with Work("sleeper", 40, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.go()
            time.sleep(0.1)
            os.kill(w.pid, signal.SIGSTOP)
            wait_until(lambda: thread_state(w.pid) == "T", "stopped")
            since = time.monotonic_ns()
            time.sleep(0.3)
            stopped_ns = time.monotonic_ns() - since
            os.kill(w.pid, signal.SIGCONT)
            w.done()
            p = d.finish().profile()
    check_laws(p)
    check_within(p.blocked_ns(reason="signal"), stopped_ns - 1 * MS, stopped_ns + 60 * MS, "stopped")
    check_equal(p.thread(w.pid)["exited"], False, "exited")


main()
