# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The contestants of bench_switch.py: how each is started, when it traces, and what it says that it saw.

A tool gets the pid of the workload. Those with @whole_system see all of the machine and run in a virtual
machine only.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import time

import meters
from meters import livetest

OTHER_FRAMES = 4  # around those of the levels: read, hand over; main or follow, libc
TRACEFS = "/sys/kernel/tracing"
SETTLE = 0.15      # seconds of quiet after which a tool counts as tracing


class CannotStart(Exception):
    pass


class Findings:
    """What a tool found in one run, in its own words.

    @seen_ns: off-CPU time of the workload's threads; None: it doesn't say
    @seen_cnt: switches or intervals; None: it doesn't say
    @whole: the share of stacks that have all frames of the workload, by intervals where the tool counts
        them, else by time; None: it was not asked
    @lost: what the tool says that it lost: {word: number}
    @counters: whatever else it counts, for those who look into the measurements
    """

    def __init__(self):
        self.seen_ns = self.seen_cnt = self.whole = None
        self.lost = {}
        self.counters = {}


class Shares:
    """Adds up by how much stacks count, and how much of that is whole: has each level of the workload."""

    def __init__(self, depths):
        self.depths = depths
        self.total = self.good = 0

    def add(self, levels, amount):
        self.total += amount
        self.good += amount if levels in self.depths else 0

    def share(self):
        return self.good / self.total if self.total else 0


def levels_of(names):
    return sum(name.partition("+")[0] == "descend" for name in names)


def in_one_line(text):
    """Messages in one line. Of many words the first and the last say most."""
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:180]} [...] {text[-120:]}"


def output_of(command):
    """What a command says, of either stream; empty if it can't run."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
                              check=False)
        return done.stdout.decode(errors="replace").strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def package_version(package):
    got = output_of(["dpkg-query", "-W", "-f", "${Package} ${Version}", package])
    return got if got.startswith(package + " ") else ""


class Tool:
    """One contestant. Subclasses say command(), version() and find()."""

    name = label = ""
    whole_system = False
    asked_only = False  # no row of the document: runs with --only
    min_probes = 1
    slow_output = False  # to print many stacks takes it too long
    environment = {}
    needs_tracefs = False
    misses_signals = False  # one that doesn't find it in the right system call
    refused = re.compile(r"(?!)")  # on stderr: it runs, but not as it was asked to

    def command(self, pid):
        raise NotImplementedError

    def version(self):
        return ""

    def find(self, run, depths):
        """Findings out of run.out_path and run.err_path, for a workload of these depths."""
        raise NotImplementedError

    def shown_command(self):
        words = [os.path.basename(w) if i == 0 else w for i, w in enumerate(self.command("PID"))]
        words = [f"'{w}'" if re.search(r"[\s{}()]", w) else w for w in words]
        return " ".join([*(f"{k}={v}" for k, v in self.environment.items()), *words])


def with_tracefs(command):
    """For tools that need tracefs where it is not mounted: in a mount namespace of their own."""
    if os.path.exists(f"{TRACEFS}/events"):
        return command
    return ["unshare", "-m", "sh", "-c", f'mount -t tracefs none {TRACEFS} && exec "$@"', "sh",
            *command]


# ---- a run ----

class Run:
    """A tool that traces, on other CPUs than the workload's. Output goes to files: it never waits for us."""

    cnt = 0
    start_timeout, stop_timeout = 60, 20  # seconds

    def __init__(self, tool, pid, cpus):
        Run.cnt += 1
        self.tool = tool
        self.out_path = livetest.scratch(f"{Run.cnt}.out")
        self.err_path = livetest.scratch(f"{Run.cnt}.err")
        self.data_path = livetest.scratch(f"{Run.cnt}.data")
        command = [w.replace("DATA", self.data_path) for w in tool.command(pid)]
        if tool.needs_tracefs:
            command = with_tracefs(command)
        self.rss_bytes = self.kernel_bytes = 0
        self.total_cpu_ns = None
        env = dict(os.environ, **tool.environment)
        try:
            with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
                # pylint: disable=subprocess-popen-preexec-fn
                self.process = livetest.start(command, stdout=out, stderr=err, env=env,
                                              stdin=subprocess.DEVNULL,
                                              preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        except (OSError, subprocess.SubprocessError) as e:
            raise CannotStart(f"{command[0]}: {e}") from None
        self.wait_until_tracing()

    def said(self):
        """What it said so far, in one line."""
        return in_one_line(meters.read_or_empty(self.err_path) + " " +
                           meters.read_or_empty(self.out_path)[-1000:])

    def check_alive(self):
        refused = self.tool.refused.search(meters.read_or_empty(self.err_path))
        if refused:
            self.kill()
            raise CannotStart(in_one_line(refused.group(0)))
        if self.process.poll() is not None:
            raise CannotStart(self.said() or f"it ended with status {self.process.returncode}")

    def wait_until_tracing(self):
        pid, since = self.process.pid, None
        end = time.monotonic() + self.start_timeout
        while since is None or time.monotonic() - since < SETTLE:
            self.check_alive()
            if time.monotonic() > end:
                self.kill()
                raise CannotStart(f"it did not begin to trace in {self.start_timeout} s: {self.said()}")
            if meters.is_waiting(pid) and meters.probes(pid) >= self.tool.min_probes:
                since = since or time.monotonic()
            else:
                since = None
            time.sleep(0.01)
        self.check_alive()

    def cpu_ns(self):
        return meters.cpu_ns(self.process.pid)

    def note_memory(self):
        pid = self.process.pid
        self.rss_bytes = max(self.rss_bytes, meters.peak_rss_bytes(pid))
        self.kernel_bytes = max(self.kernel_bytes, meters.kernel_bytes(pid))

    def kill(self):
        self.stop(signal.SIGKILL)

    def stop(self, sig=signal.SIGINT):
        """Ends it, and waits until it has said all. False if it had to be killed for that."""
        in_time = True
        end = time.monotonic() + self.stop_timeout
        again = None
        while True:
            if again is None or (self.tool.misses_signals and time.monotonic() > again and
                                 meters.is_waiting(self.process.pid)):
                self.signal(sig)
                again = time.monotonic() + 0.5
            try:
                pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            except ChildProcessError:
                return False  # it had ended by itself, and was seen
            if pid:
                break
            self.rss_bytes = max(self.rss_bytes, meters.peak_rss_bytes(self.process.pid))
            if time.monotonic() > end:
                in_time = False
                self.signal(signal.SIGKILL)
            time.sleep(0.01)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.total_cpu_ns = int((usage.ru_utime + usage.ru_stime) * livetest.SECOND)
        return in_time

    def signal(self, sig):
        """To the tool, below unshare or sh if there is one."""
        for pid in reversed(meters.tree(self.process.pid)):
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass

    def remove_files(self):
        for path in (self.out_path, self.err_path, self.data_path, self.data_path + ".old"):
            if os.path.exists(path):
                os.unlink(path)


# ---- nothing, and a program that does nothing ----

class Nothing(Tool):
    name, label = "nothing", "nothing (noise of the measurement)"

    def command(self, pid):
        return []


class Empty(Tool):
    name, label = "empty", "empty BPF program"

    def command(self, pid):
        return [os.path.join(livetest.BUILD, "tests", "bench", "empty")]

    def find(self, run, depths):
        return Findings()


# ---- dwell ----

class Dwell(Tool):
    min_probes = 3
    unwind = ""

    def command(self, pid):
        return [livetest.DWELL, "offcpu", "--unwind", self.unwind, "-p", str(pid), "--json"]

    def version(self):
        return output_of([livetest.DWELL, "--version"])

    def find(self, run, depths):
        found, shares = Findings(), Shares(depths)
        with open(run.out_path, encoding="utf-8", errors="replace") as f:
            profile = json.load(f)
        ledger = profile["ledger"]
        frames = [f["name"] for f in profile["frames"]]
        for s in profile["stacks"]:
            if not s["open"]:
                names = [frames[f] for f in s["frames"]]
                own = names[:names.index("--")] if "--" in names else names
                shares.add(levels_of(own), s["intervals"])
        found.seen_cnt, found.whole = shares.total, shares.share()
        found.lost = {f"{cause} intervals": lost["intervals"]
                      for cause, lost in ledger["lost"].items() if lost["intervals"]}
        # Beside lost time: what came late, and what the picture lacks.
        counters = {name: value for name, value in ledger["counters"].items()
                    if value and not name.endswith("_ns")}
        found.lost.update({name: value for name, value in counters.items() if re.search(
            "stack_lost|spilled|failed|truncated|remaps_lost|unwind_", name)})
        found.counters = counters
        return found


class DwellFp(Dwell):
    name, label, unwind = "dwell-fp", "dwell, frame pointers", "fp"


class DwellCfi(Dwell):
    name, label, unwind = "dwell", "**dwell**, CFI", "cfi"


class DwellWakers(Dwell):
    name, label, unwind, asked_only = "dwell-wakers", "dwell, CFI, with wakers", "cfi", True

    def command(self, pid):
        return [*super().command(pid), "--wakers"]


class DwellPlain(Dwell):
    name, label, unwind = "dwell-no-memo", "dwell, CFI, without memoization", "cfi"
    environment = {"DWELL_MEMO": "off"}


# ---- bcc ----

class Bcc(Tool):
    name, label = "bcc", "bcc libbpf `offcputime`"

    def command(self, pid):
        return [shutil.which("offcputime") or "/usr/sbin/offcputime", "-p", str(pid)]

    def version(self):
        return package_version("libbpf-tools")

    def find(self, run, depths):
        """Entries are separated by empty lines: frames, then "-  COMM (PID)", then microseconds."""
        found, shares = Findings(), Shares(depths)
        names = []
        for line in meters.read_or_empty(run.out_path).splitlines():
            word = line.strip()
            if word.isdigit():
                shares.add(levels_of(names), int(word) * livetest.US)
                names = []
            elif word:
                names.append(word)
        found.seen_ns, found.whole = shares.total, shares.share()
        err = meters.read_or_empty(run.err_path)
        missed = len(re.findall(r"\[Missed (?:User|Kernel) Stack\]", err))
        if missed:
            found.lost["entries with a missed stack"] = missed
        for cnt in re.findall(r"WARNING: (\d+) stack traces", err):
            found.lost["stack traces lost"] = int(cnt)
        return found


class BccPython(Bcc):
    name, label = "bcc-python", "bcc python `offcputime`"

    def command(self, pid):
        return [shutil.which("offcputime-bpfcc") or "/usr/sbin/offcputime-bpfcc", "-p", str(pid)]

    def version(self):
        return package_version("bpfcc-tools")


# ---- bpftrace ----

SCRIPT = """
tracepoint:sched:sched_switch
{
    FILTER { @start[tid] = nsecs; @kernel[tid] = kstack; @user[tid] = ustack; @name[tid] = comm; }
    $start = @start[args->next_pid];
    if ($start) {
        @ns[@kernel[args->next_pid], @user[args->next_pid], @name[args->next_pid]] =
            sum(nsecs - $start);
        delete(@start[args->next_pid]);
    }
}
END { clear(@start); clear(@kernel); clear(@user); clear(@name); }
"""


class Bpftrace(Tool):
    name, label = "bpftrace", "bpftrace"
    slow_output = needs_tracefs = misses_signals = True
    where = "if (pid == {pid})"
    # Makes a difference only after the measurement: names take it long.
    environment = {"BPFTRACE_NO_USER_SYMBOLS": "1"}

    def command(self, pid):
        script = " ".join(SCRIPT.replace("FILTER", self.where.format(pid=pid)).split())
        return [shutil.which("bpftrace") or "bpftrace", "-e", script]

    def shown_command(self):
        return "bpftrace -e SCRIPT"

    def version(self):
        return output_of(["bpftrace", "--version"])

    def find(self, run, depths):
        """@ns[, kernel frames, comma, user frames, "comm]: NUMBER"; each frame in a line of its own.

        User frames are bare addresses: as many as there are levels, and libc's around them.
        """
        found, shares = Findings(), Shares(depths)
        user_frames = 0
        for line in meters.read_or_empty(run.out_path).splitlines():
            end = re.match(r".*, switch\]: (\d+)$", line)
            if end:
                fitting = [d for d in depths if d <= user_frames - OTHER_FRAMES]
                shares.add(max(fitting, default=0), int(end.group(1)))
            elif line.startswith("@ns["):
                user_frames = 0
            else:
                user_frames += line.strip().startswith("0x")
        found.seen_ns, found.whole = shares.total, shares.share()
        said = meters.read_or_empty(run.err_path) + meters.read_or_empty(run.out_path)
        for cnt in re.findall(r"[Ll]ost (\d+) events", said):
            found.lost["events"] = found.lost.get("events", 0) + int(cnt)
        failed = len(re.findall(r"failed to look up stack id", said))
        if failed:
            found.lost["entries whose stack could not be looked up"] = failed
        return found


class BpftraceSystem(Bpftrace):
    name, label = "bpftrace-system", "bpftrace, whole system"
    whole_system = True
    where = "if (tid)"


# ---- perf ----

class Perf(Tool):
    perf = staticmethod(lambda: shutil.which("perf") or "perf")

    def version(self):
        return f'{output_of(["perf", "--version"])} ({package_version("linux-perf")})'

    def find(self, run, depths):
        found = Findings()
        stats = output_of([self.perf(), "report", "--stats", "-i", run.data_path])
        # Sums over all events come first, then those of each.
        everything, _, switches = stats.partition("sched:sched_switch stats:")
        cnts = {name: int(cnt) for name, cnt in
                re.findall(r"(SAMPLE|LOST_SAMPLES) events: +(\d+)", switches or everything)}
        found.seen_cnt = cnts.get("SAMPLE", 0)
        if cnts.get("LOST_SAMPLES"):
            found.lost["samples"] = cnts["LOST_SAMPLES"]
        return found


class PerfOffCpu(Perf):
    name, label = "perf-off-cpu", "`perf record --off-cpu`"
    # Without that it records something else, and says so.
    refused = re.compile(r"option `?off-cpu'? is being ignored because[^\n\[]*")

    def command(self, pid):
        return [self.perf(), "record", "--off-cpu", "-e", "dummy", "-p", str(pid), "-o", "DATA"]


class PerfSwitch(Perf):
    name, label = "perf-switch", "`perf record -e sched:sched_switch -g`"
    needs_tracefs = True

    def command(self, pid):
        return [self.perf(), "record", "-e", "sched:sched_switch", "-g", "-p", str(pid), "-o", "DATA"]


class PerfSched(Perf):
    name, label = "perf-sched", "`perf sched record`, whole system"
    needs_tracefs = True
    whole_system = True

    def command(self, pid):
        return [self.perf(), "sched", "record", "-o", "DATA"]


EVERY = [Nothing(), Empty(), DwellFp(), DwellCfi(), DwellWakers(), DwellPlain(), Bcc(), BccPython(), Bpftrace(),
         BpftraceSystem(), PerfOffCpu(), PerfSwitch(), PerfSched()]
