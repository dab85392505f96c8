#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell serve as a service: its manager, its configuration, its rights, what it says and the limit of its own CPU."""
import os
import re
import signal
import socket
import time

from livetest import (Dwell, Work, case, check, check_equal, check_one_line, long_case, main, read, run, scratch,
                      wait_until)
from privileges import CAPS, masks


class Manager:
    """The socket of a service manager, and what came to it."""

    def __init__(self, name="notify"):
        self.path = scratch(name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        os.chmod(scratch(), 0o755)
        self.socket.settimeout(30)

    def hear(self, first):
        """The next message that begins with the line @first, as a dict; others are only counted."""
        self.passed = []
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            if lines[0] == first:
                return dict(line.split("=", 1) for line in lines)
            self.passed.append(lines[0])

    def close(self):
        self.socket.close()
        os.unlink(self.path)


def write_config(text):
    path = scratch("dwell.conf")
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o644)
    return path


def said(d, pattern, what, timeout=60):
    """A line on stderr that matches."""
    return wait_until(lambda: re.search(pattern, read(d.err_path), re.M), f"{what}: {pattern}", timeout)


@case
def manager_hears():
    manager = Manager()
    with Work("asleep") as w:
        env = {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "1000000"}
        with Dwell("serve", "-p", w.pid, "--listen", "none", "--config", "none", env=env) as d:
            ready = manager.hear("READY=1")
            check("STATUS" in ready, f"{ready}")
            manager.hear("WATCHDOG=1")
            since = time.monotonic()
            manager.hear("WATCHDOG=1")
            check(time.monotonic() - since < 1, "signs of life come late")
            os.kill(d.pid, signal.SIGTERM)
            manager.hear("STOPPING=1")
            check_equal(d.process.wait(30), 0, "exit status")
    manager.close()


@case
def configuration_is_read_again():
    manager = Manager()
    with Work("asleep") as w:
        path = write_config(f"pid = {w.pid}\nlisten = none\nevery = 1m\n")
        env = {"NOTIFY_SOCKET": manager.path}
        with Dwell("serve", "--config", path, env=env) as d:
            manager.hear("READY=1")

            def reload(text):
                write_config(text)
                before = time.monotonic()
                os.kill(d.pid, signal.SIGHUP)
                at = int(manager.hear("RELOADING=1")["MONOTONIC_USEC"]) / 1e6
                check(before <= at <= time.monotonic(), f"{before} <= {at}: not the clock of this reload")
                return manager.hear("READY=1")

            reload(f"pid = {w.pid}\nlisten = none\nevery = 30s\nmax-groups = 7\n")
            said(d, "--every changed", "what was applied")
            said(d, "--max-groups needs a restart", "what was not")
            # A mistake: all stays, and it says where.
            status = reload("every = 30s\nlisten = none\nevry = 5s\n")["STATUS"]
            said(d, re.escape(f"{path}:3: unknown option evry: did you mean every?"), "the mistake")
            check("failed" in status, status)
            # Each line is right, but not the two together: it would not start again.
            status = reload(f"pid = {w.pid}\nlisten = none\nspool = /nowhere\n")["STATUS"]
            said(d, "the configuration stays as it is: --spool and --spool-to go together", "options that don't go together")
            check("failed" in status, status)
            os.chmod(path, 0o666)
            os.kill(d.pid, signal.SIGHUP)
            check("failed" in manager.hear("READY=1")["STATUS"], "a file that others may write to")
            said(d, "others may write to it", "a file that others may write to")
            check("failed" not in reload(f"pid = {w.pid}\nlisten = none\n")["STATUS"], "it is well again")
            d.finish().ok()
    manager.close()


@case
def bad_configurations():
    for text, words in (("max-groups = none\n", ("dwell.conf:1: max-groups: 'none' is not a number",)),
                        ("\nlisten\n", ("dwell.conf:2: listen: its value is missing",))):
        r = run("serve", "--config", write_config(text))
        check_equal(r.status, 2, text)
        check_one_line(r.err, text, *words)
    r = run("serve", "--config", scratch("none.conf"))
    check_equal(r.status, 2, "a missing file")
    check_one_line(r.err, "a missing file", "none.conf", "No such file")


@case
def file_that_explains_itself():
    """What `dwell serve --print-config` prints is a file that changes nothing, and names every option of --help."""
    r = run("serve", "--config", "none", "--print-config")
    check_equal((r.status, r.err), (0, ""), "status and stderr")
    path = write_config(r.out)
    bad = run("serve", "--config", path, "--every", "0s", "--listen", "none")
    check_one_line(bad.err, "only the command line is wrong", "--every")
    options = set(re.findall(r"^(?:  -.|    ), --([a-z-]+)|^      --([a-z-]+)", run("serve", "--help").out, re.M))
    options = {a or b for a, b in options} - {"help", "config", "print-config"}
    check_equal(set(re.findall(r"^#([a-z-]+) =", r.out, re.M)), options, "the options")


@case
def rights_are_given_up():
    keep = sum(1 << CAPS[c] for c in CAPS)
    for options, uid in ((("--user", "nobody"), 65534), ((), 0)):
        with Work("asleep") as w:
            with Dwell("serve", "-p", w.pid, "--listen", "127.0.0.1:0", "--config", "none", *options) as d:
                said(d, "^capabilities kept: ", "what was kept")
                check_equal(masks(d.pid), {(uid, keep, keep, 0, 1)}, "rights of its threads")
                check("listening on" in read(d.err_path), "HTTP has threads of its own")
                d.finish().ok()
    r = run("serve", "--user", "no-such-user", "--listen", "none", "--config", "none", timeout=60)
    check(r.status != 0, "an unknown user")
    check_one_line(r.err, "an unknown user", "--user no-such-user: there is no such user")


@long_case
def cpu_is_limited():
    """A limit that nothing can keep: after two periods of five seconds the level rises, which is one line."""
    with Work("pipes", 10 ** 9, 0) as w:
        with Dwell("serve", "-p", w.pid, "--listen", "none", "--config", "none", "--max-cpu", "0.001%") as d:
            d.tracing()
            w.go()
            said(d, "^(dwell: )?intervals under 1 us are left out: dwell used .* --max-cpu is 0.001 %$", "a level")
            result = d.finish().ok()
    check("DEFECT" not in result.err, result.err)


@case
def lines_for_the_journal():
    with Work("asleep") as w:
        path = scratch("journal")
        with open(path, "wb") as f:
            at = os.fstat(f.fileno())
        # Which file Dwell opens for stderr is not known before: a shell puts this one in its place.
        prefix = ["/bin/sh", "-c", f'exec "$@" 2>>{path}', "sh"]
        env = {"JOURNAL_STREAM": f"{at.st_dev}:{at.st_ino}"}
        with Dwell("serve", "-p", w.pid, "--listen", "none", "--config", "none", prefix=prefix,
                   env=env) as d:
            wait_until(lambda: "<6>capabilities kept" in read(path), "a line with its priority")
            os.kill(d.pid, signal.SIGTERM)
            check_equal(d.process.wait(30), 0, "exit status")
    check("<6>off-CPU time: " in read(path), "the ledger at the end")
    for line in read(path).splitlines():
        check(re.match(r"<[3-7]>[^\x00-\x1f]+$", line), f"not a line for the journal: {line!r}")


main()
