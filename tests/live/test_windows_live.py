#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 400
"""dwell.exe on live sessions, under Wine: what it asks of Windows, and what it makes of events. Wine has no event tracing, so a DLL of our
own (tests/windows/fake_etw.c) tells of a trace as Windows would, and writes down the calls."""
import json
import os
import re
import signal
import struct
import subprocess
import time

from livetest import BUILD, case, check, check_equal, check_one_line, main, read, run, scratch, wait_until
from windows_exe import DLL, EXE, fake_settings, made_trace, run_windows, windows_path, wine_environment

LEDGER = "off-CPU time: 249 ms observed in 6 intervals, 249 ms delivered (100.0 %), nothing lost; still waiting at the end: 1.45 s in 3"


def live(*args, status=0, **more):
    """(stdout, stderr, calls) of a run that ends with the trace, unless more is said."""
    env = fake_settings(**({"ends": "1"} | more))
    words = list(args)
    at = words.index("--") if "--" in words else len(words)
    words[at:at] = ["--etw-dll", windows_path(DLL)]
    got = run_windows(*words, env=env)
    check_equal(got[0], status, f"{args}: status, {got[2]}")
    log = scratch("calls.log")
    return got[1].decode(), got[2], read(log).splitlines() if os.path.exists(log) else []


def folded(*args):
    return run("report", "-f", "-q", *args).ok().out


def calls_of(calls, name):
    return [c for c in calls if c.startswith(name)]


@case
def waits_are_those_of_the_trace():
    out, err, _ = live("offcpu", "-f", "60")
    check_equal(out, folded(made_trace()), "stacks")
    check(LEDGER in err, err)
    for command in ("wakeups", "chains"):
        want = run("report", "-f", "-q", "--by-waker" if command == "wakeups" else "--chains", made_trace()).ok().out
        check_equal(live(command, "-q", "-f", "60")[0], want, command)


@case
def what_is_asked_of_windows():
    """Sizes, flags, classes and order: as evntrace.h has them."""
    _, _, calls = live("offcpu", "-q", "-f", "60")
    order = [c.split()[0] for c in calls if "what=0" not in c]
    check_equal(order, ["OpenProcessToken", "LookupPrivilegeValueW", "AdjustTokenPrivileges", "StartTraceW", "StartTraceW"] +
                ["TraceSetInformation"] * 5 + ["OpenTraceW", "ProcessTrace", "ProcessTrace", "ControlTraceW", "CloseTrace"], "calls")
    check_equal(calls[:3], ["OpenProcessToken access=28", "LookupPrivilegeValueW SeSystemProfilePrivilege",
                            "AdjustTokenPrivileges cnt=1 luid=11 attributes=2"], "the privilege")
    m = re.fullmatch(r"StartTraceW name=dwell (\d+) bytes=(\d+) wnode=20000 clock=1 mode=2000100 flags=817 buffer=256 min=(\d+) max=(\d+) flush=1 "
                     r"names=120,(\d+) error=0", calls[3])
    check(m, calls[3])
    pid, size, least, most, second = map(int, m.groups())
    check(most == 8 * least and least % 4 == 0 and second < size, calls[3])
    # A GUID of its own: its last four bytes are the program's id.
    check_equal(calls[4], f"StartTraceW guid 6d0c3a5e-2f4b-4d1c-8e51-7a90{pid.to_bytes(4, 'little').hex()}"[:len(calls[4])], "GUID")
    check_equal(calls[5:10], ["TraceSetInformation handle=1234 class=3 bytes=48",
                              "TraceSetInformation of 3d6fa8d1-fe05-11d0-9dda-00c04fd7ba7c", "TraceSetInformation type=36",
                              "TraceSetInformation of 3d6fa8d1-fe05-11d0-9dda-00c04fd7ba7c", "TraceSetInformation type=50"], "stacks")
    check_equal(calls[10:12], [f"OpenTraceW name=dwell {pid} mode=10001100", "ProcessTrace handle=5678 cnt=1 from=0 to=0"], "events")
    check_equal([c for c in calls[-2:]], ["ControlTraceW handle=1234 name= what=1", "CloseTrace handle=5678"], "the end")


@case
def recordings():
    path = scratch("live.dwell")
    live("record", "-q", "-o", windows_path(path), "60")
    check_equal(folded(path), folded(made_trace()), "a recording of Windows, read on Linux")
    live("offcpu", "-q", "-o", windows_path(scratch("live.svg")), "--save", windows_path(scratch("two.dwell")), "60")
    check("Shop.Stock.TakeFast" in read(scratch("live.svg")), "svg")
    check_equal(folded(scratch("two.dwell")), folded(made_trace()), "--save")


@case
def targets():
    lines = folded(made_trace()).splitlines()
    check_equal(live("offcpu", "-q", "-f", "-p", "200", "60")[0].splitlines(), lines[4:5], "-p")
    check_equal(live("offcpu", "-q", "-f", "-t", "104", "60")[0].splitlines(), lines[1:4], "-t")
    check_equal(live("offcpu", "-q", "-f", "--comm", "check*", "60")[0].splitlines(), lines[1:4], "--comm")
    err = live("offcpu", "-f", "-p", "100", "60", status=1, fail="OpenProcess=87")[1]
    check_one_line(err, "a process that is not there", "-p 100: there is no such process")
    live("offcpu", "-q", "-f", "-p", "100", "60", fail="OpenProcess=5")
    out, err, _ = live("offcpu", "-f", "-p", "100,200", "-m", "45000", "60")
    check_equal(out.splitlines(), lines[1:3] + lines[5:6] + lines[7:], "-m")
    check("99.0 ms filtered" in err, err)


@case
def commands_are_started():
    """Its exit status is ours; nothing is known of it in the trace."""
    out, err, calls = live("offcpu", "-f", "--", "cmd", "/c", "exit", "3", status=3)
    check_equal(out, "", "stacks")
    check("no off-CPU time" in err, err)
    check(calls_of(calls, "CloseTrace"), f"{calls}")
    check_one_line(live("offcpu", "--", "no-such-program", status=1)[1], "no such program", "can't run no-such-program: there is no such program")


@case
def system_calls():
    out, err, calls = live("syscalls", "--json", "60")
    want = json.loads(run("syscalls", "-q", "--json", made_trace()).ok().out)["calls"]
    check_equal(json.loads(out)["calls"], want, "calls")
    check("calls: 3 counted" in err, err)
    started = calls_of(calls, "StartTraceW name")[0]
    check(" flags=897 " in started, started)
    check_equal([c.split("=")[1] for c in calls_of(calls, "TraceSetInformation type")], ["36", "50", "51"], "stacks")
    status, file_out, _ = run_windows("syscalls", "-q", "--json", windows_path(made_trace()))
    check_equal((status, json.loads(file_out)["calls"]), (0, want), "of a file")


@case
def names_out_of_files_here():
    """A live module is a file of this machine: nobody has to say where. The same trace, read on Linux, has to be told."""
    with open(DLL, "rb") as f:
        image = f.read()
    header = struct.unpack_from("<I", image, 60)[0]
    stamp, size = (struct.unpack_from("<I", image, header + at)[0] for at in (8, 24 + 56))
    path = scratch("here.etl")
    subprocess.run([os.path.join(BUILD, "tests", "unit", "make_etl"), "shop-live", path, "0", windows_path(DLL), str(stamp), str(size)], check=True)
    want = folded("--symbol-path", os.path.dirname(DLL), path)
    check("FakeCloseTrace" in want, want)
    check("fake_etw.dll+0x2020" in folded(path), "a file nobody told of")
    trace = {"trace": windows_path(path)}
    check_equal(live("offcpu", "-q", "-f", "60", **trace)[0], want, "offcpu")
    # Its place is where another file lies now: no names of that.
    subprocess.run([os.path.join(BUILD, "tests", "unit", "make_etl"), "shop-live", path, "0", windows_path(DLL), str(stamp + 1), str(size)], check=True)
    check("fake_etw.dll+0x2020" in live("offcpu", "-q", "-f", "60", **trace)[0], "another file")


@case
def losses():
    err = live("offcpu", "-f", "60", lost="5,2,1")[1]
    for words in ("trace_events_lost: 5 events", "trace_buffers_lost: 3 buffers", "what the trace lacks is not counted"):
        check(words in err, err)


@case
def the_session_ends_with_the_run():
    """By its duration, and by Ctrl-C: what came until then is shown."""
    started = time.monotonic()
    out, _, calls = live("offcpu", "-q", "-f", "1", ends="")
    check(time.monotonic() - started < 60, "it ended by itself")
    check_equal(out, folded(made_trace()), "stacks")
    check_equal(calls_of(calls, "ControlTraceW")[-1], "ControlTraceW handle=1234 name= what=1", "stopped")
    env = wine_environment() | fake_settings()
    with open(scratch("int.out"), "wb") as to, open(scratch("int.err"), "wb") as err:
        with subprocess.Popen(["wine", EXE, "offcpu", "-f", "--etw-dll", windows_path(DLL)], env=env, stdin=subprocess.DEVNULL, stdout=to,
                              stderr=err, cwd=scratch()) as p:
            wait_until(lambda: "ProcessTrace" in read(scratch("calls.log")) if os.path.exists(scratch("calls.log")) else False, "it traces")
            time.sleep(1)
            p.send_signal(signal.SIGINT)
            check_equal(p.wait(60), 0, "status")
    check_equal(read(scratch("int.out")), folded(made_trace()), "stacks until Ctrl-C")
    check("ControlTraceW handle=1234 name= what=1" in read(scratch("calls.log")), "stopped")


@case
def refusals():
    """Each says what to do, and leaves no session behind."""
    for fail, words in (("AdjustTokenPrivileges=1300", ("SeSystemProfilePrivilege was refused (error 1300)", "Run as administrator")),
                        ("StartTraceW=5", ("StartTrace was refused (error 5)", "Run as administrator")),
                        ("StartTraceW=1450", ("too many sessions", "logman query -ets")),
                        ("StartTraceW=4201", ("StartTrace failed: somebody else ended the session (error 4201)",)),
                        ("StartTraceW.private=87,StartTraceW.classic=183", ("NT Kernel Logger", "in use by another program", "logman stop")),
                        ("StartTraceW.private=87,StartTraceW.classic=87", ("takes other parameters", "report")),
                        ("OpenTraceW=5", ("its events are refused (error 5)",)),
                        ("ProcessTrace=1460", ("ProcessTrace failed (error 1460)",))):
        out, err, calls = live("offcpu", "-q", "-f", "60", status=1, fail=fail)
        check_equal(out, "", fail)
        check_one_line(err, fail, "dwell: ", *words)
        started = [c for c in calls_of(calls, "StartTraceW name") if c.endswith("error=0")]
        stopped = calls_of(calls, "ControlTraceW handle=1234 name= what=1")
        check_equal(len(stopped), len(started), f"{fail}: sessions that were ended, of those that began: {calls}")
    # These are no reason to end.
    out, err, _ = live("offcpu", "-f", "60", fail="TraceSetInformation=120")
    check("this Windows refuses stacks (error 120)" in err and out, err)
    check_equal(live("offcpu", "-q", "-f", "60", fail="CloseTrace=7007")[0], folded(made_trace()), "7007 says that it closes")


@case
def windows_7():
    """Has one session for the kernel, which is taken only if nobody has it."""
    out, _, calls = live("offcpu", "-q", "-f", "60", fail="StartTraceW.private=87")
    check_equal(out, folded(made_trace()), "stacks")
    classic = calls_of(calls, "StartTraceW")[2:]
    check("name=NT Kernel Logger " in classic[0] and " mode=100 " in classic[0], classic[0])
    check_equal(classic[1], "StartTraceW guid 9e814aad-3204-11d2-9a82-006008a86939", "GUID")
    check(calls_of(calls, "OpenTraceW name=NT Kernel Logger "), f"{calls}")


@case
def sessions_of_the_dead_are_ended():
    others = "dwell 4000000000;dwell x;dwell ;other 4000000000;NT Kernel Logger;dwell %u"
    _, _, calls = live("offcpu", "-q", "-f", "60", others=others)
    # The last one had the number that the program has now.
    own = calls_of(calls, "StartTraceW name=dwell ")[0].split()[2]
    check_equal(calls_of(calls, "ControlTraceW handle=0"), ["ControlTraceW handle=0 name=dwell 4000000000 what=1",
                                                            f"ControlTraceW handle=0 name=dwell {own} what=1"], "ended")


@case
def a_selftest_that_fails():
    """Its process is not in the trace, so nothing is as it should be; and it ends."""
    out, err, calls = live("selftest", status=1)
    rows = [line.split()[0] for line in out.splitlines()]
    check_equal(rows, ["FAIL"] * 6, out)
    check_one_line(err, "selftest", "6 of these are not as they should be")
    check(calls_of(calls, "CloseTrace"), f"{calls}")


@case
def wine_has_none():
    for command in ("offcpu", "record", "wakeups", "chains", "selftest"):
        status, out, err = run_windows(command, *(["1"] if command != "selftest" else []))
        check_equal((status, out), (1, b""), command)
        check_one_line(err, command, "dwell: Wine has no ETW", "run dwell.exe on Windows")


if __name__ == "__main__":
    main(needs_tracing=False)
