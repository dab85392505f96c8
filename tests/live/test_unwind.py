#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""User stacks of programs without frame pointers, however they are linked, loaded and gone."""
import os
import subprocess

from livetest import Dwell, Work, case, check, check_equal, check_one_line, main, run, scratch

# Goes down DEPTH frames of its own, then sleeps, for a while.
PROGRAM = """
#include <time.h>
static int turns;
__attribute__((noinline)) int down(int depth)
{
	struct timespec t = {0, 2000000};
	int ret;

	ret = depth > 1 ? down(depth - 1) : nanosleep(&t, NULL);
	__asm__ volatile("" : "+r"(ret));
	return ret + 1;
}
int main(void)
{
	while (turns++ < 400)
		down(DEPTH);
	return 0;
}
"""


def build(name, depth, *flags):
    source, path = scratch(name + ".c"), scratch(name)
    with open(source, "w") as f:
        f.write(PROGRAM)
    subprocess.run([os.environ.get("CC", "gcc"), "-O2", "-fomit-frame-pointer", f"-DDEPTH={depth}", *flags, "-o", path,
                    source], check=True)
    return path


def trace(path, *options):
    return run("offcpu", "--json", *options, "--", path).profile()


def share_whole(p, depth):
    """How much of the sleeping has main, all levels and nothing else between, by intervals."""
    whole = total = 0
    for s in p.select(reason="sleep"):
        names = [n for n in p.names(s) if n in ("main", "down", "_start")]
        total += s["intervals"]
        whole += s["intervals"] if names == ["_start", "main"] + ["down"] * depth else 0
    check(total > 300, f"only {total} sleeps")
    return whole / total


def check_whole(name, depth, *flags):
    p = trace(build(name, depth, *flags), "--unwind", "cfi")
    check(share_whole(p, depth) > 0.9, f"{name}: whole in {share_whole(p, depth):.1%} of the sleeps")
    return p


@case
def pie():
    check_whole("pie", 10, "-pie", "-fPIE")


@case
def no_pie():
    check_whole("no-pie", 10, "-no-pie")


@case
def static():
    check_whole("static", 10, "-static")


@case
def more_than_128_frames():
    check_whole("deep", 200)


@case
def by_frame_pointers_it_is_not():
    p = trace(build("fp", 10), "--unwind", "fp")
    check_equal(p.data["notes"]["unwind"], "fp", "notes.unwind")
    check(share_whole(p, 10) < 0.1, "whole without CFI: this test shows nothing")


@case
def the_file_is_gone():
    path = build("gone", 10)
    # Once it runs.
    script = '"$1" & until [ "$(readlink /proc/$!/exe)" = "$1" ]; do :; done; rm "$1"; wait'
    p = run("offcpu", "--json", "--unwind", "cfi", "--", "sh", "-c", script, "sh", path).profile()
    check(share_whole(p, 10) > 0.9, f"whole in {share_whole(p, 10):.1%} of the sleeps")


LOADER = """
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
static int wait_a_little(void)
{
	struct timespec t = {0, 2000000};

	return nanosleep(&t, NULL);
}
int main(int argc, char **argv)
{
	int (*through)(int (*)(void));
	char c;

	printf("ready %d\\n", getpid());
	fflush(stdout);
	if (read(0, &c, 1) != 1 || argc < 2)
		return 1;
	*(void **)&through = dlsym(dlopen(argv[1], RTLD_NOW), "through");
	for (int i = 0; i < 400; i++)
		through(wait_a_little);
	puts("done");
	fflush(stdout);
	return read(0, &c, 1) < 0;
}
"""
LIBRARY = """
int through(int (*fn)(void))
{
	volatile char room[200];

	room[0] = 1;
	return fn() + room[0];
}
"""


def compiled(name, text, *flags):
    source, path = scratch(name + ".c"), scratch(name)
    with open(source, "w") as f:
        f.write(text)
    subprocess.run([os.environ.get("CC", "gcc"), "-O2", "-fomit-frame-pointer", *flags, "-o", path, source], check=True)
    return path


@case
def a_library_that_comes_later():
    """Under -p nobody tells of new mappings: the count of executable pages does."""
    library = compiled("late.so", LIBRARY, "-shared", "-fPIC")
    with Work("loader", library, path=compiled("loader", LOADER)) as w:
        with Dwell("offcpu", "--json", "--unwind", "cfi", "-p", w.pid) as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
    waits = p.select(reason="sleep")
    whole = sum(s["intervals"] for s in waits
                if [n for n in p.names(s) if n in ("_start", "main", "through", "wait_a_little")] ==
                ["_start", "main", "through", "wait_a_little"])
    total = sum(s["intervals"] for s in waits)
    check(total >= 400, f"only {total} sleeps")
    check(whole > 0.9 * total, f"whole in {whole} of {total} sleeps")
    check(p.counter("walked_stale") < 0.1 * total, f"mappings were out of date {p.counter('walked_stale')} times")


@case
def the_limit_is_said():
    p = trace(build("cut", 100), "--unwind", "cfi", "--max-depth", "50")
    cut = [s for s in p.select(reason="sleep") if "[truncated]" in p.names(s)]
    check(sum(s["intervals"] for s in cut) > 300, "stacks that end in [truncated]")
    check(p.counter("unwind_depth_limit") > 300, "counter unwind_depth_limit")


@case
def not_a_way_to_unwind():
    result = run("offcpu", "--unwind", "magic", "1")
    check_equal(result.status, 2, "status")
    check_one_line(result.err, "--unwind magic", "magic", "auto", "cfi", "fp")


main()
