#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""The table of docs/security.md: what each command loses without each capability, measured. --write puts what was measured into the page."""
import os
import re
import sys

from livetest import ROOT, case, cases, check, check_equal, main, read, run, scratch, start, wait_until
from privileges import CAPS
from rights import NAMES, Targets, as_nobody, dwell_of_all, go_program, json_objects, open_to_all, run_as_nobody

PAGE = os.path.join(ROOT, "docs", "security.md")
ALL = ["bpf", "perfmon", "sys_ptrace", "dac_read_search", "checkpoint_restore", "syslog"]
ROWS = [("all six", ALL), *((f"without {c.upper()}", [a for a in ALL if a != c]) for c in ALL),
        ("BPF and PERFMON alone", ["bpf", "perfmon"]), ("none", [])]
LETTERS = {"common": "A", "private": "P", "hidden": "M", "nameless": "N", "kernel": "K"}
WINDOW = "600ms"


class Refused(Exception):
    pass


def dwell(caps, *args, **options):
    """stdout; one line that says what to do is a refusal, anything else wrong."""
    status, out, err = run_as_nobody(caps, *args, **options)
    if status == 1 and not out and len(err.splitlines()) == 1 and re.search("root|sudo", err) and "CAP_" in err:
        raise Refused
    check_equal(status, 0, f"status of {args} with {caps}: {err[-1000:]}")
    return out


def by_json(*command):
    def seen(caps, targets, _):
        return targets.in_profile(json_objects(dwell(caps, *command, *targets.words, "--json", WINDOW))[0])
    return seen


def record(caps, targets, _):
    path = os.path.join(open_to_all("out"), "r.dwell")
    os.chmod(os.path.dirname(path), 0o777)
    dwell(caps, "record", "-q", *targets.words, "-o", path, WINDOW)
    seen = targets.in_profile(json_objects(run("report", "--json", path).ok().out)[0])
    os.unlink(path)
    return seen


def top(caps, targets, _):
    """Of the kernel it shows the innermost function only."""
    out = dwell(caps, "top", "--batch", "-i", "1", "-n", "1", *targets.words)
    seen = {n for n, comm in targets.comms.items() if re.search(rf" {re.escape(comm)} .*work_sleep", out)}
    return seen | ({"kernel"} if re.search(r"  (hrtimer_|do_nanosleep|common_nsleep|__x64_sys)", out) else set())


def serve(caps, targets, _):
    out = os.path.join(open_to_all("out"), f"folded{len(os.listdir(open_to_all('out')))}")
    os.makedirs(out)
    os.chmod(out, 0o777)
    log = scratch("serve.log")
    with open(log, "wb") as f:
        p = start([*as_nobody(caps), dwell_of_all(), "serve", "--config", "none", "--listen", "none", "--out", out, "--every", "1s",
                   *targets.words], stderr=f)
    files = lambda: [n for n in sorted(os.listdir(out)) if n.endswith(".folded")]
    wait_until(lambda: len(files()) > 2 or p.poll() is not None, "files of windows", 30, 0.1)
    p.terminate()
    said, status = read(log), p.wait(20)
    if status == 1 and not files() and len(said.splitlines()) == 1 and re.search("root|sudo", said):
        raise Refused
    check_equal(status, 0, f"serve with {caps}: {said[-1000:]}")
    return targets.in_lines(line for n in files() for line in read(os.path.join(out, n)).splitlines())


def slow_calls(caps, targets, _):
    out = json_objects(dwell(caps, "syscalls", "--slower", "1ms", "--stacks", "--json", *targets.words, WINDOW))
    names = {pid: name for name, pid in targets.pids.items()}
    calls = [o["slow"] for o in out if "slow" in o]
    check(calls, f"no slow calls in {str(out)[:500]}")
    return {names[c["pid"]] for c in calls if "work_sleep" in c.get("stack", ()) and c["pid"] in names} | {"kernel"}


def counted(*command):
    def seen(caps, targets, _):
        out = dwell(caps, *command, *targets.words, WINDOW)
        check("common" in out or "nanosleep" in out, f"{command}: {out[:500]}")
        return set(LETTERS)
    return seen


def dump(caps, targets, _):
    """Several looks: each may find one of them on a CPU."""
    seen = set()
    for _ in range(6):
        status, out, err = run_as_nobody(caps, "dump", *targets.words, "--longer-than", "0", "--all", "--json")
        check_equal(status, 0, f"dump with {caps}: {err}")
        seen |= targets.in_profile(json_objects(out)[0])
    return seen


def goroutines(caps, _, go):
    check("goroutine" in dwell(caps, "goroutines", "-p", go.pid), "goroutines")
    return set(LETTERS)


def go_events(caps, _, go):
    dwell(caps, "goroutines", "-p", go.pid, "--go-events", "100ms", "--go-events-limit", "10000000", "-q")
    return set(LETTERS)


def selftest(caps, _, __):
    check("nothing is lost" in dwell(caps, "selftest"), "selftest")
    return set(LETTERS)


COLUMNS = {
    "offcpu": by_json("offcpu"), "chains": by_json("chains"), "record": record, "top": top,
    "serve": serve, "dump": dump, "syscalls": counted("syscalls"), "syscalls --slower --stacks": slow_calls,
    "runq": counted("runq"), "goroutines": goroutines, "goroutines --go-events": go_events, "selftest": selftest,
}


def cell(column, caps, targets, go, whole):
    """What is missing of what was seen with all of them."""
    try:
        missing = whole - COLUMNS[column](caps, targets, go)
    except Refused:
        return "refused"
    if set(NAMES) <= missing:
        missing -= {"private", "hidden", "nameless"}
    return " ".join(letter for name, letter in LETTERS.items() if name in missing) or "-"


def measure():
    targets, go = Targets(), go_program()
    table = {}
    for column in COLUMNS:
        try:
            whole = COLUMNS[column](ALL, targets, go)
        except Refused:  # all six are not enough
            table[column] = ["refused"] * len(ROWS)
            continue
        check(whole >= set(NAMES), f"{column}: with all of them only {whole} were seen")
        table[column] = [cell(column, caps, targets, go, whole) for _, caps in ROWS]
        print(f"{column}: {table[column]}", flush=True)
    go.__exit__()
    return table


def as_markdown(table):
    """A row for each set of capabilities; commands with equal columns share one."""
    groups = {}
    for column, cells in table.items():
        groups.setdefault(tuple(cells), []).append(f"`{column}`")
    heads = [", ".join(names) for names in groups.values()]
    lines = ["| capabilities | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for i, (name, _) in enumerate(ROWS):
        lines.append(f"| {name} | " + " | ".join(cells[i] for cells in groups) + " |")
    return "\n".join(lines) + "\n"


BEGIN, END = "<!-- measured: tests/live/test_rights_table_long.py --write -->\n", "<!-- end -->\n"


@case
def table_of_the_page():
    """As measured now. Where the kernel lets everybody see its addresses, or make maps, the page's kernel is another one."""
    text, now = read(PAGE), as_markdown(measure())
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    check(after, "the page has no table")
    if "--write" in sys.argv:
        with open(PAGE, "w") as f:
            f.write(before + BEGIN + now + END + after)
        return
    check_equal(now.splitlines(), old.splitlines(), "the table, measured and in the page")


@case
def kept_is_what_is_needed():
    """Each capability that a service keeps is in the table with something that is lost without it."""
    rows = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in read(PAGE).partition(BEGIN)[2].partition(END)[0].splitlines()[2:]}
    for cap in CAPS:
        cells = [c.strip() for c in rows[f"without {cap.upper()}"]]
        check(any(c != "-" for c in cells), f"nothing is lost without {cap}: {cells}")


if "--write" in sys.argv:
    cases[:] = [table_of_the_page]
    sys.argv[1:] = ["table_of_the_page"]
    sys.argv.append("--write")
main()
