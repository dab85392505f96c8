#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell info: of event traces of Windows that a fixture wrote, of a recording, and of what is neither."""
import json
import os
import subprocess
import zipfile

from livetest import BUILD, ROOT, case, check, check_equal, check_one_line, main, read_bytes, run, scratch

MAKE = os.path.join(BUILD, "tests", "unit", "make_etl")

FULL = """\
trace.etl: an event trace of Windows
  system            Windows 10.0, build 19045, 64-bit
  CPUs              2 at 3000 MHz
  session           Session
  start             2022-06-18T04:26:40.000Z
  duration          1.000 s
  clock             QPC, 10000000 Hz
  buffers           3 of 4,096 bytes
  events            53
  lost              nothing

  context switches  6, 6 stacks of them
  ready threads     6, 6 stacks of them
  system calls      6, 6 stacks of them
  samples           6, 6 stacks of them
  other stacks      0

  events by provider
             24  kernel: StackWalk
             12  kernel: Thread
             12  kernel: PerfInfo
              2  kernel: Process
              2  kernel: Image
              1  kernel: EventTrace
"""


def make(kind, name="trace.etl"):
    path = scratch(name)
    subprocess.run([MAKE, kind, path], check=True)
    return path


def about(*paths):
    return json.loads(run("info", "--json", *paths).ok().out)


@case
def a_trace_with_all():
    make("full")
    check_equal(run("info", "trace.etl", cwd=scratch()).ok().out, FULL, "dwell info")


@case
def a_packed_trace_says_the_same():
    make("packed")
    check_equal(run("info", "trace.etl", cwd=scratch()).ok().out, FULL.replace("4,096 bytes", "4,096 bytes, packed"), "dwell info")


@case
def a_trace_without_waits_says_how_to_record_one():
    out = run("info", make("poor")).ok().out
    for words in ("context switches  none: without them no off-CPU times", "lost              41 events, 2 buffers",
                  "3  Microsoft-Windows-Kernel-File\n", "2  33323130-3534-3736-3839-616263646500\n",
                  "    wpr -start CPU -filemode\n    wpr -stop better.etl\n",
                  "    xperf -on PROC_THREAD+LOADER+CSWITCH+DISPATCHER+"):
        check(words in out, f"{words!r} is not in {out}")
    found = about(make("poor"))[0]
    check_equal((found["events"], found["events_lost"], found["buffers_lost"], found["buffers_after_losses"]), (6, 41, 2, 1), "losses")
    check_equal(found["providers"][0], {"name": "Microsoft-Windows-Kernel-File", "guid": "edd08927-9cc4-4e65-b970-c2560fb5c289",
                                        "kernel": False, "events": 3}, "the first provider")
    check("wpr -start CPU -filemode" in found["record_with"], f"{found['record_with']}")


@case
def a_trace_that_was_not_closed():
    found = about(make("open"))[0]
    check_equal((found["closed"], found["duration_ns"], found["damage"]["cut_files"]), (False, 460000500, 1), "the trace")
    check(found["context_switches"] == {"events": 4, "stacks": 4}, f"{found['context_switches']}")
    check("the trace was not closed" in run("info", make("open")).ok().out, "the text says it")


def zipped(name, members, how=zipfile.ZIP_DEFLATED):
    path = scratch(name)
    with zipfile.ZipFile(path, "w", how) as z:
        for member, data in members:
            z.writestr(member, data)
    return path


@case
def a_trace_in_a_zip_file():
    plain = make("full")
    want, data = about(plain)[0], read_bytes(plain)
    stream = scratch("stream.zip")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as z, z.open("a/trace.etl", "w", force_zip64=True) as to:
        to.write(data)
    with open(scratch("commented.zip"), "wb") as to:
        to.write(read_bytes(zipped("x.zip", [("trace.etl", data)])))
    with zipfile.ZipFile(scratch("commented.zip"), "a") as z:
        z.comment = b"PK\5\6" + bytes(60)
    for path in (zipped("t.etl.zip", [("trace.ETL", data), ("symbols/x.pdb", b"no trace")]),
                 zipped("stored.zip", [("trace.etl", data)], zipfile.ZIP_STORED), stream, scratch("commented.zip")):
        got = about(path)[0]
        got["file"] = want["file"]
        check_equal(got, want, path)


@case
def zip_files_that_are_of_no_use():
    data = read_bytes(make("full"))
    whole = read_bytes(zipped("whole.zip", [("trace.etl", data)]))
    for name, content, words in (("cut.zip", whole[:-30], "cut: copy it again"), ("empty.zip", None, "holds no .etl file"),
                                 ("two.zip", None, "holds 2 traces (a.etl, b.etl): unpack it and give the one you mean"),
                                 ("damaged.zip", whole[:100] + bytes(50) + whole[150:], "trace.etl in it is damaged"),
                                 ("odd.zip", None, "packed in another way than by deflate")):
        path = scratch(name)
        if content:
            with open(path, "wb") as to:
                to.write(content)
        elif name == "empty.zip":
            zipped(name, [("readme.txt", b"")])
        elif name == "two.zip":
            zipped(name, [("a.etl", data), ("b.etl", data)])
        else:
            zipped(name, [("trace.etl", data)], zipfile.ZIP_BZIP2)
        r = run("info", path)
        check_equal((r.status, r.out), (1, ""), name)
        check_one_line(r.err, name, path, words)


@case
def unpacking_needs_a_place():
    path = zipped("place.zip", [("trace.etl", read_bytes(make("full")))])
    r = run("info", path, env=dict(os.environ, TMPDIR="/no/such/place"))
    check_equal(r.status, 1, "status")
    check_one_line(r.err, "no place", path, "set TMPDIR")
    run("info", path, env=dict(os.environ, TMPDIR=scratch())).ok()
    check(not [n for n in os.listdir(scratch()) if n.startswith("dwell-")], "nothing is left")


@case
def a_recording():
    demo = os.path.join(ROOT, "docs", "demo", "demo.dwell")
    profile = json.loads(run("report", "-q", "--json", demo).ok().out)
    found = about(demo)[0]
    check_equal(found["kind"], "recording", "kind")
    for key in ("target", "host", "kernel", "arch"):
        check_equal(found["notes"][key], profile["notes"][key], key)
    check_equal((found["duration_ns"], found["waits"], found["threads"]),
                (profile["window_ns"], profile["totals"]["intervals"], len(profile["threads"])), "what is in it")
    check_equal(found["ledger"]["observed"]["ns"], profile["ledger"]["observed_ns"], "ledger")
    out = run("info", demo).ok().out
    for words in (": a recording of dwell\n", f"  target            {profile['notes']['target']}\n", "observed in", "nothing lost"):
        check(words in out, f"{words!r} is not in {out}")


@case
def several_files():
    demo = os.path.join(ROOT, "docs", "demo", "demo.dwell")
    trace = make("full")
    check_equal([f["kind"] for f in about(demo, trace)], ["recording", "etl"], "kinds")
    r = run("info", trace, scratch("missing"), demo)
    check_equal(r.status, 1, "one is missing")
    check(": an event trace of Windows" in r.out and ": a recording of dwell" in r.out, "the others are told of")
    check_one_line(r.err, "missing", "missing: No such file")


@case
def what_is_neither():
    files = {"text": b"app;main 5\n", "empty": b"", "noise": bytes(range(256)) * 40, "zeroes": bytes(5000),
             "cut": read_bytes(make("full"))[:200], "recording": b"DWELLREC"}
    for name, content in files.items():
        with open(scratch(name), "wb") as to:
            to.write(content)
        r = run("info", scratch(name))
        check_equal((r.status, r.out), (1, ""), name)
        check_one_line(r.err, name, scratch(name))
    check_one_line(run("info", scratch("text")).err, "text", "dwell report")
    check_one_line(run("info", scratch("noise")).err, "noise", "is no event trace (.etl)")
    check_one_line(run("info", scratch()).err, "a directory", scratch())
    r = run("info")
    check_equal(r.status, 2, "no file")
    check_one_line(r.err, "no file", "dwell info FILE...")


@case
def a_full_disk():
    with open("/dev/full", "w") as full:
        r = run("info", make("full"), stdout=full)
    check_equal(r.status, 1, "status")
    check_one_line(r.err, "a full disk", "can't write")


main(needs_tracing=False)
