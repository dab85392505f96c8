#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""dwell serve forgets stacks, threads, files and names all the time, and still has every name and every nanosecond."""
import os
import re
import signal
import subprocess
import sys
import time

from livetest import (US, WORK, Dwell, Work, case, check, check_equal, check_near, main, parse_folded, read, scratch, start,
                      wait_until)
from serving import files_in

ROUNDS = 20000
WAYS = ("sleep", "futex", "pipe", "poll")
LOST = re.compile(r"\[(stack lost|unknown|exited|Missed .*|merged.*)\]")

LIBRARY = """
int through(int (*fn)(void))
{
	volatile char room[%d];

	room[0] = 1;
	return fn() + room[0];
}
"""


def serve(pid, out, *args, always=True):
    return Dwell("serve", "--config", "none", "--listen", "none", "-v", "-p", pid, "--out", out, "--every", "1s", *args,
                 env={} if always is None else {"DWELL_SWEEP": "always" if always else "never"})


def sweeps(result):
    return len(re.findall(r"swept: ", result.err))


def rows_of(out):
    return [row for name in files_in(out) for row in parse_folded(read(name))]


@case
def sleepers_keep_their_stacks():
    """Threads that sleep through sweeps: their stacks were told once, before the first."""
    out = scratch("asleep")
    with Work("asleep") as w:
        w.tids_asleep()
        with serve(w.pid, out) as d:
            d.tracing()
            wait_until(lambda: len(files_in(out)) >= 8, "8 files", 60)
            result = d.finish().ok()
    check(sweeps(result) >= 6, f"{sweeps(result)} sweeps: {result.err}")
    for name in files_in(out):
        rows = parse_folded(read(name))
        times = {way: sum(us for frames, us in rows if f"work_asleep_{way}" in frames) for way in WAYS}
        check(min(times.values()) > 0 and max(times.values()) - min(times.values()) <= 1, f"{name}: {times}")
        check(not [r for r in rows if LOST.search(";".join(r[0]))], f"{name}: {rows}")


@case
def stacks_that_come_once_a_second():
    """Few enough that the kernel side never forgets one by itself: what was struck off is sent again."""
    out = scratch("recur")
    with Work("recur", 8000) as w:
        with serve(w.pid, out) as d:
            d.tracing()
            w.work()
            result = d.finish().ok()
    rows = [(frames, us) for frames, us in rows_of(out) if "work_bottom" in frames or LOST.search(";".join(frames))]
    paths = {tuple(f for f in frames if f in ("work_left", "work_right")) for frames, _ in rows}
    check(sweeps(result) >= 5, f"{sweeps(result)} sweeps")
    check_equal([r for r in rows if LOST.search(";".join(r[0]))], [], "rows without a name")
    check_equal(len(paths), 1024, "different stacks")
    check_near(sum(us for _, us in rows), w.ns("slept") / US, "time in work_bottom", 0.03)  # which is on the CPU, too


AGAIN = """
import time
input()
for again in range(2):
    for _ in range(30):
        time.sleep(0.01)
    until = time.monotonic() + 13.5 * (1 - again)
    while time.monotonic() < until:
        pass
"""


@case
def stacks_that_come_again_after_one_sweep():
    """Unused while a sweep lasts, they are struck off: walks that are remembered must not lead to them after that."""
    out = scratch("again")
    work = start([sys.executable, "-c", AGAIN], stdin=subprocess.PIPE)
    with serve(work.pid, out, always=None) as d:
        d.tracing()
        work.communicate(b"\n")
        result = d.wait().ok()
    check_equal(sweeps(result), 1, f"sweeps, after ten windows: {result.err}")
    rows = rows_of(out)
    check_equal([row for row in rows if LOST.search(";".join(row[0]))], [], "stacks that were forgotten")
    naps = sum(us for frames, us in rows if any("nanosleep" in f for f in frames))
    check(naps >= 60 * 10000, f"{naps} us of sleep: {rows}")


def libraries():
    paths = []
    for size in (64, 4096):
        source, path = scratch(f"room{size}.c"), scratch(f"room{size}.so")
        with open(source, "w") as f:
            f.write(LIBRARY % size)
        subprocess.run([os.environ.get("CC", "gcc"), "-O2", "-fomit-frame-pointer", "-shared", "-fPIC", "-o", path,
                        source], check=True)
        paths.append(path)
    return paths


def in_bursts(work):
    """Lets it run for a part of the time only, so that it is still at it many windows later."""
    while work.poll() is None:
        time.sleep(0.05)
        os.kill(work.pid, signal.SIGSTOP)
        time.sleep(0.4)
        os.kill(work.pid, signal.SIGCONT)


def stacks_under(always, paths):
    """Rows of thousands of stacks that recur, and how often it was swept."""
    out = scratch(f"stacks{always}")
    work = start(
        ["sh", "-c", 'read go; exec "$@"', "sh", os.path.join(WORK, "stacks"), str(ROUNDS), *paths],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    with serve(work.pid, out, "--ring-size", "16m", always=always) as d:
        d.tracing()
        work.stdin.write(b"go\n")
        work.stdin.close()
        in_bursts(work)
        result = d.wait().ok()
    check("DEFECT" not in result.err and "nothing lost" in result.err, result.err)
    observed = re.search(r"off-CPU time: ([0-9.]+) (min|s|ms) observed", result.err)
    waited = float(observed[1]) * {"min": 60e6, "s": 1e6, "ms": 1e3}[observed[2]]
    rows = rows_of(out)
    check_near(sum(us for _, us in rows), waited, "all rows", 0.02)
    return rows, sweeps(result)


@case
def stacks_that_recur():
    """The kernel side sends a stack once, and again when it was forgotten: also where its walk is remembered."""
    paths = libraries()
    plain, none = stacks_under(False, paths)
    swept, cnt = stacks_under(True, paths)
    distinct = [len({tuple(frames) for frames, _ in rows}) for rows in (plain, swept)]
    lost = [sum(bool(LOST.search(";".join(frames))) for frames, _ in rows) / len(rows) for rows in (plain, swept)]
    print(f"      {cnt} sweeps; distinct stacks {distinct}; shares of rows without a name {lost[0]:.2g}, {lost[1]:.2g}")
    check(cnt >= 2 and not none, f"{cnt} sweeps, {none} where there should be none")  # how many depends on the machine
    check(min(distinct) >= 5000, f"distinct stacks {distinct}")
    # A few have none either way: of libraries that were unloaded, or still being walked when their window ended.
    check(lost[1] <= lost[0] + 0.001, f"shares of rows without a name: {lost}")
    names = [{f for frames, _ in rows for f in frames if f.startswith("way_")} for rows in (plain, swept)]
    check_equal(names[1], names[0], "names of the workload's functions")
    check(any("through" in frames for frames, _ in swept), "nothing waited below a library")


main()
