#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""A disk on which each write takes its time: what is traced meanwhile is all there, or named; files are whole; the service goes on."""
import os
import time

from livetest import Dwell, Profile, Work, case, check, check_equal, check_laws, main, parse_folded, read, read_bytes, run, scratch
from preload import library
from serving import Serve, files_in

RUN_MS = 250  # per call, of which a recording needs one for some ten kilobytes
SERVE_MS = 300


def slow(ms):
    return {"LD_PRELOAD": library("slow_disk"), "SLOW_DISK_MS": str(ms), "SLOW_DISK_SAID": scratch("calls")}


def slow_calls():
    return int(read(scratch("calls")).split()[1])


@case
def a_recording():
    """It is written while the run goes on, by the thread that reads the rings: they fill."""
    path = scratch("slow.dwell")
    with Work("flood", 2, 10**6) as w:
        with Dwell("record", "-p", w.pid, "-o", path, "--ring-size", "65536", "3s", env=slow(RUN_MS)) as d:
            d.tracing()
            w.go()
            result = d.wait(600).ok()
    p = Profile(run("report", path, "--json").ok().out)
    led = p.ledger
    print(f"      {os.path.getsize(path)} bytes in {slow_calls()} slow calls; {led['observed_intervals']} intervals, spilled "
          f"{led['spilled_intervals']}, lost {p.lost_cnt()}, imbalance {led['imbalance_ns']} ns", flush=True)
    check(slow_calls() >= 4, f"{slow_calls()} calls were slow")
    check("DEFECT" not in result.err, result.err)
    check(led["spilled_intervals"] > 0, "the disk was not slow: no ring was full")
    check_laws(p, small_rings=True)
    check_equal(p.lost_cnt(), 0, "lost")


@case
def files_of_a_run():
    """What comes out of the slow run is what its recording gives on a fast disk."""
    names = ("folded", "json", "html")
    outputs, recorded = {n: scratch(f"run.{n}") for n in names}, scratch("run.dwell")
    with Work("pipes", 500, 2000) as w:
        with Dwell("offcpu", "-p", w.pid, "--save", recorded, *[x for n in names for x in ("-o", outputs[n])], env=slow(RUN_MS)) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish(120).ok()
    print(f"      {slow_calls()} slow calls", flush=True)
    check(slow_calls() >= 8, f"{slow_calls()} calls were slow")
    check_laws(Profile(read(outputs["json"])))
    for n in names:
        again = scratch(f"again.{n}")
        run("report", recorded, "-o", again).ok()
        check(read_bytes(again) == read_bytes(outputs[n]), f"{n}: the run's differs from the report's")


@case
def the_service():
    """Windows are written by a thread of their own: the collector does not wait for them, and neither do the readers of metrics."""
    out, spool = scratch("served"), scratch("spool")
    with Work("pipes", 10**9, 500) as w:
        w.go()
        with Serve("-p", w.pid, "--out", out, "--every", "1s", "--pprof", "--spool", spool, "--spool-to", "clickhouse", env=slow(SERVE_MS)) as d:
            seen = []
            while len(files_in(out)) < 5:
                s = d.scrape()
                check_equal(s.sum("dwell_lost_seconds_total"), 0, "lost time")
                seen.append(s.sum("dwell_block_duration_seconds_count"))
                time.sleep(0.2)
            check_equal(s.sum("dwell_output_failing"), 0, "failing on a slow disk")
            result = d.finish(120).ok()
    print(f"      {len(files_in(out))} windows in {slow_calls()} slow calls, {int(seen[-1])} intervals seen in {len(seen)} scrapes, spilled "
          f"{s.sum('dwell_spilled_seconds_total')} s, lost 0", flush=True)
    check(slow_calls() >= 20, f"{slow_calls()} calls were slow")
    check(seen[-1] > seen[0], f"nothing was counted meanwhile: {seen}")
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    for path in files_in(out):
        check(parse_folded(read(path)), f"{path} is empty")
    check_equal([n for n in os.listdir(out) if n.endswith(".tmp")], [], "unfinished files")


main()
