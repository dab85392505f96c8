#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Would the unit tests of the alerts notice if an alert were another one?"""
import os
import re
import sys

sys.dont_write_bytecode = True
from deploytest import check, check_runs, installed, read, said
from livetest import case, main
from ruletest import ALERT_TESTS, FOLDER, TESTS, folder_for_tests, load, yaml


def mutants(text):
    """Each alert by turns ten times less sensitive, ten times more, and without patience."""
    starts = [m.start() for m in re.finditer(r"^      - alert: ", text, re.M)] + [len(text)]
    for begin, end in zip(starts, starts[1:]):
        alert = text[begin:end]
        name = alert.split()[2]
        number = re.findall(r" (?:>|==) [\d.]+$", alert, re.M)[0]
        value = float(number.split()[1])
        for what, other in (("insensitive", f" > {value * 10 + 10}"), ("sensitive", f" > {value / 10 - 1}")):
            yield name, what, text[:begin] + alert.replace(number, other, 1) + text[end:]
        patience = re.search(r"for: (\w+)", alert).group(1)
        yield name, "hasty", text[:begin] + alert.replace(f"for: {patience}", "for: 0s", 1) + text[end:]
        if "keep_firing_for" in alert:
            yield name, "not kept", text[:begin] + re.sub(r" +keep_firing_for.*\n", "", alert) + text[end:]


def tests_pass(folder, alert):
    """Do all that ask for this alert?"""
    for name in ALERT_TESTS:
        content = load(os.path.join(TESTS, name))
        content["tests"] = [t for t in content["tests"] if t["alert_rule_test"][0]["alertname"] == alert]
        with open(os.path.join(folder, name), "w") as f:
            yaml().safe_dump(content, f)
        if content["tests"] and said(installed("promtool"), "test", "rules", name, cwd=folder)[0] != 0:
            return False
    return True


@case
def unit_tests_notice():
    """The tests of the alerts would not pass with others."""
    survived = []
    for alert, what, text in mutants(read(os.path.join(FOLDER, "alerts.yml"))):
        folder = folder_for_tests(alerts=text)
        check_runs(installed("promtool"), "check", "rules", "alerts.yml", cwd=folder)
        if tests_pass(folder, alert):
            survived.append(f"{alert}, {what}")
    check(not survived, f"no test noticed: {survived}")


main(needs_tracing=False)
