#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 120
"""The judge of user stacks itself: what it must find equal, and every way in which a recording can be wrong."""
import copy
import shutil
import struct

import recording
from bcc import Bcc
from report import Report
from snapshot import snapshot
from space import Frame
from verdict import Verdict
from common import case, check, check_equal, main, skip
from corpus import Python

ID = 77


def record(kind, body):
    body += bytes(-len(body) % 8)
    return kind, struct.pack("<HHI", kind, 0, 8 + len(body)) + body


def image(pid):
    return struct.pack("<IIQ", pid, 0, 1)


def interval(thread, out_ns, in_ns, stack=ID, syscall=-1, flags=0):
    return record(recording.INTERVAL, struct.pack("<QIIQQQQQIhH", 1, thread.tid, 0, out_ns, in_ns, in_ns, 0,
                                                  stack, 1, syscall, flags))


def stack(thread, ips, ident=ID, flags=0):
    return record(recording.STACK, image(thread.pid) + struct.pack("<QQHHI", ident, 0, 1, len(ips), flags)
                  + struct.pack(f"<{len(ips)}Q", *ips))


def mappings(thread, path_of=lambda m: m.path):
    for ident, m in enumerate(thread.space.mappings, 1):
        path = path_of(m).encode()
        kind = recording.MODULE_VDSO if m.is_vdso else recording.MODULE_ELF
        module = struct.pack("<IHHQQ20sI", ident, kind, 0, 0, 0, b"", len(path))
        mapping = struct.pack("<QQQII", m.start, m.end, m.off, ident, 0)
        yield record(recording.MODULE, module + path + b"\0")
        yield record(recording.MAPPING, image(thread.pid) + mapping)


def stopped(thread):
    return interval(thread, thread.stop_ns[0] - 1000, thread.stop_ns[1] + 1000)


def judge(thread, ips, intervals=None, **options):
    """The class that the verdict gives to a recording with one stack."""
    rec = recording.Recording([*mappings(thread, **options), stack(thread, ips),
                               *(intervals or [stopped(thread)])])
    return Verdict(thread, rec).class_


def check_class(got, expected, what):
    check(got is not None and got.startswith(expected), f"{what}: got {got!r}, expected {expected!r}")


_threads = []


def a_thread():
    """One of a real process, with gdb's whole stack."""
    if not _threads:
        if not shutil.which("gdb"):
            skip("no gdb: apt-get install gdb")
        program = Python()
        program.start()
        _threads.extend(snapshot(program.pids()))
        program.stop()
    found = [t for t in _threads if t.end == "complete" and len(t.frames) > 9]
    check(found, "no stack of ten frames")
    return found[0]


def other_function(thread, at):
    """An address of the same module as a frame, in another function."""
    keys = {f.key for f in thread.frames}
    for pc in range(thread.frames[at].pc - 0x8000, thread.frames[at].pc, 16):
        frame = Frame(thread.space, pc, True)
        if frame.start is not None and frame.key not in keys and frame.path == thread.frames[at].path:
            return pc
    raise AssertionError("no other function")


@case
def frames():
    t = a_thread()
    pcs = [f.pc for f in t.frames]
    check_equal(judge(t, pcs), None, "gdb's stack")
    check_equal(judge(t, [*pcs[:4], pcs[4] - 1, *pcs[5:]]), None, "another address of the function")
    check_class(judge(t, pcs[:4]), f"ends after 4 of {len(pcs)}", "cut")
    check_class(judge(t, pcs[:-1]), f"ends after {len(pcs) - 1} of", "cut by one")
    check_class(judge(t, pcs[:3] + pcs[5:]), "leaves out 2", "two frames missing")
    check_class(judge(t, pcs[:3] + [pcs[0]] + pcs[3:]), "has a frame too many", "one more")
    check_class(judge(t, pcs + [pcs[0]]), "goes on past", "no end")
    rec = recording.Recording([*mappings(t), stack(t, pcs, flags=3 << 8), stopped(t)])
    check_class(Verdict(t, rec).class_, "complete, but shows another end (marked: no_rows)", "a wrong mark")
    check_class(judge(t, [other_function(t, 0), *pcs[1:]]), "leaf differs", "another leaf")
    check_class(judge(t, [*pcs[:4], other_function(t, 4), *pcs[5:]]), "differs", "another function")
    check_class(judge(t, [*pcs[:4], 5]), "ends after 4", "a frame that is no code")


@case
def interrupted():
    t = copy.copy(a_thread())
    t.frames = [copy.copy(f) for f in t.frames]
    t.frames[4].is_sigtramp, t.frames[4].is_call, t.frames[5].is_call = True, True, False
    pcs = [f.pc for f in t.frames]
    exact = [*pcs[:5], pcs[5] | recording.IP_EXACT, *pcs[6:]]
    check_equal(judge(t, exact), None, "said to be interrupted")
    exact[4] |= recording.IP_EXACT
    check_equal(judge(t, exact), None, "the return from the signal too")
    check_class(judge(t, pcs), "interrupted", "taken for a call")
    exact[6] |= recording.IP_EXACT
    check_class(judge(t, exact), "interrupted", "a call taken for an interrupted instruction")


@case
def places():
    t = a_thread()
    pcs = [f.pc for f in t.frames]
    check_class(judge(t, pcs, path_of=lambda m: m.path.replace("libc", "libd")), "address is in another module",
                "dwell takes it for another file")
    shifted = copy.copy(t)
    shifted.space = copy.copy(t.space)
    shifted.space.mappings = [copy.copy(m) for m in t.space.mappings]
    for m in shifted.space.mappings:
        m.off += 4096
    rec = recording.Recording([*mappings(shifted), stack(t, pcs), stopped(t)])
    check_class(Verdict(t, rec).class_, "address is in another module", "another offset")
    rec = recording.Recording([stack(t, pcs), stopped(t)])
    check_class(Verdict(t, rec).class_, "address is in another module", "no mappings")


@case
def times():
    t = a_thread()
    pcs = [f.pc for f in t.frames]
    before = interval(t, 1000, t.kill_ns[0] - 1000)
    check_class(judge(t, pcs, [before]), "no interval", "an interval of another time")
    wrong = stack(t, pcs[:2], ident=ID + 1)
    rec = [*mappings(t), stack(t, pcs), wrong]
    early = interval(t, t.stop_ns[0] - 10, t.stop_ns[0] + 10, stack=ID + 1)
    check_class(Verdict(t, recording.Recording([*rec, early, stopped(t)])).class_, "ends after 2",
                "one good interval and a bad one")
    t = copy.copy(t)
    t.was_there = True
    asleep = interval(t, t.kill_ns[0] - 10**9, t.kill_ns[1] + 1, stack=ID + 1,
                      flags=recording.F_SEEDED)
    verdict = Verdict(t, recording.Recording([*rec, asleep, stopped(t)]))
    check_class(verdict.class_, "ends after 2", "a bad one from before tracing")
    check_equal(verdict.kind, "asleep since before", "kind")
    t.was_there = False
    check_equal(Verdict(t, recording.Recording([*rec, asleep, stopped(t)])).class_, None, "it has moved since")
    nothing = interval(t, *t.stop_ns, stack=0)
    check_class(Verdict(t, recording.Recording([*rec, nothing])).class_, "no stack", "without a stack")
    hidden = interval(t, *t.stop_ns, stack=0, flags=recording.F_REBUILT)
    report = Report("", [t], recording.Recording([*rec, hidden]), None)
    check_equal((len(report.judged), report.unreported), (0, 1), "hidden by the kernel: judged, unreported")
    verdict = Verdict(t, recording.Recording([*rec, hidden, stopped(t)]))
    check_equal((verdict.class_, verdict.is_unreported), (None, False), "hidden by the kernel, then not")
    lost = interval(t, *t.stop_ns, stack=ID + 2)
    check_class(Verdict(t, recording.Recording([*rec, lost])).class_, "stack lost", "a stack never defined")


def with_end(thread, end, cnt):
    cut = copy.copy(thread)
    cut.end, cut.frames = end, thread.frames[:cnt]
    return cut


@case
def counting():
    t = a_thread()
    pcs = [f.pc for f in t.frames]
    good = recording.Recording([*mappings(t), stack(t, pcs), stopped(t)])
    bad = recording.Recording([*mappings(t), stack(t, pcs[:2]), stopped(t)])
    early, jit = with_end(t, "early", 4), with_end(t, "jit", 4)
    check_equal(judge(jit, pcs), None, "what comes before JIT code")
    check_class(judge(jit, pcs[:3]), "ends after 3 of 4", "less than that")
    check_equal(len(Report("", [early], good, None).judged), 0, "gdb stops early: judged")
    check_equal(len(Report("", [early], good, None).apart), 1, "gdb stops early: apart")
    report = Report("", [early], bad, None)
    check_equal((len(report.judged), len(report.equal)), (1, 0), "dwell stops earlier still: judged, equal")
    nameless = copy.copy(t)
    nameless.frames = [copy.copy(f) for f in t.frames]
    nameless.frames[3].gdb_name = None
    report = Report("", [nameless], good, None)
    named = sum(bool(f.gdb_name) for f in nameless.frames)
    check_equal((report.frames, report.equal_frames, report.unnamed), (named, named, len(pcs) - named),
                "frames without a name")
    for f in nameless.frames:
        f.gdb_name = None
    check_equal(len(Report("", [nameless], good, None).judged), 0, "no name at all: judged")
    # Equal once and unequal once: not equal.
    report = Report("", [t], good, None)
    report.judged[0].verdicts += Report("", [t], bad, None).judged[0].verdicts
    check_equal(len(report.equal), 0, "equal only at times")


@case
def other_tool():
    t = a_thread()
    names = [f.names[0] if f.names else "[unknown]" for f in t.frames]
    bcc = Bcc([])

    def has(user):
        bcc.stacks = {}
        bcc._parse("\n".join(f"    {n}" for n in ["schedule", "entry_SYSCALL_64_after_hwframe", *user])
                   + f"\n    -                a (b) c ({t.tid})\n        12\n\n")
        return bcc.has(t)
    check(has(names), "the same names")
    check(not has(names[:-1]), "one less")
    check(not has([*names, "more"]), "one more")
    named = next(i for i, f in enumerate(t.frames) if f.gdb_name and not f.debug_only)
    check(not has([*names[:named], "other", *names[named + 1:]]), "another name")


main(needs_tracing=False)
