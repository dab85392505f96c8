#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""How many of dwell's user stacks are gdb's, of some programs of corpus.py, as JSON: for kernels that tests/vm/ boots.

    tests/truth/shares.py PROGRAM...

Standard error has every stack that isn't, with both lists of frames.
"""
import collections
import json
import sys

sys.dont_write_bytecode = True
from corpus import PROGRAMS
from judge import judge_program

SECONDS = 60  # that a slow machine may take for a program
WANT = 16  # distinct stacks


def classes(report):
    """How many stacks differ in which way first."""
    found = collections.Counter(next(v.class_ for v in s.verdicts if v.class_) for s in report.judged if not s.is_equal)
    return dict(found.most_common())


def figures(report):
    return {"judged": len(report.judged), "equal": len(report.equal), "seen": report.seen, "seen_equal": report.seen_equal,
            "frames": report.frames, "equal_frames": report.equal_frames, "snapshots": report.snapshots,
            "classes": classes(report)}


def main():
    known = {p.name: p for p in PROGRAMS}
    found = {}
    out, sys.stdout = sys.stdout, sys.stderr
    for name in sys.argv[1:]:
        report = judge_program(known[name](), WANT, SECONDS, least=2, beside=False)
        report.explain()
        found[name] = figures(report)
    json.dump(found, out)


main()
