#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every row that we compile says what readelf (binutils) says, for real files.

    test_cfi_readelf.py [FILE...]

For each file the whole list of rows is compared: addresses, CFA, return address, rbp (x29), rbx, and where code
without CFI begins. readelf's table leaves expressions out ("exp"); those come from its list of instructions. What we
call unsupported has to be one of the forms below that we know we don't support, and is counted.

Without arguments: files of the system, the vdso, and programs compiled here for their .debug_frame.
"""
import bisect
import collections
import glob
import os
import re
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
CFA_NONE, CFA_END, CFA_REG, CFA_DEREF, CFA_PLT, CFA_UNSUPPORTED = range(6)
RA_IN_REG, FP_SAVED, BX_SAVED, AT_SP, SIGNAL, RA_SIGNED, AT_FP = 1, 2, 4, 8, 16, 32, 64
NONE = (CFA_NONE,) + (0,) * 7
END = (CFA_END,) + (0,) * 7
UNSUPPORTED = (CFA_UNSUPPORTED,) + (0,) * 7
ENTRY = (CFA_REG, 7, 8, 0, 0, -1, 0, 0) # of x86-64; it also holds in the holes of clone() and clone3(), see cfi.c

class Machine:
    def __init__(self, names, ra, fp, bx, sp):
        self.names, self.ra, self.fp, self.bx, self.sp = names, ra, fp, bx, sp


MACHINES = {
    "X86-64": Machine(["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"] + [f"r{i}" for i in range(8, 16)] +
                      ["rip"], "rip", "rbp", "rbx", "rsp"),
    "AArch64": Machine([f"x{i}" for i in range(31)] + ["sp"], "x30", "x29", None, "sp"),
}

# Why a row may be unsupported: the cell of readelf's table, or the expression, by column.
KNOWN_UNSUPPORTED = {
    # OpenSSL's RSAZ and x25519: rbx or rbp kept in another register for a while.
    ("rbx", "register"), ("rbp", "register"),
    # OpenSSL's multi-buffer code: the stack pointer lies in a table indexed by r9.
    ("CFA", "DW_OP_breg7 (rsp): N; DW_OP_breg9 (r9): N; DW_OP_lit8; DW_OP_mul; DW_OP_plus; DW_OP_deref; "
            "DW_OP_plus_uconst: N"),
}

CORPUS = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libm.so.6",
          "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
          "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1", "/usr/bin/python3", "/usr/bin/perl", "/usr/bin/bash",
          "/usr/bin/x86_64-linux-gnu-ld.bfd", f"{BUILD}/dwell"]


def readelf(*args):
    done = subprocess.run(["readelf", *args], capture_output=True, text=True, errors="replace", timeout=120)
    return done.stdout


def machine_of(path):
    return MACHINES[re.search(r"Machine:.*\b(X86-64|AArch64)$", readelf("-hW", path), re.M)[1]]


def code_segments(path):
    """[(start, end)] of what is in the file of executable segments."""
    found = re.findall(r"^\s+LOAD\s+0x\w+ (0x\w+) 0x\w+ (0x\w+) 0x\w+ ([R ])([W ])(E)", readelf("-lW", path), re.M)
    return [(int(vaddr, 16), int(vaddr, 16) + int(size, 16)) for vaddr, size, *_ in found]


class Fde:
    def __init__(self, pc, end, signal, cie, is_debug):
        self.pc, self.end, self.signal, self.cie, self.is_debug = pc, end, signal, cie, is_debug
        self.rows = []  # (address, {column: cell})


def split_cells(columns, text):
    # A register is written as "r9 (r9)" or "r1 (rdx)".
    return dict(zip(columns, (re.sub(r"r(\d+) \(\w+\)", r"=r\1", text) if "(" in text else text).split()))


def parse_table(path):
    """The FDEs of .eh_frame and .debug_frame in readelf's interpretation."""
    cies, fdes, entry, columns = {}, [], None, None
    is_debug = False
    for line in readelf("-W", "--debug-dump=frames-interp", path).splitlines():
        if line.startswith("Contents of the"):
            is_debug = "debug_frame" in line
        if m := re.match(r'(\w+) \w+ \w+ CIE "(.*?)" cf=\d+ df=-\d+ ra=\d+', line):
            entry = cies[is_debug, int(m[1], 16)] = Fde(0, 0, "S" in m[2], None, is_debug)
        elif m := re.match(r"\w+ \w+ \w+ FDE cie=(\w+) pc=(\w+)\.\.(\w+)", line):
            cie = cies[is_debug, int(m[1], 16)]
            entry = Fde(int(m[2], 16), int(m[3], 16), cie.signal, cie, is_debug)
            fdes.append(entry)
        elif line.startswith("   LOC "):
            columns = line.split()[1:]
        elif m := re.match(r"([0-9a-f]{16}) (.*)", line):
            entry.rows.append((int(m[1], 16), split_cells(columns, m[2])))
    for fde in fdes:
        # Without instructions of its own a function has the row of its CIE.
        fde.rows = fde.rows or [(fde.pc, cells) for _, cells in fde.cie.rows]
    return fdes


class Instructions:
    """What readelf's table leaves out: expressions, explicitly undefined registers, signed return addresses."""

    def __init__(self, path):
        self.by_pc = {}  # pc of an FDE -> [(address, {register: expression or "undefined"})]
        cies = {}
        for line in readelf("-W", "--debug-dump=frames", path).splitlines():
            if line.startswith("Contents of the"):
                is_debug = "debug_frame" in line
            elif line.startswith("  DW_CFA_"):
                self.step(line.strip())
            elif m := re.match(r"\w+ \w+ \w+ FDE cie=(\w+) pc=(\w+)\.\.", line):
                self.begin(int(m[2], 16), cies[is_debug, m[1]])
                self.by_pc.setdefault((is_debug, int(m[2], 16)), self.states)
            elif m := re.match(r"(\w+) \w+ \w+ CIE", line):
                self.begin(0, {})
                cies[is_debug, m[1]] = self.now

    def begin(self, pc, initial):
        self.initial, self.now, self.remembered = initial, dict(initial), []
        self.states = [(pc, self.now)]

    def step(self, line):
        if m := re.match(r"DW_CFA_advance_loc\d?: \d+ to (\w+)", line):
            self.now = dict(self.now)
            self.states.append((int(m[1], 16), self.now))
        elif m := re.match(r"DW_CFA_def_cfa_expression \((.*)\)$", line):
            self.now["CFA"] = m[1]
        elif m := re.match(r"DW_CFA_expression: r\d+ \((\w+)\) \((.*)\)$", line):
            self.now[m[1]] = m[2]
        elif m := re.match(r"DW_CFA_(\w+): r\d+ \((\w+)\)", line):
            self.now.pop(m[2], None)
            if m[1] == "undefined":
                self.now[m[2]] = "undefined"
            elif m[1].startswith("restore") and m[2] in self.initial:
                self.now[m[2]] = self.initial[m[2]]
        elif line == "DW_CFA_AARCH64_negate_ra_state":
            self.now["signed"] = not self.now.get("signed")
        elif line == "DW_CFA_remember_state":
            self.remembered.append(dict(self.now))
        elif line == "DW_CFA_restore_state":
            self.now.clear()
            self.now.update(self.remembered.pop())

    def find(self, fde, address):
        states = self.by_pc[fde.is_debug, fde.pc]
        return states[bisect.bisect_right([a for a, _ in states], address) - 1][1]


def form(expression):
    return re.sub(r": -?\d+", ": N", expression)


def expect_cfa(machine, cell, expression):
    """(cfa, reg, off, add), or None."""
    if m := re.fullmatch(r"(\w+)([+-]\d+)", cell):
        return CFA_REG, machine.names.index(m[1]), int(m[2]), 0
    assert cell == "exp", cell
    if m := re.fullmatch(r"DW_OP_breg(\d+) \(\w+\): (-?\d+); DW_OP_deref(?:; DW_OP_plus_uconst: (\d+))?", expression):
        return CFA_DEREF, int(m[1]), int(m[2]), int(m[3] or 0)
    if m := re.fullmatch(r"DW_OP_breg7 \(rsp\): 8; DW_OP_breg16 \(rip\): 0; DW_OP_lit15; DW_OP_and; DW_OP_lit(\d+); "
                         r"DW_OP_ge; DW_OP_lit3; DW_OP_shl; DW_OP_plus", expression):
        return CFA_PLT, 7, 8, int(m[1])
    return None


def expect_register(machine, name, cell, said):
    """("cfa" or "sp", offset); "same"; "undefined"; or [why it is unsupported]."""
    if m := re.fullmatch(r"c([+-]\d+)", cell):
        return "cfa", int(m[1])
    if cell.startswith("="):
        return ("in", int(cell[2:]) * 8) if name == machine.ra == "rip" else ["register"]
    if cell == "exp":
        for base, register in (("sp", machine.sp), ("fp", machine.fp)):
            m = re.fullmatch(rf"DW_OP_breg\d+ \({register}\): (-?\d+)", said[name])
            if m and (base == "sp" or name != machine.ra):
                return base, int(m[1])
        return [form(said[name])]
    assert cell in ("u", "s"), cell
    return "undefined" if cell == "u" and said.get(name) == "undefined" else "same"


def expect_row(machine, signal, cells, said, reasons):
    """The members of struct unwind_rule. Counts in @reasons why it is unsupported."""
    where = {}
    why = []
    for column, name in (("ra", machine.ra), (machine.fp, machine.fp), (machine.bx, machine.bx)):
        found = expect_register(machine, name, cells.get(column, "u"), said)
        if isinstance(found, list):
            why.append((column, found[0]))
        elif isinstance(found, tuple):
            where[name] = found
        elif column == "ra" and found == "undefined":
            return END
    cfa = expect_cfa(machine, cells["CFA"], said.get("CFA"))
    if not cfa:
        why.append(("CFA", form(said["CFA"])))
    if why:
        reasons.update(why)
        return UNSUPPORTED
    assert machine.ra in where or machine.ra == "x30", "no return address"
    bases = {base for name, (base, _) in where.items() if name != machine.ra}
    ra_base = where.get(machine.ra, ("in", 0))[0]
    assert len(bases) <= 1 and (ra_base == "in" or not bases or bases in ({ra_base}, {"fp"})), where
    flags = (SIGNAL * signal + RA_IN_REG * (ra_base == "in") + FP_SAVED * (machine.fp in where) +
             BX_SAVED * (machine.bx in where) + AT_SP * ("sp" in bases or ra_base == "sp") +
             AT_FP * ("fp" in bases) + RA_SIGNED * bool(said.get("signed")))
    words = [where.get(name, (0, 0))[1] // 8 for name in (machine.ra, machine.fp, machine.bx)]
    return (cfa[0], cfa[1], cfa[2], cfa[3], flags, *words)


def functions(path):
    """The FDEs of code in the file, by address; those of .debug_frame only outside of what .eh_frame covers."""
    segments = code_segments(path)
    found, covered = [], 0
    for fde in sorted(parse_table(path), key=lambda f: (f.pc, f.is_debug)):
        if not fde.end > fde.pc > 0 or not any(a <= fde.pc < b for a, b in segments):
            continue
        if not fde.is_debug:
            covered = max(covered, fde.end)
        elif fde.pc < covered:
            continue
        found.append(fde)
    return found


def expect(path):
    """[(address, members)] as we should have them, and Counter of the reasons for "unsupported"."""
    machine, instructions = machine_of(path), Instructions(path)
    cache = {}

    def row(fde, address, cells):
        said = instructions.find(fde, address)
        key = fde.signal, *cells.items(), *said.items()
        if key not in cache or cache[key] == UNSUPPORTED:
            cache[key] = expect_row(machine, fde.signal, cells, said, reasons)
        return cache[key]

    fdes = functions(path)
    rows, reasons = [], collections.Counter()
    for i, fde in enumerate(fdes):
        following = fdes[i + 1].pc if i + 1 < len(fdes) else 1 << 64
        assert following > fde.pc, f"two FDEs at {fde.pc:x}"
        for address, cells in fde.rows:
            # Of rows without code readelf prints each, and the last one holds.
            while rows and rows[-1][0] == address:
                rows.pop()
            if address < min(fde.end, following):
                rows.append((address, row(fde, address, cells)))
        hole = machine.ra == "rip" and following - fde.end <= 32 and following % 16 and rows and rows[-1][1] == ENTRY
        if fde.end < following and not hole:
            rows.append((fde.end, NONE))
    return [row for i, row in enumerate(rows) if row[1] != (rows[i - 1][1] if i else NONE)], reasons


def compiled(path):
    done = subprocess.run([f"{BUILD}/tests/unit/dump_cfi", path], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{path}: {done.stdout[-300:]} {done.stderr}"
    *lines, total = done.stdout.splitlines()
    rows = []
    for line in lines:
        address, *members = line.split()
        rows.append((int(address, 16), tuple(map(int, members))))
    return rows, re.fullmatch(r"total: (\d+) unsupported, (\d+) bad", total)


def compare(path):
    expected, reasons = expect(path)
    got, total = compiled(path)
    unknown = set(reasons) - KNOWN_UNSUPPORTED
    assert not unknown, f"{path}: forms that are not in KNOWN_UNSUPPORTED: {unknown}"
    for a, b in zip(expected, got):
        assert a == b, f"{path}: readelf {a[0]:x} {a[1]}, we {b[0]:x} {b[1]}"
    assert len(expected) == len(got), f"{path}: readelf has {len(expected)} rows, we {len(got)}"
    assert int(total[2]) == 0, f"{path}: {total[0]}"
    unsupported = sum(row[1] == UNSUPPORTED for row in expected)
    assert int(total[1]) == unsupported, f"{path}: {total[0]}, expected {unsupported}"
    print(f"{path}: {len(got)} rows equal, {unsupported} of them unsupported")
    for (column, why), count in sorted(reasons.items()):
        print(f"    {count} x {column}: {why}")
    return len(got)


SAMPLE = """
#include <stdio.h>
__attribute__((noinline)) static int deep(int n, const char *s) { char b[64 + n]; return snprintf(b, 64, "%s", s) + n; }
int main(int argc, char **argv) { return argc > 1 ? deep(argc, argv[1]) : deep(1, "x") * argc; }
"""
SAMPLES = {"debug_frame": ["-g", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
           "debug_frame_packed": ["-g", "-gz=zlib", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
           "static": ["-static"]}


def make_samples(directory):
    for name, flags in SAMPLES.items():
        subprocess.run([*os.environ.get("CC", "gcc").split(), "-O2", *flags, "-x", "c", "-", "-o", f"{directory}/{name}"],
                       input=SAMPLE, text=True, check=True, timeout=60)
        has_debug = any(f.is_debug for f in functions(f"{directory}/{name}"))
        assert has_debug == ("debug" in name), f"{name}: .debug_frame {has_debug}"
        yield f"{directory}/{name}"
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        if m := re.search(r"^(\w+)-(\w+) .*\[vdso\]$", maps.read(), re.M):
            memory.seek(int(m[1], 16))
            with open(f"{directory}/vdso", "wb") as f:
                f.write(memory.read(int(m[2], 16) - int(m[1], 16)))
            yield f"{directory}/vdso"


def main():
    if sys.argv[1:]:
        for path in sys.argv[1:]:
            compare(path)
        return
    seen = {os.path.realpath(p) for pattern in CORPUS for p in sorted(glob.glob(pattern))}
    assert len(seen) >= 5, f"only {seen}"
    with tempfile.TemporaryDirectory() as directory:
        rows = [compare(path) for path in [*make_samples(directory), *sorted(seen)]]
    print(f"{len(rows)} files, {sum(rows)} rows")


if os.uname().machine != "x86_64":
    print("needs x86-64 files")
    sys.exit(77)
main()
