#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""serve, push and a ClickHouse: what the tables hold are the folded files, also when all of them are killed; 50 kills."""
import collections
import os
import subprocess

from clickhouse import ClickHouse
from fleet import folded_rows, in_us
from livetest import ROOT, Work, case, check, check_equal, main, read, run, scratch, wait_until
from node import Node
from receivers import Receiver
from serving import files_in, wait_files

SCHEMA = os.path.join(ROOT, "deploy", "clickhouse", "schema.sql")
FLEET = os.path.join(ROOT, "deploy", "clickhouse", "queries", "fleet.sql")


def stored(server):
    """{(begin of a window, the first half of its segment's id): {stack: ns}}, duplicates collapsed."""
    texts = dict(line.split("\t") for line in server.query("SELECT DISTINCT hex(stack_id), stack FROM dwell.texts")
                 .decode().splitlines())
    windows = collections.defaultdict(collections.Counter)
    for line in server.query("SELECT toUnixTimestamp(start_time), lower(hex(segment_id)), hex(stack_id), ns "
                             "FROM dwell.stacks FINAL").decode().splitlines():
        begin, segment, stack, ns = line.split("\t")
        windows[int(begin), segment.zfill(16)][texts[stack]] += int(ns)
    return windows


@case
def tables_hold_the_folded_files():
    server = ClickHouse().start()
    server.script(SCHEMA)
    with Work("asleep") as asleep, Work("sleeper", 2000, 5) as sleeper:
        node = Node("tables", server.url, (asleep.pid, sleeper.pid))
        wait_files(node.out, 2)
        sleeper.go()
        # Away for three windows, in the middle of whatever it did.
        server.kill()
        cnt = len(files_in(node.out))
        wait_files(node.out, cnt + 4)
        check(len(node.waiting()) >= 3, f"{len(node.waiting())} segments wait")
        server.start()
        for _ in range(5):
            node.kill("push")
        sleeper.done()
        node.finish()
    windows, paths = stored(server), files_in(node.out)
    check_equal({segment for _, segment in windows}, {i[:16] for i in node.renames.ids()}, "ids in the table and renamed")
    check_equal(len(windows), len(paths), "windows")
    total_us = 0
    for (key, rows), path in zip(sorted(windows.items()), paths):
        expected = {s: us for s, us in folded_rows(path).items() if us}
        check_equal(in_us(rows), expected, f"{path}, segment {key[1]}")
        total_us += sum(expected.values())
    fleet = scratch("fleet.tsv")
    with open(fleet, "wb") as f:
        query = read(FLEET).replace("day = yesterday()", "day > toDate('2000-01-01')")
        subprocess.run(["clickhouse-client", *server.client_options(), "-q", query], stdout=f, check=True, timeout=60)
    with open(fleet, encoding="ascii") as f:
        drawn = run("report", "-f", "-", stdin=f).ok().out
    drawn_us = sum(int(line.rpartition(" ")[2]) for line in drawn.splitlines())
    stacks = len(drawn.splitlines())
    # Each row of each file is rounded.
    check(abs(drawn_us - total_us) <= stacks * len(paths), f"dwell report: {drawn_us} us, in the files {total_us} us")
    stack = max(drawn.splitlines(), key=len)
    check("work_" in drawn, f"names: {stack}")
    print(f"      {len(paths)} windows, {total_us} us in the files, {drawn_us} us and {stacks} stacks drawn from the table")


@case
def fifty_kills_of_each():
    with Work("asleep") as asleep, Receiver() as receiver:
        node = Node("killed", receiver.url, (asleep.pid,))
        wait_until(lambda: receiver.ids(), "the first segment arrives")
        for _ in range(50):
            node.kill_at_random(1, ["serve"], (0.02, 4))
            node.kill_at_random(1, ["push"], (0, 0.5))
        cnt = len(receiver.ids())
        wait_until(lambda: len(receiver.ids()) >= cnt + 2, "two more arrive")
        node.finish()
        renamed, twice = node.check_arrived(receiver.ids())
    # A life of serve lasts for 0 to 4 s, a window for one, and it takes one to begin.
    check(renamed > 20, f"only {renamed} segments")
    print(f"      {renamed} segments, {twice} twice; kills: {node.kills}")


main()
