# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The other tool, run and judged beside dwell."""
import re
import signal
import subprocess

from common import attached_probes, read, scratch, start, wait_until

BCC = "/usr/sbin/offcputime"


class Bcc:
    """bcc's offcputime (libbpf-tools) beside dwell, one for each process.

    It prints names only, so the judge is generous: any of a function's names will do; where gdb has no name, or
    has it from a detached debug file that bcc doesn't read, everything will; and the thread need have the stack
    only once, at any time.
    """

    def __init__(self, pids):
        self.runs = []
        self.stacks = {}  # tid -> {names, innermost first}
        for pid in pids:
            path = scratch(f"bcc.{pid}")
            with open(path, "wb") as out, open(path + ".err", "wb") as err:
                child = start([BCC, "-p", str(pid), "--stack-storage-size", "16384"], stdout=out, stderr=err,
                              stdin=subprocess.DEVNULL)
            self.runs.append((child, path))
        wait_until(lambda: all(attached_probes(child.pid) for child, _ in self.runs), f"{BCC} traces")

    def finish(self):
        for child, _ in self.runs:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        for child, path in self.runs:
            try:
                child.wait(60)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            self._parse(read(path))
        return self

    def _parse(self, text):
        names = []
        for line in text.splitlines():
            last = re.match(r" +- +.* \((\d+)\)$", line)
            if last:
                self.stacks.setdefault(int(last.group(1)), set()).add(user_part(names))
            if last or not line.startswith("    "):
                names = []
            else:
                names.append(line.strip())

    def has(self, thread):
        return any(self._equal(names, thread) for names in self.stacks.get(thread.tid, ()))

    @staticmethod
    def _equal(names, thread):
        if len(names) < len(thread.frames) or (thread.end == "complete" and len(names) > len(thread.frames)):
            return False
        return all(not f.gdb_name or f.debug_only or name in f.names
                   for name, f in zip(names, thread.frames))


def user_part(names):
    """Kernel and user frames come in one list: what follows the kernel's entry."""
    for i in range(len(names) - 1, -1, -1):
        if re.match(r"entry_SYSCALL|asm_|ret_from_fork", names[i]):
            return tuple(names[i + 1:])
    return tuple(names)
