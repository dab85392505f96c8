#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 300
"""Completion, in the shells themselves: bash, zsh and fish offer what --help names, words that the parser takes, files however
they are called, and processes whatever they call themselves.
"""
import os
import re
import subprocess

from livetest import DWELL, REASONS, case, check, check_equal, check_one_line, main, read, scratch, skip, start
from shells import SCRIPTS, Bash, Fish, Zsh

COMMANDS = re.findall(r"^  ([a-z]+) +[a-z]", subprocess.run([DWELL, "help"], capture_output=True, text=True,
                                                            check=True).stdout, re.M)
OPTION = re.compile(r"^ {2,6}(?:-(\w))?(?:, )?(?:--([\w-]+))?(?: ([^\s]+))?(?:$|  +(\S.*)$)", re.M)
FILES = ["a b.dwell", "q'uote\".folded", "d$(>pwned).dwell", "e`>pwned`;f.dwell", "back\\slash.dwell", "x=y:z.dwell",
         "*star?.dwell", "-dash.dwell", "tab\tin.dwell"]
FOLDER = scratch("folder")
SHELLS = [shell(FOLDER) for shell in (Bash, Zsh, Fish)]


def dwell(*args):
    return subprocess.run([DWELL, *args], capture_output=True, text=True, timeout=60, check=False)


class Option:
    def __init__(self, letter, name, arg, help_text):
        self.spellings = ([f"-{letter}"] if letter else []) + ([f"--{name}"] if name else [])
        self.name, self.arg, self.help = name or letter, arg, help_text


def options(command):
    """As --help has them: name to Option."""
    text = dwell(command, "--help").stdout.split("\nExamples:")[0]
    found = [Option(*m.groups()) for m in OPTION.finditer(text) if m[1] or m[2]]
    check(found and found[-1].name == "help", f"{command} --help: {[o.name for o in found]}")
    return {o.name: o for o in found}


def make_folder():
    """With files whose names have all that shells treat in their own way."""
    os.makedirs(os.path.join(FOLDER, "sub dir", "inner"))
    for name in FILES + ["plain.txt", "sub dir/in it.dwell"]:
        with open(os.path.join(FOLDER, name), "w") as to:
            to.write("a;b 1\n")


def check_nothing_ran():
    for path in (FOLDER, scratch("home"), os.getcwd()):
        check(not os.path.exists(os.path.join(path, "pwned")), f"something was run in {path}")


def check_offers(shell, line, words, exactly=False):
    offered = shell.offers(line)
    missing = set(words) - set(offered)
    check(not missing, f"{shell.name}: {line!r} doesn't offer {sorted(missing)}, but {sorted(offered)[:50]}")
    check(not exactly or set(offered) == set(words), f"{shell.name}: {line!r} offers {sorted(offered)}, not just {sorted(words)}")
    return offered


# ---- the scripts ----

@case
def scripts_are_right_for_their_shells():
    for shell in SHELLS:
        done = subprocess.run([shell.name, "-n", shell.script], capture_output=True, text=True, check=False)
        check_equal((done.returncode, done.stdout, done.stderr), (0, "", ""), f"{shell.name} -n")
        check_equal(dwell("completion", shell.name).stdout, read(shell.script), f"dwell completion {shell.name}")
    check_equal(sorted(os.listdir(SCRIPTS)), [f"dwell.{s}" for s in ("bash", "fish", "zsh")], "scripts that were built")


@case
def shellcheck_has_no_complaints():
    try:
        done = subprocess.run(["shellcheck", "-s", "bash", SHELLS[0].script], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        skip("needs shellcheck")
    check_equal((done.returncode, done.stdout), (0, ""), "shellcheck")


@case
def other_shells_are_refused():
    for args in (["tcsh"], [], ["bash", "zsh"], ["bash", "--", "true"]):
        done = dwell("completion", *args)
        check_equal((done.returncode, done.stdout), (2, ""), f"completion {args}")
        check_one_line(done.stderr, f"completion {args}", "bash, zsh", "fish")


# ---- commands and options ----

@case
def commands_are_offered():
    check(len(COMMANDS) >= 14 and COMMANDS[0] == "offcpu", f"{COMMANDS}")
    summaries = dict(re.findall(r"^  ([a-z]+) +([a-z].*)$", dwell("help").stdout, re.M))
    for shell in SHELLS:
        offered = check_offers(shell, "dwell ", COMMANDS + ["help"])
        check_offers(shell, "dwell -", ["--help", "--version"])
        check_offers(shell, "dwell off", ["offcpu"], exactly=True)
        check_offers(shell, "dwell help re", ["record", "report"], exactly=True)
        check_offers(shell, "dwell help report ", [], exactly=True)
        for command in COMMANDS if shell.name != "bash" else []:
            check_equal(offered[command], summaries[command], f"{shell.name}'s description of {command}")


@case
def every_option_of_every_command_is_offered():
    count = 0
    for command in COMMANDS:
        of_command = options(command)
        spellings = [s for o in of_command.values() for s in o.spellings]
        long = {s for s in spellings if s.startswith("--")}
        count += len(spellings)
        for shell in SHELLS:
            # zsh and fish show one spelling of those that mean the same while it is open which is meant.
            offered = {**shell.offers(f"dwell {command} -"), **shell.offers(f"dwell {command} --")}
            check_equal({o for o in offered if len(o) > 2 and o not in FILES}, long, f"{shell.name}: dwell {command} --")
            missing = {s for s in spellings if len(s) == 2} - set(offered)
            check(not missing, f"{shell.name}: dwell {command} - doesn't offer {missing}")
            if shell.name == "bash":
                continue
            for option in of_command.values():
                text = offered[option.spellings[-1]]
                first = (option.help or "").split("  ")[0][:20]
                check(text.startswith(first), f"{shell.name}: dwell {command} {option.name}: {text!r}, not {first!r}...")
    check(count > 400, f"only {count} options found in --help")


@case
def manual_pages_and_help_name_the_same_options():
    for command in COMMANDS:
        page = dwell("man", command).stdout
        rows = re.findall(r'^\.It(?: Fl (\w)(?= |$))?(?: ,)?(?: Fl -([\w-]+))?(?: Ar "\\&(.*)")?$', page, re.M)
        in_page = [(letter, name, arg.replace("\\-", "-")) for letter, name, arg in rows]
        in_help = [(o.spellings[0][1] if len(o.spellings[0]) == 2 else "", o.name if len(o.name) > 1 else "", o.arg or "")
                   for o in options(command).values()]
        check_equal(in_page, in_help, f"options of dwell-{command}(1)")


# ---- values ----

SETS = {  # what the pages say: (command, option) to its words
    ("offcpu", "unwind"): "auto cfi fp",
    ("record", "unwind"): "auto cfi fp",
    ("report", "by"): "comm process thread reason none",
    ("diff", "by"): "comm process thread reason none",
    ("report", "unit"): "us ns ms samples",
    ("runq", "by"): "process thread cpu class",
    ("syscalls", "by"): "process thread cgroup",
    ("top", "by"): "stack thread process reason lock syscall",
    ("top", "sort"): "total count average max",
    ("serve", "group-by"): "none comm cgroup container pod",
    ("push", "to"): "clickhouse= pyroscope=",
}
LISTS = {
    ("offcpu", "reason"): " ".join(REASONS),
    ("check", "reason"): " ".join(REASONS),
    ("top", "reason"): " ".join(REASONS),
    ("serve", "spool-to"): "clickhouse pyroscope",
}


def check_taken(command, option, word):
    """The parser goes on to what is wrong behind it."""
    done = dwell(command, f"--{option}", word, "--no-such-option")
    check_equal(done.returncode, 2, f"{command} --{option} {word}")
    check("--no-such-option" in done.stderr, f"{command} --{option} {word}: {done.stderr}")


@case
def words_of_sets_are_offered_and_taken():
    for (command, option), words in {**SETS, **LISTS}.items():
        words = words.split()
        for shell in SHELLS:
            check_offers(shell, f"dwell {command} --{option} ", words, exactly=True)
            check_offers(shell, f"dwell {command} --{option}=", words, exactly=True)
            check_offers(shell, f"dwell {command} -q --{option} {words[0][:2]}", [words[0]])
        for word in words:
            check_taken(command, option, word + ("http://h:1" if word.endswith("=") else ""))


@case
def formats_are_those_that_the_program_knows():
    refused = dwell("report", "--format", "no-such", "x").stderr
    words = re.search(r"no-such': give (.*)$", refused)[1].replace(" or ", ", ").split(", ")
    check(len(words) > 8, refused)
    for shell in SHELLS:
        for command in ("offcpu", "report", "diff", "wakeups"):
            check_offers(shell, f"dwell {command} --format ", words, exactly=True)


@case
def lists_go_on_behind_a_comma():
    for shell in SHELLS:
        check_offers_last(shell, "dwell offcpu --reason lock,", set(REASONS) - {"lock"})
        check_offers_last(shell, "dwell report --reason=lock,disk,p", {"poll", "pipe", "preempted"})
        check_offers_last(shell, "dwell syscalls --syscall futex,epoll_cr", {"epoll_create", "epoll_create1"})
        check_offers(shell, "dwell serve --syscalls fute", ["futex"])
        check_offers(shell, "dwell syscalls --errno ENOEN", ["ENOENT"], exactly=True)


def check_offers_last(shell, line, words):
    """Whether the words of a list that were there before are part of what is offered differs."""
    check_equal({w.rpartition(",")[2] for w in shell.offers(line)}, set(words), f"{shell.name}: {line!r}")


@case
def users_are_offered():
    for shell in SHELLS:
        check_offers(shell, "dwell serve --user ", ["root"])
        check_offers(shell, "dwell serve --http-user=roo", ["root"], exactly=True)


@case
def an_argument_is_no_option():
    """The word behind an option that takes one, whatever it looks like; and what is behind --."""
    for shell in SHELLS:
        check_offers(shell, "dwell report --by --unit --u", ["--unit"] if shell.name == "bash" else [])
        check_offers(shell, "dwell offcpu --max-depth ", [], exactly=True)
        offered = shell.offers("dwell offcpu -- dwell --fo")
        check("--folded" not in offered and "--format" not in offered, f"{shell.name}: options of ours behind --: {offered}")
        check_offers(shell, "dwell offcpu -p 1 -- pyth", ["python3"])


# ---- files ----

@case
def files_and_directories_are_offered_where_an_option_takes_one():
    counts = {"FILE": 0, "DIR": 0}
    for command in COMMANDS:
        for option in options(command).values():
            kind = (option.arg or "").rpartition("=")[2]
            if kind not in counts:
                continue
            counts[kind] += 1
            for shell in SHELLS:
                offered = {w.rstrip("/") for w in shell.offers(f"dwell {command} --{option.name} ")}
                check("sub dir" in offered or "sub\\ dir" in offered, f"{shell.name}: {command} --{option.name}: {offered}")
                check_equal("plain.txt" in offered, kind == "FILE", f"{shell.name}: {command} --{option.name}: files")
    check(counts["FILE"] >= 10 and counts["DIR"] >= 3, f"{counts}")


@case
def recordings_come_first():
    for shell in SHELLS:
        for command in ("report", "diff", "check"):
            offered = list(shell.offers(f"dwell {command} "))
            if shell.name == "fish":
                check(offered.index("a b.dwell") < offered.index("plain.txt"), f"fish: {command}: {offered}")
            else:
                check("plain.txt" not in offered, f"{shell.name}: {command}: {offered}")
            check("plain.txt" in shell.offers(f"dwell {command} pl"), f"{shell.name}: {command}: files when there is nothing better")


@case
def names_of_files_arrive_whole():
    """Typed until it is clear which is meant, then Tab: what the command would get is the file's name."""
    typed = {"a": FILES[0], "q": FILES[1], "d": FILES[2], "e": FILES[3], "b": FILES[4], "x": FILES[5], "\\*s": FILES[6],
             "./-": "./" + FILES[7], "t": FILES[8], '"a ': FILES[0], "a\\ ": FILES[0], "'a ": FILES[0], "sub\\ dir/in\\ ": "sub dir/in it.dwell"}
    for shell in SHELLS:
        for start_of_it, name in typed.items():
            if shell.name == "fish" and "\t" in name:
                continue  # it cuts such names itself, whatever the command
            for words in ("report", "report --by none", "diff plain.txt", "offcpu -o"):
                line = shell.after_tab(f"dwell {words} {start_of_it}")
                check_equal(shell.words(line)[-1:], [name], f"{shell.name}: {words} {start_of_it} became {line!r}: its last word")
        line = shell.after_tab("dwell offcpu --output=a")
        check_equal(shell.words(line)[-1], "--output=a b.dwell", f"{shell.name}: {line!r}")
        line = shell.after_tab("dwell serve --out su")
        check_equal(shell.words(line)[-1].rstrip("/"), "sub dir", f"{shell.name}: {line!r}")
    check_nothing_ran()


@case
def words_are_finished_by_tab():
    for shell in SHELLS:
        for typed, line in {"dwell offc": "dwell offcpu ", "dwell report --form": "dwell report --format",
                            "dwell report --format fol": "dwell report --format folded ",
                            "dwell report --format=fol": "dwell report --format=folded ",
                            "dwell report --reason=lock,dis": "dwell report --reason=lock,disk",
                            "dwell push --to click": "dwell push --to clickhouse=",
                            "dwell completion fi": "dwell completion fish "}.items():
            got = shell.after_tab(typed)
            check(got.rstrip(" =,") == line.rstrip(" =,"), f"{shell.name}: {typed!r} became {got!r}")
            check(not line.endswith("=") or got == line, f"{shell.name}: {typed!r} became {got!r}: no blank may follow")
        for command in COMMANDS:
            names = [o.name for o in options(command).values() if len(o.name) > 1]
            clear = [n for n in names if sum(m.startswith(n[:-1]) for m in names) == 1]
            for name in clear if command in ("offcpu", "serve") else clear[:2]:
                got = shell.after_tab(f"dwell {command} --{name[:-1]}")
                check_equal(got.rstrip(" ="), f"dwell {command} --{name}", f"{shell.name}: --{name[:-1]}")


@case
def the_command_that_is_run_completes_itself():
    for shell in SHELLS:
        if shell.name == "bash" and not os.path.exists(shell.LIBRARY):
            continue
        for words in ("offcpu", "record -p 1 -o x", "runq --by thread 5"):
            got = shell.after_tab(f"dwell {words} -- ls --almost")
            check_equal(got, f"dwell {words} -- ls --almost-all ", f"{shell.name}: behind --")
            got = shell.after_tab(f"dwell {words} -- cat pla")
            check_equal(got, f"dwell {words} -- cat plain.txt ", f"{shell.name}: behind --")
        check_equal(shell.after_tab("X=1 dwell offc"), "X=1 dwell offcpu ", f"{shell.name}: behind a variable")
        check_equal(shell.after_tab("true; dwell offc"), "true; dwell offcpu ", f"{shell.name}: behind a command")


# ---- processes ----

HOSTILE = [b"$(>pwned)", b"`>pwned`", b"';>pwned;'", b"\";>pwned;\"", b"a\n>pwned\n", b"x]:y\\", b"\x1b[31mred\x07", b"\xff\xfe\x80", b"a\tb  c ",
           b"%F{red}%n", b"(a|b)*[!", b"~root", b"!!", b"*", b"\\", b"a (b) c", b"42 (x)", b" ", b"-n"]


def named(comm):
    """A process that sleeps under this name."""
    code = ("import ctypes, sys, os\nctypes.CDLL(None).prctl(15, ctypes.c_char_p(bytes.fromhex(sys.argv[1])), 0, 0, 0)\n"  # PR_SET_NAME
            "print(flush=True)\nsys.stdin.read()\n")
    child = start(["python3", "-c", code, comm.hex()], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    with open(f"/proc/{child.pid}/comm", "rb") as f:
        check_equal(f.read(), comm + b"\n", "the name it took")
    return child.pid


@case
def processes_are_offered_with_their_names():
    pid = named(b"well-named")
    for shell in SHELLS:
        for command in ("offcpu", "record", "serve", "syscalls", "runq"):
            for line in (f"dwell {command} -p ", f"dwell {command} --pid=", f"dwell {command} -p {str(pid)[:-1]}"):
                offered = shell.offers(line)
                check(str(pid) in offered, f"{shell.name}: {line!r} doesn't offer {pid}")
        check_equal(shell.offers("dwell offcpu -p ")[str(pid)], "well-named", f"{shell.name}: the name of {pid}")
        last = {w.rpartition(",")[2] for w in shell.offers(f"dwell offcpu -p 1,{pid}")}
        check(str(pid) in last, f"{shell.name}: a list doesn't offer {pid}: {last}")
        check(str(pid) in shell.offers("dwell offcpu -t "), f"{shell.name}: -t doesn't offer {pid}")
        # Those in a recording are of another time or machine.
        check(str(pid) not in shell.offers("dwell report -p "), f"{shell.name}: report -p offers what runs here")


@case
def hostile_names_do_nothing():
    pids = [named(comm) for comm in HOSTILE]
    for shell in SHELLS:
        offered = shell.offers("dwell offcpu -p ")
        for pid, comm in zip(pids, HOSTILE):
            check(str(pid) in offered, f"{shell.name}: {pid} named {comm} is not offered")
            check(not re.search("[$`'\"\\\\;<>|&*!~\n\t\x1b\x07]", offered[str(pid)]), f"{shell.name}: {comm} is shown as {offered[str(pid)]!r}")
        check(all(w.isdigit() for w in offered), f"{shell.name}: {[w for w in offered if not w.isdigit()]}")
        for pid in pids:
            line = shell.after_tab(f"dwell offcpu -p {pid}", tabs=2)
            check(re.fullmatch(rf"dwell offcpu -p {pid}\d* ?", line), f"{shell.name}: {pid} became {line!r}")
        # Many begin so: they are listed, and only digits may come.
        line = shell.after_tab(f"dwell offcpu -p {str(pids[0])[:-2]}", tabs=3)
        check(re.fullmatch(r"dwell offcpu -p \d+ ?", line), f"{shell.name}: {line!r}")
        line = shell.after_tab("dwell offcpu --pid=", tabs=3)
        check(re.fullmatch(r"dwell offcpu --pid=\d* ?", line), f"{shell.name}: {line!r}")
        if shell.name == "bash":
            # Other keys put what is shown into the line: menu-complete, and insert-completions.
            for keys in ("\x0e", "\x0e\x0e", "\x1b*"):
                line = shell.after_tab(f"dwell offcpu -p {keys}", tabs=0)
                check(re.fullmatch(r"dwell offcpu -p( \d+)+ ?", line), f"{keys!r}: {line!r}")
    check_nothing_ran()


make_folder()
main()
