#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell report: a part of a recording, its stacks shortened or put together, and several recordings as one."""
import json

from livetest import Dwell, Work, case, check, check_equal, check_one_line, main, parse_folded, run, scratch

recordings = {}


def recording(name, *args):
    """Of a workload, made once."""
    if name not in recordings:
        path = scratch(f"{name}.dwell")
        with Work(name, *args) as w:
            with Dwell("record", "-p", w.pid, "-o", path, "-q") as d:
                d.tracing()
                w.work()
                w.tids_asleep()
                d.finish().ok()
        recordings[name] = path
    return recordings[name]


def folded(*args):
    return parse_folded(run("report", "-f", "-q", *args).ok().out)


def profile(*args):
    return json.loads(run("report", "--json", "-q", *args).ok().out)


def us(rows):
    return sum(row[1] for row in rows)


@case
def what_is_selected():
    path = recording("convoy", 4, 200, 2)
    everything = folded(path)
    one = folded("--comm", "convoy-1", path)
    check_equal(one, [r for r in everything if r[0][0] == "convoy-1"], "--comm")
    check_equal({r[0][0] for r in folded("--comm", "convoy-[0-2]", path)}, {"convoy-0", "convoy-1", "convoy-2"}, "--comm glob")
    waits = folded("--grep", "^work_(hold|take)$", path)
    check(waits, "nothing matches")
    check_equal(waits, [r for r in everything if {"work_hold", "work_take"} & set(r[0])], "--grep")
    p = profile(path)
    threads = {t["comm"]: t for t in p["threads"]}
    tid = threads["convoy-2"]["tid"]
    check_equal(folded("-t", tid, path), [r for r in everything if r[0][0] == "convoy-2"], "-t")
    selected = profile("-t", tid, path)
    check_equal([t["tid"] for t in selected["threads"]], [tid], "threads of -t")
    all_ns = sum(p["totals"][k] for k in ("blocked_ns", "runnable_ns"))
    some_ns = sum(selected["totals"][k] for k in ("blocked_ns", "runnable_ns"))
    check_equal(selected["totals"]["not_selected_ns"] + some_ns, all_ns, "what is selected and what is not")
    check_equal(selected["ledger"], p["ledger"], "the ledger is of all")
    check_equal(folded("-p", threads["convoy-2"]["pid"], path), everything, "-p")
    # Halfway between the two stacks that lie furthest apart: rows are rounded.
    sizes = sorted(r[1] for r in everything)
    _, edge = max((high - low, (high + low) // 2) for low, high in zip(sizes, sizes[1:]))
    check_equal(folded("--min", f"{edge}us", path), [r for r in everything if r[1] >= edge], "--min")


@case
def stacks_put_together():
    path = recording("convoy", 4, 200, 2)
    everything = folded(path)
    none = folded("--by", "none", path)
    check(abs(us(none) - us(everything)) <= len(everything), "--by none: time")
    check(0 < len(none) < len(everything), f"{len(none)} stacks of {len(everything)}")
    check(not [r for r in none if r[0][0].startswith("convoy")], "--by none leaves names of threads")
    by_reason = {}
    for row in folded("--by", "reason", path):
        by_reason[row[0][0]] = by_reason.get(row[0][0], 0) + row[1]
    reasons = {name: r["blocked_ns"] + r["runnable_ns"] for name, r in profile(path)["reasons"].items()}
    for name, total in by_reason.items():
        check(abs(reasons[name] / 1000 - total) <= len(everything), f"{name}: {total} us, {reasons[name]} ns")
    check_equal(folded("--by", "thread", path), folded("--per-thread", path), "--by thread")
    check_equal({r[0][0] for r in folded("--by", "process", path)}, {f"convoy-{profile(path)['threads'][0]['pid']}"},
                "--by process")


@case
def shorter_stacks():
    text = scratch("names.folded")
    with open(text, "w") as f:
        f.write("app;std::vector<int>::push_back;alloc 10\napp;std::vector<long>::push_back;alloc 5\n"
                "app;walk;walk;walk;leaf 7\napp;walk;leaf 3\n")
    check_equal(run("report", "-f", "-q", "--strip-templates", "--fold-recursion", text).ok().out,
                "app;std::vector::push_back;alloc 15\napp;walk;leaf 10\n", "shorter stacks")


@case
def several_as_one():
    a, b = recording("convoy", 4, 200, 2), recording("sleeper", 20, 10)
    both = profile(a, b)
    one, two = profile(a), profile(b)
    for key in ("blocked_ns", "runnable_ns", "intervals"):
        check_equal(both["totals"][key], one["totals"][key] + two["totals"][key], key)
    check_equal(both["ledger"]["observed_ns"], one["ledger"]["observed_ns"] + two["ledger"]["observed_ns"], "observed")
    check_equal(len(both["threads"]), len(one["threads"]) + len(two["threads"]), "threads")
    check_equal(sorted(folded(a, b)), sorted(folded(a) + folded(b)), "stacks of different programs")
    twice = profile(a, a)
    check_equal(twice["totals"]["blocked_ns"], 2 * one["totals"]["blocked_ns"], "the same one twice")
    check_equal(twice["window_ns"], one["window_ns"], "its window is the same time")


@case
def diff_of_a_part():
    a = recording("convoy", 4, 200, 2)
    out = run("diff", "-f", "-q", "--comm", "convoy-0", "--by", "none", a, a).ok().out
    check(out and all(line.split()[-1] == line.split()[-2] for line in out.splitlines()), out)


@case
def mistakes_are_answered():
    text = scratch("plain.folded")
    with open(text, "w") as f:
        f.write("a;b 1\n")
    for args, status, words in ((["--grep", "(", text], 2, ["--grep", "regular expression"]),
                                (["--by", "colour", text], 2, ["--by", "comm, process"]),
                                (["-p", "1", text], 1, ["need recordings"]),
                                ([], 2, ["dwell report FILE"])):
        r = run("report", *args)
        check_equal(r.status, status, f"status of {args}")
        check_one_line(r.err, f"{args}", *words)


main()
