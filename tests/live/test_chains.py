#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Wake chains: whom a thread waited for, whom that one waited for, and how long for each."""
from livetest import (Dwell, Profile, Work, case, check, check_equal, check_laws, check_near, check_within, main, read, run,
                      scratch, trace)


def hops(p, stack):
    """[the names of each hop], the first is who waited."""
    parts, names = [[]], p.names(stack)
    for name in names:
        if name == "--":
            parts.append([])
        else:
            parts[-1].append(name)
    return parts


def towers(p, tid, frame):
    """{(first name of each hop...): blocked ns}"""
    found = {}
    for s in p.select(tid=tid, frame=frame):
        if s["blocked_ns"]:
            key = tuple(part[0] for part in hops(p, s))
            found[key] = found.get(key, 0) + s["blocked_ns"]
    return found


@case
def pipeline():
    """Each hop's share: the first one's sleep, the others' computing."""
    with Work("pipeline", 50, 20, 3) as w:
        p = trace(w, "--chains")
        a = w.tid("hop-a")
        worked = {hop: w.ns(f"worked-{hop}") for hop in "bc"}
        waited = w.ns("waited-a")
        runnable = p.runnable_ns(tid=a, frame="work_read")
        # On a busy machine hops wait for a CPU, and the next one for them.
        late = 2 * sum(p.runnable_ns(tid=w.tid(f"hop-{hop}")) for hop in "bcd")
    found = towers(p, a, "work_read")
    for key, ns in sorted(found.items(), key=lambda item: -item[1]):
        print(f"    {ns / 1e6:8.2f} ms  {' <- '.join(key)}")
    deepest = ("hop-a", "hop-b", "hop-c", "hop-d", "[timer]")
    # What is not slept is computed, or a waker's wait for a CPU, which counts as the waker's.
    check_near(found[("hop-a", "hop-b")], worked["b"], "time for which hop-b computed", 0.02, late)
    check_near(found[("hop-a", "hop-b", "hop-c")], worked["c"], "time for which hop-c computed", 0.02, late)
    check_near(found[deepest], waited - worked["b"] - worked["c"] - runnable, "time for which hop-d slept", 0.02, late)
    check_near(sum(found.values()) + runnable, waited, "all of it", 0.02)
    s = max((s for s in p.select(tid=a, frame="work_sleep")), key=lambda s: s["blocked_ns"])
    parts = hops(p, s)
    check_equal([part[0] for part in parts], list(deepest), "the tower")
    check("work_read" in parts[1] and "work_read" in parts[2] and "work_sleep" in parts[3], f"where they waited: {parts}")


@case
def convoy():
    """Who waits for the mutex waits for what its holder waits for: a sleep."""
    with Work("convoy", 8, 20, 2) as w:
        p = trace(w, "--chains")
        waited = sum(w.ns(f"waited-{i}") for i in range(8))
    tall = 0
    for i in range(8):
        for key, ns in towers(p, w.tid(f"convoy-{i}"), "work_take").items():
            if len(key) > 2 and key[-1] == "[timer]":
                check(all(name.startswith("convoy-") for name in key[:-1]), f"hops {key}")
                check(len(set(key)) == len(key), f"a circle: {key}")
                tall += ns
    check_within(tall, 0.4 * waited, 1.02 * waited, "waiting for the mutex that was somebody's sleep")


@case
def ping_pong_is_no_circle():
    with Work("pipes", 300, 200) as w:
        p = trace(w, "--chains")
        found = towers(p, w.tid("pipe-ask"), "work_read")
    check(found.get(("pipe-ask", "pipe-answer", "[timer]")), f"the answerer's naps are not in {found}")
    for key in found:
        check(len(key) <= 4, f"hops {key}")


@case
def sums_are_those_without_chains():
    """From a recording too: dividing the time changes no sum and no count."""
    recording, live = scratch("chains.dwell"), scratch("live.folded")
    with Work("pipeline", 20, 10, 2) as w:
        with Dwell("chains", "-p", w.pid, "--save", recording, "-o", live, "--json") as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            chains = d.finish().profile()
    check_laws(chains)
    check_equal(run("report", recording, "-f").ok().out, read(live), "the report's folded stacks")
    wakers = Profile(run("report", recording, "--json", "--wakers").ok().out)
    check(all(len(hops(wakers, s)) <= 2 for s in wakers.stacks), "chains in a report with --wakers")
    for tid in {s["tid"] for s in chains.stacks}:
        for what in ("blocked_ns", "runnable_ns", "intervals"):
            check_equal(sum(s[what] for s in chains.select(tid=tid)), sum(s[what] for s in wakers.select(tid=tid)),
                        f"{what} of thread {tid}")


main()
