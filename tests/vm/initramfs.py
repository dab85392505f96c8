# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Builds a guest's first file system: an archive (cpio, newc) of files, their libraries and modules."""
import glob
import lzma
import os
import re
import stat
import subprocess


class Initramfs:
    """@root: where libraries of the guest's architecture are; "" is the host itself."""

    def __init__(self, path, root=""):
        self.file = open(path, "wb")  # pylint: disable=consider-using-with
        self.root = root
        self.names = set()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.entry("TRAILER!!!", 0, b"")
        self.file.close()

    # ---- entries ----

    def entry(self, name, mode, data):
        name = os.fsencode(name) + b"\0"
        inode = len(self.names)  # the kernel takes files of one inode for links
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        for part in (head, data):
            self.file.write(part)
            self.file.write(bytes(-len(part) % 4))

    def add(self, path, mode, data):
        """An entry at an absolute path, unless there is one; the folders above it as well."""
        name = os.path.normpath(path).lstrip("/")
        if name in self.names or name in ("", "."):
            return
        if os.path.dirname(name):
            self.add(os.path.dirname(name), stat.S_IFDIR | 0o755, b"")
        self.names.add(name)
        self.entry(name, mode, data)

    def text(self, path, text, mode=0o644):
        self.add(path, stat.S_IFREG | mode, text.encode())

    def copy(self, source, path):
        """A file; links are followed."""
        with open(source, "rb") as f:
            mode = stat.S_IMODE(os.fstat(f.fileno()).st_mode)
            self.add(path, stat.S_IFREG | mode, f.read())

    def copy_program(self, source, path):
        """A file with the libraries that it loads."""
        self.copy(source, path)
        for library in self.libraries(source):
            self.copy(self.root + library, library)

    def copy_tree(self, source, path):
        for folder, subfolders, files in os.walk(source):
            there = os.path.join(path, os.path.relpath(folder, source))
            self.add(there, stat.S_IFDIR | 0o755, b"")
            links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
            for name in files + links:
                inside = os.path.join(folder, name)
                if os.path.islink(inside):
                    self.add(os.path.join(there, name), stat.S_IFLNK | 0o777,
                             os.fsencode(os.readlink(inside)))
                elif os.path.isfile(inside):
                    self.copy(inside, os.path.join(there, name))

    # ---- libraries ----

    def libraries(self, path):
        """The paths, in the guest, of the loader and of all libraries that a program needs."""
        if not self.root:
            done = subprocess.run(["ldd", path], text=True, capture_output=True, check=False)
            return re.findall(r"(?:=> |^\s*)(/\S+)", done.stdout, re.M) if not done.returncode else []
        return self.foreign_libraries(path, [])

    def foreign_libraries(self, path, found):
        """ldd runs the program's loader, which programs of other architectures don't have here."""
        done = subprocess.run(["readelf", "-ldW", path], text=True, capture_output=True, check=False)
        names = re.findall(r"interpreter: (\S+?)\]", done.stdout)
        names += re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout)
        for name in names:
            places = [name] if name[0] == "/" else [f"/lib/*/{name}", f"/lib/{name}"]
            hits = [hit for place in places for hit in glob.glob(glob.escape(self.root) + place)]
            for hit in hits[:1]:
                library = hit[len(self.root):]
                if library not in found:
                    found.append(library)
                    self.foreign_libraries(hit, found)
        return found

    # ---- kernel modules ----

    def add_modules(self, kernel, names):
        """Those that aren't built in, and a list of them with each behind those that it needs."""
        order = []
        for name in names:
            self.add_module(kernel, name.replace("-", "_"), order)
        self.text("/vm/modules", "".join(f"/vm/{name}.ko\n" for name in order))

    def add_module(self, kernel, name, order):
        path = kernel.module_file(name)
        if not path or name in order:
            return
        data = read_module(path)
        for needed in re.findall(rb"(?:^|\0)depends=([^\0]*)\0", data)[:1]:
            for other in needed.decode().split(","):
                self.add_module(kernel, other.replace("-", "_"), order) if other else None
        self.add(f"/vm/{name}.ko", stat.S_IFREG | 0o644, data)
        order.append(name)


def read_module(path):
    """Unpacked: busybox's insmod knows no compression."""
    if path.endswith(".xz"):
        with lzma.open(path) as f:
            return f.read()
    if path.endswith((".zst", ".gz")):
        tool = ["zstd", "-qdc"] if path.endswith(".zst") else ["gzip", "-dc"]
        return subprocess.run([*tool, path], check=True, stdout=subprocess.PIPE).stdout
    with open(path, "rb") as f:
        return f.read()
