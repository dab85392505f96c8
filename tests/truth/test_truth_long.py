#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1200
"""dwell's user stacks equal gdb's, on ten programs; bcc's offcputime beside it. The table goes to docs/truth.md.

One case for each program, and `together` for all. With cases named on the command line nothing is written.
"""
import collections
import datetime
import os
import platform
import re
import subprocess

from corpus import PROGRAMS
from judge import judge_program
from report import program_failure, table, total_failure
from common import ROOT, case, check, check_equal, main

PAGE = os.path.join(ROOT, "docs", "truth.md")
reports = []


def judge(make):
    program = make()
    why = program.why_not()
    check(not why, f"{why}: scripts/deps test")
    reports.append(judge_program(program, want=40, seconds=25))
    reports[-1].explain()
    failure = program_failure(reports[-1])
    check(not failure, failure)


for make in PROGRAMS:
    def one(make=make):
        judge(make)
    one.__name__ = re.sub(r"\W", "", make.name.replace("+", "p")).lower()
    case(one)


@case
def together():
    text = table(reports)
    print(text)
    if len(reports) == len(PROGRAMS):
        write_page(text)
    failure = total_failure(reports, least=150)
    check(not failure, failure)
    check_equal(len(reports), len(PROGRAMS), "programs judged")


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return (done.stdout.splitlines() or ["unknown"])[0]


def rest():
    """What isn't equal, by its class."""
    classes = collections.Counter()
    for report in reports:
        for stack in report.judged:
            if not stack.is_equal:
                classes[(report.name, next(v.class_ for v in stack.verdicts if v.class_))] += 1
    if not classes:
        return "Every stack is equal."
    lines = (f"- {name}: {cnt} x {what}" for (name, what), cnt in sorted(classes.items()))
    return "Not equal:\n\n" + "\n".join(lines)


def write_page(text):
    page = f"""<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
# dwell's user stacks beside gdb's

Written by `make test-long`. Again: `make`, then `tests/truth/test_truth_long.py` as root; it prints every stack
that isn't equal with both lists of frames.

- date: {datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}
- commit: {first_line("git", "describe", "--always", "--dirty")}
- kernel: {platform.release()} {platform.machine()}, {os.cpu_count()} CPUs
- judge: {first_line("gdb", "--version")}
- beside it: offcputime of libbpf-tools {first_line("dpkg-query", "-W", "-f", "${Version}", "libbpf-tools")}

{text}

{rest()}

Each snapshot stops the program at some moment, under load or while it waits; gdb walks every thread. A thread's
stack is equal when dwell has every frame of gdb's (by pc, or module and function start) and no more, in each
interval of that moment; a distinct stack when it is equal each time that it was seen. Inlined and tail-called
frames, which gdb makes up, are aside. Not compared is what lies outward of the first frame of JIT code or of code
without CFI. *??* are frames that gdb has no name for: they must be at the same place, but don't count as equal
frames. Stacks that gdb itself doesn't walk to their end don't count (*gdb early*), unless dwell differs before that.

For offcputime, which prints names only, any name of the function will do, everything where gdb has no name or has
it from a detached debug file, and the thread need have shown the stack once, at any time.
"""
    with open(PAGE + ".new", "w") as f:
        f.write(page)
    os.rename(PAGE + ".new", PAGE)


main()
