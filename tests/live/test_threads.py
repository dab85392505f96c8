#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""1,000 threads; 100 of them never run."""
from livetest import Work, case, check, check_equal, check_near, main, trace


@case
def thousand():
    with Work("threads", 1000, 15, 40) as w:
        p = trace(w)
        busy = [int(t[0]) for t in w.facts["busy"]]
        idle = [int(t[0]) for t in w.facts["idle"]]
        check_equal((len(busy), len(idle)), (900, 100), "the workload's threads")
        check_equal({t["tid"] for t in p.threads}, {*busy, *idle, w.pid}, "threads listed")
        by_tid = {}
        for s in p.select(frame="work_nap"):
            ns, cnt = by_tid.get(s["tid"], (0, 0))
            by_tid[s["tid"]] = (ns + s["blocked_ns"] + s["runnable_ns"],
                                cnt + s["intervals"] * (s["reason"] == "sleep"))
        check_equal(set(by_tid), set(busy), "threads seen in work_nap")
        for tid in busy:
            check_near(by_tid[tid][0], int(w.facts[f"nap-{tid}"][0][0]), f"sleep of {tid}")
            check_equal(by_tid[tid][1], 15, f"sleeps of {tid}")
        for tid in idle:
            t = p.thread(tid)
            check(t["open"] and t["intervals"] == 0, f"never ran, but {t}")
            check_equal(len(p.select(frame="work_never", tid=tid)), 1, f"stacks of {tid}")
            check_equal(t["comm"], f"dwthr{tid}", "name")


main()
