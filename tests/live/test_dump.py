#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell dump: who is blocked at this moment, for how long, and where; of threads whose waits began at known times."""
import os
import re
import shutil
import subprocess
import time

from livetest import (DWELL, MS, SECOND, WORK, Work, case, check, check_equal, check_frames, check_one_line,
                      check_within, long_case, main, parse_folded, read, run, scratch, skip, start, thread_state,
                      wait_asleep, wait_until)

# Name: state, reason, kernel functions of different kernels, own function, system calls.
WAYS = {"hung-futex": ("S", "lock", ("futex",), "work_hung_futex", ("futex",)),
        "hung-pipe": ("S", "pipe", ("pipe_read",), "work_hung_pipe", ("read",)),
        "hung-poll": ("S", "poll", ("do_sys_poll", "ppoll"), "work_hung_poll", ("ppoll",)),
        "hung-vfork": ("D", "child", ("fork", "clone"), "work_hung_vfork", ("vfork", "clone")),
        "hung-burnt": ("S", "sleep", ("nanosleep",), "work_hung_burnt", ("nanosleep", "clock_nanosleep")),
        "hung-fifo": ("S", "sleep", ("nanosleep",), "work_hung_sleep", ("nanosleep", "clock_nanosleep")),
        "hung-batch": ("S", "sleep", ("nanosleep",), "work_hung_sleep", ("nanosleep", "clock_nanosleep"))}
THREADS = 10  # of them three hung-futex, and the main thread, which waits for its input
SLACK = 10 * MS  # a tick of the kernel's accounts, and how near the clocks are compared
REFUSE = [os.path.join(WORK, "refuse"), "5"]  # BPF_PROG_LOAD


class Hung(Work):
    """`begun`: TID to (name, the earliest and the latest moment when its wait can have begun)."""

    def __init__(self, *args, **options):
        super().__init__("hung", *args, **options)
        since = {int(w[1]): (w[0], int(w[2])) for w in self.facts["since"]}
        # One that spins never sleeps.
        wait_until(lambda: all(thread_state(self.pid, t) in "SD" for t in since), "all threads asleep")
        now = time.monotonic_ns()
        self.begun = {tid: (name, ns, now) for tid, (name, ns) in since.items()}


def dump(work, *options, **more):
    """A profile, with the moments before and after it was made."""
    before = time.monotonic_ns()
    p = run("dump", "-p", work.pid, "--json", *options, **more).profile()
    p.moments = before, time.monotonic_ns()
    check_frames(p)
    return p


def check_times(work, p, only_bounds=False):
    before, after = p.moments
    seen = {s["tid"]: s for s in p.stacks}
    check_equal(set(seen) - {work.pid}, set(work.begun), "threads")
    for tid, (name, earliest, latest) in work.begun.items():
        s, low, high = seen[tid], before - latest, after - earliest
        check(s["blocked_ns"] <= high + SLACK, f"{name}: {s['blocked_ns']} ns, not more than {high}: {s}")
        if s["at_least"] or only_bounds:
            check(s["at_least"] or s["blocked_ns"], f"{name}: no time: {s}")
        else:
            check(s["blocked_ns"] >= low * 0.95 - SLACK, f"{name}: {s['blocked_ns']} ns, not less than {low}: {s}")
        # What class fair has is exact everywhere.
        check(name == "hung-fifo" or only_bounds or not s["at_least"], f"{name}: only a lower bound: {s}")
        check_equal((s["runnable_ns"], s["open"], s["intervals"]), (0, True, 1), f"{name}: runnable, open, intervals")


def check_places(work, p, kernel=True):
    for tid, (name, _, _) in work.begun.items():
        s = p.select(tid=tid)[0]
        state, reason, calls, function, syscalls = WAYS[name]
        names = p.names(s)
        check_equal((s["comm"], s["state"], s["reason"]), (name, state, reason), f"{name}: who, state, reason")
        check(s["syscall"] in syscalls, f"{name}: system call {s['syscall']}")
        check(not kernel or "kernel" in p.kinds(s), f"{name}: kernel frames in {names}")
        check(not kernel or any(c in n for n in names for c in calls), f"{name}: none of {calls} in {names}")
        if kernel:
            check(function in names and "hang" in names, f"{name}: own functions in {names}")


@case
def times_and_places():
    with Hung() as w:
        time.sleep(1.2)
        p = dump(w)
        check_equal(len(p.stacks), THREADS, "stacks")
        check_equal(p.data["notes"]["edges"], "iterators", "where it looked")
        check_times(w, p)
        check_places(w, p)
        check_equal(p.window_ns, 0, "window")


@long_case
def minutes_do_not_drift():
    """The clocks run apart by some parts in a million: what is compared is the present."""
    with Hung() as w:
        time.sleep(5)
        for _ in range(3):
            check_times(w, dump(w, "--longer-than", "0"))


@case
def the_spinning_one_is_not_blocked():
    with Hung("spin") as w:
        tid = w.tid("hung-spin")
        result = run("dump", "-p", w.pid, "--longer-than", "0").ok()
        check(f"/{tid} " not in result.out, f"the spinning thread is blocked: {result.out}")
        check(re.search(rf"{THREADS} of {THREADS + 1} threads blocked, 1 (running|waiting for a CPU)", result.err),
              result.err)
        # With a thread on each of its CPUs that takes turns with it, it waits for one at times.
        spinner = w.tid("hung-spin")
        for s in (s for _ in range(5) for s in dump(w, "--all").stacks if s["tid"] == spinner):
            check_equal((s["state"], s["reason"]), ("R", "preempted"), "state and reason of one that waits for a CPU")
            check(s["runnable_ns"] > 0, f"{s}")


def blocks(text):
    """Each as its lines."""
    return [block.splitlines() for block in text.rstrip("\n").split("\n\n")]


@case
def as_text():
    with Hung() as w:
        time.sleep(1.2)
        result = run("dump", "-p", w.pid).ok()
        found = blocks(result.out)
        # Three wait for a futex, two sleep in one function.
        check_equal(len(found), THREADS - 3, f"blocks of {result.out}")
        futex = [b for b in found if any("work_hung_futex" in line for line in b)]
        check_equal(len(futex), 1, "blocks of three threads with one stack")
        check(re.fullmatch(r"3 threads  sleeping, lock  blocked for \d\.\d+ s( to \d\.\d+ s)?  in futex", futex[0][0]),
              futex[0][0])
        listed = [re.fullmatch(r"  hung-futex (\d+)/(\d+)  (\d\.\d+) s", line) for line in futex[0][1:4]]
        check(all(listed), f"{futex[0]}")
        check_equal(sorted(int(m[2]) for m in listed), sorted(w.tids("hung-futex")), "threads")
        check_equal(sorted((float(m[3]) for m in listed), reverse=True), [float(m[3]) for m in listed], "longest first")
        check(re.match(r"    \S+  \[kernel\]", futex[0][4]), f"innermost first: {futex[0]}")
        names = [line.split()[0] for line in futex[0][4:]]
        check(names.index("work_hung_futex") < names.index("hang") < names.index("start_thread"), f"{names}")
        vfork = [b for b in found if "work_hung_vfork" in " ".join(b)][0]
        check(vfork[0].startswith(f"hung-vfork {w.pid}/{w.tid('hung-vfork')}  uninterruptible, child  blocked for "), vfork[0])
        check(f"{THREADS} of {THREADS} threads blocked for longer than 1 s" in result.err, result.err)

        apart = blocks(run("dump", "-p", w.pid, "--per-thread").ok().out)
        check_equal(len(apart), THREADS, "blocks with --per-thread")
        times = [float(re.search(r"blocked for (?:at least )?(\d+\.\d+) s", b[0])[1]) for b in apart]
        check_equal(times, sorted(times, reverse=True), "longest first")


@case
def longer_than():
    with Hung() as w:
        result = run("dump", "-p", w.pid, "--longer-than", "1h").ok()
        check_equal(result.out, "", "output")
        check_one_line(result.err, "stderr", f"no thread of {THREADS} is blocked for longer than 3,600 s", "for less")
        check_equal(run("dump", "-q", "-p", w.pid, "--longer-than", "1h").ok().err, "", "stderr with -q")
        check_equal(len(dump(w, "--longer-than", "1h", "--all").stacks), THREADS, "stacks with --all")
        # The burnt one began later than all others by a part of a second.
        time.sleep(0.5)
        ages = {s["tid"]: s["blocked_ns"] for s in dump(w, "--longer-than", "0").stacks}
        burnt = w.tid("hung-burnt")
        check(all(ages[burnt] < ns for tid, ns in ages.items() if tid in w.begun and tid != burnt), f"{ages}")


@case
def by_target():
    with Hung() as w:
        for target, tids in ((["-t", w.tid("hung-pipe")], [w.tid("hung-pipe")]),
                             (["-p", w.pid, "--comm", "hung-p*"], w.tids("hung-pipe") + w.tids("hung-poll")),
                             (["-p", w.pid, "--reason", "lock"], w.tids("hung-futex")),
                             (["-p", w.pid, "-k"], [])):
            for prefix in ([], REFUSE):
                p = run("dump", *target, "--json", "--longer-than", "0", prefix=prefix).profile()
                check_equal(sorted(s["tid"] for s in p.stacks), sorted(tids), f"{target}: threads")


@case
def files():
    with Hung() as w:
        time.sleep(1)
        svg, folded = scratch("hung.svg"), scratch("hung.folded")
        p = dump(w, "-o", svg, "-o", folded)
        rows = parse_folded(read(folded))
        futex = sum(us for names, us in rows if "work_hung_futex" in names)
        check_within(futex, p.ns(frame="work_hung_futex") // 1000 - 2, p.ns(frame="work_hung_futex") // 1000 + 2,
                     "microseconds in the folded file")
        check("Blocked threads: hung" in read(svg), "the picture's title")
        check("work_hung_pipe" in read(svg), "a frame of the picture")


@case
def without_bpf():
    """The kernel refuses it: /proc tells what it can."""
    with Hung() as w:
        time.sleep(1.2)
        p = dump(w, prefix=REFUSE)
        check_equal(p.data["notes"]["edges"], "proc", "where it looked")
        check_times(w, p, only_bounds=True)
        for tid, (name, _, _) in w.begun.items():
            s = p.select(tid=tid)[0]
            names = p.names(s)
            check_equal((s["state"], s["reason"]), WAYS[name][:2], f"{name}: state and reason")
            check(any(c in n for n in names for c in WAYS[name][2]), f"{name}: none of {WAYS[name][2]} in {names}")
            # vfork() has its frame below those of its caller, which rbp finds.
            check(WAYS[name][3] in names or name == "hung-vfork", f"{name}: own function in {names}")
        err = run("dump", "-p", w.pid, prefix=REFUSE).ok().err
        check("through /proc only" in err, f"no warning: {err}")


@case
def what_goes_on_hides_nothing():
    """By /proc: threads that wake up or end while they are read are none that may not be seen. Root may see all."""
    if os.geteuid():
        skip("needs root")
    with Work("churn", 100, 60000) as w:
        w.go()
        for _ in range(8):
            err = run("dump", "-p", w.pid, "--longer-than", "0", prefix=REFUSE).ok().err
            check("hide" not in err and "may be seen" not in err, f"warnings of what root may see: {err}")
        w.process.kill()


def at_nobody(name):
    """A copy that any user may run."""
    os.chmod(scratch(), 0o755)
    path = shutil.copy(name, scratch())
    os.chmod(path, 0o755)
    return path


@case
def without_rights():
    """Of one's own processes the function in the kernel is seen, and the user stack; of others less, and it is said."""
    if os.geteuid() or not shutil.which("setpriv"):
        skip("needs root and setpriv")
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all"]
    binary = at_nobody(DWELL)
    mine = Work("hung", path=at_nobody(os.path.join(WORK, "hung")), prefix=as_nobody)
    wait_asleep(mine.pid)
    result = run("dump", "-p", mine.pid, "--longer-than", "0", "--json", prefix=as_nobody, binary=binary)
    p = result.profile()
    s = p.select(tid=mine.tid("hung-pipe"))[0]
    check("work_hung_pipe" in p.names(s), f"own function in {p.names(s)}")
    check_equal((s["state"], s["reason"], s["syscall"]), ("S", "pipe", "read"), "state, reason, call")
    check("root" in result.err, f"no warning: {result.err}")
    mine.end()
    with Hung() as w:
        result = run("dump", "-p", w.pid, "--longer-than", "0", prefix=as_nobody, binary=binary).ok()
        check("hide their user stack" in result.err, f"no warning: {result.err}")
        check(f"{THREADS} of {THREADS} threads blocked" in result.err, result.err)


@case
def python():
    if not shutil.which("python3"):
        skip("no python3")
    path = scratch("locked.py")
    with open(path, "w") as f:
        f.write("import threading, sys\nlock = threading.Lock()\nlock.acquire()\n\n\ndef work_locked():\n    lock.acquire()\n\n\n"
                "threads = [threading.Thread(target=work_locked, daemon=True) for _ in range(3)]\n"
                "for t in threads:\n    t.start()\nprint('there', flush=True)\nsys.stdin.read()\n")
    python = next((p for p in (f"/usr/bin/python3.{minor}" for minor in (11, 12, 13, 14)) if os.path.exists(p)), None)
    if not python:
        skip("no Python 3.11 to 3.14")
    w = start([python, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    w.stdout.readline()
    wait_asleep(w.pid)
    for prefix in ([], REFUSE):
        p = run("dump", "-p", w.pid, "--longer-than", "0", "--json", prefix=prefix).profile()
        locked = p.select(frame="work_locked")
        check_equal(len(locked), 3, "threads in work_locked")
        check("python" in p.kinds(locked[0]), f"kinds of {p.names(locked[0])}")
        text = run("dump", "-p", w.pid, "--longer-than", "0", prefix=prefix).ok().out
        check(re.search(r"(?m)^3 threads  sleeping, lock ", text), text)
        check(re.search(r"(?m)^    work_locked  \[python\]$", text), text)


@case
def targets_that_come_and_go():
    """Processes that exec and exit while they are looked at: no error but that there is none, no wrong names."""
    shell = start(["/bin/sh", "-c", "while :; do /bin/true; /bin/sh -c 'exec /bin/true'; done"])
    for _ in range(10):
        result = run("dump", "-p", shell.pid, "--all", "--longer-than", "0")
        check_equal(result.status, 0, f"{result.err}")
    for _ in range(20):
        gone = start(["/bin/sh", "-c", "exec /bin/sh -c 'exec /bin/true'"])
        result = run("dump", "-p", gone.pid, "--all", "--json", "--longer-than", "0")
        check(result.status == 0 or (result.status == 1 and "no process" in result.err), f"{result.status} {result.err}")
        gone.wait()


@case
def mistakes():
    dead = start(["/bin/true"])
    dead.wait()
    for args, status, *words in ((["-p", str(dead.pid)], 1, str(dead.pid)), (["-p", "1", "5"], 2, "'5'", "moment"),
                                 (["-p", "1", "--", "ls"], 2, "moment"), (["-u", "-k", "-p", "1"], 2, "-u", "-k"),
                                 (["-p", "1", "--longer-than", "soon"], 2, "--longer-than"),
                                 (["-U", "-K", "-p", "1"], 2, "-U"), (["--cgroup", "/none", "-p", "1"], 1, "/none")):
        result = run("dump", *args)
        check_equal((result.status, result.out), (status, ""), f"{args}: status and stdout")
        check_one_line(result.err, str(args), *words)


main()
