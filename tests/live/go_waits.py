# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A Go program whose goroutines wait for known things, and add up for how long by their own clock (work/go_waits.go)."""
import os
import subprocess
import time

from livetest import ROOT, check, start

SOURCE = os.path.join(ROOT, "tests", "live", "work", "go_waits.go")
STRIPPED = "-ldflags=-s -w"

# Function -> Go's word for what it waits for, by version.
WORDS = {"main.sleeper": ["sleep"], "main.receiver": ["chan receive"], "main.reader": ["IO wait"],
         "main.locker": ["semacquire", "sync.Mutex.Lock"]}


def build(toolchain):
    return toolchain.build("go_waits", [SOURCE], STRIPPED, cgo=False)


class Program:
    """It, running."""

    def __init__(self, command):
        """@command: its path, or words that run it."""
        self.process = start([command] if isinstance(command, str) else command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        check(self.process.stdout.readline() == "ready\n", "the program did not begin")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def account(self):
        """(seconds by a clock, {function: (seconds it waited, how often)}) since it began."""
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        spent = {}
        while True:
            words = self.process.stdout.readline().split()
            check(words, "the program ended")
            if words[0] == "done":
                return time.monotonic(), spent
            spent[words[0]] = (int(words[1]) / 1e9, int(words[2]))


def rates(before, after):
    """{function: (share of the time that it waited, waits per second)} between two accounts."""
    seconds = after[0] - before[0]
    return {f: ((a[0] - b[0]) / seconds, (a[1] - b[1]) / seconds)
            for f, a, b in ((f, after[1][f], before[1][f]) for f in after[1])}


def waits(profile, function):
    """(share of the window, waits per second) that the profile has for what the function waits for."""
    seconds = profile.window_ns / 1e9
    found = [s for s in profile.select(frame=function) if s.get("wait_reason") in WORDS[function]]
    return (sum(s["blocked_ns"] + s["runnable_ns"] for s in found) / 1e9 / seconds,
            sum(s["intervals"] for s in found) / seconds)
