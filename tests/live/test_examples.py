#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every command line in README, in pages of docs/ and in the examples of --help works: a reader may copy it as it stands.

A process stands in for pid 4711, a shell for the commands after "--", one second for longer durations. Lines
that trace the whole system are only looked at by the option parser: a test must not trace its machine.
"""
import os
import re
import shlex
import shutil
import subprocess

from livetest import DWELL, Dwell, Work, case, check, check_equal, main, scratch

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMANDS = ("offcpu", "wakeups", "chains", "locks", "syscalls", "runq", "top", "dump", "record", "report", "diff", "check", "serve",
            "push", "doctor", "list", "completion", "version")
TARGETS = ("-p", "-t", "--comm", "--cgroup", "--")


def page_lines(page):
    with open(os.path.join(TOP, page)) as f:
        return [m[1] for m in re.finditer(r"^    (dwell .*?)(?:\s+#.*)?$", f.read(), re.M)]


def help_lines(command):
    text = subprocess.run([DWELL, command, "--help"], capture_output=True, text=True, check=True).stdout
    return [m[1].strip() for m in re.finditer(r"^ +(dwell %s .*)$" % command, text, re.M)]


def whole_system(words):
    """Or what sends to a receiver that is not there."""
    alone = ("report", "diff", "check", "doctor", "list", "completion", "version")
    return words[1] in COMMANDS and words[1] not in alone and not any(w in TARGETS for w in words)


def run_serve(words, folder):
    """It runs until it is stopped."""
    paths = ("/var/lib/", "/run/")
    words = [re.sub(r"(unix:)?/(\S+)$", lambda m: (m[1] or "") + os.path.join(folder, os.path.basename(m[2])), w)
             if any(p in w for p in paths) else w for w in words]
    d = Dwell(*words[1:], "--config", "none")
    d.tracing()
    return d.finish()


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
    words = prepared(line, pid)
    check_equal(words[0], "dwell", line)
    check(words[1] in COMMANDS, f"{line}: no such command")
    if whole_system(words):
        # An option behind it that can't be right: all before it was understood if only this is complained of.
        words.append("--no-such-option")
        done = subprocess.run([DWELL] + words[1:], capture_output=True, text=True, cwd=folder, timeout=60)
        check_equal(done.returncode, 2, line)
        check("--no-such-option" in done.stderr, f"{line}: {done.stderr}")
        return
    if "--comm" in words:
        words[words.index("--comm") + 1] = "dwell-no-such-*"
        if not any(w in ("1", "500ms") for w in words):
            words.append("1")
    if words[1] == "serve" and "--print-config" not in words:
        run_serve(words, folder).ok()
        return
    done = subprocess.run([DWELL] + words[1:], capture_output=True, text=True, cwd=folder, timeout=60)
    # The recording that stands in for two is short.
    check(done.returncode == 0 or (words[1] == "check" and done.returncode == 3), f"{line}: {done.returncode} {done.stderr}")


def folder_with_recording():
    folder = scratch("examples")
    os.makedirs(folder, exist_ok=True)
    kept = os.path.join(TOP, "docs", "demo", "demo.dwell")
    for name in ("r.dwell", "s.dwell", "before.dwell", "after.dwell"):
        shutil.copy(kept, os.path.join(folder, name))
    with open(os.path.join(folder, "dwell-20260131T235900Z.folded"), "w") as to:
        to.write("app;main;wait 1000\n")
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


@case
def lines_of_readme():
    try_lines(page_lines("README.md"), 8, "README")
    os.rmdir(own_cgroup())


@case
def lines_of_the_page_about_names():
    try_lines(page_lines("docs/names.md"), 3, "docs/names.md")


@case
def lines_of_the_page_about_wakers():
    try_lines(page_lines("docs/wakers.md"), 8, "docs/wakers.md")
    try_lines(page_lines("docs/chains.md"), 6, "docs/chains.md")


@case
def lines_of_the_page_about_formats():
    try_lines(page_lines("docs/formats.md"), 6, "docs/formats.md")


@case
def lines_of_the_tutorial():
    try_lines(page_lines("docs/tutorial.md"), 12, "docs/tutorial.md")


@case
def lines_of_the_page_about_times():
    try_lines(page_lines("docs/times.md"), 7, "docs/times.md")


@case
def lines_of_the_page_about_the_gate():
    try_lines(page_lines("docs/check.md"), 5, "docs/check.md")


@case
def lines_of_the_page_about_dumps():
    try_lines(page_lines("docs/dump.md"), 8, "docs/dump.md")
    os.rmdir(own_cgroup())


@case
def lines_of_the_page_about_the_doctor():
    try_lines(page_lines("docs/doctor.md"), 4, "docs/doctor.md")


@case
def lines_of_the_page_about_serving():
    try_lines(page_lines("docs/serve.md"), 4, "docs/serve.md")


@case
def lines_of_the_page_about_the_live_view():
    try_lines(page_lines("docs/top.md"), 5, "docs/top.md")


@case
def lines_of_help():
    folder = folder_with_recording()
    with Work("asleep") as w:
        for command in COMMANDS:
            for line in help_lines(command):
                try_line(line, w.pid, folder)


@case
def the_kept_recording_draws():
    kept = os.path.join(TOP, "docs", "demo", "demo.dwell")
    for name in ("folded", "svg", "html", "json", "table"):
        done = subprocess.run([DWELL, "report", kept, "--format", name, "-o", "-"], capture_output=True,
                              text=True, timeout=60)
        check_equal(done.returncode, 0, done.stderr)
        check("serve_customer" in done.stdout, f"{name}: the demo's functions are not in it")


main()
