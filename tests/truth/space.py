# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The executable memory of a process, and what an address in it belongs to."""
import os

import elf
from corpus import start_time
from common import read


class Mapping:
    __slots__ = ("start", "end", "off", "path", "is_vdso", "is_anon")

    def __init__(self, line):
        words = line.split(None, 5)
        self.start, self.end = (int(x, 16) for x in words[0].split("-"))
        self.off = int(words[2], 16)
        self.path = words[5].strip() if len(words) > 5 else ""
        self.is_vdso = self.path == "[vdso]"
        self.is_anon = not self.is_vdso and not (self.path.startswith("/") and words[4] != "0"
                                                 and not self.path.startswith(("/memfd:", "/dev/zero")))


class Space:
    """The executable memory of a process at one moment."""

    def __init__(self, pid):
        self.exe = os.readlink(f"/proc/{pid}/exe")
        self.started = start_time(pid)
        lines = read(f"/proc/{pid}/maps").splitlines()
        self.mappings = [Mapping(line) for line in lines if "x" in line.split()[1]]
        vdso = [m for m in self.mappings if m.is_vdso]
        self.vdso = elf.open_vdso(pid, vdso[0].start, vdso[0].end) if vdso else None

    def find(self, pc):
        for m in self.mappings:
            if m.start <= pc < m.end:
                return m
        return None

    def image(self, m):
        return self.vdso if m.is_vdso else elf.open_elf(m.path)


class Frame:
    """An address of a stack: what it belongs to. @is_call: a return address, so the call lies before it."""

    def __init__(self, space, pc, is_call, name=None):
        self.pc, self.is_call = pc, is_call
        self.gdb_name = name
        self.is_sigtramp = False
        m = space.find(pc)
        self.is_code = m is not None
        self.is_jit = self.is_code and m.is_anon
        self.path, self.off, self.start, self.has_cfi = None, None, None, False
        self.names, self.debug_only = [], False
        if not self.is_code or self.is_jit:
            return
        self.path, self.off = m.path, pc - m.start + m.off
        image = space.image(m)
        vaddr = image and image.vaddr_of(self.off - (1 if is_call else 0))
        if vaddr is not None:
            self.start = image.function_start(vaddr)
            self.has_cfi = image.fde_start(vaddr) is not None
            self.names = image.names(vaddr)
            self.debug_only = not image.names(vaddr, debug=False)

    @property
    def key(self):
        """The same for all addresses of a function."""
        if not self.is_code or self.is_jit:
            return ("jit",) if self.is_jit else ("no code", self.pc)
        return (self.path, self.start) if self.start is not None else (self.path, "pc", self.off)

    def __str__(self):
        if not self.is_code:
            return f"{self.pc:#x} [no code]"
        if self.is_jit:
            return f"{self.pc:#x} [jit]"
        name = self.gdb_name or (self.names[0] if self.names else "??")
        return f"{name} ({os.path.basename(self.path)}+{self.off:#x})"
