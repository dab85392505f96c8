#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""A machine of a fleet, whole: serve, its spool, push and a receiver that is away; what is renamed arrives. test_fleet_long.py
kills them, and asks a ClickHouse."""
import re

from fleet import folded_rows, in_us, rows_of
from livetest import Work, case, check, check_equal, main, read, wait_until
from node import Node
from receivers import Receiver
from serving import files_in, wait_files

NOBODY = (65534, 65534)


def check_same(node, requests):
    """The folded files and what arrived, window by window, to the microsecond."""
    windows = rows_of(requests)
    paths = files_in(node.out)
    check_equal(len(windows), len(paths), "windows that arrived")
    for begin_ns, path in zip(sorted(windows), paths):
        check_equal(in_us(windows[begin_ns]), {s: us for s, us in folded_rows(path).items() if us}, path)


@case
def receiver_away_for_three_windows():
    with Work("asleep") as asleep, Work("sleeper", 400, 20) as sleeper, Receiver() as first:
        node = Node("away", first.url, (asleep.pid, sleeper.pid))
        wait_until(lambda: first.ids(), "the first segment arrives")
        sleeper.go()
        port = first.port
        first.close()
        cnt = len(files_in(node.out))
        wait_files(node.out, cnt + 4)
        check(len(node.waiting()) >= 3, f"{len(node.waiting())} segments wait")
        with Receiver(port=port) as second:
            wait_until(lambda: not node.waiting(), "what waited arrives")
            sleeper.done()
            node.finish()
            renamed, twice = node.check_arrived(first.ids() + second.ids())
            check_equal(second.ids(), [i for i in node.renames.ids() if i in set(second.ids())], "oldest first")
            check_same(node, first.seen() + second.seen())
    print(f"      {renamed} segments, {twice} twice")


@case
def sent_by_another_user():
    """The spool belongs to root and to the sender's group, as the packages make it."""
    with Work("asleep") as asleep, Receiver() as receiver:
        node = Node("other", receiver.url, (asleep.pid,), sender=NOBODY)
        wait_until(lambda: len(receiver.ids()) >= 3, "segments arrive")
        status = read(f"/proc/{node.push.process.pid}/status")
        check_equal((re.search(r"^Uid:\s+(\d+)", status, re.M)[1], re.search(r"^CapEff:\s+(\w+)", status, re.M)[1]),
                    (str(NOBODY[0]), "0" * 16), "user and capabilities of the sender")
        node.finish()
        node.check_arrived(receiver.ids())
        check_same(node, receiver.seen())


main()
