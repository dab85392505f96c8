#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The whole system, which is traced in guests only."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import SECOND, check, check_equal, check_laws, check_near, check_within

# What the others take is too new for it: the fourth argument of sched_switch, atomics with a result, bpf_loop().
VARIANTS = {"5.10": "bounded"}
SECONDS = 3
THREADS_MIN = 40  # of a guest with two CPUs: what the kernel has, and ours
SLEEPERS = 20

# None starts or ends threads while the window ends.
WORK = [f"threads {SLEEPERS} 100000 50", "pipes 100000 5000", "mutex 100000 20", "burner 2 60000"]


@case
def everything_that_waits(kernel):
    out = boot(kernel, "system.sh", SECONDS, *WORK, work=[work.split()[0] for work in WORK])
    p = out.profile()
    print(f"      {kernel.release}: {p.data['notes']['probes']}, {len(p.threads)} threads, "
          f"{p.totals['intervals']} intervals, {out.result.seconds:.1f} s")
    check_equal(p.data["notes"]["kernel"], kernel.release, "kernel")
    check_equal(p.data["notes"]["probes"], VARIANTS.get(kernel.name, "core"), "variant")
    check_laws(p, schedstats=False)
    check_equal(p.ledger["imbalance_ns"], 0, "imbalance")
    check_equal(p.lost_cnt(), 0, "lost intervals")
    check_within(p.window_ns, SECONDS * SECOND, (SECONDS + 2) * SECOND, "window")
    check(len(p.threads) >= THREADS_MIN, f"{len(p.threads)} threads")
    check_work(p, out)
    check_kernel(p)


def check_work(p, out):
    """All threads of the workloads, waiting for what they were made for."""
    for work, reason in (("threads", "sleep"), ("pipes", "pipe"), ("mutex", "lock"), ("burner", "preempted")):
        facts = out.facts(f"facts-{work}")
        pid = int(facts["ready"][0][0])
        named = {int(words[-1]) for key in ("thread", "busy", "idle") for words in facts.get(key, [])}
        seen = {t["tid"] for t in p.threads if t["pid"] == pid}
        check(named | {pid} <= seen, f"{work} {pid}: threads {named}, seen {seen}")
        reasons = p.reasons(pid=pid)
        check(reasons.get(reason), f"{work}: nobody waited for {reason}: {reasons}")
    check_equal(len([t for t in p.threads if t["comm"].startswith("dwthr")]), SLEEPERS, "sleepers")


def check_kernel(p):
    """Threads of the kernel, most of which sleep through the window, and the first process, which does so."""
    check(any(t["kthread"] for t in p.threads), "no kernel thread")
    asleep = {s["tid"] for s in p.select(is_open=True) if s["blocked_ns"] == p.window_ns}
    check(len(asleep) >= 10, f"only {len(asleep)} threads slept through the window")
    first = p.thread(1)
    check(not first["kthread"], f"the first process: {first}")
    check_near(first["end_ns"] - first["begin_ns"], p.window_ns, "its life", 0.0001)


main()
