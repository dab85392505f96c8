#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A disk on which each write takes a third of a second, and that becomes read-only while dwell writes to it."""
import glob
import os
import shutil
import sys

sys.dont_write_bytecode = True
import guest
from vmtest import boot, case, main, metric
from livetest import check, check_equal, check_laws, parse_folded, read, skip

DELAY_MS = 300
TOOLS = ["mkfs.ext4", "dmsetup"]


@case
def slow_then_read_only(kernel):
    if kernel.arch != guest.host_arch():
        skip("the tools that make the disk are this machine's")
    if not all(map(shutil.which, TOOLS)):
        skip("no dmsetup or no mkfs.ext4: run scripts/deps vm")
    out = boot(kernel, "fault_disk.sh", DELAY_MS, work=["threads", "pipes"], tools=TOOLS,
               modules=["brd", "dm_delay"], seconds=300)
    words = out.text("moments").split()
    fsync_s = float(words[2]) - float(words[1])
    check(fsync_s > DELAY_MS / 1000, f"the disk is not slow: an fsync took {fsync_s} s")
    p = out.profile()
    check_laws(p, schedstats=False)
    check_equal((p.ledger["imbalance_ns"], p.lost_cnt()), (0, 0), "imbalance and lost")
    check_equal(out.text("reported.json"), out.text("profile.json"), "the recording and the profile")
    said = out.text("serve.said")
    slow, ro = out.text("slow.metrics"), out.text("ro.metrics")
    check_equal(metric(slow, "dwell_output_failing"), 0, "failing on a slow disk")
    check(metric(ro, "dwell_output_failing") >= 1 and metric(ro, "dwell_output_failures_total") >= 1, "it is not said that writing fails")
    for text in (slow, ro):
        check_equal(metric(text, "dwell_lost_seconds_total"), 0, "lost time")
    check("DEFECT" not in said and "nothing lost" in said, said)
    check("Read-only file system" in said and "works again" in said, said)
    check_equal(out.text("unfinished"), "", "unfinished files")
    files = glob.glob(os.path.join(out.path("folded"), "*.folded"))
    for path in files:
        check(parse_folded(read(path)), f"{path} is empty")
    print(f"      {kernel.release}: an fsync takes {fsync_s:.2f} s; {p.ledger['observed_intervals']} intervals, lost 0; serve: "
          f"{len(files)} windows, spilled {metric(slow, 'dwell_spilled_seconds_total'):.3f} s, not written while read-only "
          f"{metric(ro, 'dwell_output_failures_total'):.0f}", flush=True)


main()
