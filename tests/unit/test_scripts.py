#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The runner of the tests and the scripts of the build do what they promise."""
import os
import shutil
import subprocess
import tempfile
import time


def run(*command, **env):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **env})
    return done.returncode, done.stdout, done.stderr


def test_runner_counts():
    status, out, _ = run("tests/run", "good=true", "bad=echo why; false", "off=echo no kernel; exit 77")
    assert status == 1, status
    assert out.splitlines()[-1] == "1 passed, 1 failed, 1 skipped", out
    assert "| why" in out and "no kernel" in out, out


def test_runner_needs_tests():
    status, out, _ = run("tests/run")
    assert (status, out) == (1, "0 passed, 0 failed, 0 skipped\n"), (status, out)
    assert run("tests/run", "off=exit 77")[0] == 1
    assert run("tests/run", "--may-skip", "off=exit 77")[0] == 0
    assert run("tests/run", "--may-skip")[0] == 1
    assert run("tests/run", "--may-skip", "off=exit 77", "bad=false")[0] == 1
    assert run("tests/run", "off=exit 77", "on=true")[0] == 0


def test_runner_timeout_ends_grandchildren():
    with tempfile.TemporaryDirectory() as directory:
        mark = f"{directory}/late"
        status, out, _ = run("tests/run", "--timeout", "1", f"slow=(sleep 2; touch {mark}) & sleep 30")
        assert status == 1 and "timeout after 1 s" in out, out
        time.sleep(2)
        assert not os.path.exists(mark), "a child of the test lived on"


def test_runner_lanes():
    with tempfile.TemporaryDirectory(dir="tests") as directory:
        script = f"{directory}/test_long.sh"
        with open(script, "w") as f:
            f.write("#!/bin/sh\n# lane: long\nexit 0\n")
        os.chmod(script, 0o755)
        assert run("tests/run", "x=true", script)[1].splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
        assert run("tests/run", "--long", "x=true", script)[1].splitlines()[-1] == "2 passed, 0 failed, 0 skipped"
        # The script that another program runs.
        assert run("tests/run", "x=true", f"y=sh {script}")[1].splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
        assert run("tests/run", "--long", f"y=sh {script}")[1].splitlines()[-1] == "1 passed, 0 failed, 0 skipped"
    assert run("tests/run", 'x=test "$TEST_LANE" = short')[0] == 0
    assert run("tests/run", "--long", 'x=test "$TEST_LANE" = long')[0] == 0


def test_version_header_is_stable():
    with tempfile.TemporaryDirectory() as directory:
        header = f"{directory}/version.h"
        assert run("scripts/version", header)[0] == 0
        os.utime(header, (1, 1))
        assert run("scripts/version", header)[0] == 0
        assert os.stat(header).st_mtime == 1, "rewritten although nothing changed"
        with open("VERSION") as version:
            assert f'DWELL_VERSION "{version.read().strip()}"' in open(header).read()


def test_version_is_said_once():
    with tempfile.TemporaryDirectory() as directory:
        for path in ("VERSION", "Makefile", "scripts/version", "deploy/debian/changelog", "deploy/container/Containerfile",
                     "deploy/kubernetes/daemonset/kustomization.yaml", "deploy/kubernetes/sidecar/kustomization.yaml"):
            os.makedirs(os.path.dirname(f"{directory}/{path}"), exist_ok=True)
            shutil.copy(path, f"{directory}/{path}")

        def checked():
            done = subprocess.run(["scripts/version", "--check"], capture_output=True, text=True, cwd=directory, check=False)
            return done.returncode, done.stdout

        assert checked() == (0, ""), checked()
        with open(f"{directory}/VERSION") as f:
            version = f.read().strip()
        with open(f"{directory}/scripts/other", "w") as f:
            f.write(f"# {version}\n")
        status, out = checked()
        assert status == 1 and out.startswith("scripts/other: ") and len(out.splitlines()) == 1, out
        os.remove(f"{directory}/scripts/other")
        with open(f"{directory}/VERSION", "w") as f:
            f.write("77.8\n")
        status, out = checked()
        assert status == 1 and len(out.splitlines()) == 4 and "Containerfile: does not say 77.8" in out, out


def test_commit_of_packed_sources():
    """What was packed says of which commit it is, wherever it is unpacked; what has neither that nor git says nothing."""
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/scripts")
        shutil.copy("scripts/commit", f"{directory}/scripts/commit")
        for line, expected in (("0123456789abcdef0123456789abcdef01234567 1700000000", "0123456789ab 1700000000\n"),
                               ("0123456789ab-dirty 1700000000", "0123456789ab-dirty 1700000000\n"),
                               ("$Format:%H %ct$", ""), ("", "\n")):
            with open(f"{directory}/scripts/archived", "w") as f:
                f.write(f"# comment\n{line}\n")
            assert run(f"{directory}/scripts/commit")[:2] == (0, expected), line


def test_man_date_obeys_source_date_epoch():
    assert run("scripts/man-date", SOURCE_DATE_EPOCH="86400")[1] == "January 2, 1970\n"


def test_missing_package_is_named():
    status, _, err = run("scripts/deps", "--check", "build", CLANG="/nonexistent/clang-99")
    assert status == 1 and len(err.splitlines()) == 1, err
    assert "apt-get install" in err and "clang-99" in err, err


for name, function in list(globals().items()):
    if name.startswith("test_"):
        function()
        print(f"ok {name}")
