#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Labels of goroutines beside the program's own profile, for all versions of Go; from 1.27 on also beside its traceback."""
import os
import re
import sys

from go_versions import VERSIONS, toolchain
from goroutine_labels import build, judge, settle
from goroutines import Program
from livetest import case, check, check_equal, main, run


def headers(text):
    return {int(m[1]): m[2] for m in re.finditer(r"^goroutine (\d+) \[[^\]]*\](.*):$", text, re.M)}


def judge_text(path):
    """What Go prints behind a goroutine's state, byte by byte; of those with more than dwell reads it shows a part."""
    with Program(path, env=dict(os.environ, GODEBUG="tracebacklabels=1")) as p:
        settle(p)
        its = headers(p.ask("dump"))
        mine = headers(run("goroutines", "-q", "-p", p.pid, "--each").ok().out)
    check_equal(sorted(mine), sorted(its), "goroutines")
    small = [n for n, labels in its.items() if labels.count(": ") <= 32 and len(labels) < 1000]
    check(len([n for n in small if its[n]]) > 20, f"{len(small)} to compare")
    check_equal([(mine[n], its[n]) for n in small if mine[n] != its[n]], [], "labels")


for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        judge(build(go, "-ldflags=-s -w"))
        judge(build(go, "-buildmode=pie"), env={"DWELL_GO_LAYOUT": "inferred"})
        if go.minor >= 27:
            judge_text(build(go))
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
