#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Programs that mean harm to whoever traces them: memory and CPU stay within the caps of hostile.py, output moves no cursor, and what is said
of an honest program in the same run is right."""
import os
import shutil
import signal
import subprocess
import time

import cgroups
from hostile import Measured, beside, check_clean
from livetest import (WORK, Work, case, check, check_equal, check_near, long_case, main, read_bytes, run, scratch, skip,
                      wait_until)
from serving import Serve

REGIONS = 60000
EVIL = "lib\x1b]0;t\x07\x1b[2J\r\n\"<b>;\xc2\x9b f 12.so"


def sleeps(p, w):
    """The waits of its main function, by what it says itself."""
    check_near(p.ns(frame="nap", pid=w.pid), w.ns("sleep"), "the hostile one's own sleep", 0.02)


@case
def sixty_thousand_regions():
    with Work("hostile", "regions", REGIONS) as w:
        p = beside(w, f"{REGIONS} regions")
        sleeps(p, w)


@case
def names():
    """In its name, those of its threads, its file and its functions."""
    program = scratch(EVIL)
    shutil.copy(os.path.join(WORK, "hostile"), program)
    recording = scratch("names.dwell")
    with Work("hostile", "names", path=program) as w:
        p = beside(w, "names", "--save", recording, "--wakers")
        sleeps(p, w)
        check_equal(len([t for t in p.threads if t["pid"] == w.pid]), 11, "threads")
    for form in ("folded", "svg", "html", "json", "table", "locks", "ndjson", "speedscope", "ndjson-waits", "perfview-xml"):
        out = scratch("names.out")
        run("report", "--format", form, "-o", out, recording).ok()
        check_clean(read_bytes(out), form)
    for words in (["report"], ["info"], ["report", "--by-waker"]):
        check_clean(run(*words, recording).ok().out.encode(errors="surrogateescape"), " ".join(words))


@long_case
def names_elsewhere():
    """What other commands print, and what refuses a program by its name."""
    program = scratch(EVIL)
    shutil.copy(os.path.join(WORK, "hostile"), program)
    with Work("hostile", "names", path=program) as w:
        w.work()
        for words in (["dump"], ["dump", "--json"], ["syscalls", "300ms"], ["syscalls", "--json", "300ms"], ["runq", "300ms"],
                      ["runq", "--json", "300ms"], ["doctor"], ["goroutines"]):
            with Measured(*words[:1], "-p", w.pid, *words[1:]) as d:
                result = d.wait()
            check_clean(result.out.encode(errors="surrogateescape"), " ".join(words))
            check(result.status in (0, 1, 2), f"{words}: {result.status}")


@long_case
def metrics():
    """Names of groups: of threads, and of a cgroup."""
    where = os.path.join(cgroups.hierarchy(2), f"dwell-live-{os.getpid()}-\x1b]0;t\x07\"\\;x")
    for by in ("comm", "cgroup"):
        with cgroups.Cgroup(where) as group, Work("hostile", "names") as w, Work("sleeper", 10, 10) as honest:
            group.add(w.pid)
            with Serve("-p", f"{w.pid},{honest.pid}", "--group-by", by) as d:
                w.work()
                honest.work()
                wait_until(lambda: d.scrape().sum("dwell_block_duration_seconds_count") > 50, "waits")
                for path in ("/metrics", "/", "/flamegraph", "/api/v1/status"):
                    status, _, body = d.get(path)
                    check_clean(body, f"{by}: {path}, {status}")


@long_case
def maps_and_dumps_that_change():
    """Its perf map and its jitdump are cut, filled, and a terabyte long while they are read; code comes and goes."""
    with Work("hostile", "rewrite", scratch()) as w:
        p = beside(w, "rewriting")
        sleeps(p, w)


def library(name, huge_symbols):
    """An ELF file of two pages whose section headers say that its symbols are far out in it."""
    source, path = os.path.join(WORK, "hostile"), scratch(name)
    data = bytearray(read_bytes(source)[:4096].ljust(8192, b"\0"))
    data[4096:8192] = bytes(4096)
    shoff = 0x100000000 if huge_symbols else 0x800
    data[40:48] = shoff.to_bytes(8, "little")
    data[60:62] = (0xff00 if huge_symbols else 3).to_bytes(2, "little")
    with open(path, "wb") as f:
        f.write(data)
    if huge_symbols:
        with open(path, "r+b") as f:
            f.truncate(1 << 40)
            f.seek(shoff)
            # .symtab, .strtab, .eh_frame, .debug_frame: each goes on for a hundred gigabytes.
            for i, kind in enumerate((0, 2, 3, 1, 1)):
                head = [i, kind, 2, 0x1000, (1 << 33) + (i << 34), 100 << 30, 2, 0, 8, 24]
                sizes = (4, 4, 8, 8, 8, 8, 4, 4, 8, 8)
                f.write(b"".join(v.to_bytes(n, "little") for v, n in zip(head, sizes)))
    return path


@long_case
def a_library_of_a_terabyte():
    for huge in (False, True):
        path = library(f"huge-{huge}.so", huge)
        with Work("hostile", "library", path) as w:
            p = beside(w, f"a library of a terabyte{', and its tables' if huge else ''}")
            sleeps(p, w)
        os.unlink(path)


def linked(name):
    """A program without symbols that says where its debug file is."""
    path, debug = scratch(name), scratch(name + ".debug")
    subprocess.run(["objcopy", "--strip-all", "--remove-section=.note.gnu.build-id", os.path.join(WORK, "sleeper"), path],
                   check=True)
    with open(debug, "w") as f:
        f.write("x")
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", path], check=True)
    os.unlink(debug)
    return path, debug


@long_case
def what_lies_where_debug_files_are():
    """A FIFO, a device, a link to one, a directory, a terabyte, and as much as is read for its CRC at most, with a right header."""
    if shutil.which("objcopy") is None:
        skip("no objcopy")
    plants = {
        "fifo": os.mkfifo, "link": lambda p: os.symlink("/dev/zero", p), "loop": lambda p: os.symlink(p, p), "folder": os.mkdir,
        "terabyte": lambda p: sparse(p, 1 << 40), "large": lambda p: sparse(p, 1 << 30),
    }
    for name, put in plants.items():
        path, debug = linked("linked-" + name)
        put(debug)
        with Work("sleeper", 20, 5, path=path) as w:
            p = beside(w, f"{name} for a debug file")
            check_near(p.ns(pid=w.pid, reason="sleep"), w.ns("sleep"), "its sleep", 0.02)


def sparse(path, size):
    with open(path, "wb") as f:
        f.write(read_bytes(os.path.join(WORK, "sleeper"))[:64])
        f.truncate(size)


@long_case
def a_perf_map_that_is_no_file():
    """A FIFO, a link and a terabyte in its place (what is read of the files is test_jit.py's)."""
    def link(path):
        os.symlink("/proc/kcore", path)
    for what, put in (("fifo", os.mkfifo), ("link", link), ("terabyte", lambda p: sparse(p, 1 << 40))):
        with Work("jitter", "none") as w:
            path = f"/tmp/perf-{w.pid}.map"
            put(path)
            try:
                p = beside(w, f"{what} for a perf map")
            finally:
                os.unlink(path)
            check(p.select(pid=w.pid, frame="wait_in_it"), "its waits")


@long_case
def a_perf_map_with_names():
    with Work("jitter", "none") as w:
        path = f"/tmp/perf-{w.pid}.map"
        with open(path, "wb") as f:
            f.write(b"1000 7ffffffff000 \x1b]0;t\x07\x1b[2J\xc2\x9b2Jstolen\x9b\n")
        p = beside(w, "names in a perf map")
        os.unlink(path)
    check(any("stolen" in n for s in p.select(pid=w.pid) for n in p.names(s)), "it was not read")


@long_case
def in_namespaces_of_its_own():
    """A user, pid and mount namespace, with another /tmp and another /usr/lib/debug."""
    wrap = ["unshare", "-U", "-r", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", "-c",
            "mount -t tmpfs none /usr/lib/debug && mkdir -p /usr/lib/debug/.build-id && exec \"$@\"", "sh"]
    if subprocess.run([*wrap, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip("no user namespace can be made here")
    with Work("hostile", "names", prefix=wrap) as w:
        check_equal(w.said_pid, 1, "its own pid")
        w.pid = wait_until(lambda: find_below(w.process.pid, "hostile"), "it, from outside")
        p = beside(w, "in namespaces")
        sleeps(p, w)


def find_below(pid, name):
    """The pid of a descendant that runs the program; 0."""
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/children") as f:
            for child in f.read().split():
                if os.path.basename(os.readlink(f"/proc/{child}/exe")) == name:
                    return int(child)
                found = find_below(child, name)
                if found:
                    return found
    return 0


@long_case
def children_that_go_at_the_worst_moment():
    """300 children with 3,000 mappings each: they exit, exec, are stopped and killed, or killed while they map."""
    with Work("hostile", "swarm", 300, 3000) as w:
        beside(w, "a swarm", "--children", cpu_s=60)


@long_case
def killed_while_it_is_stopped():
    with Work("hostile", "regions", REGIONS) as w, Work("sleeper", 40, 10) as honest:
        with Measured("offcpu", "--json", "-p", f"{w.pid},{honest.pid}") as d:
            d.tracing()
            os.kill(w.pid, signal.SIGSTOP)
            honest.work()
            time.sleep(0.2)
            os.kill(w.pid, signal.SIGKILL)
            result = d.finish()
            d.check_caps("killed while it is stopped")
    p = result.profile()
    check_near(p.ns(frame="work_sleep", pid=honest.pid), honest.ns("sleep"), "the honest one")


@long_case
def killed_while_its_maps_are_read():
    """At moments after dwell has begun, from before it reads to long after."""
    for delay_ms in (20, 60, 100, 150, 200, 300):
        with Work("hostile", "regions", REGIONS) as w, Work("sleeper", 40, 10) as honest:
            with Measured("offcpu", "--json", "-p", f"{w.pid},{honest.pid}") as d:
                time.sleep(delay_ms / 1000)
                os.kill(w.pid, signal.SIGKILL)
                w.process.wait()
                d.tracing()
                honest.work()
                result = d.finish()
                d.check_caps(f"killed after {delay_ms} ms")
        p = result.profile()
        check_near(p.ns(frame="work_sleep", pid=honest.pid), honest.ns("sleep"), "the honest one")


main()
