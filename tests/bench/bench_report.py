#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What drawing a large text costs: a million folded lines to an SVG, beside flamegraph.pl and, where it is installed,
inferno-flamegraph in the same run; writes docs/performance-report.md.
"""
import argparse
import datetime
import os
import platform
import random
import shutil
import statistics
import sys
import time

from meters import livetest

DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-report.md")
LINES, DISTINCT = 1_000_000, 100_000
SECONDS, MEGABYTES = 2, 500
FLAMEGRAPH = "usr/share/perl5/Devel/NYTProf/flamegraph.pl"  # below where tests/live/test_readers.py unpacks it

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_report.py: change it there. -->
# What drawing a large text costs

    make bench-report       # a few minutes, writes this page

{lines:,} folded lines, {distinct:,} of them different, {megabytes:.0f} MB, 5 to 40 frames deep, drawn as an SVG, {rounds} rounds in turn: medians of the
time that passed, the least and the most in brackets, and the largest resident memory. The pictures differ in what they leave out: dwell and
the others drop frames that are too narrow to see.

**Targets**

{targets}

| tool | s | resident, MB | picture, MB | beside dwell |
| --- | ---: | ---: | ---: | ---: |
{rows}

- date: {date}
- kernel: {kernel}, {cpus} CPUs
{missing}"""


def make_text(path):
    rnd = random.Random(1)
    stacks = [";".join([f"app{i % 20}"] + [f"frame_{j}_{rnd.randint(0, 1 + j * 3)}" for j in range(rnd.randint(5, 40))])
              for i in range(DISTINCT)]
    with open(path, "w") as f:
        for i in range(LINES):
            f.write(f"{stacks[i % DISTINCT]} {rnd.randint(1, 1000)}\n")


def measure(command, out):
    """(seconds, MB of resident memory, MB of the picture)"""
    with open(out, "wb") as to, open(os.devnull, "wb") as err:
        started = time.monotonic()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, to.fileno(), 1), (os.POSIX_SPAWN_DUP2, err.fileno(), 2)])
        _, status, usage = os.wait4(pid, 0)
        took = time.monotonic() - started
    livetest.check(status == 0, f"{command}: {status}")
    return took, usage.ru_maxrss / 1024, os.path.getsize(out) / 1e6


def tools(text):
    unpacked = os.path.join(livetest.BUILD, "tests", "readers", FLAMEGRAPH)
    perl = shutil.which("flamegraph.pl") or (unpacked if os.path.exists(unpacked) else None)
    inferno = shutil.which("inferno-flamegraph")
    found = {"dwell report": [livetest.DWELL, "report", "-q", "--format", "svg", text]}
    missing = []
    if perl:
        found["flamegraph.pl"] = [shutil.which("perl"), perl, text]
    else:
        missing.append("flamegraph.pl: run `make live` once, or install it")
    if inferno:
        found["inferno-flamegraph"] = [inferno, text]
    else:
        missing.append("inferno-flamegraph: not packaged by this Debian; `cargo install inferno` puts it beside")
    return found, missing


def span(values):
    return f"{statistics.median(values):.2f} [{min(values):.2f}..{max(values):.2f}]"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    text, out = livetest.scratch("million.folded"), livetest.scratch("million.svg")
    make_text(text)
    found, missing = tools(text)
    results = {name: [] for name in found}
    for _ in range(args.rounds):
        for name, command in found.items():
            results[name].append(measure(command, out))
    own = statistics.median(r[0] for r in results["dwell report"])
    rows = []
    for name, runs in results.items():
        seconds, resident, picture = zip(*runs)
        rows.append(f"| {name} | {span(seconds)} | {max(resident):.0f} | {picture[0]:.1f} | "
                    f"{statistics.median(seconds) / own:.1f} x |")
        print(rows[-1], flush=True)
    resident = max(r[1] for r in results["dwell report"])
    targets = [f"- {'pass' if got <= limit else 'FAIL'}: {what}: {got:.2f}, target at most {limit}"
               for what, got, limit in (("seconds", own, SECONDS), ("resident MB", resident, MEGABYTES))]
    print("\n".join(targets))
    with open(DOCUMENT, "w") as f:
        f.write(TEXT.format(lines=LINES, distinct=DISTINCT, megabytes=os.path.getsize(text) / 1e6, rounds=args.rounds,
                            targets="\n".join(targets), rows="\n".join(rows), date=datetime.date.today(),
                            kernel=platform.release(), cpus=os.cpu_count(),
                            missing="".join(f"- not measured: {m}\n" for m in missing)))
    return any("FAIL" in t for t in targets)


sys.exit(main())
