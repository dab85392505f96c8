#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell list: its words are those that the options take."""
import errno
import json
import os

from livetest import case, check, check_equal, check_one_line, main, run, scratch


def words(name):
    """{word: what it means}, which both forms must tell alike."""
    rows = json.loads(run("list", "--json", name).ok().out)
    text = [line.split(None, 1) for line in run("list", name).ok().out.splitlines()]
    check_equal([(r["name"], r.get("help", "")) for r in rows], [(t[0], t[1] if len(t) > 1 else "") for t in text], name)
    return {r["name"]: r.get("help", "") for r in rows}


@case
def all_lists():
    rows = json.loads(run("list", "--json").ok().out)
    check_equal([r["name"] for r in rows], ["reasons", "formats", "syscalls", "errors", "probes"], "lists")
    check(all(words(r["name"]) for r in rows), "one is empty")


@case
def words_are_taken():
    text = scratch("a.folded")
    with open(text, "w") as f:
        f.write('{"stack":"a","ns":1000,"reason":"lock"}\n')
    for reason in words("reasons"):
        run("report", "-q", "-f", "--reason", reason, text).ok()
    recording = scratch("a.dwell")
    run("record", "-q", "-o", recording, "--", "sleep", "0.01").ok()
    for name in words("formats"):
        run("report", "-q", "--format", name, "-o", scratch("out"), recording).ok()
    check_equal(words("reasons")["lock"], "futex and other user-space locks and condition variables", "lock")
    check_equal(words("errors")["ENOENT"], os.strerror(errno.ENOENT), "ENOENT")
    calls = words("syscalls")
    check({"read", "futex", "epoll_wait" if os.uname().machine == "x86_64" else "epoll_pwait", "clone3"} <= set(calls), f"{calls}")


@case
def mistakes_are_answered():
    for args in (["reason"], ["reasons", "formats"], ["--", "true"]):
        r = run("list", *args)
        check_equal((r.status, r.out), (2, ""), f"{args}")
        check_one_line(r.err, f"{args}", "dwell list names")
    with open("/dev/full", "w") as full:
        r = run("list", "syscalls", stdout=full)
    check_equal(r.status, 1, "a full disk")


main()
