#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A command with its children, from its first instruction to its last."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import MS, check, check_equal, check_laws, check_within


@case
def children_and_status(kernel):
    out = boot(kernel, "command.sh", 7, "sh", "-c", "child 8 30; exit 7", work=["child"])
    p, facts = out.profile(), out.facts()
    check_laws(p, schedstats=False)
    pid = int(facts["ready"][0][0])
    for way in ("wait4", "waitid", "vfork"):
        waited = p.reasons(frame=f"work_{way}", pid=pid).get("child", 0)
        check_within(waited, 8 * 25 * MS, int(facts[way][0][1]), f"{way}, waited for a child")
    naps = p.select(frame="work_in_child", reason="sleep")
    check_equal(len({s["pid"] for s in naps}), 24, "children that slept")
    check_equal({t["comm"] for t in p.threads}, {"sh", "child"}, "names")
    check(all(t["exited"] for t in p.threads), "a thread that has not exited")


@case
def only_its_status(kernel):
    out = boot(kernel, "command.sh", 0, "sleep", "0.3")
    p = out.profile()
    check_laws(p, schedstats=False)
    check_equal(len(p.threads), 1, "threads")
    # The timer already runs while the thread is on its way off the CPU.
    check_within(p.reasons()["sleep"], 280 * MS, p.window_ns, "sleep")


main()
