#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""dwell goroutines beside the tracebacks of Go 1.15 to 1.27, for each way of linking, with and without the table of versions.

Toolchains are packages of Debian's suites, fetched once into a cache as tests/truth/test_go_names_long.py does. One case for each version.
"""
import os
import sys

from golang import Toolchain
from goroutines import BUILDS, build, judge
from livetest import ROOT, case, main, skip

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


def toolchain(version):
    folder = debian.cache("go", version)
    done = os.path.join(folder, "fetched")
    error = None
    with debian.locked():
        for suite in VERSIONS[version]:
            if os.path.exists(done):
                break
            try:
                debian.Suite(suite, "amd64").unpack([f"golang-{version}-go", f"golang-{version}-src"], folder)
                with open(done, "w"):
                    pass
            except debian.FetchError as e:
                error = e
    if not os.path.exists(done):
        skip(str(error))
    return Toolchain(os.path.join(folder, "usr", "lib", f"go-{version}"), os.path.join(folder, "cache"))


for version in VERSIONS:
    def one(version=version):
        go = toolchain(version)
        for name in BUILDS:
            path = build(go, name)
            try:
                judge(path)
                judge(path, locks=False, env={"DWELL_GO_LAYOUT": "infer"})
            except AssertionError as e:
                raise AssertionError(f"{name}: {e}") from None
    one.__name__ = "go_" + version.replace(".", "_")
    case(one)

if os.uname().machine != "x86_64":
    print("needs x86-64: the toolchains are")
    sys.exit(77)
main(needs_tracing=False)
