#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""The example of a proxy, in a real nginx: Prometheus scrapes dwell through it by the job of scrape.yml, others get nothing."""
import base64
import os
import re
import ssl
import sys
import urllib.request

sys.dont_write_bytecode = True
import deploytest
from deploytest import DEPLOY, FakeDwell, Prometheus, check, check_runs, free_port, installed, metrics, read, scratch, start, \
    wait_until
from livetest import DWELL, Work, case, check_equal, main, tracing_refused
from ruletest import FOLDER, load

PASSWORD = "secret"


def nginx(socket):
    """The port where nginx listens, with the example's server but for its files and port."""
    program = "/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else installed("nginx")
    folder = scratch("nginx")
    os.makedirs(folder, exist_ok=True)
    check_runs(installed("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem")
    with open(f"{folder}/htpasswd", "w") as f:
        f.write("prometheus:" + check_runs("openssl", "passwd", "-apr1", PASSWORD))
    port = free_port()
    text = read(os.path.join(DEPLOY, "proxy", "nginx.conf"))
    for word, other in ((r"listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), (r"unix:\S+;", f"unix:{socket};"),
                        (r"/etc/ssl/certs/\S+;", f"{folder}/cert.pem;"), (r"/etc/ssl/private/\S+;", f"{folder}/key.pem;"),
                        (r"/etc/nginx/dwell.htpasswd;", f"{folder}/htpasswd;")):
        text, count = re.subn(word, other, text)
        check_equal(count, 1, word)
    with open(f"{folder}/nginx.conf", "w") as f:
        f.write(f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
                f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n"
                f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n{text}}}\n")
    check_runs(program, "-t", "-c", f"{folder}/nginx.conf")
    start([program, "-c", f"{folder}/nginx.conf"])
    wait_until(lambda: ask(port, "/dwell/metrics")[0], "nginx answers", 20, 0.1)
    return port


def ask(port, path, password=PASSWORD, method="GET"):
    """(status, text) over TLS; 0: no answer."""
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", method=method)
    if password:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"prometheus:{password}".encode()).decode())
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(request, timeout=10, context=context) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, ""
    except OSError as e:
        return 0, str(e)


@case
def who_gets_what():
    socket = scratch("fake.sock")
    fake = FakeDwell(metrics(), socket)
    port = nginx(socket)
    check_equal(ask(port, "/dwell/metrics")[0], 200, "/dwell/metrics")
    check_equal(ask(port, "/dwell/-/healthy"), (200, "ok\n"), "/dwell/-/healthy")
    seen = len(fake.requests)
    check_equal(ask(port, "/dwell/metrics", password=None)[0], 401, "without a password")
    check_equal(ask(port, "/dwell/metrics", password="wrong")[0], 401, "with a wrong one")
    check_equal(ask(port, "/dwell/metrics", method="POST")[0], 403, "POST")
    for path in ("/dwell/debug/pprof/block", "/dwell/folded", "/dwell/metrics/../folded", "/dwell/%2e%2e/folded", "/metrics"):
        check_equal(ask(port, path)[0], 404, path)
    check_equal(fake.requests[seen:], [], "requests that came through")


@case
def prometheus_scrapes_through_it():
    """The real program behind it."""
    if os.geteuid() or tracing_refused():
        deploytest.skip(tracing_refused() or "not root")
    socket, log = scratch("dwell.sock"), scratch("dwell.log")
    with Work("sleeper", 100000, 10) as work, open(log, "w") as err:
        work.go()
        serve = start([DWELL, "serve", "--config", "none", "-p", str(work.pid), "--listen", f"unix:{socket}"],
                      stdout=err, stderr=err)
        wait_until(lambda: os.path.exists(socket) or check(serve.poll() is None, read(log)), "a socket", 30, 0.1)
        port = nginx(socket)
        job = next(j for j in load(os.path.join(FOLDER, "scrape.yml"))["scrape_configs"] if j["job_name"] == "dwell-proxy")
        with open(scratch("password"), "w") as f:
            f.write(PASSWORD)
        job["basic_auth"]["password_file"] = scratch("password")
        job.update(scrape_interval="1s", tls_config={"insecure_skip_verify": True},
                   static_configs=[{"targets": [f"127.0.0.1:{port}"]}])
        prometheus = Prometheus({"scrape_configs": [job]})
        rows = wait_until(lambda: prometheus.query('dwell_block_duration_seconds_count{reason="sleep"} > 0'), "sleeps", 30, 0.5)
        check_equal((rows[0][0]["job"], rows[0][0]["instance"]), ("dwell", "127.0.0.1"), "labels")
        serve.terminate()
        check_equal(serve.wait(20), 0, f"status; {read(log)[-1000:]}")


main(needs_tracing=False)
