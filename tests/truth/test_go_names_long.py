#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""Names, inlined functions, files and lines of Go code equal those of Go's own runtime: all forms of its table.

Toolchains are packages of Debian's suites, fetched once into a cache (VM_CACHE, by default ~/.cache/dwell-vm; 2.5 GB)
and unpacked there; nothing is installed. One case for each version. go_names.py tells how it is compared.
"""
import os
import sys

from common import ROOT, case, check, main, skip
from go_names import BUILDS, judge, table
from golang import Toolchain

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "vm"))
import debian  # noqa: E402

# version -> suites that may have it, as time goes by
VERSIONS = {
    "1.15": ["bullseye"],
    "1.19": ["bookworm"],
    "1.21": ["bookworm-backports"],
    "1.22": ["bookworm-backports"],
    "1.23": ["bookworm-backports"],
    "1.24": ["trixie"],
    "1.25": ["trixie-backports", "sid"],
    "1.26": ["sid", "trixie-backports"],
    "1.27": ["sid"],
}
ARCH = "amd64"
reports = []


def fetch(version):
    """The toolchain's folder. Raises debian.FetchError."""
    folder = debian.cache("go", version)
    done = os.path.join(folder, "fetched")
    error = None
    with debian.locked():
        for suite in VERSIONS[version]:
            if os.path.exists(done):
                break
            try:
                debian.Suite(suite, ARCH).unpack([f"golang-{version}-go", f"golang-{version}-src"], folder)
                with open(done, "w"):
                    pass
            except debian.FetchError as e:
                error = e
    if not os.path.exists(done):
        raise error
    return folder


def toolchain(version):
    try:
        folder = fetch(version)
    except debian.FetchError as e:
        skip(str(e))
    return Toolchain(os.path.join(folder, "usr", "lib", f"go-{version}"), os.path.join(folder, "cache"))


for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        mine = [judge(go, build) for build in BUILDS]
        reports.extend(mine)
        for report in mine:
            report.check()
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)


@case
def together():
    if not reports:
        skip("no toolchain could be fetched")
    print(table(reports))
    total = sum(r.cnt for r in reports)
    print(f"{total} addresses in {len(reports)} programs, {sum(len(r.different) for r in reports)} different")
    check(total > 100000 * len(reports) > 0, f"only {total} addresses in {len(reports)} programs")


if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
