#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Our folded files in the Firefox Profiler, by its own command line (npm: @firefox-devtools/profiler-cli, with the Node.js that it needs).

What it says of each function, self and total, is compared with the lines of the file, microsecond by microsecond.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))

from livetest import BUILD, case, check, check_equal, main, parse_folded, read, scratch, skip  # noqa: E402

MAKE_SAMPLE = os.path.join(BUILD, "tests", "browser", "make_sample")
PACKAGES = os.path.join(BUILD, "tests", "firefox")
CLI = os.path.join(PACKAGES, "node_modules", "@firefox-devtools", "profiler-cli", "dist", "profiler-cli.js")
NODE = os.path.join(PACKAGES, "node_modules", ".bin", "node")


def installed():
    if os.path.exists(CLI) and os.path.exists(NODE):
        return
    os.makedirs(PACKAGES, exist_ok=True)
    with open(os.path.join(PACKAGES, "package.json"), "w") as f:
        json.dump({"private": True, "dependencies": {"node": "24", "@firefox-devtools/profiler-cli": "0.10.0"}}, f)
    try:
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], cwd=PACKAGES, check=True,
                       capture_output=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as e:
        skip(f"npm install failed: {e}")


def profiler(*args):
    """Its sessions are daemons that know each other by files below HOME."""
    env = dict(os.environ, HOME=scratch(""))
    return subprocess.run([NODE, CLI, *args], env=env, capture_output=True, text=True, timeout=120, check=True).stdout


def shown(name):
    """It takes what stands before a '!' for a library, as Windows' tools write it."""
    return name.split("!", 1)[-1]


def functions_of(path):
    """{name: [self, total]}"""
    profiler("load", path)
    try:
        found = json.loads(profiler("thread", "functions", "--json", "--limit", "0"))
    finally:
        profiler("stop", "--all")
    check_equal(found["totalFunctionCount"], len(found["functions"]), "it lists all functions")
    return {f["name"]: [f["selfSamples"], f["totalSamples"]] for f in found["functions"]}


@case
def self_and_total_of_each_function():
    installed()
    for what in ("small", "hostile", "wakers", "server"):
        path = scratch(what + ".folded")
        subprocess.run([MAKE_SAMPLE, what, path], check=True, stdout=subprocess.DEVNULL)
        want = {}
        for stack, us in parse_folded(read(path)):
            stack = [shown(name) for name in stack]
            want.setdefault(stack[-1], [0, 0])[0] += us
            for name in set(stack):
                want.setdefault(name, [0, 0])[1] += us
        check(want, what)
        got = functions_of(path)
        wrong = {n[:60]: (got.get(n), want.get(n)) for n in set(got) | set(want) if got.get(n) != want.get(n)}
        check_equal(wrong, {}, f"{what}: functions, theirs and ours")


main(needs_tracing=False)
