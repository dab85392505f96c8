# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A ClickHouse server of the test's own, on the loopback interface, its data in the scratch directory."""
import os
import shutil
import socket
import subprocess

from livetest import check, scratch, skip, start, wait_until

SERVER = "/usr/sbin/clickhouse-server"
CONFIG = """<yandex>
<logger><level>warning</level><console>1</console></logger>
<http_port>{http}</http_port><tcp_port>{tcp}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>{base}/data/</path><tmp_path>{base}/tmp/</tmp_path><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>268435456</mark_cache_size>
</yandex>
"""
PASSWORD = "a-passw0rd"  # of the user dwell
USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
<dwell><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></dwell></users></yandex>
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class ClickHouse:
    """with ClickHouse() as db: db.query(...)"""

    def __init__(self):
        if not os.path.exists(SERVER) or not shutil.which("clickhouse-client"):
            skip("no clickhouse-server: run scripts/deps test-long")
        self.http, self.tcp = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        self.base = scratch("clickhouse")
        for sub in ("data", "tmp"):
            os.makedirs(os.path.join(self.base, sub))
        for name, text in (("config.xml", CONFIG), ("users.xml", USERS)):
            with open(os.path.join(self.base, name), "w") as f:
                f.write(text.format(http=self.http, tcp=self.tcp, base=self.base, password=PASSWORD))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def start(self):
        with open(os.path.join(self.base, "log"), "a") as log:
            self.server = start([SERVER, "--config-file=config.xml"], cwd=self.base, stdout=log, stderr=log)
        wait_until(lambda: self.run("SELECT 1").returncode == 0, "the database answers", step=0.1)
        check(self.server.poll() is None, "the server that answers is not ours")
        return self

    def kill(self):
        self.server.kill()
        self.server.wait()

    def client_options(self):
        return ["--host", "127.0.0.1", "--port", str(self.tcp)]

    def run(self, query, rows=None):
        return subprocess.run(["clickhouse-client", *self.client_options(), "--input_format_skip_unknown_fields=1", "-q",
                               query], input=rows, capture_output=True, check=False, timeout=300)

    def query(self, query, rows=None):
        """What it says, as bytes; @rows: what is inserted."""
        done = self.run(query, rows)
        check(not done.returncode, f"{query}: {done.stderr.decode()}")
        return done.stdout

    def script(self, path):
        """Runs the statements of a file."""
        with open(path, "rb") as f:
            done = subprocess.run(["clickhouse-client", *self.client_options(), "-n"], stdin=f, capture_output=True,
                                  check=False, timeout=300)
        check(not done.returncode, f"{path}: {done.stderr.decode()}")
