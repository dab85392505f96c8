#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Names and lines equal addr2line's and eu-addr2line's: 500 addresses of each of four files. test_names_long.py has more."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

import names
from common import case, check, long_case, main, skip

CNT = 500
HERE = os.path.dirname(os.path.abspath(__file__))
INLINES = f"{HERE}/work/inlines.cc"
work = tempfile.mkdtemp(prefix="dwell-names-")


def judge(label, path, least_inlined, least_lines, **where):
    for tool in ("addr2line", "eu-addr2line", "c++filt", "nm", "g++"):
        if not shutil.which(tool):
            skip(f"no {tool}: scripts/deps test")
    verdict = names.judge_file(label, path, CNT, **where)
    verdict.print()
    check(not verdict.failed, f"{label}: {len(verdict.failed)} addresses differ without an explanation")
    check(verdict.inlined >= least_inlined, f"{label}: only {verdict.inlined} addresses have inlined functions")
    check(verdict.lines >= least_lines, f"{label}: only {verdict.lines} addresses have lines")


@case
def own_debug_information():
    judge("C++, with its own debug information", names.build("g++", INLINES, f"{work}/own", ["-O2", "-g"]), 100, 400)


@long_case
def split_and_compressed():
    program = names.build("g++", INLINES, f"{work}/split", ["-O2", "-g", "-gdwarf-4"])
    debug = names.split(program, compress="zlib")
    judge("C++, DWARF 4, split off and compressed", program, 100, 400, debug=debug)


@long_case
def shared():
    if not shutil.which("dwz"):
        skip("no dwz: scripts/deps test")
    programs_dir = f"{work}/usr/lib/debug/bin"
    os.makedirs(programs_dir)
    programs = [names.build("g++", INLINES, f"{programs_dir}/{i}", ["-O2", "-g"]) for i in (1, 2)]
    names.share(work, programs)
    judge("C++, with common parts in a file of dwz", programs[0], 100, 400, root=work)


@case
def libc():
    libc_path = "/lib/x86_64-linux-gnu/libc.so.6"
    if not os.path.exists(libc_path) or not names.debug_file_of(os.path.realpath(libc_path)):
        skip("no libc6-dbg: scripts/deps test")
    judge("libc.so.6, with libc6-dbg", libc_path, 20, 300)


@contextlib.contextmanager
def server(folder):
    """debuginfod over a folder, on loopback; its URL."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with open(f"{work}/server.log", "w", encoding="utf-8") as log:
        child = subprocess.Popen(["debuginfod", "-F", "-p", str(port), "-d", ":memory:", folder], stdout=log,
                                 stderr=log, env=dict(os.environ, HOME=work))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait()


@case
def fetched():
    """What debuginfod serves is as good as the program's own debug information."""
    if not shutil.which("debuginfod"):
        skip("no debuginfod: scripts/deps test")
    program = names.build("g++", INLINES, f"{work}/fetched", ["-O2", "-g", "-Wl,--build-id"])
    addrs = names.text_addresses(program, CNT)
    own = names.ask_dwell(program, addrs)
    os.makedirs(f"{work}/served")
    subprocess.run(["objcopy", "--only-keep-debug", program, f"{work}/served/x.debug"], check=True)
    subprocess.run(["objcopy", "--strip-all", program], check=True)
    stripped = names.ask_dwell(program, addrs)
    check(all(len(frames) == 1 for frames in stripped), "without a server there are inlined functions")
    with server(f"{work}/served") as url:
        # What it found is asked for in vain until it has scanned, and the client remembers that for a while.
        for attempt in range(50):
            env = {"DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": f"{work}/cache{attempt}", "HOME": work}
            fetched_names = names.ask_dwell(program, addrs, env=env)
            if fetched_names != stripped:
                break
            time.sleep(0.2)
    differ = [pair for pair in zip(own, fetched_names) if pair[0] != pair[1]]
    check(not differ, f"{len(differ)} of {CNT} addresses differ, the first: {differ[:1]}")


try:
    main()
finally:
    shutil.rmtree(work)
