#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell doctor tells what is there, and what is missing once it is taken away; each time beside what tracing then does."""
import json
import os
import shutil
import subprocess
import sys

from golang import Toolchain
from livetest import (DWELL, ROOT, WORK, Work, case, check, check_equal, check_one_line, long_case, main, read, run,
                      scratch, skip, start, wait_until)

CAPS = {"bpf": "fail", "perfmon": "fail", "sys_ptrace": "warn", "dac_read_search": "warn", "checkpoint_restore": "warn",
        "syslog": "warn"}
KEYS = ["check", "status", "text", "fix"]


class Lines:
    """{check: finding}, and the exit status."""

    def __init__(self, *args, **options):
        result = run("doctor", "--json", *args, **options)
        self.status = result.status
        check_equal(result.err, "", "stderr")
        self.all = json.loads(result.out)
        self.by = {f["check"]: f for f in self.all}
        check(len(self.all) >= 15 and len(self.by) == len(self.all), f"checks: {[f['check'] for f in self.all]}")
        for f in self.all:
            check_equal(list(f), KEYS, "keys")
            check(f["status"] in ("ok", "warn", "fail") and f["text"] and "\n" not in f["text"] + f["fix"], f"{f}")
        check_equal(self.status, 1 if any(f["status"] == "fail" for f in self.all) else 0, f"exit status of {self.bad()}")

    def bad(self):
        return {f["check"]: f["status"] for f in self.all if f["status"] != "ok"}

    def expect(self, name, status, text="", fix=""):
        check(name in self.by, f"nothing is said of {name}")
        f = self.by[name]
        check(f["status"] == status and text in f["text"] and fix in f["fix"], f"{f}")


def nobody_can_run():
    """A copy that others may execute, and where they may."""
    os.chmod(scratch(), 0o755)
    path = scratch("dwell")
    if not os.path.exists(path):
        shutil.copy(DWELL, path)
        os.chmod(path, 0o755)
    return path


def as_nobody(*args):
    return Lines(*args, binary=nobody_can_run(), user=65534, group=65534, extra_groups=[])


# ---- this machine ----

@case
def agrees_with_tracing():
    found = Lines()
    check_equal(set(found.bad()) - {"pid_namespace", "yama", "libdw", "libiberty", "liblzma", "libcurl", "libmicrohttpd"},
                set(), "what is not well for root")
    with Work("asleep") as w:
        notes = run("offcpu", "-q", "-p", w.pid, "--json", "200ms").profile().data["notes"]
    found.expect("probes", "ok", f"variant {notes['probes']} runs")
    found.expect("unwinding", "ok" if notes["unwind"] == "cfi" else "warn")
    found.expect("iterators", "ok" if notes["edges"] == "iterators" else "warn")
    found.expect("kernel", "ok", os.uname().release)


@long_case
def variants_are_tried():
    for variant in ("compat", "bounded", "minimal"):
        env = {"DWELL_PROBES": variant}
        found = Lines(env=env)
        with Work("asleep") as w:
            notes = run("offcpu", "-q", "-p", w.pid, "--json", "200ms", env=env).profile().data["notes"]
        check_equal(notes["probes"], variant, "notes.probes")
        found.expect("probes", "ok", f"variant {variant} runs")
        found.expect("unwinding", "ok" if variant == "compat" else "warn")


@long_case
def text_equals_json():
    with Work("asleep") as w:
        found = Lines("-p", w.pid)
        text = run("doctor", "-p", w.pid).ok().out
    width = max(len(f["check"]) for f in found.all)
    expected = "".join(f"{f['status']:4}  {f['check']:{width}}  {f['text']}{' -> ' if f['fix'] else ''}{f['fix']}\n"
                       for f in found.all)
    check_equal(text, expected, "text")


@case
def libraries_as_version_says():
    without = [line.split()[1].rstrip(":") for line in run("version").ok().out.splitlines() if line.startswith("without")]
    found = Lines()
    for name in without:
        found.expect(name, "warn", "built without it", "apt install")
    check_equal("libraries" in found.by, not without, "libraries")


# ---- what is taken away ----

@case
def nobody():
    found = as_nobody()
    check_equal(found.status, 1, "exit status")
    found.expect("rights", "fail", "uid 65534 may not trace", "sudo dwell doctor")
    for cap, status in CAPS.items():
        found.expect(f"cap_{cap}", status, "missing", "sudo dwell doctor")
    for name in ("probes", "syscalls", "runq"):
        found.expect(name, "fail", "said above")
    found.expect("btf", "ok")


@long_case
def each_capability():
    """Without sys_admin, which stands for some of them. What sudo can't give back has another remedy."""
    for cap, status in CAPS.items():
        found = Lines(prefix=["setpriv", f"--bounding-set=-{cap},-sys_admin", "--inh-caps=-all"])
        named = {name for name in found.bad() if name.startswith("cap_")}
        check_equal(named, {f"cap_{cap}"}, f"capabilities named without {cap}")
        found.expect(f"cap_{cap}", status, "missing", f"--cap-add={cap.upper()}")
        check_equal(found.status, 1 if status == "fail" else 0, f"exit status without {cap}: {found.bad()}")
        found.expect("probes", "fail" if status == "fail" else "ok")


@case
def sudo_gives_back_what_is_in_the_bounding_set():
    found = Lines(prefix=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], binary=nobody_can_run())
    found.expect("cap_bpf", "fail", "missing", "sudo dwell doctor")


@long_case
def tracefs_is_not_needed():
    hidden = Lines(prefix=["unshare", "-m", "sh", "-c", "mount -t tmpfs none /sys/kernel/tracing && exec \"$@\"", "sh"])
    check_equal(hidden.bad(), Lines().bad(), "without tracefs")


@case
def nothing_is_mounted():
    hide = "mount -t tmpfs none /sys && mount -t tmpfs none /proc && exec \"$@\""
    found = Lines("-p", 1, prefix=["unshare", "-m", "sh", "-c", hide, "sh"])
    found.expect("proc", "fail", "not mounted", "mount -t proc proc /proc")
    found.expect("btf", "fail", "not mounted", "mount -t sysfs sysfs /sys")
    found.expect("probes", "fail")
    found.expect("process", "fail")


@case
def user_namespace():
    if subprocess.run(["unshare", "-Ur", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip("no user namespace can be made here")
    found = Lines(prefix=["unshare", "-Ur"])
    found.expect("rights", "fail", "user namespace", "outside")
    found.expect("cap_bpf", "fail", "no worth")
    found.expect("probes", "fail")


@case
def pid_namespace():
    found = Lines(prefix=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"])
    found.expect("pid_namespace", "warn", "only processes in it", "--pid=host")
    found.expect("probes", "ok")


@case
def seccomp_filters():
    """`refuse` is a workload: bpf() fails with EPERM for one command."""
    map_create, iter_create = 0, 33
    found = Lines(prefix=[os.path.join(WORK, "refuse"), str(map_create)])
    found.expect("bpf", "fail", "by a seccomp filter", "seccomp=unconfined")
    found.expect("probes", "fail", "not permitted", "SystemCallFilter=bpf")
    found = Lines(prefix=[os.path.join(WORK, "refuse"), str(iter_create)])
    found.expect("iterators", "warn", "iterate over tasks", "seccomp=unconfined")
    found.expect("bpf", "ok")
    check_equal(found.status, 0, f"exit status: {found.bad()}")


# ---- processes ----

@case
def a_process_with_all():
    with Work("asleep") as w:
        found = Lines("-p", w.pid)
    for name in ("process", "container", "memory", "executable", "unwind_tables", "symbols", "library_symbols", "runtime"):
        found.expect(name, "ok")
    found.expect("process", "ok", f"asleep (pid {w.pid})")


@case
def stripped():
    path = scratch("stripped")
    subprocess.run(["strip", "-o", path, os.path.join(WORK, "asleep")], check=True)
    with Work("asleep", path=path) as w:
        found = Lines("-p", w.pid)
        found.expect("symbols", "warn", "stripped is stripped", "DEBUGINFOD_URLS=")
        found.expect("unwind_tables", "ok")
        check_equal(found.status, 0, "exit status")
        asked = Lines("-p", w.pid, env={"DEBUGINFOD_URLS": "http://127.0.0.1:9"})
        asked.expect("symbols", "ok", "debuginfod is asked")


@case
def without_unwind_tables():
    path, source = scratch("no-tables"), scratch("no-tables.c")
    with open(source, "w") as f:
        f.write('#include <stdio.h>\n#include <unistd.h>\nint main(void) { printf("ready %d\\n", getpid()); fflush(stdout); '
                "return getchar(); }\n")
    flags = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-nostartfiles", "-Wl,-e,main"]
    subprocess.run([os.environ.get("CC", "gcc"), *flags, "-O1", source, "-o", path], check=True)
    with Work("no-tables", path=path) as w:
        Lines("-p", w.pid).expect("unwind_tables", "warn", "no-tables is without", "-fasynchronous-unwind-tables")


@long_case
def deleted():
    path = scratch("deleted")
    shutil.copy(os.path.join(WORK, "asleep"), path)
    with Work("asleep", path=path) as w:
        os.unlink(path)
        found = Lines("-p", w.pid)
        found.expect("executable", "ok", "deleted or replaced")
        found.expect("symbols", "ok")
        found = Lines("-p", w.pid, prefix=["setpriv", "--bounding-set=-checkpoint_restore,-sys_admin"])
        found.expect("executable", "warn", "as it was deleted", "--cap-add=CHECKPOINT_RESTORE")


@case
def of_others():
    with Work("asleep") as w:
        found = as_nobody("-p", w.pid)
    found.expect("process", "fail", f"/proc/{w.pid}/maps", f"sudo dwell doctor -p {w.pid}")


@case
def in_a_container():
    with Work("asleep", prefix=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]) as w:
        with open(f"/proc/{w.process.pid}/task/{w.process.pid}/children") as f:
            pid = int(f.read().split()[0])
        Lines("-p", pid).expect("container", "ok", f"its pid is {w.said_pid}")


@case
def no_process():
    child = start(["true"])
    child.wait()
    found = Lines("-p", child.pid)
    found.expect("process", "fail", f"no process {child.pid}", "ps")
    check("symbols" not in found.by, "symbols of none")


@case
def a_kernel_thread():
    if not os.path.exists("/proc/2/comm") or read("/proc/2/comm") != "kthreadd\n":
        skip("pid 2 is no kernel thread here")
    found = Lines("-p", 2)
    found.expect("process", "ok", "kthreadd (pid 2) is a kernel thread")
    check("symbols" not in found.by, "symbols of a kernel thread")


@case
def go():
    tools = Toolchain()
    source = os.path.join(ROOT, "tests", "live", "work", "blocked.go")
    program = tools.build("blocked", [source], "-ldflags=-s -w", cgo=False)
    with Work(None, 1, path=program) as w:
        found = Lines("-p", w.pid)
    found.expect("runtime", "ok", "Go")
    found.expect("symbols", "ok")
    found.expect("unwind_tables", "ok")


@case
def python():
    child = start([sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
    child.stdout.readline()
    found = Lines("-p", child.pid)
    if sys.version_info < (3, 11):
        found.expect("runtime", "warn", "Python")
    else:
        found.expect("runtime", "ok", f"CPython {sys.version_info[0]}.{sys.version_info[1]}")


@long_case
def node():
    script = "console.log(); setTimeout(() => {}, 600000)"
    plain = start(["node", "-e", script], stdout=subprocess.PIPE, cwd=scratch())
    named = start(["node", "--perf-basic-prof", "-e", script], stdout=subprocess.PIPE, cwd=scratch())
    plain.stdout.readline()
    named.stdout.readline()
    try:
        Lines("-p", plain.pid).expect("runtime", "warn", "Node.js", "--perf-basic-prof")
        Lines("-p", named.pid).expect("runtime", "ok", "Node.js")
    finally:
        named.kill()
        named.wait()
        path = f"/tmp/perf-{named.pid}.map"
        if os.path.exists(path):
            os.unlink(path)


# ---- mistakes ----

@case
def mistakes_are_answered():
    for args in (["-p", "0"], ["-p", "x"], ["4711"], ["--", "true"], ["--nonsense"]):
        r = run("doctor", *args)
        check_equal((r.status, r.out), (2, ""), f"{args}")
        check_one_line(r.err, f"{args}")
    with open("/dev/full", "w") as full:
        r = run("doctor", stdout=full)
    check_equal(r.status, 1, "a full disk")
    check_one_line(r.err, "a full disk", "can't write")


main()
