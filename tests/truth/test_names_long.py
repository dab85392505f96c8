#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1800
"""As test_names.py: 10,000 addresses in 20 files, those of the distribution with and without debug packages among them."""
import glob
import os
import shutil
import tempfile

import names
from common import case, check, main, skip

CNT = 500
LEAST_FILES, LEAST_ADDRESSES = 20, 10000
HERE = os.path.dirname(os.path.abspath(__file__))
INLINES = f"{HERE}/work/inlines.cc"
LIB = "/usr/lib/x86_64-linux-gnu"
work = tempfile.mkdtemp(prefix="dwell-names-")
verdicts = []

# With libc6-dbg and python3-dbg, with debug information or a symbol table of their own, and stripped.
INSTALLED = [
    f"{LIB}/libc.so.6", f"{LIB}/libm.so.6", f"{LIB}/ld-linux-x86-64.so.2", "/usr/bin/python3", "/usr/bin/python3-dbg",
    f"{LIB}/debug/libstdc++.so.6", f"{LIB}/libstdc++.so.6", "/usr/bin/node", "/bin/bash", "/usr/bin/perl",
    "/usr/bin/redis-server", "/usr/bin/gdb", "/usr/bin/git", "/usr/sbin/nginx", "/usr/lib/postgresql/*/bin/postgres",
    f"{LIB}/libcrypto.so.3", f"{LIB}/libsqlite3.so.0", "/usr/lib/jvm/java-*/lib/server/libjvm.so",
    f"{LIB}/libLLVM-1*.so.1", f"{LIB}/librustc_driver-*.so", "/usr/lib/chromium/chromium",
]
OWN = [
    ("g++ -O2, DWARF 5", "g++", ["-O2", "-g"]), ("g++ -O3, DWARF 4", "g++", ["-O3", "-g", "-gdwarf-4"]),
    ("g++ -O2 -flto", "g++", ["-O2", "-g", "-flto"]), ("g++ -Og, debug_types", "g++", ["-Og", "-g", "-fdebug-types-section"]),
    ("clang++ -O2, DWARF 5", "clang++", ["-O2", "-g", "-gdwarf-5"]),
    ("clang++ -O3, DWARF 4", "clang++", ["-O3", "-g", "-gdwarf-4"]),
]


def judge(label, path, **where):
    verdict = names.judge_file(label, path, CNT, **where)
    verdict.print()
    verdicts.append(verdict)


def result(first):
    """Fails for what is unexplained in the verdicts since @first."""
    failed = {v.label: len(v.failed) for v in verdicts[first:] if v.failed}
    check(not failed, f"addresses that differ without an explanation: {failed}")
    if len(verdicts) == first:
        skip("nothing of it is installed: scripts/deps test-long")


def need_tools():
    for tool in ("addr2line", "eu-addr2line", "c++filt", "nm", "g++", "objcopy"):
        if not shutil.which(tool):
            skip(f"no {tool}: scripts/deps test-long")


@case
def installed():
    need_tools()
    first = len(verdicts)
    for pattern in INSTALLED:
        for path in sorted(glob.glob(pattern))[:1]:
            debug = names.debug_file_of(os.path.realpath(path))
            judge(f"{path}{', with a debug package' if debug else ''}", path)
    result(first)


@case
def own():
    need_tools()
    first = len(verdicts)
    for i, (label, compiler, flags) in enumerate(OWN):
        if shutil.which(compiler):
            judge(label, names.build(compiler, INLINES, f"{work}/own{i}", flags))
    result(first)


@case
def rust():
    need_tools()
    first = len(verdicts)
    if not shutil.which("rustc"):
        skip("no rustc: scripts/deps test-long")
    judge("rustc -O", names.build("rustc", f"{HERE}/work/waits.rs", f"{work}/rust", ["-O", "-g"]))
    split = names.build("rustc", f"{HERE}/work/waits.rs", f"{work}/rust_split", ["-O", "-g"])
    debug = names.split(split, compress="zlib")
    judge("rustc -O, split off and compressed", split, debug=debug)
    result(first)


@case
def split():
    need_tools()
    first = len(verdicts)
    for compress in (None, "zlib-gabi", "zlib-gnu"):
        program = names.build("g++", INLINES, f"{work}/split_{compress}", ["-O2", "-g"])
        debug = names.split(program, compress)
        judge(f"g++, split off, compressed: {compress}", program, debug=debug)
    result(first)


@case
def together():
    need_tools()
    cnt, equal, explained, disagree, failed = (sum(f(v) for v in verdicts) for f in (
        lambda v: v.cnt, lambda v: v.equal, lambda v: sum(v.explained.values()), lambda v: sum(v.disagree.values()),
        lambda v: len(v.failed)))
    print(f"{len(verdicts)} files, {cnt} addresses: {equal} equal to both judges, {explained} explained, "
          f"{disagree} where the judges disagree, {failed} unexplained")
    check(len(verdicts) >= LEAST_FILES and cnt >= LEAST_ADDRESSES, f"only {len(verdicts)} files, {cnt} addresses")
    check(not failed, f"{failed} unexplained")


try:
    main()
finally:
    shutil.rmtree(work)
