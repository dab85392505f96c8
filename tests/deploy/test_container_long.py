#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The container file, as far as it can be judged without a base image: its packages exist and are enough, its files are there,
its command is one that dwell understands. It is not built."""
import functools
import json
import os
import re
import sys

sys.dont_write_bytecode = True
from deploytest import DEPLOY, ROOT, check, check_runs, default_port, installed, read, said, skip
from livetest import DWELL, case, check_equal, main

FILE = os.path.join(DEPLOY, "container", "Containerfile")
KNOWN = ("FROM", "RUN", "COPY", "WORKDIR", "ARG", "LABEL", "EXPOSE", "ENTRYPOINT", "CMD")


def stages():
    """[[(instruction, rest)]], lines joined."""
    found = []
    text = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", read(FILE)))
    for line in filter(None, text.splitlines()):
        word, rest = line.split(" ", 1)
        check(word in KNOWN, f"no instruction: {line}")
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def instructions(stage, word):
    return [rest for w, rest in stages()[stage] if w == word]


def packages(stage):
    return re.search(r"apt-get install -y --no-install-recommends ([^&]*)", instructions(stage, "RUN")[0]).group(1).split()


@functools.cache
def would_install(*names):
    """All that apt takes, on a machine that has nothing yet."""
    installed("apt-get")
    status, text = said("apt-get", "install", "--simulate", "--no-install-recommends", "-o", "Dir::State::status=/dev/null",
                        *names)
    if status and said("apt-cache", "show", "libbpf-dev")[0]:
        skip("no package lists: apt-get update")
    check(status == 0, f"apt-get install --simulate {' '.join(names)}: {text[-2000:]}")
    return set(re.findall(r"^Inst (\S+)", text, re.M))


@case
def packages_exist():
    for stage in (0, 1):
        check(set(packages(stage)) <= would_install(*packages(stage)), "not all would be installed")
    status, _ = said("apt-get", "install", "--simulate", "-o", "Dir::State::status=/dev/null", "libbpf-no-such-dev")
    check(status != 0, "apt takes a package that there isn't")


@case
def enough_to_build():
    """Those that scripts/deps asks for."""
    text = re.search(r"^need_to_build\(\) \{\n(.*?)^\}", read(os.path.join(ROOT, "scripts", "deps")), re.M | re.S).group(1)
    names = set(re.findall(r"(?:need|want) ([a-z0-9.+-]+) ", text)) | {"gcc", "clang", "llvm", "make"}
    missing = names - set(packages(0))
    check(not missing, f"not in the first stage: {missing}")


@case
def enough_to_run():
    """Every library that the program of this build needs is in a package of the second stage."""
    there = would_install(*packages(1)) | {"libc6"}
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", check_runs(installed("readelf"), "-dW", DWELL))
    check("libc.so.6" in needed and len(needed) > 3, needed)
    owners = {}
    for line in said(installed("dpkg-query"), "-S", *(f"*/{name}" for name in needed))[1].splitlines():
        owner, path = line.split(": ", 1)
        owners.setdefault(os.path.basename(path), set()).update(o.split(":")[0] for o in owner.split(", "))
    for name in needed:
        check(owners.get(name, set()) & there, f"{name} is of {owners.get(name)}, which the image has not")


@case
def files():
    for stage in stages():
        for word, rest in stage:
            if word == "COPY" and not rest.startswith("--from="):
                check(os.path.exists(os.path.join(ROOT, rest.split()[0])), f"COPY {rest}")
            if word == "RUN":
                check_runs("/bin/sh", "-n", "-c", rest)
    names = re.findall(r" AS (\w+)", " ".join(instructions(0, "FROM")))
    check_equal(re.findall(r"--from=(\w+)", " ".join(instructions(1, "COPY"))), names, "stages")
    check("DESTDIR=/install PREFIX=/usr" in instructions(0, "RUN")[-1] and
          instructions(1, "COPY")[0].endswith("/install/usr /usr"), "what is installed is copied")
    check_equal(json.loads(instructions(1, "ENTRYPOINT")[0]), ["/usr/bin/dwell"], "the entry point")


@case
def facts():
    version = read(os.path.join(ROOT, "VERSION")).strip()
    check(f"VERSION={version}" in instructions(1, "ARG"), f"VERSION is {version}")
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]*)"', " ".join(instructions(1, "LABEL"))))
    check_equal(sorted(labels), ["description", "licenses", "revision", "title", "version"], "labels")
    check_equal(instructions(1, "EXPOSE"), [default_port()], "the port")
    words = json.loads(instructions(1, "CMD")[0])
    check(f"--listen=0.0.0.0:{default_port()}" in words, words)
    status, text = said(DWELL, "serve", "--help")
    check(status == 0, text)
    for word in words[1:]:
        check(re.search(rf"^ +{word.split('=')[0]}\b", text, re.M), f"dwell serve has no {word}")


main(needs_tracing=False)
