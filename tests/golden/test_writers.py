#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 240
"""Files of every format, of profiles with names from hell among others, through parsers that are not ours: each is well-formed,
and all have the same total.

The PerfView files are compared with the JSON stack by stack. speedscope itself is in tests/browser/test_speedscope.js.
"""
import html.parser
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))
# pylint: disable=wrong-import-position
from livetest import (BUILD, DWELL, Profile, case, check, check_equal, main, parse_folded, read_bytes,  # noqa: E402
                      scratch)
from perfetto_readers import PerfettoFile  # noqa: E402
from pprof_readers import ProtocFile, go_raw  # noqa: E402
from stack_readers import NOT_XML, PerfViewFile, SpeedscopeFile, perfview_of_json, refuse_constant, rounded  # noqa: E402

MAKE_SAMPLE = os.path.join(BUILD, "tests", "browser", "make_sample")
SAMPLES = ("hostile", "small", "wakers", "server", "1000", "empty")


def text_of(path):
    return read_bytes(path).decode()  # strict: all of it is UTF-8


def strict_json(text):
    return json.loads(text, parse_constant=refuse_constant)


# Each reader gives the total in ns, in us, or in ns of single waits; {} where a format has none.

def read_folded(path):
    for line in text_of(path).split("\n")[:-1]:
        check(re.fullmatch(r"[^;\x00-\x1f\x7f-\x9f]+(;[^;\x00-\x1f\x7f-\x9f]+)* [1-9]\d*", line), f"line {line!r}")
        stack = line.rpartition(" ")[0]
        check(not any(re.search(r" \d+(\.\d*)?$", f) or f != f.strip() for f in stack.split(";")), f"frames {stack!r}")
    return {"us": sum(us for _, us in parse_folded(text_of(path)))}


def read_json(path):
    data = strict_json(text_of(path))
    check_equal(sum(s["blocked_ns"] + s["runnable_ns"] for s in data["stacks"]),
                data["totals"]["blocked_ns"] + data["totals"]["runnable_ns"], "sum of the stacks")
    return {"ns": data["totals"]["blocked_ns"] + data["totals"]["runnable_ns"]}


def read_ndjson(path):
    lines = text_of(path).split("\n")
    check_equal(lines.pop(), "", "the end of the last line")
    return {"ns": sum(strict_json(line)["ns"] for line in lines)}


def read_waits(path):
    lines = [strict_json(line) for line in text_of(path).splitlines()]
    check_equal([w["start_ns"] for w in lines], sorted(w["start_ns"] for w in lines), "starts")
    return {"waits": sum(w["blocked_ns"] + w["runnable_ns"] for w in lines)}


def read_perfetto(path):
    return {"waits": sum(s.dur for s in PerfettoFile(path).of_threads())}


class Page(html.parser.HTMLParser):
    """The elements of a page, and the text of the one with the data."""
    VOID = ("meta", "link", "input", "br", "hr", "img")

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.data, self.tags = [], "", set()
        self.feed(text)
        self.close()
        check_equal(self.open, [], "elements that nobody closed")

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        check(not any(name.startswith("on") for name, _ in attrs), f"a handler in {tag} {attrs}")
        if tag not in self.VOID:
            self.open.append((tag, dict(attrs).get("id")))

    def handle_endtag(self, tag):
        check_equal(self.open.pop()[0], tag, "what is closed")

    def handle_data(self, data):
        if self.open and self.open[-1] == ("script", "data"):
            self.data += data


def read_html(path):
    page = Page(text_of(path))
    check(not page.tags & {"svg", "img", "iframe"}, f"elements that only a name has: {page.tags}")
    return {"us": strict_json(page.data)["total_us"]}


def read_svg(path):
    text = text_of(path)
    check(not NOT_XML.search(text), "a character that is none in XML 1.0")
    root = xml.etree.ElementTree.fromstring(text)
    tags = {e.tag.split("}")[1] for e in root.iter()}
    check(tags <= {"svg", "style", "script", "title", "desc", "g", "rect", "text", "path", "tspan"}, f"elements {tags}")
    frames = [e.get("data-f") for e in root.iter() if e.get("data-f")]
    return {"us": int(frames[0].split()[2]) if frames else 0}


def read_pprof(path):
    ns = sum(ns for _, _, ns, _ in ProtocFile(path).samples)
    check_equal(sum(ns for _, ns in go_raw(path).values()), ns, "go tool pprof")
    return {"ns": ns}


def read_speedscope(path):
    return {"ns": sum(SpeedscopeFile(path).profiles[0][1].values())}


def read_perfview(path):
    return {"ns": PerfViewFile(path).total_ns}


def read_text(path):
    """For a terminal: nothing that moves its cursor or turns text around."""
    check(not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text_of(path)), "control characters")
    return {}


READERS = {  # name as in --format: (extension, reader)
    "folded": (".folded", read_folded),
    "svg": (".svg", read_svg),
    "html": (".html", read_html),
    "pprof": (".pb.gz", read_pprof),
    "speedscope": (".speedscope.json", read_speedscope),
    "perfview": (".perfView.xml.zip", read_perfview),
    "perfview-xml": (".perfView.xml", read_perfview),
    "perfetto": (".pftrace", read_perfetto),
    "ndjson": (".ndjson", read_ndjson),
    "ndjson-waits": (".waits.ndjson", read_waits),
    "json": (".json", read_json),
    "table": (".txt", read_text),
    "locks": (".locks", read_text),
}


def written(what):
    """{name of the format: path} of a sample, in all formats."""
    paths = {name: scratch(what + ext) for name, (ext, _) in READERS.items()}
    if not os.path.exists(paths["json"]):
        subprocess.run([MAKE_SAMPLE, what, *paths.values()], check=True, stdout=subprocess.DEVNULL)
    return paths


def each(function):
    """A case for each sample."""
    def run():
        for what in SAMPLES:
            try:
                function(what)
            except AssertionError as e:
                raise AssertionError(f"{what}: {e}") from e
    run.__name__ = function.__name__
    return case(run)


@case
def no_format_is_left_out():
    text = subprocess.run([DWELL, "list", "formats"], capture_output=True, text=True, check=True).stdout
    check_equal({line.split()[0] for line in text.splitlines()}, set(READERS), "formats of --format")


@each
def every_file_is_well_formed_and_all_totals_agree(what):
    paths = written(what)
    p = Profile(text_of(paths["json"]))
    ns = sum(s["blocked_ns"] + s["runnable_ns"] for s in p.stacks)
    stacks = {}
    for s in p.stacks:
        key = tuple(p.names(s))
        stacks[key] = stacks.get(key, 0) + s["blocked_ns"] + s["runnable_ns"]
    want = {"ns": ns, "us": sum(rounded(stacks).values()),
            "waits": sum(s["blocked_ns"] + s["runnable_ns"] for s in p.stacks if s["tid"])}  # the others have no times
    check(ns > 0 or what == "empty", "there is something to compare")
    for name, (_, reader) in READERS.items():
        try:
            for unit, total in reader(paths[name]).items():
                check_equal(total, want[unit], f"total in {unit}")
        except Exception as e:
            raise AssertionError(f"{name}: {type(e).__name__}: {e}") from e


@each
def perfview_has_each_stack_of_each_thread(what):
    paths = written(what)
    want = perfview_of_json(Profile(text_of(paths["json"])))
    got = PerfViewFile(paths["perfview"]).by_thread()
    check_equal(dict(got), dict(want), "stacks")
    check_equal(read_bytes(paths["perfview-xml"]), PerfViewFile.unzipped(paths["perfview"]), "packed and not")


@each
def speedscope_has_each_stack(what):
    paths = written(what)
    p, got = Profile(text_of(paths["json"])), SpeedscopeFile(paths["speedscope"])
    stacks = {}
    for s in p.stacks:
        stacks[tuple(p.names(s))] = stacks.get(tuple(p.names(s)), 0) + s["blocked_ns"] + s["runnable_ns"]
    check_equal(dict(got.profiles[0][1]), stacks, "all threads")
    used = {f for s in p.stacks for f in p.names(s)}
    check_equal({f["name"] for f in got.frames}, used, "names, literally")


main(needs_tracing=False)
