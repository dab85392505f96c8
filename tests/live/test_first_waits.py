#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A program's first waits begin before the unwind tables of its code are there: they get their whole stacks all the same."""
import os

from livetest import (WORK, Profile, case, check, check_equal, check_laws, main, run, start,
                      wait_asleep)


def user_names(profile):
    """Of the longest wait, outermost first."""
    stack = max(profile.stacks, key=lambda s: s["blocked_ns"])
    return [n for n, k in zip(profile.names(stack), profile.kinds(stack)) if k == "native"]


def known_stack():
    """Of /bin/sleep, with its tables there from the beginning."""
    sleeper = start(["/bin/sleep", "60"])
    wait_asleep(sleeper.pid)
    names = user_names(run("offcpu", "-p", sleeper.pid, "--json", "200ms").profile())
    sleeper.kill()
    sleeper.wait()
    return names


@case
def the_first_wait_of_a_command():
    """/bin/sleep and libc keep no frame pointers: by them there would be one frame."""
    p = run("offcpu", "--json", "--", "sleep", "0.6").profile()
    check_laws(p)
    names = known_stack()
    check(len(names) >= 6, f"the stack to compare with: {names}")
    check_equal(user_names(p), names, "the first wait, and a later one")


@case
def still_open_at_the_end():
    p = run("offcpu", "--json", "500ms", "--", "sleep", "2").profile()
    check_laws(p)
    check_equal(user_names(p), known_stack(), "the open wait, and another one")


@case
def of_a_process_that_is_gone():
    """It lived for a few milliseconds: over before anybody could have looked at it."""
    p = run("offcpu", "--json", "--", os.path.join(WORK, "sleeper"), "1", "1", alone=True)
    p = Profile(p.ok().out[p.out.index("{"):])
    check_laws(p)
    waits = p.select(frame="work_sleep", reason="sleep")
    check_equal(len(waits), 1, f"the wait of a millisecond: {p.stacks}")
    check("main" in p.names(waits[0]), f"its caller: {p.names(waits[0])}")


@case
def not_when_frame_pointers_are_asked_for():
    p = run("offcpu", "--unwind", "fp", "--json", "--", "sleep", "0.4").profile()
    check_equal(p.counter("copied"), 0, "copied stacks")


main()
