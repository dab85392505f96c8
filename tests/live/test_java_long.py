#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Java methods in stacks, beside what jstack says.

Whole stacks need -XX:+PreserveFramePointer. Methods that are interpreted have no names of their own ("Interpreter"), those
that were compiled into their caller none at all; here everything is compiled, and nothing inlined.
"""
import os
import re
import shutil
import subprocess
import time

from livetest import ROOT, Dwell, Work, case, check, check_laws, main, scratch, skip, wait_until

SOURCE = os.path.join(ROOT, "tests", "live", "work", "Nested.java")
POINTERS = ["-XX:+PreserveFramePointer"]
COMPILED = ["-Xcomp", "-XX:-Inline", "-XX:TieredStopAtLevel=1"]
METHODS = ["Nested.work", "Nested.outer", "Nested.middle", "Nested.inner", "java.lang.Object.wait"]


def start(*options):
    """The program, which has begun to wait."""
    for tool in ("javac", "java", "jcmd", "jstack"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    if not os.path.exists(scratch("Nested.class")):
        subprocess.run(["javac", "-d", scratch(), SOURCE], check=True)
    return Work("java", "-Xmx128m", *options, "-cp", scratch(), "Nested", path=shutil.which("java"))


def jcmd(pid, command):
    return subprocess.run(["jcmd", str(pid), command], capture_output=True, text=True, check=True).stdout


def own_stack(pid):
    """Methods of the thread, outermost first, as the runtime says."""
    def ask():
        text = subprocess.run(["jstack", str(pid)], capture_output=True, text=True, check=True).stdout
        thread = text.partition('"waiter"')[2].partition("\n\n")[0]
        found = [m.rpartition("/")[2] for m in re.findall(r"^\s+at (\S+)\(", thread, re.M)]
        return found[::-1] if "java.lang.Object.wait" in found else None
    return wait_until(ask, "the thread waits")


def trace(w, seconds=1.5, perfmap=False):
    """The profile and what dwell said. With a perf map, that is made meanwhile."""
    with Dwell("offcpu", "--json", "-p", w.pid) as d:
        d.tracing()
        time.sleep(seconds)
        if perfmap:
            jcmd(w.pid, "Compiler.perfmap")
        result = d.finish()
    path = f"/tmp/perf-{w.pid}.map"
    if os.path.exists(path):
        os.unlink(path)
    check_laws(result.profile())
    return result.profile(), result.err


def waits(p):
    """[(names, kinds, intervals)] of the stacks in Object.wait()."""
    found = [(p.names(s), p.kinds(s), s["intervals"]) for s in p.select(comm="waiter")
             if "JVM_MonitorWait" in p.names(s)]
    check(sum(w[2] for w in found) > 100, f"{sum(w[2] for w in found)} waits: {found}")
    return found


def methods_of(names, kinds):
    """Java methods of a stack: "void java.lang.Object.wait(long)" -> java.lang.Object.wait."""
    found = []
    for name, kind in zip(names, kinds):
        m = kind == "jit" and re.search(r"([\w.$<>/]+)\(.*\)$", name)
        if m and "." in m.group(1):
            found.append(m.group(1))
    return found


@case
def compiled_methods():
    with start(*POINTERS, *COMPILED) as w:
        own = own_stack(w.pid)
        p, said = trace(w, perfmap=True)
    check([m for m in own if m in METHODS] == METHODS, f"jstack says {own}")
    good = total = 0
    for names, kinds, cnt in waits(p):
        found = methods_of(names, kinds)
        # The lambda's class has a name that each run makes up.
        good += cnt if [m for m in found if m in METHODS] == METHODS else 0
        total += cnt
        at = [own.index(m) for m in found if m in own]
        check(at == sorted(at), f"{found} is not in the order of {own}")
    check(good > 0.9 * total, f"{METHODS} in {good} of {total} waits, others: "
          f"{[methods_of(n, k) for n, k, _ in waits(p)]}")
    check("Compiler.perfmap" not in said, f"a hint although there are names: {said!r}")


@case
def interpreted_methods():
    """It is to be seen that there are some, not which."""
    with start(*POINTERS, "-Xint") as w:
        p, _ = trace(w, perfmap=True)
    good = sum(cnt for names, _, cnt in waits(p) if names.count("Interpreter") >= len(METHODS) - 1)
    total = sum(w[2] for w in waits(p))
    check(good > 0.9 * total, f"Interpreter in {good} of {total} waits: {[w[0] for w in waits(p)]}")


@case
def without_a_map():
    with start(*POINTERS, *COMPILED) as w:
        p, said = trace(w)
    good = sum(cnt for names, _, cnt in waits(p) if names.count("[java]") >= len(METHODS))
    total = sum(w[2] for w in waits(p))
    check(good > 0.9 * total, f"[java] in {good} of {total} waits: {[w[0] for w in waits(p)]}")
    check(f"jcmd {w.pid} Compiler.perfmap" in said, f"no hint in {said!r}")


@case
def a_map_at_its_end():
    with start(*POINTERS, *COMPILED, "-XX:+UnlockDiagnosticVMOptions", "-XX:+DumpPerfMapAtExit") as w:
        with Dwell("offcpu", "--json", "-p", w.pid) as d:
            d.tracing()
            time.sleep(1)
            w.end()
            p = d.wait().profile()
        os.unlink(f"/tmp/perf-{w.pid}.map")
    good = sum(cnt for names, kinds, cnt in waits(p)
               if [m for m in methods_of(names, kinds) if m in METHODS] == METHODS)
    total = sum(w[2] for w in waits(p))
    check(good > 0.9 * total, f"{METHODS} in {good} of {total} waits: {[w[0] for w in waits(p)]}")


main()
