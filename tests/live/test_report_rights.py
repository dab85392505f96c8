#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What reads files takes no rights: as nobody, and killed at the first system call that has to do with other processes, the kernel's
probes or the network, it writes what it writes as root; of files that mean harm, too."""
import hashlib
import os
import random
import subprocess

from livetest import DWELL, Work, case, check, check_equal, main, read_bytes, run, scratch
from rights import NOBODY, dwell_of_all, open_to_all
from seccomp import CALLS, kill_at

OUTPUTS = ["html", "svg", "folded", "pb.gz", "speedscope.json", "perfView.xml.zip", "pftrace", "ndjson", "json"]


def place():
    path = open_to_all("files")
    os.chmod(path, 0o1777)
    return path


def recording():
    """Of programs that wait for each other, by root; for all to read."""
    path = os.path.join(place(), "r.dwell")
    if not os.path.exists(path):
        with Work("pipes", 200, 1) as w:
            run("record", "-q", "--wakers", "-p", w.pid, "-o", path, "500ms").ok()
        os.chmod(path, 0o644)
    return path


def as_root(*args):
    done = subprocess.run([DWELL, *args], capture_output=True, check=False, timeout=60, cwd=place())
    return done.returncode, done.stdout, done.stderr


def without_rights(*args):
    # Who leaves uid 0 leaves all capabilities, and the filter lets no new ones come.
    done = subprocess.run([dwell_of_all(), *args], capture_output=True, check=False, timeout=60, user=NOBODY, group=NOBODY,
                          extra_groups=[], preexec_fn=kill_at(*CALLS), cwd=place())
    return done.returncode, done.stdout, done.stderr


def check_same(*args, status=None):
    ours, theirs = as_root(*args), without_rights(*args)
    check_equal(theirs, ours, f"dwell {' '.join(args)} without rights, and as root")
    if status is not None:
        check_equal(ours[0], status, f"status of dwell {' '.join(args)}: {ours[2][-500:]}")


@case
def the_filter_bites():
    """The counter-check: what traces is ended by it."""
    for args in (["offcpu", "-p", str(os.getpid()), "100ms"], ["goroutines", "-p", str(os.getpid())]):
        status, out, _ = without_rights(*args)
        check_equal((status, out), (-31, b""), f"{args}: status (SIGSYS) and output")


@case
def every_format():
    path = recording()
    check_same("report", path, status=0)
    check_same("report", path, "--by-waker", status=0)
    check_same("report", path, "--chains", "--json", status=0)
    for ext in OUTPUTS:
        sums = []
        for who in (as_root, without_rights):
            out = os.path.join(place(), f"{who.__name__}.{ext}")
            status, _, err = who("report", path, "-o", out)
            check_equal(status, 0, f"{who.__name__}, {ext}: {err[-500:]}")
            sums.append(hashlib.sha256(read_bytes(out)).hexdigest())
        check_equal(sums[1], sums[0], f"bytes of {ext}")


@case
def every_reader():
    path = recording()
    check_same("info", path, status=0)
    check_same("info", path, "--json", status=0)
    check_same("diff", path, path, status=0)
    check_same("check", path, path)
    for ext, args in (("folded", []), ("ndjson", []), ("pb.gz", [])):
        out = os.path.join(place(), f"in.{ext}")
        check_equal(as_root("report", path, "-o", out)[0], 0, ext)
        check_same("report", out, *args, status=0)


def damaged():
    """(name, bytes): cut, flipped, blown up."""
    good = read_bytes(recording())
    chance = random.Random(10)
    for i in range(12):
        bad = bytearray(good)
        for _ in range(1 << i % 6):
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        yield f"flipped-{i}", bytes(bad)
    for i in range(6):
        yield f"cut-{i}", good[:chance.randrange(len(good))]
    yield "zeroes", bytes(1 << 16)
    yield "ones", b"\xff" * (1 << 16)
    yield "header-and-noise", good[:64] + chance.randbytes(1 << 16)
    yield "folded", b"a;b;\x1b[31m;" + b"c;" * 5000 + b" 18446744073709551615\n"
    yield "ndjson", b'{"stack":["' + b"[" * 100000 + b'"],"ns":1}\n'
    yield "pprof", bytes.fromhex("1f8b0800000000000003") + chance.randbytes(4096)
    yield "etl", bytes(64) + chance.randbytes(1 << 16)


@case
def hostile_files():
    for name, data in damaged():
        path = os.path.join(place(), f"{name}.{name if name in ('folded', 'ndjson', 'etl') else 'dwell'}")
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, 0o644)
        for args in (["report", path], ["info", path]):
            ours, theirs = as_root(*args), without_rights(*args)
            check_equal(theirs, ours, f"dwell {args[0]} of {name}")
            check(ours[0] in (0, 1, 2), f"dwell {args[0]} of {name}: status {ours[0]}, {ours[2][-300:]}")


@case
def files_that_may_not_be_read():
    path = os.path.join(place(), "closed.dwell")
    with open(path, "wb") as f:
        f.write(b"x")
    os.chmod(path, 0o600)
    status, out, err = without_rights("report", path)
    check_equal((status, out), (1, b""), "status, output")
    check(err.count(b"\n") == 1 and b"closed.dwell" in err and b"Permission denied" in err, f"{err}")


main()
