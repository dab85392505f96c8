# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Python stacks as dwell recorded them, beside those that the interpreter's faulthandler dumps of the same process."""
import os
import re
import signal
import struct
import sys
import time

from livetest import ROOT, Dwell, Profile, Work, check, check_equal, read, run, scratch, wait_until

sys.path.insert(0, os.path.join(ROOT, "tests", "truth"))
from recording import Recording, records  # noqa: E402 pylint: disable=wrong-import-position

SCRIPT = os.path.join(ROOT, "tests", "live", "work", "python_stacks.py")
IP_PYTHON = 1 << 62
LINE = 24
F_OPEN = 8
MAX_FRAMES = 128  # of Python, in one stack
FAULTHANDLER_MAX = 100
COUNTERS = ("python_lost", "python_mismatch", "python_failed", "python_unsupported")


class Python:
    """An interpreter: its file, what has to stand before it, its environment."""

    def __init__(self, path, prefix=(), env=None):
        self.path = path
        self.prefix = prefix
        self.env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **(env or {}))

    def command(self, *args):
        return [*self.prefix, self.path, *args]

    def stacks(self, mode):
        """tests/live/work/python_stacks.py, running."""
        dump = scratch(f"{mode}.dump")
        work = Work(None, SCRIPT, dump, mode, path=self.path, prefix=self.prefix, env=self.env)
        work.dump = dump
        return work


# ---- the judge ----

def parse_dump(text):
    """Thread (a number in hex) -> [(function, file, line)], innermost first."""
    stacks, frames = {}, None
    for line in text.splitlines():
        head = re.match(r"(?:Current thread|Thread) 0x0*([0-9a-f]+)", line)
        frame = re.match(r'  File "(.*)", line (\d+|\?\?\?) in (.*)$', line)
        if head:
            frames = stacks.setdefault(head.group(1), [])
        elif frame:
            number = 0 if frame.group(2) == "???" else int(frame.group(2))
            frames.append((unescape(frame.group(3)), unescape(frame.group(1)), number))
    return stacks


def unescape(text):
    """faulthandler writes what is not ASCII as Python does in literals."""
    return re.sub(r"\\(?:x(..)|u(....)|U(........))", lambda m: chr(int(m.group(1) or m.group(2) or m.group(3), 16)),
                  text)


def dump(work):
    """tid -> frames, by faulthandler."""
    at = os.path.getsize(work.dump)
    os.kill(work.pid, signal.SIGUSR1)
    idents = {words[2]: int(words[1]) for words in work.facts["thread"]}

    def dumped():
        stacks = parse_dump(read(work.dump)[at:])
        return stacks if len(stacks) >= len(idents) and all(stacks.values()) else None
    stacks = wait_until(dumped, "faulthandler's dump")
    # A call of a class leaves a frame that belongs to nobody: see pythons_is_internal().
    return {idents[i]: [f for f in frames if f != ("__init__", "__init__", 0)]
            for i, frames in stacks.items() if i in idents}


# ---- what was recorded ----

class Recorded(Recording):
    def __init__(self, path):
        self.places = {}
        of = list(records(path))
        for kind, body in of:
            if kind == LINE:
                self._place(body)
        super().__init__(of)

    def _place(self, body):
        _, line, number, _, name_len, file_len = struct.unpack_from("<IIQHHH", body, 8)
        name = body[32:32 + name_len].decode()
        file = body[33 + name_len:33 + name_len + file_len].decode()
        self.places.setdefault(number, (name.rpartition(".")[2], file, line))

    def python(self, interval):
        """The frames of Python, innermost first; None: no stack."""
        stack = self.stacks.get(interval.user_stack)
        return stack and [self.places[ip & ~IP_PYTHON] for ip in stack.ips if ip & IP_PYTHON]


def record(work, seconds, *options):
    path = scratch(f"python-{len(os.listdir(scratch()))}.dwell")
    run("record", "-p", work.pid, "-o", path, *options, seconds).ok()
    return path


def profile_of(path):
    return Profile(run("report", "--json", path).ok().out)


def check_counters(profile):
    for name in COUNTERS:
        check_equal(profile.counter(name), 0, name)


def check_same(got, expected, what):
    """@expected may lack the outer frames, beyond faulthandler's limit; @got those beyond dwell's."""
    if len(expected) >= FAULTHANDLER_MAX:
        check(len(got) >= min(MAX_FRAMES, len(expected)), f"{what}: only {len(got)} frames")
        got = got[:len(expected)]
    check_equal(got, expected, what)


def check_asleep(python):
    """Threads that sleep through the window: walked from outside."""
    with python.stacks("once") as work:
        work.tids_asleep()
        path = record(work, 0.3)
        expected = dump(work)
    recorded = Recorded(path)
    for name, tid, _ in work.facts["thread"]:
        intervals = recorded.intervals.get(int(tid), [])
        check_equal([i.flags & F_OPEN for i in intervals], [F_OPEN], f"{name}: open intervals")
        check_same(recorded.python(intervals[0]), expected[int(tid)], f"{name}: frames")
    check_counters(profile_of(path))
    return path, work


def check_often(python, *options, seconds=0.5, env=None):
    """Threads that wake and wait again: walked at switch-out."""
    with python.stacks("often") as work:
        path = scratch("python-often.dwell")
        with Dwell("record", "-p", work.pid, "-o", path, *options, env=env or {}) as d:
            d.tracing()
            time.sleep(seconds)
            d.finish().ok()
        expected = dump(work)
    recorded = Recorded(path)
    profile = profile_of(path)
    judge_often(work, recorded, expected)
    check_counters(profile)
    return profile


def judge_often(work, recorded, expected):
    """A thread that waits for the interpreter's lock is where it slept, or on its way."""
    for name, tid, _ in work.facts["thread"]:
        if name == "main":
            continue
        want = expected[int(tid)]
        same = seen = 0
        for i in recorded.intervals.get(int(tid), []):
            got = recorded.python(i)
            if got is None:
                continue
            seen += 1
            # faulthandler's signal finds it anywhere in the loop.
            same += got[1:len(want)] == want[1:] and got[0][:2] == want[0][:2]
        check(seen >= 10, f"{name}: only {seen} intervals with a stack")
        check_equal(same, seen, f"{name}: stacks that are faulthandler's, of all")
