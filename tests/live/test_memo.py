#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Walks that are remembered give what a walk would give: every hit is walked again and compared."""
import os
import subprocess

from livetest import (WORK, case, check, check_equal, facts_of, main, run, scratch)

# A library with a frame of its own size; loaded and unloaded in turn with another at the same address.
LIBRARY = """
int through(int (*fn)(void))
{
	volatile char room[%d];

	room[0] = 1;
	return fn() + room[0];
}
"""


def libraries():
    paths = []
    for size in (64, 4096):
        source, path = scratch(f"room{size}.c"), scratch(f"room{size}.so")
        with open(source, "w") as f:
            f.write(LIBRARY % size)
        subprocess.run([os.environ.get("CC", "gcc"), "-O2", "-fomit-frame-pointer", "-shared", "-fPIC", "-o", path,
                        source], check=True)
        paths.append(path)
    return paths


def traced(rounds, memo, times=1):
    """Runs the workload under dwell, several times by exec: its profile and what it said."""
    command = [os.path.join(WORK, "stacks"), str(rounds), *libraries()]
    script = "; ".join(["\"$@\""] * (times - 1) + ["exec \"$@\""])
    result = run("offcpu", "--unwind", "cfi", "--json", "-o", scratch("p.json"), "--ring-size", "16m", "--", "sh", "-c",
                 script, "sh", *command, timeout=280, env={"DWELL_MEMO": memo})
    result.ok()
    with open(scratch("p.json")) as f:
        result.out, said = f.read(), result.out
    return result.profile(), facts_of(said)


def check_memo(rounds, hits, times):
    """Returns how many hits were walked again."""
    p, facts = traced(rounds, "verify", times)
    distinct = {tuple(s["frames"]) for s in p.stacks}
    verified, wrong = p.counter("memo_verified"), p.counter("memo_disagreed")
    print(f"{verified} hits walked again, {wrong} disagreements, {len(distinct)} distinct stacks; "
          f"{p.counter('user_walks')} user stacks, {p.counter('walked_by_fp')} by frame pointers, "
          f"libraries at the same address {facts['libraries']}")
    check_equal(wrong, 0, "memo_disagreed")
    check(verified >= hits, f"only {verified} hits were walked again, {hits} were wanted")
    check(len(distinct) >= 10000, f"{len(distinct)} distinct stacks, 10000 were wanted")
    check(all(int(n[0]) > 0 for n in facts["libraries"]), "the two libraries never lay at one address")
    check(any("through" in p.names(s) for s in p.stacks), "nothing waited below a library")
    check(any("handler" in p.names(s) for s in p.stacks), "nothing waited in a signal handler")
    return verified


@case
def remembered_walks_are_right():
    check_memo(25000, 100000, 2)


@case
def every_slot_counts():
    """With a slot left out of the comparison wrong stacks must be reported: else the verification sees nothing."""
    p, _ = traced(20000, "broken")
    print(f"{p.counter('memo_verified')} hits walked again, {p.counter('memo_disagreed')} disagreements")
    check(p.counter("memo_disagreed") > 0, "a slot was left out and nobody noticed")


if __name__ == "__main__":
    main()
