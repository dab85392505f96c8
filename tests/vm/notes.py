# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What was found out in guests: a file for each kernel in BUILD/vm, of which kernels-page makes docs/kernels.md.

What another dwell found out is forgotten when the first of a newer one comes in.
"""
import hashlib
import json
import os

from livetest import BUILD, read_bytes

FOLDER = os.path.join(BUILD, "vm")


def digest(path):
    return hashlib.sha256(read_bytes(path)).hexdigest()


class Notes:
    """{"dwell": digest of the program, "kernel": its release, "arch": ..., KEY: {...}} of one kernel of the table."""

    def __init__(self, name):
        self.path = os.path.join(FOLDER, f"{os.path.basename(name)}.json")
        self.all = {}
        if os.path.exists(self.path):
            with open(self.path) as f:
                self.all = json.load(f)

    def begin(self, kernel, program):
        """What is noted from now on is of this program on this kernel."""
        head = {"dwell": digest(program), "kernel": kernel.release, "arch": kernel.arch}
        if any(self.all.get(k) != v for k, v in head.items()):
            self.all = head

    def put(self, key, **values):
        self.all.setdefault(key, {}).update(values)
        os.makedirs(FOLDER, exist_ok=True)
        with open(self.path + ".new", "w") as f:
            json.dump(self.all, f, indent=1, sort_keys=True)
        os.rename(self.path + ".new", self.path)
