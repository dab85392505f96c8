# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Verdicts by distinct stack and by program: figures, explanations, the table."""
import collections

from verdict import Verdict


class Stack:
    """A distinct stack of gdb, with every time it was seen."""

    def __init__(self, thread):
        self.thread = thread  # of the first time
        self.verdicts = []
        self.bcc_equal = None

    @property
    def is_equal(self):
        return all(v.is_equal for v in self.verdicts)

    @property
    def is_judged(self):
        """May it count? gdb's chain must reach the outermost frame or JIT code, and name something.

        Where gdb stops early, but dwell has another frame before that, dwell is asked to explain itself.
        """
        return bool(self.thread.frames) and any(f.gdb_name for f in self.thread.frames) and (
            self.thread.end != "early" or not self.is_equal)

    @property
    def named(self):
        return [f for f in self.thread.frames if f.gdb_name]

    def equal_named(self):
        """How many of the frames that gdb names are equal at the worst of times."""
        at = [v.at if v.at is not None else 0 for v in self.verdicts if not v.is_equal]
        return sum(bool(f.gdb_name) for f in self.thread.frames[:min(at)]) if at else len(self.named)


class Report:
    """The figures of one program."""

    def __init__(self, name, threads, rec, bcc):
        self.name = name
        self.snapshots, self.ledger = 0, ""
        self.stacks = {}
        self.threads = len({t.tid for t in threads})
        self.unreported = 0  # thread stacks that can't be judged: the kernel told no tracer of the switch
        for thread in threads:
            verdict = Verdict(thread, rec)
            self.unreported += verdict.is_unreported
            if verdict.is_unreported:
                continue
            stack = self.stacks.setdefault(thread.key, Stack(thread))
            stack.verdicts.append(verdict)
            if bcc is not None:
                stack.bcc_equal = bool(stack.bcc_equal) or bcc.has(thread)
        self.judged = [s for s in self.stacks.values() if s.is_judged]
        self.apart = [s for s in self.stacks.values() if not s.is_judged]

    @property
    def equal(self):
        return [s for s in self.judged if s.is_equal]

    @property
    def seen(self):
        return sum(len(s.verdicts) for s in self.judged)

    @property
    def seen_equal(self):
        return sum(v.is_equal for s in self.judged for v in s.verdicts)

    @property
    def frames(self):
        return sum(len(s.named) for s in self.judged)

    @property
    def equal_frames(self):
        return sum(s.equal_named() for s in self.judged)

    @property
    def unnamed(self):
        return sum(len(s.thread.frames) - len(s.named) for s in self.judged)

    @property
    def bcc_equal(self):
        return [s for s in self.judged if s.bcc_equal]

    def explain(self):
        """dwell's own ledger; every stack that isn't equal, one by one; those that gdb couldn't walk."""
        for line in self.ledger.splitlines():
            print(f"   {self.name}: {line}")
        if self.unreported:
            print(f"-- {self.name}: apart: {self.unreported} switches that the kernel did not report")
        for stack in self.judged:
            if not stack.is_equal:
                print(explain_stack(self.name, stack), flush=True)
        for stack in self.apart:
            t = stack.thread
            if t.end == "early":
                rest = dwell_rest(stack)
                print(f"-- {self.name}: apart: gdb stops after {len(t.frames)} frame(s) of {t.comm} ({t.tid}), "
                      f"last {t.frames[-1] if t.frames else 'none'}; dwell agrees so far{rest}")


def dwell_rest(stack):
    frames = stack.verdicts[0].frames[len(stack.thread.frames):]
    return " and goes on: " + ", ".join(map(str, frames[:6])) if frames else ""


def shorten(text, limit=60):
    """C++ has names of a thousand characters; what comes last tells the place."""
    return text if len(text) <= limit else f"{text[:limit - 25]}...{text[-22:]}"


def explain_stack(name, stack):
    bad = [v for v in stack.verdicts if not v.is_equal]
    v = bad[0]
    t = v.thread
    others = collections.Counter(b.class_ for b in bad[1:] if b.class_ != v.class_)
    more = "".join(f"; also {cnt} x {what}" for what, cnt in others.items())
    lines = [f"-- {name}: unequal: {t.comm} (process {t.pid}, thread {t.tid}), {v.kind or 'off CPU'}: "
             f"{v.class_}; {len(bad)} of {len(stack.verdicts)} times{more}; gdb's chain: {t.end}"]
    for i in range(max(len(t.frames), len(v.frames))):
        left, right = (shorten(str(side[i])) if i < len(side) else "-" for side in (t.frames, v.frames))
        lines.append(f"   {'>' if i == v.at else ' '} {i:3}  {left:60}  {right}")
        if v.at is not None and i > v.at + 12:
            lines.append("        ...")
            break
    return "\n".join(lines)


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


HEADINGS = ("program", "snapshots", "threads", "thread stacks", "equal", "", "distinct stacks", "equal", "",
            "named frames", "equal", "", "?? frames", "gdb early", "bcc equal", "")


def row_of(name, reports):
    def total(of):
        return sum(of(r) for r in reports)
    judged, equal = total(lambda r: len(r.judged)), total(lambda r: len(r.equal))
    seen, seen_equal = total(lambda r: r.seen), total(lambda r: r.seen_equal)
    frames, equal_frames = total(lambda r: r.frames), total(lambda r: r.equal_frames)
    bcc = total(lambda r: len(r.bcc_equal))
    return (name, total(lambda r: r.snapshots), total(lambda r: r.threads), seen, seen_equal,
            percent(seen_equal, seen), judged, equal, percent(equal, judged), frames, equal_frames,
            percent(equal_frames, frames), total(lambda r: r.unnamed),
            total(lambda r: sum(s.thread.end == "early" for s in r.apart)), bcc, percent(bcc, judged))


def table(reports):
    """A table in Markdown, one row for each program and one for all."""
    rows = [row_of(r.name, [r]) for r in reports] + [row_of("all", reports)]
    lines = [HEADINGS, ["---"] + ["---:"] * (len(HEADINGS) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def program_failure(report, least=8):
    """What isn't as it has to be in a program, or None."""
    if len(report.judged) < least:
        return f"{len(report.judged)} distinct stacks, at least {least} needed"
    if len(report.equal) < 0.90 * len(report.judged):
        return f"{percent(len(report.equal), len(report.judged))} of the stacks equal, at least 90 % needed"
    return None


def total_failure(reports, least, share=0.99):
    """What isn't as it has to be in all of them together, or None."""
    judged, equal = sum(len(r.judged) for r in reports), sum(len(r.equal) for r in reports)
    if judged < least:
        return f"{judged} distinct stacks in all, at least {least} needed"
    if equal < share * judged:
        return f"{equal} of {judged} stacks equal ({percent(equal, judged)}), at least {share:.0%} needed"
    return None
