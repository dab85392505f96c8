# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Copies of the sources elsewhere, and where two files that ought to be equal are not."""
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile

sys.dont_write_bytecode = True
from deploytest import ROOT, check, check_runs, said
from livetest import read_bytes


def sources():
    """The files that git knows of, or would; all of them in a tree without git."""
    if os.path.exists(os.path.join(ROOT, ".git")):
        text = check_runs("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT)
        return [p for p in text.splitlines() if os.path.isfile(os.path.join(ROOT, p))]
    text = check_runs("find", ".", "-type", "f", "-not", "-path", "./build*", cwd=ROOT)
    return [p[2:] for p in text.splitlines()]


def copy_sources(folder, backwards=False, seconds=None):
    """Into a new folder, without git, in this order or the other way round (the order in which many file systems list them)."""
    for path in sorted(sources(), reverse=backwards):
        to = os.path.join(folder, path)
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(os.path.join(ROOT, path), to)
        if seconds:
            os.utime(to, (seconds, seconds))
    commit = check_runs("scripts/commit", cwd=ROOT).strip()
    path = os.path.join(folder, "scripts", "archived")
    with open(path) as f:
        lines = f.read().splitlines()
    with open(path, "w") as f:
        f.write("\n".join([*lines[:-1], commit]) + "\n")


# ---- what differs ----

def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"byte {at:#x} of {len(a):#x} and {len(b):#x}: {a[max(at - 24, 0):at + 24]!r} and {b[max(at - 24, 0):at + 24]!r}"


def sections(path):
    """{name: bytes} of an ELF or PE file."""
    text = check_runs("objdump", "-hw", path, env={**os.environ, "LC_ALL": "C"})
    data = read_bytes(path)
    rows = re.findall(r"^ +\d+ (\S+) +([0-9a-f]+) +\S+ +\S+ +([0-9a-f]+) .*CONTENTS", text, re.M)
    return {name: data[int(at, 16):int(at, 16) + int(size, 16)] for name, size, at in rows}


def members(path):
    """{name: bytes} of a Debian package: its files with owner, mode and time, out of the two archives in it."""
    found = {}
    for part in ("--ctrl-tarfile", "--fsys-tarfile"):
        data = subprocess.run(["dpkg-deb", part, path], capture_output=True, check=True).stdout
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for m in tar:
                found[f"{part} {m.name}"] = f"{m.mode:o} {m.uid} {m.gid} {m.mtime} {m.linkname}\n".encode() + \
                    (tar.extractfile(m).read() if m.isfile() else b"")
    return found


def parts(path):
    if path.endswith(".deb"):
        return members(path)
    if read_bytes(path)[:4] == b"\x7fELF" or path.endswith(".exe"):
        return sections(path)
    return {}


def difference(a, b):
    """What to look at first; None if the files are equal."""
    data = read_bytes(a), read_bytes(b)
    if data[0] == data[1]:
        return None
    inside = parts(a), parts(b)
    lines = [f"only in one: {name}" for name in inside[0].keys() ^ inside[1].keys()]
    lines += [f"{name}: {first_difference(inside[0][name], inside[1][name])}"
              for name in inside[0] if name in inside[1] and inside[0][name] != inside[1][name]]
    return "; ".join(lines[:6]) or first_difference(*data)


def check_same(folder_a, folder_b, paths):
    check(paths, "nothing to compare")
    told = []
    for path in paths:
        a, b = os.path.join(folder_a, path), os.path.join(folder_b, path)
        check(os.path.exists(a) and os.path.exists(b), f"{path} is missing in {folder_a} or {folder_b}")
        why = difference(a, b)
        if why:
            told.append(f"{path}: {why}")
    check(not told, f"{len(told)} of {len(paths)} files differ: " + "\n".join(told))


def runs(command, **options):
    status, text = said(*command, **options)
    check(status == 0, f"{' '.join(command)}: status {status}: {text[-3000:]}")
    return text
