# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Threads of a Go program (work/go_threads.go) as dwell recorded them: which goroutine each had, on which stack it was.

What is judged are the records, with names of the binary's own table: what the views make of them is another test's matter.
"""
import os
import subprocess
import sys
from collections import Counter

from livetest import BUILD, DWELL, ROOT, SECOND, Dwell, Work, check, check_equal, check_within, scratch

sys.path.insert(0, os.path.join(ROOT, "tests", "truth"))
from recording import F_PREEMPT, F_REBUILT, Recording, records  # noqa: E402 pylint: disable=wrong-import-position

SOURCE = os.path.join(ROOT, "tests", "live", "work", "go_threads.go")
SOURCE_C = os.path.join(ROOT, "tests", "live", "work", "cgo_threads.go")
STRIPPED = "-ldflags=-s -w"
NONE, USER, SYSTEM, IDLE = range(4)
CREATED = 16
THREADS_ONLY = ("--go-hz", 0)  # and no goroutines that no thread has
# Where a thread's own stack ends.
CUTS = ("runtime.mcall", "runtime.mstart", "runtime.systemstack", "runtime.morestack", "runtime.asmcgocall")

# name -> (flags, with C)
BUILDS = {
    "plain": ([], False),
    "stripped": ([STRIPPED], False),
    "pie": (["-buildmode=pie"], False),
    "stripped pie": ([STRIPPED, "-buildmode=pie"], False),
    "cgo": ([], True),
    "stripped cgo": ([STRIPPED], True),
    "stripped cgo pie": ([STRIPPED, "-buildmode=pie"], True),
    "static cgo": (["-ldflags=-linkmode=external -extldflags=-static"], True),
    "stripped static cgo": (["-ldflags=-s -w -linkmode=external -extldflags=-static"], True),
}


def build(go, name):
    flags, cgo = BUILDS[name]
    return go.build("threads-" + name.replace(" ", "-"), [SOURCE] + [SOURCE_C] * cgo, *flags, cgo=cgo)


def names_of(path, offsets):
    """File offset -> functions there, innermost first."""
    asked = sorted(offsets)
    done = subprocess.run([os.path.join(BUILD, "tests", "unit", "dump_go"), path], text=True, capture_output=True,
                          input="".join(f"{o:x}\n" for o in asked), check=True)
    return {int(line.split("\t")[0], 16): line.rstrip("\n").split("\t")[2::4] for line in done.stdout.splitlines()}


class Wait:
    def __init__(self, interval, stack, frames):
        self.ns = interval.in_ns - interval.out_ns
        self.blocked_ns = interval.wake_ns - interval.out_ns
        self.whole = not interval.flags & (F_PREEMPT | F_REBUILT)
        self.go = stack.flags >> 24 & 7 if stack else NONE
        self.end = stack.end if stack else ""
        self.frames = frames  # innermost first
        self.creator = self.frames.pop() if stack and stack.flags & CREATED else None

    def __str__(self):
        return f"class {self.go}, {self.ns} ns: {' < '.join(self.frames)}{self.end} (created by {self.creator})"


class Threads(Recording):
    """The waits of the threads of @path, by a recording."""

    def __init__(self, recording, path):
        super().__init__(records(recording))
        self.waits = []
        self.program = path
        places = {i: [self._place(s, k) for k in range(len(s.ips))] for i, s in self.stacks.items()}
        own = {p[1] for of in places.values() for p in of if p and p[0] == path}
        names = names_of(path, own)
        for of in self.intervals.values():
            for i in of:
                where = places.get(i.user_stack)
                if where and any(p and p[0] == path for p in where):
                    self.waits.append(Wait(i, self.stacks.get(i.user_stack), self._name(where, names)))

    def _place(self, stack, k):
        ip = stack.ips[k]
        exact = k == 0 or ip >> 63
        at = self.locate(stack.image, (ip & (1 << 63) - 1) - (not exact))
        return at and at[1:]

    def _name(self, where, names):
        found = []
        for place in where:
            if not place:
                found.append("[unknown]")
            elif place[0] == self.program:
                found += names.get(place[1]) or ["[unknown]"]
            else:
                found.append(os.path.basename(place[0]))
        return found

    def select(self, go=None, frame=None):
        return [w for w in self.waits if go in (None, w.go) and (frame is None or frame in w.frames)]

    def ns(self, go=None, frame=None):
        return sum(w.ns for w in self.select(go, frame))


def record(path, seconds, *options, command=False, env=None):
    """Runs the program and traces it: what it says of itself, and its Threads."""
    saved = scratch(f"{os.path.basename(path)}-{len(os.listdir(scratch()))}.dwell")
    folder = os.path.dirname(path)
    if command:
        with Dwell("record", *THREADS_ONLY, *options, "-o", saved, "--", path, folder, seconds, "now", env=env or {}) as d:
            said = d.wait().ok().out
        facts = {line.split()[0]: line.split()[1:] for line in said.splitlines() if line.split()}
        return {name: int(words[1]) for name, words in facts.items() if len(words) == 4}, Threads(saved, path)
    with Work("go_threads", folder, seconds, path=path) as w:
        with Dwell("record", *THREADS_ONLY, *options, "-p", w.pid, "-o", saved, env=env or {}) as d:
            d.tracing()
            w.work()
            d.finish().ok()
        said = {name: int(words[0][1]) for name, words in w.facts.items() if len(words[0]) == 4}
    return said, Threads(saved, path)


def share(ns, what, total, low, high=1.02):
    check_within(ns, low * total, high * total, what)


def judge_classes(t, said, cgo, late=0):
    """Each wait is of the class that it must be, and in the stack that it must be in. @late: nothing is known for so many seconds."""
    for w in t.select(go=IDLE):
        check(not any(f.startswith("main.") for f in w.frames), f"a thread without goroutine has its frames: {w}")
        check(not set(CUTS) & set(w.frames[:-1]), f"goes on behind its end: {w}")
        check(w.creator is None, f"idle, but created: {w}")
    # A signal, or the vdso where no frame pointer is, may be the end.
    cut = sum(w.ns for w in t.select(go=IDLE) if w.frames[-1] in CUTS)
    check(cut >= 0.99 * t.ns(IDLE), f"idle stacks that end as they should: {cut} of {t.ns(IDLE)} ns; "
          + "; ".join(str(w) for w in t.select(go=IDLE) if w.frames[-1] not in CUTS)[:2000])
    ended = sum(w.ns for w in t.select(go=USER) if w.frames[-1] == "runtime.goexit")
    check(ended >= 0.99 * t.ns(USER), f"goroutines' stacks that end as they should: {ended} of {t.ns(USER)} ns; "
          + "; ".join(str(w) for w in t.select(go=USER) if w.frames[-1] != "runtime.goexit")[:2000])
    for name, frame in (("nanosleeper", "main.nanosleeper"), ("pipeReader", "main.pipeReader")):
        # What it can lack is the time on a CPU between two calls, and the first ones, before it was known.
        share(t.ns(USER, frame), f"{name} in its own stack", said[name], 0.9 - late / 2)
        # The first waits of a program are copies, which don't tell.
        check_equal({w.creator for w in t.select(USER, frame)} - {None}, {"main.main"}, f"who created {name}")
        share(sum(w.ns for w in t.select(USER, frame) if w.creator), f"{name} with its creator", said[name], 0.9 - late / 2)
    if cgo:
        share(t.ns(SYSTEM, "main.cSleeper"), "cSleeper, in C", said["cSleeper"], 0.9)
        for w in t.select(SYSTEM, "main.cSleeper"):
            if "runtime.asmcgocall" in w.frames and w.blocked_ns > 5_000_000:
                check("wait_in_c" in w.frames or "runtime.cgocall" in w.frames, f"not in C: {w}")
                check_equal(w.creator, "main.main", "who created cSleeper")
    total = sum(w.ns for w in t.waits)
    check(t.ns(NONE) <= 0.03 * total + late * 7 * SECOND, f"{t.ns(NONE)} of {total} ns are of no class: "
          + "; ".join(str(w) for w in sorted(t.select(go=NONE), key=lambda w: -w.ns)[:3]))
    check(t.ns(IDLE) >= SECOND / 2, f"idle threads: {t.ns(IDLE)} ns")


def judge_stale(t, said, command=False):
    """All time under fileSync is time in which it waited. What the kernel's own walk found before a command was known may be otherwise."""
    ns = t.ns(frame="main.fileSync")
    check_within(ns, 0.3 * said["fileSync"], 1.1 * said["fileSync"] + 30_000_000, "under main.fileSync")
    for w in t.select(frame="main.fileSync"):
        if command and w.go == NONE:
            continue
        check("runtime.park_m" not in w.frames or w.go == SYSTEM, f"a stack that was there before: {w}")


def summary(t):
    by = Counter()
    for w in t.waits:
        by[w.go] += w.ns
    return {name: round(by[go] / SECOND, 3) for name, go in (("none", NONE), ("user", USER), ("system", SYSTEM), ("idle", IDLE))}


__all__ = ["BUILDS", "DWELL", "THREADS_ONLY", "build", "judge_classes", "judge_stale", "record", "summary"]
