#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell serve --go: metrics and profiles of goroutines beside a program that knows how many it has, and what they do."""
import os
import re
import signal
import subprocess
import threading
import time

import go_threads
from golang import Toolchain
from goserve import (NAME, SOURCE, Service, Spawner, blocked, check_labels, goroutines, only, seen)
from livetest import SECOND, Work, case, check, check_equal, check_within, long_case, main, run, scratch, wait_until
from serving import ACCEPT_OPENMETRICS, Scrape, Serve, check_grown, check_histograms, promtool_check, strict_parser

go = Toolchain()
KNOWN = {"sleep": 10, "receive": 5, "lock": 3, "deep": 4}
# By reason and depth; main reads its standard input through bufio and os, or waits for the poller.
EXPECTED = {("sleep", "1-3"): 10, ("chan_receive", "1-3"): 5, ("chan_receive", ">8"): 4, ("mutex", "4-8"): 3}


def off_cpu(s):
    """Seconds by class."""
    return {c: s.sum("dwell_go_thread_offcpu_seconds_total", **{"class": c})
            for c in ("syscall", "fault", "preempt", "runtime", "idle")}


def path():
    return go.build(NAME, [SOURCE], "-ldflags=-s -w")


def without_main(cells):
    return {key: cnt for key, cnt in cells.items() if key[0] not in ("syscall", "io_wait")}


def depths(cells):
    """Versions differ in how many functions a mutex takes."""
    return {("mutex", "4-8") if key[0] == "mutex" else key: cnt for key, cnt in cells.items()}


@case
def known_goroutines():
    with Service(path(), **KNOWN) as p, Serve("-p", p.pid, "--go") as d:
        s = seen(d, 1)
        check_equal(depths(without_main(blocked(s))), EXPECTED, "blocked goroutines")
        check_equal(goroutines(s, scope="user"), sum(KNOWN.values()) + 1, "goroutines")
        check(goroutines(s, scope="system") >= 4, f"of the runtime: {goroutines(s, scope='system')}")
        check_equal(sum(blocked(s).values()) + goroutines(s, scope="user", state="running"), sum(KNOWN.values()) + 1, "all")
        check_equal(s.values("dwell_go_goroutines", "comm"), {NAME}, "the service")
        check_labels(s)
        p.ask("more 7")
        wait_until(lambda: blocked(d.scrape()).get(("sleep", "1-3")) == 17, "7 more", 10, 0.1)


@case
def threads():
    """By what they do, and what they are off their CPUs for, beside a program that times its own waits in the system."""
    exe = go_threads.build(go, "plain")
    with Work("sleeper", 1000, 100) as other, Work("go_threads", os.path.dirname(exe), 4, path=exe) as w, \
            Serve("-p", w.pid, "-p", other.pid, "--go") as d:
        seen(d, 1)
        before = off_cpu(d.scrape())
        w.go()
        time.sleep(2.5)
        s = d.scrape()
        now, there = s.sum("dwell_go_threads"), len(os.listdir(f"/proc/{w.pid}/task"))
        w.done()
        said = {name: int(words[0][1]) / SECOND for name, words in w.facts.items() if len(words[0]) == 4}
        check_within(now, there - 2, there + 2, f"threads, of {there}")
        check(only(s, "dwell_go_threads", state="idle") >= 1, "nobody is idle")
        check(only(s, "dwell_go_threads", state="user") >= 2, "two are in system calls nearly always")
        time.sleep(1)
        grown = {name: float(value - before[name]) for name, value in off_cpu(d.scrape()).items()}
        waited = said["nanosleeper"] + said["pipeReader"] + said["fileSync"]
        check_within(grown["syscall"] + grown["preempt"], 0.9 * waited, 1.1 * waited + 0.2, f"in the system: {grown}, {said}")
        check(grown["idle"] >= 0.5, f"idle: {grown}")
        check_labels(s)


@case
def formats():
    with Service(path(), often=2, **KNOWN) as p, Serve("-p", p.pid, "--go", "--group-by", "pod") as d:
        seen(d, 1)
        time.sleep(2)
        _, _, text = d.get("/metrics", Accept="text/plain;version=0.0.4")
        promtool_check(text)
        scrape = Scrape(text.decode())
        check_histograms(scrape)
        check_labels(scrape, ("pod_uid", "container_id"))
        _, _, body = d.get("/metrics", Accept=ACCEPT_OPENMETRICS)
        families = {f.name for f in strict_parser().text_string_to_metric_families(body.decode())}
        check({"dwell_go_goroutines", "dwell_go_blocked_seconds", "dwell_go_sched_latency_seconds"} <= families, f"{families}")


@case
def time_of_sleepers():
    """Ten goroutines that sleep: 10 s in a second; whatever the looks' moments."""
    with Service(path(), **KNOWN) as p, Serve("-p", p.pid, "--go") as d:
        seen(d, 1)
        time.sleep(1)
        begin, before = time.monotonic(), d.scrape()
        time.sleep(5)
        after, end = d.scrape(), time.monotonic()
        check_grown(before, after)
        # A scrape has what the last look knew, which is one interval old: 0.4 s at most, unless the machine stands still.
        for (reason, depth), cnt in EXPECTED.items():
            labels = {"blocking_reason": reason} if reason == "mutex" else {"blocking_reason": reason, "stack_depth": depth}
            grown = only(after, "dwell_go_blocked_seconds_total", **labels) - only(before, "dwell_go_blocked_seconds_total", **labels)
            check_within(grown / cnt, end - begin - 1, end - begin + 1, f"seconds of each: {reason}")
        # Waits that go on: since the first look, and alike.
        oldest = [only(after, "dwell_go_oldest_block_seconds", blocking_reason=r) for r in ("sleep", "chan_receive", "mutex")]
        check_within(min(oldest), 5, max(oldest), "the oldest")
        check_equal(int(after.sum("dwell_go_block_duration_seconds_count")), 0, "waits that ended")


@long_case
def lengths_of_waits():
    """Naps of 0.7 s: each to within one interval between looks, none longer than they can be."""
    with Service(path(), naps=5) as p, Serve("-p", p.pid, "--go", "--go-hz", 50) as d:
        seen(d, 1)
        cnt = wait_until(lambda: (lambda c: c if c >= 25 else None)(
            int(d.scrape().sum("dwell_go_block_duration_seconds_count", blocking_reason="sleep"))), "25 naps", 60, 0.2)
        s = d.scrape()
        mean = only(s, "dwell_go_block_duration_seconds_sum", blocking_reason="sleep") / \
            only(s, "dwell_go_block_duration_seconds_count", blocking_reason="sleep")
        check_within(mean, 0.66, 0.8, f"the mean of {cnt} naps of 0.7 s")
        short = int(only(s, "dwell_go_block_duration_seconds_bucket", blocking_reason="sleep", le="0.5"))
        check(short * 10 <= cnt, f"{short} of {cnt} are shorter than 0.5 s")


@long_case
def parks_and_the_scheduler():
    """Two goroutines that wait a thousand times a second; the runtime counts one wake-up in eight."""
    with Service(path(), often=2) as p, Serve("-p", p.pid, "--go") as d:
        name = "dwell_go_parks_total" if go.minor >= 26 else "dwell_go_switches_total"
        seen(d, 1)
        before = wait_until(lambda: (lambda s: s if s.sum("dwell_go_sched_latency_seconds_count") else None)(d.scrape()),
                            "the scheduler is read", 20, 0.2)
        time.sleep(4)
        after = d.scrape()
        check_grown(before, after)
        stops = only(after, name) - only(before, name)
        counted = only(after, "dwell_go_sched_latency_seconds_count") - only(before, "dwell_go_sched_latency_seconds_count")
        check(stops > 1000, f"they stopped {stops} times")
        # The looks of both are a second apart at most.
        check_within(counted * 8 / stops, 0.5, 2.0, f"{counted} counted of {stops}")


@case
def leaks():
    """Some more sleepers again and again are said to leak, those that are there are not."""
    with Service(path(), receive=20) as p, Serve("-p", p.pid, "--go", "--go-leak-window", "6s") as d:
        seen(d, 1)
        time.sleep(7)
        check_equal(int(d.scrape().sum("dwell_go_leak_suspect_goroutines")), 0, "suspects")

        def more():
            p.ask("more 3")
            return d.scrape().sum("dwell_go_leak_suspect_goroutines", verdict="growing") > 0
        wait_until(more, "they leak", 60, 0.5)
        s = d.scrape()
        check_equal(int(s.sum("dwell_go_leak_suspect_sites", verdict="growing")), 1, "places")
        check_labels(s)


# ---- processes come and go ----

@long_case
def coming_and_going():
    spawner = Spawner()
    program = path()
    with Serve("-p", spawner.pid, "--children", "--go") as d:
        check_equal(int(seen(d, 0).sum("dwell_go_goroutines")), 0, "goroutines of nobody")
        first = spawner.start(program, "sleep=10")
        s = seen(d, 1)
        check_equal(blocked(s).get(("sleep", "1-3")), 10, "sleepers of one")
        second = spawner.start(program, "sleep=10")
        s = seen(d, 2)
        wait_until(lambda: blocked(d.scrape()).get(("sleep", "1-3")) == 20, "sleepers of two are added up", 10, 0.1)
        check_equal(len(s.rows("dwell_go_processes")), 1, "services")
        before = d.scrape()
        os.kill(first, signal.SIGKILL)
        after = seen(d, 1)
        check_grown(before, after)
        check_equal(blocked(after).get(("sleep", "1-3")), 10, "sleepers of the other one")
        os.kill(second, signal.SIGKILL)
        last = seen(d, 0)
        check_grown(after, last)
        check_equal(goroutines(last), 0, "goroutines")
        check_equal(d.finish().ok().err.count("DEFECT"), 0, "defects")


@long_case
def another_program():
    """It execs itself: the same process, other goroutines, and counters go on."""
    with Service(path(), sleep=10) as p, Serve("-p", p.pid, "--go") as d:
        before = seen(d, 1)
        os.write(p.process.stdin.fileno(), b"exec\n")
        p.hear("ready ")
        wait_until(lambda: (lambda s: s.sum("dwell_go_processes") == 1 and blocked(s).get(("sleep", "1-3")) == 10)(d.scrape()),
                   "the new one is seen", 20, 0.1)
        middle = d.scrape()
        check_grown(before, middle)
        wait_until(lambda: d.scrape().sum("dwell_go_blocked_seconds_total", blocking_reason="sleep") >
                   middle.sum("dwell_go_blocked_seconds_total", blocking_reason="sleep") + 10, "time goes on", 20, 0.2)


@long_case
def too_many():
    with Service(path(), sleep=1) as p, Service(path(), sleep=1) as q:
        with Serve("-p", f"{p.pid},{q.pid}", "--go", "--go-max", 1) as d:
            seen(d, 1)
            wait_until(lambda: d.scrape().value("dwell_go_unsupported_info", cause="too_many") == 1, "it is said", 10, 0.1)
            # When one has gone there is room for the other.
            watched = int(re.search(r"\(pid (\d+)\)", d.body("/debug/pprof/goroutine?debug=1").decode())[1])
            os.kill(watched, signal.SIGKILL)
            wait_until(lambda: d.scrape().value("dwell_go_unsupported_info", cause="too_many") == 0 and
                       d.scrape().sum("dwell_go_processes") == 1, "the other one is watched", 20, 0.1)


@long_case
def no_go_program():
    """Of one that is none nothing is said, and nothing is exposed without --go."""
    spawner = Spawner()
    with Serve("-p", spawner.pid, "--go") as d:
        time.sleep(1.5)
        s = d.scrape()
        check_equal(int(s.sum("dwell_go_processes") + s.sum("dwell_go_unsupported_info")), 0, "Go programs")
        check_equal(d.get("/debug/pprof/goroutine")[0], 404, "status")
    with Serve("-p", spawner.pid) as d:
        check(not [n for n, _ in d.scrape().samples if n.startswith("dwell_go_")], "metrics of Go without --go")
        check_equal(d.get("/debug/pprof/goroutine")[0], 404, "status")
        check_equal(d.get("/debug/pprof/block?scheduler=goroutine&seconds=1")[0], 404, "status")


# ---- profiles ----

def pprof(*args):
    """What go tool pprof says."""
    done = subprocess.run([go.command, "tool", "pprof", *args], env={**go.env, "PPROF_TMPDIR": scratch("pprof")},
                          capture_output=True, text=True, check=False, timeout=60)
    check_equal(done.returncode, 0, f"go tool pprof {args}: {done.stderr[-1000:]}")
    return done.stdout


def cumulative(text):
    """{function: the number in its cum column, as written}"""
    return {m[2]: m[1] for m in re.finditer(r"^ *\S+ +\S+% +\S+% +(\S+) +\S+%  (.*)$", text, re.M)}


@case
def goroutine_profile():
    with Service(path(), **KNOWN) as p, Serve("-p", p.pid, "--go") as d:
        seen(d, 1)
        url = d.url("/debug/pprof/goroutine")
        text = pprof("-top", "-nodecount=0", url)
        check("Type: goroutine" in text, text[:500])
        check(f"File: {NAME}" in text, text[:500])
        found = cumulative(text)
        check_equal([found.get(f"main.{f}") for f in ("sleep", "receive", "lock", "deeper")], ["10", "5", "3", "4"], f"{found}")
        check_equal(found.get("main.main"), "1", "main")
        lines = pprof("-list", "main.receive", url) if os.path.exists(SOURCE) else ""
        check("<-never" in lines, lines[:1000])
        tags = pprof("-tags", url)
        for words in ("chan_receive", "waiting", "main.spawn", str(p.pid), NAME):
            check(words in tags, f"no {words} in {tags}")
        traceback = d.body("/debug/pprof/goroutine?debug=2").decode()
        check_equal(len(re.findall(r"^goroutine \d+ \[", traceback, re.M)), sum(KNOWN.values()) + 1, "goroutines of debug=2")
        own = run("goroutines", "-q", "-p", p.pid, "--each").ok().out
        check_equal(sorted(re.findall(r"^goroutine \d+", traceback, re.M)), sorted(re.findall(r"^goroutine \d+", own, re.M)),
                    "numbers of goroutines")
        check("10 goroutines [sleep]" in d.body("/debug/pprof/goroutine?debug=1").decode(), "stacks of debug=1")
        check_equal(d.get("/debug/pprof/goroutine?debug=3")[0], 400, "debug=3")
        check_equal(d.get("/debug/pprof/goroutine?comm=other")[0], 404, "another name")
        check_equal(d.get(f"/debug/pprof/goroutine?pid={os.getpid()}")[0], 404, "another process")
        check_equal(d.get(f"/debug/pprof/goroutine?pid={p.pid}&comm={NAME}")[0], 200, "this one")


def seconds(text):
    """'1.5mins', '30.10s', '900ms'"""
    m = re.fullmatch(r"([\d.]+)(ms|s|mins)", text)
    check(m, f"no time: {text}")
    return float(m[1]) * {"ms": 0.001, "s": 1, "mins": 60}[m[2]]


@case
def block_profile():
    """In three seconds each goroutine is blocked for three."""
    with Service(path(), **KNOWN) as p, Serve("-p", p.pid, "--go") as d:
        seen(d, 1)
        text = pprof("-top", "-nodecount=0", "-unit=s", d.url("/debug/pprof/block?scheduler=goroutine&seconds=3"))
        check("Type: delay" in text and "scheduler: goroutine" in text, text[:500])
        window = float(re.search(r"Duration: ([\d.]+)s", text)[1])
        check_within(window, 3, 6, "the window")
        found = cumulative(text)
        for function, cnt in (("sleep", 10), ("receive", 5), ("lock", 3), ("deeper", 4), ("main", 1)):
            check_within(seconds(found[f"main.{function}"]) / cnt, window * 0.97 - 0.05, window * 1.03 + 0.05, f"main.{function}")
        check_equal(d.get("/debug/pprof/block?scheduler=other")[0], 400, "another scheduler")
        check_equal(d.get("/debug/pprof/block?scheduler=thread&seconds=1")[0], 200, "threads")


@long_case
def block_profile_of_one_that_ends():
    """What was seen of it is in the profile."""
    with Service(path(), sleep=10) as p, Service(path(), receive=5) as stays:
        with Serve("-p", f"{p.pid},{stays.pid}", "--go") as d:
            seen(d, 2)
            reader = subprocess.Popen([go.command, "tool", "pprof", "-top", "-nodecount=0", "-unit=s",
                                       d.url("/debug/pprof/block?scheduler=goroutine&seconds=4")],
                                      env={**go.env, "PPROF_TMPDIR": scratch("pprof")}, stdout=subprocess.PIPE, text=True)
            time.sleep(2.5)
            p.process.kill()
            found = cumulative(reader.communicate(timeout=60)[0])
            check_within(seconds(found["main.sleep"]) / 10, 0.5, 3.5, "those of the one that ended")
            check_within(seconds(found["main.receive"]) / 5, 3.5, 6, "those of the other one")


@case
def stopping():
    """Who waits for a profile of the next minute gets an answer, and dwell ends at once."""
    with Service(path(), sleep=10) as p, Serve("-p", p.pid, "--go") as d:
        seen(d, 1)
        answers = []
        reader = threading.Thread(target=lambda: answers.append(d.get("/debug/pprof/block?scheduler=goroutine&seconds=60")[0]))
        reader.start()
        time.sleep(0.5)
        begin = time.monotonic()
        d.finish().ok()
        reader.join(20)
        check_within(time.monotonic() - begin, 0, 15, "seconds to the end")
        check_equal(answers, [503], "the answer")


main()
