# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests of hostile targets share: dwell measured, an honest program beside the hostile one, and output that hurts no terminal."""
import os
import re
import time

from livetest import TIMEOUT, Dwell, Result, Work, check, check_laws, check_near, read, read_bytes

# Whatever a target does, a run takes no more than this: named in docs/fuzzing.md. Of the memory some 40 MiB are those of any run.
RSS_MIB = 256
CPU_S = 10

# What a terminal might obey: C0 but line ends and tabs, DEL, C1 in UTF-8.
CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


class Measured(Dwell):
    """Knows when it has ended its peak memory and CPU time, by wait4(2)."""
    rss_mib = cpu_s = None

    def wait(self, timeout=TIMEOUT):
        end = time.monotonic() + timeout
        while True:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"{self.args} did not end in {timeout} s: {read(self.err_path)[-2000:]}")
            time.sleep(0.01)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.rss_mib = usage.ru_maxrss / 1024
        self.cpu_s = usage.ru_utime + usage.ru_stime
        check_clean(read_bytes(self.err_path), "stderr")
        return Result(self.process.returncode, read(self.out_path), read(self.err_path))

    def check_caps(self, what, rss_mib=RSS_MIB, cpu_s=CPU_S):
        print(f"{what}: {self.rss_mib:.0f} MiB, {self.cpu_s:.1f} s of CPU")
        check(self.rss_mib <= rss_mib, f"{what}: {self.rss_mib:.0f} MiB of memory, more than {rss_mib}")
        check(self.cpu_s <= cpu_s, f"{what}: {self.cpu_s:.1f} s of CPU, more than {cpu_s}")


def check_clean(data, what):
    found = CONTROLS.search(data)
    check(not found, f"{what}: a control character in {data[max(found.start() - 60, 0):found.start() + 60]!r}" if found
          else what)


def beside(hostile, what, *options, targets=None, during=None, timeout=TIMEOUT, rss_mib=RSS_MIB, cpu_s=CPU_S):
    """
    Traces a hostile workload, which has not begun, and an honest one in one run: what that one says of itself, and the laws, hold, and dwell
    stays within its caps. The profile.
    """
    with Work("sleeper", 40, 10) as honest:
        pids = ",".join(str(p) for p in [honest.pid, hostile.pid, *(targets or [])])
        with Measured("offcpu", "--json", "-p", pids, *options) as d:
            d.tracing()
            hostile.go()
            honest.work()
            if during:
                during()
            hostile.done(timeout)
            honest.tids_asleep()
            result = d.finish(timeout)
            d.check_caps(what, rss_mib, cpu_s)
    check_clean(result.out.encode(errors="surrogateescape"), "JSON")
    p = result.profile()
    check_laws(p)
    check_near(p.ns(frame="work_sleep", pid=honest.pid), honest.ns("sleep"), f"{what}: the honest one beside it")
    check(not p.select(pid=honest.pid, frame="stolen"), "a name that is another program's")
    return p
