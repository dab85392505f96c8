#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 900
"""What each kernel has and lacks: dwell doctor names it, what runs agrees, and so does the kernel's own list of symbols."""
import json
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main, note
from livetest import check, check_equal, check_one_line

# Feature -> the function that is it, in /proc/kallsyms. The helper for task storage is a release older than its use.
SYMBOLS = {"bpf_loop": "bpf_loop", "task_pt_regs": "bpf_task_pt_regs", "rdonly_cast": "bpf_rdonly_cast",
           "copy_from_user_task": "bpf_copy_from_user_task"}
FEATURES = ["task_storage", "bpf_loop", "task_iterators", "task_pt_regs", "prev_state", "__state", "rdonly_cast",
            "copy_from_user_task"]


def named(found):
    """({feature: has it}, {feature: what is done instead})"""
    there = found["features"]["text"].partition(": ")[2].split()
    instead = {name: found[name]["text"].partition("instead: ")[2] for name in FEATURES if name in found}
    return {name: name in there for name in FEATURES}, instead


@case
def doctor_names_what_is_missing(kernel):
    out = boot(kernel, "features.sh", seconds=400)
    found = {f["check"]: f for f in json.loads(out.text("doctor.json"))}
    notes = json.loads(out.text("profile.json"))["notes"]
    has, instead = named(found)
    check_equal({name for name in has if not has[name]}, set(instead), "what is missing, and what is said to be")
    for name, function in SYMBOLS.items():
        check_equal(has[name], function in out.text("symbols").split(), f"{name}: doctor, kallsyms")
    check_equal(has["task_storage"], notes["probes"] == "core", "task storage")
    check_equal(has["task_iterators"], notes["edges"] == "iterators", "task iterators")
    check_equal((has["prev_state"], has["__state"]), 2 * (kernel.name != "5.10",), "what 5.14 and 5.18 brought")
    check(f"variant {notes['probes']} runs" in found["probes"]["text"], f"{found['probes']}")
    other = {name: f"{f['status']}: {f['text']}" for name, f in found.items() if f["status"] != "ok"}
    variants = {name: found[name]["text"].rpartition("variant ")[2].split()[0] for name in ("probes", "syscalls", "runq")}
    note(kernel, "features", has=has, instead=instead, other=other, unwind=notes["unwind"], edges=notes["edges"], **variants)


@case
def without_types_it_is_refused(kernel):
    """Debian has no kernel without: its file is hidden."""
    out = boot(kernel, "no_types.sh")
    for command in ("offcpu", "runq", "syscalls"):
        check_equal(out.text(f"{command}.status"), "1\n", f"{command}: status")
        check_one_line(out.text(f"{command}.said"), command, "/sys/kernel/btf/vmlinux is missing",
                       "use a kernel built with CONFIG_DEBUG_INFO_BTF=y")
    found = {f["check"]: f for f in json.loads(out.text("doctor.json"))}
    check_equal(found["btf"]["status"], "fail", f"{found['btf']}")
    check("features" not in found, f"features without types: {found.get('features')}")


@case
def a_warning_of_the_kernel_fails_a_test(kernel):
    line = "WARNING: CPU: 0 PID: 1 at kernel/none.c:1"
    try:
        boot(kernel, "complaint.sh", line)
    except AssertionError as e:
        check(f"{kernel.release} complained:" in str(e) and line in str(e), f"it failed, but not for that: {e}")
    else:
        check(False, f"a kernel whose log has {line!r} passed")


main()
