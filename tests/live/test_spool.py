#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The spool between two processes of different users, both killed at any moment, and on a disk that fills."""
import errno
import os
import random
import subprocess
import time

from livetest import BUILD, case, check, check_equal, main, scratch, skip, start, wait_until
from tmpfs import in_own_namespace, small_disk

TOOL = os.path.join(BUILD, "tests", "unit", "spool_tool")
KIB = 1024
NOBODY = 65534  # user and group of the reader


def start_writer(spool, quota=0, min_free=0, size=2000, out=subprocess.PIPE):
    return start([TOOL, "write", spool, "t", str(NOBODY), str(quota), str(min_free), str(size)],
                 stdin=subprocess.PIPE, stdout=out, text=True)


def start_reader(spool, log):
    return start([TOOL, "send", spool, "t", log], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                 user=NOBODY, group=NOBODY, extra_groups=[])


def new_spool(name):
    """(spool, log): paths that both may use."""
    if os.geteuid():
        skip("needs two users")
    os.chmod(scratch(), 0o755)
    base = scratch(name)
    os.mkdir(base)
    log = os.path.join(base, "log")
    open(log, "w").close()
    os.chown(log, NOBODY, NOBODY)
    return os.path.join(base, "spool"), log


def segments(spool):
    """Ids by name of what waits."""
    names = [n for n in os.listdir(os.path.join(spool, "t")) if n.endswith(".ndjson.gz")]
    return {n: n.split("-")[3].split(".")[0] for n in names}


def waiting_bytes(spool):
    total = 0
    for name in segments(spool):
        try:
            total += os.path.getsize(os.path.join(spool, "t", name))
        except FileNotFoundError:  # sent or dropped meanwhile
            pass
    return total


def stop(child):
    """Lets a process end by itself: what it still had to say."""
    child.stdin.write("stop\n")
    child.stdin.close()
    out = child.stdout and child.stdout.read()
    check_equal(child.wait(60), 0, "status")
    return out


def received(log):
    with open(log) as f:
        return f.read().split()


def said(out):
    """Ids of the segments that a writer said it had renamed. It may have been killed in the middle of a line."""
    lines = [line.split() for line in out.splitlines(keepends=True) if line.endswith("\n")]
    return [f[1].split("-")[3].split(".")[0] for f in lines if f[0] == "0"]


@case
def killed_at_any_moment():
    spool, log = new_spool("killed")
    writer, renamed, reader_kills, writer_kills = start_writer(spool), set(), 0, 0
    wait_until(lambda: os.path.isdir(os.path.join(spool, "t", "rejected")) and segments(spool), "the first segment")
    reader = start_reader(spool, log)
    while reader_kills + writer_kills < 50:
        time.sleep(random.uniform(0.02, 0.15))
        if random.random() < 0.5:
            reader.kill()
            reader.wait()
            reader_kills += 1
            reader = start_reader(spool, log)
        else:
            writer.kill()
            renamed |= set(said(writer.stdout.read()))
            writer.wait()
            writer_kills += 1
            # Renamed, whether it came to saying so or not.
            renamed |= set(segments(spool).values())
            writer = start_writer(spool)
    renamed |= set(said(stop(writer)))
    acked, rejected, corrupt, gone = (int(f) for f in stop(reader).split())
    got = received(log)
    missing = renamed - set(got)
    check(not missing, f"{len(missing)} of {len(renamed)} segments were lost: {sorted(missing)[:3]}")
    check(len(got) - len(set(got)) <= reader_kills,
          f"{len(got) - len(set(got))} came twice in {reader_kills} kills of the reader")
    check_equal((rejected, corrupt, gone), (0, 0, 0), "rejected, corrupt, gone")
    check(len(renamed) > 200, f"only {len(renamed)} segments")
    check_equal(segments(spool), {}, "what waits at the end")
    print(f"{len(renamed)} segments, {len(set(got))} received, {len(got) - len(set(got))} twice; "
          f"{writer_kills} kills of the writer, {reader_kills} of the reader")


def dropped_so_far(said_by_writer):
    with open(said_by_writer) as f:
        lines = f.read().split("\n")[:-1]
    return int(lines[-1].split()[4]) if lines else 0


@case
def quota_while_it_is_sent():
    """Each segment is received or counted as dropped: none is lost silently, and the directory stays small."""
    spool, log = new_spool("quota")
    said_by_writer = scratch("quota.out")
    with open(said_by_writer, "w") as out:
        writer = start_writer(spool, quota=40 * KIB, size=5000, out=out)
    wait_until(lambda: os.path.isdir(os.path.join(spool, "t", "rejected")), "the directory")
    ended = 0
    for _ in range(5):
        reader = start_reader(spool, log)
        time.sleep(0.3)
        size = waiting_bytes(spool)
        check(size <= 60 * KIB, f"{size} bytes wait")
        reader.terminate()
        reader.wait(30)
        ended += 1
        before = dropped_so_far(said_by_writer)
        wait_until(lambda: dropped_so_far(said_by_writer) > before, "segments are dropped")
    stop(writer)
    stop(start_reader(spool, log))
    with open(said_by_writer) as f:
        text = f.read()
    names, dropped, got = said(text), dropped_so_far(said_by_writer), received(log)
    # What a reader was ended with, between sending and noting that, may be sent again or dropped as well.
    check(len(got) - len(set(got)) <= ended, f"{len(got) - len(set(got))} came twice, {ended} readers were ended")
    both = len(set(got)) + dropped - len(names)
    check(0 <= both <= ended, f"{len(set(got))} received + {dropped} dropped of {len(names)}")
    print(f"{len(names)} segments: {len(set(got))} received, {dropped} dropped")


def unfinished(spool):
    return [n for n in os.listdir(os.path.join(spool, "t")) if n.endswith(".ndjson.gz.tmp")]


@case
def disk_full():
    disk = small_disk("full", 512)
    os.chmod(scratch(), 0o755)
    spool, log = os.path.join(disk, "spool"), scratch("full.log")
    open(log, "w").close()
    os.chown(log, NOBODY, NOBODY)
    ballast = os.path.join(disk, "ballast")
    with open(ballast, "wb") as f:
        f.write(b"x" * 300 * KIB)
    writer = start_writer(spool, size=20000)
    lines = [writer.stdout.readline().split()]
    while lines[-1][0] == "0" and len(lines) < 100:
        lines.append(writer.stdout.readline().split())
    check_equal(int(lines[-1][0]), -errno.ENOSPC, "error of a full disk")
    check_equal(lines[-1][2:4], ["1", "1"], "failing and changed")
    # The writer goes on trying: what there may be is the attempt being made as we look.
    check(len(unfinished(spool)) <= 1, f"it left something: {unfinished(spool)}")
    # Sending makes room, also on a full disk; all that was renamed arrives.
    reader = start_reader(spool, log)
    wait_until(lambda: len(received(log)) >= len(lines) - 1, "the segments arrive")
    os.unlink(ballast)
    while lines[-1][0] != "0":
        lines.append(writer.stdout.readline().split())
    check_equal(lines[-1][2:4], ["0", "1"], "failing and changed when there is room again")
    out = stop(writer)
    check_equal(unfinished(spool), [], "files that were never finished")
    stop(reader)
    renamed = {f[1].split("-")[3].split(".")[0] for f in lines if f[0] == "0"} | set(said(out))
    check_equal(set(received(log)), renamed, "received and renamed")


@case
def the_reader_leads_nobody_elsewhere():
    """Links that the reader's user puts into its directory."""
    spool, _ = new_spool("links")
    stop(start_writer(spool))
    target = os.path.join(spool, "t")
    victim = scratch("victim")
    os.mkdir(victim)
    name = f"0000000000000001-1-2-{'0' * 32}.ndjson.gz"
    with open(os.path.join(victim, name), "w") as f:
        f.write("precious" * 1000)
    script = f"""
import os
os.chdir({target!r})
os.rename("rejected", "rejected.old")
os.symlink({victim!r}, "rejected")
os.symlink({os.path.join(victim, name)!r}, {name!r})
for f in ("seq", "status", "seq.tmp"):
    if os.path.exists(f):
        os.unlink(f)
    os.symlink({os.path.join(victim, name)!r}, f)
"""
    subprocess.run(["python3", "-c", script], check=True, user=NOBODY, group=NOBODY, extra_groups=[])
    writer = start_writer(spool, quota=1, size=100)
    check_equal(writer.wait(30), 1, "status of a writer whose directory is a link")
    os.unlink(os.path.join(target, "rejected"))
    stop(start_writer(spool, quota=1, size=100))
    check_equal(os.listdir(victim), [name], "files of the victim")
    with open(os.path.join(victim, name)) as f:
        check_equal(f.read(), "precious" * 1000, "its content")
    check(not os.path.islink(os.path.join(target, "seq")), "seq is still a link")


in_own_namespace()
main()
