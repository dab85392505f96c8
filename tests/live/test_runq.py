#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell runq: how long threads wait for a CPU, against the kernel's own account, and who ran instead."""
import json
import os
import subprocess
import time

from livetest import (MS, US, WORK, Dwell, Profile, Work, case, check, check_equal, check_near, check_one_line,
                      check_within, long_case, main, read, run, schedstat, scratch, skip, start, wait_asleep)

BPF_ITER_CREATE = 33  # see test_no_iterators.py
COMPAT = {"env": {"DWELL_PROBES": "compat"}}


class Report:
    """One or more tables as JSON."""

    def __init__(self, result):
        decoder, text = json.JSONDecoder(), result.ok().out
        self.tables, at = [], 0
        while at < len(text):
            table, end = decoder.raw_decode(text, at)
            self.tables.append(table)
            at = end + 1  # a newline ends each
        self.err = result.err
        self.data = self.tables[-1]
        self.rows = self.data["rows"]
        self.ledger = self.data["ledger"]
        self.counters = self.ledger["counters"]
        Profile.unreported += self.counters["unpaired"]  # then the case may be run again

    def row(self, **which):
        found = [r for r in self.rows if all(r.get(k) == v for k, v in which.items())]
        check(len(found) == 1, f"rows of {which}: {found or self.rows}")
        return found[0]


def ran(row, kind="task", **which):
    return [r for r in row["ran_instead"]
            if r["kind"] == kind and all(r.get(k) == v for k, v in which.items())]


def check_row(row):
    """What holds for the figures of any row."""
    waits = sum(b["waits"] for b in row["histogram"])
    check_equal(waits, row["waits"], "waits in the histogram")
    if not waits:
        return
    least = sum(b["waits"] * b["from_ns"] for b in row["histogram"])
    most = sum(b["waits"] * (b["from_ns"] + b["width_ns"]) for b in row["histogram"])
    check(least <= row["wait_ns"] <= most, f"sum outside of the histogram: {row}")
    check_equal(row["mean_ns"], row["wait_ns"] // waits, "mean")
    check(row["p50_ns"] <= row["p95_ns"] <= row["p99_ns"] <= row["max_ns"], f"order of {row}")
    last = row["histogram"][-1]
    check(last["from_ns"] <= row["max_ns"] < last["from_ns"] + last["width_ns"], f"max of {row}")


def check_runq(p):
    """Every wait is in the table of the run, and each nanosecond of it is of one who ran."""
    c, total = p.counters, p.data
    for table in p.tables:
        check_equal((table["format"], table["version"]), ("dwell-runq", 1), "format")
        for row in table["rows"]:
            check_row(row)
    check_equal([t["last"] for t in p.tables], [False] * (len(p.tables) - 1) + [True], "last")
    check_equal(p.ledger["imbalance_ns"], 0, "imbalance_ns")
    check_equal((c["lost"], c["ran_lost_ns"], c["task_state_full"]), (0, 0, 0), "lost")
    check_equal(sum(r["waits"] for r in total["rows"]), c["waits"], "waits")
    check_equal(sum(r["wait_ns"] for r in total["rows"]), c["wait_ns"], "wait_ns")
    check_equal(sum(r["open_ns"] for r in total["rows"]), c["open_ns"], "open_ns")
    all_ran = sum(s["ns"] for r in total["rows"] for s in r["ran_instead"])
    check_equal(all_ran, c["ran_ns"], "those who ran and ran_ns")
    if not c["unpaired"]:
        check_equal(all_ran, c["wait_ns"] + c["open_ns"], "those who ran and the waits")
    check_equal(sum(s["ns"] for s in total["ran_instead"]), c["ran_ns"], "those who ran, of all rows")
    unknown = sum(s["ns"] for r in total["rows"] for s in ran(r, "unknown"))
    check_equal(unknown, c["ran_unknown_ns"], "unknown")


def slices(pid, tid):
    """How often the thread got a CPU, by the kernel."""
    return int(read(f"/proc/{pid}/task/{tid}/schedstat").split()[2])


def race(ms, *options, **more):
    """Two processes that fight for one CPU. The report, and (pid, tid, on CPU, delay, slices) of each: how they grew."""
    with Work("burner", 1, ms) as a, Work("burner", 1, ms) as b:
        threads = [(w.pid, w.tid("burn-0")) for w in (a, b)]
        for w, (_, tid) in zip((a, b), threads):
            wait_asleep(w.pid, [tid])
        before = [(*schedstat(*t), slices(*t)) for t in threads]
        with Dwell("runq", "-p", f"{a.pid},{b.pid}", "--json", *options, **more) as d:
            d.tracing()
            for w in (a, b):
                w.go()
            for w, (_, tid) in zip((a, b), threads):
                w.done()
                wait_asleep(w.pid, [tid])
            after = [(*schedstat(*t), slices(*t)) for t in threads]
            p = Report(d.finish())
    check_runq(p)
    return p, [(*t, *(y - x for x, y in zip(*pair))) for t, pair in zip(threads, zip(before, after))]


def judge_race(p, threads):
    """The kernel's run_delay within 1 % + 5 us per switch; each one's preempter is the other."""
    for (_, tid, _, delay_ns, slice_cnt), (other, other_tid, other_ns, _, _) in zip(threads, reversed(threads)):
        row = p.row(tid=tid)
        check_near(row["wait_ns"], delay_ns, f"run_delay of {tid}", 0.01, 5 * US * slice_cnt)
        # Each time that it got the CPU ended a wait. An unseen switch hides one.
        check_near(row["waits"], slice_cnt, f"times that {tid} got the CPU", 0, 2 * p.counters["unpaired"])
        check(not ran(row, tid=tid), f"{tid} ran while it waited: {row['ran_instead']}")
        found = ran(row, tid=other_tid, pid=other, comm="burn-0")
        check_equal(len(found), 1, f"rows of the other in {row['ran_instead']}")
        most = max(ran(row), key=lambda r: r["preemptions"])
        check_equal(most["tid"], other_tid, f"who took the CPU most often from {tid}")
        check_within(found[0]["ns"], other_ns / 2, other_ns * 1.01 + 5 * US * slice_cnt,
                     f"what {other_tid} ran while {tid} waited")


@case
def run_delay_and_preempter():
    p, threads = race(400, "--by", "thread")
    check_equal(p.data["probes"], os.environ.get("DWELL_PROBES", "core"), "probes")
    judge_race(p, threads)


@case
def run_delay_and_preempter_compat():
    p, threads = race(400, "--by", "thread", **COMPAT)
    check_equal(p.data["probes"], "compat", "probes")
    judge_race(p, threads)


@case
def by_process():
    p, threads = race(200)
    for (pid, _, _, _, _), (other, _, other_ns, _, _) in zip(threads, reversed(threads)):
        row = p.row(pid=pid)
        check_equal(row["comm"], "burner", "name of the process")
        found = ran(row, pid=other, comm="burner")
        check_equal(len(found), 1, f"rows of the other in {row['ran_instead']}")
        check(found[0]["ns"] >= other_ns / 2, f"{other} ran {other_ns}: {row['ran_instead']}")


@case
def by_cpu():
    p, threads = race(100, "--by", "cpu")
    cpu = min(os.sched_getaffinity(0))
    row = p.row(cpu=cpu)
    total = sum(t[3] for t in threads)
    check(row["wait_ns"] >= total / 2, f"the burners waited {total} on cpu {cpu}: {row}")
    for pid, _, _, _, _ in threads:
        check_equal(len(ran(row, pid=pid, comm="burner")), 1, f"{pid} in {row['ran_instead']}")


def spin(policy=None, cpu=None):
    """A process that runs until it is killed, on the first CPU or another."""
    cpu = min(os.sched_getaffinity(0)) if cpu is None else cpu

    def prepare():
        os.sched_setaffinity(0, {cpu})
        if policy is not None:
            os.sched_setscheduler(0, policy, os.sched_param(0))
    return start(["/bin/sh", "-c", "while :; do :; done"], preexec_fn=prepare)


def end(*processes):
    for p in processes:
        p.kill()
        p.wait()


@case
def by_class():
    spinners = [spin(), spin(os.SCHED_BATCH), spin(os.SCHED_IDLE)]
    pids = ",".join(str(s.pid) for s in spinners)
    p = Report(run("runq", "-p", pids, "--by", "class", "--json", "1"))
    end(*spinners)
    check_runq(p)
    check_equal({r["class"] for r in p.rows}, {"other", "batch", "idle"}, "classes")
    check_equal({r["class"]: r["policy"] for r in p.rows}, {"other": 0, "batch": 3, "idle": 5}, "policies")


@case
def real_time_class():
    """It sleeps most of the time, since it goes before everybody."""
    rt = start(["/bin/sh", "-c", "read go; for i in 1 2 3 4 5; do sleep 0.01; done"], stdin=subprocess.PIPE,
               preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)))
    with Dwell("runq", "-p", rt.pid, "--children", "--by", "class", "--json") as d:
        d.tracing()
        rt.stdin.write(b"\n")
        rt.stdin.close()
        rt.wait()
        p = Report(d.wait())
    check_runq(p)
    check_equal({r["class"] for r in p.rows}, {"rr"}, "classes")


@case
def every_wake_up_counts():
    for more in ({}, COMPAT):
        with Work("pipes", 200, 10) as w:
            w.tids_asleep()
            tid = w.tid("pipe-ask")
            before = slices(w.pid, tid)
            with Dwell("runq", "-t", tid, "--by", "thread", "--json", **more) as d:
                d.tracing()
                w.work()
                w.tids_asleep()
                after = slices(w.pid, tid)
                p = Report(d.finish())
        check_runq(p)
        check_equal({r["tid"] for r in p.rows}, {tid}, "threads")
        row = p.row(tid=tid)
        check(row["waits"] >= 200, f"at least one for each of 200 answers: {row['waits']}")
        check_near(row["waits"], after - before, "times that it got a CPU", 0, 2 * p.counters["unpaired"])
        check(not ran(row, tid=tid), "it ran while it waited")


def move(pid, cpu):
    """Puts a process onto a CPU: when, at the earliest and at the latest."""
    before = time.monotonic_ns()
    os.sched_setaffinity(pid, {cpu})
    return before, time.monotonic_ns()


@long_case
def moved_while_waiting():
    """One that hardly ever runs, in the queue of one CPU and of another: each part of a wait is of its own CPU."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    if len(cpus) < 2:
        skip("one CPU only")
    for more in ({}, COMPAT):
        hogs = [spin(cpu=cpu) for cpu in cpus]
        moving = spin(os.SCHED_IDLE)
        surely_ns, perhaps_ns = ({cpu: 0 for cpu in cpus} for _ in range(2))
        with Dwell("runq", "-p", moving.pid, "--by", "cpu", "--json", **more) as d:
            d.tracing()
            used_ns, began_ns = schedstat(moving.pid)[0], time.monotonic_ns()
            came = move(moving.pid, cpus[0])
            for i in range(1, 40):
                time.sleep(0.03 if i % 2 else 0.01)
                goes = move(moving.pid, cpus[i % 2])
                surely_ns[cpus[(i - 1) % 2]] += goes[0] - came[1]
                perhaps_ns[cpus[(i - 1) % 2]] += goes[1] - came[0]
                came = goes
            moved_ns, used_ns = time.monotonic_ns() - began_ns, schedstat(moving.pid)[0] - used_ns
            p = Report(d.finish())
        end(moving, *hogs)
        check_runq(p)
        check(p.counters["migrations"] > 20, f"moves: {p.counters}")
        elsewhere_ns = p.data["end_ns"] - moved_ns  # before the moves and after them
        for cpu, hog in zip(cpus, hogs):
            row = p.row(cpu=cpu)
            all_ran = sum(r["ns"] for r in row["ran_instead"])
            check_within(all_ran, surely_ns[cpu] - used_ns - MS, perhaps_ns[cpu] + elsewhere_ns + MS,
                         f"time in the queue of cpu {cpu}")
            check(ran(row, pid=hog.pid), f"{hog.pid} is not in {row['ran_instead']}")
            check(not ran(row, pid=moving.pid), f"it ran while it waited: {row['ran_instead']}")
        other = ran(p.row(cpu=cpus[0]), pid=hogs[1].pid)
        check(not other, f"what never ran on cpu {cpus[0]}: {other}")


@case
def waits_at_the_edges():
    """Two threads of one CPU: one waits whenever the window begins or ends."""
    spinners = [spin(), spin()]
    pids = ",".join(str(s.pid) for s in spinners)
    for more in ({}, COMPAT):
        seen = []
        for _ in range(5):
            p = Report(run("runq", "-p", pids, "--json", "60ms", **more))
            check_runq(p)
            length = p.data["end_ns"]
            seen.append(sum(r["open"] for r in p.rows))
            # One of them waits at any time, were it not for others that run; never more than two.
            total = p.counters["wait_ns"] + p.counters["open_ns"]
            check_within(total, length * 0.97, length * 2.03, f"waits in a window of {length}: {p.counters}")
        check(all(0 < n <= 2 for n in seen), f"open waits: {seen}")
    end(*spinners)


@case
def intervals():
    spinners = [spin(), spin()]
    pids = ",".join(str(s.pid) for s in spinners)
    p = Report(run("runq", "-p", pids, "--json", "-i", "200ms", "1100ms"))
    end(*spinners)
    check_runq(p)
    parts = p.tables[:-1]
    check_within(len(parts), 1, 5, "tables")
    check_equal([t["begin_ns"] for t in parts], [0] + [t["end_ns"] for t in parts[:-1]], "the intervals touch")
    check_equal(p.data["begin_ns"], 0, "the last table begins with the run")
    for spinner in spinners:
        whole = p.row(pid=spinner.pid)
        waits = sum(r["waits"] for t in parts for r in t["rows"] if r["pid"] == spinner.pid)
        check(0 < waits <= whole["waits"], f"{waits} waits in the intervals, {whole['waits']} in all")
        check(all("ledger" not in t for t in parts), "only the table of the run has a ledger")


@case
def command():
    said = scratch("said")
    result = run("runq", "--by", "thread", "--histogram", "--", "/bin/sh", "-c", f"sleep 0.05; echo hi > {said}; exit 7")
    check_equal(result.status, 7, "status")
    check_equal(read(said), "hi\n", "what the command said")
    check(result.out.startswith("waits for a CPU: /bin/sh, "), f"title: {result.out}")
    check("  sh/" in result.out and "  sleep/" in result.out, f"rows: {result.out}")
    check("nanoseconds" in result.out and "@" in result.out, f"histograms: {result.out}")
    check("waited for a CPU: " in result.out, f"sum: {result.out}")
    check("ledger: observed " in result.err and " lost 0 ns in 0" in result.err, f"ledger: {result.err}")
    quiet = run("runq", "-q", "--", "true").ok()
    check_equal(quiet.err, "", "stderr with -q")
    path = scratch("waits.json")
    check_equal(run("runq", "-o", path, "--", "true").ok().out, "", "stdout with -o")
    check_equal(json.loads(read(path))["format"], "dwell-runq", "what is in the file")


@case
def children():
    script = f"WORK_ALONE=1 {WORK}/sleeper 10 10 >/dev/null; echo done; read end"
    for options in ([], ["--children"]):
        shell = start(["/bin/sh", "-c", f"read go; {script}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with Dwell("runq", "-p", shell.pid, "--json", *options) as d:
            d.tracing()
            os.write(shell.stdin.fileno(), b"go\n")
            check_equal(shell.stdout.readline(), b"done\n", "the shell's word")
            p = Report(d.finish())
        end(shell)
        check_runq(p)
        sleepers = [r for r in p.rows if r["comm"] == "sleeper"]
        check_equal(len(sleepers), len(options), f"processes of the shell with {options}")
        if options:
            check(sleepers[0]["waits"] >= 10, f"ten sleeps: {sleepers[0]}")


@case
def by_name():
    with Work("pipes", 50, 10) as w:
        with Dwell("runq", "--comm", "pipe-as*", "-p", w.pid, "--by", "thread", "--json") as d:
            d.tracing()
            w.work()
            p = Report(d.finish())
        check_runq(p)
        check_equal({(r["tid"], r["comm"]) for r in p.rows}, {(w.tid("pipe-ask"), "pipe-ask")}, "threads")


def cgroup_below(name):
    """A new cgroup, version 2."""
    for line in read("/proc/mounts").splitlines():
        _, where, kind = line.split()[:3]
        if kind == "cgroup2" and os.access(where, os.W_OK):
            path = os.path.join(where, f"{name}-{os.getpid()}")
            os.mkdir(path)
            return path
    return skip("no writable cgroup v2 hierarchy is mounted")


def enter(path, pid):
    with open(os.path.join(path, "cgroup.procs"), "w") as f:
        f.write(str(pid))


@case
def by_cgroup():
    """Two that fight for a CPU, one of them in the cgroup; then it leaves, and the other comes."""
    path, out = cgroup_below("dwell-runq"), cgroup_below("dwell-runq-out")
    spinners = [spin(), spin()]
    try:
        for more in ({}, COMPAT):
            enter(path, spinners[0].pid)
            enter(out, spinners[1].pid)
            with Dwell("runq", "--cgroup", path, "--json", **more) as d:
                d.tracing()
                time.sleep(0.3)
                inside = schedstat(spinners[1].pid)[1]
                enter(out, spinners[0].pid)
                enter(path, spinners[1].pid)
                time.sleep(0.3)
                delay_ns = schedstat(spinners[1].pid)[1] - inside
                p = Report(d.finish())
            check_runq(p)
            check_equal({r["pid"] for r in p.rows}, {s.pid for s in spinners}, "processes")
            check_within(p.row(pid=spinners[1].pid)["wait_ns"], delay_ns / 2, p.data["end_ns"] * 0.9,
                         "waits inside of the cgroup")
    finally:
        end(*spinners)
        for folder in (path, out):
            os.rmdir(folder)


@case
def target_that_ends():
    shell = start(["/bin/sh", "-c", "read go"], stdin=subprocess.PIPE)
    with Dwell("runq", "-p", shell.pid, "--json") as d:
        d.tracing()
        shell.stdin.close()
        shell.wait()
        check_runq(Report(d.wait()))


@case
def full_maps():
    """What finds no row is lost by name, and the ledger still balances."""
    threads = 12
    with Work("burner", threads, 20) as w:
        with Dwell("runq", "-p", w.pid, "--by", "thread", "--json", env={"DWELL_RUNQ_ROWS": "6"}) as d:
            d.tracing()
            w.work()
            p = Report(d.finish())
    c = p.counters
    check_equal(p.ledger["imbalance_ns"], 0, "imbalance_ns")
    check(c["lost"] > 0 and c["lost_ns"] > 0 and c["ran_lost_ns"] > 0, f"nothing lost: {c}")
    check_equal(sum(r["waits"] + r["open"] for r in p.rows) + c["lost"], c["waits"] + c["open"], "waits")
    check_equal(p.ledger["ran_delivered_ns"] + c["ran_lost_ns"], c["ran_ns"], "those who ran")
    check("the kernel's maps were full" in p.err, f"no warning: {p.err}")


@case
def without_iterators():
    with Work("burner", 2, 100) as w:
        with Dwell("runq", "-p", w.pid, "--json", prefix=[os.path.join(WORK, "refuse"), str(BPF_ITER_CREATE)]) as d:
            d.tracing()
            w.work()
            p = Report(d.finish())
    check_equal(p.data["probes"], "compat", "probes")
    check("refuses to iterate over tasks" in p.err, f"no warning: {p.err}")
    check_equal(p.ledger["imbalance_ns"], 0, "imbalance_ns")
    check(p.row(pid=w.pid)["wait_ns"] >= 50 * MS, f"two threads on one CPU: {p.rows}")


@case
def bad_usage():
    for options, words in ((["--by", "nix"], ["nix", "process, thread, cpu or class"]),
                           (["--json", "--histogram"], ["JSON", "--histogram"]),
                           (["--children"], ["--children", "-p"]), (["-i", "1us"], ["-i", "out of range"]),
                           (["0"], ["duration"])):
        result = run("runq", *options)
        check_equal((result.status, result.out), (2, ""), f"status and stdout of {options}")
        check_one_line(result.err, f"stderr of {options}", *words)


main()
