#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 3600
"""`make analyze`: each analyzer finds a bug where there is one, and none in dwell. What `make check` has of it is gcc's."""
import os
import sys

sys.dont_write_bytecode = True
from deploytest import ROOT, check, check_runs, installed, said, scratch
from livetest import case, main

CLEAN = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DWELL", "BUILD")}
# What it takes to see both is more than a compiler's warnings.
BUGS = {
    "null": """#include <stdlib.h>
int first(size_t cnt);
int first(size_t cnt)
{
	int *items = cnt ? calloc(cnt, sizeof(*items)) : NULL;
	int found;

	if (!items && cnt)
		return -1;
	found = items[0];
	free(items);
	return found;
}
""",
    "twice": """#include <stdlib.h>
int shrink(size_t cnt);
int shrink(size_t cnt)
{
	char *text = malloc(cnt + 1);

	if (!text)
		return -1;
	if (cnt > 10)
		free(text);
	free(text);
	return 0;
}
""",
}
FINE = """int twice(int n);
int twice(int n)
{
	return 2 * n;
}
"""


def make(*words, timeout=3000):
    return said("make", "--no-print-directory", f"O={scratch('build')}", *words, cwd=ROOT, env=CLEAN, timeout=timeout)


def file_with(name, text):
    path = scratch(name + ".c")
    with open(path, "w") as f:
        f.write(text)
    return path


def make_of(target, path):
    return make(target, f"ANALYZED={path}", "ANALYZED_BPF=", f"SCANNED={path}")


def check_finds(target, bug, word):
    status, text = make_of(target, file_with(bug, BUGS[bug]))
    check(status != 0 and word in text, f"{target} didn't see {bug}: status {status}: {text[-2000:]}")


@case
def gcc_finds_bugs():
    check_finds("analyze-gcc", "null", "-Werror=analyzer-null-dereference")
    check_finds("analyze-gcc", "twice", "-Werror=analyzer-double-free")


@case
def clang_tidy_finds_a_bug():
    installed("clang-tidy")
    check_finds("analyze-tidy", "null", "clang-analyzer-core.NullDereference")


@case
def scan_build_finds_a_bug():
    installed("scan-build")
    check_finds("scan-build", "null", "[core.NullDereference]")


@case
def what_is_fine_passes():
    installed("clang-tidy")
    installed("scan-build")
    for target in ("analyze-gcc", "analyze-tidy", "scan-build"):
        status, text = make_of(target, file_with("fine", FINE))
        check(status == 0, f"{target}: status {status}: {text[-2000:]}")


@case
def dwell_has_none():
    installed("clang-tidy")
    installed("scan-build")
    check_runs("make", "--no-print-directory", f"O={scratch('build')}", "analyze", cwd=ROOT, env=CLEAN, timeout=3400)


main(needs_tracing=False)
