#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Programs of Windows and their PDBs, made here by clang and lld, as our readers have them beside LLVM's: every public symbol,
procedure and line, exports and COFF symbols.
"""
import collections
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, case, check, check_equal, main, scratch, skip  # noqa: E402

DUMP = os.path.join(BUILD, "tests", "unit", "dump_pdb")

HEADER = """
namespace ns {
template <class T> struct Box {
  T v;
  __attribute__((noinline)) T get(int n) { return v + n; }
  __attribute__((noinline)) bool operator==(const Box &o) const { return v == o.v; }
  __attribute__((noinline)) ~Box() { sink(); }
  static void sink();
};
extern int counter;
template <class T> __attribute__((noinline)) void Box<T>::sink() { counter++; }
__attribute__((always_inline)) inline int inlined(int a) {
  counter += a;
  return counter * a;
}
int visible(int a);
}
extern "C" __declspec(dllexport) int plain(int a);
"""
MAIN = """
#include "box.h"
static __attribute__((noinline)) int quiet(int a) {
  return plain(a) +
         ns::visible(a);
}
extern "C" __declspec(dllexport) int exported_data = 7;
extern "C" int entry(void) {
  return quiet(3) + exported_data;
}
"""
OTHER = """
#include "box.h"
int ns::counter = 1;
namespace {
__attribute__((noinline)) int hidden(int a) {
  int b = ns::inlined(a);
  return b * 2;
}
}
int ns::visible(int a) { return hidden(a) + 1; }
int plain(int a) {
  ns::Box<int> b{a};
#line 4000 "elsewhere/generated.y"
  a += b.get(2);
#line 20 "other.cpp"
  return a + (b == b);
}
"""


def tool(name):
    return shutil.which(name) or shutil.which(name + "-14") or skip(f"{name} is not here")


def write(name, text):
    path = scratch(name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    return path


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=200, cwd=scratch())
    check(done.returncode == 0, f"{command}: {done.stderr[-600:]}")
    return done.stdout


def build(name, sources, *, target="x86_64-pc-windows-msvc", flags=("-O1", "-g", "-gcodeview"), link=("/debug",)):
    """Path of a program without a runtime library, and of its PDB."""
    objects = []
    for source in sources:
        objects.append(f"{name}-{os.path.basename(source)}.obj")
        run(tool("clang"), f"--target={target}", *flags, "-fno-exceptions", "-I.", "-c", source, "-o", objects[-1])
    run(tool("lld-link"), "/nodefaultlib", "/entry:entry", "/subsystem:console", f"/pdb:{name}.pdb", f"/out:{name}.exe",
        "/dynamicbase", *link, *objects)
    return scratch(f"{name}.exe"), scratch(f"{name}.pdb")


def usual_sources():
    write("box.h", HEADER)
    return [write("main.cpp", MAIN), write("other.cpp", OTHER)]


# ---- what we say ----

class Ours:
    def __init__(self, path):
        self.rows = collections.defaultdict(list)
        for line in run(DUMP, path).splitlines():
            kind, *fields = line.split("\t")
            if kind == "line":
                # Runs of code with one line, by procedure.
                self.rows["proc"][-1][5].append((int(fields[0]), int(fields[1]), fields[2]))
            else:
                self.rows[kind].append(fields + [[]] if kind == "proc" else fields)
        check(not self.rows["bad"], f"{path}: {self.rows['bad']}")

    def address(self, segment, offset):
        return int(self.rows["section"][int(segment) - 1][0]) + int(offset)


# ---- what LLVM says ----

def llvm_symbols(pdb):
    """Public symbols and procedures, as in our rows."""
    publics, procedures, last = [], [], None
    for line in run(tool("llvm-pdbutil"), "dump", "-publics", "-symbols", pdb).splitlines():
        if m := re.match(r"\s*\d+ \| (S_\w+) \[size = \d+\] `(.*)`$", line):
            last = m
        elif last and last[1] == "S_PUB32" and (m := re.match(r"\s+flags = (.*), addr = (\d+):(\d+)", line)):
            publics.append([str(int(m[2])), str(int(m[3])), str(int("function" in m[1] or "code" in m[1])), last[2]])
        elif last and re.match(r"S_[GL]PROC32", last[1]) and (m := re.search(r"addr = (\d+):(\d+), code size = (\d+)", line)):
            procedures.append([str(int(m[1])), str(int(m[2])), m[3], str(int("GPROC" in last[1])), last[2]])
    return publics, procedures


def llvm_lines(pdb):
    """{(segment, offset): {(line, file)}} for each byte of code that has one; several where equal functions of several units are one."""
    stretches, path, where, unit = collections.defaultdict(list), None, None, None
    for line in run(tool("llvm-pdbutil"), "dump", "-l", pdb).splitlines():
        if line.startswith("Mod "):
            unit = line
        elif m := re.match(r"\s*(\w+):(\w+)-(\w+), line/addr entries = \d+", line):
            where = unit, int(m[1], 16), int(m[2], 16), int(m[3], 16)
        elif m := re.match(r"(\S.*?) \((?:MD5|SHA-\d+|no checksum).*\)$", line):
            path = m[1]
        elif where and re.match(r"\s+(\d+|NSI|ASI) [0-9A-F]{8}", line):
            # Numbers that mean that a debugger should not stop there have names.
            for number, offset in re.findall(r"(\d+|NSI|ASI) ([0-9A-F]{8})", line):
                stretches[where].append((int(offset, 16), int(number) if number.isdigit() else 0, path))
    found = collections.defaultdict(set)
    for (_, segment, start, end), entries in stretches.items():
        entries.sort(key=lambda e: e[0])
        for i, (offset, number, name) in enumerate(entries):
            until = entries[i + 1][0] if i + 1 < len(entries) else end
            for at in range(max(offset, start), min(until, end)):
                # 0 is what compilers write where there is no line.
                found[segment, at].add((number, name) if number else None)
    return found


def check_pdb(exe, pdb, at_least):
    ours = Ours(pdb)
    publics, procedures = llvm_symbols(pdb)
    check(len(procedures) >= at_least and len(publics) >= 2, f"{pdb}: only {len(procedures)}, {len(publics)}")
    check_equal(sorted(ours.rows["public"]), sorted(publics), f"{pdb}: public symbols")
    check_equal(sorted(p[:5] for p in ours.rows["proc"]), sorted(procedures), f"{pdb}: procedures")
    lines, compared = llvm_lines(pdb), 0
    for segment, offset, size, _, name, runs in ours.rows["proc"]:
        base = ours.address(segment, 0)
        for (rva, number, path), following in zip(runs, [*runs[1:], (base + int(offset) + int(size), 0, "")]):
            for at in range(rva - base, following[0] - base):
                expected, got = lines.get((int(segment), at), {None}), (number, path) if number else None
                check(got in expected, f"{pdb}: line of {name}: {at:#x} is {got}, expected {expected}")
                compared += 1
    program = Ours(exe)
    check_equal(program.rows["id"][0][:2], ours.rows["pdb"][0], f"{exe}: its PDB")
    return ours, program, compared


# ---- cases ----

@case
def publics_procedures_lines():
    sources = usual_sources()
    for target in ("x86_64-pc-windows-msvc", "i686-pc-windows-msvc", "aarch64-pc-windows-msvc"):
        for page in ("4096", "8192"):
            ours, _, compared = check_pdb(*build(f"{target[:4]}-{page}", sources, target=target,
                                                 link=("/debug", f"/pdbpagesize:{page}")), 8)
            check(compared > 100, f"{target}: {compared} bytes of code")
            names = {row[4] for row in ours.rows["proc"]}
            check({"quiet", "`anonymous namespace'::hidden", "ns::Box<int>::get"} <= names, f"{names}")
            places = {(n, os.path.basename(path)) for row in ours.rows["proc"] for _, n, path in row[5]}
            check({(4000, "generated.y"), (7, "other.cpp"), (11, "box.h")} <= places, f"{target}: {places}")


@case
def a_pdb_of_mingw():
    sources = usual_sources()
    objects = []
    for source in sources:
        objects.append(f"mingw-{os.path.basename(source)}.o")
        run(tool("clang"), "--target=x86_64-w64-mingw32", "-O1", "-g", "-gcodeview", "-fno-exceptions", "-c", source, "-o", objects[-1])
    run(tool("ld.lld"), "-m", "i386pep", "-e", "entry", "--pdb=mingw.pdb", "-o", "mingw.exe", *objects)
    check_pdb(scratch("mingw.exe"), scratch("mingw.pdb"), 8)


@case
def many_symbols():
    """More than fits a window, and streams of many blocks."""
    text = "".join(f"extern \"C\" __attribute__((noinline)) int number_{i:05}_{'x' * (i % 200)}(int a) {{ return a + {i}; }}\n"
                   for i in range(6000))
    calls = "+".join(f"number_{i:05}_{'x' * (i % 200)}(1)" for i in range(0, 6000, 1000))
    source = write("many.cpp", text + f'extern "C" int entry(void) {{ return {calls}; }}\n')
    _, _, compared = check_pdb(*build("many", [source], link=("/debug", "/opt:noref")), 6000)
    check(compared > 20000, f"{compared} bytes")


@case
def exports():
    exe, _ = build("exports", usual_sources(), link=("/debug", "/export:entry", "/export:away=kernel32.Sleep"))
    expected = set()
    readobj = run(tool("llvm-readobj"), "--coff-exports", exe)
    for m in re.finditer(r"Name: (\S+)(?:\s+ForwardedTo: (\S+))?\s+RVA: (0x\w+)", readobj):
        # The readobj of LLVM 14 doesn't tell what is another file's.
        if not m[2] and m[1] not in ("exported_data", "away"):
            expected.add((str(int(m[3], 16)), m[1]))
    check({"entry", "plain"} <= {n for _, n in expected}, f"{expected}")
    check("away" in readobj and "exported_data" in readobj, readobj)
    check_equal({tuple(row) for row in Ours(exe).rows["export"]}, expected, "exports")


def check_coff(name, *expected_names):
    """Its functions are those that objdump tells."""
    base = int(re.search(r"^ImageBase\s+(\w+)", run(tool("llvm-objdump"), "-p", name), re.M)[1], 16)
    sections = [int(m[1], 16) - base for m in re.finditer(r"^\s*\d+ \S*\s+\w{8} (\w+)", run(tool("llvm-objdump"), "-h", name), re.M)]
    expected = set()
    for m in re.finditer(r"\[\s*\d+\]\(sec\s+(\d+)\)\(fl 0x\w+\)\(ty\s+20\)\(scl\s+([23])\) \(nx \d+\) (0x\w+) (\S+)",
                         run(tool("llvm-objdump"), "-t", name)):
        if m[1] != "0":
            expected.add((str(sections[int(m[1]) - 1] + int(m[3], 16)), str(int(m[2] == "2")), m[4]))
    check(set(expected_names) <= {n for _, _, n in expected}, f"{expected}")
    check_equal({tuple(row) for row in Ours(scratch(name)).rows["symbol"]}, expected, f"{name}: symbols")


@case
def symbols_of_coff():
    """As lld writes them when there is no PDB."""
    objects = []
    for source in usual_sources():
        objects.append(f"coff-{os.path.basename(source)}.o")
        run(tool("clang"), "--target=x86_64-w64-mingw32", "-O1", "-g", "-fno-exceptions", "-c", source, "-o", objects[-1])
    run(tool("ld.lld"), "-m", "i386pep", "-e", "entry", "-o", "coff.exe", *objects)
    check_coff("coff.exe", "entry", "plain", "_ZN2ns7visibleEi")


@case
def symbols_of_gcc():
    """As gcc and ld of mingw-w64 do, with all of its runtime."""
    if not shutil.which("x86_64-w64-mingw32-gcc"):
        skip("x86_64-w64-mingw32-gcc is not here")
    source = write("gcc.c", "static int deep(int n) { return n * 3; }\nint a_function_with_a_name(int n) { return deep(n) + 1; }\n"
                            "int main(int argc, char **argv) { (void)argv; return a_function_with_a_name(argc); }\n")
    run("x86_64-w64-mingw32-gcc", "-O0", "-g", source, "-o", "gcc.exe")
    check_coff("gcc.exe", "main", "deep", "a_function_with_a_name")


main()
