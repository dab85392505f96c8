# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A guest: one kernel in QEMU that runs one command and is gone."""
import ctypes
import dataclasses
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
import tempfile
import threading
import time

from debian import cache
from initramfs import Initramfs

HERE = os.path.dirname(os.path.abspath(__file__))
GUEST_INIT = os.path.join(HERE, "guest", "init")
VIRTIOFSD = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
TRANSPORT = ("virtio_pci", "virtio_mmio", "virtio_console")
PORTS = ("out", "err", "control", "files")

READER_GONE = 141  # as by SIGPIPE
TIMED_OUT = 124
DIED = 125
COMPLAINED = 123

# What no test may make a kernel say.
COMPLAINTS = re.compile(r"WARNING: |BUG: |Oops|Kernel panic|rcu: INFO|INFO: task .* blocked for|"
                        r"general protection|unable to handle|scheduling while atomic|list_\w+ corruption")
COMPLAINT_LINES = 40

# arch -> QEMU, machine, processor of TCG, the kernel's command line. A word that a kernel does not know goes to init, which would take it
# for its own. A host that is busy may not give the guest its first ticks in time, and old kernels panic over that on x86.
MACHINES = {
    "amd64": ("qemu-system-x86_64", "pc", "max", "console=ttyS0 no_timer_check"),
    "arm64": ("qemu-system-aarch64", "virt", "max,pauth-impdef=on", "console=ttyAMA0"),
}

# sh -c READ_ONLY_VIEW FOLDER COMMAND...: runs the command where FOLDER is the root, read-only. Without the kernel's
# own file systems: the guest mounts its own there, and the host's /proc/self would be virtiofsd.
READ_ONLY_VIEW = r"""
mount --rbind / "$0" || exit
umount -l "$0/proc" "$0/sys" "$0/dev" "$0/run" 2>/dev/null
awk -v view="$0" '$5 == view || index($5, view "/") == 1 {print $5}' /proc/self/mountinfo |
while read -r mount; do
	mount -o remount,bind,ro "$mount"
done
exec "$@"
"""


# The cmpxchg16b of QEMU 7.2 corrupts the free lists of this kernel in one boot of five. Others need it: without it
# kmalloc_nolock() of 7.2, and by that BPF task storage, has nothing to give.
WITHOUT_CX16 = "6.12."


class GuestError(Exception):
    """Why a guest can't be started: one line."""


@dataclasses.dataclass
class Options:
    """What a guest is like, besides its kernel and command."""
    files: list = dataclasses.field(default_factory=list)  # (source, path in the guest or None)
    folders: list = dataclasses.field(default_factory=list)
    modules: list = dataclasses.field(default_factory=list)
    environment: dict = dataclasses.field(default_factory=dict)
    host_root: bool = False
    memory_mb: int = 0  # 0: 512, or 1024 with the host's root
    cpus: str = "2"
    timeout: int = 300
    accelerator: str = ""  # "": as found
    append: str = ""
    qemu: list = dataclasses.field(default_factory=list)
    out_folder: str = ""
    verbose: bool = False


@dataclasses.dataclass
class Result:
    status: int
    complaints: list
    console: str
    seconds: float
    timings: str


def host_arch():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def find_qemu(arch):
    """The program that emulates the architecture; None: it is not installed."""
    own = cache("qemu", "bin", MACHINES[arch][0])
    return own if os.path.exists(own) else shutil.which(MACHINES[arch][0])


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Guest:
    def __init__(self, kernel, command, options):
        """@command: a list of words, or None for a shell on the console."""
        self.kernel = kernel
        self.command = command
        self.options = options
        self.host_root = options.host_root
        self.qemu = None
        self.reader_gone = False  # whoever took the command's words
        self.memory_mb = options.memory_mb or (1024 if options.host_root else 512)
        if kernel.arch not in MACHINES:
            raise GuestError(f"no machine for {kernel.arch}")
        self.sysroot = "" if kernel.arch == host_arch() else cache("sysroot", kernel.arch)
        if self.sysroot and not os.path.isdir(self.sysroot):
            raise GuestError(f"nothing in {self.sysroot}: run tests/vm/fetch-sysroot {kernel.arch}")
        if self.sysroot and self.host_root:
            raise GuestError(f"the host's programs don't run on {kernel.arch}")

    # ---- the first file system ----

    def find(self, name):
        """The file that a path, or a command without a path, stands for."""
        if "/" in name or os.path.exists(name):
            path = os.path.abspath(name)
        elif self.sysroot:
            places = [os.path.join(self.sysroot, "usr", b, name) for b in ("bin", "sbin")]
            path = next(filter(os.path.exists, places), None)
        else:
            path = shutil.which(name)
        if not path or not os.path.exists(path):
            raise GuestError(f"no such file: {name}")
        return path

    def build_initramfs(self, path):
        with Initramfs(path, self.sysroot) as fs:
            fs.copy(GUEST_INIT, "/init")
            fs.copy(GUEST_INIT, "/vm/init")
            fs.copy(self.find("busybox"), "/vm/bin/busybox")
            if not self.host_root:
                # The shell of busybox prefers its own applets (setpriv, ip, ps) to programs in PATH.
                fs.copy_program(self.find("dash"), "/bin/sh")
                config = self.kernel.path("config")  # libbpf reads it
                if os.path.exists(config):
                    fs.copy(config, f"/boot/config-{self.kernel.release}")
            self.add_files(fs)
            self.add_vm(fs)
            more = ("virtiofs", "overlay") if self.host_root else ()
            fs.add_modules(self.kernel, [*TRANSPORT, *more, *self.options.modules])

    def add_files(self, fs):
        base = "/vm/files" if self.host_root else ""
        for name, path in self.options.files:
            source = self.find(name)
            if not self.host_root:
                fs.copy_program(source, path or source.removeprefix(self.sysroot or "\0"))
            elif path:
                fs.copy(source, base + path)
        for name, path in self.options.folders:
            source = self.find(name)
            if path or not self.host_root:
                fs.copy_tree(source, base + (path or source))

    def add_vm(self, fs):
        config = {"HOST_ROOT": "1" if self.host_root else "",
                  "FOLDER": os.getcwd() if self.host_root else "/root",
                  "KERNEL_TREE": os.path.realpath(self.kernel.path("tree")),
                  "KERNEL_PARTS": " ".join(self.kernel.mountable())}
        fs.text("/vm/config", "".join(f"{k}={shlex.quote(v)}\n" for k, v in config.items()))
        if self.command is None:
            fs.text("/vm/interactive", "")
            return
        exports = [f"export {k}={shlex.quote(v)}" for k, v in self.options.environment.items()]
        fs.text("/vm/command", "\n".join([*exports, "exec " + shlex.join(self.command), ""]))

    # ---- QEMU ----

    def accelerator(self):
        """KVM if it is real: what kvm_pvm offers to nested guests can't run these kernels."""
        if self.options.accelerator:
            return self.options.accelerator
        real = os.access("/dev/kvm", os.W_OK) and not os.path.exists("/sys/module/kvm_pvm")
        return "kvm" if real and self.kernel.arch == host_arch() else "tcg"

    def qemu_command(self, folder):
        _, machine, processor, words = MACHINES[self.kernel.arch]
        program = find_qemu(self.kernel.arch)
        if not program:
            raise GuestError(f"no {MACHINES[self.kernel.arch][0]}: run scripts/deps vm")
        if self.kernel.arch == "amd64" and self.kernel.release.startswith(WITHOUT_CX16):
            processor += ",-cx16"
        # One thread for all processors: with one each, TCG loses races against the kernel patching its own
        # text, which each attach to a tracepoint does. It is the faster way, too.
        accelerator = {"kvm": ["-accel", "kvm", "-cpu", "host"],
                       "tcg": ["-accel", "tcg,thread=" + os.environ.get("VM_TCG_THREAD", "single"),
                               "-cpu", processor]}[self.accelerator()]
        quiet = "" if self.options.verbose or self.command is None else "quiet loglevel=6"
        append = f"{words} panic=-1 oops=panic {quiet} {self.options.append}"
        command = [program, "-M", machine, *accelerator, "-smp", self.options.cpus,
                   "-m", str(self.memory_mb), "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-nic", "none", "-kernel", self.kernel.path("vmlinuz"),
                   "-initrd", os.path.join(folder, "initrd"), "-append", append,
                   "-device", "virtio-serial"]
        if self.host_root:
            command += ["-object",
                        f"memory-backend-memfd,id=memory,size={self.memory_mb}M,share=on",
                        "-numa", "node,memdev=memory",
                        "-chardev", f"socket,id=host,path={folder}/virtiofs",
                        "-device", "vhost-user-fs-pci,chardev=host,tag=host"]
        return command + self.options.qemu

    def start_virtiofsd(self, folder):
        """Serves the host's root from a mount namespace in which it can't be written to."""
        program = next(filter(os.path.exists, VIRTIOFSD), None)
        if not program:
            raise GuestError("no virtiofsd: run scripts/deps vm")
        view = os.path.join(folder, "root")
        os.mkdir(view)
        socket = os.path.join(folder, "virtiofs")
        if "libexec" in program:
            serve = ["--shared-dir", view, "--cache", "always", "--sandbox", "chroot"]
        else:
            serve = ["-o", f"source={view}", "-o", "cache=always", "-o", "sandbox=chroot"]
        with open(os.path.join(folder, "virtiofsd.log"), "wb") as log:
            daemon = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                                       READ_ONLY_VIEW, view, program, f"--socket-path={socket}", *serve],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      preexec_fn=die_with_parent)
        for _ in range(250):
            if os.path.exists(socket):
                return daemon
            if daemon.poll() is not None:
                break
            time.sleep(0.02)
        daemon.kill()
        raise GuestError(f"virtiofsd did not start: {read_text(log.name).strip()[-500:]}")

    # ---- a run ----

    def run(self, out, err):
        """Boots, runs the command, returns a Result. out and err are called with what it says, in bytes."""
        with tempfile.TemporaryDirectory(prefix="dwell-vm-") as folder:
            self.build_initramfs(os.path.join(folder, "initrd"))
            daemon = self.start_virtiofsd(folder) if self.host_root else None
            try:
                if self.command is None:
                    subprocess.run([*self.qemu_command(folder), "-serial", "mon:stdio"], check=False)
                    return Result(0, [], "", 0, "")
                return self.run_command(folder, out, err)
            finally:
                if daemon:
                    daemon.terminate()
                    daemon.wait()

    def run_command(self, folder, out, err):
        command = self.qemu_command(folder)
        pumps, write_ends = [], []
        for name in PORTS:
            path = os.path.join(folder, name)
            if name in ("out", "err"):
                read_end, write_end = os.pipe()
                path = f"/dev/fd/{write_end}"
                write_ends.append(write_end)
                pumps.append(threading.Thread(target=self.pump, daemon=True,
                                              args=(read_end, out if name == "out" else err)))
            command += ["-chardev", f"file,id={name},path={path}",
                        "-device", f"virtserialport,chardev={name},name=vm.{name}"]
        command += ["-chardev", f"file,id=console,path={folder}/console", "-serial", "chardev:console"]
        since = time.monotonic()
        with open(os.path.join(folder, "qemu.log"), "wb") as log:
            qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    pass_fds=write_ends, preexec_fn=die_with_parent)
        for fd in write_ends:
            os.close(fd)
        self.qemu = qemu
        for thread in pumps:
            thread.start()
        try:
            qemu.wait(self.options.timeout)
            timed_out = False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            qemu.kill()
            qemu.wait()
        for thread in pumps:
            thread.join()
        return self.judge(folder, timed_out, time.monotonic() - since, err)

    def pump(self, fd, sink):
        with open(fd, "rb", buffering=0) as pipe:
            try:
                while data := pipe.read(65536):
                    sink(data)
            except BrokenPipeError:
                self.reader_gone = True
                self.qemu.kill()

    def judge(self, folder, timed_out, seconds, err):
        console = read_text(os.path.join(folder, "console"))
        control = read_text(os.path.join(folder, "control"))
        self.unpack(folder)
        start = re.search(r"^start (\S+) (\S+)", control, re.M)
        end = re.search(r"^exit (\d+) (\S+)", control, re.M)
        complaints = complaints_of(console)
        status = int(end[1]) if end else TIMED_OUT if timed_out else DIED
        if self.reader_gone:
            status = READER_GONE
        elif not end:
            why = f"no end in {self.options.timeout} s" if timed_out else "the guest died"
            qemu = read_text(os.path.join(folder, "qemu.log"))
            err(f"vmrun: {why}\n{qemu}{last_lines(console, 20)}\n".encode())
        elif complaints and not status:
            status = COMPLAINED
        timings = (f"{self.kernel.release} {self.accelerator()}: {seconds:.2f} s in all"
                   + (f", init after {start[1]} s, command after {start[2]} s" if start else "")
                   + (f", which took {float(end[2]) - float(start[2]):.2f} s" if start and end else ""))
        return Result(status, complaints, console, seconds, timings)

    def unpack(self, folder):
        """What the command left in /out, and the console."""
        target = self.options.out_folder
        if not target:
            return
        os.makedirs(target, exist_ok=True)
        archive = os.path.join(folder, "files")
        if os.path.exists(archive) and os.path.getsize(archive):
            with tarfile.open(archive) as tar:
                tar.extractall(target, [member for member in tar if member.name != "."])
        if os.path.exists(os.path.join(folder, "console")):
            shutil.copy(os.path.join(folder, "console"), os.path.join(target, "console.log"))


def read_text(path):
    if not os.path.exists(path):
        return ""
    with open(path, "rb") as f:
        return f.read().decode(errors="replace").replace("\r", "")


def last_lines(text, cnt):
    return "\n".join(text.splitlines()[-cnt:])


def complaints_of(console):
    """The lines with a complaint, each with what follows it; not more than a screen."""
    lines = console.splitlines()
    found = []
    shown_to = 0
    for i, line in enumerate(lines):
        if COMPLAINTS.search(line):
            found += lines[max(i, shown_to):i + 12]
            shown_to = max(shown_to, i + 12)
    return found[:COMPLAINT_LINES]
