#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Go programs: their functions by name and kind, stripped as well, with what was inlined; the same from a recording."""
import json
import os

from golang import Toolchain
from livetest import ROOT, Dwell, Work, case, check, check_equal, main, run, scratch

WORK = os.path.join(ROOT, "tests", "live", "work")
ROUNDS = 100
STRIPPED = "-ldflags=-s -w"

# Innermost first, in the stack of the goroutine; what is between are functions of Go's own packages.
IN_READ = [("main.readByte", "inlined"), ("main.waitForByte", "go"), ("main.(*asker).ask", "go"), ("main.main", "go"),
           ("runtime.main", "go"), ("runtime.goexit", "go")]
IN_SLEEP = [("main.nap", "inlined"), ("main.sleepALittle", "go"), ("main.(*asker).ask", "go"), ("main.main", "go"),
            ("runtime.main", "go"), ("runtime.goexit", "go")]


def build(name, *flags, cgo=False):
    files = ["blocked.go"] + ["cgo_wait.go"] * cgo
    return Toolchain().build(name, [os.path.join(WORK, f) for f in files], *flags, cgo=cgo)


def trace(path, *options):
    with Work("blocked", ROUNDS, path=path) as w:
        with Dwell("offcpu", "--json", *options, "-p", w.pid) as d:
            d.tracing()
            w.work()
            return d.finish().profile()


def user_frames(p, stack):
    """[(name, kind)] of the program's own code, innermost first."""
    frames = [(p.frames[f]["name"], p.frames[f]["kind"]) for f in stack["frames"]]
    return [f for f in reversed(frames) if f[1] not in ("kernel", "process", "delimiter")]


def intervals_with(p, expected):
    """In how many intervals the user stack has these frames, in this order, and ends with them."""
    cnt = 0
    for s in p.stacks:
        wanted = {f for f, _ in expected}
        cnt += s["intervals"] * ([f for f in user_frames(p, s) if f[0] in wanted] == expected)
    return cnt


def check_stacks(p, what):
    for name, expected in (("the read", IN_READ), ("the sleep", IN_SLEEP)):
        cnt = intervals_with(p, expected)
        check(cnt >= 0.9 * ROUNDS, f"{what}: {name} has its frames in {cnt} of {ROUNDS} intervals: " +
              str([user_frames(p, s) for s in p.select(frame=expected[1][0])][:2]))


@case
def stripped():
    check_stacks(trace(build("stripped", STRIPPED)), "stripped")


@case
def not_stripped():
    check_stacks(trace(build("plain")), "plain")


@case
def position_independent():
    check_stacks(trace(build("pie", STRIPPED, "-buildmode=pie")), "pie")


@case
def linked_with_c():
    p = trace(build("cgo", cgo=True))
    check_stacks(p, "cgo")
    kinds = {kind for s in p.select(frame="wait_in_c") for name, kind in user_frames(p, s) if name == "wait_in_c"}
    check_equal(kinds, {"native"}, "kinds of the function of C")


@case
def from_a_recording():
    """Without the program's file, and on a machine that doesn't have it."""
    path, saved = build("recorded", STRIPPED), scratch("go.dwell")
    live = trace(path, "--save", saved)
    os.remove(path)
    again = run("report", "--json", saved).profile()
    check_stacks(again, "recorded")

    def stacks(p):
        return sorted((json.dumps(user_frames(p, s)), s["blocked_ns"]) for s in p.stacks)
    check_equal(stacks(again), stacks(live), "stacks of the recording")


main()
