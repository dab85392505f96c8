#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Every command line in README and in the examples of --help works: a reader may copy it as it stands."""
import os
import subprocess

from examples import COMMANDS, TOP, folder_with_recording, help_lines, own_cgroup, page_lines, try_line, try_lines
from livetest import DWELL, Work, case, check, check_equal, long_case, main


@case
def lines_of_readme():
    try_lines(page_lines("README.md"), 8, "README")
    os.rmdir(own_cgroup())


@long_case
def lines_of_help():
    folder = folder_with_recording()
    with Work("asleep") as w:
        for command in COMMANDS:
            for line in help_lines(command):
                try_line(line, w.pid, folder)


@case
def the_kept_recording_draws():
    kept = os.path.join(TOP, "docs", "demo", "demo.dwell")
    for name in ("folded", "svg", "html", "json", "table"):
        done = subprocess.run([DWELL, "report", kept, "--format", name, "-o", "-"], capture_output=True,
                              text=True, timeout=60)
        check_equal(done.returncode, 0, done.stderr)
        check("serve_customer" in done.stdout, f"{name}: the demo's functions are not in it")


main()
