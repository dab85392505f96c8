# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell with a few capabilities or none, as another user, and programs that take each of them to be seen.

The programs belong to one user, dwell runs as another: `common` anybody may read, `private` only its owner, `hidden` lies in a mount
namespace of its own, `nameless` has no file (memfd). All of them sleep, in a function work_sleep(). And there is a Go program.
"""
import json
import os
import re
import shutil
import subprocess

from golang import Toolchain
from goroutines import Program, build
from livetest import DWELL, WORK, check, read, scratch, start, wait_until

OWNER = "daemon"
NOBODY = 65534
NAMES = ("common", "private", "hidden", "nameless")
KERNEL = re.compile(r"^(__x64_sys_|__arm64_sys_|hrtimer_|common_nsleep|do_nanosleep)")

HIDE = """
mount -t tmpfs none "$1" && cp "$2" "$1/hidden" && chmod 700 "$1/hidden" && chown {owner} "$1/hidden"
exec setpriv --reuid={owner} --regid={owner} --clear-groups "$1/hidden" 1000000 5
"""
NAMELESS = """import os, sys
fd = os.memfd_create('nameless', 0)
os.write(fd, open(sys.argv[1], 'rb').read())
os.execve(fd, ['nameless', '1000000', '5'], os.environ)"""


def open_to_all(name):
    """A directory of this test's that every user may enter. Its path."""
    os.chmod(scratch(), 0o755)
    path = scratch(name)
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o755)
    return path


def dwell_of_all():
    """A copy that every user may run."""
    path = os.path.join(open_to_all("all"), "dwell")
    if not os.path.exists(path):
        shutil.copy(DWELL, path)
        os.chmod(path, 0o755)
    return path


def as_nobody(caps=()):
    """A prefix: another user with these capabilities and no way to more."""
    kept = ",".join(["-all", *(f"+{c}" for c in caps)])
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={kept}",
            f"--ambient-caps={kept}", f"--bounding-set={kept}"]


def run_as_nobody(caps, *args, timeout=60, **options):
    """(status, stdout, stderr) of dwell."""
    done = subprocess.run([*as_nobody(caps), dwell_of_all(), *(str(a) for a in args)], capture_output=True, text=True,
                          check=False, timeout=timeout, stdin=subprocess.DEVNULL, **options)
    return done.returncode, done.stdout, done.stderr


class Targets:
    """The sleepers, by name: their pids."""

    def __init__(self):
        place, mounted, sleeper = open_to_all("bin"), open_to_all("mounted"), os.path.join(WORK, "sleeper")
        owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
        for name, mode in (("common", 0o755), ("private", 0o700)):
            path = os.path.join(place, name)
            shutil.copy(sleeper, path)
            shutil.chown(path, OWNER, OWNER)
            os.chmod(path, mode)
        common = os.path.join(place, "common")
        commands = {
            "common": [*owner, common, "1000000", "5"],
            "private": [*owner, os.path.join(place, "private"), "1000000", "5"],
            "hidden": ["unshare", "-m", "/bin/sh", "-c", HIDE.format(owner=OWNER), "sh", mounted, sleeper],
            "nameless": [*owner, "python3", "-c", NAMELESS, common],
        }
        self.processes = {name: start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                          for name, command in commands.items()}
        self.pids = {name: p.pid for name, p in self.processes.items()}
        self.comms = {}
        for name, p in self.processes.items():
            check(p.stdout.readline().startswith(b"ready "), f"{name} has not begun")
            p.stdin.write(b"go\n")
            p.stdin.flush()
            self.comms[name] = read(f"/proc/{p.pid}/comm").strip()

    @property
    def words(self):
        return ["-p", ",".join(str(pid) for pid in self.pids.values())]

    def in_profile(self, data):
        """Of whom functions were seen, by dwell's JSON; and "kernel" if the kernel's were."""
        seen = set()
        names = {pid: name for name, pid in self.pids.items()}
        for s in data["stacks"]:
            frames = [data["frames"][f] for f in s["frames"]]
            if any(f["name"].startswith("work_sleep") for f in frames) and s["pid"] in names:
                seen.add(names[s["pid"]])
            if any(KERNEL.match(f["name"]) for f in frames):
                seen.add("kernel")
        return seen

    def in_lines(self, lines):
        """The same of lines that begin with the name of a thread, and go on with a stack."""
        seen = set()
        for line in lines:
            seen |= {n for n, comm in self.comms.items() if re.match(rf"{re.escape(comm)}\b", line) and "work_sleep" in line}
            if any(KERNEL.match(f) for f in re.split(r"[; ]", line)):
                seen.add("kernel")
        return seen


def go_program():
    """A Go program that runs as the owner."""
    path = os.path.join(open_to_all("go"), "program")
    if not os.path.exists(path):
        shutil.copy(build(Toolchain(), "stripped"), path)
        os.chmod(path, 0o755)
    return Program(path, user=OWNER, group=OWNER, extra_groups=[])


def json_objects(text):
    decoder, found, text = json.JSONDecoder(), [], text.strip()
    while text:
        value, at = decoder.raw_decode(text)
        found.append(value)
        text = text[at:].strip()
    return found


def wait_for_masks(masks, pid, expected, what):
    """Until all threads have what they should."""
    try:
        wait_until(lambda: masks(pid) == expected, what, 20)
    except AssertionError as e:
        raise AssertionError(f"{e}: {[(u, hex(p), hex(f), r, n) for u, p, f, r, n in masks(pid)]}") from None
