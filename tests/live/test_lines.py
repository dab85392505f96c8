#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""--inlines, --lines and --kinds: of a program with debug information, of one whose debug file is apart, and out of a recording."""
import os
import shutil
import subprocess

from livetest import DWELL, case, check, check_equal, check_one_line, main, run, scratch, skip

CC = os.environ.get("CC", "gcc")

SOURCE = """
#include <time.h>
static inline __attribute__((always_inline)) void nap_inner(void)
{
	struct timespec t = {0, 20000000};
	nanosleep(&t, 0);
}
static inline __attribute__((always_inline)) void nap_middle(void)
{
	nap_inner();
}
__attribute__((noinline)) static void nap_outer(void)
{
	for (int i = 0; i < 10; i++)
		nap_middle();
	__asm__ volatile("");
}
int main(void)
{
	nap_outer();
	return 0;
}
"""
INLINED = "nap_outer;nap_middle_[i];nap_inner_[i];"
LINES = "nap_outer (nap.c:15);nap_middle (nap.c:10);nap_inner (nap.c:6);"


def build(name, *flags):
    """The program, in a directory of its own."""
    folder = scratch(name)
    os.makedirs(folder, exist_ok=True)  # it may be repeated
    with open(f"{folder}/nap.c", "w") as f:
        f.write(SOURCE)
    subprocess.run([CC, "-O2", "-g", "-Wl,--build-id", *flags, "nap.c", "-o", "nap"], cwd=folder, check=True)
    return f"{folder}/nap"


def split(program, debug):
    os.makedirs(os.path.dirname(debug), exist_ok=True)
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["objcopy", "--strip-all", program], check=True)


def need_libdw():
    if "without libdw" in subprocess.run([DWELL, "version"], capture_output=True, text=True, check=True).stdout:
        result = run("offcpu", "--lines", "-p", os.getpid(), "1")
        check_equal(result.status, 2, "status of --lines without libdw")
        check_one_line(result.err, "--lines without libdw", "libdw-dev")
        skip("dwell was built without libdw")


@case
def inlines_and_kinds():
    need_libdw()
    out = run("offcpu", "-f", "--inlines", "--kinds", "--", build("own")).ok().out
    check(INLINED in out, f"no {INLINED} in {out}")
    check("hrtimer_nanosleep_[k]" in out, f"no kernel suffix in {out}")


@case
def neither():
    out = run("offcpu", "-f", "--", build("neither")).ok().out
    check("nap_outer;" in out and "nap_inner" not in out and ".c:" not in out and "_[k]" not in out, out)


@case
def lines_through_a_recording():
    need_libdw()
    recording = scratch("r.dwell")
    program = build("recorded")
    run("record", "--inlines", "--lines", "-o", recording, "--", program).ok()
    # The recording brings everything along.
    shutil.rmtree(os.path.dirname(program))
    out = run("report", "-f", recording).ok().out
    check(LINES in out, f"no {LINES} in {out}")


@case
def debug_file_in_the_root_of_the_process():
    """A container's debug files are its own. It is gone when names are looked up."""
    need_libdw()
    program = build("root", "-static")
    root = os.path.dirname(program)
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    build_id = notes.split("Build ID: ")[1].split()[0]
    split(program, f"{root}/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug")
    out = run("offcpu", "-f", "--inlines", "--lines", "--", "chroot", root, "/nap").ok().out
    check(LINES in out, f"no {LINES} in {out}")
    # And not that of another program.
    other = build("other", "-DOTHER", "-O1", "-static")
    shutil.copy(other, f"{root}/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug")
    out = run("offcpu", "-f", "--inlines", "--lines", "--", "chroot", root, "/nap").ok().out
    check("nap_outer" not in out and "nap+0x" in out, out)


main()
