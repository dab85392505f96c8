#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The verifier takes our programs with room to spare. Other kernels count otherwise: tests/vm/test_verifier.py."""
import os
import shlex

import verifier
from livetest import Work, case, check, check_equal, long_case, main, run, scratch

SEEN = {}
# What any of these runs loads. dwell_switch_old is for kernels of before 5.18.
PROGRAMS = {"dwell_switch", "dwell_waking", "dwell_wakeup_new", "dwell_fork", "dwell_exec", "dwell_exit", "dwell_seed",
            "dwell_final", "dwell_open", "dwell_check"}


def count(name, env=None):
    with Work("asleep") as w:
        args = shlex.split(verifier.RUNS[name].format(pid=w.pid).replace("none.json", scratch("none.json")))
        result = run(*args, env={"DWELL_VERIFIER": "1", **(env or {})}).ok()
    found = verifier.counts(result.err)
    check(found, f"{name}: the verifier's log is not in {result.err[:1000]}")
    verifier.merge(SEEN, found)
    return found


@case
def waits():
    missing = PROGRAMS - set(count("offcpu"))
    check(not missing, f"nothing is known of {missing}")
    count("chains", {"DWELL_MEMO": "verify"})


@long_case
def variants():
    for env in verifier.ENVIRONMENTS:
        for name in verifier.RUNS:
            if name != "runq" or env.get("DWELL_PROBES") != "minimal":  # which it has no programs for
                count(name, env)


@case
def others():
    for name in ("syscalls --slower", "runq", "dump"):
        count(name)


@case
def within_the_budget():
    check(len(SEEN) >= 15 or os.environ.get("TEST_LANE") is None, f"only {sorted(SEEN)}")
    for name, insns in sorted(SEEN.items(), key=lambda item: -item[1])[:5]:
        print(f"{name}: {insns} of {verifier.LIMIT}")
    check_equal(verifier.over_budget(SEEN), {}, f"programs above {verifier.BUDGET}")


@case
def without_being_asked_nothing_is_counted():
    check_equal(verifier.counts(run("offcpu", "-v", "-o", scratch("none.json"), "--", "true").ok().err), {}, "counts")


main()
