#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""dwell serve under attack while it traces: what it traces must not notice."""
import glob
import select

import attack
from livetest import SECOND, US, Work, case, check, check_equal, check_near, main, parse_folded, read, scratch
from serving import Serve, check_laws, settled


@case
def capture_is_untouched():
    """Every wait of a workload that sleeps all the while is there, with the time that it measured itself."""
    out = scratch("out")
    with Work("sleeper", 30000, 2) as w:
        with Serve("-p", w.pid, "--out", out, "--every", "10s") as d:
            t = attack.Target(d.address, d.pid, "/metrics", "/folded?seconds=1")
            w.go()
            wrong = attack.attack(t)
            check(not wrong, "; ".join(wrong))
            check(b"done" not in w.rest and not select.select([w.process.stdout], [], [], 0)[0],
                  "the workload was done before the attacks: let it sleep more often")
            w.done(200)
            w.tids_asleep()
            s = settled(d)
            check_laws(s)
            check_equal(s.value("dwell_block_duration_seconds_count", reason="sleep"), 30000, "sleeps")
            for name in ("lost", "spilled", "filtered"):
                check_equal(s.sum(f"dwell_{name}_seconds_total"), 0, f"time that was {name}")
            result = d.finish().ok()
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    rows = [row for path in glob.glob(f"{out}/*.folded") for row in parse_folded(read(path))]
    in_files = sum(us for frames, us in rows if "work_sleep" in frames) * US
    counted = s.value("dwell_block_duration_seconds_sum", reason="sleep") + s.sum("dwell_runqueue_wait_seconds_sum")
    check_near(in_files, int(counted * SECOND), "all files together", 0.001)
    # It measures also what the call takes on a CPU.
    check_near(in_files, w.ns("sleep"), "and what it measured", 0, 30 * US * 30000)


main()
