# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What others read in a pprof file: go tool pprof, and protoc with a schema of the fields that we use.

Stacks are tuples of names, outermost first; times are nanoseconds.
"""
import collections
import gzip
import os
import re
import shutil
import subprocess

from golang import Toolchain
from livetest import ROOT, check, read_bytes

SCHEMA = os.path.join(ROOT, "tests", "fixtures", "pprof.proto")
ALL = ("-nodecount=1000000", "-nodefraction=0", "-edgefraction=0", "-unit=ns")
_go = []


def go_pprof(*args):
    """Runs go tool pprof, which must have nothing to complain of. Its output."""
    if not _go:
        _go.append(Toolchain())
    done = subprocess.run([_go[0].command, "tool", "pprof", *args], env=_go[0].env, capture_output=True, timeout=120,
                          check=False)
    complaints = re.sub(rb"Generating report in .*\n", b"", done.stderr)
    check(done.returncode == 0 and not complaints, f"go tool pprof {args}: {done.returncode}, {complaints[-1000:]}")
    return done.stdout.decode()


def go_raw(path):
    """{stack: [count, ns]}"""
    text = go_pprof("-raw", path)
    head, _, rest = text.partition("\nSamples:\ncontentions/count delay/nanoseconds[dflt]\n")
    check(rest, f"not our sample types: {head[-500:]}")
    samples, _, rest = rest.partition("Locations\n")
    names = {}
    for line in rest.partition("Mappings\n")[0].splitlines():
        m = re.fullmatch(r"\s*(\d+): 0x0 (?:M=\d+ )?(.*) (\S*):(\d+) s=0\(\)", line)
        check(m, f"location: {line!r}")
        names[int(m[1])] = m[2]
    found = {}
    for cnt, ns, ids in re.findall(r"^ +(\d+) +(\d+): ([\d ]+)$", samples, re.M):
        stack = tuple(names[int(i)] for i in reversed(ids.split()))
        sums = found.setdefault(stack, [0, 0])
        sums[0] += int(cnt)
        sums[1] += int(ns)
    return found


def _ns(text):
    return int(float(text.removesuffix("ns")))


def go_top(path, *options):
    """{function: (ns in it, ns in it and what it called)}"""
    text = go_pprof("-top", *ALL, *options, path)
    lines = text.partition("flat%   sum%        cum   cum%\n")[2].splitlines()
    found = {}
    for line in lines:
        flat, _, _, cum, _, name = line.split(None, 5)
        found[name] = (_ns(flat), _ns(cum))
    return found


def go_traces(path, *options):
    """{stack: ns}"""
    found = collections.Counter()
    for block in re.split(r"^-+\+-+$", go_pprof("-traces", *ALL, *options, path), flags=re.M)[1:]:
        value, stack = None, []
        for line in block.splitlines():
            m = re.match(r" *(\S+ns) {3}(.*)", line)
            if m and not value:
                value, stack = m[1], [m[2]]
            elif value:
                stack.append(line[13:])
        if value:
            found[tuple(reversed(stack))] += _ns(value)
    return dict(found)


def go_tags(path):
    """{label: {value: ns}}; numbers come with the unit of the times."""
    found, of = {}, None
    for line in go_pprof("-tags", "-unit=ns", path).splitlines():
        head = re.fullmatch(r" *(\w+): Total \S+", line)
        item = re.fullmatch(r" *(\S+)ns \( *\S+%\): (.*)", line)
        if head:
            of = found.setdefault(head[1], {})
        elif item and of is not None:
            of[item[2]] = int(float(item[1]))
    return found


# ---- protoc ----

def _parse(lines):
    """The text format up to the brace that closes it: {field: [value]}, messages as the same."""
    message = {}
    for line in lines:
        line = line.strip()
        if line == "}":
            break
        m = re.fullmatch(r"(\w+)(?:: (.*)| \{)", line)
        check(m, f"protoc: {line!r}")
        check(not m[1].isdigit(), f"protoc: field {m[1]} is not one of ours: {line!r}")
        value = _parse(lines) if m[2] is None else m[2]
        message.setdefault(m[1], []).append(value)
    return message


def _text(quoted):
    """protoc writes bytes beyond ASCII in octal."""
    return quoted[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1").decode()


class ProtocFile:
    """A file, decoded. What points to something points to something that is there."""

    def __init__(self, path):
        check(shutil.which("protoc"), "no protoc: scripts/deps test")
        done = subprocess.run(["protoc", f"--proto_path={os.path.dirname(SCHEMA)}", "--decode=Profile", SCHEMA],
                              input=gzip.decompress(read_bytes(path)), capture_output=True, check=False)
        check(done.returncode == 0 and not done.stderr, f"protoc: {done.stderr[-1000:]}")
        self.message = _parse(iter(done.stdout.decode().splitlines()))
        self.strings = [_text(s) for s in self.message["string_table"]]
        check(self.strings[0] == "", "the first string")
        self.comments = [self.strings[int(i)] for i in self.message["comment"]]
        self.mappings = self._table("mapping")
        self.functions = self._table("function")
        self.locations = self._table("location")
        self.samples = [self._sample(s) for s in self.message.get("sample", [])]

    def _table(self, name):
        table = self.message.get(name, [])
        for i, item in enumerate(table):
            check(item["id"] == [str(i + 1)], f"ids of {name}: {item} at {i}")
        return table

    def number(self, field, message=None):
        return int((self.message if message is None else message).get(field, ["0"])[0])

    def text(self, field, message=None):
        return self.strings[self.number(field, message)]

    def type(self, message):
        return self.text("type", message) + "/" + self.text("unit", message)

    def name(self, location):
        lines = self.locations[location - 1]["line"]
        check(len(lines) == 1, f"{len(lines)} lines in a location")
        return self.text("name", self.functions[self.number("function_id", lines[0]) - 1])

    def mapping(self, location):
        return self.number("mapping_id", self.locations[location - 1])

    def _sample(self, s):
        """(stack, count, ns, {label: value})"""
        labels = {}
        for label in s.get("label", []):
            key = self.text("key", label)
            check(key not in labels, f"label {key} is there twice")
            check(("str" in label) != ("num" in label), f"label {key}: {label}")
            labels[key] = self.text("str", label) if "str" in label else self.number("num", label)
        ids = [int(i) for i in s["location_id"]]
        cnt, ns = (int(v) for v in s["value"])
        return tuple(self.name(i) for i in reversed(ids)), cnt, ns, labels
