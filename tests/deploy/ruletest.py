# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests of rules and alerts share."""
import os
import shutil
import sys

from deploytest import DEPLOY, HERE, read, scratch, skip

FOLDER = os.path.join(DEPLOY, "prometheus")
TESTS = os.path.join(HERE, "prometheus")
FILES = ("rules.yml", "alerts.yml")
ALERT_TESTS = ("alerts_test.yml", "alerts_day_test.yml", "alerts_go_test.yml")


def yaml():
    """Debian's, also for a python3 that is not."""
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import yaml as module
    except ImportError:
        skip("no yaml for python3: apt-get install python3-yaml")
    finally:
        sys.path.pop()
    return module


def load(path):
    return yaml().safe_load(read(path))


def rules(path):
    return [rule for group in load(path)["groups"] for rule in group["rules"]]


def alerts():
    return {rule["alert"]: rule for rule in rules(os.path.join(FOLDER, "alerts.yml"))}


def folder_for_tests(**changed):
    """Rules and their tests side by side, as promtool wants them; @changed: other texts of files, by their stem."""
    folder = scratch("rules")
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for name in FILES:
        shutil.copy(os.path.join(FOLDER, name), folder)
    for name in os.listdir(TESTS):
        shutil.copy(os.path.join(TESTS, name), folder)
    for stem, text in changed.items():
        with open(os.path.join(folder, stem + ".yml"), "w") as f:
            f.write(text)
    return folder
