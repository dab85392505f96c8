# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Runs inside gdb: writes the stacks of all threads of some processes, one JSON object a line.

TRUTH_PIDS names the processes, TRUTH_OUT the file. Frames are innermost first, each [pc, frame type, name or
None, unwind stop reason]. gdb's own types tell frames that are on the stack from those it makes up out of debug
information (inlined, tail-called).
"""
import json
import os

import gdb

MAX_FRAMES = 400  # a chain of garbage may go on for ever


def frames_of(thread):
    thread.switch()
    frames = []
    try:
        frame = gdb.newest_frame()
        while frame is not None and len(frames) < MAX_FRAMES:
            frames.append([frame.pc(), frame.type(), frame.name(), frame.unwind_stop_reason()])
            frame = frame.older()
    except gdb.error:
        pass  # the last frame then has no reason that makes it the outermost
    return frames


def attach(pid, is_first):
    """In an inferior of its own; while others stay attached, symbol tables of shared files are read once."""
    if not is_first:
        gdb.execute("add-inferior", to_string=True)
        gdb.execute(f"inferior {max(i.num for i in gdb.inferiors())}", to_string=True)
    gdb.execute(f"attach {pid}", to_string=True)


def write_process(pid, out):
    for thread in gdb.selected_inferior().threads():
        json.dump({"pid": pid, "tid": thread.ptid[1], "frames": frames_of(thread)}, out)
        out.write("\n")


def write_all():
    with open(os.environ["TRUTH_OUT"], "w") as out:
        for i, pid in enumerate(os.environ["TRUTH_PIDS"].split()):
            try:
                attach(int(pid), i == 0)
                write_process(int(pid), out)
            except gdb.error as e:
                json.dump({"pid": int(pid), "error": str(e)}, out)
                out.write("\n")
    gdb.execute("detach inferiors " + " ".join(str(i.num) for i in gdb.inferiors() if i.pid), to_string=True)


for setting in ("pagination off", "backtrace past-main on", "backtrace past-entry on", "confirm off",
                f"backtrace limit {MAX_FRAMES}"):
    gdb.execute("set " + setting)
write_all()
