#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The same with the interpreters of Debian's later suites, each with the C library it was built for."""
import contextlib
import glob
import os
import shutil
import sys

from livetest import ROOT, case, main, skip
from pythons import Python, check_asleep, check_often

sys.path.insert(0, os.path.join(ROOT, "tests", "vm"))
import debian  # noqa: E402 pylint: disable=wrong-import-position

LIBRARIES = ("libc6", "libexpat1", "zlib1g")


def fetch(suite, version):
    """A tree with the interpreter and all that it needs, in the cache."""
    folder = debian.cache("python", f"{suite}-{version}")
    packages = (f"python{version}-minimal", f"libpython{version}-minimal", f"libpython{version}-stdlib", *LIBRARIES)
    with debian.locked():
        if not os.path.isdir(folder):
            shutil.rmtree(folder + ".new", ignore_errors=True)
            debian.Suite(suite, "amd64").unpack(packages, folder + ".new")
            debian.merge_usr(folder + ".new")
            os.rename(folder + ".new", folder)
    return folder


def python(suite, version):
    try:
        root = fetch(suite, version)
    except (debian.FetchError, OSError) as e:
        skip(f"Python {version} of {suite} can't be had: {e}")
    loader = glob.glob(f"{root}/usr/lib*/**/ld-linux-x86-64.so.2", recursive=True)
    with contextlib.suppress(IndexError):
        return Python(f"{root}/usr/bin/python{version}",
                      (loader[0], "--library-path", f"{root}/usr/lib/x86_64-linux-gnu"), {"PYTHONHOME": f"{root}/usr"})
    return skip(f"no dynamic loader below {root}")


@case
def asleep_3_13():
    check_asleep(python("trixie", "3.13"))


@case
def often_3_13():
    check_often(python("trixie", "3.13"))


@case
def asleep_3_14():
    check_asleep(python("sid", "3.14"))


@case
def often_3_14():
    check_often(python("sid", "3.14"))


main()
