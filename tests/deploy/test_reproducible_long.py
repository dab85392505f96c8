#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 2400
"""The same sources give the same bytes: in another folder, by another user, at another time, in another order."""
import functools
import glob
import os
import sys

sys.dont_write_bytecode = True
from deploytest import check, installed, scratch, skip
from livetest import case, main
from sametest import check_same, copy_sources, difference, runs, sections

# What must not show. A folder whose name is longer, files that are older and lie on the disk the other way round.
HERE = {"umask": 0o022, "jobs": "-j2", "env": {"TZ": "UTC", "LC_ALL": "C", "USER": "one", "LOGNAME": "one"}}
THERE = {"umask": 0o077, "jobs": "-j3", "env": {"TZ": "Pacific/Auckland", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8",
                                              "USER": "another", "LOGNAME": "another", "HOSTNAME": "elsewhere"}}
DROPPED = ("SOURCE_DATE_EPOCH", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "LDFLAGS", "CPPFLAGS", "DWELL", "BUILD", "CC")


@functools.cache
def folder(where):
    path = scratch("here/dwell" if where == "here" else "there/in_a_folder_that_has/another_name")
    os.chmod(scratch(), 0o711)
    os.makedirs(path)
    copy_sources(path, backwards=where == "there", seconds=1700000000 if where == "there" else None)
    if where == "there" and not os.geteuid():
        runs(["chown", "-R", "65534:65534", scratch("there")])
    return path


def run_in(where, *command):
    """As another user there, if we are root."""
    how = HERE if where == "here" else THERE
    command = [how["jobs"] if word == "JOBS" else word for word in command]
    if where == "there" and not os.geteuid():
        command = [installed("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    env = {k: v for k, v in os.environ.items() if k not in DROPPED} | how["env"] | {"HOME": folder(where)}
    return runs(command, cwd=folder(where), env=env, umask=how["umask"], timeout=1100)


def make(*targets):
    for where in ("here", "there"):
        run_in(where, "make", "JOBS", *targets)
    return folder("here"), folder("there")


def found(pattern):
    at = folder("here")
    return sorted(os.path.relpath(p, at) for p in glob.glob(os.path.join(at, pattern), recursive=True))


@case
def a_difference_is_named():
    """The judge itself: a byte in a section, a byte in a text."""
    for name, data in (("x", b"one"), ("y", b"two"), ("z", b"one")):
        with open(scratch(name), "wb") as f:
            f.write(data)
    check(difference(scratch("x"), scratch("z")) is None, "equal files differ")
    check("byte 0x0 of" in difference(scratch("x"), scratch("y")), "no place")
    path = installed("readelf")
    with open(path, "rb") as f:
        data = bytearray(f.read())
    at = data.find(sections(path)[".rodata"])
    data[at + 5] ^= 1
    with open(scratch("changed"), "wb") as f:
        f.write(data)
    why = difference(path, scratch("changed"))
    check(why.startswith(".rodata: byte 0x5 of"), why)


@case
def program():
    pages = ["build/man/dwell-offcpu.1", *(f"build/completion/dwell.{shell}" for shell in ("bash", "zsh", "fish"))]
    pair = make("build/dwell", *pages)
    check_same(*pair, ["build/dwell", *found("build/bpf/*.o"), *pages, *found("build/obj/**/*.o")])


@case
def no_folder_is_named():
    run_in("here", "make", "JOBS", "build/dwell")
    with open(os.path.join(folder("here"), "build/dwell"), "rb") as f:
        data = f.read()
    check(os.fsencode(folder("here")) not in data, "the program names the folder that it was built in")


@case
def program_for_windows():
    if "windows/dwell.exe" not in run_in("here", "make", "-s", "-pn", "help"):
        skip("no mingw-w64 with zlib: make windows installs it")
    check_same(*make("build/windows/dwell.exe"), ["build/windows/dwell.exe"])


@case
def packages():
    installed("dpkg-buildpackage")
    installed("dh")
    for where in ("here", "there"):
        run_in(where, "scripts/deb", "build/deb")
    check_same(folder("here"), folder("there"), found("build/deb/*.deb"))


main(needs_tracing=False)
