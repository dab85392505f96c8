#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 300
"""The fork bomb, larger and with small rings."""
import os
from livetest import WORK, Dwell, Profile, case, check, check_equal, check_laws, main, read, scratch


def bomb(cnt, parallel, *options):
    out = scratch("forks.json")
    with Dwell("offcpu", "-o", out, *options, "--", os.path.join(WORK, "forks"), cnt, parallel,
               alone=True) as d:
        d.wait(120).ok()
    p = Profile(read(out))
    check_laws(p, small_rings="--ring-size" in options)
    return p


def check_kids(p, cnt):
    kids = [t for t in p.threads if t["comm"].startswith("dwkid")]
    check_equal(len(kids), cnt, "children")
    check_equal(len({t["comm"] for t in kids}), cnt, "their names")
    naps = [s for s in p.stacks if s["comm"].startswith("dwkid") and s["reason"] == "sleep"]
    check_equal(len({s["pid"] for s in naps}), cnt, "children with a nap")
    return naps


@case
def forks_2000():
    p = bomb(2000, 20)
    for s in check_kids(p, 2000):
        check("work_child_nap" in p.names(s), f"a nap without the function's name: {p.names(s)}")


@case
def forks_2000_in_small_rings():
    """All times and threads; fork records get lost, with a counter, and with them names of functions."""
    check_kids(bomb(2000, 20, "--ring-size", "4096"), 2000)


main()
