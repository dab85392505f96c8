#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""A real Prometheus scrapes a dwell that traces: its quantiles beside those of all single waits, and alerts that fire.

Rules and alerts are those of deploy/prometheus, but with shorter times: see quick().
"""
import bisect
import json
import math
import os
import re
import sys
import time

sys.dont_write_bytecode = True
from livetest import ROOT, SECOND, US, Dwell, Work, case, check, check_equal, check_near, main, scratch, wait_until
from serving import Serve, settled
sys.path[1:1] = [os.path.join(ROOT, "tests", "truth"), os.path.join(ROOT, "tests", "deploy")]
from deploytest import Prometheus, get
from recording import F_OPEN, F_PREEMPT, Recording, records

FOLDER = os.path.join(ROOT, "deploy", "prometheus")
BOUNDS = sorted(m * 10.0 ** e for e in range(-6, 2) for m in (1, 2, 5))
# What tells the reason of the waits that are compared: one system call each (x86-64, arm64).
CALLS = {"sleep": (230, 115), "lock": (202, 98), "net": (45, 207)}


def quick(name):
    """A copy of a file of rules in which minutes are seconds: it is shown to Prometheus in place of the file."""
    with open(os.path.join(FOLDER, name)) as f:
        text = f.read()
    text = re.sub(r"\[(5m|10m|15m)\]", "[10s]", text)  # what is looked back upon
    text = text.replace("offset 1d", "offset 25s")  # "yesterday"
    text = re.sub(r"\b(for|keep_firing_for): \w+", r"\1: 2s", text)
    text = re.sub(r"interval: \w+", "interval: 1s", text)  # how often rules are evaluated
    text = re.sub(r"(timestamp_seconds) > 300\b", r"\1 > 5", text)  # DwellNoEvents
    path = scratch(name)
    with open(path, "w") as f:
        f.write(text)
    return path


def prometheus(serve, rules=()):
    return Prometheus({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [quick(name) for name in rules],
        "scrape_configs": [{"job_name": "dwell", "static_configs": [{"targets": [serve.address]}]}],
    })


def recorded(path):
    """{reason: [blocked ns]} of every single wait, sorted; and nothing that the kernel added up."""
    reason_of = {nr: reason for reason, numbers in CALLS.items() for nr in numbers}
    found = {reason: [] for reason in CALLS}
    rec = Recording(records(path))
    check(not rec.spilled, "waits without times in the recording")
    for waits in rec.intervals.values():
        for w in waits:
            if w.syscall in reason_of and not w.flags & F_PREEMPT and not w.flags & F_OPEN:
                found[reason_of[w.syscall]].append(w.wake_ns - w.out_ns)
    return {reason: sorted(waits) for reason, waits in found.items()}


def bucket(seconds):
    return bisect.bisect_left(BOUNDS, seconds * (1 - 1e-9))


def quantile(waits, q):
    return waits[max(math.ceil(q * len(waits)) - 1, 0)] / SECOND


@case
def quantiles_are_those_of_single_waits():
    """The same run recorded wait by wait: as many waits, and P50, P90 and P99 within one bucket, by reason."""
    path = scratch("run.dwell")
    with Work("calls", "clock", 12000) as sleeps, Work("convoy", 6, 60, 7) as locks, \
            Work("socket", "tcp", 3000, 300) as net:
        works = (sleeps, locks, net)
        pids = ",".join(str(w.pid) for w in works)
        with Serve("-p", pids) as d, Dwell("record", "-p", pids, "-o", path) as rec:
            rec.tracing()
            p = prometheus(d)
            wait_until(lambda: p.query("dwell_block_duration_seconds_count"), "the first scrape", 20, 0.2)
            for w in works:
                w.go()
            for w in works:
                w.done()
                w.tids_asleep()
            shown = settled(d)
            time.sleep(3)  # three scrapes that see all of it
            rec.finish().ok()
            raw = recorded(path)
            counts = {labels["reason"]: float(v) for labels, v in p.query("dwell_block_duration_seconds_count")}
            for reason, waits in raw.items():
                check(len(waits) > 300, f"{len(waits)} waits of reason {reason}")
                check_equal(counts[reason], len(waits), f"waits of reason {reason}")
                # Of two tracers on one tracepoint the second comes later by what the first one takes.
                check_near(int(shown.value("dwell_block_duration_seconds_sum", reason=reason) * SECOND), sum(waits),
                           f"their time, reason {reason}", 0.001, 20 * US * len(waits))
                for q in (0.5, 0.9, 0.99):
                    for series in ("dwell_block_duration_seconds_bucket",
                                   "rate(dwell_block_duration_seconds_bucket[1m])"):
                        answer = p.query(f'histogram_quantile({q}, sum by (le, reason) ({series}))')
                        got = {labels["reason"]: float(v) for labels, v in answer}[reason]
                        exact = quantile(waits, q)
                        check(abs(bucket(got) - bucket(exact)) <= 1,
                              f"P{100 * q:g} of {reason} by {series}: {got} s, of single waits {exact} s")
                    print(f"      {reason:5} P{100 * q:<3g} of {len(waits):6} waits: {1000 * exact:9.3f} ms; "
                          f"Prometheus by rate {1000 * got:9.3f} ms")


def firing(p):
    """{alert: {its values}} of those that fire now."""
    status, text = get(p.url + "/api/v1/alerts")
    check_equal(status, 200, "status of alerts")
    found = {}
    for alert in json.loads(text)["data"]["alerts"]:
        if alert["state"] == "firing":
            found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
    return found


def wait_fires(p, name, timeout=40, **labels):
    wait_until(lambda: any(labels.items() <= found.items() for found in firing(p).get(name, [])),
               f"{name} {labels} fires; those that do: {firing(p)}", timeout, 0.5)


@case
def alerts_fire_on_stalls():
    """A calm time first, in which none does; then one stall after the other."""
    with Work("faults", 100000, 2) as calm, Work("faults", 20, 400) as slow, Work("faults", 1, 100000) as hangs, \
            Work("convoy", 2, 100000, 1) as locks, Work("convoy", 3, 60, 150) as slow_locks:
        works = (calm, slow, hangs, locks, slow_locks)
        with Serve("-p", ",".join(str(w.pid) for w in works)) as d:
            p = prometheus(d, ("rules.yml", "alerts.yml"))
            calm.go()
            locks.go()
            # Longer than what any rule looks back upon.
            time.sleep(32)
            wait_until(lambda: p.query("instance_reason:dwell_block_duration_seconds:p99_5m{reason='lock'}"), "rules", 5)
            check_equal(firing(p), {}, "alerts in calm times")
            # Waits for memory of 400 ms in place of those of 2 ms.
            calm.process.kill()
            slow.go()
            wait_fires(p, "DwellBlockingP99High", reason="memory")
            # Locks held for 150 ms, where they were held for 1 ms.
            locks.process.kill()
            slow_locks.go()
            wait_fires(p, "DwellBlockingP99Rose", reason="lock")
            check("DwellHang" not in firing(p), "waits end")
            slow.done()
            hangs.go()
            wait_fires(p, "DwellHang", reason="memory")
            check("DwellTargetDown" not in firing(p) and "DwellNoEvents" not in firing(p), "dwell is alive")
            # Nobody runs any more.
            slow_locks.process.kill()
            wait_fires(p, "DwellNoEvents")
            d.finish().ok()
            wait_fires(p, "DwellTargetDown")


main()
