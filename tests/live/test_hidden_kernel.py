#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A tracer that may not see the kernel's addresses says so, and what to do; the rest of the picture is there."""
import shutil

from livetest import case, check, check_equal, check_laws, main, run, skip, start, wait_asleep


@case
def without_cap_syslog():
    if not shutil.which("setpriv"):
        skip("needs setpriv (util-linux)")
    sleeper = start(["/bin/sleep", "60"])
    wait_asleep(sleeper.pid)
    shown = run("offcpu", "-p", sleeper.pid, "--json", "200ms")
    hidden = run("offcpu", "-p", sleeper.pid, "--json", "200ms", prefix=["setpriv", "--bounding-set", "-syslog"])
    check("hides its addresses" not in shown.err, f"said of visible ones: {shown.err}")
    check("CAP_SYSLOG" in hidden.err and "kptr_restrict" in hidden.err, f"not said: {hidden.err}")
    p = hidden.profile()
    check_laws(p)
    kernel = {p.frames[f]["name"] for s in p.stacks for f in s["frames"] if p.frames[f]["kind"] == "kernel"}
    check_equal(kernel, {"[kernel]"}, "kernel frames")
    check_equal(p.stacks[0]["reason"], "sleep", "the reason, by the system call")
    check(any("clock_nanosleep" in p.names(s) for s in p.stacks), "user frames")


main()
