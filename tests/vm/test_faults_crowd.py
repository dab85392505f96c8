#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 1800
"""A machine with 100,000 threads, traced as a whole."""
import re
import sys

sys.dont_write_bytecode = True
import guest
from vmtest import boot, case, main
from livetest import Profile, check, check_equal, check_laws, check_ledger, skip

CROWD = 100_000
NAP_MS, CROWD_S = 60_000, 75  # a guest takes a while for so many


@case
def a_crowd(kernel):
    if kernel.arch != guest.host_arch():
        skip("takes too long where another architecture is emulated")
    out = boot(kernel, "fault_crowd.sh", CROWD, NAP_MS, CROWD_S, work=["crowd"], seconds=1500, memory_mb=6144)
    p = out.profile()
    pid = int(out.facts()["ready"][0][0])
    seen = [t for t in p.threads if t["pid"] == pid]
    print(f"      {kernel.release}: {len(seen)} of {CROWD + 1} threads, {p.ledger['observed_intervals']} intervals, spilled "
          f"{p.ledger['spilled_intervals']}, lost {p.lost_cnt()}, imbalance {p.ledger['imbalance_ns']} ns, dwell itself "
          f"{int(p.data['notes']['memory_own_bytes']) >> 20} MiB; {' '.join(out.text('moments').split())}", flush=True)
    check_equal((p.ledger["imbalance_ns"], p.lost_cnt()), (0, 0), "imbalance and lost")
    check_too_many(kernel, Profile(out.text("table.json")), out.text("table.said"))
    if p.data["notes"]["probes"] != "core":
        check_too_many(kernel, p, out.text("ledger"))
        return
    check_laws(p, schedstats=False)
    check_equal(len(seen), CROWD + 1, "threads")
    asleep = {s["tid"] for s in p.select(frame="work_crowd", pid=pid)}
    check_equal(len(asleep), CROWD, "threads with a stack through work_crowd")


def check_too_many(kernel, p, said):
    """More than the table of threads holds: as many as it holds are right, and the others are counted."""
    full = p.counter("task_state_full")
    print(f"      {kernel.release}: {p.data['notes']['probes']}: {len(p.threads)} threads, task_state_full {full}, lost {p.lost_cnt()}, "
          f"imbalance {p.ledger['imbalance_ns']} ns", flush=True)
    check(full > 0 and re.search(r"^task_state_full: ", said, re.M), f"threads are missing and nothing says so: {said}")
    check_ledger(p)
    check(len(p.threads) > 30_000, f"{len(p.threads)} threads")


main()
