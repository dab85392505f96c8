#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 1500
"""CPUs that go and come, and a machine that sleeps, while it is traced as a whole."""
import glob
import os
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main, metric
from livetest import SECOND, check, check_equal, check_laws, parse_folded, read, skip

SLEEPERS = 20  # of the workload `threads`; a tenth never wakes


def say(kernel, p, what):
    led = p.ledger
    print(f"      {kernel.release}: {what}; {led['observed_intervals']} intervals, spilled {led['spilled_intervals']}, lost "
          f"{p.lost_cnt()}, imbalance {led['imbalance_ns']} ns, rebuilt {p.counter('unpaired')}", flush=True)


def check_profile(p, small_rings=False):
    check_laws(p, schedstats=False, small_rings=small_rings)
    check_equal((p.ledger["imbalance_ns"], p.lost_cnt()), (0, 0), "imbalance and lost")
    check_equal(len([t for t in p.threads if t["comm"].startswith("dwthr")]), SLEEPERS, "sleepers")


def folded(out):
    """The seconds of each window of dwell serve, by the threads that sleep throughout."""
    lengths = []
    for path in sorted(glob.glob(os.path.join(out.path("folded"), "*.folded"))):
        rows = parse_folded(read(path))
        lengths.append(sum(us for frames, us in rows if "work_never" in frames) / (SLEEPERS / 10) / 1e6)
    return lengths


def check_served(out, name="serve.said"):
    said = out.text(name)
    check("DEFECT" not in said and "nothing lost" in said, said)
    left = [n for n in os.listdir(out.path("folded")) if n.endswith(".tmp")]
    check_equal(left, [], "unfinished files")
    lengths = folded(out)
    check(len(lengths) >= 2 and all(lengths), f"windows without the threads that sleep throughout: {lengths}")
    return lengths


@case
def cpus_go_off_and_online(kernel):
    rounds = 20
    out = boot(kernel, "fault_hotplug.sh", rounds, work=["threads", "pipes"], cpus="3", seconds=480)
    p = out.profile()
    say(kernel, p, f"{rounds} times CPU 1 off- and online, and CPU 2 as often; forks and execs lost {p.counter('process_event_lost')}")
    # Until dwell has seen that a CPU is there its ring is not: intervals are added up in the kernel; forks and execs are lost, and counted.
    check_profile(p, small_rings=True)
    check(p.totals["intervals"] > 1000, f"there is work: {p.totals}")
    windows = check_served(out)
    lost = metric(out.text("metrics"), "dwell_lost_seconds_total")
    print(f"      {kernel.release}: serve: {rounds} times, {len(windows)} windows, lost {lost} s", flush=True)
    check_equal(lost, 0, "lost under dwell serve")


@case
def suspended_to_memory(kernel):
    """A gap that CLOCK_MONOTONIC leaves out: so does dwell, of windows and of waits."""
    if kernel.arch != "amd64":
        skip("this machine of QEMU can't be suspended")
    times, seconds = 3, 8
    out = boot(kernel, "fault_suspend.sh", times, seconds, work=["threads", "pipes"], seconds=480)
    rows = [line.split()[1:] for line in out.text("moments").splitlines()]
    slept = [float(after) - float(before) for before, _, after, _ in rows]
    counted = [(int(after) - int(before)) / SECOND for _, before, _, after in rows]
    check_equal(len(slept), 2 * times, "times that it slept")
    gaps = [all_s - counted_s for all_s, counted_s in zip(slept, counted)]
    check(min(gaps) > 3, f"it slept for {gaps} s")
    p = out.profile()
    say(kernel, p, f"{times} times suspended, for {sum(slept[:times]):.1f} s, of which CLOCK_MONOTONIC counted "
        f"{sum(counted[:times]):.1f} s; the window is {p.window_ns / 1e9:.2f} s")
    check_profile(p)
    check(p.window_ns >= sum(counted[:times]) * SECOND, f"the run's window: {p.window_ns} ns")
    longest = max(s["max_ns"] for s in p.select(reason="sleep") if s["comm"].startswith("dwthr") and not s["open"])
    check(longest < min(gaps) * SECOND, f"a nap of {longest} ns: the machine's sleep counts in it")
    windows = check_served(out)
    lost = metric(out.text("metrics"), "dwell_lost_seconds_total")
    print(f"      {kernel.release}: serve: {times} times, windows of {min(windows):.2f} to {max(windows):.2f} s, lost {lost} s", flush=True)
    check_equal(lost, 0, "lost under dwell serve")
    check(max(windows) < min(slept), f"windows of {windows} s")


main()
