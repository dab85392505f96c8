#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Processes in another pid namespace, seen from outside and from inside."""
import os
import subprocess
import time
from livetest import (WORK, Dwell, Profile, Work, case, check, check_equal, check_laws, check_near,
                      children_of, facts_of, main, read, run, scratch, skip, trace, wait_asleep,
                      wait_until)

UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def need_pidns():
    if subprocess.run([*UNSHARE, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip("no pid namespace can be made here")


@case
def from_outside():
    """By the pid that the outer namespace knows; the process itself believes to be pid 1."""
    need_pidns()
    with Work("sleeper", 50, 10, prefix=UNSHARE) as w:
        check_equal(w.said_pid, 1, "the workload's own idea of its pid")
        w.pid = wait_until(lambda: children_of(w.process.pid), "the child of unshare")[0]
        p = trace(w)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    check_equal({(s["pid"], s["tid"]) for s in p.stacks}, {(w.pid, w.pid)}, "pid, tid")


@case
def threads_from_outside():
    need_pidns()
    with Work("pipes", 40, 5000, prefix=UNSHARE) as w:
        w.pid = wait_until(lambda: children_of(w.process.pid), "the child of unshare")[0]
        p = trace(w)
    check_near(p.ns(frame="work_read", comm="pipe-ask"), w.ns("asked"), "work_read")
    check_equal({s["pid"] for s in p.stacks}, {w.pid}, "pids")


INSIDE = """
import os, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
import livetest as lt
with lt.Work(*sys.argv[3:]) as w:
    p = lt.trace(w)
    lt.check_equal({s["pid"] for s in p.stacks}, {w.said_pid}, "pids")
    lt.check(w.said_pid < 100, "a small pid")
    lt.check_near(p.ns(frame=sys.argv[2]), w.ns("sleep"), sys.argv[2])
    print("inside ok", w.said_pid)
"""


@case
def from_inside():
    """dwell runs in the namespace and is given a pid of it."""
    need_pidns()
    script = subprocess.run([*UNSHARE, "python3", "-c", INSIDE, os.path.dirname(__file__), "work_sleep",
                             "sleeper", "50", "10"], capture_output=True, text=True, timeout=60,
                            check=False)
    check(script.returncode == 0 and "inside ok" in script.stdout,
          f"{script.returncode}: {script.stdout} {script.stderr[-1500:]}")


@case
def command_inside():
    need_pidns()
    out = scratch("inside.json")
    with Dwell("offcpu", "-o", out, "--", os.path.join(WORK, "sleeper"), 30, 10, prefix=UNSHARE,
               alone=True) as d:
        result = d.wait().ok()
    p = Profile(read(out))
    check_laws(p)
    facts = facts_of(result.out)
    check_near(p.ns(frame="work_sleep"), int(facts["sleep"][0][1]), "work_sleep")
    check_equal({s["pid"] for s in p.stacks}, {int(facts["ready"][0][0])}, "pid")


@case
def a_pid_of_outside_means_nothing_inside():
    need_pidns()
    with Work("asleep") as w:
        result = run("offcpu", "-p", w.pid, "-f", "500ms", prefix=UNSHARE)
    check_equal(result.status, 1, "status")
    check(str(w.pid) in result.err, f"message: {result.err}")


main()
