#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Our pprof and NDJSON files as others read them, beside the JSON and the folded file of the same profile."""
import collections
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import (BUILD, Profile, case, check, check_equal, main, parse_folded, read, read_bytes,  # noqa: E402
                      scratch)
from pprof_readers import ProtocFile, go_pprof, go_raw, go_tags, go_top, go_traces  # noqa: E402

MAKE_SAMPLE = os.path.join(BUILD, "tests", "browser", "make_sample")
SAMPLES = ("small", "hostile", "wakers", "server", "1000")
FORMATS = ("pb.gz", "json", "folded", "ndjson")


class Sample:
    def __init__(self, what):
        self.paths = {f: scratch(f"{what}.{f}") for f in FORMATS}
        self.pprof = self.paths["pb.gz"]
        if not os.path.exists(self.pprof):
            subprocess.run([MAKE_SAMPLE, what, *self.paths.values()], check=True, stdout=subprocess.DEVNULL)
        self.profile = Profile(read(self.paths["json"]))
        self.stacks = {}  # of the JSON: {stack: [count, ns]}
        for s in self.profile.stacks:
            sums = self.stacks.setdefault(tuple(self.profile.names(s)), [0, 0])
            sums[0] += s["intervals"]
            sums[1] += s["blocked_ns"] + s["runnable_ns"]

    def functions(self):
        """{name: (ns in it, ns in it and what it called)}"""
        flat, cum = collections.Counter(), collections.Counter()
        for stack, (_, ns) in self.stacks.items():
            flat[stack[-1]] += ns
            for name in set(stack):
                cum[name] += ns
        return {name: (flat[name], cum[name]) for name in cum}


def each(function):
    """A case for each sample."""
    def run():
        for what in SAMPLES:
            try:
                function(Sample(what))
            except AssertionError as e:
                raise AssertionError(f"{what}: {e}") from e
    run.__name__ = function.__name__
    return case(run)


@each
def go_knows_each_stack_to_the_nanosecond(sample):
    check_equal(go_raw(sample.pprof), sample.stacks, "go tool pprof -raw")


@each
def go_knows_each_function_to_the_nanosecond(sample):
    check_equal(go_top(sample.pprof), sample.functions(), "go tool pprof -top")


@case
def traces():
    for what in ("small", "wakers", "server"):
        sample = Sample(what)
        check_equal(go_traces(sample.pprof), {s: ns for s, (_, ns) in sample.stacks.items()}, what)


@each
def rounded_it_is_the_folded_file(sample):
    rounded = {stack: (ns + 500) // 1000 for stack, (_, ns) in go_raw(sample.pprof).items()}
    folded = {tuple(frames): us for frames, us in parse_folded(read(sample.paths["folded"]))}
    check_equal({s: us for s, us in rounded.items() if us}, folded, "microseconds")


@case
def tags():
    tags_of = go_tags(Sample("small").pprof)
    check_equal(tags_of["reason"], {"lock": 1500000000, "disk": 500000000, "sleep": 99000000, "preempted": 1000000,
                                    "net": 999, "pipe": 500}, "reasons")
    check_equal(tags_of["thread"], {"app": 1600001499, "worker": 500000000}, "threads")
    check_equal(tags_of["group"], {"batch": 500000000}, "groups")
    check_equal(tags_of["pid"], {"100ns": 2100001499}, "processes")
    check_equal(tags_of["tid"], {"100ns": 1600001499, "101ns": 500000000}, "thread ids")


@case
def go_filters_and_adds_up():
    sample = Sample("small")
    check_equal(go_top(sample.pprof, "-tagfocus=reason=lock")["lock_it"], (0, 1500000000), "-tagfocus")
    twice = scratch("twice.pb.gz")
    go_pprof("-proto", f"-output={twice}", sample.pprof, sample.pprof)
    check_equal(go_top(twice)["lock_it"], (0, 2 * 1501000000), "two files added up")
    check_equal(go_top(sample.pprof, f"-diff_base={sample.pprof}"), {}, "the difference to itself")
    check_equal(go_top(sample.pprof, "-contentions")["lock_it"][1], 17, "-contentions")
    roots = go_traces(sample.pprof, "-tagroot=pid,thread")
    check_equal({(s[0], s[1]) for s in roots}, {("100", "app"), ("100", "worker")}, "-tagroot")


@each
def protoc_knows_each_label(sample):
    decoded, p = ProtocFile(sample.pprof), sample.profile
    got, expected = collections.Counter(), collections.Counter()
    for stack, _, ns, labels in decoded.samples:
        got[stack, labels["reason"], labels.get("pid", 0), labels.get("tid", 0), labels.get("thread", "")] += ns
    for s in p.stacks:
        expected[tuple(p.names(s)), s["reason"], s["pid"], s["tid"], s["comm"].replace("\x1b", "\ufffd")] += (
            s["blocked_ns"] + s["runnable_ns"])
    check_equal(got, expected, "samples by labels")
    check_equal(len(decoded.samples), len(got), "samples, each once")


@case
def protoc_knows_the_rest():
    sample = Sample("small")
    decoded = ProtocFile(sample.pprof)
    m = decoded.message
    check_equal([decoded.type(t) for t in m["sample_type"]], ["contentions/count", "delay/nanoseconds"], "types")
    check_equal((decoded.type(m["period_type"][0]), decoded.number("period")), ("contentions/count", 1), "period")
    check_equal(decoded.text("default_sample_type"), "delay", "default type")
    check_equal(decoded.number("time_nanos"), 1700000000123456789, "time")
    check_equal(decoded.number("duration_nanos"), 2000000000, "duration")
    check_equal([(decoded.text("filename", f), decoded.text("build_id", f)) for f in decoded.mappings],
                [("/usr/bin/app", "0123456789abcdef"), ("[kernel.kallsyms]", ""), ("/usr/lib/libv.so.1", "")],
                "mappings")
    for comment in ("host: build-7", "kernel: 6.1.0", "lost: 2500000 ns in 4 intervals", "events: 1234"):
        check(comment in decoded.comments, f"{comment} is not in {decoded.comments}")


@case
def nothing_happened():
    path = Sample("empty").pprof
    check_equal(go_raw(path), {}, "samples")
    check_equal(ProtocFile(path).number("duration_nanos"), 1000000, "duration")


@each
def lines_of_json_add_up(sample):
    sums = {}
    for line in read_bytes(sample.paths["ndjson"]).splitlines():
        row = json.loads(line)
        check_equal(list(row), ["host", "group", "reason", "stack", "ns", "count", "start_ns", "end_ns"], "keys")
        stack = sums.setdefault(row["stack"], [0, 0])
        stack[0] += row["count"]
        stack[1] += row["ns"]
    check_equal(sums, {";".join(s): v for s, v in sample.stacks.items()}, "stacks")
    rounded = {stack: (ns + 500) // 1000 for stack, (_, ns) in sums.items()}
    folded = {";".join(frames): us for frames, us in parse_folded(read(sample.paths["folded"]))}
    check_equal({s: us for s, us in rounded.items() if us}, folded, "microseconds")


main(needs_tracing=False)
