#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""dwell's user stacks equal gdb's: a server, an interpreter and a C++ program. test_truth_long.py has the others."""
import shutil

from corpus import Cpp, Python, Redis
from judge import judge_program
from report import program_failure, table, total_failure
from common import case, check, long_case, main, skip

reports = []


def judge(make, least):
    program = make()
    why = "no gdb" if not shutil.which("gdb") else program.why_not()
    if why:
        skip(f"{why}: scripts/deps test")
    reports.append(judge_program(program, want=20, seconds=20, least=least))
    reports[-1].explain()
    failure = program_failure(reports[-1])
    check(not failure, failure)


@long_case
def redis():
    judge(Redis, least=10)


@case
def python():
    judge(Python, least=3)


@case
def cpp():
    judge(Cpp, least=3)


@case
def together():
    if not reports:
        skip("nothing was judged")
    print(table(reports))
    # Of so few stacks one makes a percent.
    failure = total_failure(reports, least=13 * len(reports), share=0.97)
    check(not failure, failure)


main()
