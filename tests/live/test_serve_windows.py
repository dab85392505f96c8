#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Profiles that are asked of dwell serve: by go tool pprof, by a browser, and beside what dwell offcpu shows."""
import collections
import os
import re
import shutil
import struct
import subprocess
import threading
import zlib

from golang import Toolchain
from livetest import (US, Dwell, Work, case, check, check_equal, check_near, long_case, main, parse_folded, read_bytes,
                      scratch, skip)
from pprof_readers import ALL
from serving import Serve

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")


# ---- go tool pprof ----

def go_top_of(go, url):
    """{function: (ns in it, ns in it and what it called)}, and what it said."""
    home = scratch("go-home")
    os.makedirs(home, exist_ok=True)
    done = subprocess.run([go.command, "tool", "pprof", "-top", *ALL, url], env=dict(go.env, HOME=home, PPROF_TMPDIR=home),
                          capture_output=True, text=True, timeout=120, check=False)
    check(done.returncode == 0, f"go tool pprof {url}: {done.returncode}, {done.stderr[-1000:]}")
    found = {}
    for line in done.stdout.partition("flat%   sum%        cum   cum%\n")[2].splitlines():
        flat, _, _, cum, _, name = line.split(None, 5)
        found[name] = tuple(int(float(t.removesuffix("ns"))) for t in (flat, cum))
    return found, done.stdout


def totals_of(rows):
    """{function: [us in it, us in it and what it called]}, and how many stacks each is in."""
    flat, cum, cnt = collections.Counter(), collections.Counter(), collections.Counter()
    for frames, us in rows:
        flat[frames[-1]] += us
        for name in set(frames):
            cum[name] += us
            cnt[name] += 1
    return {name: (flat[name], cum[name]) for name in cum}, cnt


def both(d, go, seconds):
    """The two forms of a window each, asked for at the same time."""
    answer = {}
    threads = [threading.Thread(target=lambda: answer.update(
                   top=go_top_of(go, d.url(f"/debug/pprof/block?seconds={seconds}"))), daemon=True),
               threading.Thread(target=lambda: answer.update(folded=d.body(f"/folded?seconds={seconds}")), daemon=True)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(set(answer) == {"top", "folded"}, "one of them failed")
    return answer["top"], parse_folded(answer["folded"].decode())


@long_case
def go_tool_pprof():
    """Its totals are those of /folded of the same window: one in which threads that only sleep have the same time."""
    if not shutil.which("go"):
        skip("no go: scripts/deps test")
    go = Toolchain()
    with Work("asleep") as still, Work("convoy", 4, 10000, 3) as w:
        w.go()
        with Serve("-p", f"{still.pid},{w.pid}") as d:
            # pprof starts more slowly than we ask, so the two windows may begin at different cuts: then again.
            for _ in range(30):
                (top, text), rows = both(d, go, 2)
                folded, cnt = totals_of(rows)
                slept_ns, slept_us = top["work_asleep_sleep"][1], folded["work_asleep_sleep"][1]
                if abs(slept_ns - slept_us * US) <= US:
                    break
            else:
                check(False, f"30 times not the same window; the last: {slept_ns} ns, {slept_us} us")
            check("Type: delay" in text and "Duration: 2" in text, text[:300])
            check_near(slept_us, 2e6, "the window", 0.2)
            # A stack of less than half a microsecond is in no folded file; each of the others is rounded.
            check({n for n, (_, cum) in top.items() if cum > 10 * US} <= set(folded) <= set(top),
                  f"functions: {set(top) ^ set(folded)}")
            for name, (flat, cum) in folded.items():
                for what, ns, us in (("flat", top[name][0], flat), ("cum", top[name][1], cum)):
                    check_near(us * US, ns, f"{what} of {name} in {cnt[name]} stacks", 0, (cnt[name] + 5) * US)
            check("work_take" in top and "work_hold" in top, f"the workload's functions: {sorted(top)}")


# ---- a browser ----

def pixels_of(path):
    """Rows of an 8-bit RGB or RGBA PNG, each a list of colours."""
    data, at, packed = read_bytes(path), 8, b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, _, depth, colour = struct.unpack_from(">IIBB", body)
            check(depth == 8 and colour in (2, 6), f"a PNG of another kind: {depth} {colour}")
            bpp = 3 if colour == 2 else 4
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    raw, before, rows = zlib.decompress(packed), bytearray(width * bpp), []
    for y in range(0, len(raw), width * bpp + 1):
        kind, line = raw[y], bytearray(raw[y + 1:y + 1 + width * bpp])
        for i in range(len(line)):
            a, b, c = line[i - bpp] if i >= bpp else 0, before[i], before[i - bpp] if i >= bpp else 0
            near = min(((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c)))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, near)[kind]) & 255
        rows.append([bytes(line[x:x + 3]) for x in range(0, len(line), bpp)])
        before = line
    return rows


def chromium(*args):
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        skip("no chromium: scripts/deps test")
    done = subprocess.run([path, "--headless", *FLAGS, f"--user-data-dir={scratch('chromium')}", "--window-size=800,500",
                           *args], capture_output=True, timeout=120, check=False)
    check(done.returncode == 0, f"chromium: {done.returncode}, {done.stderr[-1000:].decode(errors='replace')}")
    return done.stdout.decode(errors="replace")


@long_case
def flame_graph_in_a_browser():
    with Work("convoy", 4, 10000, 3) as w:
        w.go()
        with Serve("-p", w.pid) as d:
            status, headers, page = d.get("/flamegraph?seconds=1")
            check_equal((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"), "the page")
            check(b"work_hold" in page and b"</html>" in page, f"the page: {page[:300]!r}")
            check(b'data-seconds="1"' in page, "the page asks for the next second")
            check(not re.search(rb"""(?:src|href)=["']?https?:""", page), "it loads something from elsewhere")
            shot = scratch("shot.png")
            dom = chromium(f"--screenshot={shot}", d.url("/flamegraph?seconds=1"))
            colours = collections.Counter(c for row in pixels_of(shot) for c in row)
            cnt = sum(colours.values())
            # Frames are in warm and cold colours on a pale page.
            vivid = sum(n for c, n in colours.items() if max(c) - min(c) > 60)
            check(cnt == 800 * 500 and vivid > cnt // 50, f"{vivid} of {cnt} pixels have a colour: nothing is drawn {dom[:200]}")
            dom = chromium("--dump-dom", d.url("/flamegraph?seconds=1"))
            check("<canvas" in dom and "convoy" in dom, f"the page's document: {dom[:500]}")


# ---- dwell offcpu ----

def leaders(times, share=0.02):
    """Names of what has more than this share."""
    whole = sum(times.values())
    return {stack for stack, ns in times.items() if ns > share * whole}


@case
def as_one_run_of_offcpu():
    """A window while traffic runs has the stacks of a run of dwell offcpu beside it, with about the same times."""
    # No CPU is short: where threads are preempted is a matter of luck.
    with Work("convoy", 4, 10 ** 6, 3) as locks, Work("socket", "tcp", 10 ** 6, 500) as net:
        pids = f"{locks.pid},{net.pid}"
        locks.go()
        net.go()
        with Serve("-p", pids) as d, Dwell("offcpu", "-p", pids, "--json", "3s") as other:
            other.tracing()
            rows = parse_folded(d.body("/folded?seconds=2").decode())
            p = other.wait().profile()
        locks.process.kill()
        net.process.kill()
    # Without the thread's name, which is the first: who gets the lock how often is a matter of luck, too.
    window, single = collections.Counter(), collections.Counter()
    for frames, us in rows:
        window[tuple(frames[1:])] += us
    for s in p.stacks:
        single[tuple(p.names(s)[1:])] += (s["blocked_ns"] + s["runnable_ns"]) / US
    for one, other, who in ((window, single, "offcpu"), (single, window, "the window")):
        missing = leaders(one) - leaders(other, 0.005)
        check(not missing, f"not in {who}: {missing}")
    # For the lock, with the lock, at the two ends of a connection, and the main threads.
    check(len(leaders(window)) >= 4, f"{len(leaders(window))} stacks")
    for stack in leaders(window, 0.04):
        check_near(window[stack] / sum(window.values()), single[stack] / sum(single.values()), f"share of {stack[-1]}", 0.3)


main()
