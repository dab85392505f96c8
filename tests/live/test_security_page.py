#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""docs/security.md: each line has a test, each test that is named exists, and what it says of rights is what the program has."""
import os
import re

from livetest import ROOT, case, check, check_equal, main, read
from privileges import CAPS

PAGE = read(os.path.join(ROOT, "docs", "security.md"))
NAMED = re.compile(r"`(unit|live|deploy|golden|vm|fuzz|browser)/(\w+)(?:: ([^`]+))?`")
FILES = {"unit": "tests/unit/{}.c", "fuzz": "tests/fuzz/{}.c", "browser": "tests/browser/{}.js"}


def lines_that_show():
    """Rows of the tables whose last column says by which test something is shown."""
    shows = False
    for line in PAGE.splitlines():
        if not line.startswith("|"):
            shows = False
        elif line.endswith("| shown by |"):
            shows = True
        elif shows and not line.startswith("|---"):
            yield line


def has_case(text, lane, name):
    if lane == "unit":
        return re.search(rf"^static void {name}\(void \*\*state", text, re.M)
    if lane == "browser":
        return f"test('{name}'" in text
    # Cases that are made in a loop have their name in a table.
    return re.search(rf"^def {name}\(", text, re.M) or re.search(rf'^    "{name}": \(', text, re.M)


@case
def named_tests_exist():
    cnt = 0
    for lane, file, names in NAMED.findall(PAGE):
        path = os.path.join(ROOT, FILES.get(lane, f"tests/{lane}/{{}}.py").format(file))
        check(os.path.exists(path), f"there is no {path}")
        text = read(path)
        for name in [names] if lane == "browser" else names.split(", ") if names else []:
            check(has_case(text, lane, name), f"{path} has no case {name}")
            cnt += 1
    check(cnt > 80, f"only {cnt} cases are named")


@case
def each_line_has_a_test():
    lines = list(lines_that_show())
    check(len(lines) > 30, f"only {len(lines)} lines")
    for line in lines:
        check(NAMED.search(line.rstrip("|").rpartition("|")[2]), f"no test in {line}")


@case
def a_missing_one_is_noticed():
    """The counter-check."""
    text = read(os.path.join(ROOT, "tests", "live", "test_http.py"))
    check(has_case(text, "live", "users") and not has_case(text, "live", "user"), "names are compared as a whole")
    check(not has_case(text, "live", "check_status"), "what is imported is no case")


@case
def capabilities_are_those_of_the_program():
    """The table of capabilities, and that of source/bpf_needs.c."""
    needs = set(re.findall(r"^\t\{(CAP_\w+),", read(os.path.join(ROOT, "user", "source", "bpf_needs.c")), re.M))
    check_equal(set(re.findall(r"^\| (CAP_\w+) \|", PAGE, re.M)), needs, "the table")
    setcap = re.search(r"setcap (\S+)=ep", PAGE)[1].upper().split(",")
    check_equal(set(setcap), needs, "the line with setcap")
    check(needs >= {f"CAP_{c.upper()}" for c in CAPS}, "what is kept is among them")


main(needs_tracing=False)
