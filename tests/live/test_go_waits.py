#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell offcpu on Go programs: the waits of goroutines, beside what the program measures itself."""
import json
import os
import shutil

import pprof_readers
from go_waits import Program, build, rates, waits
from golang import Toolchain
from livetest import Profile, case, check, check_equal, check_ledger, children_of, long_case, main, run, scratch

path = build(Toolchain())
WINDOW = 5


def trace(pid, *options, seconds=WINDOW):
    return Profile(run("offcpu", "--json", "-p", pid, *options, str(seconds)).out)


def total_ns(p, frame):
    return p.ns(frame=frame)


@case
def as_the_program_says():
    """Shares of time, and how often: 500 looks leave an error of 2 % of what holds a good part of the time."""
    with Program(path) as program:
        before = program.account()
        p = trace(program.pid)
        after = program.account()
    check_ledger(p)
    for function, (share, often) in rates(before, after).items():
        its_share, its_often = waits(p, function)
        check(abs(its_share - share) <= 0.1 * share, f"{function}: waits {its_share:.3f} of the time, by itself {share:.3f}")
        # Up to 1.25 the runtime's number counts system calls, too, which a reader makes; and waits for the lock share a goroutine with sleeps.
        if function in ("main.sleeper", "main.receiver"):
            check(abs(its_often - often) <= 0.1 * often, f"{function}: {its_often:.1f} waits/s, by itself {often:.1f}")


@case
def all_of_the_time():
    """One that never runs waits for the whole window; one that has run before it and sleeps again and again, too."""
    with Program(path) as program:
        p = trace(program.pid, seconds=2)
    check_ledger(p)
    for function in ("main.forever", "main.holder"):
        ns = total_ns(p, function)
        check(abs(ns - p.window_ns) <= 0.01 * p.window_ns, f"{function}: {ns} ns of {p.window_ns}")
    forever = p.select(frame="main.forever")
    check_equal([(s["intervals"], s["open"], s["blocking_reason"], s["scheduler"]) for s in forever],
                [(1, True, "forever", "goroutine")], "the goroutine that never runs")
    check_equal(p.names(forever[0])[-1], "[select (no cases)]", "its innermost frame")


@long_case
def a_recording_says_the_same():
    recording = scratch("go.dwell")
    with Program(path) as program:
        live = run("offcpu", "-f", "--created-by", "--save", recording, "-p", program.pid, "2").out
    check("created by main.main;" in live, f"nobody was created by main.main: {live[:2000]}")
    check_equal(run("report", "-f", recording).out, live, "the folded stacks of the recording")


@case
def without():
    with Program(path) as program:
        p = trace(program.pid, "--go-hz", "0", seconds=1)
    check_ledger(p)
    check_equal(p.select(frame="main.forever"), [], "goroutines that wait")
    check(p.threads and not any(t.get("goroutine") for t in p.threads), "threads only")


@long_case
def short_ones_left_out():
    with Program(path) as program:
        p = trace(program.pid, "-m", 500000, seconds=2)
    check_ledger(p)
    check_equal(len(p.select(frame="main.forever")), 1, "the one that never runs")
    check_equal(p.select(frame="main.sleeper"), [], "waits of 7 ms")
    check(p.ledger["filtered_ns"] > 0, "nothing was filtered")


@long_case
def for_pprof():
    file = scratch("go.pb.gz")
    with Program(path) as program:
        run("offcpu", "-q", "-o", file, "-p", program.pid, "1")
    tags = pprof_readers.go_pprof("-tags", file)
    for tag in ("scheduler: Total", "goroutine", "blocking_reason: Total", "forever", "goid"):
        check(tag in tags, f"no {tag} in the tags: {tags}")


@case
def labels_of_the_program():
    """What a library for tracing has set, of the goroutine and the one that it has started."""
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    ids = {"trace_id": trace_id, "span_id": "00f067aa0ba902b7", "reason": "its own"}
    recording, profile, lines, waits_lines = (scratch("labels" + e) for e in (".dwell", ".pb.gz", ".ndjson", ".waits.ndjson"))
    with Program(path) as program:
        live = trace(program.pid, "--save", recording, "-o", profile, "-o", lines, "-o", waits_lines, seconds=1)
    for p in (live, run("report", "--json", recording).profile()):
        for function in ("main.query", "main.request"):
            check_equal([s.get("labels") for s in p.select(frame=function)], [ids], f"labels of {function}")
        check_equal({str(s.get("labels")) for s in p.select(frame="main.forever")}, {"None"}, "labels of one that has none")
    focused = pprof_readers.go_pprof("-traces", f"-tagfocus=trace_id={trace_id}", profile)
    check("main.query" in focused and "main.request" in focused and "main.forever" not in focused, focused)
    check("reason_label" in pprof_readers.go_pprof("-tags", profile), "a label with a name of ours")
    for file in (lines, waits_lines):
        with open(file, encoding="utf-8") as f:
            found = [json.loads(line) for line in f if "main.query" in line]
        check_equal([row["labels"] for row in found], [ids], f"labels in {file}")
    with Program(path) as program:
        p = trace(program.pid, "--no-go-labels", seconds=1)
    check_equal([s.get("labels") for s in p.select(frame="main.query")], [None], "labels that are not wanted")


@case
def in_a_container():
    """Another pid and mount namespace, another root: no path of it leads to the program from here."""
    root = scratch("root")
    os.makedirs(root, exist_ok=True)
    shutil.copy(path, os.path.join(root, "app"))
    with Program(["unshare", "--pid", "--mount", "--fork", "--kill-child", "chroot", root, "/app"]) as program:
        pid = children_of(program.pid)[0]
        p = trace(pid, seconds=1)
        table = run("goroutines", "-p", pid, "--stacks").ok().out
    check_ledger(p)
    check_equal(len(p.select(frame="main.forever")), 1, "the goroutine that never runs")
    check("main.forever" in table, table)


@long_case
def programs_that_come_and_go():
    """Two at once, and one after them; each ends when its input does."""
    one = "sleep %s | " + path
    d = run("offcpu", "--json", "--", "sh", "-c", f"{one % 2} & {one % 1} & wait; {one % 1}")
    p = Profile(d.out[d.out.index("{"):])
    check_ledger(p)
    pids = {s["pid"] for s in p.select(frame="main.sleeper") if s.get("scheduler") == "goroutine"}
    check_equal(len(pids), 3, "processes with goroutines that sleep")


if __name__ == "__main__":
    main()
