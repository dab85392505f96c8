#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 300
"""The fork bomb, larger and with small rings."""
import os
from livetest import WORK, Dwell, Profile, case, check_equal, check_laws, main, read, scratch


def bomb(cnt, parallel, *options):
    out = scratch("forks.json")
    with Dwell("offcpu", "-o", out, *options, "--", os.path.join(WORK, "forks"), cnt, parallel,
               alone=True) as d:
        d.wait(120).ok()
    p = Profile(read(out))
    check_laws(p)
    return p


def check_kids(p, cnt):
    kids = [t for t in p.threads if t["comm"].startswith("dwkid")]
    check_equal(len(kids), cnt, "children")
    check_equal(len({t["comm"] for t in kids}), cnt, "their names")
    naps = [s for s in p.stacks if "work_child_nap" in p.names(s) and s["reason"] == "sleep"]
    check_equal(len({s["pid"] for s in naps}), cnt, "children with a nap in work_child_nap")


@case
def forks_2000():
    check_kids(bomb(2000, 20), 2000)


@case
def forks_2000_in_small_rings():
    check_kids(bomb(2000, 20, "--ring-size", "4096"), 2000)


main()
