#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 600
"""dwell top and its terminal: sizes, what ends or stops it, colours, names, messages."""
import fcntl
import os
import pty
import re
import shlex
import signal
import struct
import termios

from livetest import (DWELL, WORK, Dwell, Work, case, check, check_equal, children_of, main, read, scratch, thread_state,
                      wait_until)
from tmux import Terminal, begun, check_whole, quit_top, top


# ---- the terminal ----

@case
def sizes():
    with Work("asleep") as w, Terminal(80, 24) as t:
        t.command(top("-p", w.pid, "-i", 1))
        t.wait_for(begun, "an interval")
        t.keys("p")
        t.wait_for("PAUSED", "the pause")
        for cols, rows in ((200, 60), (20, 5), (80, 24), (37, 9), (120, 7), (21, 6), (300, 100), (80, 24)):
            t.resize(cols, rows)
            lines = t.wait_for(lambda s: s.startswith("dwell top: ") and len(s.rstrip("\n").split("\n")) == rows and
                               s.rstrip("\n").split("\n")[-1].startswith("h help"),
                               f"the screen of {cols}x{rows}").rstrip("\n").split("\n")
            check(lines[2 if rows < 7 else 3 if rows < 9 else 4].strip(), f"a row in {cols}x{rows}: {lines}")
            check_whole(t)
        t.resize(18, 4)
        t.wait_for(lambda s: s.strip() == "18x4: needs 20x5", "why there is nothing")
        t.resize(80, 24)
        t.wait_for(lambda s: begun(s), "the screen again")
        t.keys("p")
        quit_top(t)


def check_restored(t, settings):
    check_equal((t.value("alternate_on"), t.value("cursor_flag"), t.value("wrap_flag")), ("0", "1", "1"), "the terminal")
    check_restored.cnt += 1
    t.keys("C-u")
    t.command(f"clear; stty -a; echo back-$(({check_restored.cnt} + 1000))")
    shown = t.wait_for(f"back-{check_restored.cnt + 1000}", "what is typed")
    check_equal(settings_in(shown), settings, "stty")


check_restored.cnt = 0


def settings_in(text):
    return [line for line in text.split("\n") if "stty" not in line and (";" in line or "echo" in line or "icrnl" in line)]


WAYS_TO_END = {
    "q": lambda t, pid: t.keys("q"),
    "F10": lambda t, pid: t.keys("F10"),
    "Ctrl-C": lambda t, pid: t.keys("C-c"),
    "Ctrl-\\": lambda t, pid: t.keys("C-\\"),
    "SIGTERM": lambda t, pid: os.kill(pid, signal.SIGTERM),
    "SIGHUP": lambda t, pid: os.kill(pid, signal.SIGHUP),
    "SIGSEGV": lambda t, pid: os.kill(pid, signal.SIGSEGV),
    "SIGABRT": lambda t, pid: os.kill(pid, signal.SIGABRT),
}


@case
def the_screen_comes_back():
    """Whatever ends it: what was there before, the cursor, the terminal's settings."""
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command("ulimit -c 0; clear; stty -a; echo back-$((1 + 1))")
        settings = settings_in(t.wait_for("back-2", "settings"))
        for name, end in WAYS_TO_END.items():
            t.command(f"clear; echo 'before {name}'")
            t.command(top("-p", w.pid, "-i", 1))
            t.wait_for(begun, "an interval")
            check_equal((t.value("alternate_on"), t.value("cursor_flag")), ("1", "0"), "while it runs")
            end(t, t.dwell_pid())
            shown = t.wait_for(lambda s: "dwell top: " not in s and s.rstrip().endswith("$"), f"the prompt after {name}")
            check(f"before {name}" in shown, f"{name}: {shown}")
            check_restored(t, settings)


@case
def two_signals_while_it_ends():
    """The second one kills at once; also then the screen comes back."""
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command("clear; stty -a; echo back-$((1 + 1))")
        settings = settings_in(t.wait_for("back-2", "settings"))
        for _ in range(3):
            t.command(top("-p", w.pid, "-i", 1))
            t.wait_for(begun, "an interval")
            pid = t.dwell_pid()
            for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
            t.wait_for(lambda s: "dwell top: " not in s and s.rstrip().endswith("$"), "the prompt")
            check_restored(t, settings)


@case
def stopped_and_continued():
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command("clear; stty -a; echo back-$((1 + 1))")
        settings = settings_in(t.wait_for("back-2", "settings"))
        t.command(top("-p", w.pid, "-i", 1))
        t.wait_for(begun, "an interval")
        for how in ("Ctrl-Z", "SIGSTOP"):
            if how == "Ctrl-Z":
                t.keys("C-z")
                t.wait_for(lambda s: "Stopped" in s and s.rstrip().endswith("$"), "the shell")
                check_restored(t, settings)
            else:
                os.kill(t.dwell_pid(), signal.SIGSTOP)
                t.wait_for("Stopped", "the shell's message")
            t.command("fg")
            t.wait_for(lambda s: begun(s) and "Stopped" not in s, f"the screen after {how}")
            check_equal((t.value("alternate_on"), t.value("cursor_flag")), ("1", "0"), "while it runs")
            t.keys("p")
            t.wait_for("PAUSED", "the pause")
            check_whole(t)
            t.keys("p")
        quit_top(t)
        check_restored(t, settings)


@case
def in_the_background():
    """After `bg` the shell has the terminal: nothing is drawn until `fg`."""
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command(top("-p", w.pid, "-i", "500ms"))
        t.wait_for(begun, "an interval")
        pid = t.dwell_pid()
        for stop in (lambda: t.keys("C-z"), lambda: os.kill(pid, signal.SIGSTOP)):
            stop()
            t.wait_for("Stopped", "the shell")
            t.command("bg")
            wait_until(lambda: thread_state(pid) == "T", "it stops again")
            t.command("clear")
            t.command("echo here-$((1 + 1))")
            t.wait_for("here-2", "the shell")
            check("events/s" not in t.screen(), t.screen())
            t.command("fg")
            t.wait_for(lambda s: begun(s) and "here-2" not in s, "the screen")
        quit_top(t)
        t.command("echo status-$?")
        t.wait_for("status-0", "its status")


@case
def keys_without_standard_input():
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command(top("-p", w.pid, "-i", 1, "< /dev/null"))
        t.wait_for(begun, "an interval")
        t.keys("2")
        t.wait_for("THREAD", "another view")
        quit_top(t)


@case
def a_terminal_that_takes_nothing():
    """Nobody reads what is drawn: tracing goes on, and it ends when it is told to."""
    with Work("convoy", 8, 100000, 3) as w:
        w.go()
        front, back = pty.openpty()
        fcntl.ioctl(back, termios.TIOCSWINSZ, struct.pack("HHHH", 100, 300, 0, 0))
        with Dwell("top", "-p", w.pid, "-i", "500ms", "-v", stdout=back, env={"TERM": "xterm"}) as d:
            # It has drawn until nothing more fitted.
            size = [0]

            def full():
                had, size[0] = size[0], struct.unpack("i", fcntl.ioctl(front, termios.FIONREAD, b"1234"))[0]
                return size[0] == had > 3000
            wait_until(full, "a full terminal", step=3)
            os.kill(d.pid, signal.SIGTERM)
            d.wait(20).ok()
        os.close(front)
        os.close(back)


@case
def a_terminal_that_hangs_up():
    with Work("asleep") as w:
        front, back = pty.openpty()
        with Dwell("top", "-p", w.pid, "-i", "500ms", stdout=back, env={"TERM": "xterm"}) as d:
            os.close(back)
            wait_until(lambda: b"events/s" in os.read(front, 65536), "its screen")
            os.close(front)
            d.wait(20)


@case
def colors():
    with Work("asleep") as w:
        for env, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
            with Terminal(100, 30, **env) as t:
                t.command(top("-p", w.pid, "-i", 1))
                t.wait_for(begun, "an interval")
                styles = set(re.findall(r"\x1b\[([\d;]+)m", t.screen("-e")))
                check_equal(bool(styles - {"0", "7", "27", "39", "49"}), colored, f"styles {styles}")
                quit_top(t)


@case
def without_utf8():
    with Work("rename", 100000, 5, "日本") as w, Terminal(100, 30, LC_ALL="C") as t:
        w.go()
        t.command(top("-p", w.pid, "-i", 1, "--by", "thread"))
        t.wait_for(lambda s: begun(s) and f"??/{w.pid}" in s, "the thread's name")
        quit_top(t)


@case
def hostile_names():
    """A thread may call itself anything: nothing of it reaches the terminal."""
    names = ["\x1b[2J\x1b[31m", "\u009b31mx", "a\tb\rc", "\x07\x08\x7f"]
    with Work("rename", 3, 200, *names) as w, Terminal(100, 30) as t:
        t.command(top("-p", w.pid, "-i", "500ms", "--by", "thread"))
        t.wait_for(lambda s: begun(s), "an interval")
        w.work()
        t.keys("a", "p")
        t.wait_for("PAUSED", "the pause")
        check_whole(t)
        shown = t.screen("-e")
        check("\x1b[31m" not in shown and "\x1b[2J" not in shown, shown)
        check("?[2J?[31m" in shown, shown)
        t.keys("p")
        quit_top(t)


# ---- messages, losses, commands ----

@case
def messages_do_not_garble():
    """With -v something is said in each interval: in the last line, and again at the end."""
    with Work("asleep") as w, Terminal(100, 30) as t:
        t.command(top("-p", w.pid, "-i", 1, "-v", "2> /dev/null"))
        shown = t.wait_for(lambda s: begun(s) and "a window of" in s, "a message")
        check_equal([n for n, line in enumerate(shown.split("\n")) if "a window of" in line], [29], "its lines")
        t.keys("p")
        t.wait_for("PAUSED", "the pause")
        quit_top(t)
        t.command("clear; " + top("-p", w.pid, "-i", 1, "-v", "2>&1 2>" + scratch("err"), 2))
        t.wait_for(lambda s: "since the start" in s, "the closing table")
        check("a window of" in read(scratch("err")), "messages again at the end")


@case
def losses_have_names():
    """It is stopped while processes fork into rings of a page."""
    with Work("asleep") as w:
        go = scratch("go")
        # Below a shell: tmux lets its own children continue when they are stopped.
        line = (f"{DWELL} top -i 1 --ring-size 4096 -- sh -c 'while [ ! -e {go} ]; do sleep 0.1; done; "
                f"{WORK}/forks 600 20; exec sleep 1000' 2> {scratch('lost')}; exit")
        with Terminal(120, 24, command=line, WORK_ALONE="1") as t:
            pid = t.dwell_pid()
            t.wait_for(begun, "an interval")
            child = children_of(pid)[0]
            os.kill(pid, signal.SIGSTOP)
            with open(go, "w"):
                pass
            wait_until(lambda: read(f"/proc/{child}/comm") == "sleep\n", "all children")
            os.kill(pid, signal.SIGCONT)
            t.wait_for(lambda s: re.search(r"LOST .*process_event_lost \d+", s), "a loss by its name")
            check(re.search(r"\x1b\[[\d;]*31m[^\n]*LOST", t.screen("-e")), "in red")
            os.kill(child, signal.SIGKILL)
            wait_until(lambda: t.value("pane_dead") == "1", "its end")
        check("process_event_lost" in read(scratch("lost")), "the ledger at the end")
        check(w.process.poll() is None, "the other program")


@case
def a_command():
    """What it prints does not come on the screen; its status is passed on, and the table stays."""
    end = scratch("end")
    script = f"echo GAR''BAGE; echo GAR''BAGE >&2; while [ ! -e {end} ]; do sleep 0.1; done; exit 7"
    with Terminal(160, 30) as t:
        t.command(top("-i", 1, "--", "sh", "-c", shlex.quote(script), "; echo status=$?"))
        shown = t.wait_for(begun, "an interval")
        check("GARBAGE" not in shown, shown)
        with open(end, "w"):
            pass
        shown = t.wait_for("status=7", "its status")
        check("since the start: " in shown and "GARBAGE" not in shown, shown)
        check("child" in shown, shown)


if __name__ == "__main__":
    main()
