# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Names, inlined functions and lines of addresses: dwell's beside those of addr2line and eu-addr2line.

Each address is compared frame by frame. What differs is put into a class with an explanation, or it fails. Where the two
judges disagree with each other, the address counts as such, whoever dwell agrees with. A third one, llvm-symbolizer, is only
asked to arbitrate: where dwell says what neither of the two says, it must say that as well.

Compared of a place in the source are the file's last part and the line: the three spell directories differently.
"""
import bisect
import collections
import os
import random
import re
import shutil
import subprocess

from common import BUILD
from elf import open_elf

CLONE = re.compile(r"(\.(cold|part|constprop|isra|lto_priv|localalias|ipa_ra|llvm|\d+)(\.\d+)?)+$")
CLONE_WORDS = re.compile(r" \[clone [^\]]*\]")
NAME_BYTES = 4095  # dwell keeps no more of a name
Frame = collections.namedtuple("Frame", "name file line")


def run(command, text, check=True, env=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, check=check, errors="replace",
                          env=dict(os.environ, **(env or {}))).stdout


def text_addresses(path, cnt, seed=1):
    """Random addresses in .text."""
    out = run(["readelf", "-SW", path], "")
    m = re.search(r"\] \.text +PROGBITS +([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+)", out)
    start, size = int(m.group(1), 16), int(m.group(2), 16)
    rng = random.Random(f"{seed} {os.path.basename(path)}")
    return [rng.randrange(start, start + size) for _ in range(cnt)]


def place(text):
    """FILE:LINE[:COLUMN] [(discriminator N)] -> (last part of the file, line)."""
    m = re.match(r"(.*?):(\d+|\?)(:\d+)?( \(.*\))?$", text)
    file, line = m.group(1), m.group(2)
    if file.startswith("??") or line == "?":
        return "", 0
    # Without a line the file alone is what a symbol table says.
    return (os.path.basename(file), int(line)) if int(line) else ("", 0)


def pairs(lines):
    """The output of either judge: an address, then a name and a place for each function."""
    found = []
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            found.append([])
        else:
            found[-1].append(line)
    for block in found:
        yield [Frame(re.sub(r" inlined at .*", "", block[i]), *place(block[i + 1]))
               for i in range(0, len(block) - 1, 2)]


def demangle(names):
    """{name as linked: readable name, as much of it as dwell keeps}."""
    names = sorted(names)
    return {name: text.encode()[:NAME_BYTES].decode(errors="ignore")
            for name, text in zip(names, run(["c++filt", "-i"], "\n".join(names) + "\n").split("\n"))}


def demangled(frames):
    """eu-addr2line demangles otherwise, and not Rust: let c++filt do it for both."""
    readable = demangle({f.name for block in frames for f in block})
    return [[f._replace(name=readable[f.name]) for f in block] for block in frames]


def ask_addr2line(path, addrs):
    out = run(["addr2line", "-f", "-i", "-a", "-e", path], "".join(f"{a:x}\n" for a in addrs), check=False)
    return demangled(list(pairs(out.splitlines())))


def ask_eu_addr2line(path, addrs):
    out = run(["eu-addr2line", "-f", "-i", "-a", "-e", path], "".join(f"0x{a:x}\n" for a in addrs), check=False)
    return demangled(list(pairs(out.splitlines())))


def ask_llvm(path, addrs):
    """Of old versions the output has a blank line more; without the tool it says nothing."""
    if not shutil.which("llvm-symbolizer"):
        return [[] for _ in addrs]
    out = run(["llvm-symbolizer", "--output-style=GNU", "--no-demangle", "-f", "-i", "-a", "-e", path],
              "".join(f"0x{a:x}\n" for a in addrs), check=False)
    found = demangled(list(pairs([line for line in out.splitlines() if line])))
    return found if len(found) == len(addrs) else [[] for _ in addrs]


def ask_dwell(path, addrs, root=None, env=None):
    command = [f"{BUILD}/tests/unit/dump_names"] + (["-r", root] if root else []) + [path]
    found = []
    for line in run(command, "".join(f"{a:x}\n" for a in addrs), env=env).split("\n"):
        if line.startswith("@"):
            found.append([])
        elif line:
            _, name, file, number = line.split("\t")
            file, number = (os.path.basename(file), int(number)) if int(number) else ("", 0)
            found[-1].append(Frame("??" if re.search(r"\+0x[0-9a-f]+$", name) else name, file, number))
    return found


class Symbols:
    """All function symbols of a file, its debug file's included: what explains the outermost name."""

    def __init__(self, path, debug):
        self.at = collections.defaultdict(dict)  # value -> name as linked -> size
        for file in filter(None, (path, debug)):
            for option in ([], ["-D"]):
                out = subprocess.run(["nm", "-S", "--special-syms", *option, file], capture_output=True, text=True,
                                     check=False).stdout
                for line in out.splitlines():
                    parts = line.split()
                    if len(parts) >= 3 and re.fullmatch(r"[0-9a-f]+", parts[0]):
                        size = int(parts[1], 16) if len(parts) == 4 else 0
                        self.at[int(parts[0], 16)][parts[-1].split("@")[0]] = size
        self.readable = demangle({n for names in self.at.values() for n in names})
        self.starts = None
        self.by_name = collections.defaultdict(list)
        for value, sizes in self.at.items():
            for name, size in sizes.items():
                self.by_name[self.readable[name]].append((value, size))

    def inside(self, addr):
        """Does any symbol cover it?"""
        if self.starts is None:
            self.starts = sorted(self.at)
        at = bisect.bisect_right(self.starts, addr)
        return any(addr < v + max(self.at[v].values()) for v in self.starts[max(at - 8, 0):at])

    def covers(self, name, addr):
        return [(v, s) for v, s in self.by_name.get(name, []) if v <= addr < v + s]

    def nearest(self, name, addr):
        """It begins before the address, ends before it or nowhere."""
        return [v for v, s in self.by_name.get(name, []) if v <= addr and (not s or addr >= v + s)]


def base(name):
    """Without what compilers add to the parts and copies of a function."""
    return CLONE.sub("", CLONE_WORDS.sub("", name))


def plain(name):
    """Without parameters, template arguments and return type: what DW_AT_name holds."""
    name = re.sub(r"^.*(?=operator)", "", base(name)) if "operator" in name else base(name)
    name = re.sub(r"\(.*", "", name)
    while re.search(r"<[^<>]*>", name):
        name = re.sub(r"<[^<>]*>", "", name)
    return name.split("::")[-1].split(" ")[-1]


def explain_outermost(ours, theirs, addr, symbols):
    """The class of a difference between two outermost names; None: there is no explanation."""
    if base(ours) == base(theirs):
        return "part or copy of a function: the symbol's name says which (.cold, .part, .constprop)"
    mine, others = symbols.covers(ours, addr), symbols.covers(theirs, addr)
    if {v for v, _ in mine} & {v for v, _ in others}:
        return "another name of the same function"
    if ours == "??" and symbols.nearest(theirs, addr):
        return "no symbol covers it: the judge takes the nearest one before it"
    if mine and symbols.nearest(theirs, addr):
        return "the judge takes a symbol that ends before it"
    if mine and not symbols.by_name.get(theirs):
        return "the symbol's name; the judge's is the source's, which no symbol has"
    if mine and others:
        return "symbols inside each other: dwell takes the inner one"
    if not mine and theirs == "??" and symbols.nearest(ours, addr):
        return "a function without a size in its symbol"
    return None


def explain(ours, theirs, addr, symbols):
    """"" when equal, else the class of what differs; None: unexplained."""
    if ours == theirs:
        return ""
    guess = theirs and (theirs[0].name == "??" or symbols.nearest(theirs[0].name, addr))
    if ours == [Frame("??", "", 0)] and guess and len(theirs) == 1 and theirs[0].line and not symbols.inside(addr):
        return "between functions: dwell says nothing, the judge a row of the line table"
    if [f[1:] for f in ours] != [f[1:] for f in theirs]:
        return None
    differ = [i for i, (mine, other) in enumerate(zip(ours, theirs)) if mine != other]
    if differ == [len(ours) - 1]:
        return explain_outermost(ours[-1].name, theirs[-1].name, addr, symbols)
    # binutils bug: what was inlined innermost gets the symbol's name when it has no name for the linker.
    if base(theirs[0].name) == base(ours[-1].name) and set(differ) <= {0, len(ours) - 1}:
        return "the innermost inlined function has the name of the symbol"
    return None


class Verdict:
    """What became of the addresses of one file."""

    def __init__(self, label):
        self.label = label
        self.cnt = self.equal = 0
        self.inlined = self.lines = 0  # how many addresses had any: else the test says nothing
        self.explained = collections.Counter()
        self.disagree = collections.Counter()
        self.failed = []

    def add(self, addr, answers, symbols):
        ours, bfd, eu, llvm = answers
        self.cnt += 1
        self.inlined += len(ours) > 1
        self.lines += bool(ours and ours[-1].line)
        why = [explain(ours, judge, addr, symbols) for judge in (bfd, eu, llvm)]
        if why[:2] == ["", ""]:
            self.equal += 1
        elif why[:2] == [None, None] and why[2] is None:
            self.failed.append((addr, answers))
        elif bfd != eu:
            self.disagree[disagreement(*why)] += 1
        else:
            self.explained[ALONE if why[0] is None else why[0]] += 1

    def print(self):
        print(f"{self.label}: {self.cnt} addresses ({self.inlined} with inlined functions, {self.lines} with lines): "
              f"{self.equal} equal to both judges, {sum(self.explained.values())} explained, "
              f"{sum(self.disagree.values())} where the judges disagree, {len(self.failed)} unexplained")
        for why, cnt in self.explained.most_common():
            print(f"    {cnt:6}  {why}")
        for why, cnt in self.disagree.most_common():
            print(f"    {cnt:6}  judges disagree: {why}")
        for addr, answers in self.failed[:5]:
            print(f"    {addr:#x}")
            for who, frames in zip(("dwell", "addr2line", "eu-addr2line", "llvm-symbolizer"), answers):
                print(f"        {who:16} {show(frames)}")


ALONE = "both judges see the same, llvm-symbolizer what dwell sees"


def disagreement(bfd, eu, llvm):
    """Whom dwell agrees with, in words: each is how dwell's answer differs from that judge's."""
    for exact in (True, False):
        fits = [who for who, why in (("addr2line", bfd), ("eu-addr2line", eu)) if (not why if exact else why) and why is not None]
        if fits:
            other = {"addr2line": bfd, "eu-addr2line": eu}[fits[0]]
            return (f"dwell as {' and '.join(fits)}" + (f", but: {other}" if other else "") +
                    (" (llvm-symbolizer too)" if llvm is not None else ""))
    return "dwell as llvm-symbolizer alone"


def show(frames):
    return " < ".join(f"{f.name} {f.file}:{f.line}" for f in frames)


def debug_file_of(path):
    elf = open_elf(path)
    build_id = elf and elf.build_id()
    found = build_id and f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
    return found if found and os.path.exists(found) else None


def judge_file(label, path, cnt, root=None, debug=None):
    """@root: where dwell looks for the debug file; the judges look where the system has it."""
    path = os.path.realpath(path)
    addrs = text_addresses(path, cnt)
    symbols = Symbols(path, debug or debug_file_of(path))
    verdict = Verdict(label)
    answers = (ask_dwell(path, addrs, root), ask_addr2line(path, addrs), ask_eu_addr2line(path, addrs),
               ask_llvm(path, addrs))
    assert {len(a) for a in answers} == {cnt}, [len(a) for a in answers]
    for addr, *answer in zip(addrs, *answers):
        verdict.add(addr, answer, symbols)
    return verdict


# ---- programs of ours ----

def build(compiler, source, to, flags):
    subprocess.run([compiler, source, "-o", to, *flags], check=True, capture_output=True)
    return to


def split(program, compress=None):
    """Moves the debug information into a file beside it, as distributions do."""
    debug = program + ".debug"
    subprocess.run(["objcopy", "--only-keep-debug", *([f"--compress-debug-sections={compress}"] if compress else []),
                    program, debug], check=True)
    subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", program], check=True)
    return debug


def share(root, programs):
    """Moves what programs' debug information has in common into a third file, as Debian does.

    The programs must be in a directory beside `root`/usr/lib/debug/.dwz.
    """
    os.makedirs(f"{root}/usr/lib/debug/.dwz/test", exist_ok=True)
    subprocess.run(["dwz", "-m", f"{root}/usr/lib/debug/.dwz/test/names.debug", "-M", "../.dwz/test/names.debug",
                    *programs], check=True)
