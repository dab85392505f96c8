# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the tests in guests share.

A test is run as `test_NAME.py KERNEL`: functions marked @case, each of which boots that kernel with a script of
guest/ and judges what the script left in /out. Every boot fails by itself if the script does, or if the kernel
complains. The laws for profiles are those of the live tests, but for the kernel's own accounting (schedstat):
where the host takes a processor away from the guest, that and the moments of the switches are far apart.
"""
import os
import re
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(os.path.dirname(HERE), "live"))

import guest
import kernels
from notes import Notes
from livetest import BUILD, DWELL, WORK, Profile, check, facts_of, read, try_case

SCRIPTS = os.path.join(HERE, "guest")
SLOW = 60  # seconds that a guest may take longer than it would on an idle machine

cases = []


def case(function):
    cases.append(function)
    return function


def programs(arch):
    """dwell and the folder of the workloads, for an architecture. cross-build puts those of others beside BUILD."""
    if arch == guest.host_arch():
        return DWELL, WORK
    return os.path.join(f"{BUILD}-{arch}", "dwell"), os.path.join(f"{BUILD}-{arch}", "tests", "work")


class Outcome:
    """What a guest's script left behind."""

    def __init__(self, folder, result, said):
        self.folder = folder
        self.result = result
        self.said = said

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        check(os.path.exists(self.path(name)), f"the guest left no {name}: {self.said[-2000:]}")
        return read(self.path(name))

    def profile(self, name="profile.json"):
        return Profile(self.text(name))

    def facts(self, name="facts"):
        """What a workload said: first word -> list of the rest, split."""
        return facts_of(self.text(name))


def metric(text, name, labels=""):
    """The sum of a metric's samples whose labels hold the text."""
    values = [float(m[2]) for m in re.finditer(r"^%s(\{[^}]*\})? (\S+)$" % name, text, re.M) if labels in (m[1] or "")]
    check(values, f"no {name}{labels} in the metrics")
    return sum(values)


def note(kernel, key, **values):
    """Something for docs/kernels.md, beside which cases passed."""
    notes = Notes(kernel.name)
    notes.begin(kernel, programs(kernel.arch)[0])
    notes.put(key, **values)


def boot(kernel, script, *args, work=(), tools=(), seconds=120, **options):
    """Runs guest/SCRIPT ARGS with dwell, the workloads and the host's tools in PATH. An Outcome, whose folder is gone with the case.

    Options are those of guest.Options.
    """
    said = bytearray()
    dwell, workloads = programs(kernel.arch)
    files = [(dwell, "/usr/bin/dwell"), (os.path.join(SCRIPTS, "lib.sh"), "/test/lib.sh"),
             (os.path.join(SCRIPTS, script), "/test/run.sh")]
    files += [(os.path.join(workloads, name), f"/usr/bin/{name}") for name in work]
    files += [(shutil.which(name), f"/usr/bin/{name}") for name in tools]
    folder = tempfile.mkdtemp(prefix="dwell-vm-out-")
    folders.append(folder)
    settings = guest.Options(files=files, out_folder=folder, timeout=seconds + SLOW, **options)
    machine = guest.Guest(kernel, ["sh", "/test/run.sh", *(str(a) for a in args)], settings)
    result = machine.run(said.extend, said.extend)
    text = said.decode(errors="replace")
    check(not result.complaints, "\n".join([f"{kernel.release} complained:", *result.complaints]))
    check(result.status == 0, f"{script}: status {result.status}: {text[-4000:]}")
    return Outcome(folder, result, text)


folders = []


def run_case(function, kernel):
    since = time.monotonic()
    try:
        result, remark = try_case(lambda: function(kernel))
    finally:
        while folders:
            shutil.rmtree(folders.pop(), ignore_errors=True)
    test = os.path.basename(sys.argv[0]).removeprefix("test_").removesuffix(".py")
    note(kernel, "tests", **{f"{test}/{function.__name__}": result})
    print(f"{result:4}  {kernel.name}  {function.__name__:32}  {time.monotonic() - since:5.1f} s  {remark}",
          flush=True)
    return result


def main():
    """test_NAME.py KERNEL [CASE...]"""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} KERNEL [CASE...]")
    kernel = kernels.Kernel(sys.argv[1])
    if not kernel.is_there:
        print(f"no kernel in {kernel.folder}: run tests/vm/fetch-kernels {kernel.name}")
        sys.exit(77)
    if not guest.find_qemu(kernel.arch) or not shutil.which("busybox"):
        print("no QEMU or no busybox: run scripts/deps vm")
        sys.exit(77)
    if not os.path.exists(programs(kernel.arch)[0]):
        print(f"no {programs(kernel.arch)[0]}: run tests/vm/cross-build {kernel.arch} {BUILD}-{kernel.arch}")
        sys.exit(77)
    wanted = sys.argv[2:]
    results = [run_case(f, kernel) for f in cases if not wanted or f.__name__ in wanted]
    check(results, f"no case {wanted}")
    sys.exit(1 if "FAIL" in results else 0)
