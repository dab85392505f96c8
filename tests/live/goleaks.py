# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A Go program that leaks at two places and at five others doesn't (work/goleaks.go), and what dwell goroutines --leaks says of it."""
import json
import os

from goroutines import NO_SYMBOLS, Program
from livetest import ROOT, check, check_equal, check_within, run

SOURCE = os.path.join(ROOT, "tests", "live", "work", "goleaks.go")


def build(go):
    return go.build("goleaks", [SOURCE], NO_SYMBOLS, cgo=False)


def line_of(text):
    """The number of the line of the source that is so."""
    with open(SOURCE, encoding="utf-8") as f:
        return [line.strip() for line in f].index(text) + 1


class Leaky(Program):
    def ask(self, line):
        return int(super().ask(line))

    def counts(self):
        return {"main.ask": self.ask("sent"), "main.leakSelects": self.ask("chosen")}


def objects(text):
    return [json.loads(part) for part in text.replace("}\n{", "}\0{").split("\0")]


def check_channels(site, kind):
    """Each goroutine is alone at channels of its own, and the words say so."""
    c = site["channels"]
    n = site["goroutines"]
    check_equal([c["goroutines"], c["alone"], c["alike"]], [n, n, n], f"channels of {kind}: {c}")
    cases = sorted((e["case"], e["length"], e["capacity"], e["closed"], e["timer"]) for e in c["example"])
    if kind == "main.ask":
        check_equal(cases, [("send", 0, 0, False, False)], "the channel of one that sends")
        check_equal(c["text"], f"a send to an unbuffered channel that nobody receives from; {n} such channels, each with one goroutine alone",
                    "words")
    else:
        check_equal(cases, [("receive", 0, 0, False, False), ("send", 0, 0, False, False)], "the channels of a select")
        check(c["text"].startswith("a select with 2 cases: a ") and f"{2 * n} channels for {n} goroutines" in c["text"], c["text"])


def check_site(site, version, counts, after):
    kind = site["created_by"]["function"]
    check_equal(site["verdict"], "growing", f"{version}: verdict of {kind}")
    check_within(site["goroutines"], counts[kind], after[kind], f"{version}: goroutines of {kind}")
    check(site["per_minute"] > 0 and not site["is_certain"], f"{version}: {site}")
    check(site["still"] * 2 >= site["goroutines"] and site["ages"]["p50"]["ns"] <= site["ages"]["oldest"]["ns"], f"{version}: {site}")
    functions = [f["function"] for f in site["example"]["stack"]]
    statement = {"main.ask": "go func() {", "main.leakSelects": "go choose(make(chan struct{}), make(chan int))"}[kind]
    check_equal(site["created_by"]["line"], line_of(statement), f"{version}: line of {kind}")
    check_equal(functions[0], {"main.ask": "main.answer", "main.leakSelects": "main.choose"}[kind], f"{version}: stack of {kind}")
    check_channels(site, kind)
    if "parent" in site:
        check_equal(site["parent"]["created_by"]["function"], "main.leak", f"{version}: who created the creator")


def judge(toolchains, seconds):
    """All at once: 2 of 2 that leak, and 0 of 5 that don't. The pool of 30 fills up while they are watched."""
    programs = [Leaky(build(go)) for go in toolchains]
    for p in programs:
        p.ask("leak")
    before = [p.counts() for p in programs]
    result = run("goroutines", "-q", "-p", ",".join(str(p.pid) for p in programs), "--leaks", "--json", seconds, timeout=seconds + 120)
    after = [p.counts() for p in programs]
    check_equal(result.status, 1, f"status: {result.err}")
    found = objects(result.out)
    check_equal([o["pid"] for o in found], [p.pid for p in programs], "processes")
    for go, o, low, high in zip(toolchains, found, before, after):
        sites = {s["created_by"]["function"]: s for s in o["sites"]}
        check_equal(sorted(sites), ["main.ask", "main.leakSelects"], f"{go.version}: who leaks")
        check_equal([o["growth_is_told"], o["window_ns"], o["goroutines_of_sites_beyond"]], [True, seconds * 10**9, 0], "head")
        check(o["watched_ns"] >= o["window_ns"] and o["goroutines"] >= 200, f"{go.version}: {o['goroutines']} goroutines")
        for site in o["sites"]:
            check_site(site, go.version, low, high)
    for p in programs:
        p.__exit__()
