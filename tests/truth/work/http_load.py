# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Asks a server on a unix socket for some paths, over and over.

    http_load.py SOCKET CLIENTS [--tls] [--slow] PATH...
"""
import http.client
import socket
import ssl
import sys
import threading
import time


class Connection(http.client.HTTPConnection):
    def __init__(self, path, tls):
        super().__init__("localhost")
        self.path, self.tls = path, tls

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)
        if self.tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock)


def ask(connection, path):
    headers = {"Accept-Encoding": "gzip", "Authorization": "Basic dTpw"}
    if path.startswith("POST "):
        connection.request("POST", path[5:], body=bytes(300000), headers=headers)
    else:
        connection.request("GET", path, headers=headers)
    return connection.getresponse()


def client(socket_path, tls, slow, paths):
    while True:
        connection = Connection(socket_path, tls)
        try:
            for path in paths:
                response = ask(connection, path)
                while response.read(1 << (10 if slow else 16)):
                    time.sleep(0.01 if slow else 0)
        except (OSError, http.client.HTTPException):
            time.sleep(0.01)
        connection.close()


def main():
    flags = [a for a in sys.argv[1:] if a.startswith("--")]
    socket_path, cnt, *paths = [a for a in sys.argv[1:] if not a.startswith("--")]
    for _ in range(int(cnt)):
        threading.Thread(target=client, args=(socket_path, "--tls" in flags, "--slow" in flags, paths)).start()


main()
