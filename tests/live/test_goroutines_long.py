#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""dwell goroutines beside the tracebacks of Go 1.15 to 1.27, for each way of linking, with and without the table of versions. One
case for each version."""
import os
import sys

from go_versions import VERSIONS, toolchain
from goroutines import BUILDS, build, check_layouts, judge
from livetest import case, main

for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        for name in BUILDS:
            path = build(go, name)
            try:
                judge(path)
                judge(path, locks=False, env={"DWELL_GO_LAYOUT": "inferred"})
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}") from None
        check_layouts(build(go, "plain"), version)
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
