#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell serve on a disk that fills and is emptied again: metrics stay, it is said once, and files come again."""
import contextlib
import os

from livetest import Work, case, check, check_equal, main, read, wait_until
from serving import Serve, check_laws, files_in, wait_files
from tmpfs import in_own_namespace, small_disk


def fill(path):
    with open(path, "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(b"x" * 4096)


def output(scrape):
    return {labels["output"]: int(value) for labels, value in scrape.rows("dwell_output_failing")}


@case
def disk_full():
    disk = small_disk("full", 1024)
    out, spool, ballast = (os.path.join(disk, name) for name in ("folded", "spool", "ballast"))
    with Work("asleep") as w, Serve("-p", w.pid, "--out", out, "--every", "1s", "--spool", spool, "--spool-to",
                                    "clickhouse") as serve:
        wait_files(out, 2)
        check_equal(set(output(serve.scrape()).values()), {0}, "failing before")
        fill(ballast)
        wait_until(lambda: any(output(serve.scrape()).values()), "it is said that writing fails")
        before = serve.scrape()
        cnt = len(files_in(out))
        wait_until(lambda: serve.scrape().sum("dwell_output_failures_total") >= 4, "four windows are not written")
        check_laws(serve.scrape())
        check_equal(len(files_in(out)), cnt, "files while it is full")
        check_equal([n for d in (out, os.path.join(spool, "clickhouse")) for n in os.listdir(d) if n.endswith(".tmp")], [],
                    "unfinished files")
        check(serve.scrape().sum("dwell_observed_seconds_total") >= before.sum("dwell_observed_seconds_total"),
              "tracing goes on")
        os.unlink(ballast)
        wait_files(out, cnt + 2)
        wait_until(lambda: not any(output(serve.scrape()).values()), "it is said that writing works")
        result = serve.finish().ok()
    for directory, limit in ((out, "--keep-bytes"), (spool, "--spool-bytes")):
        lines = [line for line in result.err.splitlines() if f"{directory}: " in line]
        check(len(lines) == 2 and limit in lines[0] and "works again" in lines[1], f"a line at each change: {lines}")
    check("DEFECT" not in result.err, result.err)
    for path in files_in(out):
        check(read(path).endswith("\n"), f"{path} is torn")


in_own_namespace()
main()
