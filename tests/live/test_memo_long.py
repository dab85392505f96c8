#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1500
"""Ten million hits of remembered walks, each walked again."""
import test_memo
from livetest import case, cases, main

HITS = 10_000_000

cases.clear()


@case
def ten_million():
    """In several runs: a profile holds so many stacks only."""
    hits = 0
    while hits < HITS:
        hits += test_memo.check_memo(200000, 500000, 3)
        print(f"{hits} hits so far", flush=True)


main()
