#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Programs that say they are Go or CPython, and lie: dwell stays within its caps, and what it says of an honest one is right."""
import json
import os
import random
import shutil
import struct
import subprocess

from golang import Toolchain
from hostile import Measured, beside, check_clean
from livetest import ROOT, WORK, Work, case, check, check_near, check_one_line, main, read_bytes, run, scratch, skip

go = Toolchain()
CLAIMED = 1 << 21
# GO_LOOK_MAX_BYTES, format/goroutine.h; and what those take that cost their program nothing.
GO_LOOK_MIB = 512
GO_CHEAP_MIB = 128


def goliar(mode):
    if not 17 <= go.minor <= 22:
        skip(f"Go {go.version} lays out goroutines in another way")
    path = go.build("goliar", [os.path.join(ROOT, "tests/live/work/goliar.go")], cgo=False)
    lines = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines()
    addr = next(line.split()[0] for line in lines if line.endswith(" runtime.allgs"))
    return Work("goliar", mode, "0x" + addr, path=path)


def look(w, *options):
    with Measured("goroutines", "-p", w.pid, *options) as d:
        result = d.wait(120)
    check_clean(result.out.encode(errors="surrogateescape"), "goroutines")
    return d, result


@case
def goroutines_in_each_other():
    with goliar("overlapping") as w:
        for options in ([], ["--json"], ["--stacks"]):
            d, result = look(w, *options)
            result.ok()
            d.check_caps(f"{CLAIMED} goroutines in each other {options}", GO_CHEAP_MIB)
            check("goroutines are beyond what is read" in result.err, result.err)
            check("make no sense" in result.err, result.err)


@case
def goroutines_in_the_same_memory():
    with goliar("mapped") as w:
        for options in ([], ["--json"]):
            d, result = look(w, *options)
            result.ok()
            d.check_caps(f"{CLAIMED} goroutines in 2 MiB {options}", GO_LOOK_MIB // 2, 30)


@case
def beside_an_honest_program():
    """Also dwell offcpu looks at goroutines, again and again."""
    for mode in ("overlapping", "mapped"):
        with goliar(mode) as w, Work("sleeper", 100, 10) as honest:
            with Measured("offcpu", "--json", "-p", f"{w.pid},{honest.pid}") as d:
                d.tracing()
                honest.work()
                result = d.finish(120)
                d.check_caps(f"goroutines, {mode}, in a run", GO_LOOK_MIB, 60)
        p = result.profile()
        check_near(p.ns(frame="work_sleep", pid=honest.pid), honest.ns("sleep"), "the honest one")


def tables(real):
    """A table of functions, with lies in its header and elsewhere."""
    rng = random.Random(4711)
    yield "many", real[:8] + struct.pack("<Q", 1 << 31) + real[16:]
    yield "all", real[:8] + b"\xff" * 64 + real[72:]
    yield "none", real[:8]
    yield "zeros", real[:8] + bytes(len(real) - 8)
    for i in range(6):
        lies = bytearray(real)
        for _ in range(4 ** i):
            lies[rng.randrange(8, len(lies))] = rng.randrange(256)
        yield f"random{i}", bytes(lies)


@case
def a_table_of_functions_with_lies():
    """Programs of C with Go's table in them."""
    path = go.build("goliar", [os.path.join(ROOT, "tests/live/work/goliar.go")], cgo=False)
    table = scratch("real.pclntab")
    subprocess.run(["objcopy", "-O", "binary", "--only-section=.gopclntab", path, table], check=True)
    for name, data in tables(read_bytes(table)):
        lies, program = scratch("lies"), scratch("liar-" + name)
        with open(lies, "wb") as f:
            f.write(data)
        subprocess.run(["objcopy", f"--add-section=.gopclntab={lies}", f"--add-section=.go.buildinfo={table}",
                        os.path.join(WORK, "hostile"), program], check=True)
        with Work("hostile", "names", path=program) as w:
            p = beside(w, f"a table of functions: {name}")
            check_near(p.ns(frame="nap", pid=w.pid), w.ns("sleep"), "its own sleep", 0.02)
            d, result = look(w)
            check(result.status == 1, f"{name}: {result.status} {result.out[:500]}")
            check_one_line(result.err, name)
            d.check_caps(f"goroutines, {name}")


@case
def python_that_lies():
    program = scratch("python3.11")
    shutil.copy(os.path.join(WORK, "pyliar"), program)
    recording = scratch("python.dwell")
    with Work("pyliar", 2000, path=program) as w:
        p = beside(w, "Python", "--save", recording, timeout=60)
        check_near(p.ns(pid=w.pid, reason="sleep"), w.ns("sleep"), "its own sleep", 0.02)
        names = {n for s in p.select(pid=w.pid) for n in p.names(s)}
    check("[python]" in names, f"no frame of its Python was walked: {sorted(names)[:20]}")
    out = run("report", "--format", "folded", recording).ok().out
    check_clean(out.encode(errors="surrogateescape"), "folded")
    check(json.loads(run("report", "--json", recording).ok().out), "JSON")


main()
