#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""-m -M -u -k --state --reason --no-idle drop intervals, and the ledger says how much."""
from livetest import (MS, Work, case, check, check_equal, check_laws, check_near, long_case, main, parse_folded, run,
                      trace)


def lengths(*options):
    with Work("lengths") as w:
        p = trace(w, *options, laws=False)
    check_laws(p, filtered=True)
    got = {n: p.cnt(frame=f"work_{n}", reason="sleep") for n in ("short", "middle", "long")}
    return p, w, got


@case
def all_lengths():
    p, w, got = lengths()
    check_equal(got, {"short": 60, "middle": 12, "long": 3}, "sleeps")
    check_equal(p.ledger["filtered_ns"], 0, "filtered")
    for name in got:
        check_near(p.ns(frame=f"work_{name}"), w.ns(name), name, 0.03)


@case
def min_us():
    p, w, got = lengths("-m", "10000")
    check_equal(got, {"short": 0, "middle": 12, "long": 3}, "sleeps")
    check_near(p.ledger["filtered_ns"], w.ns("short"), "filtered", 0.05, 3 * MS)
    check(p.ledger["filtered_intervals"] >= 60, "filtered intervals")


@case
def max_us():
    p, w, got = lengths("-M", "10000")
    check_equal(got, {"short": 60, "middle": 0, "long": 0}, "sleeps")
    check(p.ledger["filtered_ns"] >= w.ns("middle") + w.ns("long") - 2 * MS, "filtered")


@long_case
def between():
    p, w, got = lengths("-m", "10000", "-M", "100000")
    check_equal(got, {"short": 0, "middle": 12, "long": 0}, "sleeps")
    check(p.ledger["filtered_ns"] >= w.ns("short") + w.ns("long") - 3 * MS, "filtered")


@long_case
def user_and_kernel_threads():
    """A process of ours has user threads only: -u changes nothing, -k drops all."""
    p, _, got = lengths("-u")
    check_equal(got, {"short": 60, "middle": 12, "long": 3}, "sleeps with -u")
    check_equal(p.ledger["filtered_ns"], 0, "filtered with -u")
    p, w, got = lengths("-k")
    check_equal(got, {"short": 0, "middle": 0, "long": 0}, "sleeps with -k")
    check_equal(p.stacks, [], "stacks with -k")
    check(p.ledger["filtered_ns"] >= sum(w.ns(n) for n in got) - 5 * MS, "filtered with -k")
    check(p.err.strip(), "an empty result needs a line that says why")


@case
def reasons():
    with Work("mutex", 20, 10) as w:
        p = trace(w, "--reason", "sleep", laws=False)
    check_laws(p, filtered=True)
    check_equal(set(p.reasons()), {"sleep"}, "reasons")
    check_near(p.ns(), w.ns("held-a") + w.ns("held-b"), "sleep")
    check(p.totals["hidden_ns"] > 0, "hidden_ns")
    with Work("mutex", 20, 10) as w:
        p = trace(w, "--reason", "lock,sleep", laws=False)
    check_equal(set(p.reasons()), {"sleep", "lock"}, "two reasons")


@case
def no_idle():
    with Work("mutex", 20, 10) as w:
        p = trace(w, "--no-idle", laws=False)
    check_laws(p, filtered=True)
    check_equal(set(p.reasons()) & {"poll", "sleep", "child", "signal"}, set(), "idle reasons")
    check(p.ns(reason="lock") > 0, "locks stay")


@long_case
def state_bits():
    """1 interruptible, 2 uninterruptible: waits for a child against the wait for a vforked one."""
    for mask, frames in ((1, {"work_wait4", "work_waitid"}), (2, {"work_vfork"})):
        with Work("child", 5, 20) as w:
            p = trace(w, "--state", mask, laws=False)
        check_laws(p, filtered=True)
        seen = {f for f in ("work_wait4", "work_waitid", "work_vfork") if p.blocked_ns(frame=f) > 50 * MS}
        check_equal(seen, frames, f"--state {mask}")


@case
def state_0_is_runnable():
    with Work("burner", 2, 100) as w:
        p = trace(w, "--state", 0, laws=False)
    check_laws(p, filtered=True)
    check_equal(set(p.reasons()), {"preempted"}, "reasons")
    check(p.ns(frame="work_burn") > 50 * MS, "time in work_burn")
    check_equal(p.totals["blocked_ns"], 0, "blocked")


@case
def filters_and_folded():
    with Work("asleep") as w:
        rows = parse_folded(run("offcpu", "-p", w.pid, "-f", "--reason", "lock", "500ms").ok().out)
    check_equal(len(rows), 1, "rows")
    check("work_asleep_futex" in rows[0][0], f"{rows}")


main()
