#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Who ended each wait: the names on kernel stacks that tell differ by kernel."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import check, check_equal, check_laws, check_within


def wakers(p, frame, comm):
    """{(context, comm): intervals}"""
    found = {}
    for s in p.select(frame=frame, comm=comm):
        w = s["waker"]
        if not s["open"] and w["context"] != "none":
            key = w["context"], w.get("comm")
            found[key] = found.get(key, 0) + s["intervals"]
    return found


@case
def timer_and_peer(kernel):
    p = boot(kernel, "pid.sh", "--wakers", "pipes", 100, 2000, work=["pipes"]).profile()
    check_laws(p, schedstats=False)
    found = wakers(p, "work_read", "pipe-ask")
    check_equal(set(found), {("thread", "pipe-answer")}, "who wakes the asker")
    check_within(sum(found.values()), 95, 102, "waits that it ended")
    for s in p.select(comm="pipe-answer", reason="sleep"):
        names = p.names(s)
        check(s["waker"]["context"] in ("timer", "none"), f"what ends naps on {kernel.release}: {s['waker']}, {names}")


@case
def loopback(kernel):
    p = boot(kernel, "pid.sh", "--wakers", "socket", "udp", 100, 2000, work=["socket"]).profile()
    check_laws(p, schedstats=False)
    for me, peer in (("net-client", "net-server"), ("net-server", "net-client")):
        found = wakers(p, "work_recv", me)
        # An interrupt between the packet and the softirq that is to take it takes it itself, now and then.
        other = found.pop(("softirq", None), 0)
        check_equal(set(found), {("thread", peer)}, f"who wakes {me}")
        check_within(other, 0, 5, "packets that an interrupt took")
    marked = [s for s in p.select(frame="work_recv") if s["waker"].get("via_softirq")]
    check(marked, "nothing came via a softirq")


@case
def chains(kernel):
    p = boot(kernel, "pid.sh", "--chains", "pipeline", 20, 20, 2, work=["pipeline"]).profile()
    check_laws(p, schedstats=False)
    towers = {}
    for s in p.select(frame="work_read", comm="hop-a"):
        names = p.names(s)
        firsts = tuple([names[0]] + [names[i + 1] for i, name in enumerate(names) if name == "--"])
        towers[firsts] = towers.get(firsts, 0) + s["blocked_ns"]
    # A guest that lacks a processor makes its threads wait for one: how much of it all the sleep is, differs.
    check(towers.get(("hop-a", "hop-b", "hop-c", "hop-d", "[timer]")), f"what hop-a waited for: {towers}")


@case
def killed_child(kernel):
    """It dies where an interrupt ends, and wakes its parent there."""
    p = boot(kernel, "killed.sh").profile()
    found = {}
    for s in p.stacks:
        if s["reason"] in ("child", "signal") and not s["open"] and "do_exit" in p.names(s):
            found.setdefault(s["waker"]["context"], set()).add(tuple(p.names(s)))
    check(found, "nobody waited for a child")
    check_equal(set(found), {"thread"}, f"who wakes a parent: {found}")


main()
