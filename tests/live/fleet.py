# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Rows as they arrive and as the folded files have them, to be compared."""
import collections
import gzip
import json

from livetest import parse_folded, read


def rows_of(requests):
    """Of each segment that arrived, once: {begin of the window in ns: {stack: ns}}"""
    windows = collections.defaultdict(collections.Counter)
    for body in {r.id: r.body for r in requests if r.accepted}.values():
        for row in map(json.loads, gzip.decompress(body).splitlines()):
            windows[row["start_ns"]][row["stack"]] += row["ns"]
    return windows


def folded_rows(path):
    return {";".join(frames): us for frames, us in parse_folded(read(path))}


def in_us(rows):
    """Rounded like a folded file's; there, what rounds to nothing may be missing."""
    return {stack: (ns + 500) // 1000 for stack, ns in rows.items() if ns >= 500}
