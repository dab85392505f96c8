#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What each command still may do once it traces: what it needs for processes that come, and no more."""
import os
import re
import shutil
import subprocess

from livetest import (Dwell, Profile, Work, case, check, check_equal, check_ledger, long_case, main, read, run, scratch, wait_asleep,
                      wait_until)
from privileges import CAPS, check_all_seen, facts, masks, workload
from rights import go_program, open_to_all, wait_for_masks
from serving import Serve

NR = {**CAPS, "dac_override": 1, "fowner": 3, "kill": 5, "sys_admin": 21, "perfmon": 38}
BEFORE = {"bpf", "perfmon", "sys_ptrace", "dac_read_search", "checkpoint_restore", "syslog", "sys_resource", "ipc_lock"}


def check_kept(d, caps, what):
    keep = sum(1 << NR[c] for c in caps)
    wait_for_masks(masks, d.pid, {(0, keep, keep, 0, 1)}, f"{what} keeps {sorted(caps)}")


def kept(command, options, caps):
    with Work("asleep") as w, Dwell(*command, "-p", w.pid, *options) as d:
        check_kept(d, caps, command[0])
        d.finish().ok()


COMMANDS = {
    "offcpu": (["offcpu", "-f"], [], CAPS),
    "runq": (["runq"], [], ["bpf"]),
    "syscalls": (["syscalls"], [], ["bpf"]),
    "syscalls_by_cgroup": (["syscalls", "--by", "cgroup"], [], ["bpf", "dac_read_search"]),
    "slow_syscalls": (["syscalls", "--slower", "10ms", "--stacks"], [], CAPS),
    "wakeups": (["wakeups", "-f"], [], CAPS),
    "chains": (["chains", "-f"], [], CAPS),
    "locks": (["locks"], [], CAPS),
    "record": (["record", "-q"], ["-o", "/dev/null"], CAPS),
    "top": (["top", "--batch"], [], CAPS),
}

for command_name, row in COMMANDS.items():
    def one(row=row):
        kept(*row)
    one.__name__ = command_name
    (case if command_name in ("offcpu", "runq", "syscalls") else long_case)(one)


def check_steps(paranoid, before, *command):
    """What -v says of both steps, where the file of that setting is another one."""
    setting = scratch(f"paranoid{paranoid}")
    with open(setting, "w") as f:
        f.write(f"{paranoid}\n")
    hide = f"mount --bind {setting} /proc/sys/kernel/perf_event_paranoid && exec \"$@\""
    with Work("asleep") as w:
        said = run(*command, "-v", "-p", w.pid, "200ms", prefix=["unshare", "-m", "sh", "-c", hide, "sh"]).ok().err
    if not int(re.search(r"CapPrm:\s*(\w+)", read("/proc/self/status"))[1], 16) >> 24 & 1:
        before = before - {"sys_resource"}  # this root has it not: maps don't count against limits any more
    steps = re.findall(r"capabilities kept: (.*); \d+ others? dropped for good", said)
    check_equal([set(s.split(", ")) for s in steps], [before, set(CAPS)], "the steps")
    check("without setpcap" not in said, said)
    check(said.index("capabilities kept: ") < said.index("libbpf: "), "something was loaded before")


@case
def in_two_steps():
    """Before anything of the target is read it is but what tracing takes at all."""
    check_steps(2, BEFORE, "offcpu", "-f")


@case
def where_perf_takes_more():
    """Kernels of Debian and Ubuntu: CAP_PERFMON is not enough for perf_event_open(2)."""
    check_steps(3, BEFORE | {"sys_admin"}, "offcpu", "-f")


@case
def goroutines():
    with go_program() as p, Dwell("goroutines", "-p", p.pid, "--watch", "0.1") as d:
        check_kept(d, ["sys_ptrace", "dac_read_search"], "goroutines")
        d.finish().ok()


@long_case
def goroutines_with_probes():
    with go_program() as p, Dwell("goroutines", "-p", p.pid, "--go-events", "100ms/200ms", "--go-events-limit", 10000000) as d:
        check_kept(d, ["sys_ptrace", "dac_read_search", "bpf", "perfmon", "sys_admin"], "goroutines --go-events")
        wait_until(lambda: read(d.err_path).count("probes in") > 2, "probes that come again")
        d.finish().ok()


@long_case
def goroutines_that_leak():
    with go_program() as p, Dwell("goroutines", "-p", p.pid, "--leaks", "--window", "60s") as d:
        check_kept(d, ["sys_ptrace", "dac_read_search"], "goroutines --leaks")
        d.finish()


def status_lines(text):
    return [line for line in text.splitlines() if re.match(r"(Uid|Cap\w+|NoNewPrivs):", line)]


@case
def a_command_keeps_its_rights():
    """It is begun before, and may be another user's, whom SIGTERM still reaches."""
    ours = status_lines(subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout)
    theirs = status_lines(run("offcpu", "-q", "-o", "/dev/null", "--format", "json", "--", "cat", "/proc/self/status").ok().out)
    check_equal(theirs, ours, "rights of the command")
    with Dwell("offcpu", "-q", "-o", "/dev/null", "--format", "json", "--", "setpriv", "--reuid=daemon", "--clear-groups",
               "sleep", "60") as d:
        check_kept(d, [*CAPS, "kill"], "offcpu with a command")
        os.kill(d.pid, 15)
        check_equal(d.wait(20).status, 128 + 15, "status of a command of another user that was ended")


def of_others(name, mode):
    path = os.path.join(open_to_all("places"), name)
    os.makedirs(path)
    shutil.chown(path, "daemon", "daemon")
    os.chmod(path, mode)
    return path


@case
def outputs_get_their_names():
    """Also in a directory of another user, as with sudo in one's own, and in place of another's file where only owners remove."""
    for name, mode, extra in (("own", 0o755, ["dac_override"]), ("sticky", 0o1777, ["fowner"])):
        place = of_others(name, mode)
        if extra == ["fowner"]:
            for file in ("x.json", "x.dwell"):
                with open(os.path.join(place, file), "w"):
                    pass
                shutil.chown(os.path.join(place, file), "nobody")
        with Work("asleep") as w, Dwell("offcpu", "-q", "-p", w.pid, "-o", f"{place}/x.json", "--save", f"{place}/x.dwell") as d:
            check_kept(d, [*CAPS, *extra], f"offcpu into {name}")
            d.finish().ok()
        check_equal(sorted(os.listdir(place)), ["x.dwell", "x.json"], f"files in {name}")
        for file, mode in (("x.dwell", 0o600), ("x.json", 0o644)):
            st = os.stat(os.path.join(place, file))
            check_equal((st.st_uid, st.st_mode & 0o7777), (0, mode), f"owner and permissions of {file}")
            check(st.st_size > 1000, f"{file} is empty")


@case
def processes_that_come_later():
    """dwell itself; tests/live/test_privilege_long.py takes the rest of its rights away one by one."""
    work = workload()
    with Dwell("offcpu", "-q", "--json", "--children", "-p", work.pid) as d:
        check_kept(d, CAPS, "offcpu")
        d.tracing()
        work.stdin.write("go\n")
        work.stdin.flush()
        check_equal(work.stdout.readline(), "done\n", "the workload")
        wait_asleep(work.pid)
        profile = d.finish().profile()
    work.stdin.close()
    check_ledger(profile)
    check_all_seen(facts(profile))


@long_case
def processes_that_come_to_a_service():
    """In the files of serve, as root and as another user."""
    for options in ((), ("--user", "nobody")):
        out = scratch(f"folded{len(options)}")
        os.makedirs(out)
        if options:
            shutil.chown(out, "nobody")
        work = workload()
        with Dwell("serve", "--config", "none", "--listen", "none", "--children", "-p", work.pid, "--out", out, "--every", "1s",
                   *options) as d:
            wait_until(lambda path=d.err_path: "capabilities kept: " in read(path), "it has given up")
            work.stdin.write("go\n")
            work.stdin.flush()
            check_equal(work.stdout.readline(), "done\n", "the workload")
            work.stdin.close()
            check_equal(d.wait(30).status, 0, "status")
        lines = [line for name in os.listdir(out) if name.endswith(".folded") for line in read(os.path.join(out, name)).splitlines()]
        # A shell that waits for a child is some frames deep; one whose program can't be read is one or two.
        for program in ("private", "hidden", "memfd:nameless"):
            deep = [line for line in lines if line.count(f"{program}+") >= 3 or line.count(f"[{program}]") >= 3]
            check(deep, f"{program} was not walked: {[line for line in lines if program in line][:5]}")
        check(not any("[kernel]" in line for line in lines), "kernel functions without names")


@long_case
def goroutines_that_come_to_a_service():
    """Where only BPF reads memory (kernel.yama.ptrace_scope 3) more programs are loaded for each, so PERFMON is kept."""
    with Serve("--go", "--comm", "program", env={"DWELL_GO_MEMORY": "bpf"}) as s:
        check_kept(s, [*CAPS, "perfmon"], "serve --go")
        with go_program():
            wait_until(lambda: re.search(r"^dwell_go_goroutines\{[^}]*\} [1-9]", s.body("/metrics").decode(), re.M),
                       "goroutines of a program that came later", 30, 0.5)


main()
