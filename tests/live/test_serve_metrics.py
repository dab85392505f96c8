#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""/metrics of a dwell that traces: its formats by the judges of others, its sums, and what workloads know of themselves."""
import os
import shutil
import subprocess
import time

from livetest import (MS, SECOND, Work, case, check, check_equal, check_near, check_within, long_case, main, read,
                      scratch, skip, wait_until)
from serving import (ACCEPT_OPENMETRICS, Serve, Scrape, check_grown, check_laws, ledger, promtool_check, settled, strict_parser,
                     unpacked)


def ns(seconds):
    return int(seconds * SECOND)


@case
def formats():
    """With everything that there is: promtool has nothing to say, the strict parser takes it, and both show the same."""
    with Work("convoy", 4, 30, 1) as w:
        with Serve("-p", w.pid, "--syscalls", "default", "--wakers", "--group-by", "cgroup") as d:
            w.work()
            status, headers, text = d.get("/metrics", Accept="text/plain;version=0.0.4")
            check_equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "text")
            promtool_check(text)
            status, headers, body = d.get("/metrics", Accept=ACCEPT_OPENMETRICS, Accept_Encoding="gzip")
            check_equal((status, headers["Content-Type"]),
                        (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"), "OpenMetrics")
            packed = unpacked(headers, body)
            check(len(body) * 5 < len(packed), f"{len(packed)} bytes in {len(body)}")
            families = list(strict_parser().text_string_to_metric_families(packed.decode()))
            scrape = Scrape(text.decode())
            check_laws(scrape)
            check_equal({s.name for f in families for s in f.samples}, {name for name, _ in scrape.samples}, "names")
            check_equal({(s.name, frozenset(s.labels.items())) for f in families for s in f.samples},
                        set(scrape.samples), "series")


def waits_read(s):
    return s.sum("dwell_block_duration_seconds_count") + s.sum("dwell_runqueue_wait_seconds_count")


@case
def sums_under_load():
    """Ten expositions while waits come in: counters grow, their labels stay, and every sum holds in each."""
    with Work("flood", 1, 10 ** 9) as w, Work("asleep") as stays:
        with Serve("-p", f"{w.pid},{stays.pid}", "--syscalls", "default", "--wakers") as d:
            w.go()
            wait_until(lambda: waits_read(d.scrape()) > 1000, "waits")
            before = d.scrape()
            for _ in range(10):
                time.sleep(0.1)
                after = d.scrape()
                check_laws(after)
                check_grown(before, after)
                check_equal(set(after.samples), set(before.samples), "series")
                check(waits_read(after) > waits_read(before), "no load any more")
                before = after
            w.process.kill()
            last = settled(d)
            check_laws(last)
            check_grown(before, last)
            # What a machine without a free CPU loses is in the laws, by name.
            result = d.finish().ok()
    check("DEFECT" not in result.err, result.err)


@case
def sums_with_small_rings():
    """Much of the time comes by spills, and the sums are the same."""
    with Work("flood", 2, 20000) as w:
        with Serve("-p", w.pid, "--ring-size", "4096") as d:
            w.work()
            w.tids_asleep()
            s = settled(d)
            check_laws(s)
            check(s.value("dwell_spilled_seconds_total") > 0, "nothing was spilled: the rings are too large for this test")
            check(s.value("dwell_averaged_waits_total") > 0, "waits in the bucket of a mean")
            result = d.finish().ok()
    check("DEFECT" not in result.err, result.err)


@case
def ledger_is_the_workload():
    """Delivered is what the program measured, and still is when it has exited."""
    with Work("sleeper", 60, 10) as w, Work("asleep") as stays:
        with Serve("-p", f"{w.pid},{stays.pid}") as d:
            w.work()
            w.end()
            s = settled(d)
            check_near(ns(s.value("dwell_block_duration_seconds_sum", reason="sleep")) +
                       ns(s.sum("dwell_runqueue_wait_seconds_sum")), w.ns("sleep"), "sleeps", 0.01, 2 * MS)
            check_within(int(s.value("dwell_block_duration_seconds_count", reason="sleep")), 60, 60, "sleeps")
            check_near(ns(ledger(s)[0]), ns(s.value("dwell_delivered_seconds_total")), "all was delivered", 0)
            check_equal(s.value("dwell_events_total", event="exit"), 1, "exits")


@case
def what_is_blocked_now():
    with Work("asleep") as w:
        w.tids_asleep()
        with Serve("-p", w.pid) as d:
            begun = time.monotonic()
            d.scrape()
            time.sleep(1.5)
            before = time.monotonic() - begun
            s = d.scrape()
            after = time.monotonic() - begun
            # The main thread reads its standard input, which is a pipe.
            expected = {"lock": 1, "poll": 1, "sleep": 1, "pipe": 2}
            found = {has["reason"]: int(value) for has, value in s.rows("dwell_threads_blocked") if value}
            check_equal(found, expected, "threads that are blocked now")
            check_within(float(s.value("dwell_longest_block_seconds")), before - 1.2, after + 2, "the longest")
            check_equal(s.sum("dwell_block_duration_seconds_count"), 0, "waits that ended")


def scheduled(*how):
    """A sleeper in a scheduling class; None where that is refused."""
    if not shutil.which("chrt"):
        skip("no chrt: scripts/deps test")
    if subprocess.run([*how, "true"], capture_output=True, check=False).returncode:
        return None
    return Work("sleeper", 25, 2, prefix=how)


@long_case
def scheduling_classes():
    """Each wake-up is a wait for a CPU in the class of its thread."""
    ways = {"rt": ("chrt", "-f", "1"), "idle": ("chrt", "-i", "0"), "fair": ("nice", "-n", "5"),
            "deadline": ("chrt", "-d", "-T", "1000000", "-P", "10000000", "-D", "10000000", "0")}
    for name, how in ways.items():
        w = scheduled(*how)
        if not w:
            check(name != "fair", "nice does not work")
            print(f"not tested: {' '.join(how)} is refused here")
            continue
        with w, Serve("-p", w.pid) as d:
            w.work()
            w.tids_asleep()
            s = settled(d)
            cnt = {has["sched_class"]: int(value) for has, value in s.rows("dwell_runqueue_wait_seconds_count") if value}
            # One more for the line on its standard input; and who is preempted waits as well.
            check_equal(set(cnt), {name}, f"classes of {how}")
            check(cnt[name] >= 26, f"{cnt} waits, 25 sleeps")
            check_equal(s.sum("dwell_block_duration_seconds_count"), 26, "blocks")


@case
def system_calls():
    """Calls whose number is known, by their names and by their errors."""
    with Work("calls", "mix", 400) as w:
        with Serve("-p", w.pid, "--syscalls", "default") as d:
            w.work()
            w.tids_asleep()
            s = wait_until(lambda: (lambda s: s if s.sum("dwell_syscalls_total", syscall="read") >= 400 else None)(d.scrape()),
                           "calls", 10, 0.2)
            # 400 of /dev/zero, one that goes on after a signal, that of "go", and what /bin/true loads with one or two.
            check_within(int(s.value("dwell_syscalls_total", syscall="read")), 402, 410, "reads")
            check_equal(s.value("dwell_syscall_errors_total", syscall="openat", errno="ENOENT"), 40, "openat() of what is not")
            check_equal(s.sum("dwell_syscalls_total"), s.sum("dwell_syscall_duration_seconds_count"), "calls and durations")
            check_laws(s)
    with Work("calls", "spin", 5000) as w:
        with Serve("-p", w.pid, "--syscalls", "getppid,clock_nanosleep") as d:
            w.work()
            w.tids_asleep()
            wait_until(lambda: d.scrape().value("dwell_syscalls_total", syscall="getppid") == 5000, "5000 getppid()", 10, 0.2)


@long_case
def wakers():
    """Sleeps are ended by a timer, what is read from a pipe by who wrote it."""
    with Work("sleeper", 50, 2) as w, Work("pipes", 500, 0) as p:
        # A timer may end before its thread sleeps; then nothing woke it.
        for work, waker, least in ((w, "timer", 40), (p, "thread", 400)):
            with Serve("-p", work.pid, "--wakers") as d:
                work.work()
                work.tids_asleep()
                s = settled(d)
                check(s.value("dwell_wakeups_total", waker=waker) >= least, f"{waker}: {s.rows('dwell_wakeups_total')}")
                check_equal(s.sum("dwell_wakeups_total"), s.sum("dwell_block_duration_seconds_count"), "wakers and blocks")


@case
def bounds_of_one_s_own():
    """Sleeps of 1, 20 and 150 ms between bounds of 10 and of 100 ms."""
    with Work("lengths") as w:
        with Serve("-p", w.pid, "--buckets", "0.0005,0.01,0.1") as d:
            w.work()
            w.tids_asleep()
            s = settled(d)
            found = {has["le"]: int(v) for has, v in s.rows("dwell_block_duration_seconds_bucket", reason="sleep")}
            check_equal(list(found), ["0.0005", "0.01", "0.1", "+Inf"], "bounds")
            # A virtual machine may be stopped for a while in a sleep of 1 ms.
            check_equal((found["0.0005"], found["+Inf"]), (0, 75), f"sleeps: {found}")
            check_within(found["0.01"], 58, 60, f"short ones: {found}")
            check_within(found["0.1"], found["0.01"] + 10, 72, f"middle ones: {found}")


def own_cgroup(name):
    """The directory of a cgroup of version 2 that is ours."""
    for line in read("/proc/mounts").splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2" and os.access(where, os.W_OK):
            path = os.path.join(where, name.strip("/"))
            os.makedirs(path, exist_ok=True)
            return path
    return skip("no writable cgroup v2 hierarchy is mounted")


def move(pid, path):
    with open(os.path.join(path, "cgroup.procs"), "w") as f:
        f.write(str(pid))


def remove_cgroups(path, levels):
    for _ in range(levels):
        wait_until(lambda: try_rmdir(path), f"{path} is removed", 10)
        path = os.path.dirname(path)


def try_rmdir(path):
    try:
        os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


@case
def groups_by_comm():
    """Threads with names of their own: each has what it measured itself."""
    with Work("convoy", 3, 20, 2) as w:
        with Serve("-p", w.pid, "--group-by", "comm") as d:
            w.work()
            w.tids_asleep()
            s = settled(d)
            check_laws(s)
            check(s.values("dwell_group_blocks_total", "comm") >= {"convoy-0", "convoy-1", "convoy-2", "other"},
                  "the threads' groups")
            for i in range(3):
                # It sleeps 20 times with the lock and 20 times for 1 ms without.
                check_equal(s.value("dwell_group_blocks_total", comm=f"convoy-{i}", reason="sleep"), 40, f"sleeps of {i}")
            check_equal(s.value("dwell_groups"), len(s.values("dwell_group_blocks_total", "comm")), "dwell_groups")
            check_equal(s.value("dwell_group_overflow_total"), 0, "overflow")


@long_case
def groups_by_cgroup_container_and_pod():
    uid, cid = "0d5c8a7e-1111-4222-8333-5f6e7d8c9b0a", "ab" * 32
    name = f"dwell-live-{os.getpid()}/kubepods/pod{uid}/{cid}"
    path = own_cgroup(name)
    try:
        for by, labels in (("cgroup", {"cgroup": "/" + name}), ("container", {"container_id": cid}),
                           ("pod", {"pod_uid": uid, "container_id": cid})):
            with Work("sleeper", 20, 2) as w:
                move(w.pid, path)
                with Serve("-p", w.pid, "--group-by", by) as d:
                    w.work()
                    w.tids_asleep()
                    s = settled(d)
                    check_laws(s)
                    check_equal(s.value("dwell_group_blocks_total", reason="sleep", **labels), 20,
                                f"by {by}: {[r for r in s.rows('dwell_group_blocks_total') if r[1]]}")
    finally:
        remove_cgroups(path, 4)


@case
def groups_by_none():
    with Work("sleeper", 5, 2) as w:
        with Serve("-p", w.pid, "--group-by", "none") as d:
            w.work()
            w.tids_asleep()
            s = settled(d)
            check_equal([n for n, _ in s.samples if n.startswith("dwell_group")], [], "metrics of groups")
            check_equal(s.value("dwell_block_duration_seconds_count", reason="sleep"), 5, "sleeps")


@case
def more_groups_than_places():
    with Work("convoy", 8, 10, 1) as w:
        with Serve("-p", w.pid, "--max-groups", "3") as d:
            w.work()
            w.tids_asleep()
            s = settled(d)
            check_laws(s)
            groups = s.values("dwell_group_blocks_total", "comm")
            check(len(groups) == 3 and "other" in groups, f"groups: {groups}")
            check_equal(s.value("dwell_groups"), 3, "dwell_groups")
            # Six threads of eight, or seven if the main thread has a place, with 20 sleeps each.
            check(s.value("dwell_group_overflow_total") >= 6 * 20, f"overflow {s.value('dwell_group_overflow_total')}")
            check(s.value("dwell_group_blocks_total", comm="other", reason="sleep") >= 6 * 20, "sleeps in other")


@case
def textfile():
    """For node_exporter, which has metrics of its own process: the same without those."""
    path = scratch("dwell.prom")
    with Work("sleeper", 10, 2) as w:
        with Serve("-p", w.pid, "--prom-textfile", path) as d:
            text = wait_until(lambda: os.path.exists(path) and read(path), "the file")
            promtool_check(text.encode())
            s = Scrape(text)
            check_laws(s)
            shown = d.scrape()
            check_equal({k for k in shown.samples if not k[0].startswith("process_")}, set(s.samples), "series")
            check(shown.rows("process_open_fds"), "of the process itself")
            check_equal([n for n in os.listdir(scratch()) if n.startswith("dwell.prom") and n != "dwell.prom"], [],
                        "unfinished files")
            check_equal(shown.value("dwell_output_failing", output="textfile"), 0, "failing")


main()
