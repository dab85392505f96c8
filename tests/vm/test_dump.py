#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Who is blocked in a whole system, and since when: of threads that said when they began."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import MS, check, check_equal, check_frames

SECONDS = 3
THREADS = 10  # of the workload
SLACK = 30 * MS  # two times of /proc/uptime, and a tick


@case
def a_whole_system(kernel):
    out = boot(kernel, "dump.sh", SECONDS, work=["hung"])
    p, facts = out.profile(), out.facts()
    print(f"      {kernel.release}: {len(p.stacks)} threads; {out.text('said').splitlines()[-1]}")
    check_frames(p)
    check_equal(p.data["notes"]["edges"], "iterators", "where it looked")
    before, after = (int(float(s) * 1000) * MS for s in out.facts("moments")["moments"][0])
    pid = int(facts["ready"][0][0])
    check_equal(len(p.select(pid=pid)), THREADS, "threads of the workload")
    for name, tid, since in facts["since"]:
        s = p.select(tid=int(tid))[0]
        low, high = before - int(since), after - int(since)
        # It said so, and then it went to sleep: some time later where the host was busy.
        check(s["blocked_ns"] <= high + SLACK, f"{name}: {s['blocked_ns']} ns, not more than {high}: {s}")
        check(s["at_least"] or s["blocked_ns"] >= low * 0.8 - SLACK, f"{name}: {s['blocked_ns']} ns, not less than {low}: {s}")
        check(name == "hung-fifo" or not s["at_least"], f"{name}: {s}")
        check_equal(s["state"], "D" if name == "hung-vfork" else "S", f"{name}: state")
        names = p.names(s)
        # Where walks are by frame pointers the workload, which has some, is whole, too.
        check("hang" in names, f"{name}: {names}")
    kthreads = {t["tid"] for t in p.threads if t["kthread"]}
    idle = [s for s in p.stacks if s["tid"] in kthreads and s["state"] == "I"]
    check(len(idle) > 5, f"{len(idle)} idle threads of the kernel")


@case
def threads_of_the_kernel(kernel):
    out = boot(kernel, "dump.sh", 1, work=["hung"])
    p = out.profile("kernel.json")
    check(p.threads and all(t["kthread"] for t in p.threads), f"{p.threads}")
    unknown = [s for s in p.stacks if s["at_least"] and not s["blocked_ns"]]
    print(f"      {kernel.release}: {len(p.stacks)} threads, {len(unknown)} of them since nobody knows when")
    check(len(unknown) * 4 <= len(p.stacks), f"unknown: {[(s['comm'], s['state']) for s in unknown]}")
    check("blocked for " in out.text("text"), "the text")


main()
