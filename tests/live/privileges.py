# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Runs that gave up privileges, and a workload that shows what they still can do. It comes after that: programs of another user that only their owner may read, one in a mount namespace of its own, one that
has no name (memfd), and a compiler, whose unwind tables take new maps.
"""
import os
import shutil
import subprocess

from livetest import check, check_equal, check_ledger, read, scratch, start
from tracing import Tracing

CAPS = {"dac_read_search": 2, "sys_ptrace": 19, "syslog": 34, "bpf": 39, "checkpoint_restore": 40}
OWNER = "daemon"

SCRIPT = """
read go
mount -t tmpfs none "$1" && cp /bin/sh "$1/hidden" && chmod 700 "$1/hidden" && chown {owner} "$1/hidden"
as="setpriv --reuid={owner} --regid={owner} --clear-groups"
wait='sleep 0.1; sleep 0.1; :'
$as "$2/private" -c "$wait"
$as "$1/hidden" -c "$wait"
$as python3 -c "import os
fd = os.memfd_create('nameless', 0)
os.write(fd, open('/bin/sh', 'rb').read())
os.execve(fd, ['nameless', '-c', '$wait'], os.environ)"
{compiler} -c "$3" -o /dev/null
echo done
read end
"""


def workload():
    """A shell that waits for a line, in a mount namespace of its own."""
    place, mounted = scratch("bin"), scratch("mounted")
    for d in (place, mounted):
        os.makedirs(d, exist_ok=True)
        os.chmod(d, 0o755)
    os.chmod(scratch(), 0o755)
    shutil.copy("/bin/sh", f"{place}/private")
    shutil.chown(f"{place}/private", OWNER, OWNER)
    os.chmod(f"{place}/private", 0o700)
    with open(scratch("x.c"), "w") as f:
        f.write("int main(void) { return 0; }\n")
    script = SCRIPT.format(owner=OWNER, compiler=os.environ.get("CLANG", "clang"))
    return start(["unshare", "-m", "/bin/sh", "-c", script, "sh", mounted, place, scratch("x.c")],
                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def masks(pid):
    """Of each thread: (uid, CapPrm, CapEff, CapInh + CapBnd + CapAmb, NoNewPrivs)."""
    found = set()
    for tid in os.listdir(f"/proc/{pid}/task"):
        f = dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/task/{tid}/status").splitlines() if ":\t" in line)
        found.add((int(f["Uid"].split()[0]), int(f["CapPrm"], 16), int(f["CapEff"], 16),
                   int(f["CapInh"], 16) + int(f["CapBnd"], 16) + int(f["CapAmb"], 16), int(f["NoNewPrivs"])))
    return found


def seen_with(caps, user="nobody"):
    """What is seen of the workload by who gave up all but these."""
    keep = sum(1 << CAPS[c] for c in caps)
    work = workload()
    trace = Tracing(work.pid)
    trace.do(f"drop {user} {keep:#x}")
    check_equal(masks(trace.process.pid), {(65534 if user == "nobody" else 0, keep, keep, 0, 1)}, "threads")
    work.stdin.write("go\n")
    work.stdin.flush()
    check_equal(work.stdout.readline(), "done\n", "the workload")
    profile = trace.finish()
    work.stdin.close()
    check_ledger(profile)
    return profile


def places(profile, program):
    """How many different ones of its code were seen."""
    return len({f["name"] for f in profile.frames if f["module"] == program})


def facts(profile):
    frames = [profile.frames[f] for s in profile.stacks for f in s["frames"]]
    return {"private": places(profile, "private"), "hidden": places(profile, "hidden"),
            "nameless": places(profile, "memfd:nameless"),
            "kernel": sum(f["name"] == "[kernel]" for f in frames),
            "full": sum(f["name"] == "[unwind: tables full]" for f in frames)}


def check_all_seen(f):
    # A shell that waits for a child is some frames deep; a stack that can't be walked is one or two.
    for program in ("private", "hidden", "nameless"):
        check(f[program] >= 5, f"{program} was not walked: {f}")
    check_equal((f["kernel"], f["full"]), (0, 0), f"kernel functions without names, tables that were full: {f}")
