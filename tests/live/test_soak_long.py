#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 100000
"""Very many intervals through one dwell serve: its memory and the kernel's for its maps stay as they are.

SOAK_INTERVALS=1e9 goes on until so many were seen; without it a soak takes SOAK_SECONDS (240). `make soak` runs it alone.
"""
import os
import re
import shutil
import time

from livetest import Work, case, check, check_equal, main, read, scratch
from serving import Serve

EVERY_S = 5
WARM_S = 20  # tables of names, threads, HTTP: all that there is once
GROWS = 3 << 20  # bytes, whatever the number of intervals: what the allocator may keep


def intervals_wanted():
    return int(float(os.environ.get("SOAK_INTERVALS", "0")))


def seconds_wanted():
    return float(os.environ.get("SOAK_SECONDS", "240"))


def rss(pid):
    return int(re.search(r"^VmRSS:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)[1]) * 1024


def maps(pid):
    """Bytes of BPF maps by the kernel's own account (memlock in fdinfo)."""
    total = 0
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            text = read(f"/proc/{pid}/fdinfo/{fd}")
        except OSError:
            continue
        locked = re.search(r"^memlock:\s+(\d+)", text, re.M)
        if locked and "map_type" in text:
            total += int(locked[1])
    return total


class Sample:
    def __init__(self, d):
        self.s = d.scrape()
        self.intervals = int(self.s.sum("dwell_block_duration_seconds_count"))
        self.rss, self.maps, self.fds = rss(d.pid), maps(d.pid), len(os.listdir(f"/proc/{d.pid}/fd"))

    def __str__(self):
        return (f"{self.intervals / 1e6:.1f} M intervals: resident {self.rss / 2**20:.2f} MiB, maps {self.maps / 2**20:.2f} MiB, "
                f"{self.fds} files")


def fold_away(out):
    """Files are not what is looked at: only some stay."""
    for name in sorted(n for n in os.listdir(out) if n.endswith(".folded"))[:-20]:
        os.unlink(os.path.join(out, name))


@case
def memory_is_flat():
    out, wanted = scratch("soak"), intervals_wanted()
    end = time.monotonic() + WARM_S + (10**9 if wanted else seconds_wanted())
    works = [Work("switcher", cpu) for cpu in sorted(os.sched_getaffinity(0))[:2]]
    try:
        with Serve("-p", ",".join(str(w.pid) for w in works), "--out", out, "--every", f"{EVERY_S}s") as d:
            for w in works:
                w.go()
            time.sleep(WARM_S)
            first, since = Sample(d), time.monotonic()
            print(f"      after {WARM_S} s: {first}", flush=True)
            highest = last = first
            while time.monotonic() < end and not (wanted and last.intervals >= wanted):
                time.sleep(EVERY_S)
                last = Sample(d)
                fold_away(out)
                if last.rss > highest.rss:
                    highest = last
                if int(time.monotonic() - since) % 600 < EVERY_S:
                    print(f"      {last}", flush=True)
            took = time.monotonic() - since
            for w in works:
                w.process.stdin.close()
            result = d.wait(60).ok()
    finally:
        shutil.rmtree(out, ignore_errors=True)
    rate = (last.intervals - first.intervals) / took
    print(f"      {last}, at most {highest.rss / 2**20:.2f} MiB; {took:.0f} s, {rate:.0f} intervals/s; 10^9 would take {1e9 / rate / 3600:.1f} h",
          flush=True)
    lost = last.s.sum("dwell_lost_seconds_total")
    spilled = last.s.sum("dwell_spilled_seconds_total")
    print(f"      lost {lost} s, spilled {spilled} s; {result.err.splitlines()[-1]}", flush=True)
    check_equal(lost, 0, "lost")
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    check(highest.rss <= first.rss + GROWS, f"resident {first.rss} -> {highest.rss}")
    check_equal(last.maps, first.maps, "bytes of maps")
    check(last.fds <= first.fds + 4, f"open files {first.fds} -> {last.fds}")
    check(last.intervals - first.intervals > 10**6, f"{last.intervals} intervals")


main()
