#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Frames of Python among native ones, as the interpreter's own faulthandler tells them."""
import glob
import os

from livetest import Dwell, Work, case, check, check_equal, check_laws, main, parse_folded, run, scratch, skip
from pythons import COUNTERS, Python, Recorded, check_asleep, check_counters, check_often, profile_of

# The distribution's own, whatever else is in PATH.
PATH = os.environ.get("TEST_PYTHON") or next(iter(sorted(glob.glob("/usr/bin/python3.1[1-4]"))), None)

# It waits first until there are tables to walk by.
SHORT = """import time
time.sleep(0.3)


def short():
    if True:
        time.sleep(0.05)


short()
"""

# First often the one, then often the other, and then in turns.
TURNS = """import time
time.sleep(0.3)

def one():
    time.sleep(0.001)

def two():
    time.sleep(0.001)

for f in [one] * 100 + [two] * 100 + [one, two] * 50:
    f()
"""

# A child of a child: the interpreter, forked without exec, waits in functions of its own.
FORKS = """
import os, time

time.sleep(0.3)  # until there are tables to walk by


def grandchild():
    for _ in range(60):
        time.sleep(0.01)

def child():
    for _ in range(20):
        time.sleep(0.01)
    if not os.fork():
        grandchild()
        os._exit(0)
    os.wait()

if not os.fork():
    child()
    os._exit(0)
os.wait()
"""


def python():
    if not PATH:
        skip("no CPython of 3.11 to 3.14 in /usr/bin")
    return Python(PATH)


def script(name, text):
    path = scratch(name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


@case
def asleep():
    path, work = check_asleep(python())
    profile = profile_of(path)
    stack = profile.select(tid=work.tid("sorting"))[0]
    names, kinds = profile.names(stack), profile.kinds(stack)
    between = slice(names.index("sorting") + 1, names.index("Shape.__lt__"))
    check(names[between] and "python" not in kinds[between], f"C between sorting and __lt__: {names}")
    check_equal(kinds[between.start - 1], "python", "kind of sorting")
    for s in profile.stacks:
        names = profile.names(s)
        whole = s["tid"] != work.tid("deep")  # of that one the outer frames are left out
        check_equal("_PyEval_EvalFrameDefault" in names, not whole,
                    f"calls of the interpreter without their frames: {names}")


@case
def often():
    check_often(python())


@case
def often_without_task_storage():
    profile = check_often(python(), env={"DWELL_PROBES": "compat"})
    check_equal(profile.data["notes"]["probes"], "compat", "notes.probes")


@case
def remembered_walks_are_right():
    """The memo knows native frames only: it has hits, and none of them is wrong."""
    profile = check_often(python(), env={"DWELL_MEMO": "verify"})
    check(profile.counter("memo_verified") > 100, "no hits")
    check_equal(profile.counter("memo_disagreed"), 0, "memo_disagreed")


@case
def a_command():
    """Live, and read back from its recording."""
    path = scratch("command.dwell")
    text = script("command.py", SHORT)
    live = run("offcpu", "-f", "--save", path, "--", *python().command(text)).ok()
    rows = [(frames, us) for frames, us in parse_folded(live.out) if "short" in frames]
    check(sum(us for _, us in rows) >= 50_000, f"the sleep is not in short(): {live.out}")
    for frames, _ in rows:
        check(frames.index("<module>") < frames.index("short"), f"order: {frames}")
    check_equal(run("report", "-f", path).ok().out, live.out, "the report of its recording")
    places = Recorded(path).places.values()
    check(("short", text, 7) in places, f"no place in {text} among {places}")


@case
def one_native_stack_with_different_functions():
    """What is remembered of the native frames must not decide what Python's are."""
    text = script("turns.py", TURNS)
    for memo in ("on", "off"):
        p = run("offcpu", "--json", "--", *python().command(text), env={"DWELL_MEMO": memo}).profile()
        check_laws(p)
        for function in ("one", "two"):
            check_equal(p.cnt(frame=function, reason="sleep"), 150, f"sleeps in {function}(), memo {memo}")
        check_equal(p.counter("python_mismatch"), 0, "python_mismatch")
        check(memo == "off" or p.counter("user_memo_hits") > 100, "no hits")


@case
def forked_children():
    text = script("forks.py", FORKS)
    p = run("offcpu", "--json", "--", *python().command(text)).profile()
    check_laws(p)
    for function in ("child", "grandchild"):
        check(p.select(frame=function), f"{function}() is in no stack")
    check(p.ns(frame="grandchild") >= 200_000_000, f"grandchild: {p.ns(frame='grandchild')} ns")
    check_equal(p.counter("python_mismatch"), 0, "python_mismatch")


@case
def in_a_pid_namespace():
    """The interpreter knows a thread by the number that its own namespace gives it."""
    text = script("namespace.py", SHORT.replace("short", "inside"))
    result = run("offcpu", "--json", "--", "unshare", "--pid", "--fork", *python().command(text))
    if "unshare" in result.err and result.status:
        skip("no pid namespaces: " + result.err.strip().splitlines()[-1])
    p = result.profile()
    check(p.ns(frame="inside") >= 50_000_000, f"inside: {p.ns(frame='inside')} ns")


@case
def other_programs_are_left_alone():
    with Work("sleeper", 1, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "--json") as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    for name in COUNTERS + ("python_walks", "python_no_thread"):
        check_equal(p.counter(name), 0, name)


@case
def by_frame_pointers_there_are_none():
    text = script("plain.py", SHORT)
    p = run("offcpu", "--json", "--unwind", "fp", "--", *python().command(text)).profile()
    check(not p.select(frame="short"), "frames of Python in stacks that were walked by frame pointers")
    check_counters(p)


main()
