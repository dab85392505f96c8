# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A dwell serve on a free port of loopback, what it exposes, and the laws that hold for every exposition."""
import decimal
import glob
import gzip
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

from livetest import DWELL, Dwell, check, check_equal, read, skip, wait_until

# What Prometheus 2.42 sends, Debian 12's.
ACCEPT_OPENMETRICS = ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                      "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
GROUP_LABELS = {"comm": {"comm"}, "cgroup": {"cgroup"}, "container": {"container_id"},
                "pod": {"pod_uid", "container_id"}}


class Serve(Dwell):
    """Traces once `with` has begun."""

    def __init__(self, *args, **options):
        super().__init__("serve", "--listen", "127.0.0.1:0", "--config", "none", *args, **options)
        self.address = None

    def __enter__(self):
        def listens():
            text = read(self.err_path)
            if "without libmicrohttpd" in text:
                skip(f"{DWELL} was built without libmicrohttpd")
            check(self.process.poll() is None, f"it ended: {text[-2000:]}")
            return re.search(r"listening on (127\.0\.0\.1:\d+)$", text, re.M)
        self.address = wait_until(listens, "an address")[1]
        wait_until(lambda: self.get("/-/ready")[0] == 200, "the probes are attached")
        return self

    def url(self, path):
        return f"http://{self.address}{path}"

    def get(self, path, timeout=60, **headers):
        """(status, headers, body)"""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url(path), headers=named), timeout=timeout) as r:
                return r.status, r.headers, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read()

    def body(self, path, timeout=60):
        status, _, body = self.get(path, timeout)
        check_equal(status, 200, f"status of {path}: {body[:300]!r}")
        return body

    def scrape(self):
        return Scrape(self.body("/metrics").decode())


class Scrape:
    """An exposition in text format 0.0.4. Values are exact: floats would not be."""

    def __init__(self, text):
        self.text = text
        self.types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        self.samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            m = re.fullmatch(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)', line)
            check(m, f"not a sample: {line!r}")
            key = (m[1], frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', m[2] or "")))
            check(key not in self.samples, f"twice: {line!r}")
            self.samples[key] = decimal.Decimal(m[3])

    def rows(self, name, **labels):
        """[({labels}, value)] of those that have at least these labels."""
        wanted = set(labels.items())
        return [(dict(has), value) for (n, has), value in self.samples.items() if n == name and wanted <= has]

    def sum(self, name, **labels):
        return sum((value for _, value in self.rows(name, **labels)), decimal.Decimal(0))

    def value(self, name, **labels):
        rows = self.rows(name, **labels)
        check_equal(len(rows), 1, f"samples of {name} {labels}")
        return rows[0][1]

    def values(self, name, label):
        """The values of a label."""
        return {has[label] for has, _ in self.rows(name)}

    def is_counter(self, name):
        """Also the parts of a histogram."""
        return "counter" in (self.types.get(name), self.types.get(name.removesuffix("_total"))) or \
            self.types.get(re.sub("_(bucket|sum|count)$", "", name)) == "histogram"


# ---- folded files ----

def files_in(directory, ext=".folded"):
    """In the order of time: a "_NNN" comes after the second that it is in."""
    return sorted(glob.glob(os.path.join(directory, "*" + ext)), key=lambda p: p.replace("Z.", "Z_000."))


def wait_files(directory, cnt, timeout=60):
    wait_until(lambda: len(files_in(directory)) >= cnt, f"{cnt} files in {directory}", timeout)


# ---- laws ----

def check_groups(s):
    """For each reason, those that are shown, `other` among them, and those that went are the machine's; to the nanosecond."""
    for reason in s.values("dwell_block_duration_seconds_count", "reason"):
        for host, part in (("dwell_block_duration_seconds_sum", "blocked_seconds_total"),
                           ("dwell_block_duration_seconds_count", "blocks_total")):
            check_equal(s.sum(f"dwell_group_{part}", reason=reason) + s.sum(f"dwell_group_retired_{part}", reason=reason),
                        s.value(host, reason=reason), f"{part} of groups, {reason}")
    check_equal(s.sum("dwell_group_runqueue_seconds_total") + s.sum("dwell_group_retired_runqueue_seconds_total"),
                s.sum("dwell_runqueue_wait_seconds_sum"), "time waited for a CPU of groups")


def ledger(s):
    """(observed, all the places where it went)"""
    parts = ("delivered", "filtered", "spilled", "lost")
    return s.value("dwell_observed_seconds_total"), sum(s.sum(f"dwell_{part}_seconds_total") for part in parts)


def check_ledger_now(s):
    observed, places = ledger(s)
    check(observed >= places, f"more is somewhere than was seen: {places} of {observed}")


def is_settled(s):
    """Nothing is on its way."""
    observed, places = ledger(s)
    counted = s.sum("dwell_block_duration_seconds_sum") + s.sum("dwell_runqueue_wait_seconds_sum")
    read_s = (s.value("dwell_delivered_seconds_total") + s.value("dwell_spilled_seconds_total")
              - s.value("dwell_spilled_before_seconds_total"))
    return observed == places and counted == read_s


def settled(serve):
    """The exposition once all is counted; threads that are watched must be asleep."""
    last = []

    def is_it():
        last[:] = [serve.scrape()]
        return last[0] if is_settled(last[0]) else None
    try:
        return wait_until(is_it, "the ledger is closed", 10, 0.1)
    except AssertionError as e:
        raise AssertionError(f"{e}: observed and found: {ledger(last[0])}") from None


def check_histograms(s):
    """Buckets grow up to +Inf, which is the count."""
    for family in [name for name, kind in s.types.items() if kind == "histogram"]:
        for has, count in s.rows(family + "_count"):
            rows = [r for r in s.rows(family + "_bucket", **has)]
            check_equal([r[0]["le"] for r in rows[-1:]], ["+Inf"], f"the last bucket of {family} {has}")
            values = [r[1] for r in rows]
            check_equal(values, sorted(values), f"buckets of {family} {has}")
            check_equal(values[-1], count, f"+Inf of {family} {has}")


def check_laws(s):
    check_histograms(s)
    if s.rows("dwell_groups"):
        check_groups(s)
    check_ledger_now(s)


def check_grown(before, after):
    """No counter went down, and none is gone."""
    for key, value in before.samples.items():
        if before.is_counter(key[0]):
            check(key in after.samples, f"{key} is gone")
            check(after.samples[key] >= value, f"{key}: {value}, then {after.samples[key]}")


def strict_parser():
    """prometheus_client's of OpenMetrics, also for a python3 that is not Debian's."""
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        from prometheus_client.openmetrics import parser
    except ImportError:
        skip("no prometheus_client: scripts/deps test")
    finally:
        sys.path.pop()
    return parser


def promtool_check(text):
    if not shutil.which("promtool"):
        skip("no promtool: scripts/deps test")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    check_equal((done.returncode, done.stdout + done.stderr), (0, b""), "promtool check metrics")


def unpacked(headers, body):
    check_equal(headers["Content-Encoding"], "gzip", "its encoding")
    return gzip.decompress(body)
