#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Names of programs that we can't open by their path: in another mount namespace, and deleted."""
import contextlib
import os
import shutil
import subprocess
from livetest import (WORK, Dwell, Profile, Work, case, check, check_equal, check_laws, check_near, main, read,
                      scratch, skip, trace)


@case
def hidden_in_a_mount_namespace():
    """The program lies on a tmpfs that only its own mount namespace has."""
    place = scratch("hidden")
    os.mkdir(place)
    hide = ["unshare", "--mount", "/bin/sh", "-c",
            f"mount -t tmpfs none {place} && cp \"$0\" {place}/inside && exec {place}/inside \"$@\""]
    if subprocess.run([*hide[:2], "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        skip("no mount namespace can be made here")
    with Work("sleeper", 40, 10, prefix=hide) as w:
        check_equal(os.listdir(place), [], "what we see of the container")
        check_equal(os.path.basename(os.readlink(f"/proc/{w.pid}/exe")), "inside", "the program")
        p = trace(w)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    modules = {f["module"] for f in p.frames if f["name"] == "work_sleep"}
    check_equal(modules, {"inside"}, "module of work_sleep")


@contextlib.contextmanager
def overlaid(change=""):
    """The program lies in the lower directory of an overlay that only its own mount namespace has, as images do."""
    place = scratch("image")
    os.makedirs(place, exist_ok=True)
    mount = (f"mount -t tmpfs none {place} && cd {place} && mkdir lower upper work merged && cp \"$0\" lower/inside && "
             "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged")
    enter = ["unshare", "--mount", "/bin/sh", "-c"]
    if subprocess.run([*enter, mount, os.path.join(WORK, "sleeper")], check=False, stderr=subprocess.DEVNULL).returncode:
        skip("no overlay can be mounted here")
    # What runs is opened before the change.
    run = "exec 3< merged/inside; " + (change + "; exec /proc/self/fd/3 \"$@\"" if change else "exec merged/inside \"$@\"")
    with Work("sleeper", 40, 10, prefix=[*enter, f"{mount} && {run}"]) as w:
        yield w


@case
def on_an_overlay():
    with overlaid() as w:
        check_equal(os.path.basename(os.readlink(f"/proc/{w.pid}/exe")), "inside", "the program")
        p = trace(w)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    check_equal({f["module"] for f in p.frames if f["name"] == "work_sleep"}, {"inside"}, "module of work_sleep")


@case
def replaced_on_an_overlay():
    """The upper directory has another program by that name now: what runs is the lower one's."""
    with overlaid(f"rm merged/inside; cp {WORK}/flood merged/inside") as w:
        p = trace(w)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    names = {f["name"] for f in p.frames}
    check(not any("flood" in n for n in names), f"names of the wrong program: {names}")


@case
def deleted_while_it_runs():
    path = scratch("deleted")
    shutil.copy(os.path.join(WORK, "sleeper"), path)
    with Work("sleeper", 40, 10, path=path) as w:
        os.unlink(path)
        p = trace(w)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    check("main" in {f["name"] for f in p.frames}, "main")


@case
def deleted_and_dead():
    """Names of a program whose process and file are gone when the run ends."""
    path, out = scratch("brief"), scratch("brief.json")
    shutil.copy(os.path.join(WORK, "sleeper"), path)
    with Dwell("offcpu", "-o", out, "--", "/bin/sh", "-c", f"{path} 20 10 >&2; rm {path}; sleep 0.3",
               alone=True) as d:
        d.wait().ok()
    p = Profile(read(out))
    check_laws(p)
    check_equal(p.cnt(frame="work_sleep", reason="sleep"), 20, "sleeps in work_sleep")


@case
def replaced_by_another_program():
    """An upgrade: another file has the path now. The names are those of the one that runs."""
    path = scratch("upgraded")
    shutil.copy(os.path.join(WORK, "sleeper"), path)
    with Work("sleeper", 40, 10, path=path) as w:
        os.unlink(path)
        shutil.copy(os.path.join(WORK, "flood"), path)
        p = trace(w)
    check_near(p.ns(frame="work_sleep"), w.ns("sleep"), "work_sleep")
    names = {f["name"] for f in p.frames}
    check(not any("flood" in n for n in names), f"names of the wrong program: {names}")


@case
def stripped():
    """No symbols: frames say module and offset, and nothing is made up."""
    path = scratch("stripped")
    shutil.copy(os.path.join(WORK, "sleeper"), path)
    if subprocess.run(["strip", path], check=False).returncode:
        skip("no strip")
    with Work("sleeper", 20, 10, path=path) as w:
        p = trace(w)
    check_equal(p.select(frame="work_sleep"), [], "work_sleep in a stripped program")
    names = {p.names(s)[i] for s in p.select(reason="sleep") for i, k in enumerate(p.kinds(s)) if k == "native"}
    check(any(n.startswith("stripped+0x") for n in names), f"frames {names}")
    check_near(p.ns(reason="sleep"), w.ns("sleep"), "time", 0.01, 2_000_000)


main()
