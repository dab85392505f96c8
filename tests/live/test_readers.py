#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Readers that we did not write read our folded output: flamegraph.pl, and an importer from npm."""
import json
import os
import re
import shutil
import subprocess
from livetest import (BUILD, Dwell, Work, case, check, check_equal, main, parse_folded, read, scratch,
                      skip)

READERS = os.path.join(BUILD, "tests", "readers")


def folded(*options):
    """Of a workload with names of all sorts, kernel and user frames."""
    path = scratch("in.folded")
    with Work("mixture", 400) as w:
        with Dwell("offcpu", "-p", w.pid, "-o", path, "-d", *options) as d:
            d.tracing()
            w.work()
            d.finish().ok()
    rows = parse_folded(read(path))
    check(len(rows) > 10, "rows")
    return path, rows


def quietly(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def flamegraph_pl():
    """Brendan Gregg's script, as it is in the package libdevel-nytprof-perl; unpacked, not installed."""
    found = shutil.which("flamegraph.pl")
    if found:
        return found
    path = os.path.join(READERS, "usr/share/perl5/Devel/NYTProf/flamegraph.pl")
    if os.path.exists(path):
        return path
    os.makedirs(READERS, exist_ok=True)
    if not shutil.which("apt-get") or quietly(["apt-get", "download", "libdevel-nytprof-perl"],
                                              cwd=READERS).returncode:
        skip("no flamegraph.pl here, and apt-get can't fetch libdevel-nytprof-perl, which has it")
    package = [f for f in os.listdir(READERS) if f.endswith(".deb")][0]
    check_equal(quietly(["dpkg-deb", "-x", package, "."], cwd=READERS).returncode, 0, "dpkg-deb -x")
    return path


@case
def brendan_greggs_flamegraph():
    script = flamegraph_pl()
    path, rows = folded()
    drawn = quietly(["perl", script, "--countname", "us", "--minwidth", "0", "--hash", path])
    check_equal((drawn.returncode, drawn.stderr), (0, ""), "flamegraph.pl: status and complaints")
    total = sum(us for _, us in rows)
    # <title>all (1,234,567 us, 100%)</title>
    titles = dict(re.findall(r"<title>(.*?) \(([\d,]+) us", drawn.stdout))
    check_equal(int(titles["all"].replace(",", "")), total, "total that flamegraph.pl adds up")
    by_process = {}
    for frames, us in rows:
        by_process[frames[0]] = by_process.get(frames[0], 0) + us
    for comm, us in by_process.items():
        check_equal(int(titles[comm].replace(",", "")), us, f"{comm} in flamegraph.pl's picture")


@case
def brendan_greggs_flamegraph_of_wakers():
    """Its palette for chains of wake-ups tells by the "--" who waited and who woke; with --kinds we mark it ourselves."""
    script = flamegraph_pl()
    for kinds, palette in (([], "chain"), (["--kinds"], "java")):
        path, rows = folded("--wakers", *kinds)
        drawn = quietly(["perl", script, "--countname", "us", "--minwidth", "0", "--colors", palette, path])
        check_equal((drawn.returncode, drawn.stderr), (0, ""), "flamegraph.pl: status and complaints")
        boxes = re.findall(r'<title>(.*?) \(([\d,]+) us.*?fill="rgb\((\d+),(\d+),(\d+)\)"', drawn.stdout, re.S)
        total = {name: int(us.replace(",", "")) for name, us, *_ in boxes}["all"]
        check_equal(total, sum(us for _, us in rows), "total that flamegraph.pl adds up")
        if '"chain"' not in read(script):
            continue  # too old to know either; it draws what it is given nevertheless
        check(not any("_[" in name for name, *_ in boxes), f"{palette}: marks that it should have hidden")
        if palette == "chain":
            aqua, blue = ({name for name, _, r, g, _ in boxes if (r == g) == same} for same in (False, True))
            check("[timer]" in aqua and "try_to_wake_up" in aqua, f"frames of wakers: {sorted(aqua)[:10]}")
            check("work_sleep" in blue and "[timer]" not in blue, f"other frames: {sorted(blue)[:10]}")


@case
def stackvis_from_npm():
    """It reads stacks and writes them again: the same rows come out. And it draws them."""
    if not shutil.which("npm") or not shutil.which("node"):
        skip("no npm")
    place = os.path.join(READERS, "npm")
    program = os.path.join(place, "node_modules", "stackvis", "cmd", "stackvis")
    os.makedirs(place, exist_ok=True)
    if not os.path.exists(program):
        done = quietly(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", place,
                        "stackvis@0.5.0"])
        if done.returncode:
            skip(f"npm can't install stackvis: {done.stderr.strip().splitlines()[-1:]}")
    path, rows = folded()
    done = quietly(["node", program, "collapsed", "collapsed"], input=read(path))
    check_equal(done.returncode, 0, f"stackvis: {done.stderr[-500:]}")
    check_equal(sorted(parse_folded(done.stdout)), sorted(rows), "what stackvis has read")
    done = quietly(["node", program, "collapsed", "flamegraph-svg"], input=read(path))
    check_equal(done.returncode, 0, f"stackvis: {done.stderr[-500:]}")
    for name in ("work_sleep", "work_touch", "mix-ping"):
        check(name in done.stdout, f"{name} in the picture of stackvis")


main()
