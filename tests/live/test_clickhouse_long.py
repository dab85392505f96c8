#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 900
"""A fleet of 50 simulated hosts and a real ClickHouse (Debian's), beside which a current one reads the same files.

Every host has a spool and a `dwell push` of its own. Whatever is killed meanwhile: the sums in the store are those of the
rows that were spooled, to the nanosecond.
"""
import collections
import datetime
import gzip
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

from clickhouse import PASSWORD, ClickHouse
from livetest import (BUILD, ROOT, TIMEOUT, Dwell, case, check, check_equal, main, read, run, scratch, skip,
                      tracing_refused, wait_until)
from receivers import SECOND, Spool

DEPLOY = os.path.join(ROOT, "deploy", "clickhouse")
CURRENT = os.path.join(BUILD, "tests", "readers", "chdb")
HOSTS = 50
MINUTES = 6
STACKS = 120

_server = []


def store():
    """The server, started once, with empty tables."""
    if not _server:
        _server.append(ClickHouse().start())
    server = _server[0]
    if server.server.poll() is not None:  # a case's end ends what was started
        server.start()
    server.query("DROP DATABASE IF EXISTS dwell")
    server.script(os.path.join(DEPLOY, "schema.sql"))
    return server


def ask(server, text):
    return server.query(text).decode()


# ---- a fleet ----

def make_stacks():
    """(group, reason, stack): realistic lengths, and bytes that JSON and TSV write in their own ways."""
    rnd = random.Random(1)
    frames = [f"namespace{i % 17}::Class{i % 29}::method_{i}" for i in range(400)]
    found = []
    for i in range(STACKS):
        group = rnd.choice(("redis-server", "nginx", "postgres", "shop", "it's <a> group"))
        stack = ";".join([group, *rnd.sample(frames, rnd.randint(4, 30)), rnd.choice(("-", "std::vector<int>\\x"))])
        found.append((group, rnd.choice(("lock", "disk", "net", "poll", "preempted")), f"{stack};leaf{i}"))
    return found


STACK_ROWS = make_stacks()


def segment_rows(host, segment, start_ns, rnd):
    """One window of one host, as the ndjson writer writes it."""
    return [{"host": host, "group": group, "reason": reason, "stack": stack, "ns": rnd.randrange(1, 60 * SECOND),
             "count": rnd.randrange(1, 5000), "segment": segment, "start_ns": start_ns, "end_ns": start_ns + 60 * SECOND}
            for group, reason, stack in STACK_ROWS if rnd.random() < 0.8]


def ndjson(rows):
    return "".join(json.dumps(r, separators=(",", ":")).replace("<", "\\u003c") + "\n" for r in rows)


class Fleet:
    """Spools of hosts, and every row that was ever spooled."""

    def __init__(self, name, hosts):
        self.spools = {f"web-{h:03}.example.net": Spool(scratch(f"{name}-{h:03}")) for h in range(hosts)}
        self.rows = []
        self.rnd = random.Random(7)

    def window(self, start_ns):
        for n, (host, spool) in enumerate(self.spools.items()):
            begin_ns = start_ns + n * 1_000_003
            # The id is known only to the spool, and is in each row.
            segment_id = f"{self.rnd.getrandbits(128):032x}"
            rows = segment_rows(host, segment_id, begin_ns, self.rnd)
            self.add(spool, segment_id, begin_ns, ndjson(rows))
            self.rows += rows

    @staticmethod
    def add(spool, segment_id, start_ns, text):
        spool.seq += 1
        data = gzip.compress(text.encode(), mtime=0)
        name = f"{spool.seq:016}-{start_ns}-{start_ns + 60 * SECOND}-{segment_id}.ndjson.gz"
        path = os.path.join(spool.dir(), name)
        with open(path + ".tmp", "wb") as f:
            f.write(data)
        os.rename(path + ".tmp", path)
        spool.sent[segment_id] = data

    def again(self, share):
        """Some segments are spooled once more, as after a kill between their arrival and their removal."""
        for spool in self.spools.values():
            for segment_id, data in list(spool.sent.items()):
                if self.rnd.random() < share:
                    text = gzip.decompress(data).decode()
                    self.add(spool, segment_id, json.loads(text.split("\n", 1)[0])["start_ns"], text)

    def left(self):
        return sum(len(s.ids()) for s in self.spools.values())

    def sums(self, *keys, rows=None):
        found = collections.Counter()
        for r in self.rows if rows is None else rows:
            found[tuple(r[k] for k in keys)] += r["ns"]
        return found


def push_all(fleet, url, kill=False):
    """A process for each host, until all spools are empty; with @kill they die at random moments and come again."""
    running = {}

    def launch(host, spool):
        running[host] = Dwell("push", "--spool", spool.path, "--to", f"clickhouse={url}", "-q")
    for host, spool in fleet.spools.items():
        launch(host, spool)
    kills = 0
    end = time.monotonic() + 300
    while fleet.left():
        check(time.monotonic() < end, f"{fleet.left()} segments are still there")
        if kill and kills < 2 * len(running):
            host = random.choice(list(running))
            running[host].process.kill()
            running[host].process.wait()
            launch(host, fleet.spools[host])
            kills += 1
        time.sleep(0.02)
    for d in running.values():
        os.kill(d.process.pid, signal.SIGTERM)
    for d in running.values():
        # The last ones may not even have begun.
        check(d.wait().status in (0, -signal.SIGTERM), f"exit status {d.process.returncode}")
    return kills


def unescape(text):
    """Of TSV."""
    return re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n"}.get(m[1], m[1]), text)


def table(text, *types):
    return [tuple(t(unescape(v)) for t, v in zip(types, line.split("\t"))) for line in text.splitlines()]


def query(name, day, group=None):
    """A query of deploy/clickhouse, of @day instead of yesterday."""
    text = read(os.path.join(DEPLOY, "queries", name + ".sql"))
    check("yesterday()" in text, f"{name}.sql asks for yesterday")
    text = text.replace("yesterday()", f"toDate('{day}')")
    return text.replace("redis-server", group.replace("'", "\\'")) if group else text


def check_queries(answer_of, fleet, day, days_before):
    """All queries, asked through @answer_of, against sums of our own. @days_before: rows of the day a week before."""
    of_day = fleet.rows[len(days_before):]
    by_stack = fleet.sums("stack", rows=of_day)
    got = table(answer_of(query("fleet", day)), str, int)
    check_equal(dict(got), {k[0]: v for k, v in by_stack.items()}, "fleet.sql")
    check_equal(got, sorted(got, key=lambda r: (-r[1], r[0].encode())), "the order of fleet.sql")
    for group in {r["group"] for r in fleet.rows}:
        got = dict(table(answer_of(query("service", day, group)), str, int))
        check_equal(got, {k[1]: v for k, v in fleet.sums("group", "stack", rows=of_day).items() if k[0] == group},
                    f"service.sql of {group}")
    before = fleet.sums("stack", rows=days_before)
    got = {stack: (a, b) for stack, a, b in table(answer_of(query("diff", day)), str, int, int)}
    check_equal(got, {k[0]: (before[k], by_stack[k]) for k in before | by_stack}, "diff.sql")
    got = dict(table(answer_of(query("growth", day)), str, int))
    check_equal(got, {k[0]: v - before[k] for k, v in by_stack.items() if v > before[k]}, "growth.sql")
    by_host = collections.defaultdict(list)
    for (host, reason), ns in fleet.sums("host", "reason", rows=of_day).items():
        by_host[host].append((ns, reason))
    got = [r[:3] for r in table(answer_of(query("reasons", day)), str, str, int, int)]
    check_equal(got, [(host, reason, ns) for host in sorted(by_host) for ns, reason in sorted(by_host[host])[:-4:-1]],
                "reasons.sql")


def check_totals(server, fleet):
    """To the nanosecond, by every column of the key."""
    keys = ("host", "group", "reason", "start_ns")
    got = table(ask(server, "SELECT host, `group`, reason, toUnixTimestamp(start_time), sum(ns), sum(count), count() "
                              "FROM dwell.stacks FINAL GROUP BY host, `group`, reason, start_time"),
                str, str, str, int, int, int, int)
    expected = collections.defaultdict(lambda: [0, 0, 0])
    for r in fleet.rows:
        sums = expected[(*(r[k] for k in keys[:-1]), r["start_ns"] // SECOND)]
        for i, value in enumerate((r["ns"], r["count"], 1)):
            sums[i] += value
    check_equal({r[:4]: list(r[4:]) for r in got}, dict(expected), "sums in the store")


TODAY = datetime.datetime.now(datetime.timezone.utc).date()
YESTERDAY = TODAY - datetime.timedelta(1)


def noon_ns(day):
    return int(datetime.datetime(day.year, day.month, day.day, 12, tzinfo=datetime.timezone.utc).timestamp()) * SECOND


@case
def fifty_hosts():
    server = store()
    fleet = Fleet("fleet", HOSTS)
    week_before = YESTERDAY - datetime.timedelta(7)
    fleet.window(noon_ns(week_before))
    days_before = list(fleet.rows)
    for minute in range(MINUTES):
        fleet.window(noon_ns(YESTERDAY) + minute * 60 * SECOND)
    kills = push_all(fleet, server.url, kill=True)
    before = sum(s.status()["sent"] for s in fleet.spools.values())
    fleet.again(0.3)
    push_all(fleet, server.url)
    twice = sum(s.status()["sent"] for s in fleet.spools.values()) - before
    check(twice > 50, f"only {twice} segments were sent twice")
    stored = int(ask(server, "SELECT count() FROM dwell.stacks"))
    collapsed = int(ask(server, "SELECT count() FROM dwell.stacks FINAL"))
    check_equal(collapsed, len(fleet.rows), "rows after the collapse")
    check_totals(server, fleet)
    check_queries(lambda q: ask(server, q), fleet, YESTERDAY, days_before)
    for name in ("stacks", "texts"):
        for day in (YESTERDAY, week_before):
            ask(server, f"OPTIMIZE TABLE dwell.{name} PARTITION '{day}' FINAL")
    check_equal(int(ask(server, "SELECT count() FROM dwell.stacks")), collapsed, "rows on the disk in the end")
    check_totals(server, fleet)
    sizes = table(ask(server, "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts WHERE database = 'dwell' "
                                "AND active GROUP BY table ORDER BY table"), str, int, int)
    sent = [len(d) for s in fleet.spools.values() for d in s.sent.values()]
    print(f"      {HOSTS} hosts, {len(sent)} segments of {sum(sent) // len(sent)} bytes, {len(fleet.rows)} rows, {kills} "
          f"kills, {twice} segments sent twice; {stored} rows before the collapse; on the disk {sizes}")
    report_draws(server, fleet, days_before)
    drop_old_days(server, week_before)
    current_clickhouse(fleet, days_before)


def report_draws(server, fleet, days_before):
    """clickhouse-client -q ... | dwell report -, and the diff of two days."""
    paths = scratch("before.tsv"), scratch("after.tsv")
    for path, day in zip(paths, (YESTERDAY - datetime.timedelta(7), YESTERDAY)):
        with open(path, "w") as f:
            f.write(ask(server, query("fleet", day)))
    drawn = run("diff", *paths, "-o", scratch("diff.html"))
    check_equal(drawn.status, 0, f"dwell diff: {drawn.err}")
    check("leaf0" in read(scratch("diff.html")), "a frame in the diff of two days")
    with open(paths[1]) as f:
        result = run("report", "-f", "-", stdin=f).ok()
    total_us = sum(int(line.rpartition(" ")[2]) for line in result.out.splitlines())
    expected = sum(r["ns"] for r in fleet.rows[len(days_before):])
    check(abs(total_us - expected // 1000) <= len(STACK_ROWS), f"{total_us} us of {expected} ns")
    print(f"      dwell report draws {total_us} us of {expected} ns")


def drop_old_days(server, old_day):
    before = int(ask(server, "SELECT count() FROM dwell.stacks"))
    old = int(ask(server, f"SELECT count() FROM dwell.stacks WHERE day = '{old_day}'"))
    done = subprocess.run([os.path.join(DEPLOY, "drop-old-days"), "5", *server.client_options()],
                          capture_output=True, text=True, timeout=TIMEOUT, check=False)
    check_equal((done.returncode, done.stderr), (0, ""), "drop-old-days")
    check_equal(done.stdout.splitlines(), [f"dropped {old_day} of dwell.{t}" for t in ("stacks", "texts")], "what it says")
    check_equal(int(ask(server, "SELECT count() FROM dwell.stacks")), before - old, "rows left")
    check(old > 0 and before > old, "rows of both days")


def statements(path):
    text = re.sub(r"^--.*$", "", read(path), flags=re.M)
    return [s.strip() for s in text.split(";\n") if s.strip()]


def current_clickhouse(fleet, days_before):
    """The same files in a current one: tables, TTL, rows (some twice), queries."""
    library = os.path.join(CURRENT, "node_modules", "chdb")
    if not shutil.which("npm") or not shutil.which("node"):
        print("      SKIPPED: no npm for a current ClickHouse")
        return
    if not os.path.exists(os.path.join(library, "package.json")):
        os.makedirs(CURRENT, exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", CURRENT, "chdb@3.4.0"],
                              capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            print(f"      SKIPPED: npm can't install chdb: {done.stderr.strip().splitlines()[-1:]}")
            return
    inserts = ["INSERT INTO dwell.incoming FORMAT JSONEachRow " + ndjson(fleet.rows[i:i + 5000])
               for i in range(0, len(fleet.rows), 5000)]
    setup = [*statements(os.path.join(DEPLOY, "schema.sql")), *statements(os.path.join(DEPLOY, "ttl.sql")), *inserts,
             *inserts[:3]]
    asked = []
    check_queries(lambda q: asked.append(q) or "", Nothing(fleet), YESTERDAY, days_before)
    done = subprocess.run(["node", os.path.join(ROOT, "tests", "live", "clickhouse_current.js"), library,
                           scratch("chdb")], input=json.dumps(["SELECT version()", *setup, *asked]), capture_output=True,
                          text=True, timeout=300, check=False)
    check_equal(done.returncode, 0, f"chdb: {done.stderr[-2000:]}")
    answers = json.loads(done.stdout)
    said = dict(zip(asked, answers[-len(asked):]))
    check_queries(said.__getitem__, fleet, YESTERDAY, days_before)
    print(f"      the same from ClickHouse {answers[0].strip()}")


@case
def the_server_dies():
    """kill -9 of ClickHouse in the middle: what it took stays, the rest comes when it is back."""
    server = store()
    fleet = Fleet("dying", 8)
    for minute in range(12):
        fleet.window(noon_ns(YESTERDAY) + minute * 60 * SECOND)
    running = [Dwell("push", "--spool", s.path, "--to", f"clickhouse={server.url}", "--max-rate", "40k")
               for s in fleet.spools.values()]
    all_of_it = fleet.left()
    wait_until(lambda: fleet.left() < all_of_it * 2 // 3, "a third is sent")
    server.kill()
    check(fleet.left() > 0, "something is left when it dies")
    time.sleep(1)
    server.start()
    wait_until(lambda: fleet.left() == 0, "all is sent", timeout=120)
    for d in running:
        os.kill(d.process.pid, signal.SIGTERM)
        result = d.wait()
        check_equal(result.status, 0, "exit status")
        check(len(result.err.splitlines()) <= 4, f"lines: {result.err}")
    check_totals(server, fleet)


@case
def what_it_refuses():
    """Rights and tables stop the sender, without loss; a segment that it can't read goes aside."""
    server = store()
    fleet = Fleet("refusing", 1)
    fleet.window(noon_ns(YESTERDAY))
    spool, = fleet.spools.values()
    headers = scratch("headers")
    with open(headers, "w") as f:
        f.write("X-ClickHouse-User: dwell\nX-ClickHouse-Key: wrong-one\n")
    with Dwell("push", "--spool", spool.path, "--to", f"clickhouse={server.url}", "--header-file", headers) as d:
        wait_until(lambda: "STOPPED" in read(d.err_path), "a wrong password stops it")
        check("wrong-one" not in read(d.err_path), read(d.err_path))
        with open(headers, "w") as f:
            f.write(f"X-ClickHouse-User: dwell\nX-ClickHouse-Key: {PASSWORD}\n")
        ask(server, "RENAME TABLE dwell.incoming TO dwell.elsewhere")
        os.kill(d.process.pid, signal.SIGHUP)
        wait_until(lambda: spool.status()["requests"] == 2, "the second try")
        check_equal((spool.status()["state"], len(spool.ids())), ("halted", 1), "without the table")
        ask(server, "RENAME TABLE dwell.elsewhere TO dwell.incoming")
        bad = spool.add(content='{"host":"x","ns":"not a number"}\n')
        newer = spool.add(content='{"host":"later","ns":5,"a_column_of_the_future":1}\n')
        os.kill(d.process.pid, signal.SIGHUP)
        wait_until(lambda: not spool.ids(), "all is decided")
        os.kill(d.process.pid, signal.SIGTERM)
        d.wait()
    check_equal(spool.ids(below="rejected"), [bad], "rejected/")
    check_equal(ask(server, "SELECT sum(ns) FROM dwell.stacks WHERE host = 'later'").strip(), "5", f"of {newer}")
    check_equal(int(ask(server, "SELECT sum(ns) FROM dwell.stacks FINAL WHERE host != 'later'")),
                sum(r["ns"] for r in fleet.rows), "the sum")


@case
def rows_of_the_writer():
    """What `dwell offcpu --format ndjson` writes is what the tables take."""
    why = tracing_refused()
    if why:
        skip(why)
    if "ndjson" not in run("offcpu", "--help").out:
        skip("this dwell writes no ndjson")
    server = store()
    path = scratch("rows.ndjson")
    run("offcpu", "--format", "ndjson", "-o", path, "-q", "--", "sh", "-c", "sleep 0.2; ls / >/dev/null; sleep 0.1").ok()
    rows = [json.loads(line) for line in read(path).splitlines()]
    spool = Spool(scratch("writer"))
    spool.add(content=read(path))
    run("push", "--once", "--spool", spool.path, "--to", f"clickhouse={server.url}").ok()
    got = ask(server, "SELECT sum(ns), sum(count), count() FROM dwell.stacks FINAL").split()
    check_equal(list(map(int, got)), [sum(r["ns"] for r in rows), sum(r["count"] for r in rows), len(rows)], "sums")
    check(len(rows) > 3, f"only {len(rows)} rows")


class Nothing:
    """A fleet whose sums are empty: to see what is asked."""

    def __init__(self, fleet):
        self.rows = fleet.rows

    def sums(self, *_keys, rows=None):
        del rows
        return collections.Counter()


main(needs_tracing=False)
