# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Judges dwell's user stacks by gdb's: snapshots of running programs, compared frame by frame.

A snapshot stops all processes of a program (SIGSTOP) at some moment, lets gdb walk every thread and lets them
go on. Meanwhile dwell records. For a thread that stands still, two kinds of off-CPU intervals must hold gdb's
stack: those that touch the time between "all stopped" and SIGCONT, and the one in which the thread had blocked by
itself when SIGSTOP was sent, with the system call, arguments, sp and pc with which gdb finds it.

Frames are compared by pc, or by module and function start; the judge finds both in /proc/PID/maps and the mapped
files, for either side. The module and file offset that dwell recorded for the address must be the same.
"""
import os
import random
import time

import recording
from bcc import BCC, Bcc
from corpus import start_time
from common import Dwell, scratch
from report import Report
from snapshot import family, snapshot


def take_snapshots(program, want, seconds, least, strangers):
    """Until gdb saw @want distinct stacks or the seconds have passed, but never less than @least.

    Returns ([Thread], number of snapshots). Processes among @strangers, (pid, start time), are not looked at.
    """
    threads, distinct, cnt = [], set(), 0
    end = time.monotonic() + seconds
    while len(distinct) < want and time.monotonic() < end or cnt < least:
        program.stir(cnt)
        time.sleep(random.uniform(0.05, 0.25))
        threads += [t for t in snapshot(program.pids()) if (t.pid, t.space.started) not in strangers]
        distinct = {t.key for t in threads if t.frames and t.end != "early"}
        cnt += 1
    return threads, cnt


def settled_family(pids, seconds=1.5):
    """Of these, the ones that have lived for a while and so will live on: helpers come and go."""
    early = {pid: start_time(pid) for pid in family(pids)}
    time.sleep(seconds)
    return [pid for pid, started in early.items() if started and start_time(pid) == started]


def judge_program(program, want, seconds, least=None, beside=True):
    """Traces a program of corpus.py and looks at it: see take_snapshots(). With bcc's tool @beside, where that is. A Report; the
    program has ended."""
    program.start()
    pids = settled_family(program.pids())
    bcc = Bcc(pids) if beside and os.path.exists(BCC) else None
    path = scratch(f"{program.name}.dwell")
    with Dwell("record", "--no-python", "-o", path, "-p", ",".join(map(str, pids)), "--children") as dwell:
        dwell.tracing()
        # Those that began between the list and the tracing are in neither.
        strangers = {(pid, start_time(pid)) for pid in family(program.pids()) if pid not in pids}
        threads, cnt = take_snapshots(program, want, seconds, least or program.least, strangers)
        result = dwell.finish().ok()
    if bcc:
        bcc.finish()
    program.stop()
    report = Report(program.name, threads, recording.Recording(recording.records(path)), bcc)
    report.snapshots = cnt
    report.ledger = result.err
    os.unlink(path)
    return report
