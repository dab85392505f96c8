#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell goroutines --go-events beside what a program knows of its own waits: with Debian's Go and the newest."""
import json
import os
import subprocess

from go_versions import toolchain
from go_events import (LOSSES, NO_LIMIT, Burst, Waits, build, changed, check_ledger, check_no_loss, is_emulated, rows, text_of,
                      total)
from golang import Toolchain
from livetest import DWELL, case, check, check_equal, check_near, check_one_line, main, run, start, wait_until

NEWEST = "1.27"
ROUNDS = 3000
debian = Toolchain()


def newest():
    return toolchain(NEWEST)


def program(go=debian, *flags):
    return Waits(build(go, *flags))


def ping_pong(go, *flags):
    """Two waits for each round trip, give or take how the two meet at first; and the times are all of the time."""
    with program(go, *flags) as p:
        burst = Burst(p, *NO_LIMIT)
        took = p.took(f"pingpong {ROUNDS}")
        data = burst.end()
    check_no_loss(data)
    check_near(sum(r["waits"] for r in data["rows"] if r["wait_reason"].startswith("chan ")), 2 * ROUNDS, "waits", share=0.01,
               slack=2)
    mine = rows(data, "main.pingPong")
    check_near(total(mine, "waits"), ROUNDS, "waits of the other side", share=0.01, slack=2)
    check(total(mine) <= 1.01 * took, f"it waited {total(mine)} ns of {took}")
    check_equal([r["to_run"]["waits"] for r in mine], [r["waits"] for r in mine], "waits whose end was told")


@case
def ping_pong_debian():
    ping_pong(debian)


@case
def ping_pong_newest():
    ping_pong(newest())


@case
def ping_pong_stripped_pie():
    ping_pong(debian, "-ldflags=-s -w", "-buildmode=pie")


def lengths(go):
    """One goroutine for each kind; what it measures itself is what dwell has to say."""
    with program(go) as p:
        burst = Burst(p)
        slept, locked, read = p.took("sleeps 20 10"), p.took("locks 20 10"), p.took("reads 20 10")
        data = burst.end()
    check_no_loss(data)
    for creator, reasons, took, known in (("main.sleeps", ["sleep"], slept, True),
                                          ("main.locks", ["semacquire", "sync.Mutex.Lock"], locked, True),
                                          ("main.reads", ["IO wait"], read, False)):
        found = rows(data, creator, reasons)
        check_equal([r["waits"] for r in found], [20], f"waits of {creator}")
        # It measures from outside: with the time from when it may run until it does, and its own steps.
        check(total(found) <= took, f"{creator} waited {total(found)} ns of {took}")
        check_near(total(found), took, f"time in {creator}", share=0.01, slack=2e6)
        check_equal(found[0]["to_run"]["waits"], 20 if known else 0, f"{creator}: ends that were told")
        blocked = found[0]["blocked"]
        check(blocked["p50_ns"] >= 9.6e6 and blocked["max_ns"] >= blocked["p99_ns"] >= blocked["p50_ns"],
              f"{creator}: {blocked}")
    check_equal(rows(data, "main.locks", ["semacquire", "sync.Mutex.Lock"])[0]["blocking_reason"], "mutex", "kind of lock")


@case
def lengths_debian():
    lengths(debian)


@case
def lengths_newest():
    lengths(newest())


def stacks(go):
    with program(go) as p:
        burst = Burst(p, "--stacks", "--runtime")
        p.took("sleeps 5 2")
        p.took("deeps 5")
        data = burst.end()
    check_no_loss(data)
    names = [f["function"] for f in rows(data, "main.sleeps")[0]["stack"]]
    check_equal(names[:3], ["runtime.gopark", "time.Sleep", "main.sleeper"], "innermost functions")
    check_equal(names[-1], "runtime.goexit", "outermost function")
    deep = rows(data, "main.deeps")
    # 2, 39, 76... calls; 127 frames are kept.
    check_equal(sorted(r["stack_is_whole"] for r in deep), [False, True, True, True, True], f"whole: {len(deep)} rows")
    first = [r for r in deep if r["stack_is_whole"]]
    check_equal(sorted(sum(f["function"] == "main.deep" for f in r["stack"]) for r in first), [2, 39, 76, 113], "depths")


@case
def stacks_debian():
    stacks(debian)


@case
def stacks_newest():
    stacks(newest())


@case
def stack_that_grows():
    """It may grow on the very way to the wait, which begins again then: one wait all the same."""
    with program() as p:
        burst = Burst(p, *NO_LIMIT)
        p.took("burials 2000")
        p.took("deeps 500")
        data = burst.end()
    check_no_loss(data)
    check_equal(data["ledger"]["open"], 2000, "waits that don't end")
    check_equal(total(rows(data, "main.deeps"), "waits"), 500, "waits in the depth")


@case
def probes_come_and_go():
    """Three bytes of the program's code while it lasts, each of an instruction that the kernel emulates; afterwards none."""
    with program() as p:
        before = text_of(p.pid)
        burst = Burst(p)
        during = text_of(p.pid)
        burst.end()
        places = changed(before, during)
        check_equal([len(places), all(map(is_emulated, places))], [3, True], f"probes at {places}")
        check_equal(changed(before, text_of(p.pid)), [], "what is left of them")
        burst = Burst(p)
        burst.process.kill()
        burst.process.wait()
        wait_until(lambda: not changed(before, text_of(p.pid)), "the probes of a dwell that was killed are gone")
        check(p.took("pingpong 10") > 0, "the program does not answer")


@case
def many_times_in_the_depth():
    """It comes and goes while stacks grow under its probes."""
    with program() as p:
        before = text_of(p.pid)
        p.ask("recur")
        out = run("goroutines", "-p", p.pid, "--go-events", "20ms/40ms", "5", "--json", *NO_LIMIT).ok().out
        bursts = [json.loads(text) for text in out.replace("}\n{", "}\0{").split("\0")]
        check_equal(changed(before, text_of(p.pid)), [], "what is left of the probes")
        check(p.took("pingpong 100") > 0, "the program does not answer")
    check(len(bursts) >= 5, f"{len(bursts)} bursts")
    for data in bursts:
        check_ledger(data)
    check(sum(total(rows(data, "main.deeps"), "waits") for data in bursts) > 0, "nothing was seen")


@case
def refused_when_busy():
    with program() as p:
        before = text_of(p.pid)
        p.ask("busy 1000")
        result = run("goroutines", "-p", p.pid, "--go-events", "1s")
        check_equal(result.status, 1, "status")
        check_one_line(result.err, "refusal", str(p.pid), "50000", "--go-events-limit", "--watch")
        check_equal(changed(before, text_of(p.pid)), [], "probes")


@case
def ended_when_it_becomes_busy():
    """Nothing to be seen beforehand; then the probes stop looking at once, and go."""
    with program() as p:
        before = text_of(p.pid)
        burst = Burst(p)
        p.ask("busy 1000")
        burst.process.wait(20)
        check_equal(changed(before, text_of(p.pid)), [], "probes")
        data = burst.end(interrupt=False)
        check(p.took("sleeps 1 1") > 0, "the program does not answer")
    check(data["ended_early"], f"{data['ledger']}")
    check("probes were taken away" in burst.said, burst.said)
    # A quarter of a second's may come at once, the rest as time goes by.
    check(data["probe_hits"] <= 12501 + (data["end_ns"] - data["start_ns"]) * 50000 / 1e9, f"{data['probe_hits']} hits")


@case
def losses_are_counted():
    with program() as p:
        burst = Burst(p, *NO_LIMIT, env=dict(os.environ, DWELL_GO_EVENTS_RING="4096"))
        p.took("pingpong 20000")
        data = burst.end()
    check(data["ledger"]["ring_full"] > 0, f"nothing was lost: {data['ledger']}")
    check("were lost: they came faster than they were read" in burst.said, burst.said)
    check_near(data["ledger"]["observed"], 40000, "waits observed", share=0.01)
    check_equal([k for k in LOSSES if data["ledger"][k] and k not in ("ring_full", "stacks_lost")], [], "other losses")


@case
def as_text():
    with program() as p:
        p.ask("recur")
        out = run("goroutines", "-p", p.pid, "--go-events", "500ms", *NO_LIMIT).ok().out
        blocks = run("goroutines", "-p", p.pid, "--go-events", "500ms", "--stacks", *NO_LIMIT).ok().out
    lines = out.splitlines()
    check(f"(pid {p.pid}), go{debian.version}" in lines[0] and "waits ended in " in lines[0], lines[0])
    check(any("chan receive" in line and "main.deeps waits.go:" in line for line in lines[3:]), out[:2000])
    check("waits [sleep], " in blocks and "main.recur(...)\n\t" in blocks and "created by main.main\n\t" in blocks, blocks[:2000])


@case
def one_that_ends():
    with program() as p:
        burst = Burst(p)
        p.process.kill()
        p.process.wait()
        burst.end(interrupt=False)


@case
def one_of_c():
    p = start(["sleep", "60"])
    result = run("goroutines", "-p", p.pid, "--go-events", "1s")
    check_equal(result.status, 1, "status")
    check_one_line(result.err, "C", "no Go program")


@case
def without_rights():
    """Who may read the process need not be allowed to probe it."""
    with program() as p:
        done = subprocess.run(["setpriv", "--bounding-set=-all,+sys_ptrace", "--inh-caps=-all", DWELL, "goroutines", "-p",
                               str(p.pid), "--go-events", "1s"], capture_output=True, text=True, check=False)
    check_equal(done.returncode, 1, "status")
    check_one_line(done.stderr, "rights", "CAP_BPF", "sudo")


@case
def command_line():
    for args, words in ((["1s", "5"], ["1s/30s"]), (["2s/1s"], ["2s/1s", "1s/30s"]), (["never"], ["never"]),
                        (["1s", "--each"], ["--each"]), (["1s", "--watch", "1"], ["--watch"]), (["1ms"], ["10ms"]),
                        (["1s", "-p", "2"], ["one process"])):
        result = run("goroutines", "-p", 1, "--go-events", *args)
        check_equal(result.status, 2, f"status of {args}")
        check_one_line(result.err, f"{args}", *words)


main()
