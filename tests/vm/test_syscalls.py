#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""System calls, counted: beside strace, and of the whole system."""
import json
import re
import shutil
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import check, check_equal

SPUN = 100000


def checked(text):
    data = json.loads(text)
    ledger = data["ledger"]
    check_equal(sum(ledger["lost"].values()), 0, f"lost in {ledger}")
    check_equal(ledger["probe_runs_missed"], 0, "runs of the probes that the kernel left out")
    check_equal(ledger["counted"] + ledger["filtered"] + ledger["open"], ledger["entered"], f"{ledger}")
    return data


def strace_counts(text):
    found = {}
    for line in text.splitlines():
        m = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(\d+)?\s+(\w+)$", line)
        if m and m.group(3) != "total":
            # What rt_sigreturn gives back is no error of its own.
            found[m.group(3)] = (int(m.group(1)), int(m.group(2) or 0) if m.group(3) != "rt_sigreturn" else 0)
    return found


@case
def counts(kernel):
    judge = ["strace"] if shutil.which("strace") else []
    out = boot(kernel, "syscalls.sh", SPUN, work=["calls"], tools=judge)
    mix = checked(out.text("mix.json"))
    got = {r["call"]: (r["calls"], r["failed"]) for r in mix["calls"]
           if r["call"] not in ("exit", "exit_group", "syscall_9999")}
    if judge:
        check_equal(got, strace_counts(out.text("strace")), "calls and errors")
    check_equal((got["getppid"], got["getpgid"]), ((200, 0), (50, 50)), "the program's own count")
    system = checked(out.text("system.json"))
    spun = [r for r in system["calls"] if r["of"].startswith("calls (pid ") and r["call"] == "getppid"]
    check_equal([r["calls"] for r in spun], [SPUN], f"getppid, of {len(system['calls'])} rows")
    check(any(r["open"] for r in system["calls"]), "nothing is open in a whole system")


main()
