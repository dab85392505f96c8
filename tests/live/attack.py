#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Attacks an HTTP server of dwell in every way known, and looks whether it minds.

    tests/live/attack.py HOST:PORT|unix:PATH PID [PATH_OF_A_GOOD_REQUEST [PATH_OF_AN_EXPENSIVE_ONE]]

Throughout, another thread makes good requests: each has to be answered in time. In the end the server is alive, its memory has
not grown by more than it may, and its descriptors are as many as before. Prints a line per attack; status 0: all is well.
"""
import os
import random
import socket
import struct
import sys
import threading
import time

GOOD_S = 8.0  # a good request is answered in this time, whatever goes on
GROWTH_KIB = 32 * 1024
IDLE_S = 14  # after that the server has given up everybody who says nothing
HEAD = b"Host: localhost\r\n"


class Target:
    def __init__(self, address, pid, good="/metrics", expensive="/"):
        self.address, self.pid, self.good, self.expensive = address, int(pid), good.encode(), expensive.encode()

    def connect(self, timeout=5.0):
        if self.address.startswith("unix:"):
            s = socket.socket(socket.AF_UNIX)
            where = self.address[5:]
        else:
            host, _, port = self.address.rpartition(":")
            s = socket.socket(socket.AF_INET6 if "[" in host else socket.AF_INET)
            where = (host.strip("[]"), int(port))
        s.settimeout(timeout)
        try:
            s.connect(where)
        except OSError:
            s.close()
            raise
        return s

    def status(self, key):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(key))

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def answer_of(s, timeout):
    """All that comes until the other side closes, or nothing comes any more."""
    data = b""
    s.settimeout(timeout)
    try:
        while len(data) < 1 << 20:
            got = s.recv(65536)
            if not got:
                break
            data += got
    except OSError:
        pass
    return data


def ask(t, data, timeout=2.0, expect=None):
    """Sends bytes on a connection of their own. The status that came back, 0: none, with the whole answer."""
    try:
        s = t.connect()
    except OSError:
        return 0, b""
    with s:
        try:
            s.sendall(data)
        except OSError:
            pass  # it may hang up before it heard all
        answer = answer_of(s, timeout)
    status = int(answer[9:12]) if answer.startswith(b"HTTP/1.") and answer[9:12].isdigit() else 0
    if expect is not None and status not in expect:
        raise AssertionError(f"{data[:80]!r}: status {status}, expected one of {expect}: {answer[:200]!r}")
    return status, answer


def get(path, *headers, method=b"GET", version=b"HTTP/1.1", close=True):
    return b"%s %s %s\r\n%s%s\r\n" % (method, path, version, HEAD, b"".join(h + b"\r\n" for h in headers)
                                      + (b"Connection: close\r\n" if close else b""))


def good_request(t):
    since = time.monotonic()
    with t.connect(GOOD_S) as s:
        s.sendall(get(t.good))
        data = answer_of(s, GOOD_S)
    if not data.startswith(b"HTTP/1.1 200"):
        raise AssertionError(f"a good request got {data[:100]!r}")
    return time.monotonic() - since


class Customer(threading.Thread):
    """Makes good requests all the time."""

    def __init__(self, t):
        super().__init__(daemon=True)
        self.target, self.stop, self.cnt, self.worst, self.error = t, False, 0, 0.0, None

    def run(self):
        while not self.stop:
            try:
                self.worst = max(self.worst, good_request(self.target))
            except (OSError, AssertionError) as e:
                self.error = self.error or f"{type(e).__name__}: {e}"
            self.cnt += 1
            time.sleep(0.1)


# ---- the attacks ----

def slow_heads(t):
    """Slowloris: a byte now and then, for longer than a request may take. All are given up."""
    conns = [t.connect() for _ in range(40)]
    for s in conns:
        s.sendall(b"GET / HTTP/1.1\r\n")
    end = time.monotonic() + IDLE_S
    while time.monotonic() < end:
        for s in list(conns):
            try:
                s.sendall(b"X-A: b\r\n")
            except OSError:
                s.close()
                conns.remove(s)
        time.sleep(1)
    left = len(conns)
    for s in conns:
        s.close()
    if left:
        raise AssertionError(f"{left} connections may still send their head after {IDLE_S} s")


def slow_body(t):
    with t.connect() as s:
        s.sendall(get(t.good, b"Content-Length: 1000000", method=b"POST", close=False))
        if b" 413 " not in answer_of(s, 2)[:20]:
            raise AssertionError("a body was not refused before it came")
    ask(t, get(t.good, b"Content-Length: 5") + b"12", expect=(413,))
    ask(t, get(t.good, b"Content-Length: 5", b"Expect: 100-continue", method=b"POST"), expect=(413,))


def slow_reader(t):
    """Asks for much, and fetches it a byte at a time."""
    conns = []
    for _ in range(20):
        s = t.connect()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.sendall(get(t.expensive))
        conns.append(s)
    for _ in range(30):
        for s in conns:
            s.settimeout(0.01)
            try:
                s.recv(1)
            except OSError:
                pass
        time.sleep(0.1)
    for s in conns:
        s.close()


def huge_heads(t):
    for data in (b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
                 b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"a" * 1000000 + b"\r\n\r\n",
                 b"GET / HTTP/1.1\r\n" + HEAD + b"X: y\r\n" * 100000 + b"\r\n",
                 b"GET /?" + b"a=1&" * 100000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n",
                 b"A" * 100000, b"GET " * 10000, b"\r\n" * 100000):
        ask(t, data, 1, expect=(0, 400, 404, 413, 414, 431, 501))
    ask(t, get(b"/" + b"a" * 300), expect=(414,))


def bad_encodings(t):
    for value in (b"gzip;q=0", b"gzip;q=999999999999", b";;;,,,", b"gzip;;q=", b"*;q=0,gzip;q=0.001", b"\xff\xfe",
                  b"gzip" * 1000, b"identity;q=0"):
        ask(t, get(t.good, b"Accept-Encoding: " + value), expect=(200,))


def chunks(t):
    chunked = b"Transfer-Encoding: chunked"
    for head in ((chunked,), (chunked, b"Content-Length: 4"), (b"Transfer-Encoding: x",), (b"Transfer-Encoding : chunked",),
                 (b"Transfer-Encoding: chunked\t, identity",), (b"Content-Length: 0", chunked)):
        for body in (b"0\r\n\r\n", b"ffffffffffffffff\r\nx", b"-1\r\n\r\n", b"5;" + b"a" * 100000 + b"\r\nhello\r\n"):
            for method in (b"GET", b"POST"):
                ask(t, get(t.good, *head, method=method) + body, 1, expect=(0, 400, 413))


def paths(t):
    other = [b"/../etc/passwd", b"/..%2f..%2fetc/passwd", b"%2e%2e/", b"/" + t.good, t.good + b"/", t.good + b"%00", b"*",
             t.good + b"%00.html", t.good + b"/../x", b"/./" + t.good, t.good + b"%", t.good + b"%f", t.good + b";x", b"//",
             b"http://evil.example" + t.good, b"http://localhost" + t.good, t.good + b"%0d%0aX:y", t.good + b"\\", b"\\",
             b"/%c0%ae%c0%ae/", b"/" + bytes(range(0x80, 0x100)), b"?" + t.good, t.good + b"#x", b"/~root", b"/%s%n%x"]
    for path in other:
        ask(t, get(path), expect=(0, 400, 404))
    ask(t, get(t.good.replace(b"m", b"%6d")), expect=(200,))
    ask(t, b"GET " + t.good + b" extra HTTP/1.1\r\n" + HEAD + b"\r\n", 1, expect=(0, 400, 404, 505))


def hosts(t):
    """Names that are not this machine's; on unix sockets all are right."""
    wrong = (421, 400) if not t.address.startswith("unix:") else (200, 400)
    for host in (b"evil.example", b"localhost.evil.example", b"127.0.0.1.evil.example", b"127.0.0.1@evil.example",
                 b"[::1", b"::1", b"localhost:x", b"127.0.0.1:80:80", b"", b"0x7f000001", b"[::1]evil", b"localhost\t."):
        ask(t, b"GET " + t.good + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n", expect=wrong)
    ask(t, b"GET " + t.good + b" HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 1, expect=(400,))
    ask(t, b"GET " + t.good + b" HTTP/1.1\r\n\r\n", 1, expect=(400,))


def thousand(t):
    """1,000 connections that say nothing, while good requests go on."""
    conns = []
    for _ in range(1000):
        try:
            conns.append(t.connect(1))
        except OSError:
            pass
    time.sleep(2)
    good_request(t)
    for s in conns:
        s.close()


def resets(t):
    """Hangs up in the middle, with RST where there is such a thing."""
    linger = struct.pack("ii", 1, 0)
    for i in range(300):
        s = t.connect()
        if not t.address.startswith("unix:"):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        data = get(t.expensive if i % 3 else t.good)
        s.sendall(data[:random.randrange(1, len(data) + 1)])
        s.close()
    for _ in range(20):
        s = t.connect()
        s.sendall(get(t.expensive))
        time.sleep(0.02)
        s.close()


def garbage(t):
    rng = random.Random(7)
    for _ in range(200):
        ask(t, bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400))) + b"\r\n\r\n", 0.3)
    ask(t, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(512), 0.3)  # TLS
    ask(t, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0.3)


def numbers(t):
    for value in (b"99999999999999999999999999", b"-1", b"1e9", b"0x10", b"", b"%00", b"1%20", b"\xc2\xb2", b"18446744073709551616",
                  b"1&2", b"nan", b"1" * 4000):
        path, _, query = t.expensive.partition(b"?")
        name = query.partition(b"=")[0] or b"seconds"
        ask(t, get(path + b"?" + name + b"=" + value.replace(b"&", b"&" + name + b"=")), 2, expect=(400, 403, 404, 414, 503))


def methods(t):
    for method in (b"PUT", b"DELETE", b"TRACE", b"CONNECT", b"OPTIONS", b"PATCH", b"get", b"A" * 1000, b"G\xffT", b"\x00GET"):
        ask(t, get(t.good, method=method), 1, expect=(0, 400, 405, 501))
    for version in (b"HTTP/0.9", b"HTTP/9.9", b"HTTP/1.11111111111", b"http/1.1", b"HTTP/", b""):
        ask(t, get(t.good, version=version), 1)


def pipelines(t):
    """2,000 requests at once; they are answered in order, as far as anybody reads."""
    with t.connect() as s:
        s.settimeout(1)
        try:
            s.sendall(get(t.good, close=False) * 2000)
        except OSError:
            pass
        answer_of(s, 0.5)


def smuggling(t):
    """Two parsers may disagree about where a request ends: then the connection ends with it."""
    hidden = get(b"/hidden-request")
    for head in ((b"Content-Length: 0", b"Content-Length: %d" % len(hidden)), (b"Content-Length: +0",),
                 (b"Content-Length: 00",), (b"Content-Length : %d" % len(hidden),), (b"Content-Length: 0,0",),
                 (b"Content-Length: %d" % len(hidden), b"Transfer-Encoding: chunked"), (b"Transfer-Encoding:\x0bchunked",),
                 (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"), (b"X\x00Y: y",),
                 (b"X\x01: y",), (b"X Content-Length: 9",)):
        _, answer = ask(t, get(t.good, *head, close=False) + hidden, 1, expect=(0, 400, 413))
        # libmicrohttpd may say its 400 twice; what must not come is the answer of a handler.
        if b" 404 " in answer or b" 200 " in answer:
            raise AssertionError(f"{head!r}: what came after a bad request was answered: {answer[:300]!r}")


ATTACKS = (bad_encodings, paths, hosts, methods, numbers, slow_body, chunks, smuggling, garbage, huge_heads, resets,
           pipelines, slow_reader, thousand, slow_heads)


def attack(t, names=()):
    """What was wrong, one line each."""
    good_request(t)
    wrong, fds, rss = [], t.fds(), t.status("VmRSS:")
    worst_rss = rss
    for a in ATTACKS:
        if names and a.__name__ not in names:
            continue
        customer, since = Customer(t), time.monotonic()
        customer.start()
        try:
            a(t)
        except (OSError, AssertionError) as e:
            wrong.append(f"{a.__name__}: {type(e).__name__}: {e}")
        customer.stop = True
        customer.join()
        try:
            worst_rss = max(worst_rss, t.status("VmHWM:"))
            now_fds = t.fds()
        except OSError as e:
            return wrong + [f"{a.__name__}: the server is gone: {e}"]
        if customer.error or customer.worst > GOOD_S:
            wrong.append(f"{a.__name__}: a good request: {customer.error or 'too late'}")
        print(f"{a.__name__:14} {time.monotonic() - since:5.1f} s  {customer.cnt:4} good requests, the slowest "
              f"{1000 * customer.worst:6.1f} ms, {t.status('VmRSS:')} KiB, {now_fds} descriptors", flush=True)
    good_request(t)
    end = time.monotonic() + IDLE_S + 2
    while t.fds() > fds and time.monotonic() < end:
        time.sleep(0.2)
    if t.fds() > fds:
        wrong.append(f"{t.fds()} descriptors, {fds} before")
    if worst_rss > rss + GROWTH_KIB:
        wrong.append(f"{worst_rss} KiB at most, {rss} KiB before: more than {GROWTH_KIB} KiB more")
    return wrong


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    wrong = attack(Target(*sys.argv[1:5]), sys.argv[5:])
    print("\n".join(wrong) or "it did not mind")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
