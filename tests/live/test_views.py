#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a stack shows: -f -U -K -d --per-thread --max-depth, and the formats of the output."""
import os
import re
import xml.dom.minidom
from livetest import (Dwell, Profile, Work, case, check, check_equal, check_near, long_case, main, parse_folded, read,
                      run, scratch, trace)


@case
def user_stacks_only():
    with Work("sleeper", 20, 10) as w:
        p = trace(w, "-U")
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    check("kernel" not in {k for s in p.stacks for k in p.kinds(s)}, "kernel frames with -U")
    check_equal(set(p.names(p.select(frame="work_sleep", reason="sleep")[0])[-1:]), {"work_sleep"},
                "innermost")


@case
def kernel_stacks_only():
    with Work("sleeper", 20, 10) as w:
        p = trace(w, "-K")
    check("native" not in {k for s in p.stacks for k in p.kinds(s)}, "user frames with -K")
    check_equal(p.select(frame="work_sleep"), [], "work_sleep with -K")
    check_near(p.ns(reason="sleep"), w.ns("sleep"), "sleep")


@case
def delimiter():
    with Work("sleeper", 20, 10) as w:
        p = trace(w, "-d")
    for s in p.select(frame="work_sleep", reason="sleep"):
        names, kinds = p.names(s), p.kinds(s)
        check_equal(kinds.count("delimiter"), 1, f"delimiters in {names}")
        at = kinds.index("delimiter")
        check_equal(names[at], "-", "the delimiter")
        check_equal((kinds[at - 1], kinds[at + 1]), ("native", "kernel"), "what it stands between")


@case
def per_thread():
    with Work("pipes", 20, 5000) as w:
        p = trace(w, "--per-thread")
        for name in ("pipe-ask", "pipe-answer"):
            tid = w.tid(name)
            # On a busy machine there may be something to read whenever it comes to that: it waits elsewhere.
            first = {p.names(s)[0] for s in p.select(tid=tid)}
            check_equal(first, {f"{name}-{w.pid}/{tid}"}, f"first frame of {name}")


@case
def per_process_is_the_default():
    with Work("pipes", 20, 5000) as w:
        p = trace(w)
    names = {p.names(s)[0] for s in p.stacks if s["tid"] != w.pid}
    check_equal(names, {"pipe-ask", "pipe-answer"}, "names")


@case
def deep_stacks():
    with Work("deep", 60, 10, 10) as w:
        p = trace(w)
    stack = p.select(frame="work_bottom", reason="sleep")[0]
    check_equal(p.names(stack).count("work_deeper"), 61, "calls of work_deeper")
    check("main" in p.names(stack), "the root is there")


@case
def max_depth():
    with Work("deep", 60, 10, 10) as w:
        p = trace(w, "--max-depth", "20")
    check(p.select(frame="work_bottom", reason="sleep"), "work_bottom")
    for s in p.select(frame="work_bottom", reason="sleep"):
        names = p.names(s)
        user = p.kinds(s).count("native")
        check(user <= 20, f"{user} user frames")
        check("work_deeper" in names and "main" not in names, f"cut at the root: {names}")
        check("[truncated]" in names, f"said to be cut: {names}")
    check(p.counter("stack_truncated") > 0, "counter stack_truncated")


@case
def deeper_than_anything():
    with Work("deep", 400, 5, 10) as w:
        p = trace(w)
    for s in p.select(frame="work_bottom", reason="sleep"):
        check("[truncated]" in p.names(s), "said to be cut")
    check_near(p.ns(frame="work_bottom"), w.ns("deep"), "their time")


@case
def folded():
    with Work("sleeper", 30, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "-f") as d:
            d.tracing()
            w.work()
            result = d.finish().ok()
    lines = result.out.splitlines()
    check_equal(lines, sorted(lines, key=lambda x: x.encode()), "sorted by bytes")
    rows = parse_folded(result.out)
    check_near(sum(us for frames, us in rows if "work_sleep" in frames), w.ns("sleep") / 1000, "work_sleep")
    check_equal({frames[0] for frames, _ in rows}, {"sleeper"}, "first frames")
    check_equal(len({tuple(f) for f, _ in rows}), len(rows), "one row per stack")


def outputs(w, directory):
    """One run per format would differ: the formats are compared through a recording elsewhere."""
    for ext in ("folded", "svg", "html", "json"):
        path = os.path.join(directory, f"out.{ext}")
        result = run("offcpu", "-p", w.pid, "-o", path, "300ms").ok()
        check_equal(result.out, "", f"stdout with -o {ext}")
        yield ext, read(path)


@case
def formats_by_extension():
    directory = scratch("formats")
    os.mkdir(directory)
    with Work("asleep") as w:
        texts = dict(outputs(w, directory))
    check(parse_folded(texts["folded"]), "rows")
    Profile(texts["json"])
    xml.dom.minidom.parseString(texts["svg"])
    for ext in ("svg", "html"):
        for way in ("sleep", "futex", "pipe", "poll"):
            check(f"work_asleep_{way}" in texts[ext], f"work_asleep_{way} in the {ext}")
        outside = re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*|@import|url\(["']?http""", texts[ext])
        check(not outside, f"the {ext} is not self-contained: {outside}")
    check(texts["html"].lower().startswith("<!doctype html>"), "a document type")
    check_equal(sorted(os.listdir(directory)), sorted(f"out.{e}" for e in texts), "files")


@long_case
def format_overrides_and_stdout():
    path = scratch("odd.txt")
    with Work("asleep") as w:
        run("offcpu", "-p", w.pid, "-o", path, "--format", "json", "200ms").ok()
        Profile(read(path))
        Profile(run("offcpu", "-p", w.pid, "-o", "-", "--format", "json", "200ms").ok().out)
        check(parse_folded(run("offcpu", "-p", w.pid, "-o", "-", "--format", "folded", "200ms").ok().out),
              "folded on stdout")
        table = run("offcpu", "-p", w.pid, "--format", "table", "200ms").ok().out
    check("work_asleep_futex" in table and "lock" in table, f"table: {table}")
    check("\033" not in table, "no colours into a file")


@case
def progress_and_ledger_on_stderr():
    with Work("sleeper", 100, 10) as w:
        with Dwell("offcpu", "-p", w.pid, "-f") as d:
            d.tracing()
            w.work()
            result = d.finish().ok()
    check("nothing lost" in result.err, f"closing ledger: {result.err}")
    check("observed" in result.err and "lost" not in result.out, "data and words are apart")
    check(all("DEFECT" not in line for line in result.err.splitlines()), result.err)


@case
def quiet_about_nothing():
    """A target without any interval: the output is empty and a line says why."""
    with Work("lengths") as w:
        result = run("offcpu", "-p", w.pid, "-f", "-M", "1", "300ms")
    check_equal((result.status, result.out), (0, ""), "status and output")
    check(result.err.strip(), "a line that says why")


main()
