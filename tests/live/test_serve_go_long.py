#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""dwell serve --go with 100,000 goroutines, and with Go 1.15 to 1.27: a case for each."""
import glob
import time

from go_versions import VERSIONS, toolchain
from golang import Toolchain
from goserve import MAX_SERIES, NAME, SOURCE, Service, blocked, check_labels, goroutines, seen
from livetest import case, check, check_equal, check_within, main, read, wait_until
from serving import Serve, check_grown, promtool_check

MANY = 100000
go = Toolchain()


def cpu_s(pid):
    """CPU time of the thread that looks at goroutines."""
    for path in glob.glob(f"/proc/{pid}/task/*/comm"):
        if read(path).strip() == "dwell-go":
            fields = read(path.replace("/comm", "/stat")).rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / 100
    raise AssertionError("no thread looks at goroutines")


@case
def a_hundred_thousand():
    """Few series, all of them counted, and the budget holds: 1 % of a CPU."""
    path = go.build(NAME, [SOURCE])
    with Service(path, sleep=MANY // 2, receive=MANY // 4, deep=MANY // 4) as p, Serve("-p", p.pid, "--go") as d:
        s = seen(d, 1, 60)
        check_equal(goroutines(s, scope="user"), MANY + 1, "goroutines")
        check_equal(blocked(s)["chan_receive", ">8"], MANY // 4, "deep ones")
        time.sleep(5)  # the first looks cost more
        before, begin, cpu = d.scrape(), time.monotonic(), cpu_s(d.process.pid)
        time.sleep(30)
        after, end = d.scrape(), time.monotonic()
        share = (cpu_s(d.process.pid) - cpu) / (end - begin)
        series = check_labels(after)
        grown = float(after.sum("dwell_go_blocked_seconds_total", blocking_reason="sleep") -
                      before.sum("dwell_go_blocked_seconds_total", blocking_reason="sleep")) / (MANY // 2)
        looks = after.value("dwell_go_snapshot_seconds_count") - before.value("dwell_go_snapshot_seconds_count")
        print(f"{MANY} goroutines: {series} series of {MAX_SERIES}, {100 * share:.2f} % of a CPU, {looks} looks in {end - begin:.0f} s, "
              f"{after.value('dwell_go_snapshot_overrun_total')} left out")
        check(share < 0.025, f"{100 * share:.1f} % of a CPU")
        check(after.value("dwell_go_snapshot_overrun_total") > before.value("dwell_go_snapshot_overrun_total"), "none was left out")
        # A scrape is one interval old, which may be 8 mean ones: of 2 to 5 s.
        check(looks >= 2 and 0 < grown < end - begin + 45, f"{grown} s of each sleeper in {end - begin} s")
        check_grown(before, after)


for version in VERSIONS:
    def one(version=version):
        path = toolchain(version).build(NAME, [SOURCE], "-ldflags=-s -w")
        minor = int(version.split(".")[1])
        with Service(path, sleep=10, receive=5, lock=3, deep=4, often=2) as p, Serve("-p", p.pid, "--go") as d:
            seen(d, 1)
            before = wait_until(lambda: (lambda s: s if minor < 19 or s.sum("dwell_go_sched_latency_seconds_count") else None)(
                d.scrape()), "the scheduler is read", 20, 0.2)
            begin = time.monotonic()
            time.sleep(5)
            s, end = d.scrape(), time.monotonic()
            check_grown(before, s)
            check_labels(s)
            promtool_check(s.text.encode())
            cells = blocked(s)
            check_equal((cells["chan_receive", "1-3"], cells["chan_receive", ">8"]), (5, 4), f"receivers: {cells}")
            check_equal(sum(cnt for (reason, _), cnt in cells.items() if reason == "mutex"), 3, f"lockers: {cells}")
            check_within(sum(cnt for (reason, _), cnt in cells.items() if reason == "sleep"), 10, 12, f"sleepers: {cells}")
            for reason, cnt in (("chan_receive", 9), ("mutex", 3)):
                grown = float(s.sum("dwell_go_blocked_seconds_total", blocking_reason=reason) -
                              before.sum("dwell_go_blocked_seconds_total", blocking_reason=reason))
                check_within(grown / cnt, end - begin - 1, end - begin + 1, f"seconds of each: {reason}")
            # What each version counts of itself.
            shown = {name for name, value in (("parks", s.sum("dwell_go_parks_total")),
                                              ("switches", s.sum("dwell_go_switches_total")),
                                              ("latency", s.sum("dwell_go_sched_latency_seconds_count"))) if value > 1000 or
                     (name == "latency" and value > 100)}
            expected = {"latency"} if minor >= 19 else set()
            expected |= {"parks"} if minor >= 26 else {"switches"} if minor >= 17 else set()
            check_equal(shown, expected, f"go {version}")
            check_equal(len(s.rows("dwell_go_mutex_wait_seconds_total")), int(minor >= 20), "waiting for mutexes")
            check_equal(len(s.rows("dwell_go_stw_pause_seconds_count")), 2 * (minor >= 22), "pauses")
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

main()
