#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Which locks threads waited for, and who let go of them."""
import os
import re

from livetest import Dwell, Work, case, check, check_equal, check_near, check_within, main, run, scratch


def traced(w, *options, target=None):
    """A run of `dwell locks` over the work: its Result."""
    with Dwell("locks", *(target or ["-p", w.pid]), *options) as d:
        d.tracing()
        w.work()
        w.tids_asleep()
        return d.finish().ok()


@case
def convoy():
    """One mutex at the address that the program says; everybody's time for it; let go of by the others."""
    with Work("convoy", 8, 20, 2) as w:
        p = traced(w, "--json").profile()
        addr = int(w.facts["lock"][0][0], 16)
        waited = sum(w.ns(f"waited-{i}") for i in range(8))
        name = f"lock {addr:#x}"
    check_equal(p.data["ledger"]["imbalance_ns"], 0, "imbalance")
    check_equal({s["lock"] for s in p.stacks}, {name}, "locks")
    check_equal({s["lock_owner"] for s in p.stacks}, {f"convoy-{w.pid}"}, "whose")
    check_near(p.ns(), waited, "time that threads waited for it", 0.05)
    for s in p.stacks:
        names = p.names(s)
        check_equal(names[:2], [f"convoy-{w.pid}", name], "the first frames")
        check("work_take" in names, f"where it waited: {names}")
        if s["waker"]["context"] == "none":
            continue  # let go of on the way to sleep
        check(names.index("work_take") < names.index("--"), f"where it waited: {names}")
        check(s["waker"]["comm"].startswith("convoy-") and s["waker"]["tid"] != s["tid"], f"who let go: {s['waker']}")


@case
def table():
    with Work("convoy", 4, 20, 2) as w:
        out = traced(w).out
        addr = int(w.facts["lock"][0][0], 16)
    line = next((line for line in out.splitlines() if f"lock {addr:#x}" in line), None)
    check(line, f"the lock is not in {out}")
    waits, threads = int(line.split()[2]), int(re.search(r"(\d+)  convoy-", line)[1])
    check_within(waits, 40, 100, "waits")
    check_equal(threads, 4, "threads that waited")
    check(re.search(r"released by convoy-\d/\d+ \d", out), f"who released it: {out}")
    check("waited in" in out and "work_take" in out, f"where: {out}")


@case
def two_locks_are_two():
    """The mutex of one program is not that of another one, though both may have the same address."""
    no_random = ["setarch", os.uname().machine, "-R"]
    with Work("convoy", 3, 10, 1, prefix=no_random) as a, Work("convoy", 3, 10, 1, prefix=no_random) as b:
        check_equal(a.facts["lock"], b.facts["lock"], "the addresses, without randomization")
        with Dwell("locks", "-p", f"{a.pid},{b.pid}", "--json") as d:
            d.tracing()
            a.work()
            b.work()
            p = d.finish().profile()
    check_equal({s["lock_owner"] for s in p.stacks}, {f"convoy-{a.pid}", f"convoy-{b.pid}"}, "owners")


@case
def shared_between_processes():
    """One lock, though each process sees it at another address: what counts is the file. From a recording too."""
    path, recording = os.path.realpath(scratch("queue")), scratch("locks.dwell")
    with Work("shared_lock", path, 50, 2) as w:
        child = int(w.facts["child"][0][0])
        with Dwell("locks", "-p", f"{w.pid},{child}", "--json", "--save", recording) as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    name = f"lock {path}+{4160:#x}"
    check_equal({(s["lock_owner"], s["lock"]) for s in p.select(frame="work_take")}, {("[shared]", name)}, "locks")
    check_equal({s["pid"] for s in p.select(frame="work_take")}, {w.pid, child}, "who waited for it")
    for s in p.select(frame="work_take"):
        if s["waker"]["context"] != "none":
            check_equal(s["waker"]["pid"], child if s["pid"] == w.pid else w.pid, "who let go of it")
    again = run("report", recording, "--format", "locks").ok().out
    check(name in again, f"the lock is not in the report: {again}")


@case
def nothing_to_show():
    with Work("sleeper", 5, 10) as w:
        r = traced(w)
    check("no thread waited for a futex" in r.out, f"an empty table says so: {r.out}")


@case
def condition():
    """Waiting for a condition is waiting for a futex, too: that of the condition."""
    with Work("pool", 4, 100) as w:
        p = traced(w, "--json").profile()
    names = {s["lock"] for s in p.select(frame="work_get")}
    check(len(names) >= 1 and all(n.startswith("lock 0x") for n in names), f"locks {names}")
    check(any("pthread_cond_wait" in n for s in p.stacks for n in p.names(s)), "nobody waits in pthread_cond_wait")


main()
