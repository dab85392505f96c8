#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The manual has every command: in the list of dwell(1), and in a page of its own."""
import os
import re

from livetest import BUILD, ROOT, case, check, check_equal, main, read, run


def commands():
    found = dict(re.findall(r"^  ([a-z]+)  +(.+)$", run("help").ok().out, re.M))
    check(len(found) > 8, f"{found}")
    return found


@case
def list_of_commands():
    listed = re.findall(r"^\.It Sy (\w+)$", read(os.path.join(ROOT, "docs", "dwell.1")), re.M)
    check_equal(listed, list(commands()), "commands in docs/dwell.1, in the order of `dwell help`")


@case
def page_of_each():
    for command, summary in commands().items():
        if command == "version":
            continue
        page = read(os.path.join(BUILD, "man", f"dwell-{command}.1"))
        check(f".Nd {summary}\n" in page and ".Sh EXAMPLES" in page, f"the page of {command}")


main(needs_tracing=False)
