# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests of the HTTP server share: the server that does nothing else (tests/unit/serve_http.c), and curl."""
import os
import re
import select
import shutil
import socket
import subprocess
import time
from livetest import BUILD, check, check_equal, scratch, skip, start

SERVE = os.path.join(BUILD, "tests", "unit", "serve_http")
NOBODY = 65534
# The sanitizer keeps what was freed, to see it used: the memory that is watched would be mostly that.
SANITIZER = "quarantine_size_mb=1:malloc_context_size=5"


class Server:
    cnt = 0

    def __init__(self, *args, prefix=(), **options):
        Server.cnt += 1
        self.err_path = scratch(f"server{Server.cnt}.err")
        env = dict(options.pop("env", os.environ), ASAN_OPTIONS=SANITIZER)
        with open(self.err_path, "wb") as err:
            self.process = start([*prefix, SERVE, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err,
                                 env=env, **options)
        self.addresses = []

    def __enter__(self):
        end, text = time.monotonic() + 30, ""
        while "ready\n" not in text and time.monotonic() < end:
            if select.select([self.process.stdout], [], [], 1)[0]:
                data = os.read(self.process.stdout.fileno(), 65536).decode()
                if not data:
                    break
                text += data
        if "built without libmicrohttpd" in self.err():
            skip("built without libmicrohttpd")
        check("ready\n" in text, f"the server said {text!r}, {self.err()!r}")
        self.addresses = re.findall(r"^listening (.*)$", text, re.M)
        return self

    def __exit__(self, kind, *exc):
        """Lets it end: it must do that by itself, and leak nothing."""
        status = self.stop()
        check(kind or status == 0, f"status {status}: {self.err()[-3000:]}")

    def stop(self, timeout=30):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return f"it did not end in {timeout} s"
        finally:
            self.process.stdout.close()

    def err(self):
        with open(self.err_path, errors="replace") as f:
            return f.read()

    @property
    def pid(self):
        return self.process.pid

    def url(self, path="", i=0):
        return ("http://localhost" if self.addresses[i].startswith("unix:") else f"http://{self.addresses[i]}") + path

    def get(self, path, *options, i=0, user=None):
        """(status, headers, body) by curl."""
        return curl(self.url(path, i), *options, user=user,
                    unix=self.addresses[i][5:] if self.addresses[i].startswith("unix:") else None)

    def connect(self, i=0):
        if self.addresses[i].startswith("unix:"):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.addresses[i][5:])
        else:
            host, _, port = self.addresses[i].rpartition(":")
            s = socket.create_connection((host.strip("[]"), int(port)))
        s.settimeout(30)
        return s

    def count(self, what):
        return int(re.search(rf"^{what} (\d+)$", self.get("/counts")[2].decode(), re.M).group(1))


def curl(url, *options, unix=None, user=None, ok=True):
    """(status, headers with small names, body); @user: run it as this one."""
    if not shutil.which("curl"):
        skip("needs curl")
    head = scratch("head")
    with open(head, "w", encoding="ascii"):
        os.chmod(head, 0o666)
    prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    if user:
        os.chmod(scratch(), 0o755)
    command = [*prefix, "curl", "-sS", "--path-as-is", "--max-time", "60", "-D", head, *options, url]
    if unix:
        command[-1:-1] = ["--unix-socket", unix]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode and ok:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}: {done.stderr.decode()}")
    if done.returncode:
        return 0, {}, done.stderr
    with open(head, encoding="latin-1", newline="") as f:
        lines = f.read().split("\r\n\r\n")[-2].splitlines()
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        check(name.lower() not in headers, f"{name} is there twice: {lines}")
        headers[name.lower()] = value.strip()
    return int(lines[0].split()[1]), headers, done.stdout


def needs_root(why):
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        skip(f"needs root, {why}")


def check_status(answer, status, what):
    check_equal(answer[0], status, f"{what}: {answer[2][:300]!r}")
