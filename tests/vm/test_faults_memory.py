#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Too little memory, for the machine and for dwell itself; and 100,000 threads."""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
import guest
from vmtest import boot, case, main
from livetest import Profile, check, check_equal, check_laws, check_ledger, check_one_line, parse_folded, read, skip

LIMITS = (8, 32, 128)  # MiB
KILLED = 128 + 9
HIGH = 16  # MiB: less than dwell has
CROWD = 100_000
NAP_MS, CROWD_S = 60_000, 75


@case
def killed_for_memory(kernel):
    out = boot(kernel, "fault_oom.sh", *LIMITS, work=["threads", "pipes", "bpf_left"], seconds=420, memory_mb=1024)
    lines = [line.split() for line in out.text("ends").splitlines()]
    killed = {words[1]: int(words[2]) for words in lines if words[0] == "killed"}
    check_equal(killed, {"offcpu": KILLED, "serve": KILLED}, "how they ended")
    check_equal([words[1] for words in lines if words[0] == "left"], ["0"], "files left behind by offcpu")
    # Those of the one that was killed and of the one that was started after it.
    names = os.listdir(out.path("folded"))
    check_equal([n for n in names if n.endswith(".tmp")], [], "unfinished files after the next start")
    rows = [parse_folded(read(path)) for path in glob.glob(os.path.join(out.path("folded"), "*.folded"))]
    check(len(rows) >= 4 and all(rows), f"{len(rows)} windows")
    said = out.text("second.said")
    check("DEFECT" not in said and "nothing lost" in said, said)
    ends = {}
    for words in lines:
        if words[0] == "limit":
            mb, status, said_lines, files = int(words[1]), int(words[2]), int(words[3]), words[4:]
            ends[mb] = status
            check(status in (0, 1, KILLED), f"with {mb} MiB: status {status}")
            check_equal(files, ["limited.folded"] if not status else [], f"with {mb} MiB, status {status}: files")
            if status == 1:
                check_one_line(out.text(f"limited-{mb}"), f"with {mb} MiB ({said_lines} lines)", "memory")
    print(f"      {kernel.release}: killed while tracing: {killed}; with a limit of MiB: {ends}; nothing left in the kernel",
          flush=True)
    check_equal(ends[LIMITS[-1]], 0, f"with {LIMITS[-1]} MiB")


@case
def pressure(kernel):
    out = boot(kernel, "fault_pressure.sh", 24, HIGH, work=["threads", "pipes"], seconds=420, memory_mb=384)
    moments = out.text("moments")
    for name in ("full", "slowed"):
        p = out.profile(f"{name}.json")
        check_laws(p, schedstats=False)
        check_equal((p.ledger["imbalance_ns"], p.lost_cnt()), (0, 0), f"{name}: imbalance and lost")
        print(f"      {kernel.release}: {name}: {p.ledger['observed_intervals']} intervals, spilled "
              f"{p.ledger['spilled_intervals']}, lost 0; {' '.join(moments.split())}", flush=True)
    left = [int(n) for n in re.findall(r"^available (\d+)", moments, re.M)]
    check(left and min(left) < 40, f"memory was not short: {moments}")
    slowed = int(re.search(r"^high (\d+)", moments, re.M)[1])
    check(slowed > 0, f"dwell was not slowed down: {moments}")


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
    check_too_many(kernel, Profile(out.text("compat.json")), out.text("compat.said"))
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
