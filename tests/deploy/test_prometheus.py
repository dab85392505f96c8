#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Rules, alerts and example configurations, by Debian's promtool and in a running Prometheus."""
import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
from deploytest import (DEPLOY, REASONS, ROOT, FakeDwell, Prometheus, check, check_runs, installed, metrics, read, said,
                        scratch, series_names, wait_until)
from livetest import case, check_equal, main
from ruletest import ALERT_TESTS, FILES, FOLDER, TESTS, alerts, folder_for_tests, load, rules

@case
def rules_are_right():
    for name in FILES:
        check_runs(installed("promtool"), "check", "rules", "--lint-fatal", os.path.join(FOLDER, name))


@case
def unit_tests():
    folder = folder_for_tests()
    for name in os.listdir(TESTS):
        check_runs(installed("promtool"), "test", "rules", name, cwd=folder)


@case
def each_rule_is_tested():
    text = "".join(read(os.path.join(TESTS, name)) for name in ("rules_test.yml", *ALERT_TESTS))
    for rule in rules(os.path.join(FOLDER, "rules.yml")):
        check(f"- expr: {rule['record']}" in text or re.search(rf"{rule['record']}\b.*\n\s+eval_time", text)
              or rule["record"] in text, f"no test asks for {rule['record']}")
    fires, quiet = set(), set()
    for name in ALERT_TESTS:
        for test in load(os.path.join(TESTS, name))["tests"]:
            for asked in test["alert_rule_test"]:
                (fires if asked["exp_alerts"] else quiet).add(asked["alertname"])
    check_equal(fires, set(alerts()), "alerts that a test sees fire")
    check_equal(quiet, set(alerts()), "alerts that a test sees quiet")


@case
def alerts_have_all():
    page = read(os.path.join(ROOT, "docs", "alerts.md"))
    anchors = {h.lower() for h in re.findall(r"^## (\w+)$", page, re.M)}
    for name, rule in alerts().items():
        check(rule.get("for"), f"{name} has no for")
        check(rule["labels"]["severity"] in ("info", "warning", "critical"), f"{name}: {rule['labels']}")
        check_equal(sorted(rule["annotations"]), ["description", "runbook_url", "summary"], f"{name}: annotations")
        check_equal(rule["annotations"]["runbook_url"], f"docs/alerts.md#{name.lower()}", f"{name}: runbook_url")
        check(name.lower() in anchors, f"docs/alerts.md has nothing on {name}")
    check_equal(anchors, {name.lower() for name in alerts()}, "alerts in docs/alerts.md")


@case
def metrics_are_there():
    """Every name and label that a rule asks for is one of the program's, or of another rule."""
    known = series_names(metrics())
    for rule in rules(os.path.join(FOLDER, "rules.yml")):
        known[rule["record"]] = re.findall(r"[a-z_]+", rule["record"])
    for rule in rules(os.path.join(FOLDER, "rules.yml")) + list(alerts().values()):
        for name, selector in re.findall(r"\b((?:\w+:)?dwell_\w+(?::\w+)?)(?:\{([^}]*)\})?", rule["expr"]):
            check(name in known, f"{rule}: there is no {name}")
            for label, value in re.findall(r'(\w+)\s*[!=]~?\s*"([^"]*)"', selector):
                check(label in ("job", "instance") or label in known[name] or label in name,
                      f"{rule}: {name} has no label {label}")
                for reason in value.split("|") if label == "reason" else ():
                    check(reason in REASONS, f"{rule}: no reason {reason}")


@case
def example_configurations():
    folder = folder_for_tests()
    for name in ("scrape.yml", "federate.yml"):
        shutil.copy(os.path.join(FOLDER, name), folder)
    with open(os.path.join(folder, "dwell.password"), "w") as f:
        f.write("secret\n")
    for name in ("scrape.yml", "federate.yml"):
        check_runs(installed("promtool"), "check", "config", name, cwd=folder)
    # Debian's knows no Kubernetes: the rest is checked with fixed targets instead.
    text = re.sub(r"(?m)^    kubernetes_sd_configs:\n(?:      .*\n)+", "    static_configs: [{targets: [a]}]\n",
                  read(os.path.join(DEPLOY, "kubernetes", "scrape.yml")))
    with open(os.path.join(folder, "kubernetes.yml"), "w") as f:
        f.write(text)
    check("static_configs" in text, text)
    check_runs(installed("promtool"), "check", "config", "kubernetes.yml", cwd=folder)


@case
def a_mistake_is_noticed():
    folder = folder_for_tests(rules=read(os.path.join(FOLDER, "rules.yml")).replace("sum by (job,", "sum bye (job,", 1))
    check(said(installed("promtool"), "check", "rules", "rules.yml", cwd=folder)[0] != 0, "a wrong rule passed")
    text = read(os.path.join(FOLDER, "scrape.yml")).replace("metrics_path", "metric_path")
    with open(os.path.join(folder, "scrape.yml"), "w") as f:
        f.write(text)
    check(said(installed("promtool"), "check", "config", "scrape.yml", cwd=folder)[0] != 0, "a wrong word passed")


def quick_rules():
    """The recording rules, each second."""
    path = scratch("quick.yml")
    with open(path, "w") as f:
        f.write(re.sub(r"interval: \w+", "interval: 1s", read(os.path.join(FOLDER, "rules.yml"))))
    return path


@case
def federation():
    """Two machines, the Prometheus that scrapes them, and one above it with the matchers of federate.yml."""
    table = metrics()
    targets = [FakeDwell(table).address for _ in range(2)]
    below = Prometheus({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [quick_rules()],
                        "scrape_configs": [{"job_name": "dwell", "static_configs": [{"targets": targets}]}]})
    job = load(os.path.join(FOLDER, "federate.yml"))["scrape_configs"][0]
    job.update(scrape_interval="1s", static_configs=[{"targets": [below.address], "labels": {"site": "one"}}])
    above = Prometheus({"scrape_configs": [job]})
    recorded = {rule["record"] for rule in rules(os.path.join(FOLDER, "rules.yml"))}
    expected = {name for name in recorded if name.startswith("job_")}

    def names():
        return {labels["__name__"] for labels, _ in above.query('{__name__=~".*dwell.*"}')}
    wait_until(lambda: names() >= expected, f"{expected} arrive above", 40, 0.5)
    check_equal(names(), expected, "what is federated")
    for labels, _ in above.query('{__name__=~".*dwell.*"}'):
        check(labels["job"] == "dwell" and labels["site"] == "one" and "instance" not in labels, f"labels {labels}")
    # And it is the same quantile.
    expr = ("histogram_quantile(0.99, sum by (reason, le) (job_reason_le:dwell_block_duration_seconds_bucket:rate5m"
            '{reason="disk"}))')
    check(above.query(expr), "no quantile above")


main(needs_tracing=False)
