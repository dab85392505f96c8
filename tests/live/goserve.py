# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What tests of dwell serve --go share: a Go program whose goroutines are known (work/goservice.go), and the laws of its metrics."""
import os
import subprocess
import sys

from goroutines import Program
from livetest import ROOT, check, check_equal, start, wait_until

SOURCE = os.path.join(ROOT, "tests", "live", "work", "goservice.go")
NAME = "goservice"
MAX_SERIES = 250

# The closed sets of labels.
LABELS = {
    "state": {"running", "runnable", "waiting", "syscall", "leaked",
              "user", "system", "idle"},  # of threads
    "scope": {"user", "system"},
    "scheduler": {"goroutine"},
    "stack_depth": {"0", "1-3", "4-8", ">8"},
    "blocking_reason": {"chan_receive", "chan_send", "select", "forever", "mutex", "waitgroup", "cond", "semacquire", "sleep", "io_wait",
                        "syscall", "gc", "runtime_idle", "preempted", "runnable", "other"},
    "class": {"syscall", "fault", "preempt", "runtime", "idle"},
    "kind": {"gc", "other"},
    "method": {"sampled"},
    "verdict": {"growing", "forever", "runtime_confirmed"},
    "cause": {"unsupported", "no_permission", "no_goroutines", "too_many"},
    "le": None,
}


class Service(Program):
    """One, running: sleep=10 for ten that sleep."""

    def __init__(self, path, **kinds):
        self.process = start([path] + [f"{kind}={cnt}" for kind, cnt in kinds.items()], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.text = ""
        self.hear("ready ")


class Spawner:
    """A process that starts others, a line for each."""
    CODE = ("import subprocess, sys\nfor line in sys.stdin:\n"
            "    p = subprocess.Popen(line.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
            "    p.stdout.readline()\n    print(p.pid, flush=True)\n    globals().setdefault('kept', []).append(p)\n")

    def __init__(self):
        self.process = start([sys.executable, "-c", self.CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid

    def start(self, *command):
        """The pid."""
        self.process.stdin.write(" ".join(command) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def check_labels(s, group=("comm",)):
    """Nothing but closed sets, and few series."""
    cnts = {}
    for (name, has), _ in s.samples.items():
        if not name.startswith("dwell_go_"):
            continue
        labels = dict(has)
        who = tuple(labels.pop(label) for label in group if label in labels)
        for label, value in labels.items():
            check(label in LABELS, f"{name} has a label {label}")
            check(LABELS[label] is None or value in LABELS[label], f"{name}: {label}={value}")
        if who:
            cnts[who] = cnts.get(who, 0) + 1
    check(cnts and max(cnts.values()) <= MAX_SERIES, f"series: {cnts}")
    return cnts


def goroutines(s, **labels):
    return int(s.sum("dwell_go_goroutines", **labels))


def blocked(s):
    """{(reason, depth): goroutines now}"""
    return {(has["blocking_reason"], has["stack_depth"]): int(value)
            for has, value in s.rows("dwell_go_blocked_goroutines") if value}


def seen(serve, cnt, timeout=30):
    """The exposition once so many processes are watched, and looked at."""
    last = []

    def is_it():
        last[:] = [serve.scrape()]
        return last[0].sum("dwell_go_processes") == cnt
    wait_until(is_it, f"{cnt} Go processes", timeout, 0.1)
    return last[0]


def only(s, name, **labels):
    rows = s.rows(name, **labels)
    check_equal(len(rows), 1, f"rows of {name} {labels}")
    return float(rows[0][1])
