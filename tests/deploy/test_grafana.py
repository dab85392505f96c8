#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The dashboard: every query is one that Prometheus understands, asks for metrics and labels that there are, and finds something."""
import json
import os
import re
import sys

sys.dont_write_bytecode = True
from deploytest import (DEPLOY, FakeDwell, Prometheus, check, check_runs, installed, metrics, read, said, scratch,
                        series_names, wait_until)
from livetest import case, check_equal, main

DASHBOARD = os.path.join(DEPLOY, "grafana", "dwell.json")
COLUMNS = 24
TARGET_LABELS = ("job", "instance")


def dashboard():
    return json.loads(read(DASHBOARD))


def panels():
    return [p for p in dashboard()["panels"] if p["type"] != "row"]


def variables():
    return {v["name"]: v for v in dashboard()["templating"]["list"]}


def queries():
    """[(where, expr)]"""
    found = [(p["title"], t["expr"]) for p in panels() for t in p["targets"]]
    return found + [(a["name"], a["expr"]) for a in dashboard()["annotations"]["list"] if "expr" in a]


def filled_in(expr, job="dwell"):
    """As Grafana does, with everything selected."""
    for name, value in {"__rate_interval": "5s", "job": job, "instance": ".*", "reason": ".*"}.items():
        expr = re.sub(rf"\${name}\b|\$\{{{name}[^}}]*\}}", value, expr)
    check("$" not in expr, f"a variable is left in {expr}")
    return expr


def check_rules(exprs):
    """(status, text) of promtool with a rule for each."""
    path = scratch("dashboard.yml")
    with open(path, "w") as f:
        json.dump({"groups": [{"name": "dashboard", "rules": [
            {"record": f"panel:query{i}", "expr": expr} for i, expr in enumerate(exprs)]}]}, f)
    return said(installed("promtool"), "check", "rules", path)


@case
def shape():
    d = dashboard()
    check(36 <= d["schemaVersion"] <= 41, f"schemaVersion {d['schemaVersion']}")
    check(0 < len(d["uid"]) <= 40, f"uid {d['uid']}")
    check("id" not in d and "__inputs" not in d, "what an export adds")
    check_equal(d["timezone"], "browser", "timezone")
    check_equal(list(variables()), ["datasource", "job", "instance", "reason"], "variables")
    for p in panels():
        check(p["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, f"{p['title']}: datasource")
        check(len({t["refId"] for t in p["targets"]}) == len(p["targets"]), f"{p['title']}: refId")
        check("id" not in p, f"{p['title']} has an id")
        for t in p["targets"]:
            check_equal(t["format"], "heatmap" if p["type"] == "heatmap" else "time_series", f"{p['title']}: format")
            check(not re.search(r"\[\d", t["expr"]), f"{p['title']}: a fixed range")


@case
def panels_dont_overlap():
    taken = {}
    for p in dashboard()["panels"]:
        g = p["gridPos"]
        check(g["x"] + g["w"] <= COLUMNS, f"{p['title']} is too wide")
        for x in range(g["x"], g["x"] + g["w"]):
            for y in range(g["y"], g["y"] + g["h"]):
                check((x, y) not in taken, f"{p['title']} lies on {taken.get((x, y))}")
                taken[x, y] = p["title"]


@case
def queries_are_right():
    status, text = check_rules([filled_in(expr) for _, expr in queries()])
    check(status == 0, text)
    check(check_rules(["sum by (reason (rate(x[5m]))"])[0] != 0, "a wrong query passed")


@case
def metrics_are_there():
    known = series_names(metrics())
    texts = queries() + [(v["name"], v["definition"]) for v in variables().values() if "definition" in v]
    used = set()
    for where, expr in texts:
        for name, selector in re.findall(r"\b((?:dwell|process)_\w+)\b(?:\{([^}]*)\})?", expr):
            check(name in known, f"{where}: there is no {name}")
            used.add(name)
            for label in re.findall(r"(\w+)=~?\"", selector):
                check(label in TARGET_LABELS or label in known[name], f"{where}: {name} has no label {label}")
            for by in re.findall(r"\bby \(([^)]*)\)", expr):
                for label in by.replace(" ", "").split(","):
                    check(label in TARGET_LABELS or any(label in known[n] for n in re.findall(r"(?:dwell|process)_\w+", expr)),
                          f"{where}: by {label}")
    check(len(used) > 30, f"only {sorted(used)}")


@case
def queries_find_something():
    table = metrics()
    targets = [FakeDwell(table).address for _ in range(2)]
    prometheus = Prometheus({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [alert_that_fires()],
        "scrape_configs": [{"job_name": "dwell", "static_configs": [{"targets": targets}]}]})
    for where, expr in queries():
        def rows(text=filled_in(expr)):
            return [v for _, v in prometheus.query(text) if v != "NaN"]
        wait_until(rows, f"something for {where}: {expr}", 30, 0.5)
        check_equal(prometheus.query(filled_in(expr, job="nobody")), [], f"{where} of another job")
    for v in variables().values():
        if "definition" in v:
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", v["definition"]).groups()
            values = {labels.get(label) for labels, _ in prometheus.query(filled_in(series))}
            check(values and None not in values, f"{v['name']}: {values}")


def alert_that_fires():
    path = scratch("alert.yml")
    with open(path, "w") as f:
        json.dump({"groups": [{"name": "a", "rules": [
            {"alert": "DwellTargetDown", "expr": "up == 1", "labels": {"severity": "info"}}]}]}, f)
    return path


main(needs_tracing=False)
