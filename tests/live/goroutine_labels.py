# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A Go program whose goroutines have labels, its own profile of them (pprof, debug=1), and what dwell reads of them: they have to be equal.

The program is work/goroutine_labels.go. Its profile puts goroutines with equal stacks and labels together: what is compared is how many
goroutines there are of each first function and set of labels.
"""
import ast
import collections
import json
import os
import re

from goroutines import MAIN, Program
from livetest import ROOT, check, check_equal, run, wait_until

SOURCE = os.path.join(ROOT, "tests", "live", "work", "goroutine_labels.go")
MAX_LABELS, MAX_BYTES = 32, 256


def unquote(text):
    """What Go's %q has made of a string, as JSON has it: bytes that are no UTF-8 are U+FFFD."""
    parts = re.split(r"((?:\\x[0-9a-f]{2})+)", text)
    return "".join(bytes.fromhex(p.replace("\\x", "")).decode("utf-8", "replace") if i % 2 else
                   ast.literal_eval(f'"{p}"') for i, p in enumerate(parts))


def cut(text):
    return text.encode()[:MAX_BYTES].decode("utf-8", "ignore")


def parse_labels(line):
    found = re.findall(r'"((?:[^"\\]|\\.)*)":"((?:[^"\\]|\\.)*)"', line)
    return {unquote(k): cut(unquote(v)) for k, v in found}


def kind(function, labels):
    return function, tuple(sorted(labels.items()))


def parse_profile(text):
    """{(first function, labels): goroutines}"""
    found = collections.Counter()
    for block in re.split(r"\n\n", text):
        head = re.search(r"^(\d+) @", block, re.M)
        if not head:
            continue
        labels = re.search(r"^# labels: \{(.*)\}$", block, re.M)
        functions = re.findall(r"^#\t0x[0-9a-f]+\t(.*?)\+0x", block, re.M)
        if functions[-1] not in ("main.main", "runtime.main"):
            found[kind(functions[-1], parse_labels(labels[1]) if labels else {})] += int(head[1])
    return found


def read_json(p, *options, **more):
    return json.loads(run("goroutines", "-q", "-p", p.pid, "--each", "--json", *options, **more).ok().out)


def settle(p):
    """Until all wait, and the one that writes profiles does for us."""
    def waits():
        return all(g["state"] == ("syscall" if g["goid"] == MAIN else "waiting") for g in read_json(p)["each"])
    wait_until(waits, "all wait")


def apart(counter):
    """Those that are whole, and those of which dwell shows a part."""
    large = collections.Counter({k: n for k, n in counter.items() if len(k[1]) > MAX_LABELS})
    return counter - large, large


def check_same(data, profile):
    mine, cut_ones = collections.Counter(), []
    for g in data["each"]:
        labels = g.get("labels", {})
        if g["goid"] == MAIN:
            continue
        if g.get("labels_cut") and len(labels) == MAX_LABELS:
            cut_ones.append((g["stack"][-1]["function"], labels))
        else:
            mine[kind(g["stack"][-1]["function"], labels)] += 1
    its, large = apart(profile)
    check_equal(sorted((mine - its).items()), [], "labels that only dwell has")
    check_equal(sorted((its - mine).items()), [], "labels that only Go has")
    check_equal(len(cut_ones), sum(large.values()), "goroutines with more labels than are read")
    for function, labels in cut_ones:
        check(any(k[0] == function and set(labels.items()) <= set(k[1]) for k in large), f"of no set: {function} {labels}")
    check_equal({k: v for k, v in data["counts"].items() if v and k not in ("listed", "ended")}, {}, "counts")


def judge(path, **more):
    """Compares all of them. How many goroutines there are."""
    with Program(path) as p:
        settle(p)
        profile = parse_profile(p.ask("profile"))
        data = read_json(p, **more)
        check_same(data, profile)
    with_ids = [g for g in data["each"] if "trace_id" in g.get("labels", {})]
    check_equal(len(with_ids), 12, "goroutines with a trace id: of 3 requests, each with 3 that inherit it")
    check_equal(sum(g["labels"].get("stage") == "db" for g in with_ids), 3, "those with one more label")
    return data["goroutines"]


def build(go, *flags):
    return go.build("goroutine-labels", [SOURCE], *flags, cgo=False)
