#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Each capability that is kept is needed: what is missing without it."""
from livetest import case, check, main, read, skip
from privileges import CAPS, facts, seen_with


def setting(name):
    return int(read(f"/proc/sys/kernel/{name}"))


def without(cap):
    found = facts(seen_with([c for c in CAPS if c != cap]))
    print(f"without {cap}: {found}")
    return found


@case
def programs_that_only_their_owner_may_read():
    check(without("dac_read_search")["private"] < 5, "dac_read_search is not needed")


@case
def programs_in_other_mount_namespaces():
    check(without("sys_ptrace")["hidden"] < 5, "sys_ptrace is not needed")


@case
def programs_without_a_file():
    check(without("checkpoint_restore")["nameless"] < 5, "checkpoint_restore is not needed")


@case
def kernel_functions():
    if setting("kptr_restrict") == 0 and setting("perf_event_paranoid") <= 1:
        skip("anybody may read the kernel's addresses here")
    check(without("syslog")["kernel"] > 100, "syslog is not needed")


@case
def new_unwind_tables():
    if setting("unprivileged_bpf_disabled") == 0:
        skip("anybody may make maps here")
    # The compiler has to wait once in code that was never seen before: not in each run.
    check(any(without("bpf")["full"] > 0 for _ in range(5)), "bpf is not needed")


main()
