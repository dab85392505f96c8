#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""As test_go_threads.py, of Go 1.15 to 1.27, for each way of linking. One case for each version."""
import os
import sys

from go_threads import BUILDS, build, judge_classes, judge_stale, record
from go_versions import VERSIONS, toolchain
from livetest import case, main

for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        for name in BUILDS:
            said, threads = record(build(go, name), 2)
            try:
                judge_classes(threads, said, BUILDS[name][1])
                judge_stale(threads, said)
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}") from None
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main()
