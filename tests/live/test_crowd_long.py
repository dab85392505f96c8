#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""One process of 100,000 threads, or of as many as this machine permits: all that sleep and wake, and all that exit at once."""
import os
import re

from livetest import (MS, Dwell, Profile, Work, case, check, check_clock, check_equal, check_frames, check_laws, check_ledger, check_sums, main,
                      read, skip, thread_ids, wait_until)
from serving import Serve

WANTED = 100_000
FEWEST = 2_000
WAKES_PER_S = 12_000  # of all threads: what a small machine takes beside other work
THREAD_BYTES = 64 << 10  # of memory, with what the kernel has of a thread
GROWS = 3 << 20  # bytes: what the allocator may keep


def number(path):
    """Of a file with a limit; None: no file, or no limit."""
    try:
        text = read(path).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def pids_max():
    """The tightest pids.max of our control groups, of either hierarchy."""
    limits = []
    for line in read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "pids"):
            continue
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/pids"):
            at = path
            while at:
                limits.append(number(f"{root}{at}/pids.max"))
                at = at.rpartition("/")[0]
    return min((n for n in limits if n is not None), default=WANTED * 10)


def permitted():
    """(threads that may be made here, what limits them). A quarter of what is free is left to others."""
    free = {}
    running = int(read("/proc/loadavg").split()[3].partition("/")[2])
    for name in ("kernel/pid_max", "kernel/threads-max"):
        free[name.replace("/", ".")] = (number(f"/proc/sys/{name}") - running) * 3 // 4
    free["pids.max"] = (pids_max() - running) * 3 // 4
    memory = int(re.search(r"^MemAvailable:\s+(\d+)", read("/proc/meminfo"), re.M)[1]) * 1024
    free["memory"] = memory // 2 // THREAD_BYTES
    name = min(free, key=free.get)
    return (WANTED, "what is wanted") if free[name] >= WANTED else (free[name] // 1000 * 1000, name)


def crowd():
    """(workload, number of threads beside the first, ms of a nap)"""
    cnt, why = permitted()
    if cnt < FEWEST:
        skip(f"only {cnt} threads may be made here, by {why}")
    ms = max(1000, cnt * 1000 // WAKES_PER_S)
    print(f"      {cnt} threads (by {why}), naps of {ms} ms", flush=True)
    return Work("crowd", cnt, ms), cnt, ms


def own_mib(p):
    return int(p.data["notes"]["memory_own_bytes"]) >> 20


def check_named(p):
    """Each nanosecond is in one place; where dwell got no CPU for seconds that may be what was lost."""
    if not p.lost_cnt() and not p.counter("summary_lost"):
        check_laws(p)
    check_ledger(p, lost=True)
    check_sums(p)
    check_frames(p)
    check_clock(p)


@case
def all_sleep_and_wake():
    w, cnt, ms = crowd()
    with w:
        with Dwell("offcpu", "-p", w.pid, "--json", f"{3 * ms}ms") as d:
            result = d.wait(300).ok()
        everyone = set(thread_ids(w.pid))
    p = Profile(result.out)
    led = p.ledger
    print(f"      {len(p.threads)} threads, {led['observed_intervals']} intervals, spilled {led['spilled_intervals']}, lost "
          f"{p.lost_cnt()}, imbalance {led['imbalance_ns']} ns; dwell itself {own_mib(p)} MiB", flush=True)
    check_named(p)
    check_equal({t["tid"] for t in p.threads}, everyone, "threads by tid")
    asleep = len({s["tid"] for s in p.select(frame="work_crowd", reason="sleep")})
    check(cnt - p.lost_cnt() <= asleep <= cnt, f"{asleep} of {cnt} threads asleep in work_crowd, {p.lost_cnt()} lost")
    check(led["observed_intervals"] >= cnt, f"{led['observed_intervals']} intervals of {cnt} threads")
    # Each wait that was not cut at the start is as long as a nap, or longer.
    short = [s for s in p.select(frame="work_crowd", reason="sleep") if s["intervals"] > 1 and s["max_ns"] < ms * MS]
    check(not short, f"naps that were too short: {short[:2]}")


def exits(*options):
    w, cnt, _ = crowd()
    with w:
        with Dwell("offcpu", "-p", w.pid, "--json", *options) as d:
            d.tracing()
            w.end()
            p = d.wait(300).profile()
    without = [t for t in p.threads if not t["totals_known"]]
    print(f"      {cnt + 1} threads exit: {p.ledger['observed_intervals']} intervals, {p.ledger['spilled_intervals']} spilled, {p.lost_cnt()} lost; "
          f"totals: {p.counter('exit_spilled')} spilled, of {len(without)} threads lost; imbalance {p.ledger['imbalance_ns']} ns", flush=True)
    check_named(p)
    check_equal((len(p.threads), len({t["tid"] for t in p.threads})), (cnt + 1, cnt + 1), "threads")
    # Also those that wait for their last moment on a CPU when the run ends.
    check(len(without) <= p.counter("summary_lost"), f"{len(without)} threads without totals, {p.counter('summary_lost')} were counted")
    return p, cnt


@case
def all_exit_at_once():
    """More than rings and spill maps of the usual size hold, where dwell has no CPU meanwhile: what is lost is named."""
    exits()


@case
def all_exit_into_large_rings():
    each = 1024 * (permitted()[0] + 1) // min(os.cpu_count(), 4)  # two records for each thread
    p, cnt = exits("--ring-size", 1 << each.bit_length())
    check_equal(p.lost_cnt(), 0, "lost")
    check(p.counter("summary_lost") <= cnt // 100, f"{p.counter('summary_lost')} threads got no CPU in a second after the run's end")


@case
def memory_is_flat():
    """Of the service, from when it has seen everyone once until it has seen them four times more."""
    w, cnt, ms = crowd()

    def rss():
        return int(re.search(r"^VmRSS:\s+(\d+)", read(f"/proc/{d.pid}/status"), re.M)[1]) * 1024

    def seen():
        return d.scrape().sum("dwell_block_duration_seconds_count")
    with w:
        with Serve("-p", w.pid) as d:
            wait_until(lambda: seen() >= 2 * cnt, "everyone was seen", 120 + 5 * ms / 1000, 0.5)
            first = rss()
            wait_until(lambda: seen() >= 6 * cnt, "everyone was seen four times more", 120 + 20 * ms / 1000, 0.5)
            last, s = rss(), d.scrape()
            result = d.finish(120).ok()
    print(f"      resident {first / 2**20:.2f} -> {last / 2**20:.2f} MiB; {int(seen_of(s))} intervals, lost "
          f"{s.sum('dwell_lost_seconds_total')} s", flush=True)
    lost, causes = s.sum("dwell_lost_seconds_total"), s.sum("dwell_events_lost_total", cause="spill_full")
    check((lost > 0) == (causes > 0), f"{lost} s lost, {causes} waits counted")
    check_equal(s.sum("dwell_events_lost_total", cause="task_state_full"), 0, "threads without a state")
    check("DEFECT" not in result.err and (lost > 0 or "nothing lost" in result.err), result.err)
    check(last <= first + GROWS, f"resident bytes {first} -> {last}")


def seen_of(s):
    return s.sum("dwell_block_duration_seconds_count")


main()
