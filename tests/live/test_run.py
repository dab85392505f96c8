#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""How a run begins and ends: DURATION, Ctrl-C, the command's exit status."""
import os
import signal
import subprocess
import time
from livetest import (MS, WORK, Dwell, Profile, Work, case, check, check_equal, check_laws, check_near, long_case, main,
                      parse_folded, read, run, scratch, wait_until)


@long_case
def durations():
    with Work("asleep") as w:
        for word, ns in (("500ms", 500 * MS), ("1", 1000 * MS), ("2s", 2000 * MS), ("0.5", None)):
            result = run("offcpu", "-p", w.pid, "--json", word)
            if ns is None:
                check(result.status in (0, 2), f"{word}: status {result.status}")
                continue
            # A window is never shorter than asked for; a busy machine may be late in closing it.
            got = result.profile().window_ns
            check(ns <= got <= ns + 200 * MS, f"{word}: window {got}")


@case
def one_minute_is_one_minute():
    """Parsed as a minute: it goes on until the target ends."""
    with Work("sleeper", 50, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--json", "1m") as d:
            d.tracing()
            time.sleep(1.5)
            check(d.process.poll() is None, "1m ended after 1.5 s")
            w.work()
            w.end()
            check_laws(d.wait(10).profile())


@case
def interrupt_writes():
    out = scratch("interrupted.json")
    for number in (signal.SIGINT, signal.SIGTERM):
        with Work("asleep") as w, Dwell("offcpu", "-p", w.pid, "-o", out) as d:
            d.tracing()
            time.sleep(0.3)
            check(not os.path.exists(out), "the file is there before the end")
            os.kill(d.pid, number)
            check_equal(d.wait(10).status, 0, f"status after signal {number}")
        p = Profile(read(out))
        check_laws(p)
        check_equal(len(p.threads), 5, "threads")
        os.unlink(out)


@case
def interrupt_twice_aborts():
    """The first Ctrl-C leaves dwell writing into a pipe that nobody reads; the second one ends it."""
    out = scratch("aborted.svg")
    reader, writer = os.pipe()
    try:
        with Work("threads", 300, 1, 1) as w, \
                Dwell("offcpu", "-p", w.pid, "--json", "-o", out, stdout=writer) as d:
            d.tracing()
            d.interrupt()
            wait_until(lambda: read(f"/proc/{d.pid}/wchan") in ("pipe_write", "anon_pipe_write"),
                       "dwell stuck in its output", 15)
            check(d.process.poll() is None, "it ended with its output unwritten")
            since = time.monotonic()
            d.interrupt()
            result = d.wait(10)
        check(result.status in (1, 130, -signal.SIGINT), f"status {result.status}")
        check(time.monotonic() - since < 5, "the second Ctrl-C did not end it at once")
    finally:
        os.close(reader)
        os.close(writer)
    # What was complete before may be there; never a part, never a temporary file.
    left = [f for f in os.listdir(scratch()) if "aborted" in f]
    check(left in ([], ["aborted.svg"]), f"files: {left}")
    if left:
        check(read(out).rstrip().endswith("</svg>"), "a partial file")


@long_case
def status_of_the_command():
    for script, status in (("exit 0", 0), ("exit 3", 3), ("exit 77", 77), ("kill -9 $$", 137),
                           ("kill -TERM $$", 143)):
        result = run("offcpu", "-f", "--", "/bin/sh", "-c", f"sleep 0.05; {script}")
        check_equal(result.status, status, script)
        check(parse_folded(result.out), f"{script}: rows")


@case
def command_that_cannot_start():
    for command, status in ((["/no/such/program"], 127), (["/etc/passwd"], 126)):
        result = run("offcpu", "-f", "--", *command)
        check(result.status in (1, status), f"{command}: status {result.status}")
        check_equal(result.out, "", f"{command}: output")
        check(command[0] in result.err and "DEFECT" not in result.err, f"{command}: {result.err}")
    check_equal(len(result.err.strip().splitlines()), 1, f"lines of {result.err!r}")


@case
def command_has_our_stdio_and_signals():
    """The command reads stdin, writes stdout, and ignores what a terminal would not ignore."""
    with Dwell("offcpu", "-o", scratch("x.folded"), "--", "/bin/sh", "-c",
               "read word; echo got $word; echo err >&2; grep SigBlk /proc/self/status",
               stdin=subprocess.PIPE) as d:
        d.process.stdin.write(b"hello\n")
        d.process.stdin.close()
        result = d.wait().ok()
    check("got hello" in result.out, result.out)
    check("err" in result.err, result.err)
    check("SigBlk:\t0000000000000000" in result.out, f"signals blocked in the command: {result.out}")


@case
def duration_ends_before_the_command():
    """The window closes; the command is not killed by it."""
    marker = scratch("marker")
    since = time.monotonic()
    result = run("offcpu", "-f", "300ms", "--", "/bin/sh", "-c", f"sleep 1; echo x > {marker}; exit 5")
    took = time.monotonic() - since
    if result.status == 5:
        check(took > 0.9 and os.path.exists(marker), "the command's status, but not its end")
    else:
        check_equal(result.status, 0, "status when the command goes on")
        time.sleep(1.2)
        check(os.path.exists(marker), "the command was killed")
    check(parse_folded(result.out), "rows")
    total = sum(us for _, us in parse_folded(result.out))
    check(total < 900_000, f"{total} us in a window of 300 ms and two processes")


@case
def interrupt_with_a_command():
    """Ctrl-C at a terminal reaches both; the file is written."""
    out = scratch("both.json")
    with Dwell("offcpu", "-o", out, "--", os.path.join(WORK, "sleeper"), 2000, 10, alone=True,
               start_new_session=True) as d:
        d.tracing()
        time.sleep(0.3)
        os.killpg(d.process.pid, signal.SIGINT)
        result = d.wait(10)
    check(result.status in (0, 130), f"status {result.status}")
    p = Profile(read(out))
    check_laws(p)
    check(p.ns(frame="work_sleep") > 200 * MS, "what had happened until then")


@case
def everything_before_the_first_instruction():
    """`--`: the window begins before the command does; its whole life is in it."""
    out = scratch("whole.json")
    with Dwell("offcpu", "-o", out, "--", os.path.join(WORK, "sleeper"), 30, 10, alone=True) as d:
        result = d.wait().ok()
    p = Profile(read(out))
    check_laws(p)
    measured = int([x for x in result.out.splitlines() if x.startswith("sleep")][0].split()[2])
    check_near(p.ns(frame="work_sleep"), measured, "work_sleep")
    check_equal(p.cnt(frame="work_sleep", reason="sleep"), 30, "sleeps")


main()
