#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell report reads pprof files: its own as they were written, and those of Go's runtime as `go tool pprof` reads them."""
import gzip
import os
import re
import subprocess

from checking import record
from golang import Toolchain
from livetest import (ROOT, case, check, check_equal, check_near, check_one_line, main, parse_folded, run, scratch)
from pprof_readers import go_pprof

WORK = os.path.join(ROOT, "tests", "live", "work", "profiles.go")
_profiles = []


def profiles():
    """The folder with what Go's runtime wrote, made once."""
    if not _profiles:
        program = Toolchain().build("profiles", [WORK])
        folder = scratch("profiles")
        os.makedirs(folder)
        subprocess.run([program, folder], check=True, timeout=60)
        _profiles.append(folder)
    return _profiles[0]


def folded(*args):
    return sorted(parse_folded(run("report", "-f", "-q", *args).ok().out))


def go_cum(path, unit):
    """{function: time or count in it and what it called} of go tool pprof."""
    text = go_pprof("-top", "-nodecount=1000000", "-nodefraction=0", "-edgefraction=0", f"-unit={unit}", path)
    lines = text.partition("flat%   sum%        cum   cum%\n")[2].splitlines()
    found = {}
    for line in lines:
        fields = line.split(None, 5)
        found[fields[5].replace(" (inline)", "").replace(" (partial-inline)", "")] = float(re.match(r"[\d.]+", fields[3])[0])
    return found


def cum(rows):
    found = {}
    for frames, us in rows:
        for name in set(frames[1:]):
            found[name] = found.get(name, 0) + us
    return found


@case
def ours_comes_back():
    path = record("convoy.dwell", "convoy", 4, 100, 2)
    for view in ([], ["--per-thread"], ["--split"], ["-d"], ["--reason", "lock"]):
        packed = scratch("x.pb.gz")
        run("report", "-q", "-o", packed, *view, path).ok()
        check_equal(folded(packed), folded(*view, path), f"pprof and back, {view}")
    run("report", "-q", "-o", packed, path).ok()
    check_equal(folded("--reason", "lock", packed), folded("--reason", "lock", path), "--reason of a pprof file")
    check_equal(folded("--by", "thread", packed), folded("--by", "thread", path), "--by of a pprof file")
    check_equal(folded("--comm", "convoy-1", packed), folded("--comm", "convoy-1", path), "--comm of a pprof file")


@case
def profiles_of_go():
    for name in ("block", "mutex"):
        path = os.path.join(profiles(), f"{name}.pb.gz")
        rows = folded(path)
        check_equal({r[0][0] for r in rows}, {"profiles"}, f"{name}: what stacks begin with")
        mine, go = cum(rows), go_cum(path, "us")
        check(go and any("holdLock" in n for n in go), f"{name}: {go}")
        for function, us in go.items():
            check(abs(mine.get(function, 0) - us) <= len(rows) + 1, f"{name}: {function}: {mine.get(function)} us, go says {us}")
    # A CPU profile has no waits, but a picture of it is one.
    path = os.path.join(profiles(), "cpu.pb.gz")
    mine, go = cum(folded(path)), go_cum(path, "us")
    check_near(mine["main.compute"], go["main.compute"], "main.compute", 0.001, 10)


@case
def packed_text_too():
    path = scratch("text.folded.gz")
    with gzip.open(path, "wt") as f:
        f.write("a;b 5\na;c 7\n")
    check_equal(folded(path), [(["a", "b"], 5), (["a", "c"], 7)], "folded text in gzip")
    rows = run("report", "-f", "-q", "-", stdin=open(path, "rb")).ok().out
    check_equal(rows, "a;b 5\na;c 7\n", "from standard input")


@case
def mistakes_are_answered():
    path = os.path.join(profiles(), "block.pb.gz")
    with open(path, "rb") as f:
        whole = f.read()
    cut, wrong = scratch("cut.pb.gz"), scratch("wrong.pb.gz")
    with open(cut, "wb") as f:
        f.write(whole[:len(whole) // 2])
    with gzip.open(wrong, "wb") as f:
        f.write(b"\x01\x02\x03 no profile")
    difference = scratch("difference.pb.gz")
    with open(difference, "wb") as f:
        f.write(go_pprof_bytes("-proto", "-output=/dev/stdout", "-base", os.path.join(profiles(), "mutex.pb.gz"), path))
    for args, words in (([cut], ["cut off"]), ([wrong], ["no pprof file"]), ([difference], ["dwell diff"]),
                        (["--reason", "lock", path], ["reason"]), (["--wakers", path], ["--wakers", "recording"]),
                        (["-p", "1", path], ["threads"])):
        r = run("report", *args)
        check(r.status != 0, f"{args}: {r.out[:200]}")
        check_one_line(r.err, f"{args}", *words)


def go_pprof_bytes(*args):
    go = Toolchain()
    return subprocess.run([go.command, "tool", "pprof", *args], env=go.env, capture_output=True, timeout=120, check=True).stdout


main()
