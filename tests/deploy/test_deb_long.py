#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 1200
"""The Debian packages: they build, lintian has nothing to say, and what they install works and starts nothing."""
import functools
import glob
import os
import re
import shutil
import stat
import sys

sys.dont_write_bytecode = True
from deploytest import DEPLOY, ROOT, check, check_runs, installed, read, said, scratch, skip
from livetest import BUILD, case, check_equal, main

# Under the build directory: scripts/deb leaves out what git ignores.
FOLDER = os.path.join(BUILD, "tests", "deb")
CONFIG = ["etc/default/dwell", "etc/default/dwell-push", "etc/dwell/dwell.conf"]


@functools.cache
def attempt():
    """Builds them, once: (status, text)."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    return said("scripts/deb", os.path.relpath(FOLDER, ROOT), cwd=ROOT, timeout=900)


def build():
    """The .deb files by their package."""
    installed("dpkg-buildpackage")
    installed("dh")
    status, text = attempt()
    check(status == 0, f"scripts/deb failed: {text[-3000:]}")
    return {os.path.basename(path).split("_")[0]: path for path in glob.glob(f"{FOLDER}/*.deb")}


def root():
    """An empty root with a dpkg and a root user of its own."""
    folder = scratch("debroot")
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("etc", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"):
        os.makedirs(os.path.join(folder, name))
    for name, text in (("var/lib/dpkg/status", ""), ("etc/passwd", "root:x:0:0::/root:/bin/sh\n"), ("etc/group", "root:x:0:\n")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    return folder


def dpkg(folder, *args):
    """Scripts get DPKG_ROOT instead of a chroot; what the packages need is not there."""
    return check_runs("dpkg", f"--root={folder}", "--force-script-chrootless", "--force-depends", *args)


@case
def builds():
    check_equal(set(build()), {"dwell", "dwell-dbgsym", "dwell-dashboards"}, "packages")
    check(not os.path.exists(os.path.join(ROOT, "debian")), "something is left at the top")


@case
def version_is_ours():
    version = read(os.path.join(ROOT, "VERSION")).strip()
    first = read(os.path.join(DEPLOY, "debian", "changelog")).splitlines()[0]
    check(first.startswith(f"dwell ({version}) "), f"VERSION is {version}, deploy/debian/changelog begins {first}")


@case
def lintian():
    build()
    changes = glob.glob(f"{FOLDER}/*.changes")[0]
    text = check_runs(installed("lintian"), "--allow-root", "--fail-on", "error,warning", changes)
    check(not re.search(r"^[EW]: ", text, re.M), text)


@case
def contents():
    names = {line.split()[5]: line for line in check_runs("dpkg-deb", "-c", build()["dwell"]).splitlines()}
    for path in ("usr/bin/dwell", "lib/systemd/system/dwell.service", "lib/systemd/system/dwell.socket",
                 "lib/systemd/system/dwell-push.service", "usr/lib/sysusers.d/dwell.conf", "usr/lib/tmpfiles.d/dwell.conf",
                 "usr/share/bash-completion/completions/dwell", "usr/share/zsh/site-functions/_dwell",
                 "usr/share/fish/vendor_completions.d/dwell.fish",
                 "usr/share/man/man1/dwell.1.gz", "usr/share/doc/dwell/alerts.md.gz", *CONFIG,
                 *(f"usr/share/man/man1/dwell-{c}.1.gz" for c in commands() if c != "version")):
        check("./" + path in names, f"{path} is not in dwell: {sorted(names)}")
    check(all(" root/root " in line for line in names.values()), "owners other than root")
    names = check_runs("dpkg-deb", "-c", build()["dwell-dashboards"])
    for path in ("grafana/dwell.json", "prometheus/rules.yml", "prometheus/alerts.yml"):
        check(f"./usr/share/dwell/{path}" in names, f"{path} is not in dwell-dashboards")


def unpacked(package):
    folder = scratch("unpacked-" + package)
    if not os.path.exists(folder):
        check_runs("dpkg-deb", "-x", build()[package], folder)
    return folder


def commands():
    text = check_runs(os.path.join(unpacked("dwell"), "usr/bin/dwell"), "help")
    found = re.findall(r"^  ([a-z]+) +[a-z]", text, re.M)
    check(len(found) > 8, text)
    return found


@case
def program_works():
    folder = unpacked("dwell")
    text = check_runs(os.path.join(folder, "usr/bin/dwell"), "version")
    check(re.match(r"dwell \d+\.\d+", text), text)
    check("without" not in text, f"built without something: {text}")
    # The page that lists the commands has all of them.
    page = read(os.path.join(ROOT, "docs", "dwell.1"))
    for command in commands():
        check(f".It Sy {command}\n" in page, f"docs/dwell.1 has no {command}")


@case
def installs_and_starts_nothing():
    if os.geteuid():
        skip("not root")
    folder = root()
    dpkg(folder, "-i", build()["dwell"], build()["dwell-dashboards"])
    at = os.stat(os.path.join(folder, "var/lib/dwell/spool"))
    check_equal(stat.S_IMODE(at.st_mode), 0o2750, "the spool")
    user = re.search(r"^dwell-push:[^:]*:(\d+):(\d+):", read(os.path.join(folder, "etc/passwd")), re.M)
    check_equal(at.st_gid, int(user.group(2)), "its group")
    for unit in ("dwell.service", "dwell.socket", "dwell-push.service"):
        check_equal(said("systemctl", f"--root={folder}", "is-enabled", unit), (1, "disabled\n"), unit)
        check_runs("systemctl", f"--root={folder}", "enable", unit)
    # Configuration is kept on removal, everything goes on purge.
    with open(os.path.join(folder, "var/lib/dwell/spool/left"), "w") as f:
        f.write("x")
    dpkg(folder, "-r", "dwell")
    check(os.path.exists(os.path.join(folder, CONFIG[2])) and os.path.exists(os.path.join(folder, "var/lib/dwell/spool/left")),
          "gone on removal")
    dpkg(folder, "-P", "dwell", "dwell-dashboards")
    left = [name for name in ("etc/dwell", "var/lib/dwell", "usr/bin/dwell", *CONFIG)
            if os.path.exists(os.path.join(folder, name))]
    check(not left, f"left after purge: {left}")


@case
def upgrades_restart():
    folder = scratch("control")
    check_runs("dpkg-deb", "-e", build()["dwell"], folder)
    post, pre = read(os.path.join(folder, "postinst")), read(os.path.join(folder, "prerm"))
    check(re.search(r"deb-systemd-invoke try-restart '?dwell-push.service'? '?dwell.service'?", post), "no restart on upgrade")
    check("invoke start" not in post and "invoke restart" not in post, "it is started")
    check("was-enabled" in post and post.index("systemd-sysusers") < post.index("systemd-tmpfiles"), "the user comes first")
    check("deb-systemd-invoke stop" in pre, "removal leaves it running")


main(needs_tracing=False)
