#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Labels of goroutines beside the program's own profile; and how they are shown."""
import json
import re

from golang import Toolchain
from goroutine_labels import build, check_same, judge, parse_profile, read_json, settle
from goroutines import Program
from livetest import case, check, check_equal, long_case, main, run

go = Toolchain()


def program():
    return Program(build(go, "-ldflags=-s -w"))


@case
def equal_to_the_profile():
    judge(build(go, "-ldflags=-s -w"))


@case
def position_independent():
    judge(build(go, "-buildmode=pie"))


@case
def layout_found_out():
    judge(build(go, "-ldflags=-s -w"), env={"DWELL_GO_LAYOUT": "inferred"})


@case
def text():
    """A header as Go 1.27 writes it."""
    with program() as p:
        settle(p)
        out = run("goroutines", "-p", p.pid, "--each").ok().out
    heads = re.findall(r"^goroutine \d+ \[(.*)\n", out, re.M)
    want = 'chan receive] {endpoint: /checkout, span_id: 00f067aa0ba90201, trace_id: 4bf92f3577b34da6a3ce929d0e0e4701}:'
    check_equal(heads.count(want), 3, f"headers {want}")
    quoted = r'chan receive] {: "no key", "no value": , odd: "na\u00efve \"quoted\" \\ value"}:'
    check_equal(heads.count(quoted), 1, f"headers {quoted}")
    check(r'odd: "bad \xff byte"' in out and r'odd: "\U0001f600 ok"' in out and r'odd: "\u007f\x01"' in out, out)


@case
def by_label():
    with program() as p:
        settle(p)
        out = run("goroutines", "-p", p.pid, "--by-label", "endpoint", "--top", 0).ok().out
        data = json.loads(run("goroutines", "-p", p.pid, "--by-label", "endpoint", "--json").ok().out)
        stacks = run("goroutines", "-p", p.pid, "--by-label", "endpoint", "--stacks").ok().out
    lines = out.splitlines()
    at = lines[2].index("endpoint")
    rows = [line[at:].split()[0] for line in lines[3:] if " main.wait " in line]
    check_equal(sorted(rows), ["-", "/cart", "/cart", "/checkout", "/checkout"], "rows of main.wait, by endpoint and creator")
    counts = {}
    for row in data["rows"]:
        key = row.get("labels", {}).get("endpoint")
        counts[key] = counts.get(key, 0) + row["goroutines"]
    check_equal([counts["/cart"], counts["/checkout"], sum(counts.values())], [8, 4, data["goroutines"]], "goroutines by endpoint")
    check("2 goroutines [chan receive] {endpoint: /cart}:\nmain.request(...)" in stacks, stacks[:3000])


@case
def not_asked_for():
    with program() as p:
        data = json.loads(run("goroutines", "-p", p.pid, "--json").ok().out)
    check(not any("labels" in row for row in data["rows"]), "labels in the rows")


@long_case
def of_many():
    """Each with a set of its own."""
    with program() as p:
        p.ask("grow 20000")
        settle(p)
        data = read_json(p)
        check_same(data, parse_profile(p.ask("profile")))
    ids = {g["labels"]["trace_id"] for g in data["each"] if g["function"].startswith("main.own")
           or g["stack"][-1]["function"] == "main.own"}
    check_equal(len(ids), 20000, "trace ids")


@case
def that_change():
    """What is read of a set while its goroutine goes on to another is of one set: both labels say the same."""
    with program() as p:
        p.ask("churn 50")
        looks = [read_json(p) for _ in range(20)]
    sets = [g["labels"] for look in looks for g in look["each"] if "a" in g.get("labels", {})]
    check(len(sets) > 20, f"{len(sets)} sets of those that change were seen")
    wrong = [s for s in sets if s["a"] != s["b"] or not re.fullmatch(r"\d+\.\d+", s["a"])]
    check_equal(wrong, [], "sets that were never one")


main(needs_tracing=False)
