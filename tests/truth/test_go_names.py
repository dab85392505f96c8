#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Names, inlined functions, files and lines of Go code equal those of Go's own runtime: with the Go in PATH.

go_names.py tells how.
"""
import re

from common import case, main
from go_names import judge, table
from golang import Toolchain

toolchain = []


def the_go():
    if not toolchain:
        toolchain.append(Toolchain())
    return toolchain[0]


for name in ("plain", "stripped", "wiped", "cgo"):
    def one(name=name):
        report = judge(the_go(), name)
        print(table([report]))
        report.check()
    one.__name__ = re.sub(r"\W", "_", name)
    case(one)

main(needs_tracing=False)
