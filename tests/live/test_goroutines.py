#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell goroutines beside Go's own tracebacks, for each way of linking; and what its output has."""
import json
import os
import subprocess
import time

from golang import Toolchain
from goroutines import BUILDS, CNT, SOURCE, Program, build, check_layouts, judge, see, settle
from livetest import DWELL, case, check, check_equal, check_one_line, long_case, main, read, run, scratch, start

INFER = {"DWELL_GO_LAYOUT": "inferred"}
go = Toolchain()

for name in BUILDS:
    def one(name=name):
        judge(build(go, name))
    one.__name__ = name.replace(" ", "_")
    case(one)


def program():
    return Program(build(go, "stripped"))


@case
def layout_found_out():
    """Without the table of versions; what can't be told then is which goroutine is locked to a thread."""
    judge(build(go, "stripped pie"), locks=False, env=INFER)


@case
def layout_by_debug_information():
    check_layouts(build(go, "plain"), go.version)


@case
def table():
    with program() as p:
        settle(p)
        out = run("goroutines", "-p", p.pid, "--top", 0).ok().out
    lines = out.splitlines()
    check(f"(pid {p.pid}), go{go.version}" in lines[0] and f"{CNT} goroutines: " in lines[0], f"title: {lines[0]}")
    check("of the runtime not shown" in lines[0], f"title: {lines[0]}")
    check_equal(sum(int(line.split()[0]) for line in lines[3:]), CNT, "goroutines in the rows")
    check_equal(len([line for line in lines if "chan receive (nil chan)" in line]), 1, "rows of the nil channel")
    rows = [line for line in lines if "waiting    chan send  " in line and "main.start goroutines.go:" in line]
    check_equal(sorted(row.split()[0] for row in rows), ["1", "7"], "rows of those that send")


@case
def stacks():
    with program() as p:
        settle(p)
        out = run("goroutines", "-p", p.pid, "--stacks", "--top", 0).ok().out
    blocks = out.split("\n\n")[1:]
    check_equal(sum(int(b.split()[0]) for b in blocks), CNT, "goroutines in the blocks")
    deepest = max(blocks, key=lambda b: b.count("main.produce(...)"))
    check_equal(deepest.count("main.produce(...)"), 7, "depth of the deepest producer")
    check(deepest.startswith("1 goroutine [chan send]"), deepest)


@case
def with_the_runtime():
    with program() as p:
        settle(p)
        short, whole = see(p), see(p, "--system", "--runtime")
        title = run("goroutines", "-p", p.pid).ok().out.splitlines()[0]
    more = {n: g for n, g in whole.items() if n not in short}
    check(len(more) >= 4, f"only {len(more)} of the runtime")
    check(f"; {len(more)} of the runtime not shown" in title, f"{len(more)} in {title}")
    check(all(g.functions()[-2].startswith("runtime.") for g in more.values()), "not all begin in the runtime")
    check(all(g.functions()[-1] == "runtime.goexit" for g in whole.values() if g.frames), "not all end in runtime.goexit")


@case
def as_json():
    with program() as p:
        settle(p)
        data = json.loads(run("goroutines", "-p", p.pid, "--json", "--stacks", "--each").ok().out)
        mine = see(p)
    check_equal([data["pid"], data["go"].startswith("go" + go.version), data["layout"]], [p.pid, True, "table"], "head")
    check_equal(data["goroutines"], CNT, "goroutines")
    check_equal(sum(r["goroutines"] for r in data["rows"]), CNT, "goroutines of rows")
    check_equal({k: v for k, v in data["counts"].items() if v and k not in ("listed", "ended")}, {}, "counts")
    for g in data["each"]:
        text = mine[g["goid"]]
        if "main.spin" == g["function"]:
            continue
        check_equal(g.get("wait_reason", g["state"]), text.state, f"state of {g['goid']}")
        check_equal([(f["function"], f["file"], f["line"]) for f in g["stack"]], [f[:3] for f in text.frames],
                    f"stack of {g['goid']}")
    reasons = {}
    for g in data["each"]:
        reasons.setdefault(g["function"], set()).add(g.get("blocking_reason"))
    expected = {"main.lock": "mutex", "main.lockRead": "mutex", "main.lockWrite": "mutex", "main.waitGroup": "waitgroup",
                "main.waitCond": "cond", "main.receiveNil": "forever", "main.sendNil": "forever", "main.forever": "forever",
                "main.receive": "chan_receive", "main.send": "chan_send", "main.choose": "select",
                "main.sleepForLong": "sleep", "main.tick": "chan_receive"}
    check_equal({k: reasons.get(k) for k in expected}, {k: {v} for k, v in expected.items()}, "reasons")


@case
def ages():
    """Who has run since the last look is new; the others get older with each look, and nobody knows since when before the first."""
    path = scratch("ages.json")
    with program() as p:
        settle(p)
        run("goroutines", "-p", p.pid, "--each", "--watch", "0.3", "-o", path, 1).ok()
    looks = [json.loads(text) for text in read(path).replace("}\n{", "}\0{").split("\0")]
    check(len(looks) >= 3, f"{len(looks)} looks")
    first, last = looks[0], looks[-1]
    passed = last["time_ns"] - first["time_ns"]
    old = {g["goid"]: g for g in last["each"]}
    for g in first["each"]:
        now = old[g["goid"]]
        if g["state"] == "waiting":
            check(now["since_ns"] - g["since_ns"] == passed and now["or_longer"], f"{g}\n{now}")
    spinning = [g for g in last["each"] if g["function"] == "main.spin"]
    check(spinning[0]["since_ns"] < passed, f"the one that runs: {spinning}")


@case
def several_processes():
    with program() as a, Program(build(go, "plain")) as b:
        out = run("goroutines", "-p", f"{a.pid},{b.pid}", "--json").ok().out
    check_equal([json.loads(text)["pid"] for text in out.replace("}\n{", "}\0{").split("\0")], [a.pid, b.pid], "processes")


@case
def one_that_ends():
    with program() as p:
        watching = start([DWELL, "goroutines", "-p", str(p.pid), "--watch", "0.05", "-o", scratch("ends.txt")])
        time.sleep(0.5)
        p.process.kill()
        p.process.wait()
        check_equal(watching.wait(20), 0, "status")
    check(f"(pid {p.pid})" in read(scratch("ends.txt")), "nothing was seen before")


@case
def one_that_execs():
    """Nothing of the program before may show; it is read anew, ages too."""
    path = scratch("execs.json")
    with Program(build(go, "stripped pie")) as p:
        watching = start([DWELL, "goroutines", "-p", str(p.pid), "--each", "--watch", "0.02", "-o", path])
        for _ in range(5):
            p.process.stdin.write(b"exec\n")
            p.process.stdin.flush()
            p.hear("ready ")
        settle(p)
        mine = see(p)
        watching.terminate()
        check_equal(watching.wait(20), 0, "status")
    check_equal(len(mine), CNT, "goroutines of the last")
    looks = [json.loads(text) for text in read(path).replace("}\n{", "}\0{").split("\0")]
    check(max(look["goroutines"] for look in looks) == CNT, "never all of them")
    check(all(g["function"].startswith(("main.", "runtime.main", "os/signal.", "net.")) for look in looks
              for g in look["each"]), "functions that are none of the program's")


@case
def while_the_list_grows():
    with program() as p:
        path = scratch("grows.json")
        watching = start([DWELL, "goroutines", "-p", str(p.pid), "--stacks", "--watch", "0.01", "-o", path])
        for n in (1000, 10000, 20000):
            p.ask(f"grow {n}")
        settle(p)
        data = json.loads(run("goroutines", "-p", p.pid, "--json", "--stacks").ok().out)
        watching.terminate()
        check_equal(watching.wait(20), 0, "status")
    check_equal(data["goroutines"], CNT + 31000, "goroutines")
    check_equal({k: v for k, v in data["counts"].items() if v and k not in ("listed", "ended")}, {}, "counts")
    for text in read(path).replace("}\n{", "}\0{").split("\0"):
        counts = json.loads(text)["counts"]
        check_equal([counts["damaged"], counts["unreadable"], counts["stacks_cut"]], [0, 0, 0], "damage")


@case
def command_line():
    for args, words in ((["goroutines"], ["-p PID"]), (["goroutines", "-p", 1, "5"], ["--watch"]),
                        (["goroutines", "-p", 1, "--stacks", "--each"], ["--stacks", "--each", "--json"]),
                        (["goroutines", "-p", 1, "--scheduler", "--each"], ["--scheduler", "--each", "--json"]),
                        (["goroutines", "-p", 1, "--leaks", "--watch", 1], ["--leaks", "--watch"]),
                        (["goroutines", "-p", 1, "--go-events", "1s", "--by-label", "k"], ["--go-events", "--by-label"]),
                        (["goroutines", "-p", "1,2", "--go-events", "1s"], ["one process"]),
                        (["goroutines", "-p", 1, "--window", 60], ["--leaks"])):
        result = run(*args)
        check_equal(result.status, 2, f"status of {args}")
        check_one_line(result.err, f"{args}", *words)


def refused(pid, *words):
    result = run("goroutines", "-p", pid)
    check_equal(result.status, 1, f"status: {words}")
    check_one_line(result.err, f"{words}", str(pid), *words)


def sleeper(name, more):
    """A program that sleeps, of C, with what another compiler would have left in it."""
    source, path = scratch(name + ".c"), scratch(name)
    with open(source, "w", encoding="utf-8") as f:
        f.write(f"#include <unistd.h>\n{more}\nint main(void) {{ write(1, \"r\", 1); for (;;) pause(); }}\n")
    subprocess.run([os.environ.get("CC", "gcc"), "-w", source, "-o", path], check=True)
    return path


@case
def refusals():
    """Each says what it is, and what helps. TinyGo, gccgo and garble are known by what they leave in a program."""
    left = {
        "plain": ("", ["no Go program", "dwell dump"]),
        "tiny": ("void tinygo_init(void) {}", ["TinyGo", "Go's own compiler"]),
        "gccgo": ("void __go_init_main(void) {}", ["gccgo", "Go's own compiler"]),
        "garbled": ('__attribute__((section(".gopclntab"))) const char table[64] = "no table";', ["garble", "build it without"]),
    }
    for name, (more, words) in left.items():
        p = start([sleeper(name, more)], stdout=subprocess.PIPE)
        check_equal(p.stdout.read(1), b"r", name)
        refused(p.pid, *words)
        p.kill()
        p.wait()
        p.stdout.close()
    refused(p.pid, "no process", "dwell list")


@long_case
def for_32_bit():
    with Program(go.build("of32", [SOURCE], cgo=False, GOARCH="386")) as p:
        refused(p.pid, "32 bit", "dwell dump")


main(needs_tracing=False)
