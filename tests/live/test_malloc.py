#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 2400
"""No memory, at one place after the other: a run ends well, or with a line that says so. No crash, no hang, no torn file.

DWELL_MALLOC_PLACES: how many places of each command, spread over the run; 0: all.
"""
import os
import random
import re
import shutil

from livetest import Work, case, check, check_equal, long_case, main, read_bytes, run, scratch, start
from preload import FailingMalloc, check_whole

SEED = 20261128


def chosen(places, cnt):
    cnt = int(os.environ.get("DWELL_MALLOC_PLACES", cnt))
    if not cnt or cnt >= len(places):
        return places
    picked = set(random.Random(SEED).sample(range(len(places)), cnt))
    return [p for i, p in enumerate(places) if i in picked]


def check_said(result, what):
    """An end that is not a good one has one sentence on what was missing."""
    lines = [line for line in result.err.splitlines() if line.startswith("dwell: ")]
    check(lines, f"{what}: status {result.status} without a word: {result.err!r}")
    check(re.search("memory", lines[-1]), f"{what}: status {result.status}, and no word of memory: {result.err!r}")


class Outcomes:
    """What became of the runs of one command."""

    def __init__(self, name, total):
        self.name, self.total = name, total
        self.cnt = {"went on": 0, "error": 0, "other place": 0}
        self.wrong = []

    def add(self, place, result, hit, judge):
        what = f"{self.name} without memory at {place}"
        try:
            check(result.status in (0, 1, 2), f"{what}: status {result.status}: {result.err[-600:]}")
            if not hit:
                self.cnt["other place"] += 1
                return
            if result.status:
                check_said(result, what)
            judge(result)
            self.cnt["error" if result.status else "went on"] += 1
        except AssertionError as e:
            self.wrong.append(str(e))

    def close(self):
        print(f"      {self.name}: {sum(self.cnt.values())} of {self.total} places: {self.cnt}", flush=True)
        check(not self.wrong, f"{len(self.wrong)} wrong: " + "\n".join(self.wrong[:8]))
        check_equal(self.cnt["error"] > 0, True, "some runs end with an error")


def go_through(name, fm, args, cnt, judge, outputs=(), after=False, **more):
    places = fm.places(*args, **more)
    for path in outputs:
        check(os.path.exists(path), f"{name} wrote no {path}")
    outcomes = Outcomes(name, len(places))
    for place in chosen(places, cnt):
        for path in outputs:
            if os.path.exists(path):
                os.unlink(path)
        try:
            result, hit = fm.fail_at(place, *args, after=after, **more)
        except AssertionError as e:  # it did not end
            outcomes.wrong.append(f"{place}: {e}")
            continue
        outcomes.add(place, result, hit, judge)
    outcomes.close()


def recording():
    path = scratch("recorded.dwell")
    if not os.path.exists(path):
        with Work("pipes", 40, 2000) as w:
            w.go()
            run("record", "-p", w.pid, "-o", path, "500ms").ok()
    return path


def report(cnt, after=False):
    args = ["report", recording(), "-o", scratch("r.json"), "-o", scratch("r.html"), "-o", scratch("r.folded")]
    outputs = [a for a in args if a.startswith(scratch("r."))]
    run(*args).ok()
    expected = {path: read_bytes(path) for path in outputs}

    def judge(result):
        for path in outputs:
            there = check_whole(path)
            if result.status == 0 and "dwell: " not in result.err:
                check(there and read_bytes(path) == expected[path], f"{path} differs, and nothing was said")
    go_through("report", FailingMalloc(), args, cnt, judge, outputs, after)


def trace(command, cnt, *options, after=False, extensions=("json", "folded")):
    outputs = [scratch(f"{command}.{extension}") for extension in extensions]
    into = [word for path in outputs for word in ("-o", path)]
    if "--save" in options:
        outputs.append(options[options.index("--save") + 1])
    with Work("threads", 20, 100000, 5) as w:
        w.go()
        args = [command, "-p", w.pid, *into, *options, "50ms"]

        def judge(result):
            for path in outputs:
                there = check_whole(path)
                check(there or result.status, f"status 0 without {path}")
            check("DEFECT" not in result.err, result.err)
        go_through(command, FailingMalloc(), args, cnt, judge, outputs, after)


@case
def in_a_report():
    report(25)


@case
def in_a_run():
    trace("offcpu", 5)


@long_case
def everywhere_in_a_report():
    report(0)


@long_case
def everywhere_from_then_on_in_a_report():
    report(0, after=True)


@long_case
def at_300_places_of_a_run():
    trace("offcpu", 300, "--save", scratch("offcpu.dwell"))


@long_case
def from_then_on_at_100_places_of_a_run():
    trace("offcpu", 100, "--save", scratch("offcpu.dwell"), after=True)


@long_case
def at_60_places_of_other_commands():
    trace("syscalls", 60, extensions=["json"])
    trace("runq", 60, extensions=["json"])
    trace("locks", 60)


def serve_args(out):
    """The service ends with the process that it watches."""
    child = start(["sleep", "1.5"])
    return ["serve", "-p", child.pid, "--config", "none", "--listen", "127.0.0.1:0", "--out", out, "--every", "1s", "--pprof"]


def judge_served(result, out):
    names = os.listdir(out) if os.path.isdir(out) else []
    check_equal([n for n in names if n.endswith(".tmp")], [], "unfinished files")
    for name in names:
        check(not name.endswith(".folded") or check_whole(os.path.join(out, name)), name)
    check("DEFECT" not in result.err, result.err)


@long_case
def at_100_places_of_the_service():
    out = scratch("served")
    fm = FailingMalloc()
    places = fm.places(*serve_args(out))
    outcomes = Outcomes("serve", len(places))
    for place in chosen(places, 100):
        shutil.rmtree(out, ignore_errors=True)
        try:
            result, hit = fm.fail_at(place, *serve_args(out))
        except AssertionError as e:
            outcomes.wrong.append(f"{place}: {e}")
            continue
        outcomes.add(place, result, hit, lambda result: judge_served(result, out))
    outcomes.close()


main()
