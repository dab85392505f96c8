#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell goroutines as another user with a few capabilities, on programs of root: what is read must be what root reads."""
import json
import os
import shutil
import subprocess

from golang import Toolchain
from goroutines import CNT, Program, build, differences, parse, see, settle
from livetest import DWELL, case, check, check_equal, check_one_line, long_case, main, run, scratch

go = Toolchain()
BPF = ("+bpf", "+perfmon")


def as_nobody(caps, *args):
    """Runs dwell with these capabilities. (status, stdout, stderr)."""
    dwell = scratch("dwell-of-all")
    if not os.path.exists(dwell):
        os.chmod(scratch(), 0o755)
        shutil.copy(DWELL, dwell)
        os.chmod(dwell, 0o755)
    kept = ",".join(["-all", *caps])
    done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", f"--inh-caps={kept}",
                           f"--ambient-caps={kept}", f"--bounding-set={kept}", dwell, *[str(a) for a in args]],
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def each(caps, p):
    status, out, err = as_nobody(caps, "goroutines", "-p", p.pid, "--each")
    check_equal((status, err), (0, ""), f"with {caps}")
    return parse(out)


def check_as_root(name):
    with Program(build(go, name)) as p:
        settle(p)
        root, mine = see(p), each(BPF, p)
    check_equal(differences(mine, root), [], "what root sees, and who has CAP_BPF and CAP_PERFMON")
    check_equal(len(mine), CNT, "goroutines")


for build_name in ("plain", "stripped pie", "stripped external pie"):
    def one(build_name=build_name):
        check_as_root(build_name)
    one.__name__ = "by_bpf_" + build_name.replace(" ", "_")
    (long_case if build_name == "stripped pie" else case)(one)


@case
def says_how_it_reads():
    with Program(build(go, "stripped")) as p:
        bpf = as_nobody(BPF, "goroutines", "-v", "-p", p.pid)[2]
        root = run("goroutines", "-v", "-p", p.pid).ok().err
    check("its memory is read by BPF" in bpf, bpf[-2000:])
    check("its memory is read by process_vm_readv" in root, root[-2000:])


@case
def from_look_to_look():
    """Also across an exec()."""
    with Program(build(go, "stripped pie")) as p:
        settle(p)
        status, out, _ = as_nobody(BPF, "goroutines", "-p", p.pid, "--watch", "0.1", "--json", "1")
        looks = [json.loads(text) for text in out.replace("}\n{", "}\0{").split("\0")]
        p.process.stdin.write(b"exec\n")
        p.process.stdin.flush()
        p.hear("ready ")
        settle(p)
        check_equal(len(each(BPF, p)), CNT, "goroutines of the next program")
    check_equal(status, 0, "status")
    check(len(looks) > 2 and all(look["goroutines"] == CNT for look in looks), f"{len(looks)} looks")


@case
def many_goroutines():
    with Program(build(go, "stripped")) as p:
        p.ask("grow 20000")
        settle(p)
        status, out, _ = as_nobody(BPF, "goroutines", "-p", p.pid, "--json", "--stacks")
    data = json.loads(out)
    check_equal((status, data["goroutines"]), (0, CNT + 20000), "status, goroutines")
    check_equal({k: v for k, v in data["counts"].items() if v and k not in ("listed", "ended")}, {}, "counts")


@case
def by_ptrace():
    with Program(build(go, "stripped")) as p:
        settle(p)
        mine, root = each(("+sys_ptrace", "+dac_read_search"), p), see(p)
    check_equal(differences(mine, root), [], "with CAP_SYS_PTRACE")


@case
def refused():
    """One line that says what would do; half of what it takes does not."""
    with Program(build(go, "stripped")) as p:
        for caps in ((), ("+bpf",), ("+perfmon",), ("+sys_ptrace",)):
            status, _, err = as_nobody(caps, "goroutines", "-p", p.pid)
            check_equal(status, 1, f"status with {caps}")
            check_one_line(err, f"{caps}", str(p.pid), "as root", "CAP_SYS_PTRACE", "CAP_BPF and CAP_PERFMON")


@case
def no_go_by_bpf():
    with subprocess.Popen(["sleep", "60"]) as p:
        status, _, err = as_nobody(BPF, "goroutines", "-p", p.pid)
        p.kill()
    check_equal(status, 1, "status")
    check_one_line(err, "sleep", "no Go program", "dwell dump")


main()
