# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Recordings of a workload, to be compared by dwell check."""
import json

from livetest import Dwell, Work, check, run, scratch


def record(name, work, *args):
    """Of one run of a workload: its whole work."""
    path = scratch(name)
    with Work(work, *args) as w:
        with Dwell("record", "-p", w.pid, "-o", path, "-q") as d:
            d.tracing()
            w.work()
            d.finish().ok()
    return path


def judge(base, new, *options):
    """(exit status, the JSON)"""
    r = run("check", "--json", *options, base, new)
    check(r.status in (0, 1, 3), f"status {r.status}: {r.err}")
    return r.status, json.loads(r.out)
