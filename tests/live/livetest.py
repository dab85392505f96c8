# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What the live tests share: workloads, runs of dwell, profiles and the laws that hold for every one.

A test file is a list of functions marked @case and ends with main(). A case passes when it returns, fails by
an exception, is skipped by skip("why"). Only processes that a test started are traced or signalled.
"""
import atexit
import ctypes
import json
import os
import platform
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
DWELL = os.path.abspath(os.environ.get("DWELL", os.path.join(BUILD, "dwell")))
WORK = os.path.join(BUILD, "tests", "work")

US = 1000
MS = 1000 * US
SECOND = 1000 * MS
# Seconds, for anything that should have happened long before; where every instruction is translated that is late.
TIMEOUT = int(os.environ.get("TEST_TIMEOUT", "60"))
REASONS = ("other lock poll sleep disk fs net pipe memory kernel_lock child signal io_uring device "
           "preempted").split()

cases = []
left_out = []  # of this lane
started = []  # every process of ours, as Popen


class Skip(Exception):
    pass


def skip(why):
    raise Skip(why)


def case(function):
    cases.append(function)
    return function


def long_case(function):
    """A case that `make test` leaves to `make test-long`; by hand it runs as the others do."""
    (left_out if os.environ.get("TEST_LANE") == "short" else cases).append(function)
    return function


# ---- checks ----

def check(condition, message):
    if not condition:
        raise AssertionError(message)


def check_equal(got, expected, what):
    check(got == expected, f"{what}: got {got!r}, expected {expected!r}")


def check_within(got, low, high, what):
    check(low <= got <= high, f"{what}: got {got}, expected {low:.0f} to {high:.0f}")


def check_near(got, expected, what, share=0.01, slack=0):
    margin = expected * share + slack
    check(abs(got - expected) <= margin,
          f"{what}: got {got}, expected {expected} +- {margin:.0f}")


def check_one_line(text, what, *words):
    """An error message: one line, that holds the words."""
    lines = text.strip().splitlines()
    check(len(lines) == 1, f"{what}: expected one line, got {lines!r}")
    for word in words:
        check(word in text, f"{what}: {word!r} is not in {text!r}")


# ---- files ----

_scratch = []


def scratch(name=None):
    """A directory of this test's own, removed at its end; or the path of a file in it."""
    if not _scratch:
        _scratch.append(tempfile.mkdtemp(prefix="dwell-live-"))
        atexit.register(shutil.rmtree, _scratch[0], ignore_errors=True)
    return os.path.join(_scratch[0], name) if name else _scratch[0]


def read(path):
    with open(path, errors="surrogateescape") as f:
        return f.read()


def read_bytes(path):
    with open(path, "rb") as f:
        return f.read()


# ---- processes ----

def start(command, **options):
    child = subprocess.Popen(command, **options)
    started.append(child)
    return child


def kill_started():
    """Ends what is left of our processes, by the pids that were kept."""
    for child in started:
        if child.poll() is None:
            child.kill()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                pass
    started.clear()


atexit.register(kill_started)


def wait_until(condition, what, timeout=TIMEOUT, step=0.02):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"{timeout} s have passed without: {what}")


def children_of(pid):
    """The direct children of a process."""
    found = []
    try:
        for tid in os.listdir(f"/proc/{pid}/task"):
            found += [int(c) for c in read(f"/proc/{pid}/task/{tid}/children").split()]
    except OSError:
        pass
    return found


def schedstat(pid, tid=None):
    """(on CPU, runnable) in ns, the kernel's own figures."""
    fields = read(f"/proc/{pid}/task/{tid or pid}/schedstat").split()
    return int(fields[0]), int(fields[1])


def thread_state(pid, tid=None):
    return read(f"/proc/{pid}/task/{tid or pid}/stat").rpartition(")")[2].split()[0]


def thread_ids(pid):
    return sorted(int(t) for t in os.listdir(f"/proc/{pid}/task"))


def wait_asleep(pid, tids=None):
    """Until none of the threads is on a CPU or waiting for one."""
    def asleep():
        return all(thread_state(pid, t) not in "R" for t in tids or thread_ids(pid))
    wait_until(asleep, "all threads asleep")
    time.sleep(0.02)
    wait_until(asleep, "all threads asleep")


class Work:
    """A workload. `facts` holds the lines it said: first word -> list of the rest, split."""

    def __init__(self, name, *args, path=None, prefix=(), **options):
        self.path = path or os.path.join(WORK, name)
        check(path or os.path.exists(self.path), f"no workload {self.path}: run make")
        self.facts = {}
        self.rest = b""
        command = [*prefix, self.path, *(str(a) for a in args)]
        self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.pid = self.process.pid
        self.hear("ready")
        self.said_pid = int(self.facts["ready"][0][0])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end()

    def hear(self, word, timeout=TIMEOUT):
        """Reads lines up to one that begins with the word."""
        end = time.monotonic() + timeout
        while word not in self.facts:
            line, newline, rest = self.rest.partition(b"\n")
            if newline:
                self.rest = rest
                words = line.decode().split()
                self.facts.setdefault(words[0], []).append(words[1:])
                continue
            left = end - time.monotonic()
            check(left > 0 and select.select([self.process.stdout], [], [], left)[0],
                  f"{self.path} did not say {word!r} in {timeout} s, only {self.facts}")
            data = os.read(self.process.stdout.fileno(), 65536)
            check(data, f"{self.path} ended without {word!r}, said {self.facts}")
            self.rest += data

    def hear_line(self, timeout=TIMEOUT):
        """Reads one more line, whatever it says."""
        line, newline, rest = self.rest.partition(b"\n")
        while not newline:
            check(select.select([self.process.stdout], [], [], timeout)[0], f"{self.path} said nothing in {timeout} s")
            data = os.read(self.process.stdout.fileno(), 65536)
            check(data, f"{self.path} ended, said {self.facts}")
            self.rest += data
            line, newline, rest = self.rest.partition(b"\n")
        words = line.decode().split()
        self.facts.setdefault(words[0], []).append(words[1:])
        self.rest = rest

    def go(self):
        os.write(self.process.stdin.fileno(), b"go\n")

    def done(self, timeout=TIMEOUT):
        self.hear("done", timeout)

    def work(self, timeout=TIMEOUT):
        self.go()
        self.done(timeout)

    def end(self):
        """Lets it exit. Its exit status."""
        if self.process.stdin and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            status = self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        return status

    def ns(self, name):
        """The sum of a meter: NAME CNT NS MIN MAX."""
        return int(self.facts[name][0][1])

    def cnt(self, name):
        return int(self.facts[name][0][0])

    def tid(self, name):
        """Of the only thread of that name."""
        return self.tids(name)[0]

    def tids(self, name):
        return [int(w[1]) for w in self.facts["thread"] if w[0] == name]

    def tids_asleep(self):
        wait_asleep(self.pid)


def facts_of(text):
    """What a workload said that ran under `--`."""
    facts = {}
    for line in text.splitlines():
        words = line.split()
        if words:
            facts.setdefault(words[0], []).append(words[1:])
    return facts


class Result:
    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    def ok(self):
        check(self.status == 0, f"status {self.status}: {self.err[-2000:]}")
        return self

    def profile(self):
        return Profile(self.ok().out)


class Dwell:
    """A run of dwell in the background; its output goes to files, so that it never waits for us."""

    cnt = 0

    def __init__(self, *args, prefix=(), alone=False, **options):
        Dwell.cnt += 1
        self.out_path = scratch(f"{Dwell.cnt}.out")
        self.err_path = scratch(f"{Dwell.cnt}.err")
        env = dict(os.environ, **options.pop("env", {}))
        if alone:
            env["WORK_ALONE"] = "1"
        binary = options.pop("binary", DWELL)
        self.args = [*prefix, binary, *(str(a) for a in args)]
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            options.setdefault("stdin", subprocess.DEVNULL)
            self.process = start(self.args, stdout=options.pop("stdout", out), stderr=err, env=env,
                                 **options)

    @property
    def pid(self):
        """Of dwell itself, below a prefix like unshare."""
        pid = self.process.pid
        for _ in range(4):
            try:
                if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == os.path.basename(DWELL):
                    return pid
            except OSError:
                pass
            below = children_of(pid)
            if not below:
                break
            pid = below[0]
        return self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def tracing(self):
        """Waits until the probes are attached and the window has begun. Returns self."""
        state = {"since": None}

        def settled():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.args} ended with {self.process.returncode}: "
                                     f"{read(self.err_path)[-2000:]}")
            if not is_polling(self.pid) or attached_probes(self.pid) < 3:
                state["since"] = None
                return False
            state["since"] = state["since"] or time.monotonic()
            return time.monotonic() - state["since"] > 0.15
        wait_until(settled, "dwell has begun to trace")
        return self

    def interrupt(self):
        os.kill(self.pid, signal.SIGINT)

    def wait(self, timeout=TIMEOUT):
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.args} did not end in {timeout} s: "
                                 f"{read(self.err_path)[-2000:]}") from None
        return Result(status, read(self.out_path), read(self.err_path))

    def finish(self, timeout=TIMEOUT):
        self.interrupt()
        return self.wait(timeout)


def is_polling(pid):
    """Does the process wait for events? A running one has no system call to show."""
    try:
        threads = thread_ids(pid)
        calls = [read(f"/proc/{pid}/task/{t}/syscall").split()[0] for t in threads]
    except (OSError, IndexError):
        return False
    x86 = {"7", "232", "271", "281", "441", "23", "270", "35", "230"}
    arm = {"22", "72", "73", "441", "101", "115"}
    return any(c in (x86 if platform.machine() == "x86_64" else arm) for c in calls)


def attached_probes(pid):
    """The number of BPF links to probes that a process holds."""
    cnt = 0
    try:
        for fd in os.listdir(f"/proc/{pid}/fdinfo"):
            try:
                info = read(f"/proc/{pid}/fdinfo/{fd}")
            except OSError:
                continue
            cnt += "link_type:\ttracing" in info or "link_type:\traw_tracepoint" in info
    except OSError:
        pass
    return cnt


def run(*args, timeout=TIMEOUT, **options):
    """dwell from its start to its end."""
    with Dwell(*args, **options) as d:
        return d.wait(timeout)


def trace(work, *options, target=None, timeout=TIMEOUT, laws=True, **more):
    """Traces a workload from before its work until after it: a Profile, laws checked."""
    target = target or ["-p", work.pid]
    stolen = stolen_ns()
    with Dwell("offcpu", *target, "--json", *options, **more) as d:
        d.tracing()
        work.work(timeout)
        work.tids_asleep()
        result = d.finish()
    profile = result.profile()
    profile.err = result.err
    profile.stolen_ns += stolen_ns() - stolen
    if laws:
        check_laws(profile)
    return profile


# ---- profiles ----

class Profile:
    unreported = 0  # switches that the kernel did not report, in the case that runs

    def __init__(self, text):
        self.data = json.loads(text)
        check_equal(self.data["format"], "dwell-profile", "format")
        self.frames = self.data["frames"]
        self.stacks = self.data["stacks"]
        self.threads = self.data["threads"]
        self.ledger = self.data["ledger"]
        self.totals = self.data["totals"]
        self.window_ns = self.data["window_ns"]
        Profile.unreported += self.counter("unpaired")
        self.stolen_ns = 2 * SECOND // os.sysconf("SC_CLK_TCK")  # what its clock can't show

    def names(self, stack):
        return [self.frames[f]["name"] for f in stack["frames"]]

    def kinds(self, stack):
        return [self.frames[f]["kind"] for f in stack["frames"]]

    def select(self, frame=None, tid=None, pid=None, reason=None, comm=None, is_open=None):
        found = []
        for s in self.stacks:
            if (tid in (None, s["tid"]) and pid in (None, s["pid"]) and reason in (None, s["reason"])
                    and comm in (None, s["comm"]) and is_open in (None, s["open"])
                    and (frame is None or frame in self.names(s))):
                found.append(s)
        return found

    def ns(self, **which):
        return sum(s["blocked_ns"] + s["runnable_ns"] for s in self.select(**which))

    def blocked_ns(self, **which):
        return sum(s["blocked_ns"] for s in self.select(**which))

    def runnable_ns(self, **which):
        return sum(s["runnable_ns"] for s in self.select(**which))

    def cnt(self, **which):
        return sum(s["intervals"] for s in self.select(**which))

    def reasons(self, **which):
        """reason -> ns"""
        sums = {}
        for s in self.select(**which):
            sums[s["reason"]] = sums.get(s["reason"], 0) + s["blocked_ns"] + s["runnable_ns"]
        return sums

    def thread(self, tid):
        found = [t for t in self.threads if t["tid"] == tid]
        check(len(found) == 1, f"thread {tid}: {len(found)} entries of {len(self.threads)}")
        return found[0]

    def counter(self, name):
        return self.ledger["counters"][name]

    def lost_ns(self):
        return sum(t["ns"] for t in self.ledger["lost"].values())

    def lost_cnt(self):
        return sum(t["intervals"] for t in self.ledger["lost"].values())


def check_ledger(p, lost=False):
    """Every observed nanosecond and interval is in exactly one place."""
    led = p.ledger
    check_equal(led["imbalance_ns"], 0, "ledger.imbalance_ns")
    for unit in ("_ns", "_intervals"):
        gone = p.lost_ns() if unit == "_ns" else p.lost_cnt()
        check_equal(led["delivered" + unit] + led["filtered" + unit] + led["open" + unit] +
                    led["spilled" + unit] + gone,
                    led["observed" + unit] + led["open" + unit], f"ledger of {unit[1:]}: {led}")
        check_equal(led["spilled_read" + unit], led["spilled" + unit], "spilled and read back")
        if not lost:
            check_equal(gone, 0, f"lost{unit}")


def check_sums(p):
    """The stacks add up to the totals, and the totals to the ledger."""
    sums = {k: sum(s[k] for s in p.stacks) for k in ("blocked_ns", "runnable_ns", "intervals")}
    for key, value in sums.items():
        check_equal(p.totals[key], value, f"totals.{key} and the sum of the stacks")
        check_equal(sum(r[key] for r in p.data["reasons"].values()), value, f"reasons {key}")
    led = p.ledger
    # What is hidden or filtered is in none of the three, be it closed or open.
    shown = led["delivered_ns"] + led["spilled_ns"] + led["open_ns"]
    check_equal(sums["blocked_ns"] + sums["runnable_ns"], shown,
                f"stacks and delivered + spilled + open ({led})")
    for s in p.stacks:
        check(s["reason"] in REASONS, f"reason {s['reason']!r}")
        check(s["max_ns"] <= s["blocked_ns"] + s["runnable_ns"], f"max_ns is more than the sum: {s}")
        check(s["max_ns"] > 0, f"a stack without time: {s}")


def check_threads(p):
    """For each thread the kernel's totals equal the sum of its stacks, to the nanosecond."""
    closed, still = {}, {}
    for s in p.stacks:
        key = (s["pid"], s["tid"], s["comm"])
        sums = still if s["open"] else closed
        b, r, n = sums.get(key, (0, 0, 0))
        sums[key] = (b + s["blocked_ns"], r + s["runnable_ns"], n + s["intervals"])
    seen = {}
    for t in p.threads:
        key = (t["pid"], t["tid"], t["comm"])
        b, r, n, ob, orr, known = seen.get(key, (0, 0, 0, 0, 0, True))
        seen[key] = (b + t["blocked_ns"], r + t["runnable_ns"], n + t["intervals"],
                     ob + t["open_blocked_ns"], orr + t["open_runnable_ns"],
                     known and t["totals_known"])
    for key, (b, r, n, ob, orr, known) in seen.items():
        check(known, f"thread {key} has no totals")
        check_equal(closed.pop(key, (0, 0, 0)), (b, r, n), f"thread {key}: stacks and totals")
        check_equal(still.pop(key, (0, 0, 0))[:2], (ob, orr), f"thread {key}: open stacks and totals")
    check(not closed and not still, f"stacks of threads that are not listed: {closed} {still}")


def lifetime(t):
    return t["end_ns"] - t["begin_ns"]


def check_clock(p):
    """Judge (b): on CPU + blocked + runnable is the thread's life inside the window, within 0.01 %."""
    for t in p.threads:
        total = (t["on_cpu_ns"] + t["blocked_ns"] + t["runnable_ns"] + t["open_blocked_ns"] +
                 t["open_runnable_ns"])
        check_near(total, lifetime(t), f"judge (b), thread {t['tid']} {t['comm']}: {t}", 0.0001)
        check(lifetime(t) <= p.window_ns, f"a life longer than the window {p.window_ns}: {t}")


def judge_schedstat(t, on_cpu_ns, runnable_ns, window_ns, who):
    """Judge (a): each within 0.1 % of the window + 5 us per switch. For threads on a CPU without idle time.

    When a wake-up preempts, the kernel saves a reading of its clock (rq_clock_skip_update()) and takes the
    moment of the wake-up for that of the switch: what lies between counts for the thread that comes, not
    for the one that still runs, and not as delay. On an idle CPU of a virtual machine that are tens of
    microseconds; on a busy one a few, for which there are 5 us more per switch.
    """
    slack = window_ns // 1000 + (5 + 5) * US * (t["intervals"] + 1)
    name = f"judge (a), {who}, thread {t['tid']} {t['comm']}, {t['intervals']} intervals"
    check_near(t["on_cpu_ns"], on_cpu_ns, f"{name}: on CPU", 0, slack)
    check_near(t["runnable_ns"], runnable_ns, f"{name}: runnable", 0, slack)


def stolen_ns():
    """Time that the hypervisor took from all CPUs: the kernel leaves it out of field 1, we can't."""
    return int(read("/proc/stat").split()[8]) * SECOND // os.sysconf("SC_CLK_TCK")


def check_schedstat(p):
    """What is left of judge (a) on any CPU: never more time on CPU than the kernel says.

    Field 2 can't be judged where threads migrate: when one does while its dequeue is delayed, the kernel
    counts the rest of its sleep as delay. test_judges.py judges both on a CPU where neither happens.
    """
    for t in p.threads:
        s = t["schedstat"]
        slack = p.window_ns // 1000 + (5 + 5) * US * (t["intervals"] + 1) + p.stolen_ns
        check(s["approximate"] or t["on_cpu_ns"] <= s["on_cpu_ns"] + slack,
              f"more on CPU than schedstat + {slack}: {t}")


def check_frames(p):
    """Each stack has the process first, names without the separator, and none of our own programs."""
    for s in p.stacks:
        names = p.names(s)
        check(p.kinds(s)[0] == "process", f"first frame of {names}")
        for name in names:
            check(name and ";" not in name and name == name.strip(), f"frame {name!r}")
            check(not name.startswith(("bpf_prog_", "bpf_trace_run", "__bpf_trace_", "dwell_")),
                  f"our own frame {name} in {names}")


def check_counters(p, small_rings=False):
    """What must not happen, on any machine. Small rings may lose exec and fork records, never time."""
    for name in ("task_state_full", "stack_lost", "summary_lost", "process_event_lost"):
        if not small_rings or name != "process_event_lost":
            check_equal(p.counter(name), 0, f"counter {name}")


def check_laws(p, lost=False, filtered=False, schedstats=True, small_rings=False):
    """All that holds for every run. @filtered: options dropped intervals, threads have more than stacks."""
    check_ledger(p, lost)
    check_sums(p)
    check_frames(p)
    if not filtered:
        check_equal(p.ledger["filtered_ns"], 0, "filtered_ns")
        check_threads(p)
    check_clock(p)
    if schedstats:
        check_schedstat(p)
    check_counters(p, small_rings)


def parse_folded(text):
    """[(frames, microseconds)]; strict."""
    rows = []
    for line in text.splitlines():
        stack, space, us = line.rpartition(" ")
        check(space and us.isdigit() and int(us) > 0 and stack, f"not a folded line: {line!r}")
        rows.append((stack.split(";"), int(us)))
    return rows


# ---- may we trace here? ----

def _bpf(cmd, attr):
    number = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
    if number is None:
        return -1, 38
    libc = ctypes.CDLL(None, use_errno=True)
    buf = ctypes.create_string_buffer(attr, len(attr))
    return libc.syscall(number, cmd, buf, len(attr)), ctypes.get_errno()


def tracing_refused():
    """Why this kernel or these rights don't allow tracing, or None. Does not ask dwell."""
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        return "the kernel has no BTF (/sys/kernel/btf/vmlinux)"
    code = struct.pack("<BBhi", 0xb7, 0, 0, 0) + struct.pack("<BBhi", 0x95, 0, 0, 0)
    insns = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    load = struct.pack("<IIQQIIQII", 17, 2, ctypes.addressof(insns), ctypes.addressof(licence),
                       0, 0, 0, 0, 0)
    prog, err = _bpf(5, load + bytes(72))
    if prog < 0:
        return f"the kernel refuses BPF programs: {os.strerror(err)}"
    name = ctypes.create_string_buffer(b"sched_switch")
    link, err = _bpf(17, struct.pack("<QII", ctypes.addressof(name), prog, 0) + bytes(48))
    os.close(prog)
    if link < 0:
        return f"the kernel refuses to attach a program: {os.strerror(err)}"
    os.close(link)
    return None


def leftovers():
    """Names of our programs that are in the kernel now: (id, name)."""
    found = []
    prog_id = 0
    while True:
        attr = bytearray(struct.pack("<III", prog_id, 0, 0) + bytes(100))
        buf = (ctypes.c_char * len(attr)).from_buffer(attr)
        libc = ctypes.CDLL(None, use_errno=True)
        number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
        if libc.syscall(number, 11, buf, len(attr)) < 0:  # BPF_PROG_GET_NEXT_ID
            return found
        prog_id = struct.unpack_from("<I", attr, 4)[0]
        fd, _ = _bpf(13, struct.pack("<III", prog_id, 0, 0) + bytes(100))  # BPF_PROG_GET_FD_BY_ID
        if fd < 0:
            continue
        info = ctypes.create_string_buffer(256)
        _bpf(15, struct.pack("<IIQ", fd, len(info), ctypes.addressof(info)) + bytes(100))
        os.close(fd)
        name = info.raw[64:80].split(b"\0")[0].decode(errors="replace")
        if name.startswith("dwell_"):
            found.append((prog_id, name))


# ---- the runner ----

def run_case(function):
    """ "ok", "FAIL" or "skip", and a remark.

    Some virtual machines hide switches from every tracer; dwell counts and rebuilds them, but without their
    stack. A case that fails while that happens is run again, twice at most, and says so.
    """
    for attempt in range(3):
        Profile.unreported = 0
        result, remark = try_case(function)
        if result != "FAIL" or not Profile.unreported or attempt == 2:
            break
        print(f"again {function.__name__}: {Profile.unreported} switches were not reported by the "
              f"kernel; {remark}")
        kill_started()
    return result, remark


def try_case(function):
    try:
        function()
        return "ok", ""
    except Skip as e:
        return "skip", str(e)
    except Exception as e:  # pylint: disable=broad-except
        where = traceback.extract_tb(e.__traceback__)
        lines = " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in reversed(where[1:]))
        name = "" if isinstance(e, AssertionError) else type(e).__name__ + ": "
        return "FAIL", f"{name}{e} [{lines}]"


def main(needs_tracing=True):
    """Runs the cases, those named on the command line or all. Ends the program."""
    if not os.path.exists(DWELL):
        print(f"no program at {DWELL}: run make, or set DWELL")
        sys.exit(1)
    why = needs_tracing and tracing_refused()
    if why:
        print(f"0 passed, 0 failed, {len(cases)} skipped\n{why}")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of atexit
    count = {"ok": 0, "FAIL": 0, "skip": 0}
    wanted = sys.argv[1:]
    for function in cases:
        if wanted and function.__name__ not in wanted:
            continue
        since = time.monotonic()
        result, remark = run_case(function)
        kill_started()
        count[result] += 1
        print(f"{result:4}  {function.__name__:40}  {time.monotonic() - since:5.1f} s  {remark}",
              flush=True)
    if left_out:
        print(f"{len(left_out)} more in the long lane: {' '.join(f.__name__ for f in left_out)}")
    print(f"{count['ok']} passed, {count['FAIL']} failed, {count['skip']} skipped")
    if count["skip"] and not count["ok"] and not count["FAIL"]:
        print(remark)
        sys.exit(77)
    sys.exit(1 if count["FAIL"] else 0)
