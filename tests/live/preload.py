# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Libraries that make the C library fail: tests/live/tools/*.c, compiled when they are first wanted."""
import json
import os
import subprocess

from livetest import ROOT, check, read, run, scratch

CC = os.environ.get("CC", "gcc").split()[0]
UNCOMMON = ["setarch", "-R"]  # places are named by addresses: no randomisation of these


def library(name):
    path = scratch(f"{name}.so")
    if not os.path.exists(path):
        subprocess.run([CC, "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g", "-shared", "-fPIC", "-o", path,
                        os.path.join(ROOT, "tests", "live", "tools", f"{name}.c"), "-ldl", "-lrt"], check=True)
    return path


class FailingMalloc:
    """Runs of dwell in which one allocation fails, at one place after the other."""

    def __init__(self, binary=None, **env):
        self.env = {"LD_PRELOAD": library("failing_malloc"), **env}
        self.options = {"binary": binary} if binary else {}

    def run(self, *args, timeout=60, **env):
        return run(*args, prefix=UNCOMMON, env={**self.env, **env}, timeout=timeout, **self.options)

    def places(self, *args, **more):
        """Of a run that goes well: where it allocates, in the order of time."""
        path = scratch("places")
        self.run(*args, FAIL_MALLOC_LIST=path, **more).ok()
        return read(path).split()

    def fail_at(self, place, *args, after=False, **more):
        """(result, whether it came to that place)"""
        said = scratch("failed")
        if os.path.exists(said):
            os.unlink(said)
        env = {"FAIL_MALLOC_AT": place, "FAIL_MALLOC_SAID": said, **({"FAIL_MALLOC_AFTER": "1"} if after else {})}
        return self.run(*args, **env, **more), os.path.exists(said)


def check_whole(path):
    """A file of ours is complete or not there. Returns whether it is there."""
    if not os.path.exists(path):
        return False
    kind = path.rpartition(".")[2]
    if kind == "dwell":
        run("report", path, "-f").ok()
        return True
    text = read(path)
    if kind == "json":
        json.loads(text)
    ends = {"html": "</html>", "svg": "</svg>"}
    check(text.rstrip().endswith(ends.get(kind, "")) and text.endswith("\n") or not text, f"{path} is torn: ...{text[-100:]!r}")
    return True
