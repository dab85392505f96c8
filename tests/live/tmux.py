# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A terminal to look at: tmux, with a server of this test's own that ends with it."""
import atexit
import os
import re
import shlex
import shutil
import subprocess
import time

from livetest import DWELL, check, scratch, skip, wait_until

SHELL = "PS1='$ ' exec bash --norc --noprofile -i"


class Terminal:
    """One pane with a shell in it, or with @command alone."""

    cnt = 0

    def __init__(self, cols=80, rows=24, command=None, **env):
        if not shutil.which("tmux"):
            skip("tmux is not installed")
        Terminal.cnt += 1
        self.socket = scratch(f"tmux-{Terminal.cnt}")
        settings = dict({"LC_ALL": "C.UTF-8", "NO_COLOR": "", "HISTFILE": ""}, **env)
        words = " ".join(f"{k}={shlex.quote(v)}" for k, v in settings.items())
        self.tmux("-f", "/dev/null", "-u", "new-session", "-d", "-x", str(cols), "-y", str(rows), "env " + words +
                  " sh -c " + shlex.quote(command or SHELL))
        self.tmux("set-option", "-g", "remain-on-exit", "on")
        self.tmux("set-option", "-g", "window-size", "manual")
        self.resize(cols, rows)
        atexit.register(self.close)
        if not command:
            self.wait_for(lambda s: s.rstrip().endswith("$"), "a prompt")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def tmux(self, *args):
        done = subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True, timeout=30)
        check(done.returncode == 0, f"tmux {args}: {done.stderr}")
        return done.stdout

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, timeout=30)

    def keys(self, *keys):
        """Names of keys (Up, F10, C-c) or characters."""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def command(self, line):
        self.type(line)
        self.keys("Enter")

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def screen(self, *options):
        return self.tmux("capture-pane", "-p", *options)

    def still(self):
        """The screen once it does not change: what is written in one piece may be shown in several."""
        shown = [None]

        def same():
            had, shown[0] = shown[0], self.screen()
            return had == shown[0]
        wait_until(same, "a screen that does not change", step=0.3)
        return shown[0]

    def value(self, name):
        """Of tmux's formats: alternate_on, cursor_flag, pane_pid..."""
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()

    def wait_for(self, condition, what):
        """Until @condition of the screen holds, which may be a text in it. The screen."""
        if isinstance(condition, str):
            text, condition = condition, lambda s: text in s
        shown = []

        def there():
            shown[:] = [self.screen()]
            return condition(shown[0])
        try:
            wait_until(there, what)
        except AssertionError as e:
            raise AssertionError(f"{e}; the screen is\n{shown[0]}") from None
        return shown[0]

    def dwell_pid(self, name="dwell"):
        """Of the dwell that runs in it, below its shell."""
        top = int(self.value("pane_pid"))

        def find():
            found, ask = [], [top]
            while ask:
                pid = ask.pop()
                try:
                    if os.path.realpath(f"/proc/{pid}/exe") == os.path.realpath(DWELL):
                        found.append(pid)
                    with open(f"/proc/{pid}/task/{pid}/children") as f:
                        ask += [int(c) for c in f.read().split()]
                except OSError:
                    pass
            return found
        return wait_until(find, f"{name} runs")[0]


class Screen:
    """What `dwell top` shows."""

    ROW = re.compile(r"^ *([\d.]+)(ns|us|ms|s) +([\d.]+) +(\d+) +([\d.]+(?:ns|us|ms|s)|-) +([\d.]+(?:ns|us|ms|s))"
                     r"  ([a-z_]+)(\+?) +(.*)$")
    UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        m = re.search(r"(?:last|since the start:) (?:([\d.]+) s|(\d+):(\d+):(\d+))", self.lines[0])
        check(m, f"no window in {self.lines[0]!r}")
        self.window_ns = float(m[1]) * 1e9 if m[1] else (int(m[2]) * 3600 + int(m[3]) * 60 + int(m[4])) * 1e9
        self.rows = []
        for line in self.lines:
            m = self.ROW.match(line)
            if m:
                self.rows.append({"ns": float(m[1]) * self.UNITS[m[2]], "share": float(m[3]), "cnt": int(m[4]),
                                  "max": self.ns(m[6]), "reason": m[7], "several": bool(m[8]), "what": m[9]})

    @classmethod
    def ns(cls, text):
        m = re.fullmatch(r"([\d.]+)([a-z]+)", text)
        return float(m[1]) * cls.UNITS[m[2]]

    def row(self, what):
        found = [r for r in self.rows if what in r["what"]]
        check(len(found) == 1, f"{len(found)} rows with {what!r} in\n{self.text}")
        return found[0]


# ---- dwell top ----

def top(*options):
    return " ".join([DWELL, "top", *(str(o) for o in options)])


def begun(text):
    """Is it the screen of a whole interval?"""
    return text.startswith("dwell top: ") and "events/s" in text and "not ended yet" not in text


def quit_top(t):
    t.keys("q")
    t.wait_for(lambda s: "dwell top: " not in s and s.rstrip().endswith("$"), "the prompt")


def check_whole(t):
    """Drawing everything again changes nothing: what is on the screen is what was meant to be. While it is paused."""
    before = t.still()
    t.keys("C-l")
    time.sleep(0.2)
    t.wait_for(lambda s: s == before, f"the screen after Ctrl-L as it was before, which was\n{before}\n")
