# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Reads a recording: framing as in user/format/recording.c, records as in bpf/wire.h.

A reader of its own, so that what dwell recorded is judged and not what dwell makes of it later. Kinds, flags and
frames that this doesn't know are kept as they are or skipped.
"""
import struct
import zlib

INTERVAL, STACK, FORK, SPILL, MODULE, MAPPING = 1, 3, 5, 16, 18, 19
F_PREEMPT, F_SEEDED, F_OPEN, F_REBUILT = 1, 4, 8, 512
STACK_USER = 1
STACK_TRUNCATED, STACK_BY_FP = 1, 2
STACK_ENDS = ("", "depth_limit", "fault", "no_rows", "no_registers", "bad_cfa", "pc_unmapped", "unsupported",
              "table_full")
IP_EXACT = 1 << 63  # in an address of a user stack: an interrupted instruction, not a return address
MODULE_ELF, MODULE_VDSO, MODULE_ANON = 0, 2, 3


class Interval:
    __slots__ = ("out_ns", "wake_ns", "in_ns", "user_stack", "flags", "syscall")

    def __init__(self, body):
        self.out_ns, self.wake_ns, self.in_ns, _, self.user_stack = struct.unpack_from("<QQQQQ", body, 24)
        _, self.syscall, self.flags = struct.unpack_from("<IhH", body, 64)


class Stack:
    __slots__ = ("image", "flags", "ips")

    def __init__(self, body):
        self.image = body[8:24]
        cnt, self.flags = struct.unpack_from("<HI", body, 42)
        self.ips = struct.unpack_from(f"<{cnt}Q", body, 48)

    @property
    def end(self):
        """How dwell says that its walk ended; "" for the outermost frame."""
        end = self.flags >> 8 & 0xff
        name = STACK_ENDS[end] if end < len(STACK_ENDS) else f"end {end}"
        return name or ("truncated" if self.flags & STACK_TRUNCATED else "")

    @property
    def marks(self):
        """For people."""
        marks = [self.end] * bool(self.end) + ["walked by fp"] * bool(self.flags & STACK_BY_FP)
        return f" (marked: {', '.join(marks)})" if marks else ""


def records(path):
    """Each (kind, bytes of the record)."""
    with open(path, "rb") as f:
        data = f.read()
    if data[:8] != b"DWELLREC":
        raise ValueError(f"{path} is no recording")
    at = struct.unpack_from("<I", data, 12)[0]
    while True:
        magic, _, packed, _ = struct.unpack_from("<4sIII", data, at)
        at += 16
        if magic == b"END1":
            return
        raw = zlib.decompress(data[at:at + packed])
        at += packed + (-packed & 7)
        pos = 0
        while pos < len(raw):
            kind, _, size = struct.unpack_from("<HHI", raw, pos)
            yield kind, raw[pos:pos + size]
            pos += size


class Recording:
    def __init__(self, of):
        """@of: pairs as records() yields them."""
        self.intervals = {}  # tid -> [Interval], in the order of the file
        self.stacks = {}  # id -> Stack, of user space only
        self.spilled = {}  # tid -> number of intervals without times
        self.modules = {}  # id -> (kind, path)
        self.mappings = {}  # image -> [(start, end, file offset, module)], newest last
        self.parents = {}  # image -> image
        for kind, body in of:
            self._add(kind, body)

    def _add(self, kind, body):
        if kind == INTERVAL:
            tid, = struct.unpack_from("<I", body, 16)
            self.intervals.setdefault(tid, []).append(Interval(body))
        elif kind == STACK and struct.unpack_from("<H", body, 40)[0] == STACK_USER:
            self.stacks[struct.unpack_from("<Q", body, 24)[0]] = Stack(body)
        elif kind == FORK:
            self.parents[body[24:40]] = body[8:24]
        elif kind == SPILL:
            tid, = struct.unpack_from("<I", body, 16)
            self.spilled[tid] = self.spilled.get(tid, 0) + struct.unpack_from("<Q", body, 48)[0]
        elif kind == MODULE:
            ident, module_kind = struct.unpack_from("<IH", body, 8)
            path_len, = struct.unpack_from("<I", body, 52)
            self.modules[ident] = (module_kind, body[56:56 + path_len].decode(errors="replace"))
        elif kind == MAPPING:
            start, end, off, module, _ = struct.unpack_from("<QQQII", body, 24)
            if start < end:
                self.mappings.setdefault(body[8:24], []).append((start, end, off, module))

    def touching(self, tid, since_ns, until_ns):
        """The intervals of a thread that share a moment with [since, until]."""
        return [i for i in self.intervals.get(tid, []) if i.out_ns <= until_ns and i.in_ns >= since_ns]

    def locate(self, image, ip):
        """(module kind, path, file offset), or None: no mapping known."""
        while image is not None:
            for start, end, off, module in reversed(self.mappings.get(image, [])):
                if start <= ip < end:
                    kind, path = self.modules.get(module, (None, "?"))
                    return kind, path, ip - start + off
            image = self.parents.get(image)
        return None
