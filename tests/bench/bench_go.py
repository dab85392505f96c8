#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What looking at goroutines again and again costs: CPU time of `dwell goroutines --watch`, and what the program that is looked at gets
done meanwhile; and how right `dwell offcpu` is of their waits. Writes docs/performance-go.md.
"""
import argparse
import datetime
import os
import platform
import statistics
import subprocess
import sys
import time

from meters import livetest
import go_versions  # pylint: disable=wrong-import-order
import go_waits
from golang import Toolchain

USAGE = os.path.join(livetest.BUILD, "tests", "bench", "usage")
SOURCE = os.path.join(livetest.ROOT, "tests", "bench", "work", "goroutines.go")
DOCUMENT = os.path.join(livetest.ROOT, "docs", "performance-go.md")
LIMIT = 2.0  # percent of a core, of the first row
ACCURACY = 0.05
# (goroutines, seconds between looks, options)
LOOKS = [
    (10000, 0.1, []),
    (10000, 0.1, ["--stacks"]),
    (10000, 0.1, ["--scheduler"]),
    (100000, 1, []),
    (100000, 1, ["--stacks"]),
]

TEXT = """<!-- SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only -->
<!-- Written by tests/bench/bench_go.py: change it there. -->
# What looking at goroutines costs

    make bench-go           # some minutes, writes this page

The program (`tests/bench/work/goroutines.go`) has goroutines that wait in eight ways, with stacks of different depth, and two that hand a token
to and fro over channels as fast as they can. `dwell goroutines -p PID --watch` looks at it for {seconds} s, in {rounds} rounds, after each of which
the program runs as long without.

- *start*: CPU time of dwell, user and system, for a single look: the loading of the program, the finding of the runtime's variables, the look.
- *CPU*: CPU time of dwell while it goes on looking, in percent of one core: without that of a single look, which is measured before it.
- *hand-overs*: per second, while dwell looks and while it doesn't. The program has two processors for two goroutines and dwell beside it.

Medians, the least and the most in brackets.

**Target**

{target}

| goroutines | looks per second | options | start, ms | CPU, % of a core | hand-overs/s | without dwell |
| ---: | ---: | --- | ---: | ---: | ---: | ---: |
{rows}

# How right samples are

`tests/live/work/go_waits.go` has goroutines that sleep, receive from a channel, read from a pipe and lock a mutex, and takes the time of each wait itself.
`dwell offcpu -p PID 10` looks at it, at 99 random moments in a second. Shares are of the time, the medians of {rounds} runs; the
difference is the largest of all runs. {accuracy_target}

| Go | function | by itself | by dwell | difference, at most |
| ---: | --- | ---: | ---: | ---: |
{accuracy}

- date: {date}
- kernel: {kernel}, {cpus} CPUs; Go {go}
"""


def span(values, form):
    return f"{statistics.median(values):{form}} [{min(values):{form}}..{max(values):{form}}]"


class Program:
    def __init__(self, path, cnt):
        self.process = subprocess.Popen([path, str(cnt)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        livetest.check(self.process.stdout.readline() == "ready\n", "the program did not begin")

    def rounds(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def speed(self, act):
        """Hand-overs per second during act(), and what it returns."""
        first, begin = self.rounds(), time.monotonic()
        result = act()
        return (self.rounds() - first) / (time.monotonic() - begin), result

    def end(self):
        self.process.kill()
        self.process.wait()


def cpu(pid, options):
    """CPU and wall seconds of dwell."""
    begin = time.monotonic()
    said = subprocess.check_output([USAGE, livetest.DWELL, "goroutines", "-q", "-p", str(pid), "-o", "/dev/null", *options])
    return int(said.split()[0]) / 1e6, time.monotonic() - begin


def look(pid, interval, options, seconds):
    """Seconds of CPU of one look, and percent of a core of those behind it."""
    one, one_wall = cpu(pid, options)
    many, many_wall = cpu(pid, ["--watch", str(interval), *options, str(seconds)])
    return one, 100 * (many - one) / (many_wall - one_wall)


def measure(path, cnt, interval, options, args):
    starts, costs, seen, alone = [], [], [], []
    program = Program(path, cnt)
    for _ in range(args.rounds):
        speed, (start, cost) = program.speed(lambda: look(program.process.pid, interval, options, args.seconds))
        starts.append(1000 * start)
        costs.append(cost)
        seen.append(speed)
        alone.append(program.speed(lambda: time.sleep(args.seconds))[0])
    program.end()
    row = (f"| {cnt:,} | {1 / interval:g} | {' '.join(options)} | {span(starts, '.1f')} | {span(costs, '.2f')} | {span(seen, ',.0f')} | "
           f"{span(alone, ',.0f')} |")
    print(row, flush=True)
    return statistics.median(costs), row


# ---- how right ----

def account(program, seconds):
    """{function: (its own share, dwell's)} of one run."""
    before = program.account()
    profile = livetest.Profile(livetest.run("offcpu", "--json", "-p", program.pid, str(seconds)).out)
    own = go_waits.rates(before, program.account())
    return {function: (share, go_waits.waits(profile, function)[0]) for function, (share, _) in own.items()}


def compare(version, args):
    """The largest difference, and a row for each function."""
    with go_waits.Program(go_waits.build(go_versions.toolchain(version))) as program:
        runs = [account(program, args.seconds) for _ in range(args.rounds)]
    worst, rows = 0, []
    for function in runs[0]:
        own, its = [r[function][0] for r in runs], [r[function][1] for r in runs]
        off = max(abs(b - a) / a for a, b in zip(own, its))
        worst = max(worst, off)
        rows.append(f"| {version} | `{function}` | {statistics.median(own):.4f} | {statistics.median(its):.4f} | {100 * off:.1f} % |")
        print(rows[-1], flush=True)
    return worst, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10)
    args = parser.parse_args()
    go = Toolchain()
    path = go.build("bench-goroutines", [SOURCE], cgo=False)
    found = [measure(path, *one, args) for one in LOOKS]
    cost = found[0][0]
    target = (f"- {'pass' if cost <= LIMIT else 'FAIL'}: {LOOKS[0][0]:,} goroutines, 10 looks per second: {cost:.2f} % of a core, target at "
              f"most {LIMIT:g}")
    print(target)
    compared = [compare(version, args) for version in ("1.19", max(go_versions.VERSIONS, key=lambda v: int(v[2:])))]
    worst = max(off for off, _ in compared)
    accuracy_target = (f"**{'pass' if worst <= ACCURACY else 'FAIL'}**: they differ by {100 * worst:.1f} % at most, target "
                       f"{100 * ACCURACY:g} %.")
    with open(DOCUMENT, "w") as f:
        f.write(TEXT.format(accuracy_target=accuracy_target, accuracy="\n".join(row for _, rows in compared for row in rows),
                            seconds=args.seconds, rounds=args.rounds, target=target, rows="\n".join(row for _, row in found),
                            date=datetime.date.today(), kernel=platform.release(), cpus=os.cpu_count(), go=go.version))
    return cost > LIMIT or worst > ACCURACY


sys.exit(main())
