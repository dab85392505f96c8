#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""What docs/tutorial.md says of its programs is so: where they wait, and that mending it helps."""
import json
import os
import re

from livetest import BUILD, case, check, main, run, scratch

recordings = {}


def tutorial(name):
    return os.path.join(BUILD, "tutorial", name)


def recorded(name, *args):
    """The recording, and how many requests it handled a second."""
    if (name, *args) not in recordings:
        path = scratch("-".join((name, *args)) + ".dwell")
        r = run("record", "-q", "-o", path, "--", tutorial(name), "2", *args, cwd=scratch("")).ok()
        recordings[(name, *args)] = path, int(re.match(r"(\d+) requests", r.out)[1]) / 2
    return recordings[(name, *args)]


def profile(path, *args):
    return json.loads(run("report", "-q", "--json", *args, path).ok().out)


def share(p, frame, reason=None):
    """Of the time in the profile that which has the frame, and the reason."""
    names = [f["name"] for f in p["frames"]]
    ns = lambda s: s["blocked_ns"] + s["runnable_ns"]
    some = sum(ns(s) for s in p["stacks"] if frame in (names[f] for f in s["frames"]) and reason in (None, s["reason"]))
    return some / sum(ns(s) for s in p["stacks"])


@case
def workers_wait_for_the_lock():
    path, rate = recorded("orders")
    p = profile(path, "--no-idle")
    check(share(p, "audit_order", "lock") > 0.8, f"{share(p, 'audit_order', 'lock')} of the time is the lock")
    r = run("locks", "-q", "--json", "--", tutorial("orders"), "1").ok()
    check("audit_order" in r.out, "dwell locks does not name who waits")
    r = run("chains", "-q", "-f", "--no-idle", "--", tutorial("orders"), "1").ok()
    lines = [line for line in r.out.splitlines() if "pthread_mutex_lock" in line and "write_to_log_server" in line.split(";--;", 1)[-1]]
    check(lines, "chains do not tell what the holder does")
    fixed, better = recorded("orders", "fixed")
    check(better > 2 * rate, f"{rate} requests/s, mended {better}")
    # Two seconds are little for a verdict; that it is no regression is clear.
    check(run("check", path, fixed).status in (0, 3), "it is no regression")


@case
def clerks_wait_for_the_disk():
    path, rate = recorded("ledger")
    p = profile(path, "--no-idle")
    check(share(p, "store_on_disk") > 0.5, f"{share(p, 'store_on_disk')} of the time is storing")
    r = run("syscalls", "-q", "--json", "--", tutorial("ledger"), "1", cwd=scratch("")).ok()
    check("fdatasync" in r.out, "fdatasync is not there")
    check(recorded("ledger", "fixed")[1] > 2 * rate, f"{rate} requests/s, mended {recorded('ledger', 'fixed')[1]}")


@case
def answers_wait_for_a_cpu():
    path, rate = recorded("reports")
    p = profile(path, "--comm", "thread-6")
    runnable = sum(s["runnable_ns"] for s in p["stacks"])
    check(runnable > 0.1 * p["window_ns"], f"{runnable} ns runnable of {p['window_ns']}")
    check(recorded("reports", "fixed")[1] > rate, f"{rate} requests/s, mended {recorded('reports', 'fixed')[1]}")


main()
