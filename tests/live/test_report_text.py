#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell report of folded stacks, of what a database prints, and of NDJSON: from files and from standard input."""
import glob
import json
import os
import subprocess

from clickhouse import ClickHouse
from livetest import DWELL, ROOT, case, check, check_equal, check_one_line, main, read_bytes, scratch

GOLDEN = sorted(glob.glob(os.path.join(ROOT, "tests", "golden", "*", "*.folded")))
KINDS = b"app;main;f_[i];g_[j];-;sys_read_[k];wait_[k];--;w_[w] 1200\napp;main;lock 7\n"


def report(*args, text=b""):
    """(status, stdout, stderr); @text is standard input."""
    done = subprocess.run([DWELL, "report", *args], input=text, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


def write(name, text):
    path = scratch(name)
    with open(path, "wb") as f:
        f.write(text)
    return path


@case
def folded_comes_back_as_it_was():
    check(len(GOLDEN) >= 8, f"golden files: {GOLDEN}")
    for path in GOLDEN:
        text = read_bytes(path)
        for args, given in (([path], b""), (["-"], text)):
            status, out, err = report("-f", *args, text=given)
            check_equal((status, out), (0, text), f"{path}: {err}")
    check_equal(report("-f", "-", text=KINDS)[:2], (0, KINDS), "with kinds")
    check_equal(report("-f", "-", text=KINDS + KINDS)[1], KINDS.replace(b"1200", b"2400").replace(b" 7", b" 14"),
                "several files together")


@case
def ndjson_comes_back_as_it_was():
    for path in GOLDEN:
        status, rows, err = report("--format", "ndjson", path)
        check_equal(status, 0, err)
        check_equal(report("-f", "-", text=rows)[:2], (0, read_bytes(path)), path)


@case
def every_format_takes_it():
    paths = [scratch(f"out.{end}") for end in ("html", "svg", "json", "folded", "pb.gz", "ndjson")]
    status, out, err = report("-q", *[w for p in paths for w in ("-o", p)], "-", text=KINDS)
    check_equal((status, out, err), (0, b"", ""), "status, stdout and stderr")
    for path in paths:
        check(os.path.getsize(path) > 50, f"{path} is empty")
    check(b"sys_read" in read_bytes(paths[0]) and b"sys_read" in read_bytes(paths[1]), "frames in the pictures")
    with open(paths[2]) as f:
        kinds = {f["name"]: f["kind"] for f in json.load(f)["frames"]}
    check_equal([kinds[n] for n in ("app", "f", "g", "-", "sys_read", "w")],
                ["process", "inlined", "jit", "delimiter", "kernel", "waker"], "kinds of frames")
    status, out, err = report("-", text=KINDS)
    check(status == 0 and b"sys_read" in out and b"intervals" not in out, f"the table: {out}")
    check_one_line(err, "on stderr", "1.207 ms", "2 lines")


@case
def units():
    for unit, expected in (("us", b"a 5\n"), ("ns", b""), ("ms", b"a 5000\n"), ("samples", b"a 5\n")):
        check_equal(report("-f", "--unit", unit, "-", text=b"a 5\n")[1], expected, f"--unit {unit}")
    check_equal(report("-f", "-", text=b"a\t5000\n")[1], b"a 5\n", "nanoseconds behind a tab")
    status, _, err = report("-f", "--unit", "s", "-", text=b"a 5\n")
    check_equal(status, 2, "status of an unknown unit")
    check_one_line(err, "an unknown unit", "us, ns, ms or samples")


@case
def reasons():
    rows = b'{"stack":"a","ns":5000,"reason":"lock"}\n{"stack":"b","ns":7000,"reason":"poll"}\n'
    check_equal(report("-f", "--no-idle", "-", text=rows)[1], b"a 5\n", "--no-idle")
    check_equal(report("-f", "--reason", "poll", "-", text=rows)[1], b"b 7\n", "--reason")
    status, out, err = report("-f", "--no-idle", "-", text=b"a 5\n")
    check_equal((status, out), (1, b""), "folded stacks don't tell")
    check_one_line(err, "folded stacks", "does not say why")


@case
def nothing():
    for name in ("none.folded", "none"):
        status, out, err = report("-f", write(name, b""))
        check_equal((status, out), (0, b""), name)
        check("no stack" in err, err)
    status, out, err = report("-f", write("none.dwell", b""))
    check_equal((status, out), (1, b""), "a recording of which nothing is there")
    check_one_line(err, "an empty recording", "not a dwell recording")


@case
def mistakes():
    for text, *words in ((b"a 5\nb\n", "line 2, column 2"), (b"a 5x\n", "line 1, column 3"),
                         (b'{"stack":"a"}\n', "no \"ns\""), (b"DWELLRE", "not a dwell recording"),
                         (b"DWELLREC" + bytes(40), "recording"), (b"\x7fELF\x02\x01\x01", "not a dwell recording"),
                         (b"Dwell;x 5\nDWELLREC\n", "line 2, column 9")):
        path = write("wrong", text)
        for args, given, name in (([path], b"", path), (["-"], text, "standard input")):
            out = scratch("wrong.html")
            status, said, err = report("-o", out, *args, text=given)
            check_equal((status, said, os.path.exists(out)), (1, b"", False), f"{text}: status, stdout, output")
            check_one_line(err, str(text), name, *words)
    for option in ("-U", "-K", "-d", "--per-thread", "--split", "--wakers", "--chains", "--by-lock", "--by-waker",
                   "--inlines", "--lines"):
        status, _, err = report("-f", option, "-", text=b"a 5\n")
        check_equal(status, 1, f"status of {option}")
        check_one_line(err, option, option, "recording")
    demo = os.path.join(ROOT, "docs", "demo", "demo.dwell")
    status, _, err = report("--unit", "ns", demo)
    check_equal(status, 1, "--unit with a recording")
    check_one_line(err, "--unit", "is a recording")
    check_equal(report("-q", "-f", demo)[0], 0, "the recording")
    check_equal(report("-q", "-f", "-", text=read_bytes(demo))[:2], report("-q", "-f", demo)[:2],
                "the recording from standard input")


@case
def out_of_a_database():
    """Rows of three machines into ClickHouse, and the flame graph of all out of it, in three formats."""
    with ClickHouse() as db:
        db.query("CREATE TABLE s (host String, reason String, stack String, ns UInt64, count UInt64) ENGINE = Memory")
        inputs = [p for p in GOLDEN if os.path.getsize(p)]
        for path in inputs:
            db.query("INSERT INTO s FORMAT JSONEachRow", report("-q", "--format", "ndjson", path)[1])
        expected = report("-q", "-f", "-", text=b"".join(read_bytes(p) for p in inputs))[1]
        check(expected.count(b"\n") > 10, "there is little in it")
        for form in ("TSV", "TSVWithNames", "JSONEachRow"):
            rows = db.query(f"SELECT stack, sum(ns) FROM s GROUP BY stack FORMAT {form}")
            check_equal(report("-q", "-f", "-", text=rows)[:2], (0, expected), form)
        rows = db.query("SELECT stack, sum(ns) AS ns, sum(count) AS count, reason FROM s GROUP BY stack, reason "
                        "FORMAT JSONEachRow")
        check_equal(report("-q", "-f", "-", text=rows)[:2], (0, expected), "with reasons")


main()
