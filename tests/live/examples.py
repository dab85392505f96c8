# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Command lines of pages and of --help, tried as they stand.

A process stands in for pid 4711, a shell for the commands after "--", one second for longer durations. Lines
that trace the whole system are only looked at by the option parser: a test must not trace its machine.
"""
import functools
import os
import re
import shlex
import shutil
import subprocess

import go_waits
from golang import Toolchain
from goroutines import BUILDS, Program, build
from livetest import BUILD, DWELL, Dwell, Work, check, check_equal, scratch

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMANDS = ("offcpu", "wakeups", "chains", "locks", "syscalls", "runq", "top", "dump", "goroutines", "record", "report", "info", "diff", "check",
            "serve", "push", "doctor", "selftest", "list", "completion", "version")
TARGETS = ("-p", "-t", "--comm", "--cgroup", "--")


def page_lines(page):
    with open(os.path.join(TOP, page)) as f:
        return [m[1] for m in re.finditer(r"^    (dwell .*?)(?:\s+#.*)?$", f.read(), re.M)]


def help_lines(command):
    text = subprocess.run([DWELL, command, "--help"], capture_output=True, text=True, check=True).stdout
    return [m[1].strip() for m in re.finditer(r"^ +(dwell %s .*)$" % command, text, re.M)]


def whole_system(words):
    """Or what sends to a receiver that is not there."""
    alone = ("report", "info", "diff", "check", "doctor", "selftest", "list", "completion", "version")
    return words[1] in COMMANDS and words[1] not in alone and not any(w in TARGETS for w in words)


def run_serve(words, folder):
    """It runs until it is stopped."""
    paths = ("/var/lib/", "/run/")
    words = [re.sub(r"(unix:)?/(\S+)$", lambda m: (m[1] or "") + os.path.join(folder, os.path.basename(m[2])), w)
             if any(p in w for p in paths) else w for w in words]
    d = Dwell(*words[1:], "--config", "none")
    d.tracing()
    return d.finish()


@functools.lru_cache(None)
def go_program():
    """A process that runs Go, until the test ends."""
    return Program(build(Toolchain(), next(iter(BUILDS))))


@functools.lru_cache
def calm_go_program():
    """One whose goroutines wait seldom enough for probes."""
    return go_waits.Program(go_waits.build(Toolchain()))


def prepared(line, pid):
    """The words up to a pipe or redirection, with what the reader has replaced by what the test has."""
    words = shlex.split(re.split(r"\s[|>]", line)[0], comments=True)
    if "--" in words:
        at = words.index("--")
        words = words[:at + 1] + ["sh", "-c", "sleep 0.1"]
    for i, w in enumerate(words):
        if w == "4711":
            words[i] = str(pid)
        elif w.startswith("/sys/fs/cgroup/"):
            words[i] = own_cgroup()
        elif re.fullmatch(r"\d+", w) and words[i - 1] not in ("-p", "-t", "-m", "-M", "--top", "-i", "-n"):
            words[i] = "1"
    # Without an end else, or ten minutes.
    if words[-2] == "--watch":
        words.append("1")
    if "--go-events" in words and words[-1] == "10m":
        words[-1] = "1s"
    if "--leaks" in words and "1" not in words:
        words.append("1")
    # It shows a living process for as long as that lives.
    if words[1] == "top" and "-n" not in words and "--" not in words:
        words += ["-n", "1"]
    return words


def own_cgroup():
    """A cgroup with nothing in it: the line is tried, the machine is left alone."""
    path = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
    path = os.path.join(path, "dwell-test-examples")
    os.makedirs(path, exist_ok=True)
    return path


def try_line(line, pid, folder):
    go = calm_go_program if "--go-events" in line else go_program
    words = prepared(line, go().pid if line.startswith("dwell goroutines") else pid)
    check_equal(words[0], "dwell", line)
    check(words[1] in COMMANDS, f"{line}: no such command")
    if whole_system(words):
        # An option behind it that can't be right: all before it was understood if only this is complained of.
        words.append("--no-such-option")
        done = subprocess.run([DWELL] + words[1:], capture_output=True, text=True, cwd=folder, timeout=60)
        check_equal(done.returncode, 2, line)
        check("--no-such-option" in done.stderr, f"{line}: {done.stderr}")
        return
    if "--comm" in words and words[1] != "report":
        words[words.index("--comm") + 1] = "dwell-no-such-*"
        if not any(w in ("1", "500ms") for w in words):
            words.append("1")
    if words[1] == "serve" and "--print-config" not in words:
        run_serve(words, folder).ok()
        return
    done = subprocess.run([DWELL] + words[1:], capture_output=True, text=True, cwd=folder, timeout=60)
    # The recording that stands in for two is short; the program that stands in for one has goroutines that leak.
    status = 3 if words[1] == "check" else 1 if "--leaks" in words else 0
    check(done.returncode in (0, status), f"{line}: {done.returncode} {done.stderr}")


def folder_with_recording():
    folder = scratch("examples")
    os.makedirs(folder, exist_ok=True)
    kept = os.path.join(TOP, "docs", "demo", "demo.dwell")
    for name in ("r.dwell", "s.dwell", "before.dwell", "after.dwell"):
        shutil.copy(kept, os.path.join(folder, name))
    with open(os.path.join(folder, "dwell-20260131T235900Z.folded"), "w") as to:
        to.write("app;main;wait 1000\n")
    subprocess.run([os.path.join(BUILD, "tests", "unit", "make_etl"), "shop", os.path.join(folder, "trace.etl")], check=True)
    subprocess.run([DWELL, "report", "-q", kept, "-o", os.path.join(folder, "block.pb.gz")], check=True, timeout=60)
    return folder


def try_lines(lines, at_least, where):
    check(len(lines) >= at_least, f"only {len(lines)} lines found in {where}")
    folder = folder_with_recording()
    without = subprocess.run([DWELL, "version"], capture_output=True, text=True, check=True).stdout
    with Work("asleep") as w:
        for line in lines:
            if "without libdw" not in without or not re.search("--inlines|--lines", line):
                try_line(line, w.pid, folder)
