# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell goroutines --scheduler beside runtime/metrics of the same program (work/scheduler.go), bucket by bucket."""
import json
import os
import re
import signal
import subprocess
import time

from goroutines import Program
from livetest import ROOT, check, check_equal, run, wait_until

SOURCE = os.path.join(ROOT, "tests", "live", "work", "scheduler.go")
NO_SYMBOLS = "-ldflags=-s -w"
MAX_PROCS = 3

# name -> (flags, in the environment of dwell)
BUILDS = {
    "plain": ([], {}),
    "plain by scan": ([], {"DWELL_GO_SYMBOLS": "ignore"}),
    "stripped": ([NO_SYMBOLS], {}),
    "stripped pie": ([NO_SYMBOLS, "-buildmode=pie"], {}),
}
# What dwell calls them, and since which Go they are there.
HISTOGRAMS = {
    "latency": ("/sched/latencies:seconds", 17),
    "stopping_gc": ("/sched/pauses/stopping/gc:seconds", 22),
    "stopping_other": ("/sched/pauses/stopping/other:seconds", 22),
    "paused_gc": ("/sched/pauses/total/gc:seconds", 22),
    "paused_other": ("/sched/pauses/total/other:seconds", 22),
}
MUTEX = "/sync/mutex/wait/total:seconds"


def build(go, name):
    return go.build("scheduler-" + name.replace(" ", "-"), [SOURCE], *BUILDS[name][0], cgo=False)


def bucket(text):
    """Go 1.19 has narrower ones; none reaches over a bound of the others, which are four for each power of two from 256 ns on."""
    if not text.isdigit():
        return text
    ns = int(text)
    width = 64 if ns < 256 else 1 << (ns.bit_length() - 3)
    return ns // width * width


def ask(program):
    """What Go has: {name: {bucket: count} or nanoseconds}."""
    found = {}
    for line in program.ask("metrics").splitlines():
        name, *values = line.split()
        if ":" not in line.split("seconds", 1)[1]:
            found[name] = int(values[0]) if values else {}
            continue
        found[name] = {}
        for value in values:
            begin, cnt = value.split(":")
            found[name][bucket(begin)] = found[name].get(bucket(begin), 0) + int(cnt)
    return found


def see(program, **more):
    """What dwell has."""
    return json.loads(run("goroutines", "-q", "-p", program.pid, "--scheduler", "--json", **more).ok().out)["scheduler"]


def counts(histogram):
    found = {b["from_ns"]: b["count"] for b in histogram["buckets"]}
    found.update({k: histogram[v] for k, v in (("under", "underflow"), ("over", "overflow")) if histogram[v]})
    check_equal(sum(found.values()), histogram["count"], "sum of the buckets")
    return found


def stopped(program, **more):
    """What dwell has while it can't run."""
    os.kill(program.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: "\nState:\tT" in open(f"/proc/{program.pid}/status").read(), "it stops")
        return see(program, **more)
    finally:
        os.kill(program.pid, signal.SIGCONT)


def settle(program, **more):
    """Until nothing is counted any more: goroutines of the runtime have something to do for a moment."""
    def is_quiet():
        first = see(program, **more)
        time.sleep(0.1)
        return see(program, **more) == first
    wait_until(is_quiet, "it is quiet")


def compare(mine, its, go):
    for key, (name, since) in HISTOGRAMS.items():
        check_equal(key in mine, go.minor >= since, f"{key} in {go.version}")
        if key not in mine:
            continue
        a, b = counts(mine[key]), its[name]
        wrong = {k: (a.get(k, 0), b.get(k, 0)) for k in set(a) | set(b) if abs(a.get(k, 0) - b.get(k, 0)) > 1}
        check(not wrong, f"{key}, bucket: (dwell, Go): {wrong}")
        check(len(a) >= 3 and sum(a.values()) >= 20, f"{key}: hardly anything: {a}")
    check_equal("mutex_wait_ns" in mine, go.minor >= 20, f"mutexes in {go.version}")
    if go.minor >= 22:  # there the runtime's own locks are in its number, too
        check(its[MUTEX] / 2 <= mine["mutex_wait_ns"] <= its[MUTEX] + 1000, f"{mine['mutex_wait_ns']}, Go {its[MUTEX]}")
    elif go.minor >= 20:
        check(abs(mine["mutex_wait_ns"] - its[MUTEX]) <= 1000, f"{mine['mutex_wait_ns']}, Go {its[MUTEX]}")
    if go.minor >= 20:
        check(mine["mutex_wait_ns"] > 1000000, f"nobody waited for a lock: {mine['mutex_wait_ns']}")


def judge(go, name):
    """All that is counted, while nothing is."""
    more = {"env": BUILDS[name][1]}
    with Program(build(go, name)) as p:
        p.ask("work")
        settle(p, **more)
        mine = stopped(p, **more)
        threads = len(os.listdir(f"/proc/{p.pid}/task"))
        compare(mine, ask(p), go)
        check_equal([mine["threads"], mine["idle_procs"], mine["global_run_queue"]], [threads, MAX_PROCS - 1, 0],
                    "threads, idle processors, run queue")
        p.ask("create 5000")
        created = see(p, **more)["goroutines_created"] - mine["goroutines_created"]
        check(5000 - 16 * MAX_PROCS <= created <= 5000 + 16 * MAX_PROCS + 16, f"{created} created")


def judge_busy(go, name):
    """While all goes on: between two answers of the program."""
    more = {"env": BUILDS[name][1]}
    with Program(build(go, name)) as p:
        p.ask("work")
        p.ask("busy")
        for _ in range(5):
            first, mine, last = ask(p), see(p, **more), ask(p)
            for key, (name_, since) in HISTOGRAMS.items():
                if go.minor < since:
                    continue
                a = counts(mine[key])
                wrong = {k: (first[name_].get(k, 0), a.get(k, 0), last[name_].get(k, 0)) for k in set(a) | set(last[name_])
                         if not first[name_].get(k, 0) <= a.get(k, 0) <= last[name_].get(k, 0)}
                check(not wrong, f"{key}, bucket: (before, dwell, after): {wrong}")
            check(sum(first[HISTOGRAMS['latency'][0]].values()) < sum(last[HISTOGRAMS['latency'][0]].values()), "it is not busy")
        p.ask("quiet")


def addresses(path, pid):
    """Where runtime.sched is: by dwell with and without symbols, and by nm (of a program that is not position independent)."""
    found = []
    for env in ({}, {"DWELL_GO_SYMBOLS": "ignore"}):
        said = run("goroutines", "-v", "-p", pid, "--scheduler", env=env).ok().err
        m = re.search(r"runtime\.sched is at 0x([0-9a-f]+), by its (name|values)", said)
        check(m, said)
        found += [m[2], int(m[1], 16)]
    for line in subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.endswith(" runtime.sched"):
            found.append(int(line.split()[0], 16))
    return found
