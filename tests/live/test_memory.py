#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a run takes for a host with 300 processes and 400 modules: maps, rings, tables and dwell itself."""
import glob
import os
import re
import time

from livetest import Dwell, Profile, Work, case, check, check_equal, main, skip, wait_until

PROCESSES, EACH, MODULES = 300, 30, 400
LIMIT = 60 * 10**6  # at 16 CPUs
PER_CPU = 192 * 1024  # and for each further one
CPUS = 16
RING = 1 << 20  # the default for up to 16 CPUs


def code_files():
    """Shared libraries of this machine, no two of one inode."""
    found = {}
    for path in sorted(glob.glob("/usr/lib/x86_64-linux-gnu/**/*.so*", recursive=True)):
        if os.path.isfile(path) and os.path.getsize(path) < 4 << 20:
            found.setdefault(os.stat(path).st_ino, path)
    return list(found.values())


def own_maps(pid):
    """(bytes of maps, bytes of them that there are once for each CPU) by the kernel's account of a process."""
    total = per_cpu = 0
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}") as f:
                text = f.read()
        except OSError:
            continue
        kind, locked = re.search(r"^map_type:\s+(\d+)", text, re.M), re.search(r"^memlock:\s+(\d+)", text, re.M)
        if kind and locked:
            total += int(locked[1])
            per_cpu += int(locked[1]) if kind[1] == "6" else 0
    return total, per_cpu


def own_memory(pid):
    """Resident bytes of a process but for what it has mapped of maps and rings."""
    total, counts = 0, True
    with open(f"/proc/{pid}/smaps") as f:
        for line in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                counts = "anon_inode:" not in line
            elif line.startswith("Rss:") and counts:
                total += int(line.split()[1]) * 1024
    return total


@case
def a_full_host():
    files = code_files()
    if len(files) < MODULES:
        skip(f"only {len(files)} shared libraries here, {MODULES} are wanted")
    with Work("mapper", PROCESSES, EACH, *files[:MODULES]) as w:
        wait_until(lambda: len(w.facts.get("process", [])) >= PROCESSES or hear_more(w), "all processes")
        pids = [p[0] for p in w.facts["process"]]
        with Dwell("offcpu", "--unwind", "cfi", "--json", "-p", ",".join(pids)) as d:
            d.tracing()
            time.sleep(1)
            maps, per_cpu = own_maps(d.pid)
            own = own_memory(d.pid)
            result = d.finish()
    p = Profile(result.ok().out)
    notes = {k: int(v) for k, v in p.data["notes"].items() if k.startswith(("memory", "unwind_"))}
    cpus = os.cpu_count()
    at_16 = (notes["memory_kernel_bytes"] + notes["memory_own_bytes"] +
             (CPUS - cpus) * (RING + per_cpu // cpus))
    print(f"{notes}; {at_16 / 1e6:.1f} MB at {CPUS} CPUs; per further CPU {per_cpu // cpus + (64 << 10)} bytes")
    check(notes["unwind_tables"] >= MODULES * 0.9, f"tables of {notes['unwind_tables']} modules")
    check_equal(notes["unwind_processes"], PROCESSES, "processes")
    check(abs(notes["memory_kernel_bytes"] - maps) < 1 << 20, f"{notes} and the kernel's own account: {maps}")
    # What is mapped of the rings, twice 1 MiB for each CPU and more, is not counted again.
    check(abs(notes["memory_own_bytes"] - own) < 3 << 20, f"{notes} and resident memory of its own: {own}")
    check(at_16 <= LIMIT, f"{at_16} bytes at {CPUS} CPUs, {LIMIT} are the limit")
    # Beyond 16 CPUs all rings together keep their size, down to 64 KiB each.
    check(per_cpu / cpus + (64 << 10) <= PER_CPU, f"{per_cpu / cpus} bytes of maps for each CPU")
    check_equal(p.counter("unwind_table_full"), 0, "stacks without tables")


def hear_more(w):
    """Reads on until another process has said its name."""
    w.hear_line()
    return len(w.facts.get("process", [])) >= PROCESSES


main()
