#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""dwell goroutines --go-events with Go 1.15 to 1.27, for several ways of linking: where the probes are, and what they count. One
case for each version."""
import os
import sys

from go_versions import VERSIONS, toolchain
from go_events import NO_LIMIT, Burst, Waits, build, changed, check_no_loss, is_emulated, rows, text_of, total
from goroutines import BUILDS
from livetest import case, check, check_equal, check_near, check_one_line, main, run, scratch

FIRST_MINOR = 17  # arguments are in registers from there on
ROUNDS = 2000


def refuse(path):
    with Waits(path) as p:
        before = text_of(p.pid)
        result = run("goroutines", "-p", p.pid, "--go-events", "1s")
        check_equal(result.status, 1, "status")
        check_one_line(result.err, "refusal", str(p.pid), "1.17", "without --go-events")
        check_equal(changed(before, text_of(p.pid)), [], "probes")


def judge(path):
    with Waits(path) as p:
        before = text_of(p.pid)
        burst = Burst(p, *NO_LIMIT)
        places = changed(before, text_of(p.pid))
        check_equal([len(places), all(map(is_emulated, places))], [3, True], f"probes at {places}")
        p.took(f"pingpong {ROUNDS}")
        slept = p.took("sleeps 10 5")
        p.took("burials 2000")
        p.took("deeps 300")
        data = burst.end()
        check_equal(changed(before, text_of(p.pid)), [], "what is left of the probes")
        p.ask("recur")
        run("goroutines", "-p", p.pid, "--go-events", "20ms/40ms", "2", "--json", *NO_LIMIT).ok()
        check_equal(changed(before, text_of(p.pid)), [], "what is left of the probes")
        check(p.took("pingpong 100") > 0, "the program does not answer")
    check_no_loss(data)
    mine = rows(data, "main.pingPong")
    check_near(total(mine, "waits"), ROUNDS, "waits of the other side", share=0.01, slack=2)
    check_equal(sum(r["to_run"]["waits"] for r in mine), total(mine, "waits"), "waits whose end was told")
    check_near(total(rows(data, "main.sleeps")), slept, "sleep", share=0.01, slack=2e6)
    check_equal(total(rows(data, "main.deeps"), "waits"), 300, "waits in the depth")
    check_equal(data["ledger"]["open"], 2000, "waits that don't end")


@case
def with_a_profile():
    """The compiler inlines gopark then where channels are waited for."""
    go, profile = toolchain("1.27"), scratch("cpu.pprof")
    with Waits(build(go), profile) as p:
        p.ask("profile")
        p.took("pingpong 3000000")
        p.ask("profiled")
    judge(build(go, f"-pgo={profile}"))


for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        for name, (flags, cgo) in BUILDS.items():
            path = build(go, *flags, cgo=cgo)
            try:
                (judge if go.minor >= FIRST_MINOR else refuse)(path)
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}") from None
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main()
