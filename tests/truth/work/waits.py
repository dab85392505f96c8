# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Threads of a Python process, each blocked another way, and some that work. Ends when its standard input does."""
import ctypes
import fcntl
import functools
import hashlib
import json
import os
import queue
import re
import select
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zlib

taken = threading.Lock()
taken.acquire()
entries = []


def entry(function):
    entries.append(function)
    return function


def forever(function):
    """Calls it again whenever it returns: a signal or a timeout may end a wait."""
    def loop():
        while True:
            function()
    return loop


def fifo_end():
    """A pipe that nobody writes to."""
    return os.pipe()[0]


@entry
def lock():
    taken.acquire()


@entry
def lock_timeout():
    taken.acquire(timeout=0.05)


@entry
def condition():
    c = threading.Condition()
    with c:
        c.wait()


@entry
def get():
    queue.Queue().get()


@entry
def sleep():
    time.sleep(1000)


@entry
def read_pipe():
    os.read(fifo_end(), 1)


@entry
def read_file():
    with os.fdopen(fifo_end(), "rb") as f:
        f.readline()


@entry
def accept():
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("")
        s.listen()
        s.accept()


@entry
def receive():
    a, b = socket.socketpair()
    with a, b:
        a.recv(1)


@entry
def send():
    a, b = socket.socketpair()
    with a, b:
        a.sendall(bytes(1 << 22))


@entry
def poll():
    p = select.poll()
    p.register(fifo_end())
    p.poll()


@entry
def select_():
    select.select([fifo_end()], [], [])


@entry
def epoll():
    e = select.epoll()
    e.register(fifo_end())
    e.poll()


@entry
def flock():
    with tempfile.NamedTemporaryFile() as f, open(f.name, "rb") as other:
        fcntl.flock(f, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_EX)


@entry
def child():
    subprocess.run(["sleep", "1000"], check=False)


@entry
def in_sort_key():
    sorted(range(3), key=lambda x: taken.acquire())


@entry
def in_reduce():
    functools.reduce(lambda a, b: time.sleep(1000), range(3))


@entry
def in_regex():
    re.sub("x", lambda m: time.sleep(1000) or "", "axb")


@entry
def in_json():
    json.dumps({"a": [object()]}, default=lambda o: time.sleep(1000))


@entry
def in_sqlite():
    db = sqlite3.connect(":memory:")
    db.create_function("wait", 0, lambda: time.sleep(1000))
    db.execute("select wait() from (select 1 union select 2)").fetchall()


@entry
def sqlite_busy():
    with tempfile.NamedTemporaryFile() as f:
        first, second = (sqlite3.connect(f.name, timeout=1000) for _ in range(2))
        first.execute("begin exclusive")
        second.execute("begin exclusive")


@entry
def in_ctypes():
    """C calls back through libffi: qsort."""
    libc = ctypes.CDLL(None)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    libc.qsort((ctypes.c_int * 4)(4, 3, 2, 1), 4, 4, compare(lambda a, b: time.sleep(1000) or 0))


@entry
def in_destructor():
    class Slow:
        def __del__(self):
            time.sleep(1000)
    Slow()


@entry
def in_generator():
    def numbers():
        yield from (time.sleep(1000) for _ in range(3))
    list(map(str, numbers()))


@entry
def deep():
    """Each turn of json and sorted is some frames of C."""
    def down(n):
        return sorted([n], key=lambda x: down(n - 1)) if n else time.sleep(1000)
    down(20)


@entry
def compress():
    zlib.compress(os.urandom(1 << 16) * 16, 9)


@entry
def derive():
    hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 50000)


@entry
def work():
    text = json.dumps([{"k": i, "v": str(i) * 3} for i in range(300)])
    re.findall(r"(\d+)+\"", text)
    sorted(json.loads(text), key=lambda e: e["v"])
    sum(i * i for i in range(3000))
    time.sleep(0.001)


if __name__ == "__main__":
    for function in entries:
        threading.Thread(target=forever(function), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)  # the children end by themselves: they are in our process group
