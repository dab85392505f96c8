#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Who ended each wait: threads, timers, interrupts."""
import os
import subprocess

from livetest import (BUILD, MS, Dwell, Profile, Work, case, check, check_equal, check_laws, check_near, check_within, main,
                      read, run, scratch, skip, trace)


def wakers(p, **which):
    """{(context, comm): intervals} of the waits that somebody ended."""
    found = {}
    for s in p.select(**which):
        w = s["waker"]
        if not s["open"] and w["context"] != "none":
            key = w["context"], w.get("comm")
            found[key] = found.get(key, 0) + s["intervals"]
    return found


def waker_part(p, stack):
    """The names behind the "--", the waker's own name last."""
    names = p.names(stack)
    return names[names.index("--") + 1:] if "--" in names else []


@case
def pipe():
    with Work("pipes", 200, 500) as w:
        p = trace(w, "--wakers")
        ask, answer = w.tid("pipe-ask"), w.tid("pipe-answer")
    check_equal(set(wakers(p, tid=ask, frame="work_read")), {("thread", "pipe-answer")}, "who wakes the asker")
    check_equal(set(wakers(p, tid=answer, frame="work_read")), {("thread", "pipe-ask")}, "who wakes the answerer")
    check_within(sum(wakers(p, tid=ask, frame="work_read").values()), 195, 200, "waits that it ended")
    for s in p.select(tid=ask, frame="work_read"):
        part = waker_part(p, s)
        if not part:
            continue  # preempted
        check_equal(part[-1], "pipe-answer", "the last frame")
        check("send_byte" in part and "answer" in part, f"the waker's user stack: {part}")
        check(part.index("vfs_write") < part.index("send_byte") < part.index("answer"), f"it stands reversed: {part}")
        check_equal(s["waker"]["tid"], answer, "the waker's tid")
        check_equal(s["waker"]["via_softirq"], False, "via a softirq")
        kinds = p.kinds(s)
        check(set(kinds[kinds.index("delimiter") + 1:]) == {"waker"}, f"kinds {kinds}")


@case
def timer():
    """Never the thread that the timer's interrupt stopped: one spins on the same CPU."""
    cpu = max(os.sched_getaffinity(0))
    pin = ["taskset", "-c", str(cpu)]
    with Work("burner", 1, 500, prefix=pin) as b, Work("sleeper", 200, 2, prefix=pin) as w:
        b.go()
        p = trace(w, "--wakers")
    found = wakers(p, frame="work_sleep")
    check_equal(set(found), {("timer", None)}, "who ends sleeps")
    check_within(sum(found.values()), 195, 200, "sleeps that it ended")
    for s in p.select(frame="work_sleep"):
        part = waker_part(p, s)
        if part:
            check_equal(part[-1], "[timer]", "the last frame")
            check(not any(n.startswith("work_") or n == "main" for n in part), f"the interrupted thread's frames: {part}")


@case
def loopback():
    """A packet to the loopback is received in a softirq that the sender's own system call runs."""
    for kind in ("tcp", "udp"):
        with Work("socket", kind, 200, 500) as w:
            p = trace(w, "--wakers")
            client, server = w.tid("net-client"), w.tid("net-server")
        for me, peer in ((client, "net-server"), (server, "net-client")):
            found = wakers(p, tid=me, frame="work_recv")
            # An interrupt between the packet and the softirq that is to take it takes it itself, now and then.
            other = found.pop(("softirq", None), 0)
            check_equal(set(found), {("thread", peer)}, f"{kind}: who wakes the peer of {peer}")
            check_within(other, 0, 5, f"{kind}: packets that an interrupt took")
        marked = [s for s in p.select(tid=client, frame="work_recv") if s["waker"].get("via_softirq")]
        check(marked, f"{kind}: nothing came via a softirq")
        for s in marked:
            part = waker_part(p, s)
            check_equal(part[-1], "net-server (via softirq)", "the last frame")
            check("send_byte" in part, f"the sender's user stack: {part}")


@case
def unix_socket():
    with Work("socket", "unix", 100, 500) as w:
        p = trace(w, "--wakers")
        client = w.tid("net-client")
    check_equal(set(wakers(p, tid=client, frame="work_recv")), {("thread", "net-server")}, "who wakes the client")
    check(not any(s["waker"].get("via_softirq") for s in p.select(tid=client)), "marked as via a softirq")


@case
def mutex():
    with Work("mutex", 60, 4) as w:
        p = trace(w, "--wakers")
    for me, other in (("mutex-a", "mutex-b"), ("mutex-b", "mutex-a")):
        found = wakers(p, tid=w.tid(me), reason="lock")
        check_equal(set(found), {("thread", other)}, f"who wakes {me}")


@case
def convoy():
    """Eight threads and one mutex: it is always another one that lets go of it."""
    with Work("convoy", 8, 20, 2) as w:
        p = trace(w, "--wakers")
    for i in range(8):
        found = wakers(p, tid=w.tid(f"convoy-{i}"), reason="lock")
        check(found, f"convoy-{i} never waited")
        check(all(context == "thread" and comm.startswith("convoy-") and comm != f"convoy-{i}" for context, comm in found),
              f"who wakes convoy-{i}: {found}")


@case
def pool():
    """Consumers are woken by the producer; by each other when they meet at the mutex, and at the end."""
    with Work("pool", 4, 300) as w:
        p = trace(w, "--wakers")
        tids = w.tids("consumer")
    found = {}
    for tid in tids:
        for key, cnt in wakers(p, tid=tid, reason="lock").items():
            found[key] = found.get(key, 0) + cnt
    check(set(found) <= {("thread", "producer"), ("thread", "consumer")}, f"who wakes consumers: {found}")
    check_within(found[("thread", "producer")], 270, 900, "by the producer")


@case
def a_child_that_is_killed():
    """It takes the signal where an interrupt ends: what it does then, waking its parent, is its own doing."""
    script = "for i in 1 2 3 4 5 6 7 8; do sh -c 'while :; do :; done' & sleep 0.05; kill -9 $!; wait $!; done; exit 0"
    p = run("offcpu", "--wakers", "--json", "--", "sh", "-c", script).ok().profile()
    parent = min(t["tid"] for t in p.data["threads"])
    waits = [s for s in p.select(tid=parent) if s["reason"] in ("child", "signal") and not s["open"]]
    check(waits, "the parent waited for none")
    check_equal({s["waker"]["context"] for s in waits}, {"thread"}, "who wakes the parent")
    spinners = [s for s in waits if s["waker"]["comm"] == "sh" and any(n.startswith(("asm_sysvec", "el0"))
                                                                        for n in waker_part(p, s))]
    if not spinners:
        skip("each child was dead before its parent waited")
    check(all("do_exit" in waker_part(p, s) for s in spinners), "the way out of the child")


@case
def disk():
    """What the disk's interrupt ends is nobody's doing; the file system's own threads may end some."""
    path = os.path.join(BUILD, "tests", f"synced-wakers-{os.getpid()}")
    try:
        with Work("syncer", path, 100) as w:
            p = trace(w, "--wakers")
            measured, pid = w.ns("sync"), w.pid
    finally:
        os.unlink(path)
    if measured < 5 * MS:
        skip(f"100 fsyncs took {measured} ns: nothing to wait for below {BUILD}")
    found = wakers(p, frame="work_sync")
    print("    " + ", ".join(f"{cnt} by {comm or context}" for (context, comm), cnt in sorted(found.items(), key=str)))
    check(all(s["waker"].get("pid") != pid for s in p.select(frame="work_sync")), "it woke itself")
    check(any(context in ("hardirq", "softirq") for context, _ in found), f"no interrupt among {found}")


@case
def disk_read():
    """A read past the page cache ends with the disk's interrupt, or with the softirq that it leaves it to."""
    path = os.path.join(BUILD, "tests", f"read-wakers-{os.getpid()}")
    try:
        with open(path, "wb") as f:
            f.write(os.urandom(4 << 20))
            os.fsync(f.fileno())
        if subprocess.run(["dd", f"if={path}", "of=/dev/null", "iflag=direct", "bs=4k", "count=1"], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            skip(f"no direct reads below {BUILD}")
        p = run("offcpu", "--wakers", "--json", "--", "dd", f"if={path}", "of=/dev/null", "iflag=direct", "bs=16k").ok().profile()
    finally:
        os.unlink(path)
    found = wakers(p, comm="dd", reason="disk")
    print("    " + ", ".join(f"{cnt} by {comm or context}" for (context, comm), cnt in sorted(found.items(), key=str)))
    if sum(found.values()) < 50:
        skip("the disk is as fast as memory: there is nothing to wait for")
    check(set(found) <= {("hardirq", None), ("softirq", None)}, f"who ended reads: {found}")
    for s in p.select(comm="dd", reason="disk"):
        part = waker_part(p, s)
        check(not part or part[-1] in ("[hardirq]", "[softirq]"), f"the last frame: {part}")
        check("main" not in part, f"the thread that was interrupted: {part}")


@case
def of_a_thread_that_is_no_target():
    """Its name and stack are known, but it is not in the thread table, nor in any sum."""
    with Work("pipes", 100, 500) as w:
        ask, answer = w.tid("pipe-ask"), w.tid("pipe-answer")
        p = trace(w, "--wakers", target=["-t", ask])
    check_equal({t["tid"] for t in p.data["threads"]}, {ask}, "threads")
    check_equal({s["tid"] for s in p.stacks}, {ask}, "threads with waits")
    found = [s for s in p.select(frame="work_read") if s["waker"].get("tid") == answer]
    check(found and all("send_byte" in waker_part(p, s) for s in found), "the waker's stack")


@case
def saved():
    """A report of the recording is the same; folded, the sum is the same with and without wakers."""
    recording, live, plain = scratch("wakers.dwell"), scratch("live.folded"), scratch("plain.folded")
    with Work("pipes", 100, 500) as w:
        with Dwell("offcpu", "-p", w.pid, "--wakers", "--save", recording, "-o", live) as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            d.finish().ok()
    again = run("report", recording, "-f").ok().out
    check_equal(again, read(live), "the report's folded stacks")
    check(";--;" in again and "send_byte" in again, "wakers in the folded stacks")
    by_waker = run("report", recording, "-f", "--by-waker").ok().out
    lines = by_waker.splitlines()
    check(any(line.startswith("pipe-answer;") and ";pipe-ask " in line for line in lines), f"by waker: {lines[:3]}")
    check(all("--" not in line.split(";") for line in lines), "a '--' in stacks by waker")
    check_laws(Profile(run("report", recording, "--json").ok().out))


@case
def wakeups():
    with Work("pipes", 100, 500) as w:
        with Dwell("wakeups", "-p", w.pid, "--json") as d:
            d.tracing()
            w.work()
            w.tids_asleep()
            p = d.finish().profile()
        ask = w.tid("pipe-ask")
        measured = w.ns("asked")
    stacks = [s for s in p.select(tid=ask) if p.names(s)[0] == "pipe-answer"]
    check(stacks, "nothing woken by pipe-answer")
    for s in stacks:
        names = p.names(s)
        check_equal(names[-1], "pipe-ask", "the last frame")
        check(names.index("answer") < names.index("send_byte") < names.index("vfs_write"), f"outermost first: {names}")
    check_near(sum(s["blocked_ns"] + s["runnable_ns"] for s in stacks), measured, "what it ended", 0.05)
    check_equal(p.data["ledger"]["imbalance_ns"], 0, "imbalance")


@case
def spilled():
    """A full ring loses nobody's waker."""
    with Work("pipes", 30000, 0) as w:
        p = trace(w, "--wakers", "--ring-size", "4096")
        ask = w.tid("pipe-ask")
    check(p.data["ledger"]["spilled_intervals"], "nothing was spilled")
    found = wakers(p, tid=ask, frame="work_read")
    check_equal(set(found), {("thread", "pipe-answer")}, "who wakes the asker")


main()
