# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell.exe under Wine, beside dwell: both are run with the same words, and have to say the same."""
import atexit
import os
import shutil
import subprocess
import tempfile

from livetest import BUILD, DWELL, check, check_equal, run, scratch, skip

EXE = os.path.join(BUILD, "windows", "dwell.exe")
# Tells of a trace as Windows would: see tests/windows/fake_etw.c.
DLL = os.path.join(BUILD, "windows", "fake_etw.dll")
FORMATS = "folded svg html json pprof perfetto speedscope ndjson table".split()
READERS = "report info diff check list completion version help nonsense".split()
_prefix = []


def wine_environment():
    """With a prefix of our own, which takes seconds to make; its server ends with the test."""
    if not os.path.exists(EXE):
        skip(f"no {EXE}: mingw-w64 is missing (make windows installs it)")
    if not shutil.which("wine"):
        skip("no Wine to run dwell.exe in: apt-get install wine wine64")
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.update(WINEPREFIX=scratch("wine"), WINEDEBUG="-all", WINEDLLOVERRIDES="mscoree=;mshtml=", LC_ALL="C.UTF-8")
    if not _prefix:
        _prefix.append(env["WINEPREFIX"])
        # The server stays until the end, and what Wine starts beside the program must not hold pipes of ours.
        nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        atexit.register(subprocess.run, ["wineserver", "-k"], env=env, check=False, **nothing)
        subprocess.run(["wineserver", "-p"], env=env, check=False, **nothing)
        done = subprocess.run(["wine", EXE, "version"], env=env, check=False, timeout=300, **nothing)
        check_equal(done.returncode, 0, "the first run")
    return env


def run_one(command, args, text, cwd, env):
    """(status, stdout, stderr)."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(text)
        given.seek(0)
        done = subprocess.run([*command, *args], stdin=given, stdout=out, stderr=err, env=env, cwd=cwd or scratch(), check=False,
                              timeout=120)
        out.seek(0)
        err.seek(0)
        return done.returncode, out.read(), err.read().decode(errors="replace")


def run_windows(*args, text=b"", cwd=None, env=None):
    """Of dwell.exe only: what traces on Linux must not be run there by a test of this program."""
    return run_one(["wine", EXE], args, text, cwd, wine_environment() | (env or {}))


def run_linux(*args, text=b"", cwd=None):
    """The same of dwell. Only commands that read files."""
    check(args and args[0] in READERS, f"{args}: no command that only reads")
    return run_one([DWELL], args, text, cwd, dict(os.environ, LC_ALL="C.UTF-8"))


def run_both(*args, **options):
    return run_linux(*args, **options), run_windows(*args, **options)


def check_same(*args, status=0, **options):
    """Both say the same, byte for byte; what they said."""
    linux, windows = run_both(*args, **options)
    what = " ".join(args)
    check_equal(linux[0], status, f"{what}: status, {linux[2]}")
    check_equal((windows[0], windows[2]), (linux[0], linux[2]), f"{what}: status and stderr of dwell.exe")
    if windows[1] != linux[1]:
        at = next((i for i, (a, b) in enumerate(zip(linux[1], windows[1])) if a != b), min(len(linux[1]), len(windows[1])))
        check_equal(windows[1][at:at + 60], linux[1][at:at + 60], f"{what}: stdout from byte {at} on")
    return linux


def record(name, *command):
    """A recording of a command of our own."""
    run("record", "-q", "-o", scratch(name), "--", *command).ok()
    return name


def windows_path(path):
    return "Z:" + path.replace("/", "\\")


def made_trace():
    """All that there is, is told at the beginning, as in a session."""
    path = scratch("shop.etl")
    if not os.path.exists(path):
        subprocess.run([os.path.join(BUILD, "tests", "unit", "make_etl"), "shop-live", path], check=True)
    return path


def fake_settings(**more):
    log = scratch("calls.log")
    if os.path.exists(log):
        os.unlink(log)
    return {"FAKE_ETW_TRACE": windows_path(made_trace()), "FAKE_ETW_LOG": windows_path(log)} | {"FAKE_ETW_" + k.upper(): v for k, v in more.items()}
