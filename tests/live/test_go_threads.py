#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Threads of Go programs: with a goroutine, working for one on their own stack (in C, too), or idle; and each in its stack."""
import os
import sys

from go_threads import BUILDS, IDLE, NONE, THREADS_ONLY, USER, build, judge_classes, judge_stale, record
from golang import Toolchain
from livetest import SECOND, Dwell, Work, case, check, check_equal, long_case, main

SECONDS = 2


def judge(name, *options, **more):
    said, threads = record(build(Toolchain(), name), SECONDS, *options, **more)
    judge_classes(threads, said, BUILDS[name][1])
    judge_stale(threads, said, command=more.get("command", False))
    return threads


@case
def plain():
    judge("plain")


@long_case
def stripped():
    judge("stripped")


@long_case
def position_independent():
    judge("stripped pie")


@case
def with_c():
    judge("cgo")


@long_case
def with_c_and_without_symbols():
    """No symbol says where the variable is that holds the goroutine."""
    judge("stripped cgo")


@long_case
def linked_statically():
    judge("stripped static cgo")


@long_case
def a_command():
    """Known as soon as it begins: what it was before that is told by where its stacks end."""
    judge("stripped", command=True)
    judge("stripped static cgo", command=True)


@case
def without_task_storage():
    judge("stripped", env={"DWELL_PROBES": "compat"})


@long_case
def of_a_version_that_is_not_known():
    """Offsets are found out in the process's memory, when it runs."""
    said, threads = record(build(Toolchain(), "stripped"), SECONDS, env={"DWELL_GO_LAYOUT": "inferred"})
    judge_classes(threads, said, cgo=False, late=0.5)
    judge_stale(threads, said)


@case
def old_kernels():
    """There threads of Go are as any others: no class, and all the rest as ever."""
    said, threads = record(build(Toolchain(), "plain"), SECONDS, env={"DWELL_PROBES": "minimal"})
    check_equal({w.go for w in threads.waits if w.whole} - {NONE}, set(), "classes")
    check(threads.ns(frame="main.nanosleeper") >= 0.9 * said["nanosleeper"], "the sleeps are missing")


@case
def by_frame_pointers():
    """The kernel's own walk goes on behind the end of an idle thread's stack: that is cut."""
    said, threads = record(build(Toolchain(), "stripped"), SECONDS, "--unwind", "fp")
    judge_stale(threads, said)
    check(threads.ns(go=IDLE) >= SECOND / 2, f"idle threads: {threads.ns(go=IDLE)} ns")
    check(threads.ns(USER, "main.nanosleeper") >= 0.9 * said["nanosleeper"], "the sleeps are missing")


@long_case
def remembered_walks_are_right():
    path = build(Toolchain(), "stripped cgo")
    with Work("go_threads", os.path.dirname(path), SECONDS, path=path) as w:
        with Dwell("offcpu", "--json", *THREADS_ONLY, "-p", w.pid, env={"DWELL_MEMO": "verify"}) as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    check(p.counter("memo_verified") > 100, "no hits")
    check_equal(p.counter("memo_disagreed"), 0, "memo_disagreed")


if os.uname().machine != "x86_64":
    print("needs x86-64: elsewhere threads of Go are as any others")
    sys.exit(77)
main()
