#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 800
"""dwell.exe under Wine writes what dwell writes, byte for byte: of recordings of our own workloads, folded stacks and pprof files in
every format; and what dwell info says of real event traces of Windows, where they are there (tests/golden/test_etl.py)."""
import glob
import gzip
import os
import shutil
import subprocess

from livetest import BUILD, ROOT, case, check, check_equal, main, scratch, skip, tracing_refused
from windows_exe import FORMATS, check_same, record, run_both, run_linux, run_windows, wine_environment

WORK = os.path.join(BUILD, "tests", "work")
GOLDEN = sorted(glob.glob(os.path.join(ROOT, "tests", "golden", "*", "*.folded")))
DEMO = os.path.join(ROOT, "docs", "demo", "demo.dwell")
VIEWS = (["--per-thread"], ["-U"], ["-K"], ["-d", "--split"], ["--reason", "lock,sleep"], ["--grep", "^(futex|do_.*wait)"],
         ["--comm", "*[a-m]?"], ["--top", "3"])


def traces():
    """As tests/golden/test_etl.py finds them."""
    common = subprocess.run(["git", "rev-parse", "--path-format=absolute", "--git-common-dir"], cwd=ROOT, capture_output=True,
                            text=True, check=False).stdout.strip()
    for top in (ROOT, os.path.dirname(common) if common else ROOT):
        folder = os.path.join(os.path.dirname(top), "shared", "etl")
        found = [p for end in ("etl", "etl.zip") for p in glob.glob(os.path.join(folder, "**", "*." + end), recursive=True)]
        if found:
            return sorted(found)
    return skip("no real traces: there is no ../shared/etl beside the project")


def check_formats(*args, formats=FORMATS, **options):
    for fmt in formats:
        check_same("report", "--format", fmt, *args, **options)


def check_text(*args, **options):
    """Text has no single waits, which perfetto shows."""
    check_formats(*args, formats=[f for f in FORMATS if f != "perfetto"], **options)
    linux, windows = run_both("report", "--format", "perfetto", *args, **options)
    check_equal(windows, linux, "perfetto of text")


@case
def recordings():
    wine_environment()
    why = tracing_refused()
    if why:
        skip(why)
    for name, command in (("sleeper", ["sh", "-c", "sleep 0.1; cat /etc/hostname | wc"]),
                          ("python", ["python3", "-c", "import threading, time\n"
                                      "ts = [threading.Thread(target=time.sleep, args=(i / 50,)) for i in range(4)]\n"
                                      "[t.start() for t in ts]; [t.join() for t in ts]"])):
        path = record(f"{name}.dwell", *command)
        check_formats(path)
        check_same("info", path)
        check_same("info", "--json", path)
        check_same("report", path, "-f", "--since", "+10ms")


SOURCES = {
    "cc": (["g++", "-O1", "-fno-omit-frame-pointer"], """#include <unistd.h>
namespace ns { template <class T> struct box { __attribute__((noinline)) void hold(T n) { while (n--) usleep(5000); } }; }
int main() { ns::box<int>().hold(20); return 0; }
"""),
    "rs": (["rustc", "-Copt-level=1", "-Cforce-frame-pointers=yes"], """use std::{thread::sleep, time::Duration};
struct Holder<T>(T);
impl<T> Holder<T> { #[inline(never)] fn hold(&self) { for _ in 0..20 { sleep(Duration::from_millis(5)); } } }
fn main() { Holder(5u8).hold(); }
"""),
}


@case
def names_of_cxx_and_rust():
    wine_environment()
    why = tracing_refused()
    if why:
        skip(why)
    if b"without libiberty" in run_windows("version")[1] + run_linux("version")[1]:
        skip("no libiberty in dwell or dwell.exe: names stay mangled (apt-get install binutils-source libiberty-dev)")
    for ending, (compiler, text) in SOURCES.items():
        if not shutil.which(compiler[0]):
            print(f"note  no {compiler[0]}: its names are not compared")
            continue
        with open(scratch(f"hold.{ending}"), "w") as f:
            f.write(text)
        subprocess.run([*compiler, "-o", scratch(f"hold-{ending}"), scratch(f"hold.{ending}")], check=True, capture_output=True)
        path = record(f"{ending}.dwell", scratch(f"hold-{ending}"))
        check(b"hold" in check_same("report", "-f", path)[1], f"{ending}: no function called hold")
        check_formats(path)


@case
def views_of_a_recording():
    check_formats(DEMO, formats=[*FORMATS, "perfview"])
    for view in VIEWS:
        check_same("report", DEMO, "-f", *view)
        check_same("report", DEMO, *view)
    check_same("diff", DEMO, DEMO)
    check_same("check", DEMO, DEMO)


@case
def folded_text():
    check(len(GOLDEN) >= 8, f"golden files: {GOLDEN}")
    for path in GOLDEN:
        check_text(path)
    check_same("diff", os.path.join(ROOT, "tests", "golden", "diff", "before.folded"),
               os.path.join(ROOT, "tests", "golden", "diff", "after.folded"))


@case
def pprof_and_packed_text():
    for source in (DEMO, GOLDEN[0]):
        pprof = run_both("report", "-q", "--format", "pprof", source)[0][1]
        with open(scratch("p.pb.gz"), "wb") as f:
            f.write(pprof)
        check_text("p.pb.gz")
    with open(GOLDEN[0], "rb") as f, gzip.open(scratch("f.folded.gz"), "wb") as to:
        to.write(f.read())
    check_formats("f.folded.gz", formats=["folded", "table"])
    check_same("report", "-f", "-", text=pprof)


@case
def lists():
    for words in ([], ["reasons"], ["formats"], ["syscalls"], ["--json", "syscalls"]):
        check_same("list", *words)


@case
def made_traces():
    make = os.path.join(BUILD, "tests", "unit", "make_etl")
    for kind in ("full", "packed", "poor", "open", "shop", "shop-keys", "shop-packed", "shop-kernel", "shop-clr"):
        subprocess.run([make, kind, scratch(f"{kind}.etl")], check=True)
        check_same("info", f"{kind}.etl")
        check_same("report", "-f", f"{kind}.etl", status=kind in ("poor", "shop-clr"))
    check_same("report", "-f", "shop-clr.etl", "shop-kernel.etl")
    check_formats("shop.etl")
    for view in VIEWS:
        check_same("report", "shop.etl", "-f", *view)
    check_same("diff", "shop.etl", "shop-keys.etl")
    check_same("check", "shop.etl", "shop-keys.etl", status=3)
    subprocess.run(["python3", "-m", "zipfile", "-c", "full.etl.zip", "full.etl"], cwd=scratch(), check=True)
    check_same("info", "full.etl.zip")


@case
def real_traces():
    with_waits = 0
    for path in traces():
        check_same("info", path)
        check_same("info", "--json", path)
        linux = run_linux("report", "-f", path)
        check_same("report", "-f", path, status=linux[0])
        check(linux[0] == 0 or "has no context switches" in linux[2], linux[2])
        with_waits += not linux[0]
    check_equal(with_waits, 5, "traces with context switches")


if __name__ == "__main__":
    main(needs_tracing=False)
