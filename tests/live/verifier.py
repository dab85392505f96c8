# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""How much work our programs are for the verifier, which gives up after a million instructions.

It follows the ways through a program one by one, so a line more may cost it thousands; how many, differs from kernel to
kernel. What it counted is in its log (`DWELL_VERIFIER`), by program and by what dwell was told to do: the
configuration is constant for it, and ways that can't be taken cost nothing.
"""
import re

LIMIT = 1000000  # BPF_COMPLEXITY_LIMIT_INSNS, include/linux/bpf_verifier.h: since 5.2
BUDGET = 800000  # of ours: compilers and verifiers to come may count more

# name -> dwell's arguments. {pid} is a process that may be looked at.
RUNS = {
    "offcpu": "offcpu -v -o none.json -- true",
    "chains": "offcpu -v --chains -m 1 -M 3600000000 -o none.json -- true",
    "syscalls": "syscalls -v -o none.json -- true",
    "syscalls --slower": "syscalls -v --slower 1s --stacks -- true",
    "runq": "runq -v --by thread -o none.json -- true",
    "dump": "dump -v -o none.json -p {pid}",
}

# Of whole systems and groups of threads, for guests.
RUNS_OF_SYSTEMS = {
    "offcpu, all": "offcpu -v --wakers -o none.json 200ms",
    "offcpu by name": "offcpu -v --wakers --comm nobody -o none.json 200ms",
    "syscalls, all": "syscalls -v -o none.json 200ms",
    "runq by cgroup": "runq -v --cgroup /sys/fs/cgroup -o none.json 200ms",
}

# The user's walk again after each hit of the memo: more than any run of a user has to load.
ENVIRONMENTS = ({}, {"DWELL_PROBES": "compat"}, {"DWELL_PROBES": "minimal"}, {"DWELL_MEMO": "verify"})

PROGRAM = re.compile(r"prog '(\w+)': -- BEGIN PROG LOAD LOG --\n(.*?)-- END PROG LOAD LOG --", re.S)
COUNT = re.compile(r"processed (\d+) insns \(limit (\d+)\)")


def counts(said):
    """{program: instructions} of what `dwell -v` said. With a variant that was refused in it, both its and the other's: the larger."""
    found = {}
    for name, log in PROGRAM.findall(said):
        m = COUNT.search(log)
        if m:
            assert int(m[2]) == LIMIT, f"{name}: a limit of {m[2]}"
            found[name] = max(found.get(name, 0), int(m[1]))
    return found


def merge(into, found):
    """The most of each program."""
    for name, insns in found.items():
        into[name] = max(into.get(name, 0), insns)


def over_budget(found):
    return {name: insns for name, insns in found.items() if insns > BUDGET}
