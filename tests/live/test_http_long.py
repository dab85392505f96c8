#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The HTTP server under every attack, on each kind of address, and behind the nginx of docs/http.md."""
import os
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import time
import attack
from httptest import Server, check_status, curl, needs_root
from livetest import ROOT, case, check, check_equal, main, read, scratch, skip, start, wait_until

NGINX = "/usr/sbin/nginx"


def attack_all(s, i=0):
    t = attack.Target(s.addresses[i], s.pid, "/metrics", "/later?ms=300&bytes=300000")
    wrong = attack.attack(t)
    check(not wrong, "; ".join(wrong))


@case
def attacks_tcp():
    with Server("127.0.0.1:0") as s:
        attack_all(s)


@case
def attacks_unix():
    with Server("unix:" + scratch("u.sock")) as s:
        attack_all(s)


@case
def attacks_on_work():
    """With answers that are made by the working threads, large ones."""
    with Server("127.0.0.1:0") as s:
        t = attack.Target(s.addresses[0], s.pid, "/metrics", "/huge?bytes=2000000")
        wrong = attack.attack(t, ("resets", "slow_reader", "pipelines", "thousand"))
        check(not wrong, "; ".join(wrong))


@case
def slow_reader_is_cut():
    """Whoever fetches more slowly than 64 KiB/s is given up after a while, though something moves all the time."""
    with Server("unix:" + scratch("r.sock")) as s, s.connect() as c:
        t = attack.Target(s.addresses[0], s.pid)
        c.sendall(attack.get(b"/huge?bytes=800000"))
        check(c.recv(500), "the answer begins")
        fds, since = t.fds(), time.monotonic()
        # It has 10 s, and 12 s for its length. What a socket holds, 200 KiB, and 22 KiB/s for so long, are less.
        while t.fds() == fds and time.monotonic() - since < 60:
            check(c.recv(1100), "the answer goes on")
            time.sleep(0.05)
        check(15 < time.monotonic() - since < 30, f"it was given up after {time.monotonic() - since:.1f} s")


# ---- behind nginx ----

def config_of_docs(folder, sock, port):
    """The page's server block, with this test's paths, in a whole configuration."""
    block = re.search(r"^```nginx\n(.*?)^```$", read(os.path.join(ROOT, "docs", "http.md")), re.M | re.S).group(1)
    for old, new in (("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("/etc/ssl/certs/dwell.pem", f"{folder}/cert.pem"),
                     ("/etc/ssl/private/dwell.key", f"{folder}/key.pem"), ("/run/dwell.sock", sock),
                     ("/etc/nginx/dwell.htpasswd", f"{folder}/htpasswd")):
        check(old in block, f"{old} is not in the page")
        block = block.replace(old, new)
    temp = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    # One process, so that nothing is left of it, whatever ends this test: it is started as the user that workers are.
    return (f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off;\n{temp}{block}}}\n")


def prepare(folder, sock, port):
    with open(f"{folder}/nginx.conf", "w", encoding="ascii") as f:
        f.write(config_of_docs(folder, sock, port))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=dwell.example.com",
                    "-addext", "subjectAltName=DNS:dwell.example.com", "-keyout", f"{folder}/key.pem", "-out",
                    f"{folder}/cert.pem"], check=True, capture_output=True)
    password = subprocess.run(["openssl", "passwd", "-apr1", "secret"], check=True, capture_output=True, text=True).stdout
    with open(f"{folder}/htpasswd", "w", encoding="ascii") as f:
        f.write(f"ann:{password}")
    for name in (".", "cert.pem", "key.pem", "htpasswd"):
        shutil.chown(os.path.join(folder, name), "www-data")


def speaks_tls(port):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s, context.wrap_socket(s):
            return True
    except OSError:
        return False


@case
def nginx():
    """TLS and a password by nginx, over the unix socket: the configuration of docs/http.md as it stands."""
    needs_root("for nginx to be www-data")
    if not os.path.exists(NGINX) or not shutil.which("openssl"):
        skip("needs nginx and openssl")
    folder, group = scratch(), pwd.getpwnam("www-data").pw_gid
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Server(f"gid={group}", f"unix:{folder}/http.sock") as s:
        prepare(folder, f"{folder}/http.sock", port)
        as_www = ["setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"]
        tested = subprocess.run([*as_www, NGINX, "-t", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"], capture_output=True,
                                text=True, timeout=30, check=False)
        check_equal(tested.returncode, 0, f"nginx -t: {tested.stderr}")
        start([*as_www, NGINX, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
        wait_until(lambda: speaks_tls(port), "nginx answers", 20)
        url = f"https://dwell.example.com:{port}"
        tls = ("--cacert", f"{folder}/cert.pem", "--resolve", f"dwell.example.com:{port}:127.0.0.1")
        password = ("-u", "ann:secret")
        check_status(curl(url + "/private", *tls), 401, "without a password")
        check_status(curl(url + "/private", *tls, "-u", "ann:wrong"), 401, "with a wrong one")
        status, head, body = curl(url + "/metrics", *tls, *password)
        check_equal((status, len(body), head["x-content-type-options"]), (200, 20000, "nosniff"), "metrics")
        check_status(curl(url + "/private", *tls, *password), 200, "a profile")
        check_status(curl(url + "/later?ms=1500", *tls, *password), 200, "one that takes time")
        check_equal(len(curl(url + "/huge?bytes=5000000", *tls, *password)[2]), 5000000, "a large one")
        check_status(curl(url + "/metrics", *tls, *password, "-d", "x"), 403, "a body")
        status, _, body = curl(url + "/nothing", *tls, *password)
        check(status == 404 and b"/metrics" in body, f"nothing: {status}")
        s.stop()
        check_status(curl(url + "/metrics", *tls, *password), 502, "when dwell is gone")


if __name__ == "__main__":
    main(needs_tracing=False)
