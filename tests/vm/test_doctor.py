#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell doctor on other kernels, and with settings that nobody wants on the machine that tests."""
import json
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import check, check_equal


def findings(out, name):
    return {f["check"]: f for f in json.loads(out.text(name))}


def expect(found, name, status, text="", fix=""):
    f = found.get(name)
    check(f and f["status"] == status and text in f["text"] and fix in f["fix"], f"{name}: {f}")


def bad(found):
    return {name for name, f in found.items() if f["status"] != "ok"}


@case
def agrees_with_tracing(kernel):
    out = boot(kernel, "doctor.sh", tools=["setpriv"])
    notes = json.loads(out.text("profile.json"))["notes"]
    less = notes["unwind"] == "fp" or notes["probes"] == "bounded"
    before = findings(out, "before.json")
    check_equal(out.text("before.status"), "0\n", "status")
    expect(before, "probes", "ok", f"variant {notes['probes']} runs")
    expect(before, "kernel", "ok", kernel.release)
    check_equal(bad(before), {"unwinding"} if less else set(), "what is not well")

    memlock = findings(out, "memlock.json")
    # From 5.11 on maps count against the cgroup.
    if kernel.name == "5.10":
        expect(memlock, "memlock", "fail", "64 KiB", "ulimit -l unlimited")
        expect(memlock, "probes", "fail")
    else:
        expect(memlock, "memlock", "ok")
        expect(memlock, "probes", "ok")

    hidden = findings(out, "hidden.json")
    expect(hidden, "kernel_names", "warn", "hides", "sysctl -w kernel.kptr_restrict=1")
    if "yama" in hidden:
        expect(hidden, "yama", "warn", "is 3", "reboot")
        expect(hidden, "memory", "warn", "can't be read", "reboot")


@case
def lockdown(kernel):
    out = boot(kernel, "doctor.sh", tools=["setpriv"], append="lockdown=confidentiality")
    found = findings(out, "before.json")
    check_equal(out.text("before.status"), "1\n", "status")
    expect(found, "lockdown", "fail", "confidentiality", "lockdown=integrity")
    for name in ("probes", "syscalls", "runq"):
        expect(found, name, "fail", "said above")


main()
