#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Ping-pong over pipes."""
from livetest import Work, case, check, check_equal, check_near, main, trace


@case
def ping_pong():
    with Work("pipes", 100, 6000) as w:
        p = trace(w)
        asker, answerer = w.tid("pipe-ask"), w.tid("pipe-answer")
        # The program's own figure has the way into the call and out of it in it.
        check_near(p.ns(frame="work_read", tid=asker), w.ns("asked"), "time waiting for the answer", 0.01,
                   p.thread(asker)["on_cpu_ns"])
        check_equal(p.cnt(frame="work_read", tid=asker, reason="pipe"), 100, "waits")
        check(p.blocked_ns(frame="work_read", tid=asker) > 0.8 * w.ns("asked"), "most of it is blocked")
        only = {"pipe", "preempted"}
        check_equal(set(p.reasons(frame="work_read")) | only, only, "reasons of work_read")
        check_near(p.reasons(tid=answerer).get("sleep", 0), w.ns("asked"), "the answerer's sleep", 0.05)


main()
