#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The manifests: Kubernetes' own types take them and nothing misspelt, kustomize builds them, they say the same as the unit."""
import copy
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from deploytest import DEPLOY, HERE, check, check_runs, installed, read, said, scratch, skip
from livetest import BUILD, case, check_equal, main
from ruletest import yaml

FOLDER = os.path.join(DEPLOY, "kubernetes")
MANIFESTS = ["daemonset/namespace.yaml", "daemonset/daemonset.yaml", "sidecar/deployment.yaml", "podmonitor.yaml"]
# Maps whose keys are anybody's.
FREE = ("labels", "annotations", "matchLabels", "nodeSelector", "requests", "limits")


def documents(*names):
    return [d for name in names or MANIFESTS for d in yaml().safe_load_all(read(os.path.join(FOLDER, name)))]


def modules():
    """A folder with what check.js needs."""
    folder = os.path.join(BUILD, "tests", "kubernetes")
    if not os.path.isdir(os.path.join(folder, "node_modules", "typescript")):
        os.makedirs(folder, exist_ok=True)
        shutil.copy(os.path.join(HERE, "kubernetes", "package.json"), folder)
        try:
            status, text = said(installed("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock", cwd=folder,
                                timeout=240)
        except subprocess.TimeoutExpired:
            status, text = 1, "timeout"
        if status:
            skip(f"npm install failed: {text.splitlines()[-1] if text else status}")
    return folder


def check_js(*paths):
    return said(installed("node"), os.path.join(HERE, "kubernetes", "check.js"), modules(), *paths)


def misspelt(value, path=()):
    """(where, a copy with one key changed) for each key that Kubernetes knows."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            for where, other in misspelt(item, path + (i,)):
                yield where, value[:i] + [other] + value[i + 1:]
    if not isinstance(value, dict) or path and path[-1] in FREE:
        return
    for key, item in value.items():
        if path or key not in ("apiVersion", "kind"):
            yield path + (key,), {(key + "x" if k == key else k): copy.deepcopy(v) for k, v in value.items()}
        for where, other in misspelt(item, path + (key,)):
            yield where, {**value, key: other}


@case
def types():
    status, text = check_js(*(os.path.join(FOLDER, name) for name in MANIFESTS))
    check_equal((status, text), (0, f"{len(MANIFESTS)} objects\n"), "check.js")


@case
def every_misspelt_field_is_noticed():
    mutants = [(d["kind"], where, other) for d in documents() for where, other in misspelt(d)]
    check(len(mutants) > 150, f"only {len(mutants)}")
    path = scratch("misspelt.yaml")
    with open(path, "w") as f:
        yaml().safe_dump_all([other for _, _, other in mutants], f)
    status, text = check_js(path)
    noticed = {int(n) for n in re.findall(r"^\S+#(\d+): error (?!TS2307)", text, re.M)}
    passed = [mutants[i][:2] for i in range(len(mutants)) if i not in noticed]
    check(status == 1 and not passed, f"{len(passed)} of {len(mutants)} passed: {passed[:20]} {text[:500]}")


@case
def kustomize():
    kubectl = installed("kubectl")
    for name in ("daemonset", "sidecar"):
        text = check_runs(kubectl, "kustomize", os.path.join(FOLDER, name))
        path = scratch(name + ".yaml")
        with open(path, "w") as f:
            f.write(text)
        built = list(yaml().safe_load_all(text))
        status, said_of = check_js(path)
        check(status == 0, said_of)
        images = [c["image"] for d in built if "template" in d.get("spec", {})
                  for c in d["spec"]["template"]["spec"]["containers"] if c["name"] == "dwell"]
        check_equal(images, [f"registry.example/dwell:{read(os.path.join(DEPLOY, '..', 'VERSION')).strip()}"], "the image")
        if name == "daemonset":
            check(all(d["metadata"].get("namespace", "dwell") == "dwell" for d in built), "the namespace")


def containers():
    return [c for d in documents() if "template" in d.get("spec", {})
            for c in d["spec"]["template"]["spec"]["containers"] if c["name"] == "dwell"]


@case
def capabilities():
    """Each has its reason beside it; they are those of the unit, but for what a container does without or needs."""
    text = read(os.path.join(FOLDER, "daemonset", "daemonset.yaml"))
    reasons = dict(re.findall(r"^ +- ([A-Z_]+) # (.+)$", text, re.M))
    unit = re.search(r"^CapabilityBoundingSet=(.*)$", read(os.path.join(DEPLOY, "systemd", "dwell.service")), re.M)
    expected = {c.removeprefix("CAP_") for c in unit.group(1).split()} - {"SETPCAP"} | {"SYS_RESOURCE"}
    for container in containers():
        found = container["securityContext"]["capabilities"]
        check_equal((found["drop"], set(found["add"])), (["ALL"], expected), "capabilities")
    check_equal(set(reasons), expected, "capabilities with a reason")


@case
def ports_and_probes():
    """Everything that is asked for by name is there, and where dwell listens."""
    for container in containers():
        ports = {p["name"]: p["containerPort"] for p in container["ports"]}
        words = " ".join(container.get("args", []) + container.get("command", []))
        check(f"--listen=0.0.0.0:{ports['metrics']}" in words and "--listen-public" in words, words)
        for probe in ("readinessProbe", "livenessProbe"):
            check_equal(container[probe]["httpGet"]["port"], "metrics", probe)
        mounts = {m["name"]: m for m in container["volumeMounts"]}
        check(all(m.get("readOnly") for name, m in mounts.items() if name != "state"), f"{mounts}")
    pod = documents("daemonset/daemonset.yaml")[0]["spec"]["template"]
    check_equal(pod["metadata"]["annotations"]["prometheus.io/port"], "19435", "the annotation")
    monitor = documents("podmonitor.yaml")[0]["spec"]
    check_equal(monitor["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items(), True, "PodMonitor's selector")
    check_equal(monitor["podMetricsEndpoints"][0]["port"], "metrics", "PodMonitor's port")


@case
def sidecar_finds_its_pod():
    """Its script, with a dwell that says how it was called."""
    uid = "0f7c5a1e-1111-2222-3333-444455556666"
    script = documents("sidecar/deployment.yaml")[0]["spec"]["template"]["spec"]["containers"][1]["command"]
    check_equal(script[:2], ["/bin/sh", "-c"], "its shell")
    folder = scratch("sidecar")
    os.makedirs(folder + "/bin")
    with open(folder + "/bin/dwell", "w") as f:
        f.write('#!/bin/sh\necho "$@"\n')
    os.chmod(folder + "/bin/dwell", 0o755)
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "POD_UID": uid}
    places = [f"kubepods/burstable/pod{uid}",
              f"kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{uid.replace('-', '_')}.slice",
              f"memory/kubepods/pod{uid}"]
    for i, place in enumerate(places):
        cgroups = f"{folder}/{i}"
        os.makedirs(f"{cgroups}/{place}/{'c' * 64}")
        os.makedirs(f"{cgroups}/kubepods/pod{uid[::-1]}")
        text = script[2].replace("/host/cgroup", cgroups)
        check_equal(said("/bin/sh", "-c", text, env=environment)[1].split()[2], f"--cgroup={cgroups}/{place}", "the cgroup")
    text = script[2].replace("/host/cgroup", f"{folder}/bin")
    status, words = said("/bin/sh", "-c", text, env=environment)
    check(status == 1 and f"no cgroup of pod {uid}" in words, f"{status} {words}")


main(needs_tracing=False)
