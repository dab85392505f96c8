#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The units: systemd takes them, they are as closed as they say, and dwell works with what they leave it."""
import ctypes
import glob
import os
import re
import socket
import stat
import subprocess
import sys

sys.dont_write_bytecode = True
from deploytest import DEPLOY, check, check_runs, installed, read, said, scratch, skip, start, wait_until
from livetest import DWELL, Work, case, check_equal, main, tracing_refused

FOLDER = os.path.join(DEPLOY, "systemd")
UNITS = ("dwell.service", "dwell.socket", "dwell-push.service")
# 35 is 3.5 of 10, "OK". What a tracer can't do without keeps dwell.service from less.
EXPOSURE = {"dwell.service": 35, "dwell-push.service": 15}


def unit(name):
    """{key: its last value} of [Service]."""
    keys = {}
    for line in read(os.path.join(FOLDER, name)).splitlines():
        key, equal, value = line.partition("=")
        if equal and not line.startswith("#"):
            keys[key] = value
    return keys


def verify(replace=None):
    """What systemd-analyze says of all units, with the program of this build. The pages are not installed."""
    systemd = installed("systemd-analyze")
    folder = scratch("units")
    os.makedirs(folder, exist_ok=True)
    for name in UNITS:
        text = read(os.path.join(FOLDER, name)).replace("/usr/bin/dwell", DWELL)
        with open(os.path.join(folder, name), "w") as f:
            f.write(text.replace(*replace) if replace else text)
    return said(systemd, "verify", "--man=no", *(os.path.join(folder, name) for name in UNITS))


@case
def units_are_right():
    check_equal(verify(), (0, ""), "systemd-analyze verify")


@case
def a_mistake_is_noticed():
    status, text = verify(("StateDirectory=", "StateDirectry="))
    check(status or "StateDirectry" in text, f"a misspelt key passed: {status} {text}")
    status, text = verify(("Type=notify", "Type=notfy"))
    check(status or "notfy" in text, f"a misspelt value passed: {status} {text}")


@case
def units_are_closed():
    for name, limit in EXPOSURE.items():
        check_runs(installed("systemd-analyze"), "security", "--offline=true", f"--threshold={limit}",
                   os.path.join(FOLDER, name))
    check(said("systemd-analyze", "security", "--offline=true", "--threshold=5",
               os.path.join(FOLDER, "dwell.service"))[0] != 0, "everything is below the limit")


@case
def traps():
    """What would close more, and break it."""
    keys = unit("dwell.service")
    for key in ("ProtectKernelLogs", "ProtectProc", "ProcSubset", "PrivateUsers", "RestrictSUIDSGID", "PrivateNetwork",
                "DynamicUser", "User"):
        check(key not in keys, f"dwell.service has {key}=")
    check_equal([keys[k] for k in ("Type", "StateDirectory", "RuntimeDirectory", "ConfigurationDirectory", "LimitMEMLOCK")],
                ["notify", "dwell", "dwell", "dwell", "infinity"], "dwell.service")
    check("WatchdogSec" in keys and keys["ExecReload"].endswith("kill -HUP $MAINPID"), f"{keys}")
    check_equal(unit("dwell-push.service")["CapabilityBoundingSet"], "", "capabilities of dwell-push")
    check(not unit("dwell.socket")["ListenStream"].startswith("/run/dwell/"), "the socket goes with RuntimeDirectory=")


# ---- the configuration file and the directories ----

def conf_lines():
    return [line for line in read(os.path.join(FOLDER, "dwell.conf")).splitlines() if line and not line.startswith("# ")]


def serve_options():
    """The names that may stand in a configuration file, as the program says them."""
    status, text = said(DWELL, "serve", "--print-config")
    if status != 0:
        skip("this build has no dwell serve")
    return set(re.findall(r"^#([a-z-]+) = ", text, re.M))


@case
def configuration_has_every_option():
    names = [line.lstrip("#").split("=")[0].strip() for line in conf_lines() if line != "#"]
    check_equal(len(names), len(set(names)), "options that are there twice")
    check_equal(set(names), serve_options(), "options in dwell.conf and of dwell serve")


@case
def configuration_is_read():
    """With nothing commented out the first thing that is wrong is what the test adds."""
    serve_options()
    path = scratch("dwell.conf")
    with open(path, "w") as f:
        for line in conf_lines():
            f.write(line.lstrip("#") + "\n")
        f.write("no-such-option = 1\n")
    os.chmod(path, 0o644)
    status, text = said(DWELL, "serve", "--config", path)
    check(status == 2 and f"{path}:{len(conf_lines()) + 1}: " in text and "no-such-option" in text, f"{status} {text}")


@case
def user_and_directories():
    """As the package's scripts do it, below a root of its own."""
    installed("systemd-tmpfiles")
    root = scratch("root")
    os.makedirs(os.path.join(root, "etc"))
    for name, line in (("passwd", "root:x:0:0::/root:/bin/sh\n"), ("group", "root:x:0:\n")):
        with open(os.path.join(root, "etc", name), "w") as f:
            f.write(line)
    check_runs("systemd-sysusers", f"--root={root}", os.path.join(FOLDER, "sysusers.conf"))
    user = re.search(r"^dwell-push:[^:]*:(\d+):(\d+):dwell push:/nonexistent:(.*)$",
                     read(os.path.join(root, "etc", "passwd")), re.M)
    check(user and user.group(3).endswith("nologin"), "no user dwell-push without a shell")
    check_runs("systemd-tmpfiles", "--create", f"--root={root}", os.path.join(FOLDER, "tmpfiles.conf"))
    at = os.stat(os.path.join(root, "var/lib/dwell/spool"))
    check_equal((stat.S_IMODE(at.st_mode), at.st_uid, at.st_gid), (0o2750, 0, int(user.group(2))), "the spool")


@case
def files_belong_together():
    push, serve = unit("dwell-push.service"), unit("dwell.service")
    conf = read(os.path.join(FOLDER, "dwell.conf"))
    check(f"#spool = {push['ReadWritePaths']}\n" in conf, "the spool is where dwell-push looks")
    check(f"out = {push['InaccessiblePaths'].lstrip('-')}\n" in conf, "the files are where dwell-push doesn't look")
    check_equal(serve["SupplementaryGroups"], push["Group"], "the group of the spool")
    socket = unit("dwell.socket")["ListenStream"]
    check(f"http://unix:{socket};" in read(os.path.join(DEPLOY, "proxy", "nginx.conf")), "the socket of the proxy")


# ---- what is left to the program ----

def allowed_calls(words):
    """Names of system calls, groups resolved."""
    names = set()
    for word in words:
        if not word.startswith("@"):
            names.add(word)
            continue
        text = check_runs("systemd-analyze", "syscall-filter", word)
        names |= allowed_calls([l.strip() for l in text.splitlines()[1:] if l.strip() and not l.strip().startswith("#")])
    return names


def filter_calls(names):
    """A function that has the calling process refuse every other system call with EPERM, as systemd does."""
    try:
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        skip("no libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    numbers = [n for n in map(seccomp.seccomp_syscall_resolve_name, (name.encode() for name in names)) if n >= 0]

    def apply():
        context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(0x00050001)))  # SCMP_ACT_ERRNO(EPERM)
        for number in numbers:
            seccomp.seccomp_rule_add(context, ctypes.c_uint32(0x7fff0000), number, 0)  # SCMP_ACT_ALLOW
        if seccomp.seccomp_load(context):
            os._exit(99)
    return apply


def confinement(without=()):
    """A prefix and options for Popen: the capabilities and system calls of dwell.service, less some."""
    keys = unit("dwell.service")
    capabilities = [c.removeprefix("CAP_").lower() for c in keys["CapabilityBoundingSet"].split()]
    calls = allowed_calls(keys["SystemCallFilter"].split()) - set(without)
    bounding = ",".join(["-all", *(f"+{c}" for c in capabilities if c not in without)])
    return ([installed("setpriv"), f"--bounding-set={bounding}", "--no-new-privs"],
            {"preexec_fn": filter_calls(calls)})


def confined(*args, without=()):
    """A run of dwell: (status, stdout, stderr)."""
    prefix, options = confinement(without)
    done = subprocess.run([*prefix, DWELL, *args], capture_output=True, text=True, timeout=60, check=False, **options)
    return done.returncode, done.stdout, done.stderr


def need_tracing():
    if os.geteuid() or tracing_refused():
        skip(tracing_refused() or "not root")


@case
def dwell_works_confined():
    need_tracing()
    with Work("sleeper", 100000, 10) as work:
        work.go()
        status, out, err = confined("offcpu", "-f", "-p", str(work.pid), "1")
        check(status == 0, f"{status}: {err}")
        check(re.search(r"^sleeper;.*main;work_sleep;.*nanosleep.* \d+$", out, re.M), f"no names in {out[:1000]} {err}")
        check(not re.search(r"\[unknown\]|refuse", out + err), f"{out[:1000]} {err}")
        # Without them it does not, so the test can see it.
        check(confined("offcpu", "-p", str(work.pid), "1", without=["bpf"])[0] == 1, "it traced without bpf()")
        hidden = confined("offcpu", "-f", "-p", str(work.pid), "1", without=["syslog"])
        check("nanosleep" not in hidden[1] or "SYSLOG" in hidden[2], f"names without CAP_SYSLOG: {hidden}")


def unix_get(path, page):
    """The answer to a request over a socket file; "" when there is none yet."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        try:
            s.connect(path)
            s.sendall(f"GET {page} HTTP/1.0\r\n\r\n".encode())
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()
        except OSError:
            return ""


@case
def serve_works_confined():
    need_tracing()
    serve_options()
    prefix, options = confinement()
    path, out, log = scratch("dwell.sock"), scratch("folded"), scratch("serve.log")
    with Work("sleeper", 100000, 10) as work, open(log, "w") as err:
        work.go()
        serve = start([*prefix, DWELL, "serve", "--config", "none", "-p", str(work.pid), "--listen", f"unix:{path}",
                       "--out", out, "--every", "1s"], stdout=err, stderr=err, **options)

        def counted():
            check(serve.poll() is None, f"it ended: {read(log)[-2000:]}")
            return re.search(r'^dwell_block_duration_seconds_count\{reason="sleep"\} [1-9]', unix_get(path, "/metrics"), re.M)
        wait_until(counted, "sleeps are counted", 30, 0.2)
        wait_until(lambda: any("work_sleep" in read(f) for f in glob.glob(out + "/*.folded")), "a file", 30, 0.2)
        serve.terminate()
        check_equal(serve.wait(20), 0, f"status; it said {read(log)[-2000:]}")


main(needs_tracing=False)
