#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell serve: a folded file for each window, which together hold all time once."""
import os
import re
import time

from livetest import (MS, US, Dwell, Work, case, check, check_equal, check_near, check_one_line, check_within, main,
                      parse_folded, read, run, scratch)
from serving import files_in, wait_files

WAYS = ("sleep", "futex", "pipe", "poll")


def windows_in(directory):
    return [parse_folded(read(path)) for path in files_in(directory)]


def time_of(rows, frame):
    return sum(us for frames, us in rows if frame in frames)


def serve(pid, *options):
    return Dwell("serve", "-p", pid, "--config", "none", "--listen", "none", *options)


@case
def sleepers_have_each_window_whole():
    """Threads that never run are in every file, each with the same time: what lies between two cuts."""
    out = scratch("asleep")
    with Work("asleep") as w:
        w.tids_asleep()
        with serve(w.pid, "--out", out, "--every", "1s") as d:
            begun = time.monotonic()
            wait_files(out, 4)
            result = d.finish().ok()
            lasted = (time.monotonic() - begun) * 1e6
    windows = windows_in(out)
    total = 0
    for rows in windows:
        times = {way: time_of(rows, f"work_asleep_{way}") for way in WAYS}
        check(max(times.values()) - min(times.values()) <= 1, f"equal times in a window: {times}")
        total += times["sleep"]
    for rows in windows[1:-1]:
        check_near(time_of(rows, "work_asleep_sleep"), 1e6, "a window between two others", 0.15)
    check_within(total, 3e6, lasted, "all windows together")
    check("DEFECT" not in result.err, result.err)


@case
def nothing_twice_and_nothing_missing():
    """Waits that lie across cuts: the windows together have the time that the program itself measured."""
    out = scratch("sleeper")
    with Work("sleeper", 7, 700) as w:
        with serve(w.pid, "--out", out, "--every", "1s") as d:
            d.tracing()
            w.work()
            result = d.finish().ok()
    windows = windows_in(out)
    check(len(windows) >= 4, f"{len(windows)} windows")
    check_near(sum(time_of(rows, "work_sleep") for rows in windows), w.ns("sleep") / US, "time in work_sleep", 0.001)
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)


@case
def short_waits_under_small_rings():
    """Also where time comes by spills: 20,000 waits, cuts every second, rings of a page."""
    out = scratch("spills")
    with Work("pipes", 20000, 0) as w:
        with serve(w.pid, "--out", out, "--every", "1s", "--ring-size", "4096") as d:
            d.tracing()
            w.work()
            result = d.finish().ok()
    windows = windows_in(out)
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    observed = re.search(r"off-CPU time: ([0-9.]+) (m?s) observed", result.err)
    check(observed, result.err)
    waited = float(observed[1]) * (1e6 if observed[2] == "s" else 1e3)
    still = re.search(r"still waiting at the end: ([0-9.]+) (m?s)", result.err)
    if still:
        waited += float(still[1]) * (1e6 if still[2] == "s" else 1e3)
    check_near(sum(us for rows in windows for _, us in rows), waited, "all rows", 0.01, 20 * MS / US)


@case
def names_and_times_of_files():
    out = scratch("names")
    with Work("asleep") as w:
        with serve(w.pid, "--out", out, "--every", "1s") as d:
            wait_files(out, 3)
            d.finish().ok()
    names = [os.path.basename(p) for p in files_in(out)]
    for name in names:
        check(re.fullmatch(r"dwell-\d{8}T\d{6}Z(_\d{3})?\.folded", name), f"name {name}")
    check_equal(len(set(names)), len(names), "distinct names")
    check_equal([n for n in os.listdir(out) if n.endswith(".tmp")], [], "unfinished files")
    check_equal(os.stat(files_in(out)[0]).st_mode & 0o777, 0o640, "permissions")


@case
def ends_with_its_targets():
    out = scratch("ends")
    with Work("sleeper", 3, 100) as w:
        with serve(w.pid, "--out", out, "--every", "1h") as d:
            d.tracing()
            w.work()
            w.end()
            result = d.wait().ok()
    check_equal(len(files_in(out)), 1, "files")
    check_near(time_of(windows_in(out)[0], "work_sleep"), w.ns("sleep") / US, "time in work_sleep", 0.001)
    check("nothing lost" in result.err, result.err)


@case
def mistakes_are_answered():
    for args, words in ((["--every", "10ms", "--out", "x"], ["--every"]),
                        (["--spool", "x"], ["--spool-to"]),
                        (["--spool-to", "kafka", "--spool", "x"], ["kafka", "clickhouse"]),
                        (["-M", "5"], ["-M"]),
                        (["10s"], ["10s"]),
                        (["--", "true"], ["serve"])):
        result = run("serve", "-p", os.getpid(), *args)
        check_equal(result.status, 2, f"status of {args}")
        check_one_line(result.err, f"serve {args}", *words)


main()
