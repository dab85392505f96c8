#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
# timeout: 180
"""redis-server under load: every thread is in the JSON and in the HTML, also those that never run."""
import os
import re
import shutil
import subprocess
import time
from livetest import (Dwell, Profile, case, check, check_equal, check_laws, main, read, run, scratch, skip,
                      start, thread_ids, wait_until)


def server(*more):
    if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
        skip("no redis-server: apt-get install redis-server")
    socket = scratch("redis.sock")
    child = start(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no",
                   "--dir", scratch(), "--daemonize", "no", *more], stdout=subprocess.DEVNULL,
                  stderr=subprocess.DEVNULL)
    wait_until(lambda: subprocess.run(["redis-cli", "-s", socket, "ping"], capture_output=True,
                                      check=False).stdout == b"PONG\n", "redis answers")
    return child, socket


def load(socket):
    return start(["redis-benchmark", "-s", socket, "-t", "set,get,lpush,lpop", "-n", "60000", "-c", "20", "-q", "-l"],
                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def comms(pid):
    return {t: read(f"/proc/{pid}/task/{t}/comm").strip() for t in thread_ids(pid)}


@case
def every_thread():
    child, socket = server("--io-threads", "3")
    html, json_path = scratch("r.html"), scratch("r.json")
    client = load(socket)
    with Dwell("offcpu", "-p", child.pid, "-o", html, "-o", json_path, "5") as d:
        # With its I/O threads at work the main thread never blocks: it shall also be seen without load.
        d.tracing()
        time.sleep(2)
        client.terminate()
        client.wait()
        result = d.wait(90).ok()
    names = comms(child.pid)
    check(len(names) >= 5, f"threads of redis: {names}")
    p = Profile(read(json_path))
    check_laws(p)
    check_equal({t["tid"]: t["comm"] for t in p.threads}, names, "threads in the JSON")
    page = read(html)
    for tid, comm in names.items():
        check(re.search(rf"\b{tid}\b", page) and comm in page, f"{comm} ({tid}) is not in the page")
        check(p.select(tid=tid), f"{comm} ({tid}) has no stack")
    never = [t for t in p.threads if t["intervals"] == 0]
    check(never, "no thread that never ran: this was not the test that it should be")
    for t in never:
        check_equal([s["open"] for s in p.select(tid=t["tid"])], [True], f"stacks of {t['comm']}")
    check(p.thread(child.pid)["intervals"] > 100, f"the main thread works: {p.thread(child.pid)}")
    check(p.reasons(tid=child.pid).get("poll", 0) > 0, "epoll_wait of the main thread")
    check("nothing lost" in result.err, result.err)
    child.terminate()
    child.wait()


@case
def folded_as_a_new_user_would():
    child, socket = server()
    client = load(socket)
    result = run("offcpu", "-p", child.pid, "-f", "1")
    client.terminate()
    client.wait()
    check_equal(result.status, 0, "status")
    firsts = {line.split(";")[0] for line in result.out.splitlines()}
    check("redis-server" in firsts and any(f.startswith("bio_") for f in firsts), f"first frames {firsts}")
    child.terminate()
    child.wait()


main()
