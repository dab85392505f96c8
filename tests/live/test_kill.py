#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""kill -9 at any moment leaves nothing: no file, no temporary file, nothing attached in the kernel."""
import os
import time
from livetest import (Dwell, Work, attached_probes, case, check, check_equal, leftovers, long_case, main, run, scratch,
                      wait_until)


def ours(ids_before):
    return [p for p in leftovers() if p[0] not in ids_before]


def place(name):
    path = scratch(name)
    os.mkdir(path)
    return path


@case
def attached_while_it_runs():
    """The counter-check: the programs are seen while a run goes on."""
    before = {p[0] for p in leftovers()}
    with Work("asleep") as w, Dwell("offcpu", "-p", w.pid, "-f") as d:
        d.tracing()
        names = {name for _, name in ours(before)}
        check(len(names) >= 4, f"programs named dwell_*: {names}")
        check(attached_probes(d.pid) >= 3, "links")
        d.finish().ok()
    gone(before)


def gone(before):
    wait_until(lambda: not ours(before), "our programs are gone from the kernel", 15, 0.1)


@case
def killed_while_tracing():
    before = {p[0] for p in leftovers()}
    directory = place("killed")
    with Work("sleeper", 100, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "-o", os.path.join(directory, "x.json"), "--save",
                   os.path.join(directory, "x.dwell")) as d:
            d.tracing()
            w.go()
            time.sleep(0.3)
            d.process.kill()
            check_equal(d.wait().status, -9, "status")
        w.done()
        check_equal(w.end(), 0, "the workload goes on and ends well")
    check_equal(os.listdir(directory), [], "files left behind")
    gone(before)


@case
def killed_whatever_it_traces():
    """The objects of the other commands hang on the process likewise."""
    before = {p[0] for p in leftovers()}
    directory = place("others")
    for command in ("chains", "locks", "syscalls", "runq"):
        with Work("sleeper", 60, 10) as w:
            with Dwell(command, "-p", w.pid, "-o", os.path.join(directory, "x.json")) as d:
                d.tracing()
                w.go()
                time.sleep(0.2)
                check(ours(before), f"{command}: nothing of ours is in the kernel")
                d.process.kill()
                check_equal(d.wait().status, -9, f"{command}: status")
            w.done()
            check_equal(w.end(), 0, "the workload goes on and ends well")
        check_equal(os.listdir(directory), [], f"{command}: files left behind")
        gone(before)


@case
def killed_in_service():
    """serve, with all that it opens: only whole files of windows stay."""
    before = {p[0] for p in leftovers()}
    out, spool = place("folded"), place("spool")
    with Work("asleep") as w:
        with Dwell("serve", "-p", w.pid, "--config", "none", "--listen", "127.0.0.1:0", "--out", out, "--every", "1s", "--spool",
                   spool, "--spool-to", "clickhouse", "--syscalls", "read", "--wakers") as d:
            d.tracing()
            wait_until(lambda: any(name.endswith(".folded") for name in os.listdir(out)), "windows")
            check(len(ours(before)) >= 4, "nothing of ours is in the kernel")
            d.process.kill()
            check_equal(d.wait().status, -9, "status")
    gone(before)
    # A window may have been on its way: what is not whole has a name that readers skip, and goes at the next start.
    whole = [name for name in os.listdir(out) if name.endswith(".folded")]
    for name in whole:
        with open(os.path.join(out, name), "rb") as f:
            check(f.read().endswith(b"\n"), f"{name} is torn")
    others = set(os.listdir(out)) - set(whole) - {".dwell.lock"}
    check(len(others) <= 1, f"left behind: {others}")


@long_case
def killed_at_many_moments():
    """While it opens, loads, attaches, seeds, traces, resolves and writes."""
    before = {p[0] for p in leftovers()}
    directory = place("moments")
    with Work("threads", 200, 1, 1) as w:
        for i in range(14):
            with Dwell("offcpu", "-p", w.pid, "-o", os.path.join(directory, "x.html"), "--save",
                       os.path.join(directory, "x.dwell"), "300ms") as d:
                time.sleep(i * 0.09)
                ended = d.process.poll() is not None
                d.process.kill()
                d.wait()
            names = sorted(os.listdir(directory))
            # Whole files under their names, or none; nothing half.
            check(names in ([], ["x.dwell"], ["x.html"], ["x.dwell", "x.html"]),
                  f"killed after {i * 90} ms: {names}")
            if "x.html" in names:
                check(os.path.getsize(os.path.join(directory, "x.html")) > 1000, "a partial x.html")
            if "x.dwell" in names:
                run("report", os.path.join(directory, "x.dwell"), "-f").ok()
            for name in names:
                os.unlink(os.path.join(directory, name))
            if ended:
                break
    gone(before)


@case
def nothing_left_after_any_exit():
    before = {p[0] for p in leftovers()}
    with Work("asleep") as w:
        run("offcpu", "-p", w.pid, "-f", "200ms").ok()
        check_equal(run("offcpu", "-p", w.pid, "-o", "/proc/x.json", "200ms").status in (1, 2), True, "bad output")
        check_equal(run("offcpu", "-f", "--", "/no/such/program").status != 0, True, "bad command")
    gone(before)


main()
