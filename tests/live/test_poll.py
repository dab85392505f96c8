#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Loops around poll, select and epoll."""
from livetest import Work, case, check, check_equal, check_near, main, trace


@case
def poll_family():
    with Work("poller", 25, 10) as w:
        p = trace(w)
    calls = [c for c in ("ppoll", "pselect", "epoll", "poll") if c in w.facts]
    check(len(calls) >= 3, f"the workload polled by {calls} only")
    for call in calls:
        check_near(p.ns(frame=f"work_{call}"), w.ns(call), call)
        check_equal(p.cnt(frame=f"work_{call}", reason="poll"), 25, f"waits in {call}")
        reasons = set(p.reasons(frame=f"work_{call}")) - {"preempted"}
        check_equal(reasons, {"poll"}, f"reasons of {call}")


main()
