# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests of deploy/ share: the table of metrics, a /metrics that is made up by it, a Prometheus that scrapes it."""
import http.server
import itertools
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DEPLOY = os.path.join(ROOT, "deploy")
sys.path.insert(1, os.path.join(ROOT, "tests", "live"))

from livetest import REASONS, check, read, scratch, skip, start, wait_until

METRIC_TABLE = os.path.join(ROOT, "user", "output", "metric_table.h")

# What a label may be; "group" stands for those of --group-by.
LABEL_VALUES = {
    "reason": [r for r in REASONS if r != "preempted"],
    "sched_class": ["deadline", "rt", "fair", "ext", "idle"],
    "target": ["clickhouse", "pyroscope"],
    "output": ["folded", "clickhouse"],
    "event": ["block", "wake"],
    "stack": ["user", "kernel"],
    "scope": ["user", "system"],
}
GROUP_LABELS = ("comm", "cgroup", "container_id", "pod_uid")
# As dwell writes them: 1, 2 and 5 microseconds, and so on to 50 seconds.
BOUNDS = [f"{m}e-0{e}" for e in (6, 5) for m in (1, 2, 5)] + \
    [f"{m * 10.0 ** e:.{-e if e < 0 else 1}f}" for e in range(-4, 2) for m in (1, 2, 5)] + ["+Inf"]


def installed(program):
    path = shutil.which(program)
    if not path:
        skip(f"no {program}: run scripts/deps test")
    return path


def said(*command, timeout=120, **options):
    """(status, everything that it said)."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
                          check=False, **options)
    return done.returncode, done.stdout


def check_runs(*command, **options):
    status, text = said(*command, **options)
    check(status == 0, f"{' '.join(command)}: status {status}: {text[-3000:]}")
    return text


def default_port():
    """The one place that says where dwell listens."""
    return re.search(r'HTTP_DEFAULT_LISTEN "127\.0\.0\.1:(\d+)"', read(os.path.join(ROOT, "user", "output", "http.h"))).group(1)


# ---- metrics ----

def metrics():
    """{name: (type, [labels])}, out of the program's own table."""
    if not os.path.exists(METRIC_TABLE):
        skip("this tree has no metrics yet")
    rows = re.findall(r'X\(\s*\w+,\s*"(\w+)",\s*(\w+),[\s\\]*"([^"]*)"', read(METRIC_TABLE))
    check(len(rows) > 30, f"only {len(rows)} metrics in {METRIC_TABLE}")
    return {name: (kind.lower(), labels.split(",") if labels else []) for name, kind, labels in rows}


def series_names(table):
    """{name of a series: its labels}: a histogram has three."""
    found = {}
    for name, (kind, labels) in table.items():
        labels = [g for label in labels for g in (GROUP_LABELS if label == "group" else (label,))]
        if kind == "histogram":
            found.update({name + "_bucket": labels + ["le"], name + "_sum": labels, name + "_count": labels})
        else:
            found[name] = labels
    return found


def label_sets(labels):
    """Texts like 'reason="disk",cause="a"'."""
    names = ["comm" if label == "group" else label for label in labels]
    values = [LABEL_VALUES.get(name, ["a", "b"]) for name in names]
    return [",".join(f'{n}="{v}"' for n, v in zip(names, row)) for row in itertools.product(*values)]


def sample(name, labels, value):
    return f"{name}{{{labels}}} {value}\n" if labels else f"{name} {value}\n"


def histogram(name, labels, count):
    """As many in each bucket as in any other."""
    comma = "," if labels else ""
    text = ""
    for i, le in enumerate(BOUNDS):
        text += sample(name + "_bucket", f'{labels}{comma}le="{le}"', count * (i + 1))
    return text + sample(name + "_sum", labels, count * 0.5) + sample(name + "_count", labels, count * len(BOUNDS))


def exposition(table, seconds):
    """The text of a /metrics that has been counting for so long, everything at a rate."""
    text = ""
    for name, (kind, labels) in table.items():
        text += f"# HELP {name} Made up.\n# TYPE {name} {kind}\n"
        for i, found in enumerate(label_sets(labels)):
            if kind == "histogram":
                text += histogram(name, found, int(seconds * (i + 1)))
            elif kind == "counter":
                text += sample(name, found, seconds * (i + 1))
            else:
                text += sample(name, found, time.time() - 30 if "timestamp" in name else 1)
    return text


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class FakeDwell:
    """Something that serves /metrics, on a free port of loopback or on a socket file."""

    def __init__(self, table, path=None):
        fake, begin = self, time.monotonic()
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self):
                return "local"

            def do_GET(self):
                fake.requests.append(self.path)
                found = self.path in ("/metrics", "/-/healthy", "/-/ready")
                body = b"ok\n" if found else b"no such page\n"
                if self.path == "/metrics":
                    body = exposition(table, time.monotonic() - begin + 1).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = UnixServer(path, Handler) if path else http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = path or f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


# ---- Prometheus ----

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url, timeout=10, **headers):
    """(status, text)"""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode(errors="replace")
    except OSError as e:
        return 0, str(e)


class Prometheus:
    """Debian's, on loopback, with this configuration (a JSON is YAML too) in a folder of its own."""

    cnt = 0

    def __init__(self, config):
        Prometheus.cnt += 1
        self.folder = scratch(f"prometheus{Prometheus.cnt}")
        os.makedirs(self.folder, exist_ok=True)
        path = os.path.join(self.folder, "prometheus.yml")
        with open(path, "w") as f:
            json.dump(config, f)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        log = os.path.join(self.folder, "log")
        with open(log, "w") as f:
            self.process = start([installed("prometheus"), f"--config.file={path}",
                                  f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address={self.address}",
                                  "--storage.tsdb.retention.time=1h"], stdout=f, stderr=f)
        wait_until(lambda: self.is_ready(log), "Prometheus is ready", 60, 0.1)

    def is_ready(self, log):
        check(self.process.poll() is None, f"Prometheus ended: {read(log)[-2000:]}")
        return get(self.url + "/-/ready")[0] == 200

    def query(self, expr):
        """[({labels}, value)]"""
        status, text = get(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expr}))
        answer = json.loads(text)
        check(status == 200 and answer["status"] == "success", f"{expr}: {status} {text[:500]}")
        return [(row["metric"], row["value"][1]) for row in answer["data"]["result"]]
