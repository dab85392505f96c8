#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 120
"""`dwell report --symbol-path` and its relatives: recordings with modules of Windows get names by PDBs that clang and lld make here."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import BUILD, DWELL, case, check, check_equal, main, scratch, skip  # noqa: E402

MAKE = os.path.join(BUILD, "tests", "unit", "make_windows")
DUMP = os.path.join(BUILD, "tests", "unit", "dump_pdb")
SOURCE = """
namespace app {
template <class T> struct Queue { T last; __attribute__((noinline)) T pop(T t) { return last += t; } };
__attribute__((noinline)) static int wait(int n) { Queue<int> q{n};
  return q.pop(n) + 1; }
}
extern "C" __declspec(dllexport) __attribute__((noinline)) int Serve(int n) {
  return app::wait(n) * 2;
}
extern "C" int entry(void) { return Serve(4); }
"""


def tool(name):
    return shutil.which(name) or shutil.which(name + "-14") or skip(f"{name} is not here")


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=scratch())
    check(done.returncode == 0, f"{command}: {done.stderr[-600:]}")
    return done.stdout


def dwell(*args, status=0, env=None):
    """(stdout, stderr)"""
    env = {k: v for k, v in os.environ.items() if k != "_NT_SYMBOL_PATH"} | (env or {})
    done = subprocess.run([DWELL, *args], capture_output=True, text=True, timeout=60, cwd=scratch(), env=env)
    check(done.returncode == status, f"dwell {args}: {done.returncode}: {done.stderr}")
    return done.stdout, done.stderr


class Program:
    """app.exe and app.pdb in a directory of their own."""
    def __init__(self, name, text=SOURCE):
        self.dir = scratch(name)
        os.makedirs(self.dir)
        source = os.path.join(self.dir, "app.cpp")
        with open(source, "w") as f:
            f.write(text)
        obj = os.path.join(self.dir, "app.obj")
        run(tool("clang"), "--target=x86_64-pc-windows-msvc", "-O1", "-g", "-gcodeview", "-fno-exceptions", "-c", source, "-o", obj)
        run(tool("lld-link"), "/nodefaultlib", "/entry:entry", "/subsystem:console", "/debug", f"/pdb:{self.dir}/app.pdb",
            f"/out:{self.dir}/app.exe", obj)
        rows = [line.split("\t") for line in run(DUMP, f"{self.dir}/app.exe").splitlines()]
        self.stamp, self.bytes = next((int(r[1]), int(r[2])) for r in rows if r[0] == "pe")
        self.guid, self.age = next((r[1], int(r[2])) for r in rows if r[0] == "id")
        self.rva = {}
        for line in run(DUMP, f"{self.dir}/app.pdb").splitlines():
            r = line.split("\t")
            if r[0] == "proc":
                self.rva[r[5]] = 4096 + int(r[2]), 4096 + int(r[2]) + int(r[3])

    @property
    def id(self):
        return self.guid + self.age.to_bytes(4, "little").hex()

    @property
    def image_id(self):
        return (self.stamp.to_bytes(4, "little") + self.bytes.to_bytes(4, "little")).hex()

    @property
    def key(self):
        g = bytes.fromhex(self.guid)
        return (g[3::-1] + g[5:3:-1] + g[7:5:-1] + g[8:]).hex().upper() + f"{self.age:X}"


def program():
    if not os.path.exists(scratch("built")):
        program.made = Program("built")
    return program.made


def recording(name, identity, *waits):
    run(MAKE, name, identity, *(str(part) for wait in waits for part in wait))
    return scratch(name)


def usual():
    """A wait in app::wait and one that returns right behind the end of Serve."""
    p = program()
    return recording("usual.dwell", p.id, ("/c/app.exe", f"{p.rva['app::wait'][0] + 1:x}", 50))


def folded(*args, env=None):
    out, err = dwell("report", "-f", *args, env=env)
    return [line.replace(";[Missed Kernel Stack]", "") for line in out.splitlines()], err


# ---- cases ----

@case
def names_by_pdb():
    p, r = program(), usual()
    nameless = [f"app;app.exe+{p.rva['app::wait'][0] + 1:#x} 50000"]
    check_equal(folded(r)[0], nameless, "without")
    for path in (p.dir, f"/nowhere;{p.dir}", f"srv*{p.dir}*https://example.com/symbols", f"cache*{p.dir};srv*https://example.com"):
        check_equal(folded(r, "--symbol-path", path)[0], ["app;app::wait 50000"], path)
    check_equal(folded(r, env={"_NT_SYMBOL_PATH": p.dir})[0], ["app;app::wait 50000"], "the environment")
    check_equal(folded(r, "--symbol-path", "/nowhere", env={"_NT_SYMBOL_PATH": p.dir})[0], nameless, "the option goes before")
    _, err = dwell("report", "-v", "-f", r, "--symbol-path", f"srv*{p.dir}*https://example.com/symbols")
    check_equal(err.count("nothing is fetched from https://example.com/symbols"), 1, err)


@case
def both_edges_of_each_function():
    p = program()
    for name, (start, end) in p.rva.items():
        shown = {f"{n}" for n, (s, _) in p.rva.items()}
        r = recording("edges.dwell", p.id, ("/c/app.exe", f"{start + 1:x}", 1))
        check_equal(folded(r, "--symbol-path", p.dir)[0], [f"app;{name} 1000"], f"{name}: the first return address")
        r = recording("edges.dwell", p.id, ("/c/app.exe", f"{end:x}", 1))
        check_equal(folded(r, "--symbol-path", p.dir)[0], [f"app;{name} 1000"], f"{name}: the last one")
        check({"app::wait", "Serve", "entry", "app::Queue<int>::pop"} <= shown, f"{shown}")


@case
def lines():
    p, r = program(), usual()
    check_equal(folded(r, "--symbol-path", p.dir, "--lines")[0], ["app;app::wait (app.cpp:4) 50000"], "lines")


@case
def a_store():
    """As a symbol server's cache has it; of a module of which only time stamp and size are known the binary leads there."""
    p = program()
    store = scratch("store")
    where = os.path.join(store, "APP.pdb", p.key)
    os.makedirs(where)
    shutil.copy(f"{p.dir}/app.pdb", where)
    check_equal(folded(usual(), "--symbol-path", f"srv*{store}")[0], ["app;app::wait 50000"], "GUID and age")
    r = recording("image.dwell", p.image_id, ("/c/app.exe", f"{p.rva['app::wait'][0] + 1:x}", 50))
    check_equal(len(folded(r, "--symbol-path", f"srv*{store}")[0][0].split("+0x")), 2, "no binary")
    where = os.path.join(store, "app.exe", f"{p.stamp:08X}{p.bytes:x}")
    os.makedirs(where)
    shutil.copy(f"{p.dir}/app.exe", where)
    check_equal(folded(r, "--symbol-path", f"srv*{store}")[0], ["app;app::wait 50000"], "time stamp and size")


@case
def exports():
    p = program()
    only = scratch("binary")
    os.makedirs(only)
    shutil.copy(f"{p.dir}/app.exe", only)
    # entry is not exported: the nearest one before it, marked.
    r = recording("exports.dwell", p.id, ("/c/app.exe", f"{p.rva['entry'][0] + 1:x}", 50))
    check_equal(folded(r, "--symbol-path", only)[0], ["app;~Serve 50000"], "exports")


@case
def recorded_names():
    """They stay, but a PDB knows better; exports don't."""
    p = program()
    r = recording("recorded.dwell", p.id, ("noted@/c/app.exe", f"{p.rva['entry'][0] + 1:x}", 50))
    check_equal(folded(r)[0], ["app;noted 50000"], "alone")
    check_equal(folded(r, "--symbol-path", scratch("binary"))[0], ["app;noted 50000"], "beside exports")
    check_equal(folded(r, "--symbol-path", p.dir)[0], ["app;entry 50000"], "beside the PDB")
    check("--symbol-path" not in folded(r)[1], "nothing is missing")


@case
def another_build():
    r = usual()
    other = Program("other", SOURCE.replace("return q.pop(n) + 1;", "return q.pop(n) + 2;"))
    out, err = folded(r, "--symbol-path", other.dir)
    check("app.exe+0x" in out[0], out)
    check("of another build" in err, err)
    with open(os.path.join(other.dir, "app.pdb"), "wb") as f:
        f.write(b"Microsoft MSFZ Container\r\n\x1aALD\0\0" + bytes(4096))
    out, err = folded(r, "--symbol-path", other.dir)
    check("app.exe+0x" in out[0], out)
    check(re.search(r"^dwell: symbols: .*/other/app\.pdb is a compressed PDB \(MSFZ\).*uncompressed", err, re.M), err)


@case
def hint():
    p = program()
    r = recording("hint.dwell", p.id, ("/c/small.dll", "1001", 10), ("/c/large.dll", "1001", 30), ("!/w/ntoskrnl.exe", "1001", 20))
    _, err = dwell("report", "-f", r)
    key = p.key[:6] + f"{int(p.key[6:8], 16) + 1:02X}" + p.key[8:]
    hints = [line for line in err.splitlines() if "--symbol-path" in line]
    check_equal(hints, [f"symbols: most needed is the PDB of large.dll, GUID and age {key}, and 2 more modules have none. Give where it "
                        "is: --symbol-path DIR"], "hint")
    check("--symbol-path" not in dwell("report", "-q", "-f", r)[1], "it is quiet")
    check_equal(dwell("report", "-f", r, r)[1].count("--symbol-path"), 1, "two files, one hint")
    check_equal(dwell("diff", "-f", r, r)[1].count("--symbol-path"), 1, "nor does diff say it twice")
    check("--symbol-path" not in folded(usual(), "--symbol-path", p.dir)[1], "nothing is missing")


@case
def diff_and_check():
    p, r = program(), usual()
    out, _ = dwell("diff", "-f", "--symbol-path", p.dir, r, r)
    check("app::wait" in out, out)
    # One wait is too little to tell, but it is found by its name.
    for path, waits in ((p.dir, 1), ("/nowhere", 0)):
        out, _ = dwell("check", "--stack", "app::wait", "--json", "--symbol-path", path, r, r, status=3)
        check_equal(json.loads(out)["base_waits"], waits, path)


@case
def too_many_directories():
    _, err = dwell("report", usual(), "--symbol-path", ";".join("abcdefgh" for _ in range(100)), status=1)
    check("--symbol-path: more than 64 directories" in err, err)


main()
