#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""--cgroup PATH: version 2 and 1, a cgroup below it, and processes that move in and out in mid-run."""
import os

from cgroups import Cgroup, hierarchies, make, move
from livetest import (MS, Dwell, Work, case, check, check_equal, check_laws, check_ledger, check_near, check_one_line,
                      check_sums, long_case, main, read, run, scratch, wait_until)


def inside_and_below(version):
    with make(version) as group, Cgroup(os.path.join(group.path, "below")) as below, \
            Work("sleeper", 30, 10) as a, Work("sleeper", 40, 10) as b, \
            Work("sleeper", 30, 10) as outside:
        group.add(a.pid)
        below.add(b.pid)
        with Dwell("offcpu", "--cgroup", group.path, "--json") as d:
            d.tracing()
            for w in (a, b, outside):
                w.go()
            for w in (a, b, outside):
                w.done()
                w.tids_asleep()
            p = d.finish().profile()
        check_laws(p)
        check_equal({s["pid"] for s in p.stacks}, {a.pid, b.pid}, "processes")
        check_equal({t["pid"] for t in p.threads}, {a.pid, b.pid}, "processes with threads")
        for w in (a, b):
            check_near(p.ns(frame="work_sleep", pid=w.pid), w.ns("sleep"), f"sleeps of {w.pid}")
        with Dwell("offcpu", "--cgroup", below.path, "--json", "300ms") as d:
            p = d.wait().profile()
        check_equal({t["pid"] for t in p.threads}, {b.pid}, "processes in the lower cgroup")


def moves(version):
    """In after a third of the work, out after another."""
    with make(version) as group, Work("sleeper", 90, 10) as w, Work("sleeper", 1, 1) as other:
        group.add(other.pid)  # so that the cgroup is never empty
        home = os.path.dirname(group.path)
        with Dwell("offcpu", "--cgroup", group.path, "--json") as d:
            d.tracing()
            w.go()
            wait_until(lambda: cpu_seen(w.pid, 30), "a third")
            group.add(w.pid)
            wait_until(lambda: cpu_seen(w.pid, 60), "two thirds")
            move(w.pid, home)
            w.done()
            p = d.finish().profile()
    check_ledger(p)
    check_sums(p)
    got = p.cnt(frame="work_sleep", pid=w.pid, reason="sleep")
    check(25 <= got <= 35, f"{got} sleeps inside the cgroup, of 90: expected 30 +- 5")
    # Without the time in which they waited for a CPU, which others decide.
    check_near(p.blocked_ns(frame="work_sleep", pid=w.pid), got * 10.1 * MS, "their time", 0.03)


def cpu_seen(pid, switches):
    """Has the process been switched out of its own will that often since it said ready?"""
    line = [x for x in read(f"/proc/{pid}/status").splitlines() if x.startswith("voluntary")][0]
    return int(line.split()[1]) >= switches


@case
def v2_inside_and_below():
    inside_and_below(2)


@long_case
def v1_inside_and_below():
    inside_and_below(1)


@case
def v2_moves():
    moves(2)


@long_case
def v1_moves():
    moves(1)


@case
def a_waker_in_the_cgroup_is_no_target():
    """With -p as well a thread must satisfy both: one that only wakes, and lies in the cgroup, is in no sum."""
    kind = 2 if hierarchies("cgroup2") else 1
    path = scratch("shared-lock")
    with make(kind) as group, Work("shared_lock", path, 60, 2) as w:
        child = int(w.facts["child"][0][0])
        group.add(w.pid)
        group.add(child)
        with Dwell("offcpu", "-p", w.pid, "--cgroup", group.path, "--wakers", "--json") as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    check_equal({t["pid"] for t in p.threads}, {w.pid}, "processes in the thread table")
    check_equal({s["pid"] for s in p.stacks}, {w.pid}, "processes with waits")
    check(any(s["waker"].get("pid") == child for s in p.stacks), "the other one never woke it")


@case
def not_a_cgroup():
    for path, word in (("/sys/fs/cgroup/none/such", "/sys/fs/cgroup/none/such"),
                       (scratch(), "cgroup"), ("/etc/passwd", "cgroup"), ("", "cgroup")):
        result = run("offcpu", "--cgroup", path, "-f", "1")
        check(result.status in (1, 2), f"{path!r}: status {result.status}")
        check_one_line(result.err, path, word)
        check_equal(result.out, "", f"{path}: output")


main()
