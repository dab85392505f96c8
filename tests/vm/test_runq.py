#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Waits for CPUs in the whole system, which is traced in guests only."""
import json
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import SECOND, check, check_equal, check_within

VARIANTS = {"5.10": "compat"}  # task storage came with 5.11
SECONDS = 2
WORK = ["burner 2 60000", "pipes 100000 5000"]  # two threads on one CPU; two that wake each other


def ran(row, kind="task", **which):
    return [r for r in row["ran_instead"]
            if r["kind"] == kind and all(r.get(k) == v for k, v in which.items())]


def check_table(out, by, kernel):
    """What holds for any table of a run. Its rows."""
    p = json.loads(out.text(f"runq-{by}.json"))
    c = p["ledger"]["counters"]
    print(f"      {kernel.release}: {p['probes']}, by {by}: {len(p['rows'])} rows, {c}")
    check_equal(p["probes"], VARIANTS.get(kernel.name, "core"), "variant")
    check_equal(p["ledger"]["imbalance_ns"], 0, "imbalance")
    check_equal((c["lost"], c["ran_lost_ns"], c["task_state_full"]), (0, 0, 0), f"lost: {c}")
    check_within(p["end_ns"], SECONDS * SECOND, (SECONDS + 2) * SECOND, "window")
    check_equal(sum(r["waits"] for r in p["rows"]), c["waits"], "waits")
    check_equal(sum(r["wait_ns"] + r["open_ns"] for r in p["rows"]), c["wait_ns"] + c["open_ns"], "their time")
    all_ran = sum(s["ns"] for r in p["rows"] for s in r["ran_instead"])
    check_equal(all_ran, c["ran_ns"], "those who ran")
    if not c["unpaired"]:
        check_equal(all_ran, c["wait_ns"] + c["open_ns"], "those who ran and the waits")
    check(c["waits"] > 100, f"waits: {c}")
    return p["rows"]


@case
def everything_that_waits_for_a_cpu(kernel):
    out = boot(kernel, "runq.sh", SECONDS, *WORK, work=[work.split()[0] for work in WORK])
    facts = out.facts("facts-burner")
    pid, tids = int(facts["ready"][0][0]), [int(words[-1]) for words in facts["thread"]]
    rows = {r["pid"]: r for r in check_table(out, "process", kernel)}
    check(rows[pid]["wait_ns"] > SECONDS * SECOND / 2, f"two threads on one CPU: {rows[pid]}")
    check_equal(rows[pid]["comm"], "burner", "name")
    check(ran(rows[pid], pid=pid, comm="burner"), f"{pid} is not in {rows[pid]['ran_instead']}")
    rows = {r["tid"]: r for r in check_table(out, "thread", kernel)}
    for tid, other in (tids, tids[::-1]):
        found = ran(rows[tid], tid=other)
        check(found and found[0]["preemptions"], f"{other} took no CPU from {tid}: {rows[tid]['ran_instead']}")
        check(not ran(rows[tid], tid=tid), f"{tid} ran while it waited: {rows[tid]['ran_instead']}")
    rows = check_table(out, "cpu", kernel)
    check(all(r["cpu"] < 2 for r in rows), f"CPUs: {[r['cpu'] for r in rows]}")
    classes = {r["class"] for r in check_table(out, "class", kernel)}
    check("other" in classes and "unknown" not in classes, f"classes: {classes}")


main()
