#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""docs/deploy.md and docs/alerts.md: each command in them is run, or what can't be here is compared with the files that it is about."""
import glob
import os
import re
import shlex
import shutil
import sys

sys.dont_write_bytecode = True
from deploytest import DEPLOY, ROOT, check, check_runs, default_port, read, said, scratch, skip
from livetest import DWELL, case, main

UNITS = os.path.join(DEPLOY, "systemd")


def commands(name):
    """The indented lines of a page, without remarks."""
    text = re.sub(r"(?ms)^```.*?^```", "", read(os.path.join(ROOT, "docs", name)))
    lines = [re.sub(r"\s+# .*", "", line).strip() for line in re.findall(r"^    (\S.*)$", text, re.M)]
    check(lines, f"no commands in docs/{name}")
    return [part.strip() for line in lines for part in line.split(";")]


def unit_file(name):
    return os.path.join(UNITS, name if "." in name else name + ".service")


# ---- what each program's commands are judged by ----

def dwell(words):
    if words[1] == "serve":
        check_runs(DWELL, *words[1:])
        return
    # Traced is what there is not; whether the options are right is seen first.
    if "-p" in words:
        del words[words.index("-p"):words.index("-p") + 2]
    words = [DWELL, *(words[1:-1] if words[-1].isdigit() else words[1:]), "-p", "4194304"]
    status, text = said(*words, cwd=scratch())
    check(status in (1, 2) and "no process 4194304" in text or status == 1 and "4194304" in text or "refuse" in text,
          f"{words}: {status} {text}")


def systemctl(words):
    name = [w for w in words[1:] if not w.startswith("-")][-1]
    text = read(unit_file(name))
    check("reload" not in words or "ExecReload=" in text, f"{name} can't be reloaded")
    check("enable" not in words or "[Install]" in text, f"{name} can't be enabled")


def journalctl(words):
    check(os.path.exists(unit_file(words[words.index("-u") + 1])), words)


def kubectl(words):
    if not shutil.which("kubectl"):
        return
    if "-f" in words:
        check(os.path.exists(os.path.join(ROOT, words[words.index("-f") + 1])), words)
    elif "kustomize" in words or "-k" in words:
        check("kind: D" in check_runs("kubectl", "kustomize", words[-1], cwd=ROOT), words)
    elif "port-forward" in words:
        check(words[-1] == default_port() and words[-2].startswith("ds/"), words)
    else:
        check(words[3] in ("get", "logs"), words)


def promtool(words):
    if not shutil.which("promtool"):
        skip("no promtool")
    password = os.path.join(DEPLOY, "prometheus", "dwell.password")
    if words[1:3] == ["check", "config"]:
        folder = scratch("config")
        shutil.copytree(os.path.dirname(password), folder, dirs_exist_ok=True)
        with open(os.path.join(folder, "dwell.password"), "w") as f:
            f.write("x\n")
        words = [*words[:-1], os.path.join(folder, os.path.basename(words[-1]))]
    check_runs(*words, cwd=ROOT)


def address(words):
    check(f"http://127.0.0.1:{default_port()}/" in words[-1], words)


def make(words):
    check_runs("make", "-n", *words[1:], cwd=ROOT)


def apt(words):
    package = re.search(r"/(\w+)_\*\.deb$", words[-1]).group(1)
    check(f"Package: {package}\n" in read(os.path.join(DEPLOY, "debian", "control")), words)


def podman(words):
    check(os.path.exists(os.path.join(ROOT, words[words.index("-f") + 1])), words)


def spool(words):
    check(words[-1].startswith("/var/lib/dwell/spool/") and "/var/lib/dwell/spool" in read(unit_file("dwell-push")), words)


def nothing(_):
    """Of the system itself."""


JUDGES = {"dwell": dwell, "systemctl": systemctl, "journalctl": journalctl, "kubectl": kubectl, "promtool": promtool,
          "curl": address, "go": address, "make": make, "apt": apt, "podman": podman, "cat": spool, "df": nothing,
          "dmesg": nothing}


def try_page(name):
    for line in commands(name):
        words = shlex.split(line.split("|")[0])
        check(words[0] in JUDGES, f"docs/{name}: nobody can judge: {line}")
        try:
            JUDGES[words[0]](words)
        except AssertionError as e:
            raise AssertionError(f"docs/{name}: {line}: {e}") from None


@case
def page_about_deploying():
    try_page("deploy.md")


@case
def page_about_alerts():
    try_page("alerts.md")


@case
def files_that_pages_name():
    for name in ("deploy.md", "alerts.md"):
        text = read(os.path.join(ROOT, "docs", name))
        for path in re.findall(r"`(deploy/[\w./-]+)`", text):
            check(os.path.exists(os.path.join(ROOT, path)), f"docs/{name}: there is no {path}")
        for path in re.findall(r"\]\((\w+\.md)\)", text):
            check(os.path.exists(os.path.join(ROOT, "docs", path)), f"docs/{name}: there is no docs/{path}")
        # Options of the configuration file.
        for word in re.findall(r"\(`([a-z-]+)` in `/etc/dwell/dwell.conf`\)", text):
            check(f"{word} = " in read(os.path.join(UNITS, "dwell.conf")), f"docs/{name}: there is no option {word}")


@case
def one_port():
    """Wherever a port of dwell stands, it is the one."""
    found = 0
    for path in glob.glob(f"{DEPLOY}/**", recursive=True) + glob.glob(f"{ROOT}/docs/*.md"):
        if os.path.isfile(path):
            for port in re.findall(r"\b(19\d{3})\b(?!-)", read(path) if not path.endswith(".json") else ""):
                found += 1
                check(port == default_port(), f"{path}: {port}, dwell listens on {default_port()}")
    check(found > 10, f"only {found}")


main(needs_tracing=False)
