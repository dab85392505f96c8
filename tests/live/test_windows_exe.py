#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 400
"""dwell.exe under Wine: what it is made of, what it refuses, names of files, and a sample of what it writes beside dwell.
test_windows_exe_long.py compares every format."""
import os
import re
import shutil
import subprocess

from livetest import BUILD, ROOT, case, check, check_equal, check_one_line, main, read_bytes, scratch
from windows_exe import EXE, check_same, run_both, run_windows, wine_environment

DEMO = os.path.join(ROOT, "docs", "demo", "demo.dwell")
WINDOWS_OWN = {"ADVAPI32.dll", "KERNEL32.dll", "msvcrt.dll", "SHELL32.dll"}


def copy(name):
    path = scratch(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copy(DEMO, path)
    return name


@case
def only_dlls_of_windows():
    wine_environment()
    headers = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", EXE], capture_output=True, text=True, check=True).stdout
    found = set(re.findall(r"DLL Name: (\S+)", headers))
    check("KERNEL32.dll" in found and found <= WINDOWS_OWN, f"imports {found}")


@case
def commands_that_are_there():
    status, out, err = run_windows("help")
    names = re.findall(rb"(?m)^  ([a-z]+) ", out)
    check_equal((status, err), (0, ""), "status, stderr")
    check_equal([n.decode() for n in names], "offcpu wakeups chains syscalls record serve report info diff check selftest list completion version".split() + ["dwell"], "commands")
    for name in "locks runq top dump".split():
        status, out, err = run_windows(name, "5")
        check_equal((status, out), (2, b""), name)
        check_one_line(err, name, f"dwell: {name}: ", "does not have this command yet")
    for name in ("push", "doctor", "goroutines"):
        status, out, err = run_windows(name)
        check_equal((status, out), (2, b""), name)
        check_one_line(err, name, "only the program for Linux")
    check_same("nonsense", status=2)


@case
def version_and_help():
    check(run_windows("version")[1].startswith(b"dwell "), "version")
    for command in ("report", "info", "diff", "check", "list", "completion", "version"):
        check_same(command, "--help")
    check(b"complete -F" in run_windows("completion", "bash")[1], "completion")


@case
def a_recording_and_text():
    for fmt in ("folded", "pprof", "html"):
        check_same("report", DEMO, "--format", fmt)
    folded = run_both("report", "-q", "-f", DEMO)[0][1]
    check_same("report", "-f", "-", text=folded)
    check_same("info", "--json", DEMO)
    check_same("list", "reasons")


@case
def a_trace():
    make = os.path.join(BUILD, "tests", "unit", "make_etl")
    subprocess.run([make, "shop", scratch("shop.etl")], check=True)
    folded = check_same("report", "-f", "shop.etl")[1]
    check(b"Shop.Stock.TakeFast;ntdll.dll+0x200" in folded, folded.decode())
    check_same("report", "--wakers", "shop.etl", "--format", "html")


@case
def errors():
    check_same("report", "missing.dwell", status=1)
    check_same("info", "missing.etl", DEMO, status=1)
    check_same("report", status=2)
    check_same("report", "--format", "nonsense", DEMO, status=2)
    check_same("report", DEMO, "--grep", "a{2,", status=2)
    check_same("report", DEMO, "-o", "nowhere/x.svg", status=1)
    check_same("report", "-f", "-", text=b"no number\n", status=1)
    for linux, windows in (run_both("report", ROOT), run_both("info", ROOT)):
        check_equal((linux[0], windows[0]), (1, 1), "a directory")
        check_one_line(windows[2], "a directory", "Is a directory")


@case
def wildcards():
    for name in ("w/b.dwell", "w/a.dwell", "w/.c.dwell", "w/d.dwellx", "w/ü.dwell"):
        copy(name)
    info = run_both("info", "w/a.dwell", "w/b.dwell", "w/ü.dwell")[0]
    for pattern in ("w/*.dwell", "w\\*.dwell", "w/?.dwell", "w/*.DWELL"):
        got = run_windows("info", pattern)
        check_equal(got[1].replace(b"\\", b"/"), info[1], pattern)
    for pattern in ("w/*.etl", "nowhere/*", "*/a.dwell", "w/x?"):
        check_same("info", pattern, status=1)
    check_equal(run_windows("report", "-f", "-q", "w/?.dwell")[:2],
                run_both("report", "-f", "-q", "w/a.dwell", "w/b.dwell", "w/ü.dwell")[0][:2], "several files")


@case
def names_of_files():
    deep = os.path.join(*["d" * 60] * 6)
    for name in ("ümläut und 😀.dwell", copy(os.path.join(deep, "x.dwell")), os.path.join(scratch(), deep, "x.dwell")):
        if not os.path.exists(scratch(name)):
            copy(name)
        check_same("info", name)
        check_same("report", "-f", name)
    want = run_both("report", "-q", "--format", "svg", DEMO)[0][1]
    for name in ("größe 😀.svg", os.path.join(deep, "x.svg")):
        status, out, err = run_windows("report", "-q", "-o", name, DEMO)
        check_equal((status, out, err), (0, b"", ""), name)
        check_equal(read_bytes(scratch(name)), want, name)
    check_equal([n for n in os.listdir(scratch()) if n.startswith(".")], [], "temporary files that were left")


@case
def files_are_replaced_or_kept():
    want = run_both("report", "-q", "--format", "svg", DEMO)[0][1]
    for name in ("old.svg", "kept.svg", "target.svg"):
        with open(scratch(name), "wb") as f:
            f.write(b"old")
    os.symlink("target.svg", scratch("link.svg"))
    os.chmod(scratch("kept.svg"), 0o444)
    for name in ("old.svg", "link.svg"):
        check_equal(run_windows("report", "-q", "-o", name, DEMO)[0], 0, name)
        check_equal(read_bytes(scratch(name)), want, name)
    check(os.path.islink(scratch("link.svg")), "the link stays")
    status, _, err = run_windows("report", "-q", "-o", "kept.svg", DEMO)
    check_equal((status, read_bytes(scratch("kept.svg"))), (1, b"old"), "a file that may not be written")
    check_one_line(err, "a file that may not be written", "kept.svg", "Permission denied")
    check_same("report", "-q", "-o", "half.svg", "missing.dwell", status=1)
    check(not os.path.exists(scratch("half.svg")), "nothing is left of a run that failed")
    check_equal(run_windows("report", "-q", "--format", "svg", "-o", "NUL", DEMO)[:2], (0, b""), "NUL")


if __name__ == "__main__":
    main(needs_tracing=False)
