#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell selftest: all is well here. That it can fail is seen under Wine (test_windows_live.py), where its process is not traced."""
import re

from livetest import case, check, check_equal, check_one_line, main, run


@case
def all_is_well():
    result = run("selftest").ok()
    rows = [line.split(None, 1) for line in result.out.splitlines()]
    check_equal([r[0] for r in rows], ["ok"] * 6, result.out)
    m = re.match(r"sleeps +([\d.]+) ms in (\d+) waits", rows[0][1])
    check(m and float(m.group(1)) >= 792 and int(m.group(2)) >= 40, rows[0][1])


@case
def only_the_work():
    result = run("selftest", "--work").ok()
    check_equal(result.out + result.err, "", "output")


@case
def mistakes():
    result = run("selftest", "5")
    check_equal(result.status, 2, "status")
    check_one_line(result.err, "operand", "'5' is too much")


main()
