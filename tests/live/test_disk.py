#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""File I/O: fsync waits for the disk and for the file system."""
import os
from livetest import BUILD, MS, Work, case, check, check_near, main, skip, trace


@case
def fsync():
    path = os.path.join(BUILD, "tests", f"synced-{os.getpid()}")
    try:
        with Work("syncer", path, 100) as w:
            p = trace(w)
    finally:
        os.unlink(path)
    measured = w.ns("sync")
    if measured < 5 * MS:
        skip(f"100 fsyncs took {measured} ns: nothing to wait for below {BUILD}")
    reasons = p.reasons(frame="work_sync")
    total = sum(reasons.values())
    main_thread = p.thread(w.pid)
    check_near(total, measured, "time in fsync", 0.01, main_thread["on_cpu_ns"])
    check(reasons.get("disk", 0) + reasons.get("fs", 0) >= 0.9 * total, f"reasons of fsync: {reasons}")
    # A fast disk answers in 100 us, and other programs may have the CPU for longer then.
    check(p.blocked_ns(frame="work_sync") >= 0.1 * total, "it is not all waiting for a CPU")


main()
