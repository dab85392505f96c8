#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Bad input and bad luck: one clear line, the right status, no partial file."""
import os
import subprocess
import time
from livetest import (DWELL, Dwell, Work, case, check, check_equal, check_one_line, main, run, scratch, skip,
                      start)

# What is nonsense -> a word of the message.
NONSENSE = (
    (["-p", "abc"], "-p"), (["-p", ""], "-p"), (["-p", "-5"], "-p"), (["-p", f"{os.getpid()},,2"], "-p"),
    (["-p", "99999999999"], "-p"), (["-t", "x1"], "-t"), (["-t", "0x"], "-t"),
    (["-m", "abc"], "-m"), (["-m", "-1"], "-m"), (["-M", "1.5.2"], "-M"), (["-m", "99999999999999999999999"], "-m"),
    (["-m", "100", "-M", "10"], "-M"),
    (["--state", "sleeping"], "--state"), (["--reason", "hunger"], "hunger"), (["--reason", ""], "--reason"),
    (["--max-depth", "0"], "--max-depth"), (["--max-depth", "1000000"], "--max-depth"),
    (["--max-depth", "x"], "--max-depth"), (["--ring-size", "1"], "--ring-size"),
    (["--ring-size", "5000"], "--ring-size"), (["--ring-size", "lots"], "--ring-size"),
    (["--format", "gif"], "gif"), (["--format"], "--format"), (["--fromat", "svg"], "--fromat"),
    (["-Z"], "-Z"), (["--"], "--"), (["-p"], "-p"), (["-o"], "-o"),
    (["-u", "-k"], "-k"), (["-U", "-K"], "-K"), (["--by-waker", "--chains"], "--chains"),
    (["abc"], "abc"), (["-5"], "-5"), (["0"], "0"), (["5x"], "5x"), (["1", "2"], "2"),
    (["99999999999999999999"], "99999999999999999999"), (["-o", "picture.gif", "1"], "picture.gif"),
)


@case
def nonsense_in_options():
    for words, word in NONSENSE:
        target = [] if any(w in ("-p", "-t", "--") for w in words) else ["-p", str(os.getpid())]
        result = run("offcpu", *target, *words, timeout=20)
        check_equal((result.status, result.out), (2, ""), f"{words}: status and output ({result.err!r})")
        check_one_line(result.err, f"{words}", word)


@case
def nonsense_in_commands():
    for words, word in ((["ofcpu"], "ofcpu"), (["report"], ""), (["record", "-o"], "-o"),
                        (["report", "--nosuch", "x"], "--nosuch"), (["--nosuch"], "--nosuch"),
                        (["diff", "a"], "two files")):
        result = run(*words, timeout=20)
        check_equal((result.status, result.out), (2, ""), f"{words}: status and output ({result.err!r})")
        check(word in result.err, f"{words}: {result.err!r}")


@case
def help_is_not_an_error():
    for words in (["--help"], ["offcpu", "--help"], ["record", "-h"], ["report", "--help"],
                  ["runq", "--help"]):
        result = run(*words)
        check_equal((result.status, result.err), (0, ""), f"{words}: status and stderr")
        check("-" in result.out and len(result.out) > 200, f"{words}: {result.out!r}")


def free_pid():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


@case
def no_such_process():
    pid = free_pid()
    for option in ("-p", "-t"):
        out = scratch("none.json")
        result = run("offcpu", option, pid, "-o", out, "5", timeout=20)
        check_equal((result.status, result.out), (1, ""), f"{option}: status and output")
        check_one_line(result.err, option, str(pid))
        check(not os.path.exists(out), "an output file")


@case
def one_of_two_does_not_exist():
    pid = free_pid()
    with Work("asleep") as w:
        result = run("offcpu", "-p", f"{w.pid},{pid}", "-f", "300ms")
    check(str(pid) in result.err, f"the missing one is named: {result.err!r}")
    check(result.status in (0, 1), f"status {result.status}")


@case
def dies_at_once():
    """The target ends while dwell loads its probes, or right after: an end, no hang, and words."""
    for delay in (0, 0.1, 0.2, 0.3, 0.4, 0.6):
        child = start(["/bin/sh", "-c", f"read x; sleep {delay}"], stdin=subprocess.PIPE)
        with Dwell("offcpu", "-p", child.pid, "-f", "20") as d:
            child.stdin.write(b"\n")
            child.stdin.close()
            child.wait()
            result = d.wait(15)
        check(result.status in (0, 1), f"delay {delay}: status {result.status}, {result.err!r}")
        check(result.err.strip(), f"delay {delay}: no word")
        check(result.out or result.err.strip(), f"delay {delay}: empty output without a line")


def before(path):
    return sorted(os.listdir(path))


@case
def output_that_cannot_be_written():
    there = scratch("a-directory")
    os.mkdir(there)
    file = scratch("a-file")
    open(file, "w").close()
    with Work("asleep") as w:
        for path in (scratch("no/such/place.json"), there + "/", there, os.path.join(file, "x.json"),
                     "/proc/nothing.json"):
            for words in (["-o", path], ["--format", "json", "-o", path], ["-f", "--save", path]):
                since = time.monotonic()
                result = run("offcpu", "-p", w.pid, *words, "30", timeout=50)
                check(result.status in (1, 2), f"{words}: status {result.status}")
                check_one_line(result.err, str(words), path.rstrip("/"))
                check(time.monotonic() - since < 10, f"{words}: found out only at the end")
    check_equal(os.listdir(there), [], "files left behind")


@case
def full_disk():
    """A tmpfs of one page, ours, in a mount namespace of its own; and /dev/full."""
    place = scratch("tiny")
    os.mkdir(place)
    wrap = ["unshare", "--mount", "/bin/sh", "-c",
            f"mount -t tmpfs -o size=8k none {place} && \"$@\"; s=$?; echo left: $(ls -A {place}) >&2; exit $s",
            "sh"]
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        skip("no mount namespace can be made here")
    with Work("threads", 60, 1, 1) as w:
        for name in ("x.html", "x.json", "x.svg"):
            result = run("offcpu", "-p", w.pid, "-o", os.path.join(place, name), "200ms", prefix=wrap)
            check_equal(result.status, 1, f"{name}: status, {result.err!r}")
            complaints = [line for line in result.err.splitlines() if "No space left" in line]
            check(len(complaints) == 1 and name in complaints[0], f"{name}: {result.err!r}")
            check_equal(result.err.splitlines()[-1], "left:", f"{name}: files left behind")
        result = run("offcpu", "-p", w.pid, "-o", os.path.join(place, "x.folded"), "--save",
                     os.path.join(place, "x.dwell"), "200ms", prefix=wrap)
        check_equal(result.status, 1, f"--save: status, {result.err!r}")
        check("x.dwell" not in result.err.splitlines()[-1], f"--save: left behind: {result.err!r}")
        with open("/dev/full", "w") as full:
            result = run("offcpu", "-p", w.pid, "-f", "200ms", stdout=full)
        check_equal(result.status, 1, f"stdout full: status, {result.err!r}")
        check("No space left" in result.err, result.err)
        result = run("offcpu", "-p", w.pid, "-o", "/dev/full", "--format", "json", "200ms")
        check_equal(result.status, 1, f"/dev/full: status, {result.err!r}")


@case
def closed_pipe():
    """`dwell ... | head -1` ends quietly."""
    with Work("threads", 60, 1, 1) as w:
        command = f"{DWELL} offcpu -p {w.pid} --json 200ms 2>/dev/null | head -c 10; echo"
        done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, timeout=30,
                              check=False)
    check_equal((done.returncode, done.stderr), (0, ""), "the pipeline")


@case
def without_rights():
    copy = scratch("dwell")
    os.chmod(scratch(), 0o755)
    subprocess.run(["cp", DWELL, copy], check=True)
    wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*wrap, "true"], check=False).returncode:
        skip("setpriv does not work here")
    with Work("asleep") as w:
        for words in (["-p", w.pid], ["--comm", "dwtest_none"]):
            result = run("offcpu", *words, "-f", "1", prefix=wrap, binary=copy)
            check_equal((result.status, result.out), (1, ""), f"{words}: status and output")
            check_one_line(result.err, str(words))
            check("root" in result.err or "sudo" in result.err or "CAP_" in result.err,
                  f"what to do: {result.err!r}")
        result = run("offcpu", "-f", "--", "/bin/true", prefix=wrap, binary=copy)
        check_equal(result.status, 1, "-- COMMAND: status")
        check_one_line(result.err, "-- COMMAND")


@case
def two_at_once():
    """Two tracers don't disturb each other."""
    with Work("asleep") as w, Dwell("offcpu", "-p", w.pid, "-f", "700ms") as a, \
            Dwell("offcpu", "-p", w.pid, "-f", "700ms") as b:
        results = [a.wait().ok(), b.wait().ok()]
    for result in results:
        check_equal(len(result.out.splitlines()), 5, "rows")


main()
