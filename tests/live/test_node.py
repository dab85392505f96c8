#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""JavaScript functions in stacks, beside what node says itself."""
import glob
import os
import re
import shutil
import subprocess

from livetest import ROOT, Profile, case, check, check_equal, main, run, scratch, skip

SCRIPT = os.path.join(ROOT, "tests", "live", "work", "nested.js")
WAITS = 200
MAP = ["--perf-basic-prof"]
INTERPRETED = ["--interpreted-frames-native-stack"]


def need(*options):
    """Skips without node, or one that does not know the options."""
    if not shutil.which("node"):
        skip("node is not installed")
    known = subprocess.run(["node", "--v8-options"], capture_output=True, text=True, check=True).stdout
    for option in options:
        if option not in known and option.replace("-", "_")[2:] not in known.replace("-", "_"):
            skip(f"this node does not know {option}")


def plain(name):
    """A function's own name: node says "Shop.serve" and "get open [as open]"."""
    return name.partition(" [as ")[0].rpartition(".")[2].replace("get ", "")


def trace(*options):
    """The profile, what node said of its stack (outermost first), and what dwell said."""
    need(*options)
    before = set(glob.glob("/tmp/perf-*.map"))
    result = run("offcpu", "--json", "--", "node", *options, SCRIPT, cwd=scratch()).ok()
    for path in set(glob.glob("/tmp/perf-*.map")) - before:
        os.unlink(path)
    # The first lines are the workload's.
    at = result.out.index("done\n") + 5
    said = re.findall(r"at (.+) \(" + re.escape(SCRIPT), result.out[:at])
    own = [plain(name) for name in reversed(said)]
    check_equal(own[-4:], ["open", "serve", "middle", "innermost"], "node's own stack")
    return Profile(result.out[at:]), own, result.err


def waits(p):
    """[(names, kinds, intervals)] of the stacks in Atomics.wait(): the waits, and where it was preempted."""
    found = []
    for s in p.select():
        names = p.names(s)
        if s["pid"] == s["tid"] and any("AtomicsWait" in n for n in names):
            found.append((names, p.kinds(s), s["intervals"]))
    total = sum(w[2] for w in found)
    check(total >= WAITS * 0.9, f"{total} waits in Atomics.wait()")
    return found


def functions_of(names, kinds):
    """The functions of the script, as node would say them."""
    calls = ("outermost", "get open", "open", "serve", "middle", "innermost")
    found = [n for n, k in zip(names, kinds) if k == "jit" and (n in calls or n.startswith("(anonymous nested.js"))]
    return ["<anonymous>" if n.startswith("(") else plain(n) for n in found]


def check_functions(p, own, share):
    good = sum(cnt for names, kinds, cnt in waits(p) if functions_of(names, kinds) == own)
    total = sum(w[2] for w in waits(p))
    others = [functions_of(names, kinds) for names, kinds, _ in waits(p) if functions_of(names, kinds) != own]
    check(good >= share * total, f"{own} in {good} of {total} waits, others: {others}")


@case
def functions_that_are_interpreted():
    p, own, _ = trace(*MAP, *INTERPRETED)
    check_functions(p, own, 0.8)


@case
def functions_that_are_compiled():
    """All by the fast compiler, at the first call."""
    p, own, _ = trace(*MAP, "--always-sparkplug")
    check_functions(p, own, 0.8)


@case
def by_a_jitdump():
    p, own, _ = trace("--perf-prof", *INTERPRETED)
    check(glob.glob(scratch("jit-*.dump")), "node wrote no jitdump")
    check_functions(p, own, 0.8)


@case
def without_names():
    """The frames are there, and what to do is said."""
    p, own, said = trace("--always-sparkplug")
    without = sum(cnt for names, kinds, cnt in waits(p) if names.count("[jit]") >= len(own))
    check(without >= 0.8 * WAITS, f"[jit] in {without} of {WAITS} waits: {[w[0] for w in waits(p)]}")
    check("--perf-basic-prof" in said, f"no hint in {said!r}")


@case
def without_names_interpreted():
    p, _, said = trace()
    check(any("Builtins_InterpreterEntryTrampoline" in w[0] for w in waits(p)), f"{waits(p)}")
    check("--interpreted-frames-native-stack" in said, f"no hint in {said!r}")


main()
