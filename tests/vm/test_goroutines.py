#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Goroutines read by BPF where the kernel can (from 5.18 on), and what is said where it can't."""
import os
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main
from livetest import ROOT, check, check_equal, check_one_line
from golang import Toolchain

SOURCE = os.path.join(ROOT, "tests", "live", "work", "goroutine_labels.go")
WITHOUT = ("5.10",)


@case
def by_bpf(kernel):
    program = Toolchain().build("go-work", [SOURCE], cgo=False)
    os.environ["PATH"] += ":" + os.path.dirname(program)
    out = boot(kernel, "goroutines.sh", tools=["go-work"])
    status, said = out.facts("status")["status"][0][0], out.text("said")
    if kernel.name in WITHOUT:
        check_equal(status, "1", "status")
        check_one_line(said, "without the helper", "CAP_SYS_PTRACE", "from Linux 5.18 on CAP_BPF and CAP_PERFMON")
        return
    check_equal((status, said), ("0", ""), "status, what was said")
    check("{endpoint: /cart, " in out.text("by_bpf"), out.text("by_bpf")[:1000])
    check_equal(out.text("by_bpf"), out.text("by_readv"), "by BPF and by process_vm_readv()")


main()
