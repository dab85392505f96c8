#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Sockets on the loopback: stream, datagram and unix."""
from livetest import Work, case, check_equal, check_near, check_within, main, trace


def ping_pong(kind):
    with Work("socket", kind, 60, 6000) as w:
        p = trace(w)
        tid = w.tid("net-client")
        # The program's own figure has the way into the call and out of it in it.
        check_near(p.ns(frame="work_recv", tid=tid), w.ns("asked"), f"{kind}: waiting for the answer",
                   0.01, p.thread(tid)["on_cpu_ns"])
        # One wait per answer, or more: a socket also wakes its reader for other reasons.
        waits = p.cnt(frame="work_recv", tid=tid, reason="net")
        check_within(waits, 60, 120, f"{kind}: waits")
        only = {"net", "preempted"}
        check_equal(set(p.reasons(frame="work_recv")) | only, only, f"{kind}: reasons")


@case
def tcp():
    ping_pong("tcp")


@case
def udp():
    ping_pong("udp")


@case
def unix():
    ping_pong("unix")


main()
