# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Go 1.15 to 1.27, for tests of the long lane: packages of Debian's suites, fetched once into a cache (VM_CACHE, by default
~/.cache/dwell-vm; 2.5 GB) and unpacked there; nothing is installed."""
import os
import sys

from golang import Toolchain
from livetest import ROOT, skip

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
    """A Toolchain; skips the case when none of its suites has it."""
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


def newest():
    """The Toolchain of the newest version that is in the cache; skips the case when none is."""
    for version in reversed(VERSIONS):
        if os.path.exists(os.path.join(debian.cache("go", version), "fetched")):
            return toolchain(version)
    return skip("no Go in the cache: run a test of the long lane")
