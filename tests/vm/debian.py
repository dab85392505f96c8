# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Packages of any Debian suite and architecture, by an apt with a state of its own.

The host's apt and dpkg are only used as programs: nothing is installed, no source and no architecture is
added. Everything lies below cache(), which VM_CACHE names.
"""
import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import tempfile

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
HOST_SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")


class FetchError(Exception):
    """What can't be had, and why: one line."""


def cache(*parts):
    """A path below the cache."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(os.environ.get("VM_CACHE") or os.path.join(base, "dwell-vm"), *parts)


@contextlib.contextmanager
def locked():
    """One fetcher at a time."""
    os.makedirs(cache(), exist_ok=True)
    with open(cache("lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def mirror():
    """DEBIAN_MIRROR, or where the host itself gets its Debian from."""
    if os.environ.get("DEBIAN_MIRROR"):
        return os.environ["DEBIAN_MIRROR"]
    for path in HOST_SOURCES:
        with contextlib.suppress(OSError), open(path) as f:
            for uri in re.findall(r"^(?:URIs:|deb(?: +\[[^]]*\])?) +(\S+)", f.read(), re.M):
                if "security" not in uri:
                    return uri
    return "http://deb.debian.org/debian"


class Suite:
    """A suite for one architecture, e.g. ("bookworm", "amd64")."""

    def __init__(self, name, arch):
        self.name = name
        self.arch = arch
        self.root = cache("apt", f"{name}-{arch}")
        self.updated = False

    def prepare(self):
        for folder in ("lists/partial", "cache/archives/partial", "empty"):
            os.makedirs(os.path.join(self.root, folder), exist_ok=True)
        with open(os.path.join(self.root, "status"), "a"):
            pass
        with open(os.path.join(self.root, "sources.list"), "w") as f:
            f.write(f"deb [signed-by={KEYRING}] {mirror()} {self.name} main\n")

    def apt(self, tool, *args, cwd=None):
        """apt-get or apt-cache. What it says."""
        settings = {
            "Dir::Etc::sourcelist": f"{self.root}/sources.list",
            "Dir::Etc::sourceparts": f"{self.root}/empty",
            "Dir::Etc::preferencesparts": f"{self.root}/empty",
            "Dir::State": self.root,
            "Dir::State::Lists": f"{self.root}/lists",
            "Dir::State::status": f"{self.root}/status",
            "Dir::Cache": f"{self.root}/cache",
            "APT::Architecture": self.arch,
            "APT::Architectures": self.arch,
            "Acquire::Languages": "none",
            # Suites that have moved to the archive are no longer signed anew.
            "Acquire::Check-Valid-Until": "false",
            "Acquire::Retries": "2",
            "APT::Update::Error-Mode": "any",
            "APT::Sandbox::User": "root",
        }
        options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
        done = subprocess.run([tool, "-qq", *options, *args], cwd=cwd, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            raise FetchError(f"{tool} {' '.join(args)} of {self.name}/{self.arch}: {why}")
        return done.stdout

    def update(self):
        if not self.updated:
            self.prepare()
            self.apt("apt-get", "update")
            self.updated = True

    def depends(self, package):
        """The packages that it depends on directly, alternatives included."""
        self.update()
        found = re.findall(r"^ *\|?Depends: (\S+)$", self.apt("apt-cache", "depends", package), re.M)
        return [name for name in found if not name.startswith("<")]

    def unpack(self, packages, folder):
        """Unpacks the packages, not what they depend on, into one tree. The names of the files."""
        self.update()
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache()) as downloads:
            self.apt("apt-get", "download", *packages, cwd=downloads)
            debs = sorted(glob.glob(os.path.join(downloads, "*.deb")))
            for deb in debs:
                subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
            return [os.path.basename(deb) for deb in debs]


def merge_usr(folder):
    """Makes one tree of /lib and /usr/lib, as on an installed system: packages still carry both."""
    for name in ("bin", "sbin", "lib", "lib64"):
        old, new = os.path.join(folder, name), os.path.join(folder, "usr", name)
        if os.path.isdir(old) and not os.path.islink(old):
            shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(old)
        if os.path.isdir(new) and not os.path.lexists(old):
            os.symlink(f"usr/{name}", old)
