#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell goroutines --scheduler beside runtime/metrics: while the program is stopped, and while it runs; and what its output has."""
import json
import re

from go_scheduler import BUILDS, SOURCE, addresses, build, judge, judge_busy, see
from go_versions import newest
from golang import Toolchain
from goroutines import NO_SYMBOLS, Program
from livetest import case, check, check_equal, check_one_line, main, read, run, scratch

go = Toolchain()

for name in BUILDS:
    def one(name=name):
        judge(go, name)
    one.__name__ = name.replace(" ", "_")
    case(one)


@case
def of_the_newest():
    judge(newest(), "stripped")
    judge_busy(newest(), "plain")


@case
def busy():
    judge_busy(go, "stripped")


@case
def name_or_values():
    path = build(go, "plain")
    with Program(path) as p:
        by_name, first, by_values, second, third = addresses(path, p.pid)
    check_equal([by_name, by_values, first, second], ["name", "values", third, third], "where it is")


@case
def other_limit_of_threads():
    """Stripped, and with debug.SetMaxThreads(): what else is in it has to do."""
    with open(SOURCE, encoding="utf-8") as f:
        text = f.read()
    text = text.replace('"runtime/metrics"', '"runtime/debug"\n\t"runtime/metrics"')
    text = text.replace("runtime.GOMAXPROCS(maxProcs)", "runtime.GOMAXPROCS(maxProcs)\n\tdebug.SetMaxThreads(500)")
    path = scratch("limited.go")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    with Program(go.build("limited", [path], NO_SYMBOLS, cgo=False)) as p:
        p.ask("work")
        said = run("goroutines", "-v", "-p", p.pid, "--scheduler").ok().err
        check("by its values; another limit of threads is set" in said, said)
        check(see(p)["latency"]["count"] > 20, "nothing was counted")


@case
def text():
    with Program(build(go, "stripped")) as p:
        p.ask("work")
        out = run("goroutines", "-p", p.pid, "--scheduler").ok().out
        mine = see(p)
    check(re.match(rf"\S+ \(pid {p.pid}\), go{go.version}\S*: the scheduler, since the program began\n", out), out)
    row = re.search(r"^scheduling latency +([\d,]+) ", out, re.M)
    check_equal(int(row[1].replace(",", "")), mine["latency"]["count"], "count")
    bars = re.findall(r"^\[.*\) +([\d,]+) \|@* *\|$", out, re.M)
    check_equal(sum(int(n.replace(",", "")) for n in bars), mine["latency"]["count"], "sum of the lines")
    check_equal("stop the world: GC" in out, go.minor >= 22, "pauses")


@case
def watched():
    """From the second look on: what came since the one before."""
    path = scratch("watched.txt")
    with Program(build(go, "stripped")) as p:
        p.ask("work")
        run("goroutines", "-p", p.pid, "--scheduler", "--watch", "0.2", "-o", path, "0.5").ok()
    looks = read(path).split("\n\n" + p.process.args[0].rsplit("/", 1)[1][:15])
    check(len(looks) >= 3, f"{len(looks)} looks")
    check("since the program began" in looks[0] and "@" in looks[0], looks[0])
    for look in looks[1:]:
        check("in the last " in look and "/s" in look, look)
        cnt = int(re.search(r"^scheduling latency +([\d,]+) ", look, re.M)[1].replace(",", ""))
        check(cnt < 20, f"it was quiet: {cnt}")


@case
def with_stacks():
    with Program(build(go, "stripped")) as p:
        p.ask("busy")
        data = json.loads(run("goroutines", "-p", p.pid, "--scheduler", "--stacks", "--json").ok().out)
        result = run("goroutines", "-p", p.pid, "--scheduler", "--stacks")
    check(any("stack" in row for row in data["rows"]) and "scheduler" in data, f"members: {sorted(data)}")
    check_equal(result.status, 2, "status")
    check_one_line(result.err, "both views", "--scheduler", "--json")


main(needs_tracing=False)
