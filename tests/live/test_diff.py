#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell diff: of folded stacks against tests/golden/diff, of recordings and NDJSON against what folded stacks of them give.

UPDATE_GOLDEN=1 writes the golden files. Scripts and styles in them are left out.
"""
import os
import re
import subprocess

from livetest import DWELL, ROOT, case, check, check_equal, check_one_line, main, read_bytes, scratch

GOLDEN = os.path.join(ROOT, "tests", "golden", "diff")
DEMO = os.path.join(ROOT, "docs", "demo", "demo.dwell")


def dwell(*args, text=b""):
    """(status, stdout, stderr), in the directory of the golden files; @text is standard input."""
    done = subprocess.run([DWELL, *args], input=text, capture_output=True, check=False, timeout=60, cwd=GOLDEN)
    return done.returncode, done.stdout, done.stderr.decode()


def diff(*args, text=b""):
    status, out, err = dwell("diff", "-q", *args, text=text)
    check_equal(status, 0, err)
    return out


def without_scripts(page):
    page = re.sub(rb"(?s)(<style>).*?(</style>)", rb"\1\2", page)
    page = re.sub(rb"(?s)(<script>)(?:<!\[CDATA\[)?.*?(</script>)", rb"\1\2", page)
    return page


def columns(folded):
    """Of two columns: stack to (before, now)."""
    return {m[1]: (int(m[2]), int(m[3])) for m in re.finditer(rb"(?m)^(.*) (\d+) (\d+)$", folded)}


@case
def golden_files():
    for name, args in (("plain.diff", ["-f"]), ("normalised.diff", ["-f", "--normalise"]), ("plain.txt", []),
                       ("normalised.txt", ["--normalise", "--top", "2"]), ("plain.svg", ["--format", "svg"]),
                       ("normalised.svg", ["--format", "svg", "--normalise"]), ("plain.html", ["--format", "html"])):
        path = os.path.join(GOLDEN, name)
        got = without_scripts(diff("before.folded", "after.folded", *args))
        if os.environ.get("UPDATE_GOLDEN"):
            with open(path, "wb") as f:
                f.write(got)
        check_equal(got, read_bytes(path), name)


@case
def both_columns_are_those_of_the_files():
    rows = columns(diff("-f", "before.folded", "after.folded"))
    for path, column in (("before.folded", 0), ("after.folded", 1)):
        lines = [line.rsplit(b" ", 1) for line in read_bytes(os.path.join(GOLDEN, path)).splitlines()]
        check_equal({s: us[column] for s, us in rows.items() if us[column]}, {s: int(us) for s, us in lines}, path)
    swapped = columns(diff("-f", "after.folded", "before.folded"))
    check_equal(swapped, {s: (now, before) for s, (before, now) in rows.items()}, "the other way round")
    scaled = columns(diff("-f", "--normalise", "before.folded", "after.folded"))
    totals = [sum(us[i] for us in scaled.values()) for i in (0, 1)]
    check(abs(totals[0] - totals[1]) <= len(scaled), f"totals when normalised: {totals}")


@case
def whatever_report_reads():
    folded = dwell("report", "-q", "-f", DEMO)[1]
    check(folded.count(b"\n") > 20, "the demo's stacks")
    half = b"".join(folded.splitlines(keepends=True)[::2])
    path = scratch("half.folded")
    with open(path, "wb") as f:
        f.write(half)
    expected = diff("-f", path, "-", text=folded)
    check_equal(diff("-f", path, DEMO), expected, "a recording")
    rows = dwell("report", "-q", "--format", "ndjson", DEMO)[1]
    check_equal(diff("-f", path, "-", text=rows), expected, "NDJSON")
    check_equal({us[0] for s, us in columns(expected).items() if s + b" " not in half} - {0}, set(), "what is new")
    check(b"no stack's time changed" in diff(DEMO, "-", text=folded), "a recording and its own stacks differ")
    kinds = dwell("report", "-q", "-f", "--kinds", DEMO)[1]
    check(b"no stack's time changed" in diff("--kinds", DEMO, "-", text=kinds), "with kinds they differ")
    check(all(a == b for a, b in columns(diff("-f", DEMO, "-", text=kinds)).values()), "kinds of a text are for both")


@case
def nothing():
    empty = scratch("none.folded")
    open(empty, "w").close()
    check_equal(columns(diff("-f", empty, "after.folded")).keys(),
                {line.rsplit(b" ", 1)[0] for line in read_bytes(os.path.join(GOLDEN, "after.folded")).splitlines()},
                "all of it is new")
    check(b"gone" in diff("before.folded", empty), "all of it is gone")
    check_equal(diff("-f", empty, empty), b"", "nothing and nothing")
    for form in ("svg", "html", "table"):
        for pair in ((empty, "after.folded"), ("before.folded", empty), (empty, empty)):
            for more in ([], ["--normalise"]):
                check(len(diff("--format", form, *more, *pair)) > 20, f"{form} of {pair}")


@case
def mistakes():
    for args, status, *words in ((["before.folded"], 2, "two files"), (["-", "-"], 2, "standard input"),
                                 (["--json", "before.folded", "after.folded"], 2, "json", "no differences"),
                                 (["-o", "x.pb.gz", "before.folded", "after.folded"], 2, "pprof", "no differences"),
                                 (["before.folded", "none.folded"], 1, "none.folded"),
                                 (["before.folded", "plain.diff.none"], 1, "plain.diff.none"),
                                 (["--wakers", "before.folded", "after.folded"], 1, "--wakers", "recording")):
        got, out, err = dwell("diff", *args)
        check_equal((got, out), (status, b""), f"{args}: status and stdout")
        check_one_line(err, str(args), *words)
    check(not os.path.exists(os.path.join(GOLDEN, "x.pb.gz")), "an output file")


main()
