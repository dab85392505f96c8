#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""kill -9 at 200 random moments: nothing of that process stays in the kernel, and each file is whole or not there."""
import os
import random
import signal
import time

from bpf_ids import alive, ids_of
from livetest import Dwell, Work, case, check, check_equal, main, parse_folded, read, run, scratch, thread_state, wait_until
from preload import check_whole
from serving import files_in

SEED = 20261128
TIMES = {"offcpu": 80, "record": 60, "serve": 60}


class Deaths:
    """Of one command: when it was killed, and what it held then."""

    def __init__(self, name):
        self.name = name
        self.cnt = self.ended = self.loaded = self.ids = 0

    def kill(self, d, after_s):
        """Stops it first, so that what it has can be looked at: a stopped process makes no more."""
        time.sleep(after_s)
        if d.process.poll() is not None:
            self.ended += 1
            return
        os.kill(d.process.pid, signal.SIGSTOP)
        wait_until(lambda: d.process.poll() is not None or thread_state(d.process.pid) in "TZ", "it is stopped")
        if d.process.poll() is not None:  # in between
            self.ended += 1
            return
        ids = ids_of(d.process.pid)
        d.process.kill()
        check_equal(d.process.wait(), -9, f"{self.name}, killed after {after_s:.3f} s: status")
        wait_until(lambda: not alive(ids), f"{self.name}, killed after {after_s:.3f} s: {len(ids)} objects are gone", 30, 0.1)
        self.cnt += 1
        self.loaded += bool(ids)
        self.ids += len(ids)

    def say(self):
        print(f"      {self.name}: killed {self.cnt} times, {self.loaded} of them with programs or maps in the kernel ({self.ids} in "
              f"all), {self.ended} had ended by then; nothing was left", flush=True)


def directory(name):
    path = scratch(name)
    os.makedirs(path, exist_ok=True)
    return path


def killed_run(command, args, names):
    """Killed at any moment from the start to a little after the end, as long as that takes here."""
    where, moments, deaths, whole = directory(command), random.Random(SEED), Deaths(command), 0
    paths = [os.path.join(where, n) for n in names]
    with Work("pipes", 10**9, 300) as w:
        w.go()
        since = time.monotonic()
        run(command, "-p", w.pid, *args(paths), "400ms").ok()
        took = time.monotonic() - since
        for path in paths:
            os.unlink(path)
        while deaths.cnt < TIMES[command]:
            with Dwell(command, "-p", w.pid, *args(paths), "400ms") as d:
                deaths.kill(d, moments.uniform(0, 1.1 * took))
            left = [os.path.join(where, n) for n in os.listdir(where)]
            check(set(left) <= set(paths), f"left behind: {left}")
            whole += sum(check_whole(path) for path in left)
            for path in left:
                os.unlink(path)
            check(w.process.poll() is None, "the workload died")
            check(deaths.ended < 4 * TIMES[command], "it always ends before it can be killed")
    deaths.say()
    print(f"      {command}: {whole} whole files, none torn", flush=True)


@case
def offcpu():
    killed_run("offcpu", lambda p: ["-o", p[0], "-o", p[1], "--save", p[2]], ("x.json", "x.html", "x.dwell"))


@case
def record():
    killed_run("record", lambda p: ["-o", p[0]], ("x.dwell",))


def check_windows(out):
    """All but one that was being written are whole. The number of files."""
    files = files_in(out)
    for path in files:
        text = read(path)
        check(text.endswith("\n") and parse_folded(text), f"{path} is torn")
        run("report", path, "-f").ok()
    others = set(os.listdir(out)) - {os.path.basename(f) for f in files} - {".dwell.lock"}
    others = {n for n in others if not n.endswith((".pb.gz", ".tmp"))}
    check_equal(others, set(), "left behind")
    unfinished = [n for n in os.listdir(out) if n.endswith(".tmp")]
    check(len(unfinished) <= 1, f"unfinished: {unfinished}")
    return len(files), len(unfinished)


@case
def serve():
    """Always in the same directory: what is unfinished goes at the next start."""
    out, moments, deaths = directory("serve"), random.Random(SEED), Deaths("serve")
    windows = unfinished = 0
    with Work("pipes", 10**9, 300) as w:
        w.go()
        while deaths.cnt < TIMES["serve"]:
            with Dwell("serve", "-p", w.pid, "--config", "none", "--listen", "127.0.0.1:0", "--out", out, "--every", "1s", "--pprof") as d:
                deaths.kill(d, moments.uniform(0, 4.0))
            got, torn = check_windows(out)
            windows, unfinished = windows + got, unfinished + torn
            for path in files_in(out):
                os.unlink(path)
        with Dwell("serve", "-p", w.pid, "--config", "none", "--listen", "127.0.0.1:0", "--out", out, "--every", "1s") as d:
            wait_until(lambda: files_in(out), "a window", 30)
            result = d.finish().ok()
        check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
        check_equal([n for n in os.listdir(out) if n.endswith(".tmp")], [], "unfinished files after the next start")
    deaths.say()
    print(f"      serve: {windows} whole windows, {unfinished} times an unfinished one, which the next start removed", flush=True)


main()
