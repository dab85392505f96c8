# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A Go program whose waits are known in number and length (work/waits.go), and every wait that dwell saw of it."""
import json
import os
import re
import select
import subprocess
import time

from goroutines import Program
from livetest import DWELL, ROOT, TIMEOUT, check, check_equal, start

SOURCE = os.path.join(ROOT, "tests", "live", "work", "waits.go")
NO_LIMIT = ("--go-events-limit", "100000000")
LOSSES = ("ring_full", "map_full", "unreadable", "mixed_up", "rows_full", "stacks_lost", "stacks_unkept")


def build(go, *flags, **more):
    return go.build("waits", [SOURCE], *flags, **more)


class Waits(Program):
    def took(self, line):
        """What it measured, in nanoseconds."""
        return int(self.ask(line))


class Burst:
    """dwell while it counts waits: from when the probes are there to when `end` takes them away."""

    def __init__(self, program, *options, length="60s", **more):
        self.process = start([DWELL, "goroutines", "-p", str(program.pid), "--go-events", length, "--json", "--top", "0",
                              *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.said = ""
        end = time.monotonic() + TIMEOUT
        while "probes in" not in self.said:
            ready = select.select([self.process.stderr], [], [], end - time.monotonic())[0]
            text = os.read(self.process.stderr.fileno(), 4096).decode() if ready else ""
            check(text, f"dwell did not begin: {self.said}")
            self.said += text

    def end(self, interrupt=True):
        """What it saw. All waits are accounted for."""
        if interrupt:
            self.process.send_signal(2)
        out, err = self.process.communicate(timeout=TIMEOUT)
        self.said += err.decode()
        check_equal(self.process.returncode, 0, f"status, {self.said}")
        data = json.loads(out)
        check_ledger(data)
        return data


def check_ledger(data):
    ledger = data["ledger"]
    seen = sum(ledger[k] for k in ("delivered", "open", "ring_full", "map_full", "unreadable", "mixed_up"))
    check_equal(seen, ledger["observed"], f"waits in the ledger {ledger}")
    check_equal(data["waits"] + data["system_not_shown"] + ledger["rows_full"], ledger["delivered"], "waits in rows")
    check_equal(sum(r["waits"] for r in data["rows"]), data["waits"], "waits of the rows")


def check_no_loss(data):
    check_equal({k: data["ledger"][k] for k in LOSSES if data["ledger"][k]}, {}, "losses")


def rows(data, creator, reason=None):
    """Those of goroutines that a function created."""
    return [r for r in data["rows"] if r.get("created_by", {}).get("function") == creator and
            (reason is None or r["wait_reason"] in reason)]


def total(found, key="total_ns"):
    return sum(r[key] for r in found)


def text_of(pid):
    """The code of a process's program as it is in memory now: {address: bytes}."""
    exe, found = os.readlink(f"/proc/{pid}/exe"), {}
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        lines = f.read().splitlines()
    with open(f"/proc/{pid}/mem", "rb") as mem:
        for line in lines:
            m = re.fullmatch(r"(\w+)-(\w+) r-xp .* (/.*)", line)
            if m and m[3] == exe:
                mem.seek(int(m[1], 16))
                found[int(m[1], 16)] = mem.read(int(m[2], 16) - int(m[1], 16))
    check(found, f"no code of {exe} in its memory")
    return found


def changed(before, after):
    """[what was where the code is another one now]: two bytes each."""
    check_equal(sorted(before), sorted(after), "where the code is")
    return [before[at][i:i + 2] for at in before if before[at] != after[at]
            for i, (a, b) in enumerate(zip(before[at], after[at])) if a != b]


def is_emulated(code):
    """jbe, near or far, and push %rbp: what the kernel does itself, without a single step."""
    return code[0] in (0x76, 0x55) or code == b"\x0f\x86"
