#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Rotated files on a disk that fills, is taken away and comes back, and when the writer is killed at any moment."""
import errno
import os
import random
import subprocess
import time

from livetest import BUILD, SECOND, case, check, check_equal, main, scratch, start
from tmpfs import free_bytes, in_own_namespace, small_disk

TOOL = os.path.join(BUILD, "tests", "unit", "spool_tool")
T0 = 1769904000 * SECOND  # 2026-02-01 00:00:00 UTC
KIB = 1024


class Rotation:
    """A rotation in a process of its own."""

    def __init__(self, directory, keep_bytes=0, min_free=0):
        self.child = start([TOOL, "rotate", directory, str(keep_bytes), str(min_free)], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, text=True)
        self.at = 0

    def put(self, size, start_ns=None):
        """(error, failing, changed, files, bytes, dropped, leftovers) after one more file."""
        start_ns = start_ns or T0 + self.at * 60 * SECOND
        self.at += 1
        self.child.stdin.write(f"{start_ns} {size}\n")
        self.child.stdin.flush()
        fields = [int(f) for f in self.child.stdout.readline().split()]
        check_equal(len(fields), 7, "what the tool says")
        return fields

    def close(self):
        self.child.stdin.close()
        check_equal(self.child.wait(30), 0, "status of the tool")


def files(directory):
    return sorted(f for f in os.listdir(directory) if not f.startswith("."))


def check_whole(directory, size=None):
    """Nothing but finished files, each with its last byte."""
    for name in files(directory):
        check(name.startswith("dwell-") and name.endswith(".folded"), f"a file called {name}")
        with open(os.path.join(directory, name), "rb") as f:
            content = f.read()
        check(content.endswith(b"\n") and (size is None or len(content) == size), f"{name} is torn: {len(content)}")


@case
def disk_full():
    disk = small_disk("full", 256)
    ballast = os.path.join(disk, "ballast")
    with open(ballast, "wb") as f:
        f.write(b"x" * 120 * KIB)
    directory = os.path.join(disk, "out")
    r = Rotation(directory)
    check_equal(r.put(100 * KIB)[:3], [0, 0, 0], "a file that fits")
    before = files(directory)
    check_equal(r.put(100 * KIB)[:3], [-errno.ENOSPC, 1, 1], "the first that doesn't")
    check_equal(r.put(100 * KIB)[:3], [-errno.ENOSPC, 1, 0], "the second that doesn't")
    check_equal(files(directory), before, "what is there")
    os.unlink(ballast)
    check_equal(r.put(100 * KIB)[:5], [0, 0, 1, 2, 200 * KIB], "when there is room again")
    check_equal(r.put(1 * KIB)[:3], [0, 0, 0], "and one more")
    check_whole(directory)
    r.close()


@case
def limit_keeps_the_disk_from_filling():
    disk = small_disk("limit", 256)
    directory = os.path.join(disk, "out")
    r = Rotation(directory, keep_bytes=150 * KIB)
    for i in range(50):
        error, failing, _, cnt, size, dropped, _ = r.put(40 * KIB)
        check_equal((error, failing), (0, 0), "error and failing")
        check(size <= 150 * KIB, f"{size} bytes are kept")
        check_equal(cnt + dropped, i + 1, "files kept and dropped")
    check_equal(len(files(directory)), 3, "files")
    r.close()


@case
def room_is_left_for_others():
    disk = small_disk("room", 512)
    directory = os.path.join(disk, "out")
    r = Rotation(directory, min_free=200 * KIB)
    results = [r.put(50 * KIB)[0] for _ in range(8)]
    check(results[0] == 0 and results[-1] == -errno.ENOSPC, f"results: {results}")
    check(free_bytes(disk) >= 140 * KIB, f"{free_bytes(disk)} bytes are free")
    r.close()


@case
def clock_steps():
    """Names stay apart and the files of before the step stay what they were."""
    directory = scratch("steps")
    r = Rotation(directory)
    now = time.time_ns() // SECOND * SECOND
    for start_ns in (now - 120 * SECOND, now - 60 * SECOND, now - 120 * SECOND, now - 120 * SECOND + 999999999):
        check_equal(r.put(KIB, start_ns)[0], 0, "error")
    stem = time.strftime("dwell-%Y%m%dT%H%M%SZ", time.gmtime(now // SECOND - 120))
    check_equal([f for f in files(directory) if f.startswith(stem)],
                [stem + ".folded", stem + "_001.folded", stem + "_002.folded"], "names of one second")
    r.close()


@case
def killed_at_any_moment():
    directory = scratch("killed")
    size, kept, leftovers = 300 * KIB, 0, 0
    for i in range(50):
        r = Rotation(directory, keep_bytes=20 * size)
        leftovers += r.put(size, T0 + i * 3600 * SECOND)[6]
        # One after the other, without waiting for what it says.
        r.child.stdin.write("".join(f"{T0 + (i * 3600 + 60 * j) * SECOND} {size}\n" for j in range(1, 40)))
        r.child.stdin.flush()
        time.sleep(random.uniform(0, 0.02))
        r.child.kill()
        r.child.wait()
        kept += len([f for f in files(directory) if f.endswith(".folded")])
    torn = [f for f in files(directory) if f.endswith(".tmp")]
    r = Rotation(directory, keep_bytes=20 * size)
    r.put(size, T0 + 50 * 3600 * SECOND)
    r.close()
    check_whole(directory, size)
    check(kept > 100, f"{kept} files in all")
    print(f"{leftovers + len(torn)} of 50 kills left something unfinished")


in_own_namespace()
main()
