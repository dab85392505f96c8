#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""-p, -t, --children: exactly the threads that were asked for."""
import os
import subprocess
from livetest import (WORK, Dwell, Work, case, check, check_equal, check_laws, check_near, facts_of, main,
                      read, run, scratch, start, trace)


@case
def threads_by_tid():
    with Work("pipes", 40, 5000) as w:
        p = trace(w, target=["-t", w.tid("pipe-ask")])
        check_equal({t["tid"] for t in p.threads}, {w.tid("pipe-ask")}, "threads")
        check_near(p.ns(frame="work_read"), w.ns("asked"), "work_read")


@case
def several_threads():
    with Work("asleep") as w:
        tids = [w.tid("asleep-sleep"), w.tid("asleep-pipe")]
        p = run("offcpu", "-t", ",".join(str(t) for t in tids), "--json", "500ms").profile()
    check_laws(p)
    check_equal({t["tid"] for t in p.threads}, set(tids), "threads")


@case
def several_processes():
    with Work("sleeper", 20, 10) as a, Work("sleeper", 30, 10) as b, Work("sleeper", 20, 10) as c:
        with Dwell("offcpu", "-p", f"{a.pid},{b.pid}", "--json") as d:
            d.tracing()
            for w in (a, b, c):
                w.go()
            for w in (a, b, c):
                w.done()
                w.tids_asleep()
            p = d.finish().profile()
    check_laws(p)
    check_equal({t["pid"] for t in p.threads}, {a.pid, b.pid}, "processes")
    for w in (a, b):
        check_near(p.ns(frame="work_sleep", pid=w.pid), w.ns("sleep"), f"sleeps of {w.pid}")


@case
def children_that_live_already():
    """--children follows those forked later; grandchildren too."""
    script = f"WORK_ALONE=1 {WORK}/sleeper 10 10 >/dev/null; (WORK_ALONE=1 {WORK}/sleeper 20 10; :) >/dev/null"
    shell = start(["/bin/sh", "-c", f"read go; {script}; echo done; read end"], stdin=subprocess.PIPE,
                  stdout=subprocess.PIPE)
    for options, expected in ((["--children"], 30), ([], 0)):
        with Dwell("offcpu", "-p", shell.pid, "--json", *options) as d:
            d.tracing()
            os.write(shell.stdin.fileno(), b"go\n")
            check_equal(shell.stdout.readline(), b"done\n", "the shell's word")
            p = d.finish().profile()
        check_laws(p)
        check_equal(p.cnt(frame="work_sleep", reason="sleep"), expected, f"sleeps with {options}")
        os.write(shell.stdin.fileno(), b"end\n")
        shell.wait()
        shell = start(["/bin/sh", "-c", f"read go; {script}; echo done; read end"],
                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    shell.kill()


@case
def command_follows_its_children():
    script = f"{WORK}/sleeper 10 10; ({WORK}/sleeper 20 10) & wait"
    said = scratch("said")
    p = run("offcpu", "--json", "--", "/bin/sh", "-c", f"({script}) > {said}", alone=True).profile()
    check_laws(p)
    check_equal(p.cnt(frame="work_sleep", reason="sleep"), 30, "sleeps")
    measured = sum(int(words[1]) for words in facts_of(read(said))["sleep"])
    check_near(p.ns(frame="work_sleep"), measured, "their time")
    dwells = [t for t in p.threads if t["comm"] == "dwell"]
    check(not dwells, f"the tracer's own code between fork and exec was traced: {dwells}")


main()
