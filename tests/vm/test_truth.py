#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 2000
"""dwell's user stacks beside those of gdb, which runs in the guest on the host's root: tests/truth/ says how they are compared."""
import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main, note
from guest import host_arch
from livetest import BUILD, DWELL, ROOT, check, skip

PROGRAMS = ("C++", "python3")


def judge(kernel, key, **environment):
    """{program: figures}, noted under @key, and what was said."""
    if kernel.arch != host_arch():
        skip(f"the host's gdb does not run on {kernel.arch}")
    if not shutil.which("gdb") or not shutil.which("g++"):
        skip("no gdb or no g++: scripts/deps test")
    waits = os.path.join(BUILD, "vm", "waits_cc")
    os.makedirs(os.path.dirname(waits), exist_ok=True)
    subprocess.run(["g++", "-std=c++20", "-O2", "-pthread", os.path.join(ROOT, "tests/truth/work/waits.cc"), "-o", waits],
                   check=True)
    out = boot(kernel, "truth.sh", ROOT, *PROGRAMS, seconds=900, host_root=True, memory_mb=2048,
               environment={"DWELL": DWELL, "BUILD": BUILD, "PYTHONDONTWRITEBYTECODE": "1", "TRUTH_WAITS_CC": waits,
                            "TEST_TIMEOUT": "300", **environment})
    found = json.loads(out.text("shares.json"))
    for name, figures in found.items():
        print(f"      {kernel.release}: {name}: {figures['equal']} of {figures['judged']} distinct stacks, "
              f"{figures['seen_equal']} of {figures['seen']} stacks, are gdb's; {figures['classes']}")
        check(figures["judged"] >= 8, f"{name}: {figures['judged']} distinct stacks were judged: {out.text('said')[-3000:]}")
    note(kernel, key, **found)
    return found, out.text("said")


@case
def gdb(kernel):
    found, said = judge(kernel, "truth")
    for name, figures in found.items():
        check(figures["equal"] >= 0.97 * figures["judged"], f"{name}: {figures}: {said[-6000:]}")


@case
def gdb_beside_frame_pointers(kernel):
    """The last resort, on the kernel that is next to need it: what it is worth, not whether that is enough."""
    if kernel.name != "5.10":
        skip("on 5.10 only")
    judge(kernel, "truth_fp", DWELL_PROBES="minimal")


assert os.path.isabs(DWELL)
main()
