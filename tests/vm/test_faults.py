#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What happens to a machine while it is traced as a whole: clocks that jump, pauses, few pids."""
import glob
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import SECOND, check, check_equal, check_laws, check_within, parse_folded, read

DAY = 86400 * SECOND
SLEEPERS = 20  # of the workload `threads`; a tenth never wakes


def say(kernel, p, what):
    led = p.ledger
    print(f"      {kernel.release}: {what}; {led['observed_intervals']} intervals, lost {p.lost_cnt()}, "
          f"imbalance {led['imbalance_ns']} ns, rebuilt {p.counter('unpaired')}", flush=True)


def check_profile(p):
    check_laws(p, schedstats=False)
    check_equal((p.ledger["imbalance_ns"], p.lost_cnt()), (0, 0), "imbalance and lost")
    check_equal(len([t for t in p.threads if t["comm"].startswith("dwthr")]), SLEEPERS, "sleepers")


def folded(out):
    """The files of dwell serve in the order in which they were written."""
    return sorted(glob.glob(os.path.join(out.path("folded"), "*.folded")), key=lambda p: (os.path.getmtime(p), p))


def check_served(out, name="serve.said"):
    said = out.text(name)
    check("DEFECT" not in said and "nothing lost" in said, said)
    left = [n for n in os.listdir(out.path("folded")) if n.endswith(".tmp")]
    check_equal(left, [], "unfinished files")


# ---- clocks ----

def stamp(path):
    """Seconds of the file's name."""
    m = re.search(r"dwell-(\d{8}T\d{6}Z)", os.path.basename(path))
    check(m, f"name {path}")
    return time.mktime(time.strptime(m[1], "%Y%m%dT%H%M%SZ")) - time.timezone


def check_windows(out, steps):
    """Each window is about a second long, whatever the clock did, and has a name of one of the three ages."""
    ages = {age: [] for age in steps}
    for path in folded(out):
        rows = parse_folded(read(path))
        idle = sum(us for frames, us in rows if "work_never" in frames) / (SLEEPERS / 10)
        near = [age for age, at in steps.items() if abs(stamp(path) - at) < 120]
        check(near, f"{path} is of no age that the clock had: {steps}")
        ages[near[0]].append(idle / 1e6)
    for age, lengths in ages.items():
        check(len(lengths) >= 3, f"windows of {age}: {lengths}")
        check(all(0 < length < 5 for length in lengths), f"lengths of windows of {age}: {lengths}")
    return ages


@case
def clock_steps(kernel):
    out = boot(kernel, "fault_clock.sh", work=["threads"], seconds=240)
    p = out.profile()
    say(kernel, p, "the clock set 400 days forward, then 800 days back")
    check_profile(p)
    check_within(p.window_ns, 2 * SECOND, 60 * SECOND, "the run's window")
    rows = [json.loads(line) for line in out.text("profile.ndjson").splitlines()]
    check(rows and all(r["end_ns"] - r["start_ns"] == p.window_ns for r in rows), f"{rows[:1]}, window {p.window_ns}")
    check_served(out)
    steps = {name: int(line.split()[1]) for name, line in zip(("now", "forward", "back"), out.text("steps").splitlines())}
    ages = check_windows(out, steps)
    print(f"      windows: {({age: len(v) for age, v in ages.items()})}", flush=True)
    segments = [json.loads(line) for path in glob.glob(os.path.join(out.path("spool"), "clickhouse", "*.ndjson"))
                for line in read(path).splitlines()]
    check(segments, "nothing in the spool")
    for row in segments:
        check(0 < row["end_ns"] - row["start_ns"] < 5 * SECOND, f"a window's length in the spool: {row}")
        check(any(abs(row["start_ns"] / 1e9 - at) < 120 for at in steps.values()), f"a row of no age of the clock: {row}")


class Pauses:
    """Stops and continues a guest by QEMU's monitor, as who moves or saves a virtual machine does."""

    def __init__(self, each_s):
        self.path = os.path.join(tempfile.mkdtemp(prefix="dwell-vm-qmp-"), "qmp")
        self.each_s = each_s
        self.cnt = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    @property
    def options(self):
        return ["-qmp", f"unix:{self.path},server=on,wait=off"]

    def run(self):
        while not os.path.exists(self.path):
            if self.ended.wait(0.05):
                return
        with socket.socket(socket.AF_UNIX) as s, s.makefile("rw") as monitor:
            s.settimeout(30)
            s.connect(self.path)

            def command(name):
                monitor.write(json.dumps({"execute": name}) + "\n")
                monitor.flush()
                while "return" not in json.loads(monitor.readline() or '{"return": ""}'):
                    pass
            try:
                command("qmp_capabilities")
                while not self.ended.wait(self.each_s):
                    command("stop")
                    time.sleep(self.each_s)
                    command("cont")
                    self.cnt += 1
            except (OSError, ValueError):
                pass  # the guest has ended

    def end(self):
        self.ended.set()
        self.thread.join()
        os.path.exists(self.path) and os.unlink(self.path)
        os.rmdir(os.path.dirname(self.path))


@case
def paused_again_and_again(kernel):
    pauses = Pauses(0.4)
    try:
        out = boot(kernel, "system.sh", 5, f"threads {SLEEPERS} 100000 50", "pipes 100000 5000", work=["threads", "pipes"],
                   qemu=pauses.options, seconds=240)
    finally:
        pauses.end()
    p = out.profile()
    say(kernel, p, f"paused {pauses.cnt} times for 0.4 s")
    check(pauses.cnt >= 5, f"it was paused {pauses.cnt} times")
    check_profile(p)


# ---- pids ----

@case
def pids_wrap(kernel):
    limit, cnt = 400, 2000
    out = boot(kernel, "fault_pids.sh", limit, cnt, 8, work=["forks"], seconds=240)
    p = out.profile()
    kids = [t for t in p.threads if t["comm"].startswith("dwkid")]
    reused = len(kids) - len({t["tid"] for t in kids})
    say(kernel, p, f"{cnt} processes with pids up to {limit}: {reused} had one that another had before")
    check_laws(p, schedstats=False)
    check_equal(p.lost_cnt(), 0, "lost")
    check_equal({t["comm"] for t in kids}, {f"dwkid{i:04}" for i in range(cnt)}, "their names")
    check(max(t["tid"] for t in kids) < limit and reused > cnt // 2, f"{reused} of {cnt} pids were used again")
    naps = [s for s in p.stacks if s["comm"].startswith("dwkid") and s["reason"] == "sleep"]
    missing = {t["comm"] for t in kids} - {s["comm"] for s in naps}
    # A timer may have run before its thread was off the CPU: then there was nothing to wait for.
    check(len(missing) <= cnt // 100, f"{len(missing)} processes without their nap: {sorted(missing)[:5]}")
    # Until it gives itself a name it is called as its parent, and so are its waits up to then.
    wrong = [p.names(s) for s in p.stacks if s["comm"].startswith("dwkid") and p.names(s)[0] not in ("forks", s["comm"])]
    check(not wrong, f"{len(wrong)} stacks under the name of another process: {wrong[:2]}")
    named = {s["comm"] for s in naps if "work_child_nap" in p.names(s)}
    print(f"      {kernel.release}: {len(missing)} without a nap, {len(named)} of {cnt} with the name of its function", flush=True)


main()
