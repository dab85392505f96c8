#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1200
"""dwell goroutines --scheduler beside runtime/metrics of Go 1.19 to 1.27, and what it says to Go 1.15. One case for each version."""
import os
import sys

from go_scheduler import BUILDS, build, judge, judge_busy
from go_versions import VERSIONS, toolchain
from goroutines import Program
from livetest import case, check_equal, check_one_line, main, run

FIRST = 19


def refused(go):
    """It has no runtime/metrics either, so any program will do."""
    from goroutines import SOURCE  # pylint: disable=import-outside-toplevel
    with Program(go.build("old", [SOURCE], cgo=False)) as p:
        result = run("goroutines", "-p", p.pid, "--scheduler")
        check_equal(result.status, 1, "status")
        check_one_line(result.err, "refusal", str(p.pid), "1.19 to 1.27")


for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        if go.minor < FIRST:
            refused(go)
            return
        for name in BUILDS:
            try:
                judge(go, name)
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}") from None
        judge_busy(go, "stripped")
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
