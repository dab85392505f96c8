#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""pprof and NDJSON files of real processes, by real readers, beside the other formats of the same recording."""
import collections
import json
import os
import platform
import re
import subprocess
import time

from livetest import (WORK, Dwell, Profile, Work, case, check, check_equal, check_laws, check_near, main, parse_folded,
                      read, read_bytes, run, scratch)
from pprof_readers import ProtocFile, go_raw, go_tags, go_top, go_traces

FORMATS = ("pb.gz", "folded", "ndjson", "json")


def recorded(name, work, *args):
    """A recording of a workload, and the time before and after, in ns since 1970."""
    path = scratch(f"{name}.dwell")
    before = time.time_ns()
    with Work(work, *args) as w:
        with Dwell("record", "-o", path, "-p", w.pid) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
        return path, w, (before, time.time_ns())


def reports(recording, *view):
    """format -> path, all of one report."""
    paths = {f: f"{recording}.{f}" for f in FORMATS}
    run("report", recording, *view, *(word for p in paths.values() for word in ("-o", p))).ok()
    return paths


def stacks_of(p):
    """{stack: [count, ns]} of the JSON."""
    found = {}
    for s in p.stacks:
        sums = found.setdefault(tuple(p.names(s)), [0, 0])
        sums[0] += s["intervals"]
        sums[1] += s["blocked_ns"] + s["runnable_ns"]
    return found


def check_agree(paths):
    """Every reader of every format tells the same totals, for each stack and each function. The JSON."""
    p = Profile(read(paths["json"]))
    stacks = stacks_of(p)
    flat, cum = collections.Counter(), collections.Counter()
    for stack, (_, ns) in stacks.items():
        flat[stack[-1]] += ns
        for name in set(stack):
            cum[name] += ns
    check_equal(go_raw(paths["pb.gz"]), stacks, "go tool pprof -raw")
    check_equal(go_top(paths["pb.gz"]), {name: (flat[name], cum[name]) for name in cum}, "go tool pprof -top")
    check_equal(go_traces(paths["pb.gz"]), {s: ns for s, (_, ns) in stacks.items()}, "go tool pprof -traces")
    folded = {tuple(frames): us for frames, us in parse_folded(read(paths["folded"]))}
    rounded = {s: (ns + 500) // 1000 for s, (_, ns) in stacks.items()}
    check_equal({s: us for s, us in rounded.items() if us}, folded, "the folded file")
    sums = collections.Counter()
    for line in read_bytes(paths["ndjson"]).splitlines():
        row = json.loads(line)
        sums[tuple(row["stack"].split(";"))] += row["ns"]
    check_equal(dict(sums), {s: ns for s, (_, ns) in stacks.items()}, "the lines of JSON")
    return p


@case
def every_reader_agrees():
    recording, w, _ = recorded("mixture", "mixture", 1000)
    p = check_agree(reports(recording))
    check_laws(p)
    check_near(go_top(recording + ".pb.gz")["work_sleep"][1], p.ns(frame="work_sleep"), "work_sleep", 0)
    check(go_top(recording + ".pb.gz")["work_sleep"][1] > 0, "it slept")
    check_equal(go_tags(recording + ".pb.gz")["pid"], {f"{w.pid}ns": p.ns()}, "-tags pid")


@case
def in_every_view():
    recording, _, _ = recorded("views", "pipes", 60, 2000)
    for view in ([], ["--per-thread"], ["--split"], ["-U"], ["-K", "-d"], ["--reason", "pipe"], ["--no-idle"]):
        check_agree(reports(recording, *view))


@case
def labels_tell_threads_and_reasons():
    recording, w, _ = recorded("labels", "pipes", 60, 2000)
    paths = reports(recording)
    p, decoded = Profile(read(paths["json"])), ProtocFile(paths["pb.gz"])
    by = collections.Counter()
    for _, _, ns, labels in decoded.samples:
        check_equal((labels["pid"], labels["comm"]), (w.pid, "pipes"), f"process in {labels}")
        by[labels["tid"], labels["thread"], labels["reason"]] += ns
    for name in ("pipe-ask", "pipe-answer"):
        check_equal(by[w.tid(name), name, "pipe"], p.ns(tid=w.tid(name), reason="pipe"), name)
    rows = [json.loads(line) for line in read(paths["ndjson"]).splitlines()]
    for name in ("pipe-ask", "pipe-answer"):
        check_equal(sum(r["ns"] for r in rows if r["group"] == name and r["reason"] == "pipe"),
                    p.ns(tid=w.tid(name), reason="pipe"), f"group {name}")


@case
def where_and_when():
    recording, _, (before, after) = recorded("where", "sleeper", 20, 10)
    paths = reports(recording)
    decoded, p = ProtocFile(paths["pb.gz"]), Profile(read(paths["json"]))
    start, length = decoded.number("time_nanos"), decoded.number("duration_nanos")
    check(before < start < start + length < after, f"{before} < {start} + {length} < {after}")
    check_equal(length, p.window_ns, "duration")
    notes = subprocess.run(["readelf", "-n", os.path.join(WORK, "sleeper")], capture_output=True, text=True,
                           check=True).stdout
    first = decoded.mappings[0]
    check_equal(decoded.text("filename", first), os.path.join(WORK, "sleeper"), "the first mapping")
    check_equal(decoded.text("build_id", first), re.search(r"Build ID: (\w+)", notes)[1], "its build id")
    files = [decoded.text("filename", m) for m in decoded.mappings]
    check("[kernel.kallsyms]" in files[1:], f"the kernel is among {files}")
    for i, location in enumerate(decoded.locations):
        if decoded.name(i + 1).startswith("work_"):
            check_equal(decoded.number("mapping_id", location), 1, f"mapping of {decoded.name(i + 1)}")
    for comment in (f"host: {platform.node()}", f"kernel: {platform.release()}", f"duration: {length} ns",
                    "lost: 0 ns in 0 intervals", "unaccounted: 0 ns"):
        check(comment in decoded.comments, f"{comment!r} is not in {decoded.comments}")
    check(any(re.fullmatch(r"version: \S+", c) for c in decoded.comments), "the version")
    rows = [json.loads(line) for line in read(paths["ndjson"]).splitlines()]
    check_equal({(r["host"], r["start_ns"], r["end_ns"]) for r in rows}, {(platform.node(), start, start + length)},
                "host and window of the lines")


@case
def a_report_is_the_run_byte_by_byte():
    recording = scratch("run.dwell")
    live = {f: scratch(f"run.live.{f}") for f in ("pb.gz", "ndjson")}
    with Work("sleeper", 20, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--save", recording, *(x for p in live.values() for x in ("-o", p))) as d:
            d.tracing()
            w.work()
            d.finish().ok()
    paths = reports(recording)
    for fmt, path in live.items():
        check(read_bytes(path) == read_bytes(paths[fmt]), f"{fmt}: report differs from the run")
    piped = scratch("piped")
    with open(piped, "wb") as out:
        Dwell("report", recording, "--format", "pprof", stdout=out).wait().ok()
    check(read_bytes(piped) == read_bytes(live["pb.gz"]), "pprof on stdout")


@case
def inlined_functions_and_lines():
    recording = scratch("lines.dwell")
    with Work("sleeper", 20, 10) as w:
        with Dwell("record", "-o", recording, "-p", w.pid, "--inlines", "--lines") as d:
            d.tracing()
            w.work()
            d.finish().ok()
    paths = reports(recording)
    check_agree(paths)
    decoded = ProtocFile(paths["pb.gz"])
    check_equal(decoded.mappings[0].get("has_line_numbers"), ["true"], "line numbers")
    found = 0
    for i, location in enumerate(decoded.locations):
        line = location["line"][0]
        function = decoded.functions[int(line["function_id"][0]) - 1]
        m = re.fullmatch(r"work_sleep \(sleeper\.c:(\d+)\)", decoded.name(i + 1))
        if m:
            found += 1
            check(decoded.text("filename", function).endswith("sleeper.c"), "its source")
            check_equal(line["line"], [m[1]], "its line")
    check(found, "work_sleep has a line")


main()
