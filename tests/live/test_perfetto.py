#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 240
"""Timelines for Perfetto of real processes, as protoc and Perfetto's own engine read them, beside the JSON of the same recording."""
import collections
import os
import subprocess
import time

from livetest import DWELL, Dwell, Profile, Work, case, check, check_equal, main, read, read_bytes, run, scratch
from perfetto_readers import BOOTTIME, REALTIME, PerfettoFile, engine_query, totals_of

LEFT_OUT = "waits without a time, left out"
MAX_STEP_NS = 50_000_000  # that the wall clock may be set by while a test runs


def recorded(name, work, *args, options=()):
    path = scratch(f"{name}.dwell")
    with Work(work, *args) as w:
        with Dwell("record", "-o", path, "-p", w.pid, *options) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
        return path, w


def reports(recordings, *view):
    """
    The trace and the JSON of one report; they tell the same of each thread and reason. What was spilled, as on a busy machine,
    came as sums: there the trace has less.
    """
    trace, profile = f"{recordings[0]}.pftrace", f"{recordings[0]}.json"
    run("report", *recordings, *view, "-o", trace, "-o", profile).ok()
    got, p = PerfettoFile(trace), Profile(read(profile))
    shown, left_out = (int(got.window.notes[key]) for key in ("waits in the timeline", LEFT_OUT))
    check_equal(shown + left_out, sum(s["intervals"] for s in p.stacks), "waits")
    totals, want = ({k: v for k, v in t.items() if v != [0, 0]} for t in (got.totals(), totals_of(p)))
    if not left_out:
        check_equal(totals, want, "[blocked, runnable] ns by thread and reason")
    check(all(sum(ns) <= sum(want[key]) for key, ns in totals.items()), f"more than there was: {totals}, {want}")
    check(not left_out or p.ledger["spilled_read_intervals"], "waits are left out where some were spilled")
    return got, p, trace


def slices_of_engine(path):
    return engine_query(path, """SELECT thread.tid, slice.category, count(*), sum(slice.dur) FROM slice
        JOIN thread_track ON slice.track_id = thread_track.id JOIN thread USING (utid)
        WHERE slice.category != 'wakeup' GROUP BY 1, 2""", "SELECT count(*) FROM flow")


def check_engine(got, path):
    want = {}
    for s in got.of_threads():
        sums = want.setdefault((got.threads[s.track][1], s.category), [0, 0])
        sums[0] += 1
        sums[1] += s.dur
    slices, flows = slices_of_engine(path)
    check_equal({(tid, category): [cnt, ns] for tid, category, cnt, ns in slices}, want, "what Perfetto has read")
    check_equal(flows, [[len(got.flows)]], "arrows that Perfetto has read")


@case
def every_wait_of_every_thread():
    recording, w = recorded("mixture", "mixture", 100)
    got, _, path = reports([recording])
    check_engine(got, path)
    threads = {tid: (pid, name) for pid, tid, name in got.threads.values()}
    check_equal(threads[w.tid("mix-ping")], (w.pid, "mix-ping"), "a thread")
    check(list(got.processes.values()).count((w.pid, "mixture")) == 1, f"processes {got.processes}")
    check(any("work_sleep" in s.stack for s in got.of_threads() if s.category == "sleep"), "a stack of a sleep")


@case
def sleeps_are_when_they_were():
    """By the machine's clock; the wall clock is there too."""
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    apart = time.time_ns() - before
    recording, w = recorded("sleeper", "sleeper", 20, 10)
    after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    got, _, path = reports([recording])
    window = got.window
    check(before <= window.ns < window.end <= after, f"{before} {window.ns} {window.end} {after}")
    check_equal((set(got.clocks), got.clocks[BOOTTIME]), ({BOOTTIME, REALTIME}, window.ns), "clocks")
    check(abs(got.clocks[REALTIME] - got.clocks[BOOTTIME] - apart) < MAX_STEP_NS, f"wall time: {got.clocks}, {apart}")
    sleeps = [s for s in got.of_threads() if s.category == "sleep" and not s.name.startswith("runnable")
              and "work_sleep" in s.stack]
    check(len(sleeps) >= 20, f"{len(sleeps)} sleeps")
    check(all(window.ns <= s.ns and s.end <= window.end for s in got.of_threads()), "waits in the window")
    check(all(s.dur >= 9_000_000 for s in sleeps if "(open)" not in s.name and s.ns > window.ns),
          f"sleeps of 10 ms: {[s.dur for s in sleeps]}")
    check_equal(engine_query(path, "SELECT min(ts), max(ts + dur) FROM slice"), [[[window.ns, window.end]]], "the window")


@case
def arrows_lead_from_who_woke():
    """From one thread to another that reads what it writes."""
    recording, w = recorded("pipes", "pipes", 60, 2000, options=["--wakers"])
    got, p, path = reports([recording])
    check_engine(got, path)
    tids = {tid for _, tid, _ in got.threads.values()}
    pairs, want = collections.Counter(), collections.Counter()
    for begin, end in got.flows.values():
        pairs[got.threads[begin.track][1], got.threads[end.track][1]] += 1
    for s in p.stacks:
        if s["waker"].get("tid") in tids - {s["tid"]}:
            want[s["waker"]["tid"], s["tid"]] += s["intervals"]
    if got.window.notes[LEFT_OUT] == "0":
        check_equal(pairs, want, "who woke whom how often")
    check(max(pairs.values()) >= 50, f"60 bytes: {pairs}")
    waits = [s for s in got.of_threads() if s.name == "pipe"]
    by = [s for s in waits if s.notes.get("waker_kind") == "thread"]
    check(len(by) > len(waits) / 2 and all({"waker", "waker_pid", "waker_tid"} <= set(s.notes) for s in by),
          f"{len(by)} of {len(waits)} name a thread")
    check(w.pid in {s.notes["waker_pid"] for s in by}, "the process itself among the wakers")


@case
def in_every_view():
    recording, _ = recorded("views", "pipes", 60, 2000, options=["--wakers"])
    for view in (["--reason", "pipe"], ["--split"], ["-U"], ["--per-thread"], ["--by-waker"], ["--no-idle"]):
        got, p, _ = reports([recording], *view)
        check(got.of_threads() or not p.stacks, f"{view}: slices")


@case
def a_report_is_the_run_byte_by_byte():
    recording, live, piped = scratch("run.dwell"), scratch("run.live.pftrace"), scratch("piped")
    with Work("sleeper", 20, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--save", recording, "-o", live) as d:
            d.tracing()
            w.work()
            d.finish().ok()
    reports([recording])
    check(read_bytes(live) == read_bytes(f"{recording}.pftrace"), "report differs from the run")
    with open(piped, "wb") as out:
        Dwell("report", recording, "--format", "perfetto", stdout=out).wait().ok()
    check(read_bytes(piped) == read_bytes(live), "--format perfetto on stdout")


@case
def of_two_recordings():
    """One after the other, on one time line."""
    first, _ = recorded("one", "sleeper", 20, 10)
    second, _ = recorded("two", "sleeper", 20, 10)
    got, _, path = reports([first, second])
    check_engine(got, path)
    starts = {pid: min(s.ns for s in got.of_threads() if got.threads[s.track][0] == pid)
              for pid, name in got.processes.values() if name == "sleeper"}
    check_equal(len(starts), 2, "processes")
    check(abs(max(starts.values()) - min(starts.values())) > 200_000_000, f"200 ms of sleeps between {starts}")


@case
def of_text_there_is_none():
    text, out = scratch("text.folded"), scratch("text.pftrace")
    with open(text, "w") as f:
        f.write("web;main;read 1500\n")
    done = run("report", text, "-o", out)
    check_equal((done.status, done.err.splitlines()[-1]),
                (1, f"dwell: can't write '{out}': there are no single waits in it: make it of a recording"), "what it says")
    check(not os.path.exists(out), "no file")


@case
def to_a_full_disk():
    recording, _ = recorded("full", "sleeper", 5, 10)
    with open("/dev/full", "wb") as out:
        done = subprocess.run([DWELL, "report", recording, "--format", "perfetto"], stdout=out, stderr=subprocess.PIPE,
                              text=True, check=False)
    check(done.returncode and "No space left" in done.stderr, f"{done.returncode}, {done.stderr}")


main()
