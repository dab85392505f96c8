# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Where functions begin: the judge's own reading of ELF files, used for both sides of a comparison.

Reads no more than that takes: segments, symbol tables, the search table of .eh_frame. Files are those of the
distribution or made by the test, so nothing here is hardened.
"""
import bisect
import mmap
import os
import struct

PT_LOAD, PT_NOTE, PT_GNU_EH_FRAME = 1, 4, 0x6474e550
SHT_SYMTAB, SHT_DYNSYM = 2, 11
STT_FUNC, STT_GNU_IFUNC = 2, 10
DEBUG_DIR = "/usr/lib/debug/.build-id"


class Elf:
    """One ELF64 image: `data` holds the file (for the vdso: the memory, which looks like its file)."""

    def __init__(self, data):
        self.data = data
        self.phdrs = []
        phoff, = struct.unpack_from("<Q", data, 32)
        phentsize, phnum = struct.unpack_from("<HH", data, 54)
        for i in range(phnum):
            kind, _, off, vaddr, _, filesz, memsz, _ = struct.unpack_from("<IIQQQQQQ", data,
                                                                        phoff + i * phentsize)
            self.phdrs.append((kind, off, vaddr, filesz, memsz))
        self.fde_starts, self.fde_at = self._search_table()
        self.own_names = {}  # value -> names, of the file itself
        self.debug_names = {}  # of its detached debug file
        self._add_symbols(data, self.own_names)
        debug = self._debug_file()
        if debug:
            self._add_symbols(debug, self.debug_names)
        self.symbols = sorted({**self.own_names, **self.debug_names})

    # ---- segments ----

    def vaddr_of(self, file_off):
        """The address, as linked, of a byte of the file; None when it isn't loaded."""
        for kind, off, vaddr, filesz, _ in self.phdrs:
            if kind == PT_LOAD and off <= file_off < off + filesz:
                return vaddr + file_off - off
        return None

    def off_of(self, vaddr):
        for kind, off, start, filesz, _ in self.phdrs:
            if kind == PT_LOAD and start <= vaddr < start + filesz:
                return off + vaddr - start
        return None

    def build_id(self):
        for kind, off, _, size, _ in self.phdrs:
            end = off + size
            while kind == PT_NOTE and off + 12 <= end:
                namesz, descsz, note = struct.unpack_from("<III", self.data, off)
                desc = off + 12 + (namesz + 3 & ~3)
                if note == 3 and self.data[off + 12:off + 15] == b"GNU":
                    return self.data[desc:desc + descsz].hex()
                off = desc + (descsz + 3 & ~3)
        return None

    # ---- symbols ----

    def _debug_file(self):
        build_id = self.build_id()
        path = build_id and f"{DEBUG_DIR}/{build_id[:2]}/{build_id[2:]}.debug"
        return map_file(path) if path and os.path.exists(path) else None

    @staticmethod
    def _add_symbols(data, names):
        shoff, = struct.unpack_from("<Q", data, 40)
        shentsize, shnum = struct.unpack_from("<HH", data, 58)
        if not shoff or shoff + shentsize * shnum > len(data):
            return
        sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * shentsize) for i in range(shnum)]
        for _, kind, _, _, off, size, link, _, _, entsize in sections:
            if kind not in (SHT_SYMTAB, SHT_DYNSYM) or not entsize:
                continue
            strings = sections[link][4]
            for name, info, _, section, value, sym_size in struct.iter_unpack("<IBBHQQ",
                                                                            data[off:off + size]):
                if section and info & 15 in (STT_FUNC, STT_GNU_IFUNC):
                    end = data.find(b"\0", strings + name)
                    text = data[strings + name:end].decode(errors="replace")
                    names.setdefault(value, []).append((text, sym_size))

    def _symbol_at(self, vaddr):
        """The symbol's value that covers an address, or None."""
        at = bisect.bisect_right(self.symbols, vaddr) - 1
        for value in reversed(self.symbols[max(at - 8, 0):at + 1]):
            sizes = [s for table in (self.own_names, self.debug_names) for _, s in table.get(value, [])]
            if any(value <= vaddr < value + max(s, 1) for s in sizes):
                return value
        return None

    def names(self, vaddr, debug=True):
        """All names of the function that covers an address."""
        value = self._symbol_at(vaddr)
        found = self.own_names.get(value, []) + (self.debug_names.get(value, []) if debug else [])
        return [name for name, _ in found]

    # ---- .eh_frame ----

    def _search_table(self):
        for kind, off, vaddr, _, _ in self.phdrs:
            if kind != PT_GNU_EH_FRAME:
                continue
            version, _, cnt_enc, table_enc = struct.unpack_from("<BBBB", self.data, off)
            if (version, cnt_enc, table_enc) != (1, 0x03, 0x3b):
                return [], []
            cnt, = struct.unpack_from("<I", self.data, off + 8)
            raw = struct.unpack_from(f"<{2 * cnt}i", self.data, off + 12)
            return [vaddr + s for s in raw[::2]], [vaddr + f for f in raw[1::2]]
        return [], []

    def _fde_size(self, vaddr):
        """Bytes of code of the FDE at an address; all linkers here write 4-byte (0x1b) or 8-byte addresses."""
        off = self.off_of(vaddr)
        cie = off + 4 - struct.unpack_from("<I", self.data, off + 4)[0]
        augmentation = bytes(self.data[cie + 9:cie + 17]).split(b"\0")[0]
        at = cie + 9 + len(augmentation) + 1
        for _ in range(3):  # code and data alignment, return address register
            at = skip_leb(self.data, at)
        encoding = 0
        if augmentation[:1] == b"z":
            at = skip_leb(self.data, at)
            for letter in augmentation[1:].decode():
                if letter == "R":
                    encoding = self.data[at]
                    break
                at += {"L": 1, "P": 1 + pointer_size(self.data[at])}.get(letter, 0)
        form = {4: "<I", 8: "<Q"}[pointer_size(encoding)]
        return struct.unpack_from(form, self.data, off + 8 + pointer_size(encoding))[0]

    def fde_start(self, vaddr):
        """Where the piece of code begins that one FDE describes, or None where none does."""
        at = bisect.bisect_right(self.fde_starts, vaddr) - 1
        if at < 0 or vaddr >= self.fde_starts[at] + self._fde_size(self.fde_at[at]):
            return None
        return self.fde_starts[at]

    def function_start(self, vaddr):
        """Of the function, or the part of one, that covers an address; None: not known.

        The FDE decides, since stripped programs have one for each function, static ones too.
        """
        start = self.fde_start(vaddr)
        return self._symbol_at(vaddr) if start is None else start


def pointer_size(encoding):
    return {0: 8, 2: 2, 3: 4, 4: 8}[encoding & 7]


def skip_leb(data, at):
    while data[at] & 0x80:
        at += 1
    return at + 1


def map_file(path):
    with open(path, "rb") as f:
        return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)


_files = {}


def open_elf(path):
    """Of a path; None when it is no ELF file."""
    if path not in _files:
        try:
            data = map_file(path)
            _files[path] = Elf(data) if data[:5] == b"\x7fELF\x02" else None
        except (OSError, ValueError):
            _files[path] = None
    return _files[path]


_vdsos = {}


def open_vdso(pid, start, end):
    """Of a process; all that run one kernel share it."""
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        data = memory.read(end - start)
    if data not in _vdsos:
        _vdsos[data] = Elf(data)
    return _vdsos[data]
