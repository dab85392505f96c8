#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Names of code that a program makes while it runs: perf maps and jitdumps, early, late, false and gone."""
import glob
import os
import stat

from livetest import WORK, Dwell, Profile, Work, case, check, check_equal, check_laws, main, run, scratch, skip

PROGRAM = os.path.join(WORK, "jitter")
WAITS = 40
ANON = ["[anon]"] * 3
# A name for all the memory that a program can have.
ALL_STOLEN = "1000 7ffffffff000 stolen\n"


def named(which):
    return [f"{f} of {which}" for f in ("outer", "middle", "inner")]


def jit_frames(p, stack):
    """The names of the frames in made code, if the stack is one of the waits in it, else None."""
    names, kinds = p.names(stack), p.kinds(stack)
    if "wait_in_it" not in names or "nap" not in names:
        return None
    at = names.index("wait_in_it") + 1
    end = names.index("nap")
    check(all(k == "jit" for k in kinds[at:end]), f"kinds {kinds[at:end]} of {names[at:end]}")
    return names[at:end]


def waits_by_name(p):
    """names of the made code's frames -> number of waits in it. Stacks that could not be walked so far are left out."""
    found = {}
    for s in p.select(reason="sleep"):
        frames = jit_frames(p, s)
        if frames is not None:
            found[tuple(frames)] = found.get(tuple(frames), 0) + s["intervals"]
    return found


def check_names(p, *expected):
    """The waits, each WAITS times, have these names and no others."""
    found = waits_by_name(p)
    for frames in expected:
        cnt = found.pop(tuple(frames), 0)
        # The first may be walked before anybody knows of the new memory.
        check(WAITS - 2 <= cnt <= WAITS, f"{cnt} of {WAITS} waits in {frames}, others in {found}")
    check(not found, f"waits with other names: {found}")


def trace_alone(*args, prefix=()):
    """Under `--`."""
    out = run("offcpu", "--json", "--", *(prefix or [PROGRAM]), *args, alone=True).ok().out
    forget()
    # What the workload said comes first.
    return Profile(out[out.index("{"):])


def trace_pid(mode, *args, before=None):
    with Work("jitter", mode, *args) as w:
        if before:
            before(w)
        with Dwell("offcpu", "--json", "-p", w.pid) as d:
            d.tracing()
            w.work()
            p = d.finish().profile()
        forget(w.pid)
    check_laws(p)
    return p


def forget(pid=None):
    """Removes what the workload left."""
    for path in [f"/tmp/perf-{pid}.map"] if pid else glob.glob(scratch("jit-*.dump")):
        if os.path.lexists(path):
            os.unlink(path)


def need_root():
    if os.geteuid():
        skip("only root can do that")


def inside(*options):
    """A command that runs the workload in a mount namespace of its own, whose /tmp goes with it. It may lie in /tmp itself."""
    need_root()
    script = 'mount -t tmpfs none /mnt && cp "$0" /mnt/jitter && mount --bind /mnt /tmp && exec /tmp/jitter "$@"'
    return ["unshare", "-m", "--propagation", "private", *options, "sh", "-c", script, PROGRAM]


@case
def nothing_tells():
    check_names(trace_pid("none"), ANON)


@case
def a_perf_map():
    check_names(trace_pid("map"), named("first"))


@case
def a_perf_map_of_a_command():
    check_names(trace_alone("map", prefix=inside()), named("first"))


@case
def a_perf_map_that_comes_after_the_stacks():
    check_names(trace_pid("late"), named("first"))


@case
def a_jitdump():
    check_names(trace_pid("dump", scratch()), named("first"))


@case
def code_that_is_replaced():
    """The addresses are the same before and after: only their time tells."""
    check_names(trace_pid("replace", scratch()), named("first"), named("second"))


@case
def a_map_that_goes_with_its_process():
    check_names(trace_alone("gone"), named("first"))


@case
def a_process_that_is_gone_before_the_end():
    """And whose mount namespace is gone as well."""
    check_names(trace_alone("map", prefix=["sh", "-c", '"$@"; sleep 0.5', "sh", *inside()]), named("first"))


@case
def in_a_container():
    """Its pid is 1 there, and its /tmp is another."""
    before = set(glob.glob("/tmp/perf-*.map"))
    check_names(trace_alone("map", prefix=inside("-pf", "--mount-proc")), named("first"))
    check_equal(set(glob.glob("/tmp/perf-*.map")) - before, set(), "maps outside")


@case
def in_a_recording():
    """Names as of their time come back, also where the files don't."""
    recording = scratch("jit.dwell")
    with Work("jitter", "replace", scratch()) as w:
        with Dwell("offcpu", "--json", "--save", recording, "-p", w.pid) as d:
            d.tracing()
            w.work()
            live = d.finish()
    forget()
    report = run("report", "--json", recording)
    check_names(report.profile(), named("first"), named("second"))
    check_equal(report.profile().stacks, live.profile().stacks, "stacks of the run and of its report")


def in_the_maps_place(put):
    """Traces a workload that tells nothing, with something else in the place of its map."""
    return trace_pid("none", before=lambda w: put(f"/tmp/perf-{w.pid}.map"))


def put_file(path):
    with open(path, "w") as f:
        f.write(ALL_STOLEN)


@case
def a_false_file_is_believed():
    """For comparison: what the following cases put there would be seen."""
    check_names(in_the_maps_place(put_file), ["stolen"] * 3)


@case
def a_link_is_not_followed():
    def put(path):
        put_file(scratch("stolen.map"))
        os.symlink(scratch("stolen.map"), path)
    check_names(in_the_maps_place(put), ANON)


@case
def a_fifo_is_not_read():
    seen = {}

    def put(path):
        os.mkfifo(path)
        seen["writer"] = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        os.write(seen["writer"], ALL_STOLEN.encode())
    p = in_the_maps_place(put)
    check_equal(os.read(seen["writer"], 100).decode(), ALL_STOLEN, "what is still in the FIFO")
    os.close(seen["writer"])
    check_names(p, ANON)


@case
def a_device_is_not_read():
    def put(path):
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        except OSError as e:
            skip(f"no devices can be made here: {e.strerror}")
    check_names(in_the_maps_place(put), ANON)


@case
def a_file_of_another_user_is_not_read():
    need_root()

    def put(path):
        put_file(path)
        os.chown(path, 4711, 4711)
    check_names(in_the_maps_place(put), ANON)


@case
def a_file_from_before_the_process_is_not_read():
    def put(path):
        put_file(path)
        os.utime(path, (1000000000, 1000000000))
    check_names(in_the_maps_place(put), ANON)


main()
