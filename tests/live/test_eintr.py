#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Calls that are interrupted, all the time: a signal each millisecond, and EINTR from one call of two. Nothing must change."""
import os
import re
import subprocess

from livetest import (DWELL, Dwell, Profile, Work, case, check, check_equal, check_laws, long_case, main, parse_folded, read,
                      read_bytes, run, scratch)
from preload import library
from serving import Serve, files_in, wait_files


def storm():
    return {"LD_PRELOAD": library("interrupts"), "INTERRUPTS_SAID": scratch("interrupts")}


def check_stormy(signals_min, eintr_min, what):
    """The storm did blow."""
    words = read(scratch("interrupts")).split()
    print(f"      {what}: {words[1]} signals, {words[3]} calls that ended with EINTR", flush=True)
    check(int(words[1]) >= signals_min and int(words[3]) >= eintr_min, f"{what}: {words}")


@case
def a_run_and_its_report():
    """The report of the run's recording, written without any interruption, is the judge of what the run wrote."""
    names = ("folded", "json", "html", "svg")
    outputs = {n: scratch(f"run.{n}") for n in names}
    recorded = scratch("run.dwell")
    with Work("pipes", 200, 2000) as w:
        with Dwell("offcpu", "-p", w.pid, "--save", recorded, *[x for n in names for x in ("-o", outputs[n])], env=storm()) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
    check_stormy(300, 10, "offcpu")
    check_laws(Profile(read(outputs["json"])))
    for n in names:
        again, stormy = scratch(f"again.{n}"), scratch(f"stormy.{n}")
        run("report", recorded, "-o", again).ok()
        check(read_bytes(again) == read_bytes(outputs[n]), f"{n}: the run's differs from the report's")
        run("report", recorded, "-o", stormy, env=storm()).ok()
        check(read_bytes(again) == read_bytes(stormy), f"{n}: the interrupted report's differs")
    check_stormy(1, 1, "report")


@case
def into_a_slow_pipe():
    """What is written to a pipe that is full most of the time arrives whole."""
    recorded = scratch("piped.dwell")
    with Work("threads", 300, 3, 10) as w:
        with Dwell("record", "-p", w.pid, "-o", recorded) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
    expected = run("report", recorded, "--json").ok().out
    check(len(expected) > 200_000, f"only {len(expected)} bytes: a pipe takes them at once")
    reader = "import sys, time\nwhile d := sys.stdin.buffer.read1(8192): sys.stdout.buffer.write(d); time.sleep(0.01)"
    command = '"$@" report "$RECORDED" --json | python3 -c "$READER"'
    env = [f"{key}={value}" for key, value in storm().items()]
    done = subprocess.run(["/bin/bash", "-o", "pipefail", "-c", command, "bash", "env", *env, DWELL],
                          env={**os.environ, "RECORDED": recorded, "READER": reader}, capture_output=True, text=True, timeout=60,
                          check=False)
    check_equal(done.returncode, 0, f"status, {done.stderr!r}")
    check_stormy(100, 1, "report into a slow pipe")
    check(done.stdout == expected, f"{len(done.stdout)} of {len(expected)} bytes, or others")


@case
def a_command_and_its_status():
    calm = ["env", "-u", "LD_PRELOAD", "-u", "INTERRUPTS_SAID"]
    result = run("offcpu", "--json", "--", *calm, "/bin/sh", "-c", "sleep 0.3; exit 7", env=storm())
    check_equal(result.status, 7, f"status, {result.err!r}")
    check_laws(Profile(result.out))


@long_case
def the_service():
    out = scratch("served")
    with Work("threads", 20, 100000, 5) as w:
        w.go()
        with Serve("-p", w.pid, "--out", out, "--every", "1s", "--pprof", env=storm()) as d:
            wait_files(out, 4)
            for _ in range(20):
                check(re.search(r"^dwell_lost_seconds_total\{.*\} 0$", d.scrape().text, re.M), "lost time")
            result = d.finish().ok()
    check_stormy(3000, 100, "serve")
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    for path in files_in(out):
        check(parse_folded(read(path)), path)


@long_case
def other_commands():
    with Work("threads", 20, 100000, 5) as w:
        w.go()
        for command in ("chains", "locks", "syscalls", "runq", "wakeups"):
            run(command, "-p", w.pid, "300ms", env=storm()).ok()
        run("dump", "-p", w.pid, env=storm()).ok()
        run("doctor", "-p", w.pid, env=storm())


main()
