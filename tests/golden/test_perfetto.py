#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Traces for Perfetto of made profiles, as protoc and Perfetto's own engine read them, beside the JSON of the same profile."""
import collections
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, Profile, case, check, check_equal, main, read, read_bytes, scratch  # noqa: E402
from perfetto_readers import BOOTTIME, REALTIME, WAKEUP, PerfettoFile, engine_query, totals_of  # noqa: E402

MAKE_SAMPLE = os.path.join(BUILD, "tests", "browser", "make_sample")
SAMPLES = ("small", "hostile", "wakers", "server", "100", "empty")
WOKEN = ("lock", "pipe")  # reasons with a waker, in sample_add_waits()
LEFT_OUT = "waits without a time, left out"


def make(what, *paths):
    subprocess.run([MAKE_SAMPLE, what, *paths], check=True, stdout=subprocess.DEVNULL)


class Sample:
    made = {}

    def __init__(self, what):
        self.what, self.path = what, scratch(f"{what}.pftrace")
        make(what, self.path, self.path + ".json")
        self.trace = PerfettoFile(self.path)
        self.profile = Profile(read(self.path + ".json"))
        self.stacks = [s for s in self.profile.stacks if s["tid"]]  # the others have no track
        self.left_out = sum(s["intervals"] for s in self.profile.stacks if not s["tid"])

    @classmethod
    def of(cls, what):
        return cls.made.get(what) or cls.made.setdefault(what, cls(what))


def each(function):
    """A case for each sample."""
    def run():
        for what in SAMPLES:
            try:
                function(Sample.of(what))
            except AssertionError as e:
                raise AssertionError(f"{what}: {e}") from e
    run.__name__ = function.__name__
    return case(run)


def known(totals):
    return {key: sums for key, sums in totals.items() if key[1] and sums != [0, 0]}


@each
def threads_wait_as_long_as_they_did_for_each_reason(sample):
    got, want = sample.trace.totals(), totals_of(sample.profile)
    check_equal(known(got), known(want), "[blocked, runnable] ns")
    cnt = sum(s["intervals"] for s in sample.stacks)
    notes = sample.trace.window.notes
    check_equal((notes["waits in the timeline"], notes[LEFT_OUT]), (str(cnt), str(sample.left_out)), "waits")


def shown(profile, s):
    """The frames of a stack that the trace has: the track says who waited, the slice how."""
    frames = [profile.frames[i] for i in s["frames"]]
    return tuple(f["name"] for i, f in enumerate(frames)
                 if not (i == 0 and f["kind"] == "process" or f["kind"] == "state" or f["name"] == "-"))


@each
def stacks_weigh_what_they_did(sample):
    got, want = collections.Counter(), collections.Counter()
    for s in sample.trace.of_threads():
        check(s.weight in (None, s.dur), f"{s.weight} for {s.dur}")
        got[sample.trace.threads[s.track][1], s.category, s.stack] += s.dur
    for s in sample.stacks:
        want[s["tid"], s["reason"], shown(sample.profile, s)] += s["blocked_ns"] + s["runnable_ns"]
    check_equal(+got, +want, "ns by thread, reason and stack")


@each
def names_are_those_of_the_json(sample):
    def clean(name):
        return "".join("\ufffd" if c < " " or "\x7f" <= c <= "\x9f" else c for c in name)
    want = {(t["pid"], t["tid"]): clean(t["comm"]) for t in sample.profile.data["threads"]}
    check_equal({(pid, tid): name for pid, tid, name in sample.trace.threads.values()}, want, "threads")
    check_equal(len(sample.trace.processes), len({pid for pid, _ in want}), "processes")
    check_equal(sample.trace.window.name, clean(sample.profile.data["title"]), "title")
    notes = sample.trace.window.notes
    for key, value in sample.profile.data["notes"].items():
        check_equal(notes[key], clean(value), key)
    check_equal(notes["lost"].split()[0], str(sum(cause["ns"] for cause in sample.profile.data["ledger"]["lost"].values())), "what was lost")


@each
def arrows_lead_from_wakers_to_what_they_woke(sample):
    trace = sample.trace
    for begin, end in trace.flows.values():
        check_equal((begin.ns, begin.category), (end.ns, WAKEUP), "the beginning of an arrow")
        check_equal(begin.name, "wakes " + trace.threads[end.track][2], "its name")
        check(end.name in ("runnable", "runnable (open)", "woken") and end.track != begin.track, f"its end {end.name}")
    want = sum(s["intervals"] for s in sample.stacks if s["reason"] in WOKEN) if len(trace.threads) > 1 else 0
    check_equal(len(trace.flows), want, "arrows")


@each
def equal_profiles_are_equal_files(sample):
    again = scratch("again.pftrace")
    make(sample.what, again)
    check_equal(read_bytes(again), read_bytes(sample.path), "bytes")


def rows(trace):
    """(ns since the start, duration, track, name, category) of slices and instants, by time."""
    start = trace.window.ns
    return sorted((s.ns - start, -1 if s.end is None else s.dur, trace.threads[s.track][2], s.name, s.category)
                  for s in trace.of_threads() + trace.instants)


EVERY_KIND = [
    (100, 50, "first", "lock", "lock"),
    (150, -1, "waker", "wakes first", WAKEUP),
    (150, 10, "first", "runnable", "lock"),
    (170, 30, "first", "runnable", "preempted"),
    (200, 100, "second", "net", "net"),
    (300, -1, "first", "wakes second", WAKEUP),
    (300, -1, "second", "woken", WAKEUP),
    (300, 100, "other", "pipe", "pipe"),
    (400, 999600, "other", "runnable (open)", "pipe"),
    (500, 999500, "waker", "sleep (open)", "sleep"),
    (600, 0, "first", "lock", "lock"),
    (600, 1, "first", "lock", "lock"),
    (601, 1, "first", "runnable", "lock"),
]


@case
def every_kind_of_wait():
    sample = Sample.of("waits")
    trace = sample.trace
    check_equal(rows(trace), sorted(EVERY_KIND), "events")
    check_equal((trace.window.notes["waits in the timeline"], trace.window.notes[LEFT_OUT]), ("7", "9"), "waits")
    check_equal(sorted(trace.processes.values()), [(7, "server"), (20, "waker")], "processes")
    check_equal(sorted(trace.threads.values()),
                [(7, 7, "first"), (7, 7, "second"), (7, 9, "other"), (20, 3, "helper"), (20, 20, "waker")], "threads")
    check_equal([(b.ns - trace.window.ns, e.name) for b, e in trace.flows.values()], [(150, "runnable"), (300, "woken")],
                "arrows")
    by_start = {(trace.threads[s.track][2], s.ns - trace.window.ns, s.dur): s for s in trace.of_threads()}
    lock, pipe, net = by_start["first", 100, 50], by_start["other", 300, 100], by_start["second", 200, 100]
    check_equal(lock.notes, {"waker_kind": "thread", "waker": "waker", "waker_pid": 20, "waker_tid": 20,
                             "lock": "app:queue+8", "lock_owner": "other"}, "what is said of a lock")
    check_equal(pipe.notes, {"waker_kind": "thread", "waker": "feeder", "waker_pid": 90, "waker_tid": 91,
                             "via_softirq": "true"}, "what is said of a pipe")
    check_equal(net.stack, (), "no stack but the thread's name")
    check_equal(lock.stack, ("main", "lock_it", "jitted", "futex_wait", "--", "try_to_wake_up", "waker"), "stack")
    check_equal([kind for *_, kind in trace.places("1")][:4], ["KIND_NATIVE", "KIND_NATIVE", "KIND_JIT", "KIND_KERNEL"],
                "kinds of frames")


@case
def clocks():
    """The machine's own, wall time where it is not known, and none."""
    trace = Sample.of("waits").trace
    check_equal((trace.window.ns, trace.clock, trace.clocks),
                (5000000000, None, {BOOTTIME: 5000000000, REALTIME: 1700000000123456789}), "since the machine's start")
    trace = Sample.of("small").trace
    check_equal((trace.window.ns, trace.clock, trace.clocks),
                (1700000000123456789, REALTIME, {REALTIME: 1700000000123456789}), "since 1970")
    trace = Sample.of("wakers").trace
    check_equal((trace.window.ns, trace.clock, trace.clocks), (0, None, {}), "since the window's start")


# ---- Perfetto's engine ----

SUMS = """SELECT process.pid, thread.tid, slice.category, slice.name LIKE 'runnable%', count(*), sum(slice.dur) FROM slice
          JOIN thread_track ON slice.track_id = thread_track.id JOIN thread USING (utid) JOIN process USING (upid)
          WHERE slice.category != 'wakeup' GROUP BY 1, 2, 3, 4"""
FLOWS = "SELECT count(*) FROM flow JOIN slice a ON slice_out = a.id JOIN slice b ON slice_in = b.id WHERE a.ts = b.ts"
WINDOW = """SELECT slice.ts, slice.dur, slice.name, track.name, key, string_value FROM slice JOIN track ON track_id = track.id
            JOIN args USING (arg_set_id) WHERE slice.category = 'window' AND key LIKE 'debug.%'"""
NAMES = "SELECT tid, name FROM thread WHERE tid != 0 AND name IS NOT NULL"


@each
def perfetto_knows_each_wait_to_the_nanosecond(sample):
    sums, flows, window, names = engine_query(sample.path, SUMS, FLOWS, WINDOW, NAMES)
    want = collections.defaultdict(lambda: [0, 0])
    for s in sample.trace.of_threads():
        pid, tid, _ = sample.trace.threads[s.track]
        key = (pid, tid, s.category, int(s.name.startswith("runnable")))
        want[key][0] += 1
        want[key][1] += s.dur
    check_equal({tuple(key): [cnt, ns] for *key, cnt, ns in sums}, dict(want), "slices of threads")
    check_equal(flows, [[len(sample.trace.flows)]], "arrows")
    mine = sample.trace.window
    check_equal({tuple(row[:4]) for row in window}, {(mine.ns, mine.dur, mine.name, "dwell")}, "the window")
    check_equal({key.removeprefix("debug."): value for *_, key, value in window}, mine.notes, "what is said of it")
    check({(tid, name) for _, tid, name in sample.trace.threads.values()} <= {tuple(n) for n in names},
          f"threads: {names[:20]}")


@case
def perfetto_knows_every_kind_of_wait():
    """Of two threads with one number it makes two; zero is the length of an instant, too."""
    sample = Sample.of("waits")
    got, utids = engine_query(sample.path, f"""
        SELECT slice.ts - {sample.trace.window.ns}, slice.dur, thread.name, slice.name, slice.category FROM slice
        JOIN thread_track ON slice.track_id = thread_track.id JOIN thread USING (utid)""",
                              "SELECT count(DISTINCT utid) FROM thread WHERE tid = 7")
    check_equal(sorted(map(tuple, got)), sorted((ns, max(dur, 0), *rest) for ns, dur, *rest in EVERY_KIND), "slices")
    check_equal(utids, [[2]], "threads of number 7")


main(needs_tracing=False)
