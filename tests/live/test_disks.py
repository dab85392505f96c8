#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 300
"""A disk that is full, and one that is read-only, for each command that writes: one line that says what to do, and no file."""
import os
import subprocess
import threading
import time

from livetest import (Profile, Work, case, check, check_equal, check_laws, check_one_line, long_case, main, parse_folded, read, read_bytes,
                      run, scratch, skip)
from tmpfs import in_own_namespace, small_disk

# What the message tells to do.
FULL, READ_ONLY = "free some space", "directory that you may write to"


def recording():
    path = scratch("recorded.dwell")
    if not os.path.exists(path):
        with Work("mutex", 10000, 5) as w:
            w.go()
            run("record", "-p", w.pid, "-o", path, "200ms").ok()
    return path


def offline():
    """Commands that need no tracing, with the place of their output as the last word."""
    r = recording()
    return [(["report", r, "-o"], "x.html"), (["report", r, "-o"], "x.json"), (["report", r, "-o"], "x.pb.gz"), (["diff", r, r, "-o"], "x.svg")]


def live(pid):
    return [(["offcpu", "-p", pid, "200ms", "-o"], "x.html"), (["offcpu", "-p", pid, "200ms", "-f", "--save"], "x.dwell"),
            (["record", "-p", pid, "200ms", "-o"], "x.dwell"), (["chains", "-p", pid, "200ms", "-o"], "x.json"),
            (["wakeups", "-p", pid, "200ms", "-o"], "x.folded"), (["locks", "-p", pid, "200ms", "-o"], "x.json"),
            (["syscalls", "-p", pid, "200ms", "-o"], "x.json"), (["runq", "-p", pid, "200ms", "-o"], "x.json"),
            (["dump", "-p", pid, "-o"], "x.json")]


def check_refused(words, path, *said):
    result = run(*words, path, timeout=60)
    what = " ".join(str(w) for w in words[:1]) + " " + os.path.basename(path)
    check_equal(result.status, 1, f"{what}: status, {result.err!r}")
    complaints = [line for line in result.err.splitlines() if line.startswith("dwell: ")]
    check_one_line("\n".join(complaints), what, *said)
    check_equal(os.listdir(os.path.dirname(path)) if os.path.isdir(os.path.dirname(path)) else [], LEFT, f"{what}: files")


LEFT = ["ballast"]


def full(commands):
    disk = small_disk(f"full{len(os.listdir(scratch()))}", 64)
    with open(os.path.join(disk, "ballast"), "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    for words, name in commands:
        check_refused(words, os.path.join(disk, name), "No space left", FULL)


def read_only(commands):
    disk = small_disk(f"ro{len(os.listdir(scratch()))}", 64)
    open(os.path.join(disk, "ballast"), "w").close()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for words, name in commands:
        check_refused(words, os.path.join(disk, name), "Read-only file system", READ_ONLY)


@case
def full_for_reports():
    full(offline())


@case
def read_only_for_reports():
    read_only(offline())


@long_case
def full_for_all_that_trace():
    with Work("mutex", 10000, 5) as w:
        w.go()
        full(live(w.pid))


@long_case
def read_only_for_all_that_trace():
    with Work("mutex", 10000, 5) as w:
        w.go()
        read_only(live(w.pid))


@case
def full_standard_output():
    """/dev/full stands for a disk that is full behind a shell's `>`."""
    r = recording()
    commands = [["report", r, "-f"], ["report", r, "--json"], ["report", r], ["diff", r, r], ["info", r], ["list"], ["doctor"], ["version"],
                ["completion", "bash"], ["man", "offcpu"], ["offcpu", "--help"], ["serve", "--print-config"]]
    for words in commands:
        with open("/dev/full", "w") as out:
            result = run(*words, stdout=out, timeout=60)
        check(result.status in (1, 2), f"{words}: status {result.status}, {result.err!r}")
        check("No space left" in result.err, f"{words}: {result.err!r}")


@long_case
def a_reader_that_sleeps():
    """The output of a run goes to a FIFO whose reader takes a page in 5 ms: all arrives, and the run isn't wrong."""
    fifo, got = scratch("fifo"), []
    os.mkfifo(fifo)

    def reader():
        with open(fifo, "rb", buffering=0) as f:
            while data := f.read(4096):
                got.append(data)
                time.sleep(0.005)
    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    with Work("threads", 300, 100000, 5) as w:
        w.go()
        since = time.monotonic()
        result = run("offcpu", "-p", w.pid, "--format", "json", "-o", fifo, "300ms", timeout=120).ok()
        took = time.monotonic() - since
    thread.join(60)
    p = Profile(b"".join(got).decode())
    check_laws(p)
    check(len(got) > 30, f"{len(got)} pages are not slow")
    check("DEFECT" not in result.err, result.err)
    print(f"      {sum(map(len, got))} bytes in {took:.1f} s", flush=True)


@long_case
def serve_refuses_at_once():
    """It does not trace for an hour to find that it can't write."""
    disk = small_disk("ro-serve", 64)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with Work("asleep") as w:
        for words in (["--out", os.path.join(disk, "out")], ["--spool", os.path.join(disk, "spool"), "--spool-to", "clickhouse"]):
            result = run("serve", "-p", w.pid, "--config", "none", "--listen", "127.0.0.1:0", *words, timeout=30)
            check_equal(result.status, 1, f"{words}: status, {result.err!r}")
            check("Read-only file system" in result.err, f"{words}: {result.err!r}")


in_own_namespace()
main()
