#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A bounded fork bomb: hundreds of children that live for 2 ms keep names, stacks and times."""
from livetest import (MS, WORK, Dwell, case, check, check_equal, check_laws, check_near, facts_of, main,
                      scratch, Profile, read)
import os


def bomb(cnt, parallel, *more, timeout=60):
    out = scratch("forks.json")
    with Dwell("offcpu", "-o", out, "--", os.path.join(WORK, "forks"), cnt, parallel, *more,
               alone=True) as d:
        result = d.wait(timeout).ok()
    p = Profile(read(out))
    check_laws(p)
    return p, facts_of(result.out)


def check_kids(p, cnt):
    kids = [t for t in p.threads if t["comm"].startswith("dwkid")]
    check_equal(len(kids), cnt, "children")
    check_equal({t["comm"] for t in kids}, {f"dwkid{i:04}" for i in range(cnt)}, "their names")
    check(all(t["exited"] for t in kids), "all have exited")
    naps = [s for s in p.stacks if "work_child_nap" in p.names(s) and s["reason"] == "sleep"]
    check_equal(len({s["pid"] for s in naps}), cnt, "children with a nap in work_child_nap")
    unknown = sum(s["blocked_ns"] for s in p.stacks if s["comm"].startswith("dwkid")
                  and s["reason"] == "sleep" and "work_child_nap" not in p.names(s))
    check_equal(unknown, 0, "naps without the function's name")
    check(all(s["blocked_ns"] + s["runnable_ns"] > 1.5 * MS for s in naps), "a nap of less than 2 ms")
    check_equal({p.names(s)[0] for s in naps}, {f"dwkid{i:04}" for i in range(cnt)}, "first frames")


@case
def forks_300():
    p, facts = bomb(300, 8)
    check_kids(p, 300)
    naps = sum(s["blocked_ns"] + s["runnable_ns"] for s in p.stacks if "work_child_nap" in p.names(s))
    check_near(naps, int(facts["naps"][0][1]), "all naps", 0.05)


@case
def execs_200():
    p, _ = bomb(200, 4, "exec")
    check_kids(p, 200)
    check_equal(p.counter("execs") >= 200, True, "counter execs")


main()
