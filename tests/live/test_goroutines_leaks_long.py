#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1200
"""dwell goroutines --leaks with Go 1.15 to 1.27: what leaks and what doesn't, of all versions at once."""
import os
import sys

from go_versions import VERSIONS, toolchain
from goleaks import judge
from livetest import case, main


@case
def two_leak_and_five_do_not():
    judge([toolchain(version) for version in VERSIONS], 30)


if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
