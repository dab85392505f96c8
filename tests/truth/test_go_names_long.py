#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""Names, inlined functions, files and lines of Go code equal those of Go's own runtime: all forms of its table.

One case for each version. go_names.py tells how it is compared.
"""
import os
import sys

from common import case, check, main, skip
from go_names import BUILDS, judge, table
from go_versions import VERSIONS, toolchain

reports = []


for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        mine = [judge(go, build) for build in BUILDS]
        reports.extend(mine)
        for report in mine:
            report.check()
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)


@case
def together():
    if not reports:
        skip("no toolchain could be fetched")
    print(table(reports))
    total = sum(r.cnt for r in reports)
    print(f"{total} addresses in {len(reports)} programs, {sum(len(r.different) for r in reports)} different")
    check(total > 100000 * len(reports) > 0, f"only {total} addresses in {len(reports)} programs")


if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
