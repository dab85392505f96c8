#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""One process whose waits are known."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import MS, check, check_equal, check_laws, check_within


# A timer already runs while its thread is still on the way off the CPU, which takes long in a guest.
NAP = 0.9


def total_ns(facts, meter):
    """NAME CNT NS MIN MAX. Includes the time on a CPU before and after the wait."""
    return int(facts[meter][0][1])


@case
def sleeps(kernel):
    out = boot(kernel, "pid.sh", "sleeper", 100, 10, work=["sleeper"])
    p = out.profile()
    check_laws(p, schedstats=False)
    check_equal(p.cnt(frame="work_sleep", reason="sleep"), 100, "sleeps")
    check_within(p.blocked_ns(frame="work_sleep", reason="sleep"), NAP * 100 * 10 * MS,
                 total_ns(out.facts(), "sleep"), "blocked in work_sleep")
    stack = max(p.select(frame="work_sleep", reason="sleep"), key=lambda s: s["blocked_ns"])
    names = p.names(stack)
    check_equal(names[:1] + names[names.index("work_sleep") - 1:][:2], ["sleeper", "main", "work_sleep"],
                f"frames of {names}")
    check(any("nanosleep" in name for name in names), f"no nanosleep in {names}")


@case
def pipes(kernel):
    out = boot(kernel, "pid.sh", "pipes", 200, 3000, work=["pipes"])
    p, facts = out.profile(), out.facts()
    check_laws(p, schedstats=False)
    check_within(p.cnt(frame="work_read", reason="pipe"), 200, 402, "reads")
    naps = p.blocked_ns(frame="answer", reason="sleep")
    check(naps >= NAP * 200 * 3 * MS, f"the answerer's sleep: {naps}")
    asked = sum(stack["blocked_ns"] + stack["runnable_ns"] for stack in p.select(frame="work_read")
                if "ask" in p.names(stack))  # not what it waits at the gates
    check_within(asked, NAP * 200 * 3 * MS, total_ns(facts, "asked"), "the asker's wait")
    waiting = [t for t in p.threads if t["comm"] == "pipe-ask"]
    check(waiting and all(t["exited"] for t in p.threads), f"threads {p.threads}")


main()
