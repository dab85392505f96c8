#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""One pid, many processes, one after the other: they are not mixed up. In a pid namespace of its own."""
import os
import subprocess
from livetest import (MS, WORK, Dwell, Profile, case, check, check_equal, check_laws, check_near, facts_of,
                      main, read, scratch, skip)

UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


@case
def same_pid_again_and_again():
    if subprocess.run([*UNSHARE, "test", "-w", "/proc/sys/kernel/ns_last_pid"], check=False).returncode:
        skip("no pid namespace, or no ns_last_pid in it (CONFIG_CHECKPOINT_RESTORE)")
    out = scratch("reuse.json")
    with Dwell("offcpu", "-o", out, "--", os.path.join(WORK, "reuse"), 20, 10, prefix=UNSHARE,
               alone=True) as d:
        result = d.wait().ok()
    facts = facts_of(result.out)
    p = Profile(read(out))
    check_laws(p)
    pid = int(facts["pid"][0][0])
    lives = [t for t in p.threads if t["pid"] == pid]
    check_equal(len(lives), 20, f"processes that were pid {pid}")
    check(all(t["exited"] for t in lives), "all have exited")
    check_equal(sorted(t["comm"] for t in lives), ["reuse-even"] * 10 + ["reuse-odd"] * 10, "names")
    for name in ("even", "odd"):
        # What a new process does on its CPU (first touches of its pages) is in the meter, ten times.
        check_near(p.ns(frame=f"work_{name}"), int(facts[name][0][1]), name, slack=10 * MS // 4)
        check_equal(p.cnt(frame=f"work_{name}", reason="sleep"), 10, f"sleeps of the {name}")
        # Of the sleeps: who is preempted on the way to its new name still has the old one.
        check_equal({p.names(s)[0] for s in p.select(frame=f"work_{name}", reason="sleep")},
                    {f"reuse-{name}"}, f"first frames of work_{name}")
        check_equal({s["pid"] for s in p.select(frame=f"work_{name}")}, {pid}, f"pid of the {name}")


main()
