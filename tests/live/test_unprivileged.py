#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A user without rights: one line that says what to do, and nothing of what others do; not from commands, files or HTTP."""
import os
import re
import subprocess

from livetest import Work, case, check, check_equal, check_one_line, long_case, main, run, scratch, wait_until
from rights import NOBODY, as_nobody, go_program, open_to_all, run_as_nobody
from serving import Serve

TRACE = ["offcpu", "wakeups", "chains", "locks", "syscalls", "runq"]


def check_refused(*args):
    status, out, err = run_as_nobody((), *args)
    check_equal((status, out), (1, ""), f"{args}: status and output; it said {err[-500:]}")
    check_one_line(err, f"{args}")
    check(re.search(r"root|sudo", err) and "CAP_" in err, f"{args} does not say what to do: {err!r}")


@case
def every_command_that_traces():
    place = open_to_all("out")
    os.chmod(place, 0o777)
    with Work("asleep") as w:
        for command in TRACE:
            check_refused(command, "-p", w.pid, "1")
        check_refused("top", "--batch", "-p", w.pid)
        check_refused("record", "-p", w.pid, "-o", f"{place}/r.dwell", "1")
        check_refused("serve", "--config", "none", "--listen", "none", "-p", w.pid, "--out", f"{place}/folded")
    check_refused("offcpu", "--", "/bin/true")
    check_refused("offcpu", "1")
    check_refused("selftest")
    left = [name for name in os.listdir(place) if name != "folded"]
    check_equal(left, [], "files")
    check(not [f for f in os.listdir(f"{place}/folded") if not f.startswith(".")], "files of windows")


@case
def goroutines_of_others():
    with go_program() as p:
        check_refused("goroutines", "-p", p.pid)
        check_refused("goroutines", "-p", p.pid, "--go-events", "1s")
        check_refused("goroutines", "-p", p.pid, "--scheduler")


@case
def dumps_say_what_everybody_may_read():
    """State and name, as ps(1): no function, no system call, no file."""
    with Work("hung") as w:
        status, out, err = run_as_nobody((), "dump", "-p", w.pid, "--longer-than", "0", "--json")
    check_equal(status, 0, f"status: {err}")
    check("hide their user stack" in err and "root" in err, f"no warning: {err}")
    check(not re.search(r"work_|libc|hung-pipe\+|syscall\": \"[a-z]", out), f"{out[:2000]}")


@case
def over_http():
    """Metrics are for all, as documented; profiles for root and those who are named. Each path, for another user of the machine."""
    def get(s, path):
        done = subprocess.run([*as_nobody(), "curl", "-s", "-g", "-o", "-", "-w", "\n%{http_code}", s.url(path)],
                              capture_output=True, text=True, check=False, timeout=60)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body
    paths = ["/folded?seconds=1", "/debug/pprof/block?seconds=1", "/flamegraph", "/flamegraph?seconds=1",
             "/debug/pprof/goroutine", "/debug/pprof/block?scheduler=goroutine&seconds=1"]
    with Work("sleeper", 1000000, 5) as w:
        w.go()
        with Serve("--go", "-p", w.pid) as s:
            for path in paths:
                status, body = get(s, path)
                check_equal(status, 403, f"{path}: {body[:300]}")
                check_one_line(body, path, "--http-user", "sudo")
                check("work_sleep" not in body, f"{path}: {body}")
            for path in ("/metrics", "/-/healthy", "/-/ready", "/version"):
                status, body = get(s, path)
                check_equal(status, 200, f"{path}: {body[:300]}")
                check("work_sleep" not in body and not re.search(rf"\b{w.pid}\b", re.sub(r" [0-9.e+-]+$", "", body, flags=re.M)),
                      f"{path} has a function or a pid")
            check("work_sleep" in s.body("/folded?seconds=1").decode(), "root sees it")
        with Serve("-p", w.pid, "--http-user", str(NOBODY)) as s:
            status, body = get(s, "/folded?seconds=1")
            check(status == 200 and "work_sleep" in body, f"one who is named: {status} {body[:300]}")


def readable(path):
    return subprocess.run([*as_nobody(), "head", "-c", "1", path], capture_output=True, check=False).returncode == 0


@long_case
def files_of_root():
    """Recordings, folded files, pprof, spool and socket: closed to others, whatever the umask."""
    place = open_to_all("files")
    recording, sock = os.path.join(place, "r.dwell"), os.path.join(place, "d.sock")
    old = os.umask(0)
    try:
        with Work("sleeper", 1000000, 5) as w:
            w.go()
            with open(recording, "w"):
                pass  # one that all may read and write is there already
            run("record", "-q", "-p", w.pid, "-o", recording, "300ms").ok()
            run("offcpu", "-q", "-p", w.pid, "--save", recording + "2", "-f", "300ms").ok()
            out, spool = os.path.join(place, "folded"), os.path.join(place, "spool")
            with Serve("-p", w.pid, "--out", out, "--pprof", "--every", "1s", "--spool", spool, "--spool-to",
                       "clickhouse,pyroscope", "--listen", f"unix:{sock}") as s:
                wait_until(lambda: len([n for n in os.listdir(out) if n.endswith(".pb.gz")]) > 0, "files of a window", 20, 0.2)
                wait_until(lambda: [n for d, _, names in os.walk(spool) for n in names if "." in n and "clickhouse" in d],
                           "a segment", 20, 0.2)
                modes = {d: os.stat(d).st_mode & 0o7777 for d in (out, spool, sock)}
                found = [os.path.join(d, n) for top in (out, spool) for d, _, names in os.walk(top) for n in names]
                for path in [*found, recording, recording + "2", sock]:
                    check(not readable(path), f"nobody may read {path}")
                for path in found:
                    st = os.stat(path)
                    check_equal((st.st_uid, st.st_mode & 0o7777), (0, 0o640), f"owner and permissions of {path}")
                done = subprocess.run([*as_nobody(), "curl", "-s", "--unix-socket", sock, "http://x/metrics"],
                                      capture_output=True, check=False)
                check_equal((done.returncode, done.stdout), (7, b""), "curl, as nobody")
                s.finish().ok()
    finally:
        os.umask(old)
    check_equal(modes, {out: 0o750, spool: 0o2750, sock: 0o660}, "permissions")
    check_equal([os.stat(p).st_mode & 0o777 for p in (recording, recording + "2")], [0o600, 0o600], "recordings")
    check(len(found) > 4, f"{found}")


@case
def what_others_laid():
    """Links and FIFOs where an output shall be, in a directory like /tmp; links in that of serve."""
    place, precious = open_to_all("shared"), scratch("precious")
    os.chmod(place, 0o1777)
    with open(precious, "w") as f:
        f.write("precious")
    for command in (["ln", "-s", precious, f"{place}/x.dwell"], ["ln", "-s", scratch("new"), f"{place}/x.svg"],
                    ["mkfifo", f"{place}/x.json"], ["ln", "-s", precious, f"{place}/x.sock"], ["mkfifo", f"{place}/x.prom"],
                    ["ln", "-s", precious, f"{place}/.dwell.lock"]):
        subprocess.run([*as_nobody(), *command], check=True)
    with Work("asleep") as w:
        for args in (["record", "-o", f"{place}/x.dwell"], ["offcpu", "-o", f"{place}/x.svg"], ["offcpu", "-o", f"{place}/x.json"],
                     ["offcpu", "--save", f"{place}/x.dwell"], ["syscalls", "-o", f"{place}/x.json"],
                     ["runq", "-o", f"{place}/x.json"], ["dump", "-o", f"{place}/x.svg"]):
            seconds = [] if args[0] == "dump" else ["200ms"]
            r = run(*args, "-p", w.pid, *seconds, timeout=20)
            check_equal(r.status, 1, f"{args}: {r.err}")
            check_one_line(r.err, f"{args}", "another user", "directory of your own")
        r = run("serve", "--config", "none", "--listen", f"unix:{place}/x.sock", "-p", w.pid, timeout=20)
        check_equal(r.status, 1, r.err)
        check_one_line(r.err, "a link in place of the socket", "no socket")
        r = run("serve", "--config", "none", "--listen", "none", "--out", place, "-p", w.pid, timeout=20)
        check_equal(r.status, 1, r.err)
        check_one_line(r.err, "a link in place of the lock", place)
    with open(precious) as f:
        check_equal(f.read(), "precious", "what the links lead to")
    check(not os.path.exists(scratch("new")), "a file was made by way of a link")


main()
