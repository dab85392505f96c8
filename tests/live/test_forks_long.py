#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 300
"""The fork bomb, larger and with small rings."""
import os
import signal
import time

from livetest import (WORK, Dwell, Profile, attached_probes, case, check, check_clock, check_equal, check_frames, check_laws, check_ledger,
                      check_sums, check_threads, main, read, scratch, wait_until)


def bomb(cnt, parallel, *options, how=(), laws=True, stall=False):
    out = scratch("forks.json")
    with Dwell("offcpu", "-o", out, *options, "--", os.path.join(WORK, "forks"), cnt, parallel, *how,
               alone=True) as d:
        if stall:
            wait_until(lambda: attached_probes(d.pid) >= 3, "the probes are attached")
            time.sleep(0.5)
            os.kill(d.pid, signal.SIGSTOP)
            time.sleep(1)
            os.kill(d.pid, signal.SIGCONT)
        d.wait(120).ok()
    p = Profile(read(out))
    if laws:
        check_laws(p, small_rings="--ring-size" in options)
    return p


def check_kids(p, cnt):
    kids = [t for t in p.threads if t["comm"].startswith("dwkid")]
    check_equal(len(kids), cnt, "children")
    check_equal(len({t["comm"] for t in kids}), cnt, "their names")
    naps = [s for s in p.stacks if s["comm"].startswith("dwkid") and s["reason"] == "sleep"]
    check_equal(len({s["pid"] for s in naps}), cnt, "children with a nap")
    return naps


@case
def forks_2000():
    p = bomb(2000, 20)
    for s in check_kids(p, 2000):
        check("work_child_nap" in p.names(s), f"a nap without the function's name: {p.names(s)}")


@case
def forks_2000_in_small_rings():
    """All times and threads; fork records get lost, with a counter, and with them names of functions."""
    check_kids(bomb(2000, 20, "--ring-size", "4096"), 2000)


@case
def execs_2000():
    """Each child becomes another program before its nap."""
    p = bomb(2000, 20, how=["exec"])
    named = sum("work_child_nap" in p.names(s) for s in check_kids(p, 2000))
    print(f"      {p.counter('execs')} execs, {p.counter('exits')} exits, {named} of 2000 naps with the name of their function", flush=True)
    check(p.counter("execs") >= 2000 and p.counter("exits") >= 2000, f"execs and exits: {p.ledger['counters']}")
    check(named >= 1000, f"{named} naps with the name of their function")


@case
def execs_2000_in_small_rings():
    """dwell stands still for a second: no time is lost and no thread; stacks are, each of them new, with a counter and a frame that says so."""
    p = bomb(2000, 20, "--ring-size", "4096", how=["exec"], laws=False, stall=True)
    for law in (check_ledger, check_sums, check_threads, check_clock, check_frames):
        law(p)
    check_kids(p, 2000)
    lost = sum("[stack lost]" in p.names(s) for s in p.stacks)
    print(f"      rings of a page: {p.counter('stack_lost')} stacks lost, rows with [stack lost]: {lost}, lost time 0", flush=True)
    check((lost > 0) == (p.counter("stack_lost") > 0), f"{lost} rows without their stack, {p.counter('stack_lost')} counted")


main()
