#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""dwell in a control group with too little memory: the kernel kills it, or it says what it lacks; nothing of it is left behind."""
import os
import random
import signal
import sys
import time

from bpf_ids import alive, ids_of
from cgroups import Cgroup, hierarchies
from livetest import (Dwell, Profile, Work, case, check, check_equal, check_laws, check_one_line, main, parse_folded, read, scratch,
                      skip, start, wait_until)
from preload import check_whole
from serving import files_in

SEED = 20261128
LIMITS = (1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128)  # MiB
KILLS = 12  # of each command
# Takes a megabyte after the other.
EATER = """
import time
print("ready", flush=True)
input()
held = []
while len(held) < 256:
    held.append(b"x" * (1 << 20))
print("sated", flush=True)
time.sleep(600)
"""


def root():
    """(where groups with limits of memory are made, the file with the limit)"""
    for where, _ in hierarchies("cgroup2"):
        if "memory" in read(os.path.join(where, "cgroup.subtree_control")).split() and os.access(where, os.W_OK):
            return where, "memory.max"
    for where, options in hierarchies("cgroup"):
        if "memory" in options and os.access(where, os.W_OK):
            return where, "memory.limit_in_bytes"
    return skip("no writable control group hierarchy with memory")


def group(limit_mib):
    where, name = root()
    made = Cgroup(os.path.join(where, f"dwell-live-{os.getpid()}-memory"))
    with open(os.path.join(made.path, name), "w") as f:
        f.write(str(limit_mib << 20))
    return made


def within(path):
    """A prefix: what comes behind it is in the group from its first moment."""
    return ["sh", "-c", f'echo $$ >{path}/cgroup.procs && exec "$@"', "sh"]


def end_watched(d, timeout=60):
    """Waits for its end; what it had in the kernel meanwhile, by id."""
    ids, end = set(), time.monotonic() + timeout
    while d.process.poll() is None:
        check(time.monotonic() < end, f"it did not end in {timeout} s: {read(d.err_path)}")
        ids |= ids_of(d.process.pid)
        time.sleep(0.005)
    return ids


def check_nothing_left(ids, what):
    wait_until(lambda: not alive(ids), f"{what}: {len(ids)} programs and maps are gone", 30, 0.1)


@case
def limits_from_the_start():
    """Each ends in one of three ways, and the largest limit is enough."""
    ends, where = {}, scratch("limited")
    os.mkdir(where)
    with Work("pipes", 10**9, 2000) as w:
        w.go()
        for mib in LIMITS:
            out = os.path.join(where, "x.json")
            with group(mib) as g:
                with Dwell("offcpu", "-p", w.pid, "-o", out, "300ms", prefix=within(g.path)) as d:
                    ids = end_watched(d)
            check_nothing_left(ids, f"{mib} MiB")
            status, said = d.process.returncode, read(d.err_path)
            check(status in (0, 1, -signal.SIGKILL), f"{mib} MiB: status {status}, {said!r}")
            ends[mib] = {0: "works", 1: "refuses"}.get(status, "killed")
            check_equal(os.listdir(where), [] if status else ["x.json"], f"{mib} MiB: files")
            if status == 1:
                check_one_line(said, f"{mib} MiB", "memory")
            if status == 0:
                check_laws(Profile(read(out)))
                os.unlink(out)
        check(w.process.poll() is None, "the workload died")
    print(f"      MiB: {ends}", flush=True)
    check_equal((ends[LIMITS[0]], ends[LIMITS[-1]]), ("killed", "works"), "the smallest and the largest limit")


def killed_in_mid_trace(command, args, check_files, least):
    """Another process of its group takes all that the limit allows, at a random moment."""
    moments, loaded, all_ids = random.Random(SEED), 0, 0
    with Work("pipes", 10**9, 2000) as w:
        w.go()
        for _ in range(KILLS):
            with group(160) as g:
                eater = start([*within(g.path), sys.executable, "-c", EATER], stdin=-1, stdout=-1)
                check_equal(eater.stdout.readline(), b"ready\n", "the eater")
                with Dwell(command, "-p", w.pid, *args, prefix=within(g.path)) as d:
                    d.tracing()
                    time.sleep(moments.uniform(0, 2))
                    ids = ids_of(d.process.pid)
                    with open(f"/proc/{d.process.pid}/oom_score_adj", "w") as f:
                        f.write("1000")  # of its group it is the first to be killed
                    eater.stdin.write(b"\n")
                    eater.stdin.flush()
                    ids |= end_watched(d)
                check_equal(d.process.returncode, -signal.SIGKILL, f"{command}: status, {read(d.err_path)!r}")
                eater.kill()
                eater.wait()
            check_nothing_left(ids, command)
            check_files()
            loaded, all_ids = loaded + bool(ids), all_ids + len(ids)
        check(w.process.poll() is None, "the workload died")
    print(f"      {command}: killed for memory {KILLS} times, {loaded} of them with programs and maps in the kernel ({all_ids} in all); nothing "
          "was left", flush=True)
    check_equal(loaded, KILLS, "times that it traced")
    check(all_ids >= least * KILLS, f"{all_ids} programs, maps and links")


@case
def offcpu_is_killed():
    where = scratch("killed")
    os.mkdir(where)
    paths = [os.path.join(where, n) for n in ("x.json", "x.dwell")]

    def check_files():
        left = os.listdir(where)
        check(set(left) <= {"x.dwell"}, f"left behind: {left}")
        for path in paths:
            if check_whole(path):
                os.unlink(path)
    killed_in_mid_trace("offcpu", ("-o", paths[0], "--save", paths[1]), check_files, 10)


@case
def serve_is_killed():
    out = scratch("served")

    def check_files():
        for path in files_in(out):
            text = read(path)
            check(text.endswith("\n") and parse_folded(text), f"{path} is torn")
        unfinished = [n for n in os.listdir(out) if n.endswith(".tmp")]
        check(len(unfinished) <= 1, f"unfinished: {unfinished}")
    killed_in_mid_trace("serve", ("--config", "none", "--listen", "127.0.0.1:0", "--out", out, "--every", "1s"), check_files, 10)
    print(f"      serve: {len(files_in(out))} windows, all whole", flush=True)


main()
