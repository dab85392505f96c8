# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Small file systems that a test can fill, in a mount namespace of its own."""
import os
import shutil
import subprocess
import sys

from livetest import scratch, skip


def in_own_namespace():
    """Starts this script again where its mounts are nobody else's. Call it first."""
    if os.environ.get("DWELL_TEST_UNSHARED") or not shutil.which("unshare"):
        return
    command = ["unshare", "--mount", "--propagation", "private", sys.executable] + sys.argv
    if subprocess.run(command[:4] + ["true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.environ["DWELL_TEST_UNSHARED"] = "1"
        os.execvp(command[0], command)


def small_disk(name, kib):
    """The path of a file system of @kib KiB."""
    if not os.environ.get("DWELL_TEST_UNSHARED"):
        skip("no mount namespace of one's own here")
    path = scratch(name)
    os.mkdir(path)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "dwell-test", path],
                             capture_output=True, text=True)
    if mounted.returncode:
        skip(f"can't mount a tmpfs: {mounted.stderr.strip()}")
    return path


def free_bytes(path):
    st = os.statvfs(path)
    return st.f_bavail * st.f_frsize
