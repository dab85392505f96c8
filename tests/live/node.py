# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A machine of a fleet: `dwell serve` with a spool, `dwell push` beside it, and what the kernel says was renamed there."""
import ctypes
import os
import random
import signal
import struct
import time

from livetest import Dwell, check, check_equal, read, scratch, wait_until
from receivers import NAME

IN_MOVED_TO = 0x80
IN_NONBLOCK = os.O_NONBLOCK
libc = ctypes.CDLL(None, use_errno=True)


class Renames:
    """Ids of all segments that got their name in @directory, in order, also of those that are gone again."""

    def __init__(self, directory):
        self.fd = libc.inotify_init1(IN_NONBLOCK)
        check(self.fd >= 0 and libc.inotify_add_watch(self.fd, directory.encode(), IN_MOVED_TO) >= 0, "inotify")
        self.found = []

    def ids(self):
        while True:
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return self.found
            while data:
                _, _, _, length = struct.unpack_from("iIII", data)
                m = NAME.fullmatch(data[16:16 + length].rstrip(b"\0").decode())
                self.found += [m.group(4)] if m else []
                data = data[16 + length:]

    def close(self):
        os.close(self.fd)


class Node:
    """Serves @pids in windows of a second. @sender: a uid and gid for push, in a spool as deploy/systemd/tmpfiles.conf has it."""

    def __init__(self, name, url, pids, *options, target="clickhouse", sender=None):
        self.out, self.spool = scratch(f"{name}-folded"), scratch(f"{name}-spool")
        self.dir = os.path.join(self.spool, target)
        self.serve_args = ("serve", "-p", ",".join(map(str, pids)), "--config", "none", "--listen", "none", "--every", "1s",
                           "--out", self.out, "--spool", self.spool, "--spool-to", target, *options)
        self.push_args = ("push", "--spool", self.spool, "--to", f"{target}={url}")
        self.kills = {"serve": 0, "push": 0}
        self.sender = sender
        os.mkdir(self.spool)
        if sender:
            os.chmod(scratch(), 0o755)
            os.chown(self.spool, 0, sender[1])
            os.chmod(self.spool, 0o2750)
        self.start_serve()
        wait_until(lambda: os.path.isdir(self.dir), "the spool is made", step=0.01)
        self.renames = Renames(self.dir)
        check_equal(self.waiting(), [], "segments that were renamed unseen")
        self.start_push()

    def start_serve(self):
        self.serve = Dwell(*self.serve_args)

    def start_push(self):
        who = {"user": self.sender[0], "group": self.sender[1], "extra_groups": []} if self.sender else {}
        self.push = Dwell(*self.push_args, **who)

    def waiting(self):
        """Ids of the segments that are still to be sent, in order."""
        return [m.group(4) for m in map(NAME.fullmatch, sorted(os.listdir(self.dir))) if m]

    def kill(self, which):
        """-9 and again from the start."""
        d = getattr(self, which)
        d.process.kill()
        check_equal(d.wait().status, -signal.SIGKILL, f"status of {which}: it should have run until it was killed")
        self.kills[which] += 1
        getattr(self, f"start_{which}")()

    def kill_at_random(self, cnt, which=("serve", "push"), seconds=(0.02, 2.5)):
        for _ in range(cnt):
            time.sleep(random.uniform(*seconds))
            self.kill(random.choice(which))

    def finish(self):
        """Serve ends in order, then push, when all is sent. What serve said."""
        said = self.serve.finish().ok().err
        check("DEFECT" not in said, said)
        wait_until(lambda: not self.waiting(), "all is sent")
        os.kill(self.push.process.pid, signal.SIGTERM)
        check_equal(self.push.wait().status, 0, f"push: {read(self.push.err_path)}")
        for directory in (self.out, self.dir):
            check_equal([n for n in os.listdir(directory) if n.endswith(".tmp")], [], f"unfinished files in {directory}")
        return said

    def check_arrived(self, got):
        """All that was renamed, and none more often than once for each time that the sender was killed."""
        renamed = self.renames.ids()
        check_equal(len(set(renamed)), len(renamed), "distinct ids")
        check_equal(set(got), set(renamed), f"of {len(renamed)} segments those that arrived")
        twice = len(got) - len(set(got))
        check(twice <= self.kills["push"], f"{twice} came twice in {self.kills['push']} kills of the sender")
        return len(renamed), twice
