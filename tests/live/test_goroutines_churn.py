#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Goroutines of a busy server whose stacks grow and shrink under a garbage collector that never rests: no stack is wrong or cut, and what
could not be read is counted."""
import json
import os
import subprocess

from golang import Toolchain
from livetest import ROOT, Profile, case, check, check_equal, check_ledger, main, run, start

STACKS = 10000
WARNINGS = 10  # LOG_LIMIT_CNT: of a kind, in a minute
# What goroutines of the program begin in, and those that net/http starts.
FIRST = ("main.", "net/http.", "net.", "internal/")
path = Toolchain().build("go_churn", [os.path.join(ROOT, "tests", "live", "work", "go_churn.go")], cgo=False)


class Program:
    def __enter__(self):
        self.process = start([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        check(self.process.stdout.readline() == "ready\n", "the program did not begin")
        return self.process

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()


def looks(text):
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        look, at = decoder.raw_decode(text, at)
        yield look
        while at < len(text) and text[at].isspace():
            at += 1


@case
def stacks_are_whole():
    whole = missing = cut = 0
    with Program() as process:
        for _ in range(10):
            watched = run("goroutines", "-p", process.pid, "--each", "--json", "--watch", "0.01", "2").ok()
            said = [line for line in watched.err.splitlines() if "changed each time" in line and "more like this" not in line]
            check(len(said) <= WARNINGS, f"a warning for each look: {len(said)}")
            for look in looks(watched.out):
                missing += look["counts"]["stacks_torn"]
                cut += look["counts"]["stacks_cut"]
                for g in look["each"]:
                    if not g.get("stack"):
                        continue
                    whole += 1
                    check(g["stack_is_whole"], f"a stack that is not whole: {g}")
                    first = g["stack"][-1]["function"]
                    check(first.startswith(FIRST) or first.startswith("runtime."), f"a goroutine that begins in {first}: {g}")
            if whole >= STACKS:
                break
        check_equal(process.poll(), None, "the program's end")
        process.stdin.close()
        print(f"{whole} stacks, {missing} not read, {cut} cut; {process.stdout.readline().strip()} requests")
    check(whole >= STACKS, f"{whole} stacks only")
    check_equal(cut, 0, "stacks that could not be followed to their end")
    check(missing <= whole // 50, f"{missing} stacks could not be read, of {whole}")


@case
def off_cpu():
    with Program() as process:
        p = Profile(run("offcpu", "--json", "-p", process.pid, "3").ok().out)
        check_equal(process.poll(), None, "the program's end")
    check_ledger(p)
    sampled = [s for s in p.stacks if s.get("scheduler") == "goroutine"]
    check(sum(s["intervals"] for s in sampled) > 1000, "too few waits of goroutines")
    bad = [p.names(s) for s in sampled if any(n.startswith("[unwind") or n == "[unknown]" for n in p.names(s))]
    ns = sum(s["blocked_ns"] + s["runnable_ns"] for s in sampled)
    bad_ns = sum(s["blocked_ns"] + s["runnable_ns"] for s in sampled if p.names(s) in bad)
    check(bad_ns <= ns // 50, f"{bad_ns} ns of {ns} in stacks that are not whole: {bad[:3]}")


if __name__ == "__main__":
    main()
