#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The HTTP server: curl, other users, sockets of the service manager, clients that leave, and the attacks that take seconds."""
import gzip
import os
import re
import shutil
import socket
import subprocess
import time
import attack
from httptest import NOBODY, SERVE, Server, check_status, curl, needs_root
from livetest import case, check, check_equal, check_one_line, main, scratch, skip, start, wait_until


def lines(size):
    """What serve_http answers with."""
    text = "".join(f"main;work;wait_{i % 97} {i}\n" for i in range(size // 18 + 1))
    return text[:size].encode()


@case
def answers():
    """On each kind of address, with what browsers should know and without what lets them share."""
    sock = scratch("a.sock")
    with Server("127.0.0.1:0", "[::1]:0", "unix:" + sock) as s:
        check_equal(s.addresses[2], "unix:" + sock, "address")
        for i in range(3):
            for path, size in (("/metrics", 20000), ("/private", 40), ("/soon?ms=100", 40), ("/huge?bytes=3000000", 3000000)):
                status, head, body = s.get(path, i=i)
                check_equal((status, body), (200, lines(size)), f"{path} from {s.addresses[i]}")
                check_equal(head["content-type"], "text/plain; charset=utf-8", "type")
                check_equal(head["x-content-type-options"], "nosniff", "nosniff")
                check_equal(head["cross-origin-resource-policy"], "same-origin", "embedding")
                check_equal(head["cache-control"], "no-store", "cache")
                check("default-src 'none'" in head["content-security-policy"], f"{head}")
                check(not any(h.startswith("access-control-") for h in head), f"CORS: {head}")
                check(int(head["content-length"]) == size and "content-encoding" not in head, f"{head}")
        head = s.get("/page")[1]
        check("script-src 'unsafe-inline'" in head["content-security-policy"] and "html" in head["content-type"], f"{head}")
        check_equal(s.get("/echo?name=a%20b%2fc&other=1", "-H", "Accept: x/y")[2], b"name a b/c\naccept x/y\n", "parameters")
    check(not os.path.exists(sock), "its socket is still there")


@case
def refusals():
    """Each says what is wrong; the connection stays usable where that is safe."""
    with Server("127.0.0.1:0") as s:
        status, _, body = s.get("/nothing")
        check(status == 404 and b"/metrics " in body and b"/later " in body, f"{status} {body}")
        status, _, body = s.get("/")
        check(status == 200 and b"/metrics " in body, f"{status} {body}")
        for path in ("/metrics/", "//metrics", "/x/../metrics", "/metrics%00", "/METRICS", "/./metrics"):
            check_status(s.get(path), 404, path)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            status, head, _ = s.get("/metrics", "-X", method)
            check_equal((status, head["allow"]), (405, "GET, HEAD"), method)
        check_status(s.get("/metrics", "-d", "x=1"), 413, "a body")
        check_status(s.get("/metrics", "-X", "GET", "-d", "x=1"), 413, "a body of GET")
        check_status(s.get("/metrics", "-X", "POST", "-H", "Content-Length: 0"), 405, "no body")
        check_status(s.get("/metrics", "-H", "Transfer-Encoding: chunked", "-T", "-"), 413, "a body in chunks")
        check_status(s.get("/" + "a" * 300), 414, "a long path")
        check_status(s.get("/metrics", "-H", "X: " + "a" * 20000), 431, "a long header")
        check_status(s.get("/broken"), 500, "an answer with an error")


@case
def numbers():
    with Server("127.0.0.1:0") as s:
        for value in ("x", "-1", "60001", "", "1e3", "99999999999999999999", "5&ms=6", "%00", "%205", "5%20"):
            status, _, body = s.get(f"/soon?ms={value}")
            check_equal((status, body), (400, b"ms: give one whole number from 0 to 60000, as in ?ms=200\n"), value)
        for value in ("0", "007", "%35", "5&other=x"):
            check_status(s.get(f"/soon?ms={value}"), 200, value)


@case
def head():
    with Server("127.0.0.1:0") as s:
        for path in ("/metrics", "/soon?ms=50", "/huge?bytes=100000"):
            status, h, body = s.get(path, "-I")
            check(status == 200 and body.endswith(b"\r\n\r\n"), f"{path}: {status}, with a body")
            check_equal(h["content-length"], s.get(path)[1]["content-length"], path)
        check_status(s.get("/nothing", "-I"), 404, "HEAD of nothing")
        with s.connect() as c:
            c.sendall(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" + attack.get(b"/echo?name=x"))
            got = attack.answer_of(c, 30)
        check(got.count(b"HTTP/1.1 200") == 2 and b"main;work" not in got and b"name x" in got, f"{got[:600]}")


@case
def compression():
    """For those who ask, by the handler, by the working threads, and by a thread that hands the answer over."""
    with Server("127.0.0.1:0") as s:
        for path, size in (("/metrics", 20000), ("/huge?bytes=500000", 500000), ("/soon?ms=1&bytes=500000", 500000)):
            status, h, body = s.get(path, "-H", "Accept-Encoding: deflate, gzip")
            check_equal((status, h["content-encoding"], h["vary"]), (200, "gzip", "Accept-Encoding"), path)
            check(len(body) < size // 3 and gzip.decompress(body) == lines(size), f"{path}: {len(body)} bytes")
            for encoding in ("identity", "gzip;q=0", "br"):
                status, h, body = s.get(path, "-H", f"Accept-Encoding: {encoding}")
                check(body == lines(size) and "content-encoding" not in h, f"{path}, {encoding}: {h}")
        check_equal(s.get("/private", "-H", "Accept-Encoding: gzip")[2], lines(40), "too short for it")


@case
def one_connection():
    """Requests one after the other on a connection, and several at once: answered in order, also when the first takes time."""
    with Server("127.0.0.1:0") as s:
        out = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", s.url("/metrics"),
                              "-o", "/dev/null", s.url("/soon?ms=20"), "-o", "/dev/null", s.url("/nothing"), "-o", "/dev/null",
                              s.url("/private")], capture_output=True, text=True, check=True).stdout
        check_equal(out.split(), ["200", "1", "200", "0", "404", "0", "200", "0"], "curl's connections")
        with s.connect() as c:
            paths = ["/soon?ms=300", "/echo?name=1", "/nothing", "/huge?bytes=100000", "/soon?ms=1", "/echo?name=2"]
            c.sendall("".join(f"GET {p} HTTP/1.1\r\nHost: localhost\r\n\r\n" for p in paths[:-1]).encode() +
                      f"GET {paths[-1]} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            got = attack.answer_of(c, 30)
        statuses = [int(x) for x in re.findall(rb"HTTP/1\.1 (\d+) ", got)]
        check_equal(statuses, [200, 200, 404, 200, 200, 200], "pipelined")
        check(got.index(b"name 1") < got.index(b"no such page") < got.index(b"name 2"), "their order")


@case
def users():
    """On loopback, profiles are for root and those who are named."""
    needs_root("to be somebody else")
    with Server("127.0.0.1:0", "[::1]:0") as s, Server(f"uid={NOBODY}", "127.0.0.1:0") as named:
        for i in range(2):
            check_status(s.get("/private", i=i), 200, "root")
            check_status(s.get("/metrics", i=i, user=NOBODY), 200, "metrics for everybody")
            for path in ("/private", "/soon", "/huge"):
                status, _, body = s.get(path, i=i, user=NOBODY)
                check_equal(status, 403, path)
                check_one_line(body.decode(), path, "--http-user 65534", "sudo", "unix socket")
        check_status(named.get("/private", user=NOBODY), 200, "a user who is named")
        check_status(named.get("/private", user=NOBODY - 1), 403, "one who is not")


@case
def own_user():
    """The user that the server runs as may read."""
    needs_root("to be somebody else")
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if subprocess.run([*prefix, "test", "-x", SERVE], check=False).returncode:
        skip(f"nobody may not execute {SERVE}")
    with Server("127.0.0.1:0", prefix=prefix) as s:
        check_status(s.get("/private", user=NOBODY), 200, "itself")
        check_status(s.get("/private", user=NOBODY - 1), 403, "another one")
        check_status(s.get("/private"), 200, "root")


@case
def files_permissions():
    """A unix socket is for those whom its file lets in; one that lets everybody in looks at the user."""
    needs_root("to be somebody else")
    os.chmod(scratch(), 0o755)
    sock = scratch("p.sock")
    with Server("unix:" + sock) as s:
        check_equal(os.stat(sock).st_mode & 0o777, 0o660, "its permissions")
        check_status(s.get("/private"), 200, "root")
        status, _, err = curl("http://localhost/metrics", unix=sock, user=NOBODY, ok=False)
        check(status == 0 and b"connect" in err, f"nobody could connect: {status} {err}")
    with Server(f"gid={NOBODY}", "unix:" + sock) as s:
        check_status(s.get("/private", user=NOBODY), 200, "one of the group")
    # The service manager's sockets are open to everybody unless its unit says otherwise.
    with passed_socket(sock, 0o666) as (prefix, fd), Server("127.0.0.1:0", prefix=prefix, pass_fds=[fd]) as s:
        check_equal(s.addresses[0], "unix:" + sock, "the socket that was passed")
        check_status(s.get("/metrics", user=NOBODY), 200, "metrics")
        check_status(s.get("/private", user=NOBODY), 403, "profiles")
        check_status(s.get("/private"), 200, "root")


class passed_socket:
    """A listening socket as the service manager passes it: a prefix for the command, and the descriptor."""

    def __init__(self, path=None, mode=0o660):
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        if path:
            self.listener.bind(path)
            os.chmod(path, mode)
        else:
            self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.path = path

    def __enter__(self):
        fd = self.listener.fileno()
        return ["sh", "-c", f'exec 3<&{fd} && export LISTEN_PID=$$ LISTEN_FDS=1 && exec "$@"', "sh"], fd

    def __exit__(self, *exc):
        self.listener.close()
        if self.path:
            os.unlink(self.path)


@case
def passed_sockets():
    """With a socket from the service manager the default address is not listened on; a client that came before is served."""
    with passed_socket() as (prefix, fd):
        early = socket.create_connection(("127.0.0.1", socket.socket(fileno=os.dup(fd)).getsockname()[1]))
        early.sendall(b"GET /private HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with Server(prefix=prefix, pass_fds=[fd]) as s:
            check_equal(len(s.addresses), 1, f"addresses: {s.addresses}")
            check(attack.answer_of(early, 30).startswith(b"HTTP/1.1 200"), "who connected before it started")
            check_status(s.get("/private"), 200, "the socket that was passed")
            env = open(f"/proc/{s.pid}/fdinfo/3", encoding="ascii").read()
            check(int(re.search(r"flags:\s*(\d+)", env).group(1), 8) & os.O_CLOEXEC, "the socket would be inherited")
        early.close()


@case
def systemd_socket_activate():
    tool = shutil.which("systemd-socket-activate")
    if not tool:
        skip("needs systemd-socket-activate (systemd)")
    with Server("127.0.0.1:0"):
        pass  # skips where it was built without libmicrohttpd
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sock = scratch("sd.sock")
    command = [tool, "-E", "ASAN_OPTIONS", "-l", f"127.0.0.1:{port}", "-l", sock, SERVE]
    child = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    # It starts the server when the first one connects.
    wait_until(lambda: os.path.exists(sock), "systemd-socket-activate listens")
    check_status(curl(f"http://127.0.0.1:{port}/private", "--retry", "5", "--retry-connrefused"), 200, "TCP")
    check_status(curl("http://x/private", unix=sock), 200, "unix")
    child.stdin.close()
    check_equal(child.wait(30), 0, "its status")
    child.stdout.close()


@case
def host_header():
    """A page of the web whose name leads to 127.0.0.1 gets nothing."""
    sock = scratch("h.sock")
    with Server("127.0.0.1:0", "unix:" + sock) as s:
        for host in ("localhost", "localhost:19435", "127.0.0.1:1", "[::1]", "LOCALHOST"):
            check_status(s.get("/metrics", "-H", f"Host: {host}"), 200, host)
        for host in ("evil.example", "evil.example:19435", "127.0.0.1.evil.example", "localhost.evil.example"):
            for path in ("/metrics", "/private", "/nothing"):
                check_status(s.get(path, "-H", f"Host: {host}"), 421, host)
        check_status(s.get("/metrics", "-0", "-H", "Host:"), 200, "HTTP/1.0 without one")
        check_status(s.get("/private", "-H", "Host: dwell.example.com", i=1), 200, "behind a proxy")
        # A page may be the way here, but can't have parts of it loaded into itself.
        cross = ("-H", "Sec-Fetch-Site: cross-site")
        check_status(s.get("/private", *cross, "-H", "Sec-Fetch-Mode: no-cors"), 403, "an image of another site")
        check_status(s.get("/private", *cross, "-H", "Sec-Fetch-Mode: navigate"), 200, "a link of another site")


@case
def beyond_loopback():
    """Only when asked for, and then only what is public."""
    done = subprocess.run([SERVE, "0.0.0.0:0"], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
    if "built without" in done.stderr:
        skip("built without libmicrohttpd")
    check_equal(done.returncode, 1, "status without --listen-public")
    check_one_line(done.stderr, "the refusal", "0.0.0.0:0", "--listen-public", "unix:PATH", "proxy")
    with Server("public", "0.0.0.0:0", "127.0.0.1:0") as s:
        check_status(s.get("/metrics", "-H", "Host: node1.example"), 200, "metrics")
        check_status(s.get("/-/healthy"), 200, "health")
        for path in ("/private", "/huge", "/page", "/counts"):
            status, _, body = s.get(path)
            check(status == 404 and b"/private" not in body and b"/metrics" in body and b"unix socket" in body,
                  f"{path}: {status} {body}")
        check_status(s.get("/private", i=1), 200, "the other address is as before")


@case
def busy():
    """Few expensive requests at a time; the others are told to come back, cheap ones go on."""
    with Server("busy=2", "127.0.0.1:0") as s:
        held = [s.connect() for _ in range(2)]
        for c in held:
            c.sendall(b"GET /later?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: s.count("waiting") == 2, "both wait")
        status, h, body = s.get("/huge")
        check_equal((status, h["retry-after"]), (503, "5"), "one too many")
        check(b"2 requests" in body, f"{body}")
        check_status(s.get("/metrics"), 200, "a cheap one")
        held[0].close()
        wait_until(lambda: s.get("/huge")[0] == 200, "one has gone: there is room", 10)
        held[1].close()


@case
def memory_for_answers():
    """Answers that nobody fetches are bounded."""
    with Server("bytes=4000000", "busy=100", "127.0.0.1:0") as s:
        check_status(s.get("/huge?bytes=3900000"), 200, "one that fits")
        status, _, body = s.get("/huge?bytes=4100000")
        check(status == 503 and b"accept gzip" in body, f"{status} {body}")
        check_status(s.get("/huge?bytes=4100000", "--compressed"), 200, "one that fits when packed")
        slow = s.connect()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"GET /huge?bytes=3900000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        slow.recv(100)
        # What the kernel holds is not counted any more once all is there, so it must be more than that.
        check_status(s.get("/huge?bytes=3900000"), 503, "while another one is not fetched")
        slow.close()
        wait_until(lambda: s.get("/huge?bytes=3900000")[0] == 200, "it is given up", 10)


@case
def clients_that_leave():
    """Whoever waits and goes is noticed, and costs nothing any more."""
    with Server("busy=100", "127.0.0.1:0", "unix:" + scratch("l.sock")) as s:
        for i in range(2):
            gone = s.count("gone")
            conns = [s.connect(i) for _ in range(20)]
            for c in conns:
                c.sendall(b"GET /later?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_until(lambda: s.count("waiting") == 20, "all wait")
            for c in conns:
                c.close()
            wait_until(lambda g=gone: s.count("gone") == g + 20, "all are known to be gone", 10)
        check_equal(s.count("waiting"), 0, "still waiting")


@case
def stopping():
    """Whoever waits is told; the answers that come too late go nowhere; its file goes."""
    sock = scratch("s.sock")
    with Server("busy=100", "127.0.0.1:0", "unix:" + sock) as s:
        conns = [s.connect(i % 2) for i in range(10)]
        for c in conns:
            c.sendall(b"GET /later?ms=60000&bytes=100000 HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
        idle = s.connect()
        wait_until(lambda: s.count("waiting") == 10, "all wait")
        since = time.monotonic()
        check_equal(s.stop(), 0, f"status: {s.err()[-3000:]}")
        check(time.monotonic() - since < 10, "it took its time")
        for c in conns:
            answer = attack.answer_of(c, 10)
            check(answer.startswith(b"HTTP/1.1 503 ") and b"stopping" in answer, f"{answer[:200]}")
            c.close()
        check_equal(attack.answer_of(idle, 10), b"", "who asked nothing")
        idle.close()
    check(not os.path.exists(sock), "its socket is still there")


def attack_it(s, names, i=0):
    t = attack.Target(s.addresses[i], s.pid, "/metrics", "/later?ms=300&bytes=300000")
    wrong = attack.attack(t, names)
    check(not wrong, "; ".join(wrong))


@case
def attacks():
    """Those that take seconds; all of them are in test_http_long.py."""
    quick = [a.__name__ for a in attack.ATTACKS if a.__name__ not in ("slow_heads", "numbers", "slow_reader")]
    with Server("127.0.0.1:0") as s:
        attack_it(s, quick)


if __name__ == "__main__":
    main(needs_tracing=False)
