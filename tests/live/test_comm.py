#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""--comm GLOB, and threads that change their name."""
from livetest import (Dwell, Work, case, check, check_equal, check_laws, check_near, main, run,
                      trace)


def names_of(w):
    """name -> measured ns"""
    return {words[0]: int(words[1]) for words in w.facts["named"]}


def traced(w, glob):
    with Dwell("offcpu", "--comm", glob, "--json", "20") as d:
        d.tracing()
        w.work()
        w.tids_asleep()
        p = d.finish().profile()
    check_laws(p, schedstats=False)
    check_equal({s["pid"] for s in p.stacks} - {w.pid}, set(), "other processes")
    return p


@case
def renamed_into_and_out_of_the_pattern():
    with Work("rename", 20, 10, "other_QZ1", "dwtest_QZa", "other_QZ2", "dwtest_QZb") as w:
        p = traced(w, "dwtest_QZ*")
    slept = names_of(w)
    got = {}
    for s in p.select(frame="work_named"):
        name = p.names(s)[0]
        got[name] = got.get(name, 0) + s["blocked_ns"] + s["runnable_ns"]
    # The name is looked at when the thread switches: the first sleep under a name is the first one seen.
    check_equal(set(got), {"dwtest_QZa", "dwtest_QZb"}, "names")
    for name, ns in got.items():
        check_near(ns, slept[name], name, 0.01)


@case
def every_name_has_its_frame():
    names = ["dwtest_a", "dwtest_b", "dwtest_c", "dwtest_a2"]
    with Work("rename", 15, 10, *names) as w:
        p = trace(w)
    slept = names_of(w)
    for name in names:
        ns = sum(s["blocked_ns"] + s["runnable_ns"] for s in p.select(frame="work_named")
                 if p.names(s)[0] == name)
        check_near(ns, slept[name], name)


@case
def patterns():
    for glob, hit in (("dwtest_QPx?", True), ("*QPxy", True), ("dw*QP*", True),
                      ("dwtest_QPxy", True), ("dwtest_QP", False), ("DWTEST_QPxy", False)):
        with Work("rename", 3, 10, "dwtest_QPxy") as w:
            if not hit:
                result = run("offcpu", "--comm", glob, "--json", "300ms", timeout=20)
                check(str(w.pid) not in result.out, f"{glob} found the workload")
                w.work()
            else:
                p = traced(w, glob)
                check(p.ns(frame="work_named") > 0, f"{glob} found nothing")


main()
