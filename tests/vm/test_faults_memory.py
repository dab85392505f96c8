#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 1500
"""Too little memory, for the machine and for dwell itself."""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import check, check_equal, check_laws, check_one_line, parse_folded, read

LIMITS = (8, 32, 128)  # MiB
KILLED = 128 + 9
HIGH = 16  # MiB: less than dwell has


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
    # Before 5.11 maps are on nobody's account, and what is left is less than the limit.
    check(slowed > 0 or kernel.name == "5.10", f"dwell was not slowed down: {moments}")


main()
