#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 300
"""dwell.exe serve under Wine: metrics in a file, in a console and as a service; events come from tests/windows/fake_etw.c."""
import os
import shutil
import signal
import subprocess

from livetest import case, check, check_equal, check_one_line, main, read, scratch, skip, wait_until
from windows_exe import DLL, EXE, fake_settings, run_windows, windows_path, wine_environment


def metrics(path):
    """{name and labels: value}, once the trace is in them."""
    found = {}
    for line in read(path).splitlines() if os.path.exists(path) else []:
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def has_all(path):
    return metrics(path).get('dwell_block_duration_seconds_count{reason="lock"}') == 2


def check_metrics(path):
    m = metrics(path)
    # In nanoseconds: what ended in the trace, by reason.
    sums = {r: round(m.get(f'dwell_block_duration_seconds_sum{{reason="{r}"}}', 0) * 1e9) for r in ("lock", "sleep", "poll", "other")}
    check_equal(sums, {"lock": 78_000_000, "sleep": 99_900_000, "poll": 38_000_000, "other": 24_500_000}, "blocked")
    check_equal(sum(v for k, v in m.items() if k.startswith("dwell_group_blocks_total") and 'comm="shop.exe"' in k), 2, "waits of shop.exe")
    check_equal(sum(v for k, v in m.items() if k.startswith("dwell_threads_blocked")), 3, "threads that are blocked now")
    check(m["dwell_longest_block_seconds"] > 0.8, f"the longest: {m['dwell_longest_block_seconds']}")
    check(any(k.startswith("dwell_build_info") and 'kernel="Windows ' in k for k in m), "the system")
    check_equal(m['dwell_output_failing{output="textfile"}'], 0, "the file")


@case
def in_a_console():
    path = scratch("console.prom")
    env = wine_environment() | fake_settings(runs="1", lost="4,0,0")
    with open(scratch("serve.err"), "wb") as err:
        with subprocess.Popen(["wine", EXE, "serve", "--etw-dll", windows_path(DLL), "--prom-textfile", windows_path(path)], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err, cwd=scratch()) as p:
            try:
                wait_until(lambda: has_all(path), "the trace is in the metrics", timeout=90)
                check_metrics(path)
                check_equal(metrics(path)['dwell_events_lost_total{cause="trace_event"}'], 4, "lost events")
            finally:
                p.send_signal(signal.SIGINT)
            check_equal(p.wait(60), 0, "status")
    check("249 ms delivered" in read(scratch("serve.err")), read(scratch("serve.err")))
    check("ControlTraceW handle=1234 name= what=1" in read(scratch("calls.log")), "the session was ended")


@case
def as_a_service():
    """Started, asked and stopped by the service manager."""
    env = wine_environment()
    dll = os.path.join(scratch(), "fake_etw.dll")
    shutil.copy(DLL, dll)
    with open(scratch("fake_etw.ini"), "w") as to:
        to.write("[fake]\r\n" + "".join(f"{k}={v}\r\n" for k, v in fake_settings(runs="1").items()))
    sc = lambda *words: subprocess.run(["wine", "sc", *words], env=env, capture_output=True, text=True, timeout=120, cwd=scratch(), check=False)
    path, log = scratch("service.prom"), scratch("service.log")
    words = [windows_path(EXE), "serve", "--service", "--log", windows_path(log), "--etw-dll", windows_path(dll), "--prom-textfile", windows_path(path)]
    # Wine ends services when no other program is left: this one waits for its input.
    with subprocess.Popen(["wine", "cmd"], env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          cwd=scratch()) as other:
        try:
            check_service(sc, words, path, log)
        finally:
            other.stdin.close()
            other.wait(60)


def check_service(sc, words, path, log):
    made = sc("create", "dwelltest", "binPath=", " ".join(words))
    if made.returncode:
        skip(f"this Wine makes no services: {made.stdout} {made.stderr}")
    try:
        started = sc("start", "dwelltest")
        check_equal(started.returncode, 0, f"start: {started.stdout} {started.stderr} {read(log) if os.path.exists(log) else ''}")
        wait_until(lambda: has_all(path), "the trace is in the metrics", timeout=90)
        check_metrics(path)
        stopped = sc("stop", "dwelltest")
        check_equal(stopped.returncode, 0, f"stop: {stopped.stdout} {stopped.stderr}")
        wait_until(lambda: "delivered" in read(log), "it ends", timeout=60)
        check("249 ms delivered" in read(log), read(log))
    finally:
        sc("delete", "dwelltest")


@case
def mistakes():
    for words, what in ((["serve"], "--prom-textfile is needed"),
                        (["serve", "--prom-textfile", "x.prom", "-M", "5"], "-M can't be used with serve"),
                        (["serve", "--prom-textfile", "x.prom", "--group-by", "pod"], "give none or comm"),
                        (["serve", "--prom-textfile", "x.prom", "5"], "'5' is too much")):
        status, out, err = run_windows(*words)
        check_equal((status, out), (2, b""), f"{words}")
        check_one_line(err, what, what)


if __name__ == "__main__":
    main(needs_tracing=False)
