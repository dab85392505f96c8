#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What names cost: the first frame of a large program, and 100,000 different frames after it; writes
docs/performance-symbols.md. Beside dwell the tools of binutils and elfutils are asked for the same addresses in the same run.
"""
import argparse
import datetime
import os
import platform
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys

from meters import livetest

TOOL = os.path.join(livetest.BUILD, "tests", "bench", "dump_names")
DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-symbols.md")
FRAMES = 100_000
PEER_FRAMES = 10_000  # they take long
FIRST_MS, FRAMES_MS, PEAK_SHARE = 1000, 100, 1.5
# From this size on the targets for large programs hold.
LARGE = 90_000_000

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_symbols.py: change it there. -->
# What names cost

A frame gets its name when the run ends: the first one of a file loads the file's symbols, each later one is looked up.

    make bench-symbols      # a few minutes, writes this page

*First* is the CPU time from nothing to the first name, *peak* the most memory that the process held by then and after, as a
share of the file; *{frames:,} frames* is the CPU time for as many different addresses of the file's code after that, with the tables
loaded and without debug information. Medians of {rounds} rounds, the least and the most in brackets. The other tools are given
{peer_frames:,} of the same addresses, and what they take is reckoned for {frames:,} (their start is measured apart and taken off).

**Targets**

{targets}

| file | MB | symbols | first, ms | peak, MB | share | {frames:,} frames, ms | addr2line, ms | eu-addr2line, ms |
| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

- date: {date}
- kernel: {kernel}, {cpus} CPUs
- node is of NodeSource or Debian, whichever is installed; chromium, python3 and libc are Debian's.
"""


def candidates():
    found = [shutil.which("node"), "/usr/lib/chromium/chromium", "/usr/bin/python3.11",
             "/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"]
    return [os.path.realpath(f) for f in found if f and os.path.exists(f)]


def sections(path):
    """name -> (address, bytes)"""
    out = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
    return {m[1]: (int(m[2], 16), int(m[3], 16))
            for m in re.finditer(r"\[ *\d+\]\s+(\S+)\s+\S+\s+([0-9a-f]+)\s+\w+\s+([0-9a-f]+)", out)}


def addresses(path, count):
    start, size = sections(path)[".text"]
    return random.Random(1).sample(range(start, start + size), min(count, size))


def cpu_of(command, text):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=text, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ours(path, text):
    """first ms, later ms, peak MB"""
    said = subprocess.run([TOOL, "-n", "-t", path], input=text, text=True, capture_output=True, check=True).stderr
    return [float(re.search(rf"^{word}.*?: ([\d.]+)", said, re.M)[1]) for word in ("first", "other", "peak")]


def peer(command, path, text):
    """ms for FRAMES addresses, None where the tool is missing"""
    if not shutil.which(command[0]):
        return None
    lines = text.splitlines()
    one = cpu_of([*command, path], lines[0] + "\n")
    many = cpu_of([*command, path], "\n".join(lines[:PEER_FRAMES]) + "\n")
    return max(many - one, 0) * FRAMES / PEER_FRAMES


def span(values):
    return f"{statistics.median(values):,.1f} [{min(values):,.1f}..{max(values):,.1f}]"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    livetest.check(os.path.exists(TOOL), f"no {TOOL}: run `make bench-symbols`")
    rows, targets = [], []
    for path in candidates():
        size = os.path.getsize(path)
        text = "".join(f"{a:x}\n" for a in addresses(path, FRAMES + 1))
        first, later, peak = zip(*(ours(path, text) for _ in range(args.rounds)))
        peers = [peer(command, path, text) for command in (["addr2line", "-fe"], ["eu-addr2line", "-fe"])]
        known = ".symtab" if ".symtab" in sections(path) else ".dynsym"
        share = statistics.median(peak) * 1e6 / size
        rows.append(f"| {os.path.basename(path)} | {size / 1e6:.1f} | {known} | {span(first)} | {statistics.median(peak):.1f} | "
                    f"{share:.2f} | {span(later)} | " +
                    " | ".join("-" if p is None else f"{p:,.0f}" for p in peers) + " |")
        checks = [("100,000 frames", statistics.median(later), FRAMES_MS, "ms")]
        if size >= LARGE:
            checks += [("first frame", statistics.median(first), FIRST_MS, "ms"), ("peak", share, PEAK_SHARE, "x the file")]
        for what, got, limit, unit in checks:
            verdict = "pass" if got <= limit else "FAIL"
            targets.append(f"- {verdict}: {os.path.basename(path)}, {what}: {got:.2f} {unit}, target at most {limit:g}")
        print(rows[-1], flush=True)
    print("\n".join(targets))
    with open(DOCUMENT, "w") as f:
        f.write(TEXT.format(frames=FRAMES, peer_frames=PEER_FRAMES, rounds=args.rounds, targets="\n".join(targets),
                            rows="\n".join(rows), date=datetime.date.today(), kernel=platform.release(), cpus=os.cpu_count()))
    return any("FAIL" in t for t in targets)


sys.exit(main())
