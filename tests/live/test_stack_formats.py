#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 240
"""Files for speedscope and PerfView of real processes, beside the JSON and the folded file of the same recording."""
import os
import subprocess

from livetest import (DWELL, Dwell, Profile, Work, case, check, check_equal, main, parse_folded, read, read_bytes, run, scratch)
from stack_readers import PerfViewFile, SpeedscopeFile, perfview_of_json, rounded

MOST_THREADS = 100  # with a profile of their own
FORMATS = ("speedscope.json", "perfView.xml.zip", "perfView.xml")


def recorded(name, work, *args, options=()):
    path = scratch(f"{name}.dwell")
    with Work(work, *args) as w:
        with Dwell("record", "-o", path, "-p", w.pid, *options) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
        return path, w


def reports(recording, *view):
    paths = {f: f"{recording}.{f}" for f in FORMATS + ("folded", "json")}
    run("report", recording, *view, *(word for p in paths.values() for word in ("-o", p))).ok()
    return paths


def stacks_of(p, **which):
    sums = {}
    for s in p.select(**which):
        names = tuple(p.names(s))
        sums[names] = sums.get(names, 0) + s["blocked_ns"] + s["runnable_ns"]
    return {stack: ns for stack, ns in sums.items() if ns}


def check_agree(paths):
    """All formats tell the same of each stack and thread. The JSON."""
    p, got = Profile(read(paths["json"])), SpeedscopeFile(paths["speedscope.json"])
    check_equal(dict(got.profiles[0][1]), stacks_of(p), "speedscope, all threads")
    folded = {tuple(frames): us for frames, us in parse_folded(read(paths["folded"]))}
    check_equal(rounded(got.profiles[0][1]), folded, "speedscope beside the folded file")
    threads = {f"{s['comm']} (pid {s['pid']}, tid {s['tid']})": s["tid"] for s in p.stacks if s["tid"]}
    check_equal(len(got.names) - 1, min(len(threads), MOST_THREADS), "threads of speedscope")
    for name, stacks in got.profiles[1:]:
        check_equal(dict(stacks), stacks_of(p, tid=threads[name]), name)
    longest = sorted((p.ns(tid=tid) for tid in threads.values()), reverse=True)
    check_equal([sum(stacks.values()) for _, stacks in got.profiles[1:]], longest[:MOST_THREADS], "those with the most time")
    perfview = PerfViewFile(paths["perfView.xml.zip"])
    check_equal(perfview.total_ns, p.ns(), "PerfView, total")
    check_equal(perfview.samples, PerfViewFile(paths["perfView.xml"]).samples, "PerfView, packed and not")
    return p, perfview


@case
def every_format_agrees():
    recording, w = recorded("mixture", "mixture", 1000)
    p, perfview = check_agree(reports(recording))
    check_equal(dict(perfview.by_thread()), dict(perfview_of_json(p)), "PerfView, stacks of threads")
    roots = {stack[:2] for stack, _ in perfview.samples}
    check((f"Process mixture ({w.pid})", f"Thread ({w.tid('mix-ping')}) mix-ping") in roots, f"roots {sorted(roots)}")
    check(any("mixture!work_sleep" in stack for stack, _ in perfview.samples), "a function with its module")


@case
def in_every_view():
    recording, _ = recorded("views", "pipes", 60, 2000, options=["--wakers"])
    for view in (["--per-thread"], ["--split"], ["-U"], ["-K", "-d"], ["--reason", "pipe"], ["--wakers"], ["--by-waker"]):
        p, perfview = check_agree(reports(recording, *view))
        if view[0] in ("--split", "-U", "--reason", "--wakers"):
            check_equal(dict(perfview.by_thread()), dict(perfview_of_json(p)), f"PerfView, stacks of threads {view}")


@case
def lines_are_in_the_frames():
    recording, _ = recorded("lines", "sleeper", 20, 10, options=["--lines"])
    frames = SpeedscopeFile(reports(recording)["speedscope.json"]).frames
    found = [f for f in frames if f["name"].startswith("work_sleep (sleeper.c:")]
    check(found, f"work_sleep is among {frames}")
    for f in found:
        check(os.path.basename(f["file"]) == "sleeper.c" and f["name"].endswith(f":{f['line']})"), f"place of {f}")


@case
def a_report_is_the_run_byte_by_byte():
    recording = scratch("run.dwell")
    live = {f: scratch(f"run.live.{f}") for f in FORMATS}
    with Work("sleeper", 20, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--save", recording, *(x for p in live.values() for x in ("-o", p))) as d:
            d.tracing()
            w.work()
            d.finish().ok()
    paths = reports(recording)
    for fmt, path in live.items():
        check(read_bytes(path) == read_bytes(paths[fmt]), f"{fmt}: report differs from the run")
    for name, fmt in (("speedscope", "speedscope.json"), ("perfview", "perfView.xml.zip"), ("perfview-xml", "perfView.xml")):
        piped = scratch("piped")
        with open(piped, "wb") as out:
            Dwell("report", recording, "--format", name, stdout=out).wait().ok()
        check(read_bytes(piped) == read_bytes(live[fmt]), f"--format {name} on stdout")


@case
def of_text():
    """Stacks of another tool have no threads."""
    text = scratch("text.folded")
    with open(text, "w") as f:
        f.write("web;main;read_[k] 1500\nweb;main <&>;wait 7\nweb;main;read_[k] 500\n")
    paths = {f: scratch(f"text.{f}") for f in FORMATS}
    run("report", text, *(word for p in paths.values() for word in ("-o", p))).ok()
    got = SpeedscopeFile(paths["speedscope.json"])
    check_equal([(name, dict(stacks)) for name, stacks in got.profiles],
                [("all threads", {("web", "main", "read"): 2000000, ("web", "main <&>", "wait"): 7000})], "speedscope")
    for f in FORMATS[1:]:
        check_equal(dict(PerfViewFile(paths[f]).by_thread()),
                    {(None, ("web", "main", "read"), "BLOCKED_TIME"): 2000000,
                     (None, ("web", "main <&>", "wait"), "BLOCKED_TIME"): 7000}, f)


@case
def to_a_full_disk():
    text = scratch("full.folded")
    with open(text, "w") as f:
        f.write("a;b 1\n")
    for name in ("speedscope", "perfview", "perfview-xml"):
        with open("/dev/full", "wb") as out:
            done = subprocess.run([DWELL, "report", text, "--format", name], stdout=out,
                                  stderr=subprocess.PIPE, text=True, check=False)
        check(done.returncode and "No space left" in done.stderr, f"{name}: {done.returncode}, {done.stderr}")


main()
