#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Real event traces of Windows, as the reader counts them: every event, CPU, header and extended item; and the first events of each
kind with their times, CPUs and lengths beside what Microsoft's TraceEvent library printed of the same traces.

The traces are not ours to ship: where the folder beside the project is missing, this skips.
"""
import collections
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, case, check, check_equal, main, read  # noqa: E402
from sample_traces import traces  # noqa: E402

DUMP = os.path.join(BUILD, "tests", "unit", "dump_etl")
COUNTS_OF_ERRORS = ("bad_buffers", "skipped", "unknown", "unknown_bytes", "early", "backward", "cut", "cut_bytes")
Event = collections.namedtuple("Event", "file cpu header ticks ns pid tid what id version len opcode")


class Trace:
    def __init__(self, *paths):
        text = subprocess.run([DUMP, *paths], check=True, stdout=subprocess.PIPE, text=True, timeout=200).stdout
        self.header, self.stats, self.events = {}, {}, []
        self.buffers, self.items = collections.Counter(), collections.Counter()
        for line in text.splitlines():
            kind, *f = line.split("\t")
            if kind == "event":
                self.events.append(Event(int(f[0]), int(f[1]), f[2], int(f[3]), int(f[4]), int(f[5]), int(f[6]), f[7], int(f[8]),
                                         int(f[9]), int(f[10]), int(f[11])))
            elif kind == "item":
                self.items[f[0]] += 1
            elif kind == "buffer":
                self.buffers[f"type{f[1]}/flag{f[2]}"] += 1
            else:
                vars(self)[kind][f[0]] = f[1]

    def count(self, name):
        return dict(collections.Counter(str(name(e)) for e in self.events))


def check_trace(path, want):
    t = Trace(path)
    for key in ("bufsize", "build", "ncpu", "cpu_mhz", "buffers_written", "buffers_lost", "events_lost", "ptr", "freq", "boot", "start",
                "end", "header_qpc", "os", "mode", "clock", "session"):
        check_equal(t.header[key], str(want[key]), f"{path}: {key}")
    check_equal(dict(t.buffers), want["buf_kinds"], f"{path}: buffers")
    check_equal(t.count(lambda e: f"{e.what}/{e.id}/v{e.version}"), want["by_event"], f"{path}: events")
    check_equal(t.count(lambda e: e.cpu), want["by_cpu"], f"{path}: events by CPU")
    check_equal(t.count(lambda e: e.header), want["by_header"], f"{path}: headers")
    check_equal(dict(t.items), want["ext_items"], f"{path}: extended items")
    check_equal([min(e.ticks for e in t.events), max(e.ticks for e in t.events)], [want["min_ts"], want["max_ts"]], f"{path}: times")
    check_equal(len(t.events), want["total"], f"{path}: all events")
    check_equal({k: t.stats[k] for k in COUNTS_OF_ERRORS}, dict.fromkeys(COUNTS_OF_ERRORS, "0"), f"{path}: errors")
    check(want["reader_errors"] == {}, f"{path}: expected to have errors")
    check(all(a.ns <= b.ns for a, b in zip(t.events, t.events[1:])), f"{path}: the order of time")
    freq, start = int(t.header["freq"]), int(t.header["header_qpc"])
    check(all(e.ns == (e.ticks - start) * 10**9 // freq for e in t.events), f"{path}: times in nanoseconds")


@case
def every_trace_as_expected():
    folder = traces()
    with open(os.path.join(folder, "expected.json")) as f:
        expected = json.load(f)
    check(len(expected) >= 38, f"{len(expected)} traces")
    for name, want in expected.items():
        check_trace(os.path.join(folder, name), want)


# ---- TraceEvent's own account ----

LINE = re.compile(r"EVENT ([\d,.]+): (.*?)(?: PID=(-?\d+); TID=(-?\d+);.*?)? *ProceNum=(\d+); DataLen=([\d,]+);")


def baseline(path):
    """[(type, ms, pid, tid, cpu, length)] and {type: count}"""
    rows, counts = [], {}
    for line in read(path).splitlines():
        m = LINE.match(line)
        if m:
            rows.append((m[2], m[1].replace(",", ""), int(m[3]), int(m[4]), int(m[5]), int(m[6].replace(",", ""))))
        elif line.startswith("COUNT "):
            name, _, cnt = line[6:].rpartition(":")
            counts[name] = int(cnt.replace(",", ""))
        else:
            check(not line.startswith("EVENT"), line)
    return rows, counts


def rounded(ns):
    """Milliseconds with three places, as it prints them; both neighbours where it is a tie or a float may fall on either side."""
    return {f"{(ns + d) // 1000 / 1000:.3f}" for d in (499, 500, 501)}


# Types of which it tells a part only: samples of the idle threads are left out, methods made by the runtime are a type of their own.
OF_A_KIND_IN_PART = ("Windows Kernel/PerfInfo/Sample", "Microsoft-Windows-DotNETRuntime/Method/LoadVerbose")


def same(row, event):
    """Of kernel events it takes the process from the payload."""
    return (row[1] in rounded(event.ns) and row[4:] == (event.cpu, event.len) and
            ("-" not in event.what or row[2:4] == (event.pid, event.tid)))


def check_type(name, rows, cnt, kinds):
    """Its lines are the first events of one kind of ours, and there are as many."""
    if name in OF_A_KIND_IN_PART:
        found = [k for k in kinds.values() if len(k) >= cnt and all(any(same(r, e) for e in k) for r in rows)]
    else:
        found = [k for k in kinds.values() if len(k) == cnt and all(same(r, e) for r, e in zip(rows, k))]
    check(found, f"{name}: no kind of event has {cnt} and begins with {rows}")


@case
def first_events_of_each_type():
    folder = os.path.join(traces(), "perfview")
    for trace, at_least in (("gcevents", 21), ("primitive-types", 2), ("net.4.5.2.x86", 156)):
        rows, counts = baseline(os.path.join(folder, trace + ".baseline.txt"))
        kinds, types = collections.defaultdict(list), collections.defaultdict(list)
        for e in Trace(os.path.join(folder, trace + ".etl")).events:
            kinds[e.what, e.id].append(e)
        for row in rows:
            types[row[0]].append(row)
        check(len(types) >= at_least and set(types) == set(counts), f"{trace}: {len(types)} types")
        for name, of_type in types.items():
            check_type(name, of_type, counts[name], kinds)


main(needs_tracing=False)
