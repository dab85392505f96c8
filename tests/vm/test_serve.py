#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The continuous mode over a whole system, which is traced in guests only."""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main, metric
from livetest import check, check_equal, check_within, parse_folded, read

SECONDS = 7
SLEEPERS = 20


@case
def everything_for_some_windows(kernel):
    out = boot(kernel, "serve.sh", SECONDS, work=["threads", "pipes"], seconds=420)
    files = sorted(glob.glob(os.path.join(out.path("folded"), "*.folded")), key=lambda p: p.replace("Z.", "Z_000."))
    check_within(len(files), 4, 40, "folded files")
    check_equal(len(glob.glob(os.path.join(out.path("folded"), "*.pb.gz"))), len(files), "pprof files")
    whole = 0
    for path in files:
        rows = parse_folded(read(path))
        # Two that never wake have the window's whole length; 20 nap, but for what it takes to do so.
        idle = sum(us for frames, us in rows if "work_never" in frames)
        nap = sum(us for frames, us in rows if "work_nap" in frames)
        whole += 2 * 1e6 <= idle <= 2 * 6e6
        check_within(nap, 0.7 * SLEEPERS * idle / 2, SLEEPERS * idle / 2, f"{path}: those that nap")
    check(whole >= 4, f"{whole} windows are about as long as they should be")
    said = out.text("ledger")
    check("DEFECT" not in said and "nothing lost" in said, said)
    metrics = out.text("metrics")
    check(metric(metrics, "dwell_block_duration_seconds_count", 'reason="sleep"') > 100, "sleeps")
    check(metric(metrics, "dwell_block_duration_seconds_count", 'reason="pipe"') > 100, "pipes")
    check(metric(metrics, "dwell_threads_blocked") > SLEEPERS, "threads that are blocked now")
    check(metric(metrics, "dwell_syscalls_total", 'syscall="read"') > 100, "system calls")
    wakeups = re.findall(r"^dwell_wakeups_total.*", metrics, re.M)
    check(metric(metrics, "dwell_wakeups_total", 'waker="timer"') > 100, f"wake-ups by timers: {wakeups}")
    check_equal(metric(metrics, "dwell_lost_seconds_total"), 0, "lost time")
    caps = re.search(r"^CapBnd:\s*(\S+)", out.text("status"), re.M)[1]
    check_equal(int(caps, 16), 0, "the bounding set")
    print(f"      {kernel.release}: {len(files)} windows, {out.result.seconds:.1f} s; {said.splitlines()[-2]}")


main()
