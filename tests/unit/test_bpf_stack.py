#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The stack of our BPF programs, over all calls: less than the verifiers of all kernels allow.

Up to Linux 6.12 the frames of a chain of calls, callbacks of bpf_loop() among them, may take 512 bytes together
(check_max_stack_depth() in kernel/bpf/verifier.c); later ones give some programs a stack of their own, so that one which is too
deep shows nowhere but in guests. Here it is added up from the objects.

    test_bpf_stack.py [OBJECT...]
"""
import glob
import os
import struct
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
LIMIT = 512  # MAX_BPF_STACK
BUDGET = LIMIT - 32  # of ours: another compiler may want a word more somewhere, which is a step of the below
ROUND = 32  # of each frame, where the verifier does not know that the JIT needs less
FRAMES = 8  # MAX_CALL_FRAMES
OBJECTS_MIN = 10

FUNC, SECTION, EXECUTABLE = 2, 3, 4  # STT_FUNC, STT_SECTION, SHF_EXECINSTR
LD_IMM64, CALL, MOV, ADD = 0x18, 0x85, 0xbf, 0x07
MEMORY = {0x60, 0xc0}  # BPF_MEM, BPF_ATOMIC
FRAME_POINTER = 10


class Function:
    def __init__(self, name):
        self.name = name
        self.depth = 0
        self.calls = set()


class Object:
    """An ELF file of LLVM's: its functions, how deep their frames are and whom they call."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.sections = self.read_sections()
        self.symbols = self.read_symbols()
        self.at = {(s, value): Function(name) for name, kind, s, value, _ in self.symbols if kind == FUNC}
        for i, head in enumerate(self.sections):
            if head[2] & EXECUTABLE:
                self.read_code(i)

    def read_sections(self):
        begin, = struct.unpack_from("<Q", self.data, 40)
        cnt, = struct.unpack_from("<H", self.data, 60)
        return [struct.unpack_from("<IIQQQQIIQQ", self.data, begin + 64 * i) for i in range(cnt)]

    def read_symbols(self):
        """[(name, type, section, value, size)]"""
        table = next(s for s in self.sections if s[1] == 2)  # SHT_SYMTAB
        strings = self.sections[table[6]][4]
        found = []
        for at in range(table[4], table[4] + table[5], 24):
            name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
            end = self.data.index(b"\0", strings + name)
            found.append((self.data[strings + name:end].decode(), info & 15, section, value, size))
        return found

    def relocations(self, section):
        """{offset in the section: symbol}"""
        found = {}
        for s in self.sections:
            if s[1] == 9 and s[7] == section:  # SHT_REL
                for at in range(s[4], s[4] + s[5], 16):
                    offset, info = struct.unpack_from("<QQ", self.data, at)
                    found[offset] = self.symbols[info >> 32]
        return found

    def read_code(self, section):
        moved = self.relocations(section)
        for _, kind, s, value, size in self.symbols:
            if kind == FUNC and s == section:
                self.read_function(section, value, size, moved)

    def read_function(self, section, begin, size, moved):
        function = self.at[section, begin]
        pointers = {FRAME_POINTER}
        for at in range(begin, begin + size, 8):
            code, registers, offset, number = struct.unpack_from("<BBhi", self.data, self.sections[section][4] + at)
            to, of = registers & 15, registers >> 4
            symbol = moved.get(at)
            base = of if code & 7 == 1 else to if code & 7 in (2, 3) else None  # loads, stores
            if base == FRAME_POINTER and code & 0xe0 in MEMORY:
                function.depth = max(function.depth, -offset)
            elif code == MOV:
                pointers.discard(to)
                pointers |= {to} if of == FRAME_POINTER else set()
            elif code == ADD and to in pointers - {FRAME_POINTER}:
                pointers.discard(to)
                function.depth = max(function.depth, -number)
            elif code == CALL and of == 1:
                self.add_call(function, section, at, number, symbol)
            elif code == LD_IMM64 and symbol and symbol[1] in (FUNC, SECTION):
                # A function's address: a callback. Sections of data have no functions.
                callback = self.at.get((symbol[2], symbol[3] + number))
                function.calls |= {callback} if callback else set()

    def add_call(self, function, section, at, number, symbol):
        if not symbol:
            callee = self.at[section, at + 8 * (number + 1)]
        elif symbol[1] == SECTION:
            callee = self.at[symbol[2], 8 * (number + 1)]
        else:
            callee = self.at.get((symbol[2], symbol[3]))  # none: a function of the kernel's
        function.calls |= {callee} if callee else set()

    def programs(self):
        """Functions of sections of their own, which the kernel calls."""
        return [self.at[s, value] for _, kind, s, value, _ in self.symbols
                if kind == FUNC and s in self.entries()]

    def entries(self):
        names = self.sections[struct.unpack_from("<H", self.data, 62)[0]][4]
        return {i for i, s in enumerate(self.sections)
                if s[2] & EXECUTABLE and not self.data.startswith(b".text\0", names + s[0])}


def deepest(function, above=()):
    """The chain of calls from a function on whose frames take most: [(name, bytes)]."""
    assert function not in above, f"{function.name} calls itself"
    chains = [deepest(f, (*above, function)) for f in function.calls]
    return [(function.name, max(ROUND, -(-function.depth // ROUND) * ROUND))] + max(chains, key=total, default=[])


def longest(function):
    return 1 + max((longest(f) for f in function.calls), default=0)


def total(chain):
    return sum(size for _, size in chain)


def shown(chain):
    return f"{total(chain)}: " + ", ".join(f"{name} {size}" for name, size in chain)


# A program that calls a function, and a helper with a callback; and the frames that they take, by an access to the lowest word.
SOURCE = """
#define TAKE(size, value) asm volatile("*(u64 *)(r10 - " #size ") = %0" ::"r"(value) : "memory")
static __attribute__((noinline)) int last(int i) { TAKE(96, (long)i); return i; }
static __attribute__((noinline)) int callback(int i, void *c) { TAKE(40, (long)i); return last(i) + 1; }
static __attribute__((noinline)) int other(int i) { TAKE(120, (long)i); return i; }
__attribute__((section("raw_tp/a"))) int program(int *c)
{
	char b[160];
	return ((long (*)(int, void *, void *, long))181)(other(*c), callback, b, 0);
}
__attribute__((section("raw_tp/b"))) int leaf(int *c) { return *c; }
"""
DEEPEST = {"program": [("program", 160), ("callback", 64), ("last", 96)], "leaf": [("leaf", 32)]}


def check_reader():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.o")
        subprocess.run([os.environ.get("CLANG", "clang"), "-target", "bpf", "-O2", "-xc", "-", "-c", "-o", path],
                       input=SOURCE, text=True, check=True)
        found = {p.name: deepest(p) for p in Object(path).programs()}
    assert found == DEEPEST, f"read: {found}, compiled: {DEEPEST}"


def main():
    if not sys.argv[1:]:
        check_reader()
    paths = sys.argv[1:] or sorted(glob.glob(os.path.join(BUILD, "bpf", "*.bpf.o")))
    bad = []
    for path in paths:
        chains = {p.name: (deepest(p), longest(p)) for p in Object(path).programs()}
        assert chains, f"{path}: no programs"
        chain, _ = max(chains.values(), key=lambda c: total(c[0]))
        print(f"{os.path.basename(path)}: {shown(chain)}")
        bad += [f"{os.path.basename(path)}: {shown(c)}" for c, _ in chains.values() if total(c) > BUDGET]
        bad += [f"{os.path.basename(path)}: {name}: {n} calls deep" for name, (_, n) in chains.items() if n > FRAMES]
    if len(paths) < OBJECTS_MIN and not sys.argv[1:]:
        sys.exit(f"{len(paths)} objects in {BUILD}/bpf")
    if bad:
        sys.exit("\n".join([f"above {BUDGET} of {LIMIT} bytes, or {FRAMES} calls:", *bad]))


main()
