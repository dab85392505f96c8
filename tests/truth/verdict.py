# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Is what dwell recorded of a stopped thread gdb's stack? And if not, how does it differ first?"""
import recording
from space import Frame


class Verdict:
    """What dwell recorded for a Thread: equal, or the first way in which it isn't."""

    def __init__(self, thread, rec):
        self.thread = thread
        self.class_, self.at, self.frames, self.kind = None, None, [], None
        intervals = self._intervals(rec)
        # A switch that the kernel hid and dwell placed by run time can't have a stack.
        self.is_unreported = bool(intervals) and all(i.flags & recording.F_REBUILT for _, i in intervals)
        intervals = [(kind, i) for kind, i in intervals if not i.flags & recording.F_REBUILT]
        for kind, interval in intervals:
            self._judge(rec, kind, interval)
            if self.class_:
                return
        if not intervals and not self.is_unreported:
            self.class_ = "no interval"
            if rec.spilled.get(thread.tid):
                self.class_ += f" ({rec.spilled[thread.tid]} of the thread were added up in the kernel)"

    @property
    def is_equal(self):
        return self.class_ is None

    def _intervals(self, rec):
        """[(kind, interval)] in which the thread's user registers were those that gdb saw."""
        t = self.thread
        found = [("stopped", i) for i in rec.touching(t.tid, *t.stop_ns)]
        for i in rec.touching(t.tid, *t.kill_ns):
            if t.was_there and i.out_ns < t.kill_ns[0] and i.in_ns > t.kill_ns[1]:
                kind = "asleep since before" if i.flags & recording.F_SEEDED else "blocked"
                found.append((kind, i))
        return found

    def _judge(self, rec, kind, interval):
        t = self.thread
        self.kind = kind
        stack = rec.stacks.get(interval.user_stack)
        if not stack:
            self.class_ = "no stack" if not interval.user_stack else "stack lost"
            return
        self.frames = self._frames_of(stack)
        for i, want in enumerate(t.frames):
            if i >= len(self.frames) or not self._same(rec, stack, self.frames[i], want):
                self.at = i
                self.class_ = self._explain(stack, i)
                return
        if t.end == "complete" and len(self.frames) > len(t.frames):
            self.at = len(t.frames)
            self.class_ = f"goes on past the outermost frame{stack.marks}"
        elif t.end == "complete" and stack.end:
            self.at = len(t.frames)
            self.class_ = f"complete, but shows another end{stack.marks}"

    def _frames_of(self, stack):
        frames = []
        for ip in stack.ips:
            is_call = bool(frames) and not ip & recording.IP_EXACT
            frames.append(Frame(self.thread.space, ip & ~recording.IP_EXACT, is_call))
        return frames

    def _same(self, rec, stack, got, want):
        if got.pc != want.pc and (want.start is None or got.key != want.key):
            return False
        # A signal's return code is called by nobody: either will do.
        if got.is_call != want.is_call and not want.is_sigtramp:
            return False
        place = rec.locate(stack.image, got.pc)
        if place is None:
            return False
        kind, path, off = place
        if kind == recording.MODULE_VDSO:
            return got.path == "[vdso]"
        return off == got.off and path == got.path

    def _explain(self, stack, at):
        want, got = self.thread.frames, self.frames
        if at >= len(got) or not got[at].is_code:
            return f"ends after {at} of {len(want)} frames{stack.marks}"
        if got[at].pc == want[at].pc and got[at].is_call != want[at].is_call:
            return "interrupted instruction taken for a call, or the other way round"
        if got[at].pc == want[at].pc:
            return "address is in another module for dwell"
        later = [f.pc for f in want[at + 1:]]
        if got[at].pc in later:
            return f"leaves out {later.index(got[at].pc) + 1} frame(s){stack.marks}"
        if want[at].pc in [f.pc for f in got[at + 1:]]:
            return f"has a frame too many{stack.marks}"
        return ("leaf differs" if at == 0 else "differs") + stack.marks
