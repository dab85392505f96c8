#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 300
"""Every CPU makes calls as fast as it can, for a minute: each of them is counted."""
import json
import os
from livetest import SECOND, Dwell, Work, case, check, check_equal, check_within, main

SECONDS = 60


@case
def every_cpu_in_getppid():
    cpus = os.cpu_count()
    with Work("spinners", cpus, SECONDS * 1000) as w, Dwell("syscalls", "-p", w.pid, "--json") as d:
        d.tracing()
        w.work(SECONDS + 60)
        data = json.loads(d.finish().out)
    made = sum(int(line[1]) for line in w.facts["made"])
    row = [r for r in data["calls"] if r["call"] == "getppid"][0]
    ledger = data["ledger"]
    print(f"{made} calls by {cpus} threads, {made // SECONDS} a second; ledger {ledger}")
    check_equal(len(w.facts["made"]), cpus, "threads")
    check_equal(row["calls"], made, "calls counted, of the calls made")
    check_equal(sum(ledger["lost"].values()), 0, "lost")
    check_equal(ledger["probe_runs_missed"], 0, "runs of the probes that the kernel left out")
    check_equal(ledger["entered"], ledger["counted"] + ledger["open"], f"{ledger}")
    check(made > 1000 * SECONDS, "that is not fast")
    check_within(row["total_ns"], 1, cpus * (SECONDS + 60) * SECOND, "time in getppid")


main()
