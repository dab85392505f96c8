# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A look at all threads of some processes by gdb, while SIGSTOP holds them."""
import json
import os
import signal
import subprocess
import time

from common import HERE, TIMEOUT, children_of, read, scratch, start, thread_ids, thread_state
from space import Frame, Space

GDB_INLINE, GDB_TAILCALL, GDB_SIGTRAMP = 2, 3, 4  # types of frames
GDB_OUTERMOST = 2  # unwind_stop_reason: the unwinder knows that there is no caller


class Thread:
    """One thread in one snapshot: gdb's stack, and when dwell must have had it."""

    def __init__(self, pid, tid, comm):
        self.pid, self.tid, self.comm = pid, tid, comm
        self.was_there = False  # blocked where gdb finds it when it was told to stop
        self.frames = []  # up to the first JIT frame or the first that is no code
        self.end = None  # "complete", "jit", "early"
        self.kill_ns = self.stop_ns = None  # (since, until)
        self.space = None

    def set_frames(self, space, raw):
        self.space = space
        is_call = False
        last_reason = None
        for pc, kind, name, reason in raw:
            if kind in (GDB_INLINE, GDB_TAILCALL):
                continue
            frame = Frame(space, pc, is_call, name)
            frame.is_sigtramp = kind == GDB_SIGTRAMP
            is_call = not frame.is_sigtramp
            if not frame.is_code or frame.is_jit:
                self.end = "jit" if frame.is_jit else "early"
                break
            self.frames.append(frame)
            last_reason = reason
        if not self.end:
            complete = last_reason == GDB_OUTERMOST and self.frames[-1].has_cfi
            self.end = "complete" if complete else "early"
        # Code in a file without CFI: made by a JIT's compiler when the file was (V8's builtins), or assembler.
        # From there on gdb guesses, as in JIT code.
        for i, frame in enumerate(self.frames):
            if not frame.has_cfi:
                self.end = "jit"
                del self.frames[i:]
                break

    @property
    def key(self):
        return (*(f.key for f in self.frames), self.end)


def syscall_of(pid, tid):
    """What /proc says of a thread that doesn't run: system call, arguments, sp and pc."""
    try:
        return read(f"/proc/{pid}/task/{tid}/syscall")
    except OSError:
        return None


def family(pids):
    """The processes and all their descendants that live."""
    found, todo = [], list(pids)
    while todo:
        pid = todo.pop(0)
        if pid not in found and os.path.exists(f"/proc/{pid}/maps"):
            found.append(pid)
            todo += children_of(pid)
    return found


class Stop:
    """SIGSTOP to some processes, and what their threads did just before."""

    def __init__(self, pids):
        self.sent_ns = {}  # pid -> (before looking at its threads, before the signal)
        self.syscalls = {}  # (pid, tid) -> text
        for pid in pids:
            since = time.monotonic_ns()
            try:
                self.syscalls.update({(pid, t): syscall_of(pid, t) for t in thread_ids(pid)})
                until = time.monotonic_ns()
                os.kill(pid, signal.SIGSTOP)
            except OSError:
                continue
            self.sent_ns[pid] = (since, until)

    def go_on(self):
        for pid in self.sent_ns:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass


def stopped_threads(pids, timeout=3):
    """[(pid, tid)] that stand still. One that can't be stopped in time (vfork) is left out."""
    end = time.monotonic() + timeout
    while True:
        states = {}
        for pid in pids:
            try:
                states.update({(pid, t): thread_state(pid, t) for t in thread_ids(pid)})
            except OSError:
                pass
        if all(s in "TtZX" for s in states.values()) or time.monotonic() > end:
            return [k for k, s in states.items() if s in "Tt"]
        time.sleep(0.005)


def gdb_frames(pids):
    """(pid, tid) -> raw frames of gdb_stacks.py."""
    out = scratch("gdb.out")
    env = dict(os.environ, TRUTH_PIDS=" ".join(map(str, pids)), TRUTH_OUT=out)
    log = scratch("gdb.log")
    with open(log, "wb") as to:
        gdb = start(["gdb", "-batch", "-nx", "-iex", "set auto-load off", "-iex", "set debuginfod enabled off",
                     "-x", os.path.join(HERE, "gdb_stacks.py")],
                    env=env, stdin=subprocess.DEVNULL, stdout=to, stderr=subprocess.STDOUT)
        status = gdb.wait(2 * TIMEOUT)
    if status:
        raise AssertionError(f"gdb: status {status}: {read(log)[-1000:]}")
    found = {}
    for line in read(out).splitlines():
        entry = json.loads(line)
        if "frames" in entry:
            found[(entry["pid"], entry["tid"])] = entry["frames"]
        else:
            print(f"gdb: process {entry['pid']}: {entry['error']}")
    return found


def read_spaces(pids):
    spaces = {}
    for pid in pids:
        try:
            spaces[pid] = Space(pid)
        except OSError:
            pass
    return spaces


def stopped_stacks(stop, programs):
    """The Threads of the processes that were told to stop and that run one of the programs."""
    pids = list(stop.sent_ns)
    stopped = stopped_threads(pids)
    since = time.monotonic_ns()
    before = {k: syscall_of(*k) for k in stopped}
    spaces = read_spaces(pids)
    # Not the helpers, like the shell of system().
    frames = gdb_frames([pid for pid in spaces if spaces[pid].exe in programs])
    threads = []
    for pid, tid in stopped:
        syscall = syscall_of(pid, tid)
        # What moved under gdb's hands can't be compared with anything.
        if syscall is None or syscall != before[(pid, tid)] or not frames.get((pid, tid)):
            continue
        thread = Thread(pid, tid, read(f"/proc/{pid}/task/{tid}/comm").strip())
        thread.set_frames(spaces[pid], frames[(pid, tid)])
        thread.kill_ns = stop.sent_ns[pid]
        # A signal's handler may have come in between, or the wait's end.
        thread.was_there = stop.syscalls.get((pid, tid)) == syscall
        threads.append(thread)
    until = time.monotonic_ns()
    for thread in threads:
        thread.stop_ns = (since, until)
    return threads


def snapshot(pids):
    """Stops the processes and their descendants, looks at all threads, lets them go on. [Thread]."""
    programs = {os.readlink(f"/proc/{pid}/exe") for pid in pids}
    stop = Stop(family(pids))
    try:
        return stopped_stacks(stop, programs)
    finally:
        stop.go_on()
