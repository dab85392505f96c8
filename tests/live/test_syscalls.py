#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""System calls, counted: beside strace and perf trace, the program's own clock, and what is right by itself."""
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import time
from livetest import (MS, ROOT, SECOND, WORK, Dwell, Work, case, check, check_equal, check_near, check_one_line,
                      check_within, main, read, run, scratch, skip, start, thread_state, wait_asleep, wait_until)

CALLS = os.path.join(WORK, "calls")
ALONE = dict(os.environ, WORK_ALONE="1")


class Calls:
    """What `dwell syscalls --json` wrote; its ledger adds up and nothing is lost."""

    def __init__(self, text, lost=0):
        self.data = json.loads(text[text.index('{"format"'):])
        self.slow = [json.loads(line)["slow"] for line in text.splitlines() if line.startswith('{"slow"')]
        self.rows = self.data["calls"]
        ledger = self.data["ledger"]
        self.lost = sum(ledger["lost"].values())
        check(lost is None or self.lost == lost, f"lost in {ledger}")
        if lost is not None:
            for name in ("errno_lost", "probe_runs_missed", "task_state_full", "names_lost", "slow_lost"):
                check_equal(ledger[name], 0, name)
        check_equal(ledger["counted"] + ledger["filtered"] + ledger["open"] + self.lost, ledger["entered"],
                    f"ledger {ledger}")
        check_equal(sum(r["calls"] for r in self.rows), ledger["counted"], "calls in the rows")
        for r in self.rows:
            check_equal(sum(r["errors"].values()), r["failed"], f"errors of {r}")
            check(r["blocked_ns"] + r["runnable_ns"] + r["on_cpu_ns"] == r["total_ns"], f"times of {r}")
            check(r["p50_ns"] <= r["p95_ns"] <= r["p99_ns"] <= r["max_ns"], f"quantiles of {r}")

    def row(self, name, **which):
        found = [r for r in self.rows if r["call"] == name and all(r[k] == v for k, v in which.items())]
        check_equal(len(found), 1, f"rows of {name}")
        return found[0]

    def cnt(self, name, **which):
        return sum(r["calls"] for r in self.rows if r["call"] == name and all(r[k] == v for k, v in which.items()))


def count(*args, **options):
    """Runs a command under dwell: its Calls, and the Result."""
    result = run("syscalls", "--json", *args, env={"WORK_ALONE": "1"}, **options)
    return Calls(result.out), result


def strace(*command):
    """call -> (calls, errors), as strace counts."""
    path = scratch("strace")
    subprocess.run(["strace", "-c", "-f", "-o", path, *command], check=True, env=ALONE, stdout=subprocess.DEVNULL)
    found = {}
    for line in read(path).splitlines():
        m = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(\d+)?\s+(\w+)$", line)
        if m and m.group(3) != "total":
            found[m.group(3)] = (int(m.group(1)), int(m.group(2) or 0))
    return found


def perf_trace(*command):
    """call -> calls, as perf trace counts. It leaves some out at times, and never adds any: the most of three runs."""
    most = {}
    for _ in range(3):
        done = subprocess.run(["perf", "trace", "-s", *command], env=ALONE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False)
        found = {}
        for line in done.stderr.splitlines():
            m = re.match(r"\s+(\w+)\s+(\d+)\s+(\d+)(\s+[\d.]+){4}", line)
            if m:
                found[m.group(1)] = found.get(m.group(1), 0) + int(m.group(2))
        most = {name: max(found.get(name, 0), most.get(name, 0)) for name in {*found, *most}}
    return most or skip(f"perf trace does not work here: {done.stderr.strip()[:200]}")


# Its result is that of the code it returns to, which strace takes for an error of the call.
NO_ERROR = {"rt_sigreturn"}


@case
def counts_are_those_of_strace():
    if not shutil.which("strace"):
        skip("no strace")
    expected = strace(CALLS, "mix", "400")
    calls, _ = count("--", CALLS, "mix", "400")
    got = {}
    for r in calls.rows:
        if r["call"] not in ("exit", "exit_group", "syscall_9999"):  # strace does not count those
            got[r["call"]] = (r["calls"], 0 if r["call"] in NO_ERROR else r["failed"])
    expected = {n: (c, 0 if n in NO_ERROR else e) for n, (c, e) in expected.items()}
    check_equal(got, expected, "calls and errors")
    check(calls.cnt("getppid") == 400 and calls.cnt("getuid") == 200, "the program's own count")


@case
def counts_are_those_of_perf_trace():
    if not shutil.which("perf"):
        skip("no perf")
    expected = perf_trace(CALLS, "mix", "400")
    calls, _ = count("--", CALLS, "mix", "400")
    for name in ("getppid", "getuid", "read", "openat", "close", "wait4", "nanosleep", "timer_settime", "mmap"):
        check_equal(calls.cnt(name), expected.get(name, 0), f"calls of {name}")


@case
def errors_by_their_names():
    calls, _ = count("--", CALLS, "mix", "400")
    check_equal(calls.row("openat")["errors"].get("ENOENT"), 40, "openat")
    check_equal(calls.row("close")["errors"], {"EBADF": 20}, "close")
    check_equal(calls.row("syscall_9999")["errors"], {"ENOSYS": 1}, "an unknown call")
    check_equal(calls.row("rt_sigreturn")["errors"], {}, "rt_sigreturn")
    # Before the call began, a filter answered.
    check_equal(calls.row("getpgid")["errors"], {"EPERM": 100}, "getpgid")
    check_equal(calls.row("execve")["errors"], {"ENOENT": 1}, "execve")


@case
def interrupted_and_restarted():
    calls, _ = count("--", CALLS, "mix", "20")
    check_equal(calls.row("nanosleep")["errors"], {"ERESTART_RESTARTBLOCK": 1}, "a sleep that a signal ended")
    check_equal(calls.row("read")["errors"].get("ERESTARTSYS"), 1, "a read that went on after a signal")
    check_equal(calls.row("rt_sigreturn")["calls"], 2, "handlers that returned")


@case
def stopped_sleep_is_restarted():
    with Work("calls", "nap", 400) as w, Dwell("syscalls", "-p", w.pid, "--json") as d:
        d.tracing()
        w.go()
        wait_until(lambda: read(f"/proc/{w.pid}/syscall").split()[0] not in ("0", "63", "running"), "asleep")
        time.sleep(0.1)
        since = time.monotonic_ns()
        os.kill(w.pid, signal.SIGSTOP)
        wait_until(lambda: thread_state(w.pid) == "T", "stopped")
        os.kill(w.pid, signal.SIGCONT)
        wait_until(lambda: thread_state(w.pid) != "T", "continued")
        stopped_ns = time.monotonic_ns() - since
        w.hear("slept")
        w.done()
        calls = Calls(d.finish().out)
    sleep = calls.row("nanosleep")
    check_equal((sleep["calls"], sleep["errors"]), (1, {"ERESTART_RESTARTBLOCK": 1}), "nanosleep")
    check_equal(calls.cnt("restart_syscall"), 1, "restart_syscall")
    both = sleep["total_ns"] + calls.row("restart_syscall")["total_ns"]
    check(both <= int(w.facts["slept"][0][0]), f"{both} ns of {w.facts['slept']}")
    check(both + stopped_ns >= 395 * MS, f"{both} ns and {stopped_ns} ns stopped of 400 ms")


@case
def calls_that_never_return():
    calls, _ = count("--", CALLS, "mix", "100")
    # The program, two children, a filtered one, /bin/true: each ends by exit_group(), the thread by exit().
    check_equal(calls.cnt("exit_group"), 4, "exit_group")
    check_equal(calls.cnt("exit"), 1, "exit")
    check_equal(calls.cnt("execve"), 3, "execve: the command, one that fails, one that works")
    check_equal(calls.cnt("vfork"), 1 if platform.machine() == "x86_64" else 0, "vfork")


@case
def exec_by_a_thread():
    result = run("syscalls", "--json", "--", CALLS, "exec-thread", env={"WORK_ALONE": "1"}).ok()
    calls = Calls(result.out, lost=None)
    check_equal(calls.cnt("getppid"), 10, "calls of the program that was executed")
    if calls.data["probes"] == "core":
        check_equal((calls.cnt("execve"), calls.lost), (2, 0), "execve, lost")
    else:  # a hash knows the thread by its tid, which it left behind
        check_equal((calls.cnt("execve"), calls.lost), (1, 1), "execve, lost")


@case
def more_rows_than_the_map_has():
    calls, _ = count("--", CALLS, "numbers", "15000", "100")
    own = [r for r in calls.rows if r["nr"] >= 100000]
    check_equal((len(own), sum(r["calls"] for r in own)), (15000, 15000), "numbers, calls")
    check_equal({tuple(r["errors"].items()) for r in own}, {(("ENOSYS", 1),)}, "errors")


@case
def a_full_map_is_said():
    result = run("syscalls", "--json", "--", CALLS, "numbers", "200000", "0", env={"WORK_ALONE": "1"}).ok()
    calls = Calls(result.out, lost=None)
    own = sum(r["calls"] for r in calls.rows if r["nr"] >= 100000)
    lost = calls.data["ledger"]["lost"]["syscall_map_full"]
    check(own + lost >= 200000 and own <= 200000, f"{own} counted, {lost} lost of 200000")
    check(lost > 0, "nothing was lost: make it more")
    check("lost{syscall_map_full}" in result.err, result.err)


@case
def open_at_the_end():
    with Work("calls", "open") as w, Dwell("syscalls", "-p", w.pid, "--json", "--by", "thread") as d:
        while len(w.facts.get("thread", [])) < 2:
            w.hear_line()
        wait_asleep(w.pid)
        d.tracing()
        time.sleep(0.2)
        calls = Calls(d.finish().out)
        for name, call in (("in-read", "read"), ("in-futex", "futex")):
            row = calls.row(call, of_id=w.tid(name))
            check_equal((row["open"], row["calls"]), (1, 0), f"{name}: {row}")
            check_near(row["open_max_ns"], calls.data["window_ns"], f"time in {call}", 0.001)
        check_equal(calls.row("read", of_id=w.pid)["open"], 1, "the main thread reads stdin")
        check_equal(calls.data["ledger"]["open"], 0, "none of them began in the window")


@case
def open_since_inside_the_window():
    with Work("calls", "nap", 30000) as w, Dwell("syscalls", "-p", w.pid, "--json") as d:
        d.tracing()
        w.go()
        time.sleep(0.3)
        calls = Calls(d.finish().out)
        w.process.kill()
    row = calls.row("nanosleep")
    check_equal((row["open"], row["calls"]), (1, 0), f"{row}")
    check_within(row["open_max_ns"], 50 * MS, calls.data["window_ns"], "time in nanosleep")
    check_equal(calls.data["ledger"]["open"], 1, "open calls that began in the window")


@case
def latencies_are_those_of_the_programs_clock():
    result = run("syscalls", "--syscall", "clock_nanosleep", "-o", scratch("clock.json"), "--", CALLS, "clock", "400",
                 env={"WORK_ALONE": "1"})
    lengths = [int(line.split()[1]) for line in result.ok().out.splitlines() if line.startswith("length")]
    row = Calls(read(scratch("clock.json"))).row("clock_nanosleep")
    check_equal((row["calls"], len(lengths)), (400, 400), "sleeps")
    # Around the rank, for the program's clock and the kernel's may differ in which call is which.
    for name, permille in (("p50_ns", 500), ("p95_ns", 950), ("p99_ns", 990)):
        rank = 400 * permille // 1000 - 1
        low, high = lengths[rank - 2], lengths[min(rank + 2, 399)]
        check_within(row[name], low * 15 / 16 - 5000, high * 17 / 16, f"{name}, own {lengths[rank]}")
    check_within(row["total_ns"], sum(lengths) * 0.95, sum(lengths), "total")
    check_within(row["max_ns"], lengths[-1] * 0.9, lengths[-1], "max")


@case
def time_divides():
    calls, _ = count("--", CALLS, "burn", "300")
    nap = calls.row("clock_nanosleep")
    check(nap["blocked_ns"] >= 299 * MS, f"a sleep is blocked: {nap}")
    check(nap["on_cpu_ns"] < 20 * MS, f"and not on CPU: {nap}")
    burn = calls.row("getrandom")
    check(burn["blocked_ns"] < 0.1 * burn["total_ns"], f"a call that works is not blocked: {burn}")
    check(burn["on_cpu_ns"] > 0, f"it is on CPU: {burn}")


@case
def waiting_for_a_cpu_inside_a_call():
    """Two want one CPU: about half of the time in long calls is spent waiting for it."""
    cpu = str(min(os.sched_getaffinity(0)))
    with Work("burner", 1, 3000, prefix=["taskset", "-c", cpu]) as other:
        other.go()
        calls, _ = count("--syscall", "getrandom", "--", "taskset", "-c", cpu, CALLS, "burn", "400")
        other.process.kill()
    burn = calls.row("getrandom")
    check(burn["runnable_ns"] > 0.15 * burn["total_ns"], f"{burn}")
    check(burn["blocked_ns"] < 0.1 * burn["total_ns"], f"{burn}")


@case
def a_32_bit_program():
    if platform.machine() != "x86_64":
        skip("for x86")
    path = scratch("calls32")
    made = subprocess.run([os.environ.get("CC", "gcc").split()[0], "-m32", "-nostdlib", "-static", "-o", path,
                           os.path.join(ROOT, "tests/live/calls32.S")], stderr=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        skip(f"no 32-bit programs can be made: {made.stderr.strip()[:200]}")
    try:
        check_equal(subprocess.run([path], check=False).returncode, 7, "its exit status")
    except OSError as e:
        skip(f"no 32-bit programs run here: {e}")
    calls, result = count("--", path)
    check_equal(result.status, 7, "exit status")
    check_equal(calls.cnt("getpid", compat=True), 1000, "getpid")
    check_equal(calls.row("close", compat=True)["errors"], {"EBADF": 100}, "close")
    check_equal(calls.cnt("exit", compat=True), 1, "exit")
    check(calls.row("nanosleep", compat=True)["blocked_ns"] >= 19 * MS, "nanosleep")
    check_equal({r["call"] for r in calls.rows if not r["compat"]}, {"execve"}, "calls of the other table")
    calls, _ = count("--syscall", "getpid", "--", path)
    check_equal({(r["call"], r["compat"], r["calls"]) for r in calls.rows}, {("getpid", True, 1000)}, "only getpid")


@case
def filters():
    calls, _ = count("-x", "--", CALLS, "mix", "100")
    check(all(r["calls"] == r["failed"] for r in calls.rows), f"-x: {calls.rows}")
    check(calls.data["ledger"]["filtered"] > 100, "the others are filtered")
    calls, _ = count("-e", "EBADF", "--", CALLS, "mix", "100")
    check_equal({(r["call"], r["calls"]) for r in calls.rows}, {("close", 5)}, "-e EBADF")
    calls, _ = count("--syscall", "getppid,close", "--", CALLS, "mix", "100")
    check_equal({r["call"] for r in calls.rows}, {"getppid", "close"}, "--syscall")
    check_equal(calls.cnt("getppid"), 100, "getppid")


@case
def targets():
    with Work("threads", 3, 20, 5) as w, Dwell("syscalls", "-t", w.pid, "--json") as d:
        d.tracing()
        w.work()
        calls = Calls(d.finish().out)
    check_equal(calls.cnt("clock_nanosleep"), 0, "the main thread does not nap")
    check(calls.cnt("write") > 0, "but says what there is to say")
    for glob, expected in (("ca?l*", [("getppid", 70)]), ("nobody", [])):
        calls, _ = count("--comm", glob, "--syscall", "getppid,getuid", "--", CALLS, "spin", "70")
        check_equal([(r["call"], r["calls"]) for r in calls.rows], expected, f"--comm {glob}")
    script = f"read go; {CALLS} spin 30 >&2; ({CALLS} spin 50; :) >&2; echo done; read end"
    for options, expected in ((["--children"], 80), ([], 0)):
        shell = start(["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                      stderr=subprocess.DEVNULL, env=ALONE)
        with Dwell("syscalls", "-p", shell.pid, "--json", *options) as d:
            d.tracing()
            os.write(shell.stdin.fileno(), b"go\n")
            check_equal(shell.stdout.readline(), b"done\n", "the shell's word")
            calls = Calls(d.finish().out)
        check_equal(calls.cnt("getppid"), expected, f"with {options}")
        shell.kill()


@case
def by_whom():
    calls, _ = count("--by", "process", "--syscall", "getppid,getuid,getpgid", "--", CALLS, "mix", "100")
    check_equal(sorted((r["call"], r["calls"]) for r in calls.rows),
                [("getpgid", 25), ("getppid", 100), ("getuid", 50)], "by process")
    check_equal(len({r["of_id"] for r in calls.rows}), 2, "processes")
    calls, _ = count("--by", "thread", "--syscall", "getppid,getuid,getpgid", "--", CALLS, "mix", "100")
    check_equal(len({r["of_id"] for r in calls.rows}), 3, "threads")
    check(all(r["of"].startswith("calls (tid ") for r in calls.rows), f"names: {calls.rows}")
    calls, _ = count("--by", "cgroup", "--syscall", "getppid", "--", CALLS, "mix", "100")
    check_equal(len(calls.rows), 1, "cgroups")


@case
def slow_ones_line_by_line():
    result = run("syscalls", "--slower", "40ms", "--syscall", "read", "--", CALLS, "files",
                 env={"WORK_ALONE": "1"}).ok()
    lines = [l for l in result.out.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{6} ", l)]
    check_equal(len(lines), 2, f"slow reads in {result.out}")
    form = (r"\d\d:\d\d:\d\d\.\d{6}  (\d+)\s+(\d+)\s+calls\s+([\d.,]+ (?:ms|s))  read = 1  fd (\d+) (.*)$")
    found = [re.match(form, line) for line in lines]
    check(all(found), f"form of {lines}")
    check(found[0].group(5).startswith("pipe:["), f"a pipe: {lines[0]}")
    port = re.search(r"^port (\d+)$", result.out, re.M).group(1)
    check(re.fullmatch(rf"tcp 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:{port}", found[1].group(5)), f"a socket: {lines[1]}")
    check(all(m.group(1) == m.group(2) for m in found), "pid and tid")


@case
def slow_ones_with_their_stacks():
    calls, _ = count("--slower", "40ms", "--stacks", "--syscall", "read", "--", CALLS, "files")
    check_equal([s["call"] for s in calls.slow], ["read", "read"], "slow calls")
    for s in calls.slow:
        check_equal(s["stack"][:2], ["slow_read", "main"], "stack")
        check_within(s["total_ns"], 40 * MS, 50 * MS + SECOND, "length")
        check(s["blocked_ns"] > 0.5 * s["total_ns"] and s["result"] == 1, f"{s}")


@case
def intervals_add_up():
    with Work("calls", "nap", 1200) as w, Dwell("syscalls", "-p", w.pid, "--json", "-i", "0.2") as d:
        d.tracing()
        w.work()
        result = d.finish()
    parts = []
    text = result.out
    decoder = json.JSONDecoder()
    while text.strip():
        part, end = decoder.raw_decode(text.lstrip())
        parts.append(part)
        text = text.lstrip()[end:]
    check(len(parts) >= 5, f"{len(parts)} parts")
    check(all("ledger" not in p for p in parts[:-1]) and "ledger" in parts[-1], "the last one is of all")
    whole = {r["call"]: r["calls"] for r in parts[-1]["calls"]}
    for r in parts[-1]["calls"]:
        done = sum(q["calls"] for p in parts[:-1] for q in p["calls"] if q["call"] == r["call"])
        check(done <= r["calls"], f"{r['call']}: {done} of {r['calls']}")
    check_equal(whole["nanosleep"], 1, "nanosleep")


@case
def command_line():
    check_one_line(run("syscalls", "--by", "name").err, "--by", "process, thread or cgroup")
    check_one_line(run("syscalls", "-e", "EFOO").err, "-e", "EFOO")
    check_one_line(run("syscalls", "--syscall", "raed").err, "--syscall", "raed")
    check_one_line(run("syscalls", "--stacks").err, "--stacks", "--slower")
    check_equal(run("syscalls", "-q", "--", "sh", "-c", "exit 9").status, 9, "the command's exit status")
    quiet = run("syscalls", "-q", "--", "true")
    check_equal(quiet.err, "", "stderr with -q")


@case
def without_task_iterators():
    """`refuse` is a workload: bpf(BPF_ITER_CREATE) fails with EPERM, as under a container's seccomp filter."""
    counted, result = count("--", CALLS, "mix", 50, prefix=[os.path.join(WORK, "refuse"), "33"])
    check("refuses to iterate over tasks" in result.ok().err, f"no warning: {result.err}")
    check(counted.rows, "no calls")


main()
