#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The text of metrics before those who read it: promtool, the strict parser of OpenMetrics, PromQL, node_exporter.

What is judged comes from make_metrics.c. Reading the text here is done by hand where numbers have to be exact: the parsers
make floating-point numbers of them.
"""
import contextlib
import fractions
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time

# Debian's module, also for a python3 that is not Debian's.
sys.path.append("/usr/lib/python3/dist-packages")
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.environ.get("BUILD", "build")
MAKE = f"{BUILD}/tests/unit/make_metrics"
WHATS = ("empty", "full", "default", "pods", "go", "1000")
# All series with the options' defaults and 50 groups: docs/metrics.md says so.
MAX_SERIES = 2900
# Of a Go program.
MAX_GO_SERIES = 250
LE = ["1e-06", "2e-06", "5e-06", "1e-05", "2e-05", "5e-05", "0.0001", "0.0002", "0.0005", "0.001", "0.002", "0.005",
      "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0", "20.0", "50.0", "+Inf"]
LE_OF = {
    "dwell_stack_frames": ["1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "64.0", "127.0", "+Inf"],
    "dwell_go_block_duration_seconds": ["0.1", "0.5", "1.0", "5.0", "10.0", "60.0", "+Inf"],
    "dwell_go_sched_latency_seconds": LE[:LE.index("1.0") + 1] + ["+Inf"],
    "dwell_go_stw_pause_seconds": ["1e-05", "0.0001", "0.001", "0.01", "0.1", "1.0", "+Inf"],
    "dwell_go_snapshot_seconds": ["0.0001", "0.001", "0.01", "0.1", "1.0", "+Inf"],
}


def make(*args):
    return subprocess.run([MAKE, *args], check=True, capture_output=True, timeout=60).stdout.decode()


TEXT = {what: make("text", what) for what in WHATS}
OPENMETRICS = {what: make("openmetrics", what) for what in WHATS}
TABLE = {name: (kind, labels, text) for name, kind, labels, text in
         (line.split("\t") for line in make("list").splitlines())}


def exact_samples(text):
    """{(name, ((label, value as written), ...)): Fraction}"""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? ([0-9.]+)', line).groups()
        key = name, tuple(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels or ""))
        assert key not in found, f"twice: {line}"
        found[key] = fractions.Fraction(value)
    return found


def promtool(*args, text=None):
    return subprocess.run(["promtool", *args], input=text, capture_output=True, text=True, timeout=120, check=False)


# ---- the text ----

def test_bytes():
    for text in [*TEXT.values(), *OPENMETRICS.values()]:
        assert text.endswith("\n") and "\r" not in text and "\n\n" not in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert all(text.endswith("\n# EOF\n") for text in OPENMETRICS.values())
    assert not any("# EOF" in text or "# UNIT" in text for text in TEXT.values())


def test_promtool_has_nothing_to_say():
    for what, text in TEXT.items():
        done = promtool("check", "metrics", text=text)
        assert done.returncode == 0 and not done.stdout and not done.stderr, f"{what}: {done}"


def test_promtool_would_say_it():
    assert promtool("check", "metrics", text=TEXT["full"].replace("dwell_groups", "dwellGroups")).returncode == 3
    assert promtool("check", "metrics", text=TEXT["full"] + "x{").returncode == 1


def samples_of(families):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def test_openmetrics_is_strict_and_says_the_same():
    for what in WHATS:
        families = list(parse_openmetrics(OPENMETRICS[what]))
        assert samples_of(families) == samples_of(parse_text(TEXT[what])), what
        for family in families:
            unit = re.search(r"_(seconds|bytes|ratio)$", family.name)
            assert family.unit == (unit[1] if unit else ""), family


def test_openmetrics_parser_would_refuse():
    good = OPENMETRICS["full"]
    for bad in [good.replace("# EOF\n", ""), good.replace('le="+Inf"', 'le="60.0"', 1),
                good.replace('le="1e-06"', 'le="1e-05"', 1), good.replace("# TYPE dwell_events ", "# TYPE dwell_events_total ")]:
        try:
            list(parse_openmetrics(bad))
        except ValueError:
            continue
        raise AssertionError("accepted")


def test_labels_come_back():
    comms = {s.labels["comm"] for f in parse_openmetrics(OPENMETRICS["full"]) for s in f.samples
             if s.name == "dwell_group_runqueue_seconds_total"}
    # The first that came, of ten; the first four had retired.
    assert comms == {"other", "mysqld", 'a"b\\c', "new\ufffdline", "\ufffd\ufffd", "ä€"}, comms


# ---- what the numbers have to be ----

def histograms(text):
    """{(family, labels without le): ([(le, count), ...], sum, count)}"""
    found = {}
    for (name, labels), value in exact_samples(text).items():
        family, part = re.fullmatch(r"(.*?)(?:_(bucket|sum|count))?", name).groups()
        if TABLE.get(family, [None])[0] != "histogram":
            continue
        key = family, tuple(label for label in labels if label[0] != "le")
        buckets, rest = found.setdefault(key, ([], {}))
        if part == "bucket":
            buckets.append((dict(labels)["le"], value))
        else:
            rest[part] = value
    return found


def test_histograms():
    for text in [*TEXT.values(), *OPENMETRICS.values()]:
        for key, (buckets, rest) in histograms(text).items():
            assert [le for le, _ in buckets] == LE_OF.get(key[0], LE), key
            counts = [count for _, count in buckets]
            assert counts == sorted(counts) and counts[-1] == rest["count"], key
            assert set(rest) == {"sum", "count"}, key


def test_closed_sets_of_labels():
    sets = {}
    for line in make("labels").splitlines():
        sets.setdefault(line.split("\t")[0], set()).add(line.split("\t")[1])
    assert len(sets["reason"]) == 14 and len(sets["sched_class"]) == 5 and len(sets["waker"]) == 6
    for what in WHATS:
        for name in sets:
            for family in parse_text(TEXT[what]):
                # Threads have states of their own.
                expected = sets.get(f"{family.name} {name}", sets[name])
                values = {s.labels[name] for s in family.samples if name in s.labels}
                # Of goroutines only what there was, and a limited number of that.
                some = name == "blocking_reason" and values <= expected
                assert not values or values == expected or some, (what, family.name)


def test_threads_of_go():
    times = {(dict(labels)["comm"], dict(labels)["class"]): value for (name, labels), value in exact_samples(TEXT["full"]).items()
             if name == "dwell_go_thread_offcpu_seconds_total"}
    assert times.pop(("other", "fault")) == fractions.Fraction(5007, 10 ** 9), times
    # Nobody else's waits, and all classes.
    assert times == {("other", c): 0 for c in ("syscall", "preempt", "runtime", "idle")}, times


def total(samples, name, *, by=()):
    """Sums over the labels that are not in @by."""
    sums = {}
    for (sample, labels), value in samples.items():
        if sample == name:
            key = tuple(v for label, v in labels if label in by)
            sums[key] = sums.get(key, 0) + value
    return sums


def test_sum_over_groups_is_the_total():
    """Exactly: to the nanosecond."""
    for what in ("full", "default", "pods"):
        s = exact_samples(TEXT[what])
        for host, group, by in [("dwell_block_duration_seconds_sum", "blocked_seconds_total", ["reason"]),
                                ("dwell_block_duration_seconds_count", "blocks_total", ["reason"]),
                                ("dwell_runqueue_wait_seconds_sum", "runqueue_seconds_total", [])]:
            shown = total(s, f"dwell_group_{group}", by=by)
            retired = total(s, f"dwell_group_retired_{group}", by=by)
            assert {k: v + retired[k] for k, v in shown.items()} == total(s, host, by=by), (what, host)
            assert all(retired.values()) == (what == "full"), (what, retired)
            assert all(total(s, host, by=by).values())


def test_the_ledger_closes():
    """What histograms hold is what was delivered and spilled, and all of it makes what was observed."""
    s = exact_samples(TEXT["full"])
    term = {part: s[f"dwell_{part}_seconds_total", ()] for part in
            ("observed", "delivered", "filtered", "spilled", "spilled_before")}
    term["lost"] = s["dwell_lost_seconds_total", (("cause", "spill_full"),)]
    counted = sum(sum(total(s, f"dwell_{name}_seconds_sum").values()) for name in ("block_duration", "runqueue_wait"))
    assert all(term.values())
    assert counted == term["delivered"] + term["spilled"] - term["spilled_before"], term
    assert term["observed"] == term["delivered"] + term["filtered"] + term["spilled"] + term["lost"], term


def promql(text, *exprs):
    """Whether @exprs are true for the counters of @text, counted in a minute: by Prometheus's own engine."""
    series = "".join(f"      - series: '{line.rpartition(' ')[0]}'\n        values: '0 {line.rpartition(' ')[2]}'\n"
                     for line in text.splitlines() if line.startswith("dwell_block_duration_seconds_bucket"))
    tests = "".join(f"      - expr: '{expr}'\n        eval_time: 1m\n        exp_samples: [{{labels: '{{}}', value: 1}}]\n"
                    for expr in exprs)
    with tempfile.TemporaryDirectory() as directory:
        with open(f"{directory}/t.yml", "w", encoding="utf-8") as f:
            f.write(f"rule_files: []\ntests:\n  - interval: 1m\n    input_series:\n{series}    promql_expr_test:\n{tests}")
        return promtool("test", "rules", f"{directory}/t.yml")


def test_p99_is_within_a_bucket_of_the_raw_one():
    made = subprocess.run([MAKE, "text", "20000"], check=True, capture_output=True, text=True, timeout=60)
    raw = sorted(int(line) for line in made.stderr.split())
    for quantile in (0.5, 0.9, 0.99, 0.999):
        exact = raw[-int(-quantile * len(raw) // 1) - 1] / 1e9
        bounds = [0.0] + [float(le) for le in LE]
        above = next(i for i, bound in enumerate(bounds) if exact <= bound)
        value = f"histogram_quantile({quantile}, sum by (le) (increase(dwell_block_duration_seconds_bucket[2m])))"
        done = promql(made.stdout, f"{value} >= bool {bounds[above - 1]}", f"{value} <= bool {bounds[above]}")
        assert done.returncode == 0, (quantile, exact, done.stdout)
        # And the judge can say no.
        assert promql(made.stdout, f"{value} > bool {bounds[above]}").returncode != 0


def test_series_budget():
    done = promtool("check", "metrics", "--extended", text=TEXT["default"])
    assert done.returncode == 0, done
    counts = {m[1]: int(m[2]) for m in re.finditer(r"^([a-z_]+) +(\d+) +[\d.]+%", done.stdout, re.M)}
    lines = sum(not line.startswith("#") for line in TEXT["default"].splitlines())
    print(f"{lines} series with all defaults and 50 groups, {len(TEXT['default'])} bytes")
    assert sum(counts.values()) == lines <= MAX_SERIES, (sum(counts.values()), lines)
    assert counts["dwell_group_blocked_seconds_total"] == 50 * 14, counts
    assert f"{MAX_SERIES:,} series" in docs()


def test_series_budget_of_go_programs():
    """Whatever a service does, and however many processes it has."""
    cnts = {}
    for name, labels in exact_samples(TEXT["go"]):
        comm = dict(labels).get("comm")
        if comm:
            assert name.startswith("dwell_go_"), name
            cnts[comm] = cnts.get(comm, 0) + 1
    print(f"series of Go programs: {cnts}")
    assert set(cnts) == {"api", "old"} and all(200 < cnt <= MAX_GO_SERIES for cnt in cnts.values()), cnts
    assert f"{MAX_GO_SERIES} series" in docs()
    # What has no series of its own is counted as other, so nothing is missing.
    s = exact_samples(TEXT["go"])
    for name, cell in (("dwell_go_blocked_goroutines", 16 * (1 + 2 + 3 + 4)), ("dwell_go_block_duration_seconds_count", 1600)):
        assert max(total(s, name, by=["blocking_reason"]).items(), key=lambda i: i[1])[0] == ("other",), name
        assert total(s, name, by=["comm"]) == {("api",): cell, ("old",): 2 * cell}, name
    ns = 4 * sum(123456789 * (1 + r) for r in range(16))
    assert total(s, "dwell_go_blocked_seconds_total", by=["comm"]) == {
        ("api",): fractions.Fraction(ns, 10 ** 9), ("old",): fractions.Fraction(2 * ns, 10 ** 9)}


# ---- the table and the page ----

def docs():
    with open("docs/metrics.md", encoding="utf-8") as f:
        return f.read()


def test_the_page_has_every_metric():
    rows = re.findall(r"^\| `((?:dwell|process)_\w+)` \| (\w+) \|([^|]*)\|", docs(), re.M)
    assert [name for name, _, _ in rows] == list(TABLE), \
        (set(TABLE) ^ {name for name, _, _ in rows}, "or the order differs")
    for name, kind, labels in rows:
        assert (kind, labels.replace("`", "").replace(" ", "")) == TABLE[name][:2], name
    # And names no other one; wildcards aside.
    names = {re.sub(r"_(bucket|sum|count)$", "", n) if n not in TABLE else n
             for n in re.findall(r"\bdwell_\w+[a-z](?![\w*])", docs())}
    assert names <= set(TABLE), names - set(TABLE)


def test_the_table_is_what_is_written():
    shown = set()
    for what in WHATS:
        families = {f.name + ("_total" if f.type == "counter" else ""): f for f in parse_text(TEXT[what])}
        order = [name for name in TABLE if name in families]
        assert list(families) == order, what
        shown.update(families)
        for name, family in families.items():
            kind, labels, text = TABLE[name]
            assert (family.type, family.documentation) == (kind, text)
            group = {"pods": ["pod_uid", "container_id"]}.get(what, ["comm"])
            expected = {x for label in labels.split(",") if label for x in (group if label == "group" else [label])}
            for s in family.samples:
                assert set(s.labels) - {"le"} == expected, (what, s)
    assert shown == set(TABLE), set(TABLE) - shown


def test_queries_of_the_page():
    queries = re.sub(r"\n {6,}", " ", docs()[docs().index("## Queries"):])
    exprs = [line[4:] for line in queries.splitlines() if re.match(r" {4}[^ #]", line)]
    assert len(exprs) == 7, exprs
    rules = "".join(f"  - record: a:b:c\n    labels: {{n: '{i}'}}\n    expr: {expr!r}\n" for i, expr in enumerate(exprs))
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
        f.write(f"groups:\n- name: g\n  rules:\n{rules}")
        f.flush()
        done = promtool("check", "rules", f.name)
    assert done.returncode == 0, done


# ---- node_exporter ----

@contextlib.contextmanager
def node_exporter(directory):
    for port in range(19100, 19200):
        process = subprocess.Popen(
            ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--collector.disable-defaults",
             "--collector.textfile", f"--collector.textfile.directory={directory}"], stderr=subprocess.DEVNULL)
        for _ in range(100):
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/metrics")
                reply = connection.getresponse()
                text = reply.read().decode()
                # Another one may have had the port before.
                if process.poll() is None:
                    yield reply.status, text
                    process.terminate()
                    process.wait(timeout=10)
                    return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        process.kill()
        process.wait(timeout=10)
    raise AssertionError("node_exporter did not start")


def test_node_exporter_takes_the_file():
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([MAKE, "file", f"{directory}/dwell.prom"], check=True, timeout=60)
        assert os.listdir(directory) == ["dwell.prom"]
        umask = os.umask(0)
        os.umask(umask)
        assert os.stat(f"{directory}/dwell.prom").st_mode & 0o777 == 0o644 & ~umask
        with node_exporter(directory) as (status, text):
            assert status == 200 and "\nnode_textfile_scrape_error 0\n" in text, text[-500:]
        theirs = samples_of(parse_text(text))
        ours = {k: v for k, v in samples_of(parse_text(TEXT["full"])).items() if not k[0].startswith("process_")}
        assert len(ours) > 1000

        def le(key):  # which it writes in its own way
            return key[0], tuple((n, str(float(v)) if n == "le" else v) for n, v in key[1])
        theirs = {le(k): v for k, v in theirs.items()}
        assert {le(k) for k in ours} <= set(theirs)
        assert all(theirs[le(k)] == v for k, v in ours.items())


for name, function in list(globals().items()):
    if name.startswith("test_"):
        function()
        print(f"ok {name}")
