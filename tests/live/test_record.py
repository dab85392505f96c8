#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 180
"""Recordings: report draws the same bytes as the run did, also when everything it was about is gone."""
import os
import shutil
import subprocess
from livetest import (DWELL, MS, WORK, Dwell, Profile, Work, case, check, check_equal, check_laws, check_near,
                      check_one_line, long_case, main, parse_folded, read_bytes, run, scratch, skip)

FORMATS = ("folded", "svg", "html", "json")
VIEWS = ([], ["--per-thread"], ["--split"], ["-U", "-d"], ["-K"], ["--reason", "sleep,pipe"], ["--no-idle"])


def workload():
    """A copy of a workload that can be deleted."""
    path = scratch("gone")
    shutil.copy(os.path.join(WORK, "pipes"), path)
    return path


def run_and_save(*view, name="run"):
    """One run with all outputs. format -> bytes, and the recording's path."""
    recording = scratch(f"{name}.dwell")
    outputs = {f: scratch(f"{name}.{f}") for f in FORMATS}
    wanted = [word for f in FORMATS for word in ("-o", outputs[f])]
    path = workload()
    with Work("pipes", 60, 2000, path=path) as w:
        with Dwell("offcpu", "-p", w.pid, *wanted, "--save", recording, *view) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
        os.unlink(path)
    return {f: read_bytes(p) for f, p in outputs.items()}, recording


def report(recording, *view, fmt="folded", **options):
    out = scratch("report.out")
    run("report", recording, "--format", fmt, "-o", out, *view, **options).ok()
    return read_bytes(out)


@case
def same_bytes_in_every_format():
    live, recording = run_and_save()
    check_laws(Profile(live["json"].decode()))
    check(b"work_read" in live["folded"], "the workload's functions")
    for fmt in FORMATS:
        check(report(recording, fmt=fmt) == live[fmt], f"{fmt}: report differs from the run")
        out = scratch(f"by-extension.{fmt}")
        run("report", recording, "-o", out).ok()
        check(read_bytes(out) == live[fmt], f"{fmt}: report -o by extension")
    check_equal(run("report", recording, "-f").ok().out.encode(), live["folded"], "report -f")
    check_equal(run("report", recording, "--json").ok().out.encode(), live["json"], "report --json")


@long_case
def same_bytes_in_every_view():
    for number, view in enumerate(VIEWS):
        live, recording = run_and_save(*view, name=f"view{number}")
        for fmt in FORMATS:
            check(report(recording, *view, fmt=fmt) == live[fmt], f"{fmt} with {view}")


@case
def same_table():
    recording = scratch("table.dwell")
    with Work("asleep") as w:
        live = run("offcpu", "-p", w.pid, "--format", "table", "--save", recording, "300ms").ok().out
    check("work_asleep_futex" in live, live)
    check_equal(run("report", recording, "--format", "table").ok().out, live, "table")
    check_equal(run("report", recording).ok().out, live, "the default format")


@case
def record_then_report():
    recording = scratch("recorded.dwell")
    with Work("sleeper", 30, 10) as w:
        with Dwell("record", "-o", recording, "-p", w.pid) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            result = d.finish().ok()
    check_equal(result.out, "", "stdout of record")
    p = Profile(run("report", recording, "--json").ok().out)
    check_laws(p)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    rows = parse_folded(run("report", recording, "-f").ok().out)
    check(any("work_sleep" in frames for frames, _ in rows), "work_sleep in the folded report")


@case
def record_a_command():
    recording = scratch("command.dwell")
    result = run("record", "-o", recording, "--", "/bin/sh", "-c", "sleep 0.2; exit 4")
    check_equal(result.status, 4, "the command's status")
    p = Profile(run("report", recording, "--json").ok().out)
    check(p.ns(reason="sleep", comm="sleep") >= 199 * MS, "the sleep")


@case
def on_another_machine():
    """In a root that holds nothing but dwell and its libraries: no /proc, no /sys, no files of the run."""
    live, recording = run_and_save(name="elsewhere")
    root = scratch("root")
    os.makedirs(os.path.join(root, "data"))
    libraries = subprocess.run(["ldd", DWELL], capture_output=True, text=True, check=True).stdout
    for word in libraries.split():
        if word.startswith("/"):
            os.makedirs(root + os.path.dirname(word), exist_ok=True)
            shutil.copy(word, root + word)
    shutil.copy(DWELL, os.path.join(root, "dwell"))
    there = os.path.join(root, "data", "r.dwell")
    shutil.copy(recording, there)
    os.chmod(there, 0o644)
    for fmt in FORMATS:
        done = subprocess.run(["chroot", "--userspec=65534:65534", root, "/dwell", "report",
                               "/data/r.dwell", "--format", fmt, "-o", "-"], capture_output=True,
                              check=False)
        if done.returncode == 125:
            skip("chroot is not allowed here")
        check_equal(done.returncode, 0, f"{fmt}: status, {done.stderr!r}")
        check(done.stdout == live[fmt], f"{fmt}: differs on the other machine")


@case
def reported_twice_is_the_same():
    _, recording = run_and_save(name="twice")
    for fmt in FORMATS:
        check(report(recording, fmt=fmt) == report(recording, fmt=fmt), f"{fmt} is not deterministic")


@case
def not_a_recording():
    empty, text = scratch("empty.dwell"), scratch("text.dwell")
    open(empty, "w").close()
    with open(text, "w") as f:
        f.write("this is not a recording\n" * 100)
    for path in (empty, text, scratch("none.dwell"), scratch(), DWELL):
        result = run("report", path, "-f")
        check_equal((result.status, result.out), (1, ""), f"{path}: status and output")
        check_one_line(result.err, path, os.path.basename(path))


@case
def text_of_nothing():
    """A window in which nobody waited is an empty file: no mistake, but it is said."""
    result = run("report", "/dev/null", "-f").ok()
    check_equal(result.out, "", "output")
    check("there is no stack" in result.err, result.err)


def damaged(data, change):
    path = scratch("damaged.dwell")
    with open(path, "wb") as f:
        f.write(change(data))
    out = scratch("damaged.folded")
    if os.path.exists(out):
        os.unlink(out)
    result = run("report", path, "-o", out)
    check(result.status in (0, 1), f"status {result.status}: {result.err[-300:]}")
    return result, out


@case
def truncated():
    """Cut anywhere: one line that says so and status 1, no file."""
    _, recording = run_and_save(name="cut")
    data = read_bytes(recording)
    for i in range(40):
        at = len(data) * i // 40
        result, out = damaged(data, lambda d, at=at: d[:at])
        check_equal(result.status, 1, f"cut at {at} of {len(data)}: status, {result.err!r}")
        check_one_line(result.err, f"cut at {at}", "damaged.dwell")
        check(not os.path.exists(out), f"cut at {at}: an output file")


@case
def flipped_bytes():
    """Damaged anywhere: never a crash; and found, not silently drawn."""
    _, recording = run_and_save(name="flip")
    data = read_bytes(recording)
    found = 0
    for i in range(80):
        at = (len(data) * i // 80 + i) % len(data)
        result, out = damaged(data, lambda d, at=at: d[:at] + bytes([d[at] ^ 0x55]) + d[at + 1:])
        if result.status:
            found += 1
            check_one_line(result.err, f"flipped at {at}", "damaged.dwell")
            check(not os.path.exists(out), f"flipped at {at}: an output file")
    check(found >= 79, f"{found} of 80 damaged recordings were found to be so")


@case
def recording_of_a_full_disk():
    result = run("record", "-o", "/dev/full", "--", "/bin/sh", "-c", "sleep 0.1")
    check_equal(result.status, 1, f"status, {result.err!r}")
    check("/dev/full" in result.err, result.err)


main()
