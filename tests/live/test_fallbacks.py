#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What runs where a kernel lacks something, forced here; tests/vm/ has kernels that do. And a kernel that lacks too much."""
from known import share_whole
from livetest import MS, Work, case, check, check_equal, check_laws, check_one_line, check_within, long_case, main, run, trace

CFI = {"core", "compat", "bounded"}  # variants that walk by unwind tables


def known(variant=None, *options):
    env = {"DWELL_PROBES": variant} if variant else {}
    with Work("known", 20) as w:
        p = trace(w, *options, env=env)
        whole, cnt, ways = share_whole(p, w.facts, w.said_pid)
    print(f"{p.data['notes']['probes']}, {p.data['notes']['unwind']}: {whole} of {cnt} stacks are whole: {ways}")
    return p.data["notes"], whole / cnt


def check_known(variant):
    notes, share = known(variant)
    check_equal(notes["probes"], variant, "notes.probes")
    check_equal(notes["unwind"], "cfi" if variant in CFI else "fp", "notes.unwind")
    # A judge to whom these are whole sees nothing.
    check_within(share, *(0.98, 1) if variant in CFI else (0, 0.4), f"{variant}: share of whole stacks")


@case
def stacks_below_libc():
    notes, share = known()
    check(notes["unwind"] != "cfi" or share >= 0.98, f"{share} of the stacks are whole")


@long_case
def stacks_of_each_variant():
    for variant in ("core", "compat", "bounded", "minimal"):
        check_known(variant)


@long_case
def times_of_each_variant():
    for variant in ("compat", "bounded", "minimal"):
        env = {"DWELL_PROBES": variant}
        with Work("sleeper", 100, 5) as w:
            p = trace(w, env=env)
            check_laws(p)
            check_equal((p.data["notes"]["probes"], p.cnt(frame="work_sleep", reason="sleep")), (variant, 100), "probes, sleeps")
            check_within(p.blocked_ns(frame="work_sleep"), 100 * 5 * MS, w.ns("sleep"), f"{variant}: slept")
        with Work("pipes", 100, 1000) as w:
            p = trace(w, env=env)
            check_within(p.cnt(frame="work_read", reason="pipe"), 100, 202, f"{variant}: reads of a pipe")


# ---- no type information ----

HIDE = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"]
BUILT_WITH = "CONFIG_DEBUG_INFO_BTF=y"


@case
def a_kernel_without_types_is_refused():
    for args in ("offcpu -- true", "runq -- true", "syscalls -- true", "record -o none.dwell -- true"):
        r = run(*args.split(), prefix=HIDE)
        check_equal((r.status, r.out), (1, ""), args)
        check_one_line(r.err, args, "/sys/kernel/btf/vmlinux is missing", "use a kernel built with " + BUILT_WITH)
    said = run("doctor", prefix=HIDE)
    check_equal(said.status, 1, "doctor")
    line, = (text for text in said.out.splitlines() if text.split()[1] == "btf")
    check(line.startswith("fail") and BUILT_WITH in line and "-> apt install linux-image" in line, line)
    check("features" not in said.out, "features of a kernel without types")


main()
