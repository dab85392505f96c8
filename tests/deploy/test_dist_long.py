#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 2000
"""`make dist`: the same bytes twice, and what is unpacked builds and passes its unit tests without git."""
import functools
import os
import re
import sys
import tarfile

sys.dont_write_bytecode = True
from deploytest import ROOT, check, installed, read, said, scratch, skip
from livetest import case, check_equal, main, read_bytes
from sametest import runs

CLEAN = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DWELL", "BUILD")}


def needs_git():
    installed("git")
    if not os.path.exists(os.path.join(ROOT, ".git")):
        skip("these sources are no checkout")


@functools.cache
def dist(name, umask=0o022):
    needs_git()
    runs([os.path.join(ROOT, "scripts", "dist"), scratch(name)], cwd=ROOT, umask=umask, timeout=300)
    return scratch(name)


def archive(kind):
    version = runs(["git", "show", "HEAD:VERSION"], cwd=ROOT).strip()
    return f"dwell-{version}.tar.{kind}"


@functools.cache
def unpacked():
    """Below a checkout of something else, whose commit must not be taken for ours."""
    outer = scratch("outer")
    os.makedirs(outer)
    for command in (["git", "init", "-q"], ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q",
                                            "--allow-empty", "-m", "x"]):
        runs(command, cwd=outer)
    runs(["tar", "-xf", os.path.join(dist("dist"), archive("gz")), "-C", outer])
    return os.path.join(outer, archive("gz").split(".tar")[0])


@case
def same_bytes():
    a, b = dist("dist"), dist("again", 0o077)
    for kind in ("gz", "xz"):
        check(read_bytes(os.path.join(a, archive(kind))) == read_bytes(os.path.join(b, archive(kind))), f"{kind} differs")
    runs(["sha256sum", "-c", archive("gz").split(".tar")[0] + ".sha256"], cwd=a)


@case
def names_are_sorted():
    with tarfile.open(os.path.join(dist("dist"), archive("gz"))) as tar:
        files = [m for m in tar if m.isfile()]
    names = [m.name for m in files]
    tracked = runs(["git", "ls-tree", "-r", "--name-only", "HEAD"], cwd=ROOT).splitlines()
    top = archive("gz").split(".tar")[0]
    check_equal(names, [f"{top}/{path}" for path in tracked], "files")
    check_equal({(m.uid, m.gid, m.mode & 0o022) for m in files}, {(0, 0, 0)}, "owners and modes")
    check_equal({m.mtime for m in files}, {int(runs(["git", "log", "-1", "--format=%ct"], cwd=ROOT))}, "times")


@case
def commit_is_inside():
    head = runs(["git", "rev-parse", "HEAD"], cwd=ROOT).strip()
    said_there = runs(["scripts/commit"], cwd=unpacked()).split()
    check_equal(said_there, [head[:12], runs(["git", "log", "-1", "--format=%ct"], cwd=ROOT).strip()], "the commit")


@case
def builds_and_passes_without_git():
    runs(["make", "-j2", "build/dwell"], cwd=unpacked(), env=CLEAN, timeout=900)
    text = runs([os.path.join(unpacked(), "build", "dwell"), "version"])
    head = runs(["git", "rev-parse", "HEAD"], cwd=ROOT).strip()
    version = read(os.path.join(unpacked(), "VERSION")).strip()
    check(f"dwell {version} ({head[:12]})" in text, text)
    status, text = said("make", "-j2", "unit", cwd=unpacked(), env=CLEAN, timeout=1500)
    check(status == 0 and re.search(r"^\d{2,} passed, 0 failed", text, re.M), text[-3000:])


main(needs_tracing=False)
