#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The program has what compiler and linker can do against attacks, read out of the program itself."""
import glob
import os
import re
import shutil
import subprocess

from livetest import BUILD, DWELL, ROOT, case, check, check_equal, main, read, scratch, skip

CC = os.environ.get("CC", "gcc").split()


def readelf(*args):
    if not shutil.which("readelf"):
        skip("needs readelf: run scripts/deps test")
    return subprocess.run(["readelf", "-W", *args], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def flags(kind, *options, compiler=None):
    done = subprocess.run([os.path.join(ROOT, "scripts", "hardening"), kind, *(compiler or CC), *options], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()


def is_x86():
    return "X86-64" in readelf("-h", DWELL)


def imported(path):
    """The functions that it takes from libraries."""
    return set(re.findall(r" UND (\w+)", readelf("--dyn-syms", path)))


def marks_of(paths):
    """What the note of each file says of branches and returns: {path: {"IBT", "SHSTK"}}, on arm64 {"BTI", "PAC"}."""
    found = {path: set() for path in paths}
    # With a second file, each has its name before it.
    for part in re.split(r"^File: ", readelf("-n", *paths, paths[0]), flags=re.M):
        said = re.search(r"(?:x86|AArch64) feature: ([\w, ]+)", part)
        if said:
            found[part.split("\n", 1)[0]] = set(said.group(1).split(", "))
    return found


def marks(path):
    return marks_of([path])[path]


def needs_optimisation():
    """A build for debugging is not fortified; the flags of the build tell."""
    path = os.path.join(BUILD, "gen", "flags")
    if "_FORTIFY_SOURCE" not in read(path):
        skip("built without optimisation")
    if not re.search("_FORTIFY_SOURCE=[23]", read(path)):
        raise AssertionError("fortified, but with no level")


@case
def no_address_is_fixed():
    check(re.search(r"Type: +DYN", readelf("-h", DWELL)), "not position-independent")
    check("PIE" in readelf("-d", DWELL), "no PIE")


@case
def tables_are_read_only():
    dynamic, segments = readelf("-d", DWELL), readelf("-l", DWELL)
    check("BIND_NOW" in dynamic and re.search(r"FLAGS_1.*\bNOW\b", dynamic), f"bound late: {dynamic}")
    check(re.search(r"GNU_RELRO .* R ", segments), f"no RELRO: {segments}")
    check("TEXTREL" not in dynamic and "RPATH" not in dynamic and "RUNPATH" not in dynamic, dynamic)


@case
def data_is_no_code():
    segments = readelf("-l", DWELL)
    check(re.search(r"GNU_STACK .* RW ", segments), f"the stack: {segments}")
    loaded = re.findall(r"LOAD +\S+ \S+ \S+ \S+ \S+ ([RWE ]{3})", segments)
    check(len(loaded) >= 3 and not any("W" in f and "E" in f for f in loaded), f"segments: {loaded}")


@case
def stacks_have_canaries():
    check("__stack_chk_fail" in imported(DWELL), "no canaries")


@case
def calls_are_fortified():
    needs_optimisation()
    fortified = {name for name in imported(DWELL) if name.startswith("__") and name.endswith("_chk")}
    check(len(fortified - {"__stack_chk_fail"}) >= 8, f"few functions of the C library are checked: {sorted(fortified)}")


@case
def the_level_is_the_highest():
    """A buffer that only malloc() knows the size of: level 3 ends the program, level 2 lets it write."""
    given = flags("compile", "-O2")
    if "-D_FORTIFY_SOURCE=3" not in given:
        skip(f"the compiler can only {[f for f in given if 'FORTIFY' in f]}")
    source, program = scratch("over.c"), scratch("over")
    with open(source, "w") as f:
        f.write("#include <stdlib.h>\n#include <string.h>\nint main(int n, char **v) {\n"
                "char *p = malloc(n);\nmemset(p, 0, n + 8 * atoi(v[1]));\nreturn p[0]; }\n")
    subprocess.run([*CC, "-O2", *given, *flags("link"), source, "-o", program], check=True)
    check_equal(subprocess.run([program, "0"], check=False).returncode, 0, "within")
    done = subprocess.run([program, "1"], check=False, capture_output=True, env={**os.environ, "LIBC_FATAL_STDERR_": "1"})
    check_equal(done.returncode, -6, "beyond")


def has_source(path):
    """What is left of a file that is there no more is no part of the program."""
    name = os.path.splitext(os.path.relpath(path, os.path.join(BUILD, "obj")))[0]
    return any(os.path.exists(os.path.join(ROOT, name + suffix)) for suffix in (".c", ".S"))


@case
def branches_are_marked():
    """Each file of ours is; the whole program, where the C library's start files are, too."""
    wanted = {"-fcf-protection=full": {"IBT", "SHSTK"}, "-mbranch-protection=standard": {"BTI", "PAC"}}
    wanted = next((w for f, w in wanted.items() if f in read(os.path.join(BUILD, "gen", "flags")).split()), None)
    if not wanted:
        skip("the compiler knows no such thing")
    objects = [p for d in ("user", "tools") for p in glob.glob(f"{BUILD}/obj/{d}/**/*.o", recursive=True) if has_source(p)]
    check(len(objects) > 100, f"{len(objects)} objects in {BUILD}/obj")
    unmarked = [p for p, found in marks_of(objects).items() if not wanted <= found]
    check(not unmarked, f"without {wanted}: {unmarked[:5]}")
    if is_x86():
        check("SHSTK" in marks(DWELL), "the program has no shadow stack")
    start = subprocess.run([*CC, "-print-file-name=Scrt1.o"], capture_output=True, text=True, check=True).stdout.strip()
    if wanted <= marks(start):
        check(wanted <= marks(DWELL), f"the C library has {marks(start)}, the program {marks(DWELL)}")


@case
def what_is_given_wins():
    check(not any("FORTIFY" in f for f in flags("compile", "-O2", "-D_FORTIFY_SOURCE=1")), "a second level")
    check(not any("FORTIFY" in f for f in flags("compile", "-O0")), "fortified without optimisation")
    check("-fstack-protector-strong" in flags("compile", "-O0"), "no canaries without optimisation")


@case
def old_compilers_get_what_they_know():
    """One that refuses everything but PIE: the rest is left out, and nothing fails."""
    compiler = scratch("oldcc")
    with open(compiler, "w") as f:
        f.write('#!/bin/sh\nfor a; do case $a in -fcf-*|-mbranch-*|-fstack-clash-*|*FORTIFY_SOURCE=3|*shstk) exit 1 ;; esac; done\n'
                f'exec {" ".join(CC)} "$@"\n')
    os.chmod(compiler, 0o755)
    check_equal(flags("compile", "-O2", compiler=[compiler]),
                ["-fPIE", "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"], "flags")
    check_equal(flags("link", compiler=[compiler]), ["-pie", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"], "for the linker")


main(needs_tracing=False)
