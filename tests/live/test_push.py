#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""dwell push, with receivers that fail in all the ways that receivers do: nothing is lost, little comes twice."""
import email.utils
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

from livetest import (DWELL, Dwell, case, check, check_equal, check_one_line, long_case, main, read, run, scratch, skip,
                      wait_until)
from receivers import OK, Receiver, Spool, answer

numbers = iter(range(1000))


def spool(*targets):
    return Spool(scratch(f"spool{next(numbers)}"), *targets)


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def push(s, url, *options, target="clickhouse", **more):
    return Dwell("push", "--spool", s.path, "--to", f"{target}={url}", *options, **more)


def push_once(s, url, *options, target="clickhouse", **more):
    return run("push", "--once", "--spool", s.path, "--to", f"{target}={url}", *options, **more)


def end(d, signal_number=signal.SIGTERM):
    os.kill(d.process.pid, signal_number)
    return d.wait()


def wait_empty(s, target="clickhouse"):
    wait_until(lambda: not s.ids(target), f"all of {target} is sent")


# ---- what is sent ----

@case
def oldest_first_as_they_are():
    s = spool()
    ids = [s.add() for _ in range(30)]
    with Receiver() as r:
        result = push_once(s, r.url + "/?user=me").ok()
        check_equal(r.ids(), ids, "ids in order")
        for request in r.seen():
            check_equal(request.body, s.sent[request.id], "bytes of the segment")
            check_equal(request.headers["content-encoding"], "gzip", "Content-Encoding")
            check_equal(request.query, {"user": "me", "query": "INSERT INTO dwell.incoming FORMAT JSONEachRow",
                                        "input_format_skip_unknown_fields": "1", "wait_end_of_query": "1"}, "query")
            check(request.headers["user-agent"].startswith("dwell/"), f"{request.headers}")
            check("expect" not in request.headers, "Expect")
    check_equal(s.ids(), [], "segments left")
    status = s.status()
    check_equal((status["requests"], status["sent"], status["rejected"]), (30, 30, 0), "status")
    check_equal(status["sent_bytes"], sum(map(len, s.sent.values())), "sent_bytes")
    check(abs(status["last_success_ns"] - time.time_ns()) < 60 * 10 ** 9, f"last_success_ns {status}")
    check_equal(result.out, "", "stdout")


@case
def a_query_of_the_users_own():
    s = spool()
    s.add()
    with Receiver() as r:
        push_once(s, r.url + "/?query=INSERT%20INTO%20a.b%20FORMAT%20JSONEachRow").ok()
        check_equal(r.seen()[0].query["query"], "INSERT INTO a.b FORMAT JSONEachRow", "query")


@case
def pyroscope_gets_profiles():
    s = spool("pyroscope")
    ids = [s.add("pyroscope", os.urandom(size)) for size in (0, 1, 2, 3, 1000, 100000)]
    with Receiver() as r:
        push_once(s, r.url + "/", "--tenant", "team-a", "--label", 'region=eu "west"', "--label",
                  "service_name=shop", target="pyroscope").ok()
        check_equal(r.ids(), ids, "ids")
        for request in r.seen():
            check_equal(request.path, "/push.v1.PusherService/Push", "path")
            check_equal(request.headers["x-scope-orgid"], "team-a", "tenant")
            check_equal(request.headers["content-type"], "application/json", "Content-Type")
            labels, uuid, data = request.profile()
            check_equal(labels, {"__name__": "block", "service_name": "shop", "region": 'eu "west"',
                                 "instance": os.uname().nodename}, "labels")
            check_equal(uuid.replace("-", ""), request.id, "ID")
            check_equal([len(p) for p in uuid.split("-")], [8, 4, 4, 4, 12], "ID")
            check_equal(data, s.sent[request.id], "profile")


@case
def unfinished_and_foreign_files_stay():
    s = spool()
    for name in ("0000000000000001-1-2-00000000000000000000000000000001.ndjson.gz.tmp", "notes.txt", "seq"):
        with open(os.path.join(s.dir(), name), "w") as f:
            f.write("x")
    s.add()
    with Receiver() as r:
        push_once(s, r.url).ok()
        check_equal(len(r.seen()), 1, "requests")
    check({"notes.txt", "seq"} <= set(os.listdir(s.dir())), "foreign files")


@case
def damaged_segments_are_put_aside():
    s = spool()
    first, bad, last = s.add(), s.add(content=b"no gzip", bad=True), s.add()
    with Receiver() as r:
        push_once(s, r.url).ok()
        check_equal(r.ids(), [first, last], "ids")
    check_equal(s.ids(below="corrupt"), [bad], "corrupt/")


# ---- classes of answers ----

CLICKHOUSE_PARSE = "Code: 27, e.displayText() = DB::Exception: Cannot parse input, e.what() = DB::Exception"


@case
def refused_for_good():
    for status, body in ((400, ""), (413, "too large"), (415, ""), (422, ""), (499, ""), (500, CLICKHOUSE_PARSE),
                         (200, CLICKHOUSE_PARSE), (400, "Code: 117. DB::Exception: x")):
        s = spool()
        bad, good = s.add(), s.add()
        with Receiver(lambda q: answer(status, body) if q.id == bad else OK) as r:
            result = push_once(s, r.url)
            check_equal(result.status, 1, f"{status}: exit status")
            check_one_line(result.err, f"{status}: stderr", f"HTTP {status}", "rejected/", "1 segment refused")
            check_equal(r.ids()[-1], good, f"{status}: the other one arrives")
            check_equal(len(r.seen()), 2, f"{status}: requests")
        check_equal((s.ids(), s.ids(below="rejected")), ([], [bad]), f"{status}: where they are")
        status_file = s.status()
        check_equal((status_file["rejected"], status_file["failures_http_4xx"] + status_file["failures_http_5xx"]),
                    (1, 1), f"{status}: counted")


@case
def tried_again():
    """And the oldest is still the first."""
    for status, cause in ((408, "http_4xx"), (425, "http_4xx"), (429, "http_4xx"), (500, "http_5xx"), (501, "http_5xx"),
                          (502, "http_5xx"), (503, "http_5xx"), (504, "http_5xx"), (599, "http_5xx")):
        s = spool()
        ids = [s.add() for _ in range(3)]
        with Receiver(lambda q: answer(status) if len(r.seen()) == 1 else OK) as r:
            with push(s, r.url) as d:
                wait_empty(s)
                check_equal(end(d).status, 0, f"{status}: exit status")
            check_equal([q.id for q in r.seen()], [ids[0], *ids], f"{status}: requests")
        found = s.status()
        check_equal((found["requests"], found["failures_" + cause], found["sent"]), (4, 1, 3), f"{status}: {found}")
        check("trying again" in read(d.err_path) and "works again" in read(d.err_path), read(d.err_path))


@case
def clickhouse_exceptions_that_pass():
    for code in (241, 252, 202, 99999):
        s = spool()
        s.add()
        text = f"Code: {code}. DB::Exception: whatever"
        with Receiver(lambda q: answer(500, text, X_ClickHouse_Exception_Code=code) if len(r.seen()) == 1 else OK) as r:
            with push(s, r.url) as d:
                wait_empty(s)
                end(d)
            check_equal(len(r.seen()), 2, f"requests with exception {code}")


@long_case
def halted_until_somebody_acts():
    """No data is thrown away for a mistyped address, a missing table, or a password."""
    halting = [(status, "") for status in (301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 410, 421)]
    halting += [(404, "Code: 60, e.displayText() = DB::Exception: Table dwell.incoming doesn't exist."),
                (500, "Code: 516. DB::Exception: Authentication failed"), (500, "Code: 16. DB::Exception: no column")]
    for status, body in halting:
        s = spool()
        ids = [s.add() for _ in range(2)]
        with Receiver() as elsewhere, \
                Receiver(lambda q: answer(status, body, Location=elsewhere.url) if len(r.seen()) == 1 else OK) as r:
            with push(s, r.url) as d:
                wait_until(lambda: "STOPPED" in read(d.err_path), f"{status} is said")
                time.sleep(0.3)
                check_equal((len(r.seen()), s.ids()), (1, ids), f"{status}: nothing more is sent, nothing is lost")
                check_equal(s.status()["state"], "halted", f"{status}: state")
                os.kill(d.process.pid, signal.SIGHUP)
                wait_empty(s)
                end(d)
            check_equal(r.ids(), ids, f"{status}: after SIGHUP")
            check_equal(elsewhere.seen(), [], f"{status}: requests where it was sent to")
        check_equal(len(read(d.err_path).splitlines()), 2, f"{status}: lines in {read(d.err_path)!r}")


@long_case
def retry_after():
    for header in ("2", lambda: email.utils.formatdate(time.time() + 3, usegmt=True)):
        s = spool()
        s.add()

        def behave(_):
            if len(r.seen()) > 1:
                return OK
            return answer(503, Retry_After=header if isinstance(header, str) else header())
        with Receiver(behave) as r:
            with push(s, r.url) as d:
                wait_empty(s)
                end(d)
            first, second = r.seen()
            check(second.when - first.when >= 1.9, f"tried again after {second.when - first.when} s")


# ---- no answers ----

@long_case
def broken_answers():
    broken = [("reset", "network"), ("close", "network"), (b"garbage\r\n\r\n", "network"),
              (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", None), (b"\0" * 1000, "network"),
              (answer(200, "x" * (2 << 20)), "network"), ("hang", "timeout"),
              (("slow", b"HTTP/1.1 2", 1.5), "timeout"), (b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "http_5xx")]
    for what, cause in broken:
        s = spool()
        ids = [s.add(), s.add()]
        with Receiver(lambda q: what if len(r.seen()) == 1 else OK) as r:
            with push(s, r.url, "--timeout", "1s") as d:
                wait_empty(s)
                check_equal(end(d).status, 0, f"{what!r:.40}: exit status")
            check_equal([q.id for q in r.seen()][-2:], ids, f"{what!r:.40}: both arrive")
        found = s.status()
        check_equal(found["failures_" + cause] if cause else found["sent"], 1 if cause else 2, f"{what!r:.40}: {found}")


@case
def a_cut_answer_is_none():
    """The status line came, the rest did not: it is not known what happened, so it is sent again."""
    s = spool()
    s.add()
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"

    def behave(_):
        return ("slow", cut, 0) if len(r.seen()) == 1 else OK
    with Receiver(behave) as r:
        with push(s, r.url, "--timeout", "1s") as d:
            wait_empty(s)
            end(d)
        check_equal(len(r.seen()), 2, "requests")


@case
def nobody_there():
    s = spool()
    ids = [s.add()]
    result = push_once(s, f"http://127.0.0.1:{closed_port()}")
    check_equal(result.status, 1, "exit status")
    check_one_line(result.err, "stderr", "clickhouse", "127.0.0.1", "spool")
    result = push_once(s, "http://no-such-name.invalid:8123")
    check_equal(result.status, 1, "exit status")
    check_one_line(result.err, "stderr", "no-such-name.invalid")
    found = s.status()
    check_equal((found["failures_refused"], found["failures_dns"], found["requests"]), (1, 1, 2), f"{found}")
    check_equal(s.ids(), ids, "segments")


@case
def certificates():
    if not shutil.which("openssl"):
        skip("no openssl to make a certificate with")
    key, cert = scratch("key.pem"), scratch("cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
                    "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    s = spool()
    ids = [s.add()]
    with Receiver(wrap=lambda conn: context.wrap_socket(conn, server_side=True)) as r:
        url = f"https://localhost:{r.port}"
        check_equal(push_once(s, url).status, 1, "a certificate that nobody vouches for")
        check_equal((r.seen(), s.status()["failures_tls"]), ([], 1), "nothing is sent to it")
        wrong = push_once(s, f"https://127.0.0.1:{r.port}", "--ca-file", cert)
        check_equal((wrong.status, r.seen(), s.status()["failures_tls"]), (1, [], 2), "another's certificate")
        push_once(s, url, "--ca-file", cert).ok()
        check_equal(r.ids(), ids, "ids")


# ---- one stuck receiver does not stop the other ----

@long_case
def receivers_are_independent():
    for behave in (lambda q: "hang", lambda q: answer(401), lambda q: answer(503, Retry_After="3600"), None):
        s = spool("clickhouse", "pyroscope")
        stuck = s.add("clickhouse")
        with Receiver() as good, Receiver(behave or (lambda q: OK)) as bad:
            url = bad.url if behave else f"http://127.0.0.1:{closed_port()}"
            with push(s, url, "--to", f"pyroscope={good.url}") as d:
                ids = []
                for _ in range(3):
                    ids += [s.add("pyroscope", b"x") for _ in range(10)]
                    wait_empty(s, "pyroscope")
                # One on its way is waited for, up to 5 s.
                os.kill(d.process.pid, signal.SIGKILL)
                d.process.wait()
            check_equal(good.ids(), ids, "what the good one got")
            check_equal(s.ids("clickhouse"), [stuck], "what waits for the other one")


@case
def one_request_at_a_time():
    s = spool("clickhouse")
    for _ in range(8):
        s.add()
    now, most = [0], [0]
    lock = threading.Lock()

    def behave(_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return OK
    with Receiver(behave) as r:
        push_once(s, r.url).ok()
        check_equal((most[0], len(r.seen())), (1, 8), "requests at a time")


# ---- what has to hold over months ----

@long_case
def receiver_down_for_three_rotations():
    s = spool()
    port = closed_port()
    with push(s, f"http://127.0.0.1:{port}") as d:
        for _ in range(3):
            s.add()
            time.sleep(0.4)
        wait_until(lambda: "trying again" in read(d.err_path), "it is said")
        with Receiver(port=port) as r:
            wait_empty(s)
            s.add()
            wait_empty(s)
            check_equal(r.ids(), list(s.sent), "what arrived, in order and once")
        end(d)
    check_equal(len(read(d.err_path).splitlines()), 2, f"lines: {read(d.err_path)!r}")


@long_case
def killed_at_50_moments():
    """kill -9: the set of ids at the receiver is that of the renamed segments, at most one more for each kill."""
    s = spool()
    stop = threading.Event()

    def write():
        while not stop.is_set():
            s.add()
            stop.wait(random.uniform(0, 0.004))
    writer = threading.Thread(target=write)
    with Receiver(lambda q: random.choice((0, 0, 0.001, 0.005))) as r:
        writer.start()
        for _ in range(50):
            with push(s, r.url) as d:
                time.sleep(random.uniform(0, 0.12))
                d.process.kill()
        stop.set()
        writer.join()
        before = len(r.ids())
        push_once(s, r.url).ok()
        got = r.ids()
    check(before > 100, f"only {before} were sent while processes were killed")
    check_equal(set(got), set(s.sent), "ids")
    check(len(got) - len(set(got)) <= 50, f"{len(got) - len(set(got))} came twice")
    check_equal(s.ids(), [], "segments left")
    check(s.status()["sent"] <= len(got), "counters don't grow by themselves")
    print(f"      {len(s.sent)} segments, {len(got) - len(set(got))} came twice")


@case
def counters_go_on():
    s = spool()
    last = 0
    with Receiver() as r:
        for n in range(3):
            s.add()
            push_once(s, r.url).ok()
            check_equal(s.status()["sent"], n + 1, "sent")
            check(s.status()["last_success_ns"] > last, "last_success_ns")
            last = s.status()["last_success_ns"]


@case
def sigterm_lets_a_request_end():
    s = spool()
    ids = [s.add(), s.add()]
    with Receiver(lambda q: 1) as r:
        with push(s, r.url) as d:
            wait_until(r.seen, "a request")
            check_equal(end(d).status, 0, "exit status")
        check_equal((r.ids(), s.ids()), (ids[:1], ids[1:]), "the one on its way arrived, and it alone")


@long_case
def sigterm_does_not_wait_for_ever():
    s = spool()
    s.add()
    with Receiver(lambda q: "hang") as r:
        with push(s, r.url) as d:
            wait_until(r.seen, "a request")
            check_equal(end(d).status, 0, "exit status")
    check_equal(len(s.ids()), 1, "segments")


@case
def a_rate():
    s = spool()
    for _ in range(4):
        s.add(content=os.urandom(10000))
    with Receiver() as r:
        begin = time.monotonic()
        push_once(s, r.url, "--max-rate", "20k").ok()
        # The last one's bytes may come at once: nothing waits behind it.
        check(time.monotonic() - begin > 1.3, f"40 kB took {time.monotonic() - begin} s")
        check_equal(len(r.ids()), 4, "segments")


@case
def spread():
    """The first one after a pause waits, those behind it don't, and nothing waits where nothing rested."""
    s = spool()
    first = s.add()
    with Receiver() as r:
        with push(s, r.url, "--spread", "1h") as d:
            wait_empty(s)
            time.sleep(0.2)  # it has seen that nothing is left
            later = s.add()
            time.sleep(2.5)
            check_equal(r.ids(), [first], "it waits for an hour, almost certainly for more than this")
            os.kill(d.process.pid, signal.SIGHUP)
            wait_empty(s)
            end(d)
        check_equal(r.ids(), [first, later], "at once on SIGHUP")


@case
def a_stubborn_segment_does_not_block():
    s = spool()
    stubborn, *others = [s.add() for _ in range(4)]
    with Receiver(lambda q: answer(500) if q.id == stubborn else OK) as r:
        with push(s, r.url) as d:
            for tries in range(1, 9):
                wait_until(lambda n=tries: len(r.seen()) >= n, f"try {tries}")
                time.sleep(0.05)
                os.kill(d.process.pid, signal.SIGHUP)
            wait_until(lambda: r.ids() == others, "the others arrive")
            end(d)
    check_equal(s.ids(), [stubborn], "it waits")


# ---- secrets, and who may see them ----

@case
def secrets_stay_secret():
    s = spool()
    s.add()
    path = scratch("headers")
    with open(path, "w") as f:
        f.write("# who we are\nX-ClickHouse-User: dwell\n\nAuthorization: Bearer s3cr3t-t0ken\n")
    with Receiver(lambda q: answer(403, f"no: {q.headers['authorization']} / s3cr3t-t0ken\n")) as r:
        with push(s, r.url + "/?token=hush", "--header-file", path, "--header", "X-Site: here") as d:
            wait_until(lambda: "STOPPED" in read(d.err_path), "it is said")
            request = r.seen()[0]
            check_equal((request.headers["authorization"], request.headers["x-clickhouse-user"], request.headers["x-site"]),
                        ("Bearer s3cr3t-t0ken", "dwell", "here"), "headers")
            with open(path, "w") as f:
                f.write("Authorization: Bearer n3w-t0ken\n")
            os.kill(d.process.pid, signal.SIGHUP)
            wait_until(lambda: len(r.seen()) == 2, "it is tried again")
            check_equal(r.seen()[1].headers["authorization"], "Bearer n3w-t0ken", "the file was read again")
            check("s3cr3t" not in read(f"/proc/{d.process.pid}/cmdline"), "command line")
            result = end(d)
        for secret in ("s3cr3t", "n3w-t0ken", "hush"):
            check(secret not in result.err, f"{secret} is in {result.err}")
        check("***" in result.err, result.err)


@case
def bad_command_lines():
    for options, words in (
            ([], ["--to"]),
            (["--to", "kafka=http://x"], ["clickhouse=URL"]),
            (["--to", "clickhouse=ftp://x"], ["http://"]),
            (["--to", "clickhouse=http://me:pw@x"], ["--header-file"]),
            (["--to", "clickhouse=http://x/?user=a&password=pw"], ["--header-file"]),
            (["--to", "clickhouse=http://x", "--header", "Authorization: Basic eA=="], ["--header-file"]),
            (["--to", "clickhouse=http://x", "--header", "no header"], ["Name: value"]),
            (["--to", "clickhouse=http://x", "--header", "A: b\r\nC: d"], ["control character"]),
            (["--to", "clickhouse=http://x", "--to", "clickhouse=http://y"], ["twice"]),
            (["--to", "clickhouse=http://x", "--to", "pyroscope=http://y", "--header", "A: b"], ["clickhouse="]),
            (["--to", "clickhouse=http://x", "--tenant", "t"], ["pyroscope"]),
            (["--to", "pyroscope=http://x", "--label", "1=2"], ["service_name=shop"]),
            (["--to", "clickhouse=http://x", "--max-rate", "1"], ["out of range"])):
        result = run("push", "--spool", scratch(), *options)
        check_equal(result.status, 2, f"{options}: {result.err}")
        check_one_line(result.err, f"{options}", *words)
        check("pw" not in result.err, result.err)


@case
def what_is_not_there():
    result = run("push", "--once", "--spool", scratch("nowhere"), "--to", "clickhouse=http://127.0.0.1:9").ok()
    check_equal(result.err, "", "nothing waits where there is no spool yet")
    s = spool()
    s.add()
    with Receiver(lambda q: "hang") as r, push(s, r.url) as d:
        wait_until(r.seen, "a request")
        second = push_once(s, r.url)
        check_equal(second.status, 1, "a second one")
        check_one_line(second.err, "stderr", "another process")
        d.process.kill()
    with Dwell("push", "--spool", scratch("later"), "--to", f"clickhouse=http://127.0.0.1:{closed_port()}") as d:
        wait_until(lambda: "no spool" in read(d.err_path), "it is said")
        Spool(scratch("later")).add()
        wait_until(lambda: "trying again" in read(d.err_path), "it is found")
        end(d)


@case
def any_user():
    """No right but to the directory. The program is copied to where everybody can run it."""
    if os.getuid() != 0:
        skip("not root: can't become somebody else")
    place = scratch("public")
    os.makedirs(place, exist_ok=True)
    for path in (scratch(), place):
        os.chmod(path, 0o755)
    binary = shutil.copy(DWELL, place)
    s = spool()
    ids = [s.add(), s.add()]
    for path in (s.path, s.dir(), *(os.path.join(s.dir(), n) for n in os.listdir(s.dir()))):
        os.chown(path, 65534, 65534)
    with Receiver() as r:
        result = push_once(s, r.url, binary=binary, user=65534, group=65534, extra_groups=[])
        check_equal((result.status, r.ids(), s.ids()), (0, ids, []), f"{result.err}")


@long_case
def the_log_is_quiet():
    """A receiver that fails every other time: a line for the first failure, not for each."""
    s = spool()
    for _ in range(6):
        s.add()
    with Receiver(lambda q: answer(503) if len(r.seen()) % 2 else OK) as r:
        with push(s, r.url) as d:
            wait_empty(s)
            end(d)
        check_equal(len(r.seen()), 12, "requests")
    check(len(read(d.err_path).splitlines()) <= 3, read(d.err_path))


if __name__ == "__main__":
    if "without libcurl" in run("version").out:
        print("this dwell was built without libcurl")
        raise SystemExit(77)
    main(needs_tracing=False)
