# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a tool costs besides the switches: its own CPU time, its memory, its maps in the kernel; and whether it
has begun to trace. All from /proc, of processes that the benchmark started itself.
"""
import os
import platform
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import livetest  # pylint: disable=wrong-import-position

# System calls that wait for time or events: poll ppoll select pselect6 epoll_wait epoll_pwait(2) nanosleep
# clock_nanosleep pause.
WAITING = {
    "x86_64": {"7", "271", "23", "270", "232", "281", "441", "35", "230", "34"},
    "aarch64": {"73", "72", "22", "441", "101", "115"},
}.get(platform.machine(), set())


def read_or_empty(path):
    try:
        return livetest.read(path)
    except OSError:
        return ""


def tree(pid):
    """The process and all below it."""
    found = [pid]
    for below in found:
        found += livetest.children_of(below)
    return found


# ---- CPU ----

def cpu_ns(pid):
    """CPU time of the living threads of a process tree. /proc/PID/stat would round it to 10 ms."""
    total = 0
    for p in tree(pid):
        try:
            tids = os.listdir(f"/proc/{p}/task")
        except OSError:
            continue
        for tid in tids:
            total += int((read_or_empty(f"/proc/{p}/task/{tid}/schedstat").split() or [0])[0])
    return total


# ---- memory ----

def peak_rss_bytes(pid):
    total = 0
    for p in tree(pid):
        for line in read_or_empty(f"/proc/{p}/status").splitlines():
            if line.startswith("VmHWM:"):
                total += int(line.split()[1]) * 1024
    return total


def fdinfos(pid):
    """(target of the link, text) of every descriptor."""
    for p in tree(pid):
        try:
            fds = os.listdir(f"/proc/{p}/fd")
        except OSError:
            continue
        for fd in fds:
            try:
                yield os.readlink(f"/proc/{p}/fd/{fd}"), read_or_empty(f"/proc/{p}/fdinfo/{fd}")
            except OSError:
                pass


def fields(text):
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def kernel_bytes(pid):
    """Memory of BPF maps (each once), as the kernel charges it, and of perf's rings."""
    maps = {}
    for _, text in fdinfos(pid):
        f = fields(text)
        if "map_id" in f:
            maps[f["map_id"].strip()] = int(f["memlock"])
    return sum(maps.values()) + sum(perf_ring_bytes(p) for p in tree(pid))


def perf_ring_bytes(pid):
    total = 0
    for line in read_or_empty(f"/proc/{pid}/maps").splitlines():
        if "anon_inode:[perf_event]" in line:
            begin, end = line.split()[0].split("-")
            total += int(end, 16) - int(begin, 16)
    return total


# ---- has it begun? ----

def probes(pid):
    """BPF links to tracepoints, and perf events."""
    cnt = 0
    for target, text in fdinfos(pid):
        cnt += "link_type:\ttracing" in text or "link_type:\traw_tracepoint" in text
        cnt += target == "anon_inode:[perf_event]"
    return cnt


def is_waiting(pid):
    """Every thread of the tree is asleep, and the first one waits for time or events."""
    call = (read_or_empty(f"/proc/{pid}/syscall").split() or [""])[0]
    if call not in WAITING:
        # A tool that only waits for its child (unshare, sudo).
        below = livetest.children_of(pid)
        return bool(below) and all(is_waiting(p) for p in below)
    try:
        return all(livetest.thread_state(pid, t) == "S" for t in livetest.thread_ids(pid))
    except OSError:
        return False
