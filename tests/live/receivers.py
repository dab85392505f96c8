# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests of sending share: a receiver that behaves as badly as it is told to, and a spool without a tracer."""
import base64
import contextlib
import gzip
import hashlib
import json
import os
import re
import socket
import threading
import time
import urllib.parse

SECOND = 10 ** 9
NAME = re.compile(r"(\d{16})-(\d+)-(\d+)-([0-9a-f]{32})(\.ndjson\.gz|\.pb\.gz)")
EXT = {"clickhouse": ".ndjson.gz", "pyroscope": ".pb.gz"}


class Spool:
    """SPOOL, as serve leaves it."""

    def __init__(self, path, *targets):
        self.path = path
        self.sent = {}  # id -> bytes of the segment
        self.seq = 0
        for target in targets or ("clickhouse",):
            os.makedirs(os.path.join(path, target))

    def dir(self, target="clickhouse"):
        return os.path.join(self.path, target)

    def add(self, target="clickhouse", content=None, start_ns=None, bad=False):
        """A segment, by temp + rename. Its id."""
        self.seq += 1
        start_ns = start_ns or time.time_ns()
        segment_id = hashlib.sha256(f"{self.path} {target} {self.seq}".encode()).hexdigest()[:32]
        if content is None:
            content = json.dumps({"segment": segment_id, "ns": self.seq}) + "\n"
        data = content if isinstance(content, bytes) else content.encode()
        data = data if bad else gzip.compress(data, mtime=0)
        name = f"{self.seq:016}-{start_ns}-{start_ns + 60 * SECOND}-{segment_id}{EXT[target]}"
        tmp = os.path.join(self.dir(target), name + ".tmp")
        with open(tmp, "wb") as f:
            f.write(data)
        os.rename(tmp, os.path.join(self.dir(target), name))
        self.sent[segment_id] = data
        return segment_id

    def ids(self, target="clickhouse", below=""):
        """Of the segments that are there, in order."""
        try:
            names = sorted(os.listdir(os.path.join(self.dir(target), below)))
        except FileNotFoundError:
            return []
        return [m.group(4) for m in map(NAME.fullmatch, names) if m]

    def status(self, target="clickhouse"):
        """The status file: key -> number, or text."""
        found = {}
        with open(os.path.join(self.dir(target), "status"), encoding="ascii") as f:
            for line in f:
                key, value = line.rstrip("\n").split(" ", 1)
                found[key] = int(value) if value.isdigit() else value
        return found


class Request:
    """What came."""

    def __init__(self, path, headers, body, when):
        self.path = path
        self.headers = headers  # in lower case
        self.body = body
        self.when = when
        self.accepted = False  # was it answered with a 2xx, sent to its end?

    @property
    def id(self):
        return self.headers.get("idempotency-key")

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))

    def profile(self):
        """Of Pyroscope's push API: (labels, ID, bytes)."""
        series, = json.loads(self.body)["series"]
        sample, = series["samples"]
        labels = {one["name"]: one["value"] for one in series["labels"]}
        return labels, sample["ID"], base64.b64decode(sample["rawProfile"], validate=True)


def answer(status, body="", **headers):
    """The bytes of an answer. Header names: _ for -."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


OK = answer(200)


class Receiver:
    """Listens on a free port of 127.0.0.1. `behave(request)` says what is done with a request:

        bytes       is answered;   "reset"  the connection is reset;  "close"  it is closed;
        "hang"      nothing comes until the receiver is closed;       a number: so many seconds pass, then OK
        ("slow", bytes, seconds)    the answer comes a byte at a time
    """

    def __init__(self, behave=lambda request: OK, port=0, wrap=None):
        self.behave = behave
        self.wrap = wrap  # of a connection: TLS
        self.requests = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.connections = set()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.closing.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        # What is being answered still is; nothing more is read.
        with self.lock:
            for conn in self.connections:
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RD)
        for t in self.threads:
            t.join(5)

    def ids(self):
        """Of the requests that were answered with a success, in order."""
        with self.lock:
            return [r.id for r in self.requests if r.accepted]

    def seen(self):
        with self.lock:
            return list(self.requests)

    def _accept(self):
        while not self.closing.is_set():
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            t = threading.Thread(target=self._serve, args=(conn,), daemon=True)
            self.threads.append(t)
            t.start()

    def _serve(self, raw):
        conn = raw
        conn.settimeout(10)
        with self.lock:
            self.connections.add(raw)
        try:
            if self.wrap:
                conn = self.wrap(conn)
            stream = conn.makefile("rb")
            while self._one(conn, stream):
                pass
        except OSError:
            pass
        finally:
            with self.lock:
                self.connections.discard(raw)
            conn.close()

    def _one(self, conn, stream):
        """One request; may there be another one?"""
        first = stream.readline().decode()
        if not first.endswith("\r\n"):
            return False
        headers = {}
        while (line := stream.readline().decode()) not in ("\r\n", ""):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        body = stream.read(length)
        if len(body) < length:
            return False
        request = Request(first.split()[1], headers, body, time.monotonic())
        with self.lock:
            self.requests.append(request)
        return self._act(conn, request, self.behave(request))

    def _act(self, conn, request, what):
        if isinstance(what, (int, float)):
            self.closing.wait(what)
            what = OK
        if what == "hang":
            self.closing.wait(60)
            return False
        if what == "reset":
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        if what == "close":
            return False
        if isinstance(what, tuple):
            return self._drip(conn, *what[1:])
        request.accepted = what.startswith(b"HTTP/1.1 2")
        conn.sendall(what)
        return True

    def _drip(self, conn, data, seconds):
        for byte in data:
            conn.sendall(bytes([byte]))
            if self.closing.wait(seconds):
                return False
        return True
