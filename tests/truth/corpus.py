# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The programs that are judged: how each is started, driven into many different stacks, and ended.

All of them are the distribution's, or built here with its compilers and without frame pointers. Servers live in
the test's scratch directory and on unix sockets or the loopback.
"""
import atexit
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from common import HERE, children_of, read, scratch, start, wait_until

WORK = os.path.join(HERE, "work")
PYTHON = "/usr/bin/python3"  # another one may be first in PATH


class Program:
    """One program. `least` snapshots are taken in any case, so that each way of driving it has its turn."""

    name = None
    needs = ()
    least = 3

    def __init__(self):
        self.mine = []  # every process started here, as Popen
        self.roots = []  # those that are judged, with their descendants
        self.load = None

    def why_not(self):
        """Why it can't be judged here, or None."""
        for command in self.needs:
            if not shutil.which(command):
                return f"no {command}"
        return None

    def run(self, command, **options):
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.DEVNULL)
        child = start([str(c) for c in command], **options)
        self.mine.append(child)
        return child

    def judge(self, child):
        """The process will be looked at."""
        self.roots.append(child)
        return child

    def pids(self):
        return [c.pid for c in self.roots if c.poll() is None]

    def drive(self, command, **options):
        """Starts the load, instead of the last one."""
        self.rest()
        self.load = self.run(command, **options)

    def rest(self):
        if self.load and self.load.poll() is None:
            self.load.kill()
            self.load.wait()
        self.load = None

    def start(self):
        """Up to the moment when it does what it does."""

    def stir(self, turn):
        """Before each snapshot: makes it do something else."""

    def stop(self):
        """Ends everything that was started, descendants included."""
        self.rest()
        below = [pid for child in self.mine if child.poll() is None for pid in descendants(child.pid)]
        for child in reversed(self.mine):
            if child.poll() is None:
                child.kill()
                child.wait()
        for pid, started in below:
            kill_if_same(pid, started)


def start_time(pid):
    """Tells a process from a later one with its pid."""
    try:
        return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def descendants(pid):
    """[(pid, start time)]"""
    found = []
    for child in children_of(pid):
        found += [(child, start_time(child))] + descendants(child)
    return found


def kill_if_same(pid, started):
    if started and start_time(pid) == started:
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            pass


def build(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stderr[-1000:]}")


def wait_ready(child):
    """Until it says so."""
    line = child.stdout.readline()
    if line != b"ready\n":
        raise AssertionError(f"{child.args} said {line!r}")


class Workload(Program):
    """One of tests/truth/work/: says "ready", then its threads do their work until its standard input ends."""

    def command(self):
        raise NotImplementedError

    def start(self):
        child = self.judge(self.run(self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    cwd=scratch()))
        wait_ready(child)


class Cpp(Workload):
    name = "C++"
    needs = ("g++",)
    least = 6

    def command(self):
        # Where a compiler takes too long it was made before (tests/vm/test_truth.py).
        return [os.environ.get("TRUTH_WAITS_CC") or self.make(scratch("waits_cc"))]

    @staticmethod
    def make(path):
        build(["g++", "-std=c++20", "-O2", "-pthread", os.path.join(WORK, "waits.cc"), "-o", path])
        return path


class Python(Workload):
    name = "python3"
    needs = (PYTHON,)
    least = 6

    def command(self):
        return [PYTHON, os.path.join(WORK, "waits.py")]


class Redis(Program):
    name = "redis-server"
    needs = ("redis-server", "redis-cli", "redis-benchmark")
    least = 14
    LUA = "local s = 0 for i = 1, 400000 do s = s + #tostring(i) end return s"

    def start(self):
        self.socket = scratch("redis.sock")
        self.judge(self.run(["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir",
                             scratch(), "--appendonly", "yes", "--appendfsync", "everysec", "--io-threads", "3",
                             "--enable-debug-command", "yes", "--daemonize", "no"]))
        wait_until(lambda: self.cli("ping") == b"PONG\n", "redis answers")
        self.cli("debug", "populate", "50000", "key", "100")
        for i in range(3):
            self.cli("eval", "for i = 1, 20000 do "
                             f"redis.call('zadd', 'z{i}', i, i) redis.call('rpush', 'l{i}', i) "
                             f"redis.call('hset', 'h{i}', i, i) redis.call('sadd', 's{i}', i) end", "0")

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], capture_output=True, check=False,
                              timeout=60).stdout

    def again(self, *words):
        """The same command over and over, from a client of its own."""
        self.drive(["redis-cli", "-s", self.socket, "-r", "100000000", *words])

    def benchmark(self, tests, *more):
        self.drive(["redis-benchmark", "-s", self.socket, "-t", tests, "-n", "100000000", "-q", *more])

    def stir(self, turn):
        turns = [
            self.rest,
            lambda: self.benchmark("set"),
            lambda: self.again("eval", self.LUA, "0"),
            lambda: (self.rest(), self.cli("bgsave")),
            lambda: self.again("debug", "sleep", "3"),
            lambda: self.again("sort", "l0", "by", "nosort", "get", "#"),
            lambda: self.again("zunionstore", "out", "3", "z0", "z1", "z2"),
            lambda: self.benchmark("get,lrange_600,mset", "-P", "16"),
            lambda: self.again("keys", "*7*"),
            lambda: self.again("save"),
            lambda: self.again("sunionstore", "out", "s0", "s1", "s2"),
            lambda: (self.rest(), self.cli("bgrewriteaof")),
            lambda: self.again("debug", "reload"),
            lambda: self.benchmark("zadd,zpopmin,hset,incr,lpush,spop", "-r", "100000"),
            lambda: self.again("sort", "l1", "alpha", "limit", "0", "10"),
        ]
        turns[turn % len(turns)]()


class Nginx(Program):
    name = "nginx"
    needs = ("/usr/sbin/nginx", "openssl", PYTHON)
    least = 16
    CONF = """
daemon off; worker_processes 4; user {user}; pid {dir}/nginx.pid; error_log {dir}/error.log;
thread_pool default threads=3;
events {{ worker_connections 256; }}
http {{
    access_log {dir}/access.log; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    proxy_cache_path {dir}/cache keys_zone=cache:1m;
    client_max_body_size 10m; client_body_buffer_size 8k; keepalive_requests 1000000;
    ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
    server {{
        listen unix:{dir}/http.sock; listen unix:{dir}/tls.sock ssl; root {dir}/www;
        location /plain/ {{ alias {dir}/www/; sendfile on; }}
        location /read/ {{ alias {dir}/www/; sendfile off; output_buffers 2 16k; }}
        location /threads/ {{ alias {dir}/www/; aio threads; sendfile on; directio 4k; }}
        location /gzip/ {{ alias {dir}/www/; gzip on; gzip_comp_level 9; gzip_types *; }}
        location /sub/ {{ alias {dir}/www/; sub_filter 'aa' 'bbb'; sub_filter_once off; sub_filter_types *; }}
        location /dir/ {{ alias /usr/bin/; autoindex on; }}
        location /proxy/ {{ proxy_pass http://unix:{dir}/http.sock:/read/; }}
        location /cached/ {{ proxy_pass http://unix:{dir}/http.sock:/read/; proxy_cache cache;
                            proxy_cache_key $request_uri$msec; proxy_cache_valid any 1s; }}
        location /secret/ {{ alias {dir}/www/; auth_basic x; auth_basic_user_file {dir}/users; }}
        location /ssi/ {{ alias {dir}/www/; ssi on; }}
        location /upload {{ proxy_pass http://unix:{dir}/http.sock:/none; }}
        location ~ ^/match/((a|b)+)*c$ {{ return 200; }}
    }}
}}
"""

    def start(self):
        self.dir = scratch("nginx")
        os.makedirs(os.path.join(self.dir, "www"))
        self.write("www/big", "The quick brown fox, aaaa. " * 40000)
        self.write("www/small", "text")
        self.write("www/page.shtml", '<!--#include virtual="/plain/small" -->' * 200)
        password = subprocess.run(["openssl", "passwd", "-6", "p"], capture_output=True, text=True,
                                  check=True).stdout
        self.write("users", f"u:{password}")
        build(["openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-subj", "/CN=localhost", "-batch",
               "-keyout", f"{self.dir}/key.pem", "-out", f"{self.dir}/cert.pem"])
        user = pwd.getpwuid(os.geteuid()).pw_name
        self.write("nginx.conf", self.CONF.format(dir=self.dir, user=user))
        self.judge(self.run(["/usr/sbin/nginx", "-e", f"{self.dir}/error.log", "-c", f"{self.dir}/nginx.conf"]))
        wait_until(lambda: len(children_of(self.roots[0].pid)) >= 5, "nginx has its workers")

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def ask(self, clients, *paths):
        kind = "tls" if "--tls" in paths else "http"
        self.drive([PYTHON, os.path.join(WORK, "http_load.py"), f"{self.dir}/{kind}.sock", clients, *paths])

    def stir(self, turn):
        turns = [
            self.rest,
            lambda: self.ask(12, "/plain/small"),
            lambda: self.ask(12, "/gzip/big"),
            lambda: self.ask(12, "--tls", "/plain/small"),
            lambda: self.ask(12, "/threads/big"),
            lambda: self.ask(12, "/proxy/big"),
            lambda: self.ask(12, "/sub/big"),
            lambda: self.ask(12, "/dir/"),
            lambda: self.ask(12, "/secret/small"),
            lambda: self.ask(12, "/ssi/page.shtml"),
            lambda: self.ask(12, "POST /upload"),
            lambda: self.ask(12, "/match/" + "ab" * 12 + "d"),
            lambda: self.ask(12, "/read/big"),
            lambda: self.ask(12, "/cached/big"),
            lambda: self.ask(12, "--tls", "--slow", "/plain/big"),
            lambda: self.ask(24, "/none", "/plain/small", "/dir/", "/gzip/small"),
        ]
        turns[turn % len(turns)]()


class Postgres(Program):
    name = "postgres"
    needs = ("psql",)
    least = 6
    OPTIONS = ("fsync=off", "listen_addresses=", "max_connections=60", "autovacuum_naptime=20s",
               "archive_mode=on", "archive_command=sleep 1000", "wal_level=logical", "logging_collector=on",
               "dynamic_shared_memory_type=mmap", "max_parallel_workers_per_gather=2", "min_parallel_table_scan_size=0", "parallel_setup_cost=0",
               "parallel_tuple_cost=0", "jit=off")
    SETUP = """
create table t(id int primary key, v text, j jsonb);
insert into t select i, repeat(md5(i::text), 4), jsonb_build_object('k', i) from generate_series(1, 20000) i;
create table u(id int);
create function nested() returns int language plpgsql as
    $$ begin return (select count(pg_sleep(1000)) from t where id < 3); end $$;
create function on_insert() returns trigger language plpgsql as
    $$ begin perform pg_sleep(1000); return new; end $$;
create trigger slow before insert on u for each row execute function on_insert();
create function recurse(n int) returns int language plpgsql as
    $$ begin if n = 0 then perform pg_sleep(1000); return 0; end if; return recurse(n - 1) + 1; end $$;
"""
    # Sessions that wait where the statement says.
    WAITS = (
        "select pg_sleep(1000)", "begin; lock table u in share mode; select pg_sleep(1000)",
        "update t set v = '' where id = 1; select pg_sleep(1000)", "update t set v = 'x' where id = 1",
        "lock table u", "select pg_advisory_lock(1), pg_sleep(1000)", "select pg_advisory_lock(1)",
        "select nested()", "insert into u values (1)", "select recurse(12)",
        "copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout",
        "copy t from stdin", "listen x", "begin; select 1",
        "copy (select pg_sleep(1000)) to program 'cat'", "copy u from program 'sleep 1000'",
        "select count(pg_sleep(0.01)) from t",
        "do $$ begin perform 1/0; exception when others then perform pg_sleep(1000); end $$",
    )
    # What works, two at a time.
    LOADS = (
        "select count(*) from (select v from t order by md5(v)) x", "select count(*) from t a join t b using (v)",
        "select sum(id) over (order by v), rank() over (order by md5(v)) from t offset 19999",
        "select count(*) from t where v ~ '(a|b)+(c|d)*[0-9]+e'", "create index on t(md5(v)); rollback",
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 200000) select max(n) from r",
        "select jsonb_agg(j || '{\"a\": [1, 2]}') from t", "vacuum full t",
        "insert into t select id + 100000 from t; delete from t where id > 100000", "select sum(ln(id)::numeric ^ 3) from t",
        "select to_tsvector('english', string_agg(v, ' ')) from t where id < 2000", "analyze t",
        "set jit = on; set jit_above_cost = 0; select sum(id * 2 + 1), max(length(v)) from t where id % 3 = 1",
    )

    @staticmethod
    def bin():
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
        return os.path.dirname(found[-1]) if found else None

    def why_not(self):
        if not self.bin():
            return "no postgres"
        return super().why_not()

    def start(self):
        # It refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.dir = tempfile.mkdtemp(prefix="dwell-truth-")
        atexit.register(shutil.rmtree, self.dir, ignore_errors=True)
        if os.geteuid() == 0:
            shutil.chown(self.dir, self.user)
        who = {"user": self.user} if os.geteuid() == 0 else {}
        data = os.path.join(self.dir, "data")
        subprocess.run([f"{self.bin()}/initdb", "-D", data, "-A", "trust", "-U", "truth", "-N", "-E", "UTF8",
                        "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd=self.dir, timeout=60, **who)
        options = [word for o in self.OPTIONS for word in ("-c", o)]
        server = [f"{self.bin()}/postgres", "-D", data, "-k", self.dir, *options]
        self.judge(self.run(server, cwd=self.dir, **who))
        wait_until(lambda: self.psql(["-c", "select 1"]).wait() == 0, "postgres answers", step=0.2)
        if self.psql(["-v", "ON_ERROR_STOP=1", "-c", self.SETUP]).wait(60):
            raise AssertionError("postgres refuses the setup")
        for sql in self.WAITS:
            # With standard input and output left open and unread, clients wait and servers with them.
            child = self.psql([], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            child.stdin.write(sql.encode() + b";\n")
            child.stdin.flush()
        wait_until(lambda: len(children_of(self.roots[0].pid)) >= len(self.WAITS), "postgres serves all")
        self.loads = []

    def stop(self):
        # So that it takes its shared memory along.
        self.roots[0].send_signal(signal.SIGQUIT)
        try:
            self.roots[0].wait(10)
        except subprocess.TimeoutExpired:
            pass
        super().stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def psql(self, words, **options):
        command = ["psql", "-X", "-q", "-h", self.dir, "-U", "truth", "-d", "postgres", *words]
        return self.run(command, env=dict(os.environ, PGOPTIONS=options.pop("pgoptions", "")), **options)

    def stir(self, turn):
        for child in self.loads:
            child.kill()
            child.wait()
        if turn == 0:
            return
        self.loads = []
        for i in (2 * turn, 2 * turn + 1):
            child = self.psql([], stdin=subprocess.PIPE, pgoptions="-c statement_timeout=3000")
            child.stdin.write(f"{self.LOADS[i % len(self.LOADS)]} \\watch 0.001\n".encode())
            child.stdin.flush()
            self.loads.append(child)
        time.sleep(0.2)


class Rust(Workload):
    name = "Rust"
    least = 6

    @staticmethod
    def rustc():
        # The distribution's, if there is one.
        return "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else shutil.which("rustc")

    def why_not(self):
        return None if self.rustc() else "no rustc"

    def command(self):
        path = scratch("waits_rs")
        build([self.rustc(), "-O", "--edition", "2021", os.path.join(WORK, "waits.rs"), "-o", path])
        return [path]


class Perl(Workload):
    name = "perl"
    needs = ("/usr/bin/perl",)
    least = 6

    def command(self):
        return ["/usr/bin/perl", os.path.join(WORK, "waits.pl")]


class Sqlite(Program):
    name = "sqlite3"
    needs = ("sqlite3",)
    least = 6
    SETUP = """
pragma journal_mode = {mode};
create table t(id integer primary key, v text);
with recursive r(n) as (select 1 union all select n + 1 from r where n < 20000)
    insert into t select n, hex(randomblob(40)) from r;
"""
    # Each a process: what it waits for, or what it does again and again, in its own database.
    WAITS = (
        "select 1;", ".shell sleep 1000", ".open {dir}/locked\nbegin exclusive;\n.shell sleep 1000",
        ".open {dir}/locked\n.timeout 1000000\nselect count(*) from sqlite_schema;", ".read {dir}/fifo",
        "select readfile('{dir}/fifo');", ".import {dir}/fifo t", ".output {dir}/fifo",
        "select hex(zeroblob(1000000)) from t;",
    )
    LOADS = (
        "select count(*) from t a join t b on a.v > b.v where a.id < 300;",
        "select group_concat(v, '') from (select v from t order by substr(v, 9)) where v like '%7%A%';",
        "create index i on t(v, id); drop index i;", "update t set v = hex(randomblob(40));",
        "vacuum;", "pragma integrity_check;",
        "with recursive r(n, s) as (select 1, '' union all select n + 1, substr(s || n, 1, 99) from r "
        "where n < 50000) select max(s) from r;",
        "select json_group_array(json_object('k', id, 'v', json_array(v, id))) from t;",
        "select sum(id) over (partition by id % 7 order by v) from t; select printf('%.9f|%s', id / 7.0, v) from t;",
        "create virtual table f using fts5(v); insert into f select v from t; select count(*) from f "
        "where f match 'a* or b*'; drop table f;",
    )

    def start(self):
        self.dir = scratch("sqlite")
        os.mkdir(self.dir)
        os.mkfifo(f"{self.dir}/fifo")
        for i, text in enumerate(self.WAITS):
            # Its output is never read.
            self.shell(i, text.replace("\\n", "\n").format(dir=self.dir), stdout=subprocess.PIPE)
            time.sleep(0.1 if "locked" in text else 0)
        for i, text in enumerate(self.LOADS):
            self.shell(100 + i, f"{text}\n" * 5000)

    def shell(self, i, text, **options):
        """Reads its commands from a file, then waits for more."""
        setup = self.SETUP.format(mode="wal" if i % 2 else "delete")
        script = f"{self.dir}/script{i}"
        with open(script, "w") as f:
            f.write(f"{setup}{text}\n")
        return self.judge(self.run(["sqlite3", "-batch", "-init", script, f"{self.dir}/db{i}"],
                                   stdin=subprocess.PIPE, **options))


class Java(Workload):
    name = "java"
    needs = ("javac", "java")
    least = 8

    def command(self):
        out, fifo = scratch("java"), scratch("java.fifo")
        build(["javac", "-d", out, os.path.join(WORK, "Waits.java")])
        os.mkfifo(fifo)
        return ["java", "-Xmx128m", "-Xlog:disable", "-XX:ParallelGCThreads=2", "-cp", out, "Waits", fifo]


class Node(Workload):
    name = "node"
    needs = ("node",)
    least = 14

    def command(self):
        fifo = scratch("node.fifo")
        os.mkfifo(fifo)
        os.environ["TRUTH_FIFO"] = fifo
        return ["node", os.path.join(WORK, "waits.js"), fifo]

    def stir(self, turn):
        names = ("rest pool sync_deflate keys json garbage compile files child atomics scrypt regex sort "
                 "pbkdf2").split()
        self.roots[0].stdin.write(names[turn % len(names)].encode() + b"\n")
        self.roots[0].stdin.flush()


PROGRAMS = (Redis, Nginx, Postgres, Python, Cpp, Rust, Perl, Sqlite, Java, Node)
