# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A run that is told what to do meanwhile: tests/unit/trace_with.c."""
import os
import subprocess

from livetest import BUILD, TIMEOUT, Profile, check, start

TRACE_WITH = os.path.join(BUILD, "tests", "unit", "trace_with")


class Tracing:
    """Traces a process and those that it starts, from the moment it is made."""

    def __init__(self, pid, env=None):
        # Leaks can't be looked for in a process that is not dumpable.
        self.process = start([TRACE_WITH, str(pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", **(env or {})})
        self.said = ""
        line = ""
        while not line.startswith("started "):
            line = self.hear()
        self.probes = line.split()[1]

    def hear(self):
        line = self.process.stderr.readline()
        self.said += line
        check(line, f"trace_with ended: {self.said}")
        return line.strip()

    def tell(self, line):
        """Sends a line, returns the answer."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.hear()

    def do(self, line):
        answer = self.tell(line)
        check(answer.split()[0] == "ok", f"{line}: {answer}")
        return answer

    def counters(self):
        counts = {"throttled": 0, "throttled_ns": 0, "filtered": 0, "filtered_ns": 0}
        counts.update((k, int(v)) for k, v in (c.split("=") for c in self.tell("counters").split()))
        return counts

    def finish(self):
        out, err = self.process.communicate("end\n", TIMEOUT)
        check(self.process.returncode == 0, f"trace_with: {self.said}{err}")
        return Profile(out)
