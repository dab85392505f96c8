#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""When threads waited: single waits with their times, parts of a recording's time, several machines on one axis."""
import datetime
import json
import time

from livetest import MS, SECOND, Dwell, Work, case, check, check_equal, check_one_line, check_within, main, parse_folded, \
    read, run, scratch, wait_until

recordings = {}


def recording():
    """Of a lock convoy, made once."""
    if "convoy" not in recordings:
        path = scratch("convoy.dwell")
        with Work("convoy", 4, 100, 2) as w:
            with Dwell("record", "--wakers", "-p", w.pid, "-o", path, "-q") as d:
                d.tracing()
                w.work()
                w.tids_asleep()
                d.finish().ok()
        recordings["convoy"] = path
    return recordings["convoy"]


def profile(*args):
    return json.loads(run("report", "--json", "-q", *args).ok().out)


def waits(*args):
    return [json.loads(line) for line in run("report", "--format", "ndjson-waits", "-q", *args).ok().out.splitlines()]


def total(rows):
    return sum(r["blocked_ns"] + r["runnable_ns"] for r in rows)


def at(realtime_ns):
    """As --since takes it."""
    return f"@{realtime_ns // SECOND}.{realtime_ns % SECOND:09}"


@case
def each_wait_has_its_time():
    path = recording()
    p, rows = profile(path), waits(path)
    check_equal(len(rows), sum(s["intervals"] for s in p["stacks"]), "waits")
    by_thread = {}
    for r in rows:
        check(r["start_ns"] >= p["start_realtime_ns"], "before the start")
        end = r["start_ns"] + r["blocked_ns"] + r["runnable_ns"]
        check(end <= p["start_realtime_ns"] + p["window_ns"], "after the end")
        by_thread.setdefault(r["tid"], []).append((r["start_ns"], end))
    for spans in by_thread.values():
        check(all(a[1] <= b[0] for a, b in zip(spans, spans[1:])), "waits of one thread overlap, or are not in order")
    for key in ("blocked_ns", "runnable_ns"):
        check_equal(sum(r[key] for r in rows), sum(s[key] for s in p["stacks"]), key)
    stacks = {}
    for r in rows:
        stacks[r["stack"]] = stacks.get(r["stack"], 0) + r["blocked_ns"] + r["runnable_ns"]
    folded = {";".join(r[0]): r[1] for r in parse_folded(run("report", "-f", "-q", path).ok().out)}
    check_equal({s: (ns + 500) // 1000 for s, ns in stacks.items() if ns >= 500}, folded, "stacks")
    # The thread that let go of the lock woke the next one.
    wakers = {r["waker"]["comm"] for r in rows if r["reason"] == "lock" and "comm" in r.get("waker", {})}
    check({"convoy-0", "convoy-1", "convoy-2", "convoy-3"} <= wakers, f"wakers {wakers}")


@case
def every_view_keeps_them():
    path = recording()
    ns = total(waits(path))
    for view in (["--split"], ["--chains"], ["--per-thread"], ["-U"], ["--by", "none"], ["--wakers"]):
        check_equal(total(waits(*view, path)), ns, f"time with {view}")
    some = waits("--comm", "convoy-1", path)
    check_equal({r["comm"] for r in some}, {"convoy-1"}, "--comm")
    locks = waits("--reason", "lock", path)
    check_equal(locks, [r for r in waits(path) if r["reason"] == "lock"], "--reason")


@case
def live_runs_have_them_too():
    out = scratch("live.waits.ndjson")
    r = run("offcpu", "-q", "-o", out, "--", "sleep", "0.2").ok()
    rows = [json.loads(line) for line in open(out)]
    check_within(total(rows), 190 * MS, 2 * SECOND, f"sleep 0.2 {r.err}")


@case
def parts_add_up():
    path = recording()
    whole = profile(path)
    third = whole["window_ns"] // 3
    cuts = [whole["start_realtime_ns"] + third, whole["start_realtime_ns"] + 2 * third]
    parts = [profile("--until", at(cuts[0]), path), profile("--since", at(cuts[0]), "--until", at(cuts[1]), path),
             profile("--since", at(cuts[1]), path)]
    for key in ("blocked_ns", "runnable_ns"):
        check_equal(sum(p["totals"][key] for p in parts), whole["totals"][key], key)
    for p in parts:
        check_equal(p["ledger"]["imbalance_ns"], 0, "the ledger balances")
        check_equal(p["ledger"]["observed_ns"], whole["ledger"]["observed_ns"], "it is of the run")
        check(p["ledger"]["filtered_ns"] > 0, "what lies outside is named")
        tids = {t["tid"] for t in p["threads"]}
        check(tids and {s["tid"] for s in p["stacks"]} <= tids, "each stack's thread is there")
    check_equal([p["start_realtime_ns"] for p in parts[1:]], cuts, "starts")
    check_equal(sum(p["window_ns"] for p in parts), whole["window_ns"], "windows")
    # After the start: the same moments.
    check_equal(profile("--until", f"+{third}ns", path)["totals"], parts[0]["totals"], "+duration")
    # Of the calendar, with and without a zone.
    day = datetime.datetime.fromtimestamp(cuts[0] // SECOND, datetime.timezone.utc)
    texts = [f"{day:%Y-%m-%dT%H:%M:%S}.{cuts[0] % SECOND:09}Z", f"{day:%H:%M:%S}.{cuts[0] % SECOND:09}"]
    for text in texts:
        check_equal(profile("--until", text, path)["totals"], parts[0]["totals"], text)
    # Single waits are cut as well.
    rows = waits("--since", at(cuts[0]), "--until", at(cuts[1]), path)
    check_equal(min(r["start_ns"] for r in rows), cuts[0], "the first one that was cut")
    check_equal(total(rows), sum(parts[1]["totals"][k] for k in ("blocked_ns", "runnable_ns")), "waits of a part")


@case
def diff_of_two_times():
    path = recording()
    half = profile(path)["window_ns"] // 2
    out = run("diff", "-f", "-q", "--until", f"+{half}ns", path, path).ok().out
    check(out and all(line.split()[-1] == line.split()[-2] for line in out.splitlines()), out[:300])


@case
def recordings_line_up():
    """Two at once, of different processes: together each wait is when it was."""
    paths = [scratch("a.dwell"), scratch("b.dwell")]
    with Work("sleeper", 10, 20) as a, Work("sleeper", 5, 50) as b:
        with Dwell("record", "-p", a.pid, "-o", paths[0], "-q") as one, Dwell("record", "-p", b.pid, "-o", paths[1], "-q") as two:
            one.tracing()
            two.tracing()
            a.work()
            b.work()
            a.tids_asleep()
            b.tids_asleep()
            one.finish().ok()
            two.finish().ok()
    key = lambda r: (r["start_ns"], r["tid"])
    apart = sorted((r for p in paths for r in waits(p)), key=key)
    for order in (paths, paths[::-1]):
        check_equal(sorted(waits(*order), key=key), apart, "waits of both")
    p = profile(*paths)
    check(p["start_boottime_ns"], "one machine has one clock")
    check_equal(p["start_realtime_ns"], min(profile(x)["start_realtime_ns"] for x in paths), "start")


@case
def starts_line_up():
    """Two that were started at different moments begin at the same one."""
    starts = []
    with Work("sleeper", 100, 20) as w:
        runs = []
        for i in range(2):
            path = scratch(f"at-{i}.dwell")
            runs.append((path, Dwell("record", "--start-at", "/2s", "-p", w.pid, "-o", path, "-q", "0.3")))
            time.sleep(0.1)
        for path, d in runs:
            d.wait().ok()
            starts.append(profile(path)["start_realtime_ns"])
    for ns in starts:
        check(ns % SECOND < 500 * MS, f"{ns} is no full second")
        check_equal(ns // SECOND % 2, 0, "a full second that two divides")


@case
def start_given_up():
    with Dwell("record", "--start-at", "+1h", "-o", scratch("never.dwell"), "--", "true") as d:
        wait_until(lambda: "begins in" in read(d.err_path), "it waits for its start")
        d.interrupt()
        r = d.wait()
    check_equal(r.status, 1, r.err)
    check("nothing was recorded" in r.err, r.err)


@case
def mistakes_are_answered():
    path, text = recording(), scratch("plain.folded")
    with open(text, "w") as f:
        f.write("a;b 1\n")
    for args, status, words in ((["report", "--since", "yesterday", path], 2, ["--since", "12:30:00"]),
                                (["report", "--since", "+1h", path], 1, ["nothing of it lies", "Z to 20"]),
                                (["report", "--until", "2001-01-01T00:00:00Z", path], 1, ["nothing of it lies"]),
                                (["report", "--since", "+2ms", "--until", "+1ms", path], 1, ["--since is not before"]),
                                (["report", "--since", "+1s", text], 1, ["--since needs a recording"]),
                                (["report", "-q", "--format", "ndjson-waits", text], 1, ["no single waits", "recording"]),
                                (["record", "--start-at", "@5", "--", "true"], 1, ["ago"]),
                                (["record", "--start-at", "soon", "--", "true"], 2, ["--start-at", "/10s"])):
        r = run(*args)
        check_equal(r.status, status, f"status of {args}")
        check_one_line(r.err, f"{args}", *words)


main()
