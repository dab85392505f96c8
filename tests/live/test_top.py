#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 600
"""dwell top: in a terminal (tmux) and in a pipe."""
import os
import random
import re
import time

from livetest import (DWELL, SECOND, Dwell, Work, case, check, check_equal, check_near, check_one_line, long_case, main,
                      read, run, scratch, wait_until)
from tmux import Screen, Terminal, begun, check_whole, quit_top, top

WAYS = ("sleep", "futex", "pipe", "poll")


# ---- what is shown ----

@case
def threads_that_wait_for_ever():
    """Each waits all the time: one second per second, whatever the interval."""
    with Work("asleep") as w, Terminal(160, 30) as t:
        w.tids_asleep()
        t.command(top("-p", w.pid, "-i", 1))
        t.wait_for(begun, "an interval")
        t.keys("2")
        s = Screen(t.wait_for(lambda s: "asleep-poll/" in s, "threads"))
        for way in WAYS:
            row = s.row(f"asleep-{way}/{w.tid('asleep-' + way)}")
            check_near(row["ns"], SECOND, way, 0.005)
            check_equal((row["cnt"], row["reason"]), (1, "lock" if way == "futex" else way), way)
        t.keys("3")
        t.wait_for(f"asleep ({w.pid})", "processes")
        t.keys("4")
        for way in ("lock: futex", "sleep: timers", "pipe: pipes", "poll: epoll"):
            t.wait_for(way, "reasons")
        t.keys("6")
        for call in ("ppoll", "futex", "read", "nanosleep"):
            t.wait_for(call, "system calls")
        t.keys("5")
        t.wait_for("start with --locks", "why there are no locks")
        t.keys("1", "K")
        shown = t.wait_for("work_asleep_futex", "stacks")
        check("do_syscall_64" not in shown, shown)
        quit_top(t)


@case
def the_longest_wait_grows():
    """Its age, although each interval has a part of it only."""
    with Work("asleep") as w, Terminal(120, 30) as t:
        t.command(top("-p", w.pid, "-i", 1, "--by thread"))
        t.wait_for(begun, "an interval")

        def older():
            s = Screen(t.screen())
            rows = [r for r in s.rows if "asleep-sleep" in r["what"]]
            return rows and rows[0]["max"] > 3e9 and s
        s = wait_until(older, "a wait of 3 s")
        check(s.window_ns < 2e9, s.text)
        check_near(s.row("asleep-sleep")["ns"], SECOND, "time per second", 0.005)
        t.keys("a")
        s = Screen(t.wait_for("since the start", "the whole run"))
        check_equal(s.row("asleep-sleep")["cnt"], 1, "waits")
        quit_top(t)


@long_case
def all_waits_of_a_sleeper():
    """Since the start: as many as there were, and the time that the program itself measured."""
    with Work("sleeper", 150, 20) as w, Terminal(120, 30) as t:
        t.command(top("-p", w.pid, "-i", 1, "--by reason"))
        t.wait_for(begun, "an interval")
        w.work()
        t.keys("a")

        def all_there(text):
            return "since the start" in text and re.search(r" 150 +[\d.]+ms +[\d.]+ms  sleep: ", text)
        shown = t.wait_for(all_there, "150 waits")
        window_ns = Screen(shown).window_ns
        per_s = re.search(r"^[ >]*([\d.]+)(ms|s) .*sleep: ", shown, re.M)
        ns = Screen.ns(per_s[1] + per_s[2]) * window_ns / 1e9
        # The window is shown in tenths of a second.
        check_near(ns, w.ns("sleep"), "time asleep", 0.01, w.ns("sleep") * 0.05e9 / window_ns)
        quit_top(t)


@long_case
def locks_of_a_convoy():
    with Work("convoy", 4, 100000, 5) as w, Terminal(140, 30) as t:
        w.go()
        t.command(top("-p", w.pid, "-i", 1, "--by lock"))
        t.wait_for(begun, "an interval")
        s = Screen(t.wait_for(w.facts["lock"][0][0], "the mutex"))
        row = s.row(w.facts["lock"][0][0])
        check_equal(row["reason"], "lock", "reason")
        # One has it nearly always, and is about to come again for 1 ms of 6; the others wait.
        check(2.2e9 < row["ns"] < 3.2e9, f"three of four wait: {row}")
        t.keys("Enter")
        t.wait_for("work_take", "the stack")
        quit_top(t)


# ---- keys ----

@case
def keys():
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command(top("-p", w.pid, "-i", 1))
        t.wait_for(begun, "an interval")
        t.keys("p")
        t.wait_for("PAUSED", "the pause")
        check_whole(t)
        t.keys("Down", "Enter")
        t.wait_for(lambda s: "            " in s and "__libc_start" in s or "start_thread" in s, "the frames of a stack")
        check_whole(t)
        t.keys("Enter")
        t.wait_for(lambda s: "\n            " not in s, "the line closed")
        t.keys("/")
        t.type("asleep_pipe")
        t.keys("Enter")
        s = Screen(t.wait_for("Esc: all", "what was found"))
        check_equal(len(s.rows), 1, s.text)
        t.keys("Escape")
        t.wait_for(lambda s: len(Screen(s).rows) > 3, "all again")
        t.keys("F6")
        t.wait_for("sort: count", "another order")
        t.keys("F1")
        t.wait_for("any key: back", "help")
        check_whole(t)
        t.keys("x")
        t.keys("i")
        t.wait_for("/s hidden", "idle waits hidden")
        t.keys("i", "End", "Home", "PageDown", "PageUp", "Tab", "BTab", "Left", "Right")
        t.wait_for(lambda s: "/s hidden" not in s, "idle waits shown")
        t.keys("p")
        t.wait_for(lambda s: "PAUSED" not in s, "the end of the pause")
        quit_top(t)


@long_case
def a_pause_stands_still():
    with Work("convoy", 3, 100000, 3) as w, Terminal(100, 30) as t:
        w.go()
        t.command(top("-p", w.pid, "-i", "500ms"))
        t.wait_for(begun, "an interval")
        t.keys("p")
        t.wait_for("PAUSED", "the pause")
        before = t.still()
        # Four intervals long.
        for _ in range(20):
            check_equal(t.screen(), before, "the screen while it is paused")
            time.sleep(0.1)
        t.keys("p")
        t.wait_for(lambda s: "PAUSED" not in s and s.split("\n")[0] != before.split("\n")[0].replace("PAUSED ", ""),
                   "a later interval")
        quit_top(t)


@long_case
def keys_at_random():
    names = ["Up", "Down", "Left", "Right", "PageUp", "PageDown", "Home", "End", "Enter", "Space", "Tab", "BTab", "F1", "F3",
             "F6", "Escape", "BSpace", "C-l", "C-u", "/", "?", "h", "s", "r", "i", "a", "K", "p", "1", "2", "3", "4", "5", "6",
             "x", "é", "日", "F5", "M-x", "IC"]
    pick = random.Random(11)
    with Work("convoy", 4, 100000, 3) as w, Terminal(80, 24) as t:
        w.go()
        t.command(top("-p", w.pid, "-i", "500ms", "--locks"))
        t.wait_for(begun, "an interval")
        for _ in range(25):
            t.keys(*(pick.choice(names) for _ in range(20)))
            if pick.random() < 0.3:
                t.resize(pick.randint(5, 200), pick.randint(2, 60))
        t.resize(80, 24)
        t.keys("Escape")
        t.keys("Escape", "h")
        t.wait_for("dwell top: ", "its screen")
        t.keys("F10")
        t.wait_for(lambda s: s.rstrip().endswith("$"), "the prompt")
        t.command("echo status=$?")
        t.wait_for("status=0", "its status")


# ---- without a terminal ----

@long_case
def in_a_pipe():
    with Work("asleep") as w:
        r = run("top", "-p", w.pid, "-i", 1, "-n", 3, "--by", "thread").ok()
        tables = r.out.strip().split("\n\n")
        check_equal(len(tables), 3, r.out)
        for table in tables:
            s = Screen(table)
            for way in WAYS:
                check_near(s.row(f"asleep-{way}/")["ns"], SECOND, way, 0.005)
        check("\x1b" not in r.out and not r.err, r.out + r.err)
        lines = run("top", "-p", w.pid, "-i", 1, "-n", 1, "--by", "thread", "--top", 2).ok().out.strip().split("\n")
        check_equal(len(lines), 5, "two lines")
        r = run("top", "-p", w.pid, "-i", 1, "-n", 1, "--no-idle", "--by", "reason").ok()
        check("lock: " in r.out and "pipe: " in r.out and "sleep: " not in r.out and "poll: " not in r.out, r.out)


@case
def intervals_hold_all_time_once():
    """Together they have what the program measured, though waits lie across their borders."""
    with Work("sleeper", 7, 700) as w, Dwell("top", "-p", w.pid, "-i", 1, "--by", "reason") as d:
        d.tracing()
        w.work()
        r = d.finish().ok()
    ns = 0
    for table in r.out.strip().split("\n\n"):
        per_s = re.search(r"^ *([\d.]+(?:us|ms|s)) .*sleep: ", table, re.M)
        if per_s:
            ns += Screen.ns(per_s[1]) * Screen(table).window_ns / 1e9
    check_near(ns, w.ns("sleep"), "time asleep", 0.02, 0.05e9 * 8)


@case
def a_dumb_terminal():
    with Work("asleep") as w, Terminal(100, 40, TERM="dumb") as t:
        t.command("export TERM=dumb; clear 2>/dev/null; " + top("-p", w.pid, "-i", 1, "-n", 2, "--by", "thread"))
        shown = t.wait_for(lambda s: s.count("dwell top: asleep") == 2 and s.rstrip().endswith("$"), "two tables")
        check_equal(t.value("alternate_on"), "0", "the first page")
        check_equal(shown.count("asleep-poll/"), 2, shown)


@case
def a_reader_that_goes_away():
    with Work("asleep") as w:
        done = os.system(f"timeout 30 {DWELL} top -p {w.pid} -i 1 2>{scratch('gone')} | head -1 > {scratch('head')}")
        check_equal(done, 0, "head")
        check(read(scratch("head")).startswith("dwell top: asleep"), "the first line")


@case
def mistakes():
    with Work("asleep") as w:
        for args, word in ((("-i", "100ms"), "500ms to 1h"), (("--by", "colour"), "syscall"), (("--sort", "x"), "average"),
                           (("-M", "5"), "-M can't be used with top"), (("-n", "0"), "-n"), (("--top", "9999"), "--top")):
            r = run("top", "-p", w.pid, *args)
            check_equal(r.status, 2, f"{args}: {r.err}")
            check_one_line(r.err, f"{args}", word)
    r = run("top", "-p", 999999999)
    check(r.status in (1, 2) and not r.out, f"{r.status} {r.out}")
    with Terminal(80, 24) as t:
        t.command(top("-p", 4194303, "; echo status=$?"))
        shown = t.wait_for("status=1", "an error")
        check("dwell: " in shown and t.value("alternate_on") == "0", shown)
        t.command(top("-- /no/such/command; echo status=$?"))
        t.wait_for("can't run '/no/such/command'", "an error of the command")
        check_equal(t.value("alternate_on"), "0", "the first page")


if __name__ == "__main__":
    main()
