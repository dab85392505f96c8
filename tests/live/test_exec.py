#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A process becomes another program in mid-run, from its first thread and from another one."""
import os
import shutil
from livetest import (WORK, Work, case, check, check_equal, check_ledger, check_near, check_sums, facts_of,
                      main, read, run, scratch, trace)


def both_halves(p, w):
    check_near(p.ns(frame="work_before"), w.ns("before"), "before the exec")
    check_near(p.ns(frame="work_after"), w.ns("after"), "after the exec")
    check_equal(p.cnt(frame="work_before", reason="sleep"), 30, "sleeps before")
    check_equal(p.cnt(frame="work_after", reason="sleep"), 30, "sleeps after")
    check_equal({s["pid"] for s in p.stacks}, {w.pid}, "pids")


@case
def by_the_leader():
    with Work("reexec", "leader", 30, 10) as w:
        p = trace(w)
    both_halves(p, w)
    check_equal({p.names(s)[0] for s in p.select(frame="work_before")}, {"reexec"}, "name before")
    # The kernel names a program after the file: /proc/self/exe.
    check_equal({p.names(s)[0] for s in p.select(frame="work_after")}, {"exe"}, "name after")


@case
def by_another_thread():
    """The thread becomes the leader: its tid changes to the process's."""
    with Work("reexec", "thread", 30, 10) as w:
        p = trace(w, laws=False)
        # The old leader ends, the thread goes on under its tid: two lives with one number.
        check_ledger(p)
        check_sums(p)
    both_halves(p, w)
    before = int(w.facts["tid-before"][0][0])
    check(before != w.pid, "the workload's thread is not its leader")
    check_equal(int(w.facts["tid-after"][0][0]), w.pid, "tid after")
    check_equal({s["tid"] for s in p.select(frame="work_after")}, {w.pid}, "tid of work_after")


@case
def another_file_at_the_same_addresses():
    """The new image's names are those of the new file."""
    first, second = scratch("first"), scratch("second")
    shutil.copy(os.path.join(WORK, "sleeper"), first)
    shutil.copy(os.path.join(WORK, "lengths"), second)
    said = scratch("said")
    p = run("offcpu", "--json", "--", "/bin/sh", "-c", f"({first} 20 10; exec {second}) > {said}",
            alone=True).profile()
    facts = facts_of(read(said))
    check_near(p.ns(frame="work_sleep"), int(facts["sleep"][0][1]), "work_sleep")
    check_near(p.ns(frame="work_middle"), int(facts["middle"][0][1]), "work_middle")
    for s in p.select(frame="work_sleep"):
        check_equal(p.names(s)[0], "first", "name")
    for s in p.select(frame="work_middle"):
        check_equal(p.names(s)[0], "second", "name")


main()
