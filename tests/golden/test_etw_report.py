#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 120
"""Traces of Windows in dwell report and its relatives: one that is made here (tests/fixtures/mkshop.c), and real ones where they are there."""
import json
import os
import shutil
import subprocess
import sys
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, ROOT, case, check, check_equal, check_one_line, main, run, scratch  # noqa: E402
from sample_traces import traces  # noqa: E402

MAKE = os.path.join(BUILD, "tests", "unit", "make_etl")
DEMO = os.path.join(ROOT, "docs", "demo", "demo.dwell")
MS = 1_000_000

KERNEL = "ntoskrnl.exe+0x2345;ntoskrnl.exe+0x1234"
FOLDED = f"""\
[unknown];[Missed User Stack];[Missed Kernel Stack] 596000
checkout and a long name;[Missed User Stack];[Missed Kernel Stack] 800000
checkout and a long name;[unknown];shop.exe+0x2020;ntdll.dll+0x300;{KERNEL} 100000
checkout and a long name;shop.exe+0x1010;Shop.Cart.Pay;ntdll.dll+0x100;{KERNEL} 40000
db.exe;db.exe+0x3030;ntdll.dll+0x400;{KERNEL} 29000
shop.exe;[Missed User Stack];[Missed Kernel Stack] 50000
shop.exe;shop.exe+0x1010;Shop.Stock.Take;ntdll.dll+0x200;{KERNEL} 30000
shop.exe;shop.exe+0x1010;Shop.Stock.TakeFast;ntdll.dll+0x200;{KERNEL} 50000
"""
LEDGER = """\
off-CPU time: 249 ms observed in 6 intervals, 249 ms delivered (100.0 %), nothing lost; still waiting at the end: 1.45 s in 3
"""


def make(kind, name=None, *args):
    path = scratch((name or kind) + ".etl")
    subprocess.run([MAKE, kind, path, *map(str, args)], check=True)
    return path


def folded(*args):
    return run("report", "-f", "-q", *args).ok().out


def waits(*args):
    return [json.loads(line) for line in run("report", "-q", "--format", "ndjson-waits", *args).ok().out.splitlines()]


@case
def stacks():
    """With addresses or keys, packed or not, in one file, in two of one session, or in a zip."""
    for kind in ("shop", "shop-keys", "shop-packed"):
        check_equal(folded(make(kind)), FOLDED, kind)
    two = [make("shop-clr"), make("shop-kernel")]
    for order in (two, two[::-1]):
        check_equal(folded(*order), FOLDED, "two files")
    packed = scratch("shop.ETL.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        z.write(scratch("shop.etl"), "shop.etl")
    check_equal(folded(packed), FOLDED, "zip")


@case
def ledger_and_facts():
    result = run("report", make("shop")).ok()
    check(LEDGER in result.err, result.err)
    check("threads: 5, 3 still waiting, 1 exited\n" in result.out and "runnable 8.600 ms" in result.out, result.out)
    p = json.loads(run("report", "-q", "--json", scratch("shop.etl")).ok().out)
    check_equal(p["notes"], {"kernel": "Windows 10.0.19045", "arch": "x86_64", "cpus": "2", "target": scratch("shop.etl"), "host": "SHOP-PC"}, "notes")
    check_equal((p["start_realtime_ns"], p["start_boottime_ns"], p["window_ns"]), (1655526400_000000000, 600_000000000, 1000 * MS), "window")
    check_equal(p["ledger"]["imbalance_ns"], 0, "ledger")
    check_equal({k: v for k, v in p["ledger"]["counters"].items() if k in ("no_wakeup", "chain_breaks", "trace_events_lost")},
                {"no_wakeup": 0, "chain_breaks": 0, "trace_events_lost": 0}, "counters")
    threads = {t["tid"]: t for t in p["threads"]}
    check_equal({tid: (t["comm"], t["pid"], t["on_cpu_ns"] // MS) for tid, t in threads.items()},
                {104: ("checkout and a long name", 100, 59), 108: ("shop.exe", 100, 420), 112: ("shop.exe", 100, 50),
                 204: ("db.exe", 200, 970), 9996: ("[unknown]", 0, 4)}, "threads")
    for t in threads.values():
        parts = sum(t[k] for k in ("on_cpu_ns", "blocked_ns", "runnable_ns", "open_blocked_ns", "open_runnable_ns"))
        check_equal(parts, t["end_ns"] - t["begin_ns"], f"all of the time of {t['tid']}")


@case
def losses():
    """A switch that is missing: the waits around it are left out; and what the system says it lost."""
    result = run("report", "-f", make("shop-lossy"), "-o", scratch("lossy.svg")).ok()
    check_equal(result.out, FOLDED.replace(f"ntdll.dll+0x400;{KERNEL} 29000", f"ntdll.dll+0x400;{KERNEL} 4000"), "stacks")
    check("off-CPU time: 224 ms observed in 5 intervals, 224 ms delivered (100.0 %); what the trace lacks is not counted" in result.err,
          result.err)
    for words in ("chain_breaks: 1 context switches are missing", "trace_events_lost: 41 events", "trace_buffers_lost: 2 buffers"):
        check(words in result.err, f"{words}: {result.err}")
    check("of a trace that lacks some events" in open(scratch("lossy.svg")).read(), "svg")


@case
def single_waits():
    """When, why in Windows' words and ours, and who ended each."""
    rows = waits(make("shop"))
    short = lambda r: (r["tid"], (r["start_ns"] - 1655526400_000000000) // MS, r["blocked_ns"] // 100_000, r["runnable_ns"] // 100_000,
                       r["reason"], r["wait_reason"], r.get("waker", {}).get("tid", r.get("waker", {}).get("context")))
    check_equal([short(r) for r in rows if not r.get("open")],
                [(104, 10, 380, 20, "poll", "UserRequest", 204), (104, 60, 999, 1, "sleep", "DelayExecution", "hardirq"),
                 (108, 210, 290, 10, "lock", "WrAlertByThreadId", 204), (204, 300, 245, 5, "other", "Executive", 108),
                 (204, 400, 0, 40, "preempted", "WrQuantumEnd", None), (108, 610, 490, 10, "lock", "WrAlertByThreadId", 204)], "waits")
    check_equal({r["host"] for r in rows}, {"SHOP-PC"}, "host")
    wakers = folded("--wakers", scratch("shop.etl"))
    check(";--;ntoskrnl.exe+0x5678;afd.sys+0x1111;ntdll.dll+0x500;db.exe+0x4040;db.exe 40000\n" in wakers, wakers)
    chains = folded("--chains", scratch("shop.etl"))
    check(";--;db.exe;db.exe+0x4040;ntdll.dll+0x500;afd.sys+0x1111;ntoskrnl.exe+0x5678 40000\n" in chains, chains)


@case
def filters():
    trace = make("shop")
    lines = lambda *args: folded(*args, trace).splitlines()
    everything = FOLDED.splitlines()
    check_equal(lines("--reason", "lock"), everything[6:8], "--reason")
    check_equal(lines("--pid", "200"), everything[4:5], "--pid")
    check_equal(lines("--tid", "104"), everything[1:4], "--tid")
    check_equal(lines("--comm", "check*"), everything[1:4], "--comm")
    check_equal(lines("--grep", "Stock", "--min", "40ms"), everything[7:8], "--grep, --min")
    check_equal(lines("--no-idle"), everything[4:5] + everything[6:8], "--no-idle")
    check_equal(lines("-U", "--tid", "204"), ["db.exe;db.exe+0x3030;ntdll.dll+0x400 29000"], "-U")
    check_equal(lines("--by", "process", "--grep", "Pay")[0].split(";")[0], "shop.exe-100", "--by")
    check_equal(lines("--since", "2022-06-18T04:26:40.6Z", "--reason", "lock"), everything[7:8], "--since")
    check_equal(lines("--until", "+55ms", "--tid", "104"), [everything[3]], "--until")


@case
def every_format():
    trace = make("shop")
    names = [line.split()[0] for line in run("list", "formats").ok().out.splitlines() if line.split()]
    check(len(names) > 8, f"{names}")
    for name in names:
        if name == "locks":
            continue
        run("report", "-q", trace, "--format", name, "-o", scratch("out." + name)).ok()
        data = open(scratch("out." + name), "rb").read()
        check(len(data) > 100, name)
    check(b"Shop.Stock.TakeFast" in open(scratch("out.svg"), "rb").read(), "svg")


@case
def two_systems():
    """A recording of Linux and a trace of Windows of the same minute are one file, on one axis."""
    start = json.loads(run("report", "-q", "--json", DEMO).ok().out)["start_realtime_ns"] // 100 * 100
    trace = make("shop", "same-minute", start + 50 * MS)
    # Two hosts' rows don't say whose they are.
    rows = lambda *files: sorted(json.dumps({k: v for k, v in r.items() if k != "host"}, sort_keys=True) for r in waits(*files))
    apart = sorted(rows(DEMO) + rows(trace))
    for order in ((DEMO, trace), (trace, DEMO)):
        check(rows(*order) == apart, f"waits of both: {len(rows(*order))} rows, not the {len(apart)} of each")
    first = min(r["start_ns"] for r in waits(trace))
    check_equal(first, start + 60 * MS, "when the first wait of Windows began")
    both = folded(DEMO, trace)
    check(sorted(both.splitlines()) == sorted((folded(DEMO) + folded(trace)).splitlines()), "stacks of both")
    run("report", "-q", DEMO, trace, "-o", scratch("both.html"), "-o", scratch("both.pftrace")).ok()


@case
def other_commands():
    trace = make("shop")
    slower = scratch("slower.etl")
    shutil.copy(trace, slower)
    diff = run("diff", "-f", "-q", trace, slower).ok().out.splitlines()
    check(diff and all(line.split()[-1] == line.split()[-2] for line in diff), f"{diff}")
    few = run("check", trace, slower, "--max-total-increase", "5%")
    check_equal((few.status, few.out), (3, f"too little data: {trace}: 6 waits that ended, below --min-samples 1000: record for longer\n"), "check")


@case
def system_calls():
    """By the kernel's routines, with their statuses, and how their time divides."""
    trace = make("shop")
    p = json.loads(run("syscalls", "-q", "--json", "--by", "thread", trace).ok().out)
    check_equal([(c["of"], c["call"], c["calls"], c["errors"], c["total_ns"], c["blocked_ns"], c["runnable_ns"]) for c in p["calls"]],
                [("db.exe (tid 204, pid 200)", "ntoskrnl.exe+0x8000", 1, {}, 27 * MS, 24_500_000, 500_000),
                 ("db.exe (tid 204, pid 200)", "ntoskrnl.exe+0x9000", 2, {"OBJECT_NAME_NOT_FOUND": 1}, 50_000, 0, 0)], "calls")
    failed = run("syscalls", "-x", trace).ok()
    check("OBJECT_NAME_NOT_FOUND 1" in failed.out and "+0x8000" not in failed.out, failed.out)
    check("calls: 1 counted, 2 filtered" in failed.err, failed.err)
    check_equal(json.loads(run("syscalls", "-q", "--json", "-p", "100", trace).ok().out)["calls"], [], "another process's")
    check_one_line(run("syscalls", make("poor")).err, "none", "has no system calls: 'dwell info")
    check_one_line(run("syscalls", "--slower", "1ms", trace).err, "--slower", "--slower is for live runs on Linux")


@case
def errors():
    """What can't be shown says why, and what would help."""
    poor = make("poor")
    check_one_line(run("report", poor).err, "no switches", f"dwell: {poor}: has no context switches", f"'dwell info {poor}' shows")
    noise = scratch("noise.etl")
    with open(noise, "wb") as f:
        f.write(os.urandom(5000))
    check_one_line(run("report", noise).err, "noise", f"dwell: {noise}: is no event trace (.etl)")
    check_one_line(run("report", scratch("missing.etl")).err, "missing", "No such file or directory")
    other = run("report", "-f", "-q", make("shop"), make("shop", "later", 1755526400_000000000)).ok()
    doubled = "".join(f"{line.rsplit(' ', 1)[0]} {2 * int(line.rsplit(' ', 1)[1])}\n" for line in FOLDED.splitlines())
    check_equal(other.out, doubled, "two runs of the system are two traces")


@case
def known_answers():
    """Off-CPU figures of traces that others made: net.4.5.2.x86 and the rest have no context switches."""
    def totals(name):
        p = json.loads(run("report", "-q", "--json", os.path.join(traces(), name + ".etl")).ok().out)
        return p["ledger"]["observed_ns"], p["ledger"]["observed_intervals"], p["ledger"]["imbalance_ns"]
    for name in ("offcpu64", "offcpu32", "offcpu64_lz", "offcpu64_keys"):
        path = os.path.join(traces(), "synthetic", name + ".etl")
        kernel = "ntoskrnl.exe+0x3000;ntoskrnl.exe+0x2000;ntoskrnl.exe+0x1000"
        rows = [line for line in folded(path).splitlines() if "Missed" not in line]
        check_equal(rows, [f"app.exe;app.exe+0x1010;app.exe+0x1111;ntdll.dll+0x100;{kernel} 75500",
                           f"app.exe;app.exe+0x1010;app.exe+0x2222;ntdll.dll+0x200;{kernel} 50000",
                           f"srv.exe;srv.exe+0x1020;srv.exe+0x3333;ntdll.dll+0x300;{kernel} 2500"], name)
        check_equal(totals("synthetic/" + name), (128 * MS, 4, 0), name)
        calls = json.loads(run("syscalls", "-q", "--json", path).ok().out)["calls"]
        check_equal([(c["call"], c["calls"], c["total_ns"], c["failed"]) for c in calls], [("ntoskrnl.exe+0x3000", 1, 38_700_000, 0)], name)
    check_equal(totals("synthetic/chrome_cswitch92"), (398_800, 42, 0), "chrome")


main(needs_tracing=False)
