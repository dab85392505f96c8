#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 900
"""User stacks of a program without frame pointers that says itself which of its functions called which."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main, note
from known import share_whole
from livetest import check, check_equal, check_laws

COUNT = 50


def judge(kernel, **options):
    """(profile's notes, whole, of how many, {last function: whole})"""
    out = boot(kernel, "pid.sh", "known", COUNT, work=["known"], seconds=300, **options)
    p, facts = out.profile(), out.facts()
    check_laws(p, schedstats=False)
    whole, cnt, ways = share_whole(p, facts, int(facts["ready"][0][0]))
    notes = p.data["notes"]
    print(f"      {kernel.release}: {notes['probes']}, {notes['unwind']}: {whole} of {cnt}: {ways}")
    return notes, whole, cnt, ways


@case
def below_libc(kernel):
    notes, whole, cnt, ways = judge(kernel)
    note(kernel, "known", whole=whole, cnt=cnt, ways=ways, waits_of_a_way=COUNT)
    check_equal(notes["unwind"], "cfi", "how stacks are walked")
    check(whole >= 0.98 * cnt, f"{whole} of {cnt} stacks are whole: {ways}")


@case
def last_resort(kernel):
    """What frame pointers are worth here. A judge to whom these stacks are whole sees nothing."""
    notes, whole, cnt, ways = judge(kernel, environment={"DWELL_PROBES": "minimal"})
    note(kernel, "known_fp", whole=whole, cnt=cnt, ways=ways, waits_of_a_way=COUNT)
    check_equal((notes["probes"], notes["unwind"]), ("minimal", "fp"), "what runs")
    check(whole < cnt / 2, f"{whole} of {cnt} stacks are whole: {ways}")


main()
