#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Waits, stacks and names out of traces of Windows, beside what is known of them.

The traces are not part of the project: these tests skip where they are not beside it. The rules have tests with events of our own in
tests/unit/test_etw.c.
"""
import collections
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, case, check, check_equal, main  # noqa: E402
from sample_traces import traces  # noqa: E402

DUMP = os.path.join(BUILD, "tests", "unit", "dump_etw")
Wait = collections.namedtuple("Wait", "process tid out ready end reason state open by kernel user later")


class Trace:
    def __init__(self, name):
        path = os.path.join(traces(), name + ".etl")
        self.text = subprocess.run([DUMP, path], check=True, stdout=subprocess.PIPE, text=True, timeout=200).stdout
        self.waits, self.samples, self.totals, self.calls, self.counts = [], [], {}, [], {}
        for line in self.text.splitlines():
            kind, *f = line.split("\t")
            if kind in ("wait", "sample"):
                w = Wait(f[0], int(f[1]), int(f[2]), int(f[3]), int(f[4]), f[5], int(f[6]), f[7] == "1", f[8], f[9], f[10], f[11] == "1")
                (self.waits if kind == "wait" else self.samples).append(w)
            elif kind == "totals":
                self.totals[int(f[0])] = [int(x) for x in f[1:]]
            elif kind == "call":
                self.calls.append(f)
            else:
                self.counts[f[0]] = int(f[1])

    def closed(self, tid):
        return sorted((w for w in self.waits if w.tid == tid and not w.open), key=lambda w: w.out)


KERNEL = "ntoskrnl.exe+0x1000;ntoskrnl.exe+0x2000;ntoskrnl.exe+0x3000"


def check_synthetic(t):
    # Nanoseconds: on CPU, blocked and runnable of closed waits.
    waits = {tid: t.closed(tid) for tid in (101, 102, 201)}
    check_equal([(w.ready - w.out, w.end - w.ready, w.reason) for w in waits[101]],
                [(38_000_000, 500_000, "UserRequest"), (37_000_000, 0, "UserRequest")], "waits of 101")
    check_equal([(w.ready - w.out, w.end - w.ready, w.reason) for w in waits[102]], [(49_900_000, 100_000, "DelayExecution")], "of 102")
    check_equal([(w.ready - w.out, w.end - w.ready, w.reason, w.state) for w in waits[201]], [(0, 2_500_000, "WrPreempted", 1)], "of 201")
    check_equal({tid: v[0] for tid, v in t.totals.items()}, {101: 9_500_000, 102: 19_000_000, 201: 57_500_000}, "on CPU")
    check_equal(sorted((w.tid, w.reason, w.out) for w in t.waits if w.open), [(102, "WrLpcReply", 81_000_000), (201, "WrQueue", 80_000_000)],
                "open at the end")
    check_equal(waits[101][0].by, "201", "who readied 101 first")
    check_equal(t.calls, [["101", "11900000", "50600000", "0x0", "ntoskrnl.exe+0x3000"]], "system calls")
    folded = collections.Counter()
    for w in t.waits:
        if not w.open:
            folded[w.process, w.kernel, w.user] += w.end - w.out
    check_equal(folded, {("app.exe", KERNEL, "ntdll.dll+0x100;app.exe+0x1111;app.exe+0x1010"): 75_500_000,
                         ("app.exe", KERNEL, "ntdll.dll+0x200;app.exe+0x2222;app.exe+0x1010"): 50_000_000,
                         ("srv.exe", KERNEL, "ntdll.dll+0x300;srv.exe+0x3333;srv.exe+0x1020"): 2_500_000}, "stacks")
    check_equal((t.counts["chain_breaks"], t.counts["wait_ns"]), (0, sum(folded.values())), "chains")


@case
def synthetic():
    """The same run, with pointers of 8 and 4 bytes, packed, and with stacks by keys."""
    for name in ("offcpu64", "offcpu32", "offcpu64_lz", "offcpu64_keys"):
        check_synthetic(Trace("synthetic/" + name))


@case
def switches_of_chrome():
    """92 switches of a real machine: no stacks, no names."""
    t = Trace("synthetic/chrome_cswitch92")
    tick = 100
    found = {tid: (len(t.closed(tid)), sum(w.end - w.out for w in t.closed(tid)) // tick) for tid in t.totals if t.closed(tid)}
    check_equal(found, {1268: (20, 2486), 3412: (20, 1353), 2948: (1, 95), 3128: (1, 54)}, "waits")
    check_equal({w.reason for w in t.closed(1268)} | {w.reason for w in t.closed(3412)}, {"WrLpcReply", "WrQueue"}, "reasons")
    check_equal(sorted(w.tid for w in t.waits if w.open), [1268, 2948, 3060, 3412], "still off CPU")
    check_equal((t.counts["chain_breaks"], t.counts["switches"]), (0, 92), "chains")
    # The last one that came has its CPU till the end.
    came, end = t.closed(3128)[0].end, max(w.end for w in t.waits)
    on_cpu = {tid: v[0] // tick for tid, v in t.totals.items()}
    on_cpu[3128] -= (end - came) // tick
    check_equal({tid: ns for tid, ns in on_cpu.items() if ns}, {3412: 2212, 1268: 1068, 2948: 122, 3128: 100}, "on CPU")


@case
def stacks_of_a_profile():
    """Samples of Windows 8 on 8 CPUs, stacks by keys that are given again, a 32-bit program on a 64-bit system, methods of .NET."""
    t = Trace("perfview/net.4.5.2.x86")
    check_equal((t.counts["keys"], t.counts["unknown_keys"], t.counts["unknown_kernel"]), (12172, 0, 53), "keys, addresses in no driver")
    check_equal((t.counts["processes"], t.counts["threads"]), (36, 714), "processes, threads")
    check_equal(len(t.samples), 6810, "samples")
    # Without what was told for a later moment, the parts are those told for the sample itself.
    exact = [w._replace(user="") if w.later else w for w in t.samples]
    parts = collections.Counter((bool(w.kernel), bool(w.user)) for w in exact)
    check_equal(parts, {(False, True): 5826, (True, True): 561, (True, False): 419, (False, False): 4}, "parts of stacks")
    check(sum(w.later for w in t.samples) > 100, "a thread's way back tells the user's part of what it did before")
    by_process = dict(collections.Counter(w.process for w in t.samples).most_common(8))
    check_equal(by_process, {"Test.x86.exe": 4900, "PerfView.exe": 637, "MsMpEng.exe": 560, "svchost.exe": 243, "dwm.exe": 141, "System": 134,
                             "Idle": 129, "csrss.exe": 25}, "samples by process")
    weights = collections.Counter((w.process, w.user, w.kernel) for w in exact).most_common(5)
    check_equal([cnt for _, cnt in weights], [553, 370, 216, 172, 154], "the most frequent stacks")
    check_equal([t.counts["all_" + k] for k in ("in_module", "in_method", "unknown_user", "unknown_kernel")], [260310, 35877, 267, 53],
                "addresses of all stacks")
    named = lambda stack: ";".join("?" if f.startswith("0x") else f for f in stack.split(";"))
    check_equal(len({(w.process, named(w.user), named(w.kernel)) for w in exact}), 2005, "different stacks")


main(needs_tracing=False)
