#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 600
"""dwell goroutines --leaks: what it finds in a program of known leaks, and when and how it says so. With the Go of the system and the newest
one that is known, stripped."""
import os
import signal
import subprocess
import time

from go_versions import VERSIONS, toolchain
from goleaks import Leaky, build, judge, line_of, objects
from golang import Toolchain
from livetest import (DWELL, SECOND, case, check, check_equal, check_one_line, long_case, main, run, skip, start,
                      wait_until)

WINDOW = 20
go = Toolchain()


def newest():
    if os.uname().machine != "x86_64":
        skip("the toolchains are for x86-64")
    return toolchain(list(VERSIONS)[-1])


@case
def two_leak_and_five_do_not():
    judge([go], WINDOW)


@long_case
def with_the_newest_go():
    judge([newest()], WINDOW)


@case
def found_by_the_runtime():
    """Those that were there when it searched are certain, whatever has come since."""
    with Leaky(build(newest())) as p:
        p.ask("leak")
        wait_until(lambda: p.ask("sent") >= 5, "leaks", step=0.2)
        least = p.counts()
        check_equal(p.ask("detect"), 1, "the search")
        result = run("goroutines", "-q", "-p", p.pid, "--leaks", "--json", 1)
        most = p.counts()
    check_equal(result.status, 1, "status")
    # In a second the pool may still be growing.
    sites = {s["created_by"]["function"]: s for s in objects(result.out)[0]["sites"] if s["is_certain"]}
    check_equal(sorted(sites), ["main.ask", "main.leakSelects"], "who leaks for certain")
    for name, site in sites.items():
        check_equal(site["verdict"], "runtime_confirmed", name)
        check(least[name] <= site["runtime_confirmed"] <= site["goroutines"] <= most[name], f"{least} {site} {most}")


@case
def certain_ones_at_once():
    """Long before the window is over; Ctrl-C ends it with all that is known."""
    with Leaky(build(go)) as p:
        p.ask("nil")
        p.process.stdin.close()
        looking = start([DWELL, "goroutines", "-q", "-p", str(p.pid), "--leaks"], stdout=subprocess.PIPE, text=True)
        begin = time.monotonic()
        said = ""
        while said.count("created by main.main") < 2:
            line = looking.stdout.readline()
            check(line, f"ended with {said}")
            said += line
        check(time.monotonic() - begin < 60, "not at once")
        looking.send_signal(signal.SIGINT)
        said += looking.stdout.read()
        check_equal(looking.wait(30), 1, "status")
    lines = {line_of("go receiveNil()"): "main.receiveNil", line_of("go wait()"): "main.wait"}
    for line, function in lines.items():
        check(f"goleaks.go:{line}\n  function    {function}\n" in said, f"{line}: {said}")
    check_equal(said.count("\n  one of them:\ngoroutine "), 2, f"stacks in {said}")
    check("1 goroutine, watched" not in said, said)
    check(": 2 goroutines forever at 2 sites; what grows shows only after 600.0 s\n" in said, said)
    check_equal([line.split()[0] for line in said.splitlines()[-2:]], ["forever", "forever"], "the rows")


@case
def nothing():
    with Leaky(build(go)) as p:
        p.process.stdin.close()
        result = run("goroutines", "-p", p.pid, "--leaks", 1)
        check_equal(result.status, 0, result.err)
        check(result.out.endswith(": none seems to leak\n"), result.out)
        stopped = start([DWELL, "goroutines", "-p", str(p.pid), "--leaks"], stdout=subprocess.PIPE, text=True)
        wait_until(lambda: caught(stopped.pid), "it looks")
        stopped.send_signal(signal.SIGINT)
        check("; what grows shows only after 600.0 s\n" in stopped.stdout.read(), "it does not say that it was too short")
        check_equal(stopped.wait(30), 3, "status when it was too short")


def caught(pid):
    """Does it catch SIGINT yet?"""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return any(line.startswith("SigCgt:") and int(line.split()[1], 16) & 2 for line in f)


@long_case
def a_longer_look():
    """Longer than the window; what is said is of the last one."""
    with Leaky(build(go)) as p:
        p.ask("leak")
        data = objects(run("goroutines", "-p", p.pid, "--leaks", "--json", "--window", 2, 5).out)[0]
    check_equal([data["window_ns"], data["growth_is_told"]], [2 * SECOND, True], "window")
    check(2 * SECOND <= data["watched_ns"] < 4 * SECOND, f"watched for {data['watched_ns']}")


@case
def one_that_ends():
    with Leaky(build(go)) as p:
        looking = start([DWELL, "goroutines", "-p", str(p.pid), "--leaks", "30"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        wait_until(lambda: caught(looking.pid), "it looks")
        time.sleep(1)
        p.process.kill()
        p.process.wait()
        check_one_line(looking.stderr.read(), "an end", str(p.pid), "has ended", "of 30.0")
        check_equal(looking.wait(30), 3, "status")


@case
def command_line():
    for args, words in ((["--leaks", "--stacks"], ["--leaks", "--stacks"]), (["--leaks", "--watch", 1], ["--leaks", "--watch"]),
                        (["--window", 5], ["--window", "--leaks"]), (["--leaks", "--window", 5, 2], ["DURATION", "--window"]),
                        (["--leaks", "0.5"], ["a second"])):
        result = run("goroutines", "-p", 1, *args)
        check_equal(result.status, 2, f"status of {args}")
        check_one_line(result.err, f"{args}", *words)
    # What can't be looked at must not look like a leak.
    ended = subprocess.Popen(["true"])
    ended.wait()
    result = run("goroutines", "-p", ended.pid, "--leaks", 1)
    check_equal(result.status, 2, "status of no process")
    check_one_line(result.err, "no process", str(ended.pid))


main(needs_tracing=False)
