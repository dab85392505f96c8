#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A build: many processes that live for milliseconds. Their stacks have names, and whole chains."""
import os
import shutil

from livetest import case, check, check_equal, check_laws, main, run, scratch, skip

FILES = 24
MAKEFILE = """
prog: $(patsubst %.c,%.o,$(wildcard *.c))
	gcc -o $@ $^
%.o: %.c
	gcc -O2 -c -o $@ $<
"""


def project():
    path = scratch("project")
    shutil.rmtree(path, ignore_errors=True)  # of a case that is repeated
    os.mkdir(path)
    for i in range(FILES):
        with open(f"{path}/f{i}.c", "w") as f:
            f.write(f"#include <stdio.h>\n#include <stdlib.h>\nint f{i}(int x) {{ return printf(\"%d\", x) + {i}; }}\n")
    with open(f"{path}/main.c", "w") as f:
        f.write("int main(void) { return 0; }\n")
    with open(f"{path}/Makefile", "w") as f:
        f.write(MAKEFILE)
    return path


def share(p, name):
    """Of the time, in stacks that have such a frame."""
    total = sum(s["blocked_ns"] + s["runnable_ns"] for s in p.stacks)
    return p.ns(frame=name) / total


@case
def make_and_gcc():
    if not shutil.which("make") or not shutil.which("gcc"):
        skip("needs make and gcc")
    out = scratch("build.json")
    result = run("offcpu", "-o", out, "--", "make", "-s", "-j2", "-C", project()).ok()
    with open(out) as f:
        result.out = f.read()
    p = result.profile()
    check_laws(p)
    names = {t["comm"] for t in p.threads}
    check({"make", "gcc", "cc1", "as", "collect2", "ld"} <= names, f"{names}")
    check_equal(sum(t["comm"] == "cc1" for t in p.threads), FILES + 1, "compilers")
    check(share(p, "[exited]") <= 0.01, f"{share(p, '[exited]'):.4f} of the time has no names")
    check(share(p, "[unknown]") <= 0.02, f"{share(p, '[unknown]'):.4f} of the time has frames without names")
    walked = sum(p.counter(c) for c in ("user_walks", "walked_stale", "copied", "walked_by_fp"))
    check(p.counter("walked_by_fp") <= walked // 10, f"{p.counter('walked_by_fp')} of {walked} by frame pointers")
    # make waits in clone3() for its child to exec; there libc has no CFI for a few instructions.
    spawns = [s for s in p.select(comm="make") if "kernel_clone" in p.names(s)]
    check(spawns, "make never waited for a child to exec")
    for s in spawns:
        user = [n for n, k in zip(p.names(s), p.kinds(s)) if k != "kernel"]
        check("main" in user or "__libc_start_main" in user or len(user) >= 6, f"make's stack: {user}")


main()
