# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A Go program that can write its own traceback, and dwell's of it: goroutine by goroutine they have to be the same.

The program is work/goroutines.go. Both sides are read by one parser, since dwell goroutines --each writes what Go's runtime does. What
is compared of each goroutine: state or wait reason, lock to a thread, functions, files and lines, offsets in functions, who created it and
where, the parent's number. Two are not compared as a whole: the one that writes the traceback, and the one that never waits.
"""
import errno
import json
import os
import re
import select
import subprocess
import time

from livetest import BUILD, ROOT, TIMEOUT, check, check_equal, run, skip, start, wait_until

SOURCE = os.path.join(ROOT, "tests", "live", "work", "goroutines.go")
CNT = 45
NO_SYMBOLS = "-ldflags=-s -w"
MAIN = 1

# name -> (flags, cgo)
BUILDS = {
    "plain": ([], True),
    "stripped": ([NO_SYMBOLS], False),
    "pie": (["-buildmode=pie"], True),
    "stripped pie": ([NO_SYMBOLS, "-buildmode=pie"], False),
    "external": (["-ldflags=-linkmode=external"], True),
    "stripped external pie": (["-buildmode=pie", "-ldflags=-linkmode=external -s -w"], True),
}


class Program:
    """It, running."""

    def __init__(self, path, *args, **options):
        self.process = start([path, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.pid = self.process.pid
        self.text = ""
        self.hear("ready ")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def hear(self, word):
        """What it says before a line that begins with the word."""
        end = time.monotonic() + TIMEOUT
        while True:
            m = re.search(rf"^{word}.*\n", self.text, re.M)
            if m:
                said, self.text = self.text[:m.start()], self.text[m.end():]
                return said
            left = end - time.monotonic()
            check(left > 0 and select.select([self.process.stdout], [], [], left)[0], f"the program did not say {word!r}")
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            check(data, f"the program ended without {word!r}")
            self.text += data.decode()

    def ask(self, line):
        os.write(self.process.stdin.fileno(), line.encode() + b"\n")
        return self.hear("done")

    def traceback(self):
        return parse(self.ask("dump"))


class Goroutine:
    def __init__(self, header):
        m = re.fullmatch(r"goroutine (\d+) \[(.*)\]:", header)
        check(m, f"no header of a goroutine: {header!r}")
        self.goid = int(m[1])
        words = m[2].split(", ")
        self.state = words[0].replace(" (scan)", "")
        self.locked = "locked to thread" in words
        self.frames = []  # [(function, file, line, offset)], innermost first
        self.creator = None  # (function, file, line, offset)
        self.parent = None

    def functions(self):
        return [f[0] for f in self.frames]


def parse_place(line):
    m = re.fullmatch(r"\t(.*):(\d+)(?: \+0x([0-9a-f]+))?", line)
    check(m, f"no place: {line!r}")
    return m[1], int(m[2]), m[3] and int(m[3], 16)


def parse(text):
    """{number: Goroutine} of a traceback."""
    found = {}
    for block in re.split(r"\n{2,}", text.strip("\n")):
        lines = block.splitlines()
        g = Goroutine(lines.pop(0))
        found[g.goid] = g
        if lines and not lines[0].startswith("created by") and lines[0].startswith("\t"):
            lines.pop(0)  # "goroutine running on other thread; stack unavailable"
        check(len(lines) % 2 == 0, f"an odd number of lines: {block}")
        for name, place in zip(lines[::2], lines[1::2]):
            m = re.fullmatch(r"created by (.*?)(?: in goroutine (\d+))?", name)
            if m:
                g.creator = (m[1], *parse_place(place))
                g.parent = m[2] and int(m[2])
            elif name != "runtime.goparkunlock(...)":  # Go 1.15 leaves it out unless it was inlined
                g.frames.append((name[:name.rindex("(")], *parse_place(place)))
    return found


def see(program, *options, **more):
    """What dwell sees."""
    return parse(run("goroutines", "-q", "-p", program.pid, "--each", *options, **more).ok().out)


def settle(program):
    """Until the one that writes tracebacks waits for us again."""
    wait_until(lambda: see(program)[MAIN].state == "syscall", "main waits")


def differences(mine, its, locks=True):
    """What differs, a line for each."""
    found = []
    for goid in sorted(set(mine) | set(its)):
        if goid not in mine or goid not in its:
            found.append(f"goroutine {goid} is in {'dwell' if goid in mine else 'Go'} only")
            continue
        a, b = mine[goid], its[goid]
        pairs = [("creator", a.creator, b.creator), ("parent", a.parent, b.parent)]
        if goid != MAIN and "main.spin" not in b.functions():
            pairs += [("state", a.state, b.state), ("frames", a.frames, b.frames)]
            pairs += [("locked", a.locked, b.locked)] * locks
        found += [f"goroutine {goid}, {what}:\n  dwell {x}\n  Go    {y}" for what, x, y in pairs if x != y]
    return found


def judge(path, locks=True, **more):
    """Compares all of them. How many there are."""
    with Program(path) as p:
        its = p.traceback()
        settle(p)
        mine = see(p, **more)
        wrong = differences(mine, its, locks)
        check(not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong[:6]))
        check_equal(len(mine), CNT, "goroutines")
        check_equal(mine[MAIN].state, "syscall", "the state of main, which reads")
        check_equal(mine[MAIN].functions()[-1], "main.main", "the outermost function of main")
        check(sum(1 for g in mine.values() if g.locked) == 1 or not locks, "not one goroutine is locked to its thread")
    return len(mine)


def build(go, name):
    flags, cgo = BUILDS[name]
    return go.build("goroutines-" + name.replace(" ", "-"), [SOURCE], *flags, cgo=cgo)


def check_layouts(path, version):
    """The table of versions, beside the debug information of a program; and what is read by that."""
    done = subprocess.run([os.path.join(BUILD, "tests", "unit", "dump_go_layout"), path, version.split(".")[1]], capture_output=True, text=True,
                          check=True)
    by_table, by_dwarf = done.stdout.splitlines()
    if by_dwarf == str(-errno.ENOTSUP):
        skip("this dwell was built without libdw")
    check_equal(by_table, by_dwarf, f"where Go {version} has what is read of a goroutine: by the table, and by debug information")
    env = {"DWELL_GO_LAYOUT": "dwarf"}
    with Program(path) as p:
        check_equal(json.loads(run("goroutines", "-q", "-p", p.pid, "--json", env=env).ok().out)["layout"], "dwarf", "where it is from")
    judge(path, env=env)
