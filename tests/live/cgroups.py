# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Cgroups of a test's own."""
import os

from livetest import read, skip, wait_until


def hierarchies(kind):
    """The mounted cgroup hierarchies of a version."""
    for line in read("/proc/mounts").splitlines():
        _, where, fstype, options = line.split()[:4]
        if fstype == kind:
            yield where, options.split(",")


def hierarchy(version):
    if version == 2:
        found = [where for where, _ in hierarchies("cgroup2")]
    else:
        # Controllers without settings that a new cgroup has to make first (unlike cpuset).
        found = [where for where, options in hierarchies("cgroup")
                 if {"cpuacct", "freezer", "pids", "cpu"} & set(options)]
    for where in found:
        if os.access(where, os.W_OK):
            return where
    return skip(f"no writable cgroup v{version} hierarchy is mounted")


class Cgroup:
    """A cgroup of our own; what is in it at the end moves up before it is removed."""

    def __init__(self, path):
        self.path = path
        os.mkdir(path)

    def __enter__(self):
        return self

    def add(self, pid):
        move(pid, self.path)

    def __exit__(self, *exc):
        def removed():
            for pid in read(os.path.join(self.path, "cgroup.procs")).split():
                try:
                    move(int(pid), os.path.dirname(self.path))
                except OSError:
                    pass
            try:
                os.rmdir(self.path)
            except OSError:
                return False
            return True
        wait_until(removed, f"{self.path} removed", 10)


def move(pid, path):
    with open(os.path.join(path, "cgroup.procs"), "w") as f:
        f.write(str(pid))


def make(version):
    return Cgroup(os.path.join(hierarchy(version), f"dwell-live-{os.getpid()}-v{version}"))
