#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell check: equal runs pass, what waits longer fails, and what can't be told is neither."""
import re
import time

from checking import judge, record
from livetest import (Dwell, Work, case, check, check_equal, check_near, check_one_line, long_case, main, read, run,
                      scratch)

made = {}


def convoy(ms, name):
    """Four threads that hold a lock for @ms milliseconds in turn."""
    if name not in made:
        made[name] = record(f"{name}.dwell", "convoy", 4, 400, ms)
    return made[name]


@long_case
def equal_runs_pass():
    base = convoy(2, "base")
    status, said = judge(base, base, "--max-p99-increase", "0%", "--max-total-increase", "0%")
    check_equal((status, said["verdict"], said["p99"]["change_percent"]), (0, "ok", 0), "the same one")
    check(said["p99"]["low_percent"] < 0 < said["p99"]["high_percent"], f"the interval: {said}")
    status, said = judge(base, convoy(2, "again"), "--max-p99-increase", "30%", "--max-total-increase", "30%")
    check_equal((status, said["verdict"]), (0, "ok"), f"two runs: {said}")


@case
def longer_waits_fail():
    base, slow = convoy(2, "base"), convoy(6, "slow")
    status, said = judge(base, slow, "--reason", "lock")
    check_equal((status, said["verdict"], said["p99"]["regression"]), (1, "regression", True), f"{said}")
    check(said["p99"]["low_percent"] > 10, f"{said}")
    text = run("check", base, slow, "--reason", "lock")
    check_equal(text.status, 1, "status")
    check(re.search(r"^99th percentile .*REGRESSION$", text.out, re.M) and text.out.splitlines()[-1].startswith("regression: "),
          text.out)
    # The other way round it is better: that is none.
    check_equal(judge(slow, base, "--reason", "lock")[0], 0, "what became shorter")
    # A limit that is wide enough.
    check_equal(judge(base, slow, "--reason", "lock", "--max-p99-increase", "1000")[0], 0, "a wide limit")


@case
def numbers_are_those_of_the_report():
    """Total: the time in the report, per second of its window; only what is asked for counts."""
    base = convoy(2, "base")
    said = judge(base, base, "--no-idle")[1]
    p = run("report", "--json", "-q", "--no-idle", base).profile().data
    total = sum(p["totals"][k] for k in ("blocked_ns", "runnable_ns")) * 1e9 / p["window_ns"]
    check_near(said["total"]["base_ns"], total, "time waited per second", 0.001)
    some = judge(base, base, "--stack", "^work_hold$", "--comm", "convoy-1")[1]
    check_equal(some["base_waits"], 400, "waits of one thread in work_hold")


@long_case
def too_little_is_said():
    base = convoy(2, "base")
    r = run("check", base, base, "--stack", "no such function")
    check_equal(r.status, 3, "nothing matches")
    check(re.fullmatch(r"too little data: \S+base.dwell: 0 waits that ended, below --min-samples 1000: record for longer\n", r.out),
          r.out)
    r = run("check", base, base, "--min-samples", 10 ** 6)
    check(r.status == 3 and "--min-samples 1000000" in r.out, f"{r.status} {r.out}")
    # Many waits in one moment of a long run are one observation.
    path = scratch("burst.dwell")
    with Work("pipes", 3000, 0) as w:
        with Dwell("record", "-p", w.pid, "-o", path, "-q") as d:
            d.tracing()
            w.work()
            time.sleep(4)
            d.finish().ok()
    r = run("check", path, path)
    check(r.status == 3 and "slices of time" in r.out, f"{r.status} {r.out}")


@case
def quiet_says_only_what_is_wrong():
    base = convoy(2, "base")
    r = run("check", "-q", base, base)
    check_equal((r.status, r.out, r.err), (0, "", ""), "all is well")
    r = run("check", "-q", base, convoy(6, "slow"), "--reason", "lock")
    check(r.status == 1 and "REGRESSION" in r.out, f"{r.status} {r.out}")


@case
def mistakes_are_no_regressions():
    base = convoy(2, "base")
    text = scratch("plain.folded")
    with open(text, "w") as f:
        f.write("a;b 1\n")
    cut = scratch("cut.dwell")
    with open(base, "rb") as f, open(cut, "wb") as to:
        to.write(f.read()[:3000])
    for args, words in (([base], ["two recordings"]), ([base, scratch("none.dwell")], ["none.dwell"]),
                        ([base, text], ["text", "dwell record"]), ([base, base, "--stack", "("], ["--stack"]),
                        ([base, base, "--max-p99-increase", "ten"], ["percentage"]),
                        ([base, base, "--slices", "3"], ["--slices"]), ([base, base, "--reason", "x"], ["reason"])):
        r = run("check", *args)
        check_equal(r.status, 2, f"status of {args}: {r.err}")
        check_one_line(r.err, f"{args}", *words)
    r = run("check", base, cut)
    check(r.status in (2, 3), f"a recording that was cut off: {r.status} {r.out} {r.err}")
    check(read(base), "the recording")


main()
