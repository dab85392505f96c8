# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Our files for speedscope and PerfView, read strictly: whatever points to something points to something that is there.

Stacks are tuples of names, outermost first; times are nanoseconds.
"""
import collections
import json
import re
import struct
import xml.etree.ElementTree
import zipfile
from decimal import Decimal

from livetest import check, check_equal, read_bytes

# What may be in a text of XML 1.0: https://www.w3.org/TR/xml/#charsets
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BLOCKED, READIED = "BLOCKED_TIME", "READIED_TIME (waiting for cpu)"


def refuse_constant(text):
    raise ValueError(f"{text} is not JSON")


class SpeedscopeFile:
    SCHEMA = "https://www.speedscope.app/file-format-schema.json"

    def __init__(self, path):
        data = json.loads(read_bytes(path).decode(), parse_constant=refuse_constant)
        check_equal(set(data), {"$schema", "exporter", "name", "activeProfileIndex", "shared", "profiles"}, "members")
        check_equal((data["$schema"], data["activeProfileIndex"]), (self.SCHEMA, 0), "schema, first profile")
        self.frames = data["shared"]["frames"]
        for f in self.frames:
            check(f["name"] and set(f) <= {"name", "file", "line"}, f"frame {f}")
        self.profiles = [self._profile(p) for p in data["profiles"]]  # [(name, {stack: ns})]
        self.names = [name for name, _ in self.profiles]

    def _profile(self, p):
        check_equal((p["type"], p["unit"], p["startValue"]), ("sampled", "nanoseconds", 0), "kind of profile")
        check_equal(len(p["samples"]), len(p["weights"]), "a weight for each sample")
        check_equal(p["endValue"], sum(p["weights"]), "the end of the last sample")
        sums = collections.Counter()
        for stack, ns in zip(p["samples"], p["weights"]):
            check(stack and all(0 <= i < len(self.frames) for i in stack), f"stack {stack}")
            check(isinstance(ns, int) and ns >= 0, f"weight {ns}")
            sums[tuple(self.frames[i]["name"] for i in stack)] += ns
        return p["name"], +sums


class PerfViewFile:
    """The XML, or a zip file with nothing but that."""

    def __init__(self, path):
        text = self.unzipped(path) if path.endswith(".zip") else read_bytes(path)
        check(not NOT_XML.search(text.decode()), "a character that is none in XML 1.0")
        root = xml.etree.ElementTree.fromstring(text)
        check_equal((root.tag, [e.tag for e in root]), ("StackWindow", ["StackSource"]), "root")
        frames, stacks, samples = root[0]
        self.frames = [e.text for e in self._items(frames, "Frame", "ID")]
        check(all(f and f == f.strip() for f in self.frames), "frames without a name")
        check_equal(len(set(self.frames)), len(self.frames), "frames, each once")
        self.stacks = []
        for e in self._items(stacks, "Stack", "ID", "CallerID", "FrameID"):
            caller, frame = int(e.get("CallerID")), int(e.get("FrameID"))
            check(-1 <= caller < len(self.stacks) and 0 <= frame < len(self.frames), f"stack {e.attrib}")
            self.stacks.append((self.stacks[caller] if caller >= 0 else ()) + (self.frames[frame],))
        check_equal(len(set(self.stacks)), len(self.stacks), "stacks, each once")
        self.samples, self.float_ms = [], 0.0  # [(stack, ns)]; the sum of what a reader keeps of them
        for e in self._items(samples, "Sample", "ID", "Time", "StackID", "Metric"):
            check(0 <= int(e.get("StackID")) < len(self.stacks), f"sample {e.attrib}")
            ns = Decimal(e.get("Metric")) * 1000000
            check(ns == int(ns) > 0, f"metric of {e.attrib}")
            check_equal(Decimal(e.get("Time")) * 1000000, sum_ns(self.samples), "samples lie end to end")
            self.samples.append((self.stacks[int(e.get("StackID"))], int(ns)))
            self.float_ms += struct.unpack("f", struct.pack("f", float(e.get("Metric"))))[0]
        self.total_ns = sum_ns(self.samples)
        # A float of 32 bits has 24 of them for the digits: each metric is off by 2^-24 of itself at most, and so is their sum.
        check(abs(self.float_ms - self.total_ns / 1e6) <= self.total_ns / 1e6 * 2 ** -24 + 1e-9,
              f"what PerfView adds up is {self.float_ms} ms of {self.total_ns} ns")

    @staticmethod
    def unzipped(path):
        with zipfile.ZipFile(path) as z:
            check_equal(z.namelist(), ["dwell.perfView.xml"], "entries")
            check_equal(z.testzip(), None, "damaged entries")
            return z.read("dwell.perfView.xml")

    @staticmethod
    def _items(table, tag, *attributes):
        check_equal((table.tag, int(table.get("Count"))), (tag + "s", len(table)), "Count")
        for i, e in enumerate(table):
            check_equal((e.tag, list(e.attrib), int(e.get("ID"))), (tag, list(attributes), i), f"element {i}")
        return table

    def by_thread(self):
        """{((pid, tid, thread's name) or None, frames after those, leaf): ns}"""
        sums = collections.Counter()
        for stack, ns in self.samples:
            check(stack[-1] in (BLOCKED, READIED), f"leaf of {stack}")
            process = re.fullmatch(r"Process .* \((\d+)\)", stack[0])
            thread = re.fullmatch(r"Thread \((\d+)\) (.*)", stack[1]) if len(stack) > 1 else None
            check(bool(process) == bool(thread), f"process and thread of {stack}")
            whom = (int(process[1]), int(thread[1]), thread[2]) if process else None
            sums[whom, stack[2 if process else 0:-1], stack[-1]] += ns
        return sums


def sum_ns(samples):
    return sum(ns for _, ns in samples)


def rounded(stacks):
    """{stack: us}, as the folded file has it."""
    us = {stack: (ns + 500) // 1000 for stack, ns in stacks.items()}
    return {stack: n for stack, n in us.items() if n}


def perfview_of_json(p):
    """What by_thread() has to be for a profile of the JSON, which has stacks by thread."""
    comms = {(t["pid"], t["tid"]): t["comm"] for t in p.threads}
    sums = collections.Counter()
    for s in p.stacks:
        frames = [p.frames[i] for i in s["frames"]]
        comm = comms.get((s["pid"], s["tid"]))
        whom = None
        if comm is not None and frames[0]["kind"] == "process":
            # Characters that XML can't have, or that turn text around, are U+FFFD there.
            whom = (s["pid"], s["tid"], safe(comm))
            # What the process and the thread are called needs no frame; what the thread was called before does.
            if frames[0]["name"] in (comm, f"{comm}-{s['pid']}/{s['tid']}", comms.get((s["pid"], s["pid"]))):
                del frames[0]
        if frames and frames[-1]["kind"] == "state":
            frames.pop()
        stack = tuple(safe(f"{f['module']}!{f['name']}" if f["module"] else f["name"]) for f in frames)
        for leaf, ns in ((BLOCKED, s["blocked_ns"]), (READIED, s["runnable_ns"])):
            if ns:
                sums[whom, stack, leaf] += ns
    return sums


def safe(text):
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]", "\ufffd", text)
