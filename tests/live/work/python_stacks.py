# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Threads that wait in stacks of all shapes; the interpreter itself tells what it thinks of them.

    python_stacks.py DUMP once|often

At SIGUSR1 faulthandler writes the stacks of all threads to DUMP. `once`: each thread waits until standard input ends,
`often`: it wakes all the time, and waits again at the same place.
"""
import faulthandler
import functools
import os
import re
import signal
import sys
import threading
import time

READ, WRITE = os.pipe()
OFTEN = sys.argv[2] == "often"


def wait():
    while OFTEN:
        time.sleep(0.005)
    os.read(READ, 1)


class Shape:
    """Methods, a class within a function, C between Python and Python."""

    def __init__(self, value=0):
        self.value = value

    def __lt__(self, other):
        wait()
        return False

    def method(self):
        return self.helper(1)

    @staticmethod
    def helper(n):
        return wait()

    @property
    def attribute(self):
        wait()


class Waits:
    def __init__(self):
        wait()


def plain():
    wait()


def recursion(n=40):
    return recursion(n - 1) if n else wait()


def deep():
    recursion(300)


def method():
    Shape().method()


def attribute():
    return Shape().attribute


def sorting():
    return sorted([Shape(1), Shape(2)])


def key_of(x):
    def nested(y):
        wait()
        return y
    return nested(x)


def sort_key():
    return sorted([2, 1], key=key_of)


def partial():
    return functools.partial(functools.partial(recursion), 2)()


def substitute():
    return re.sub("a", lambda m: wait() or "", "bab")


def numbers():
    yield 1
    wait()
    yield 2


def delegating():
    yield from numbers()


def generator():
    return sum(x for x in delegating())


def comprehension():
    return [[wait() for _ in range(2)] for _ in range(2)]


def executed():
    code = compile("\n\ndef inner(f):\n    f()\n\ninner(wait)\n", "made of text", "exec")
    exec(code, {"wait": wait})  # pylint: disable=exec-used


def constructor():
    return Waits()


async def coroutine():
    wait()


async def awaiting():
    await coroutine()


def running_coroutine():
    try:
        awaiting().send(None)
    except StopIteration:
        pass


def names_of_all_sizes():
    scope = {"wait": wait}
    source = "def größe(): wait()\ndef 名前(): größe()\ndef \U00010400x(): 名前()\n\U00010400x()\n"
    exec(compile(source, "pfad/é/字/\U0001f40d.py", "exec"), scope)  # pylint: disable=exec-used


def long_lines():
    # Wide columns, many lines: entries of each form in the table of lines.
    return (recursion(0),
            *[wait()   for   _   in   range(1)   if                                                                  plain],


            recursion(0))


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args):
        try:
            return function(*args)
        finally:
            pass
    return wrapper


@decorated
@decorated
def decorators():
    with open(os.devnull, encoding="utf-8"):
        wait()


SHAPES = [plain, recursion, deep, method, attribute, sorting, sort_key, partial, substitute, generator, comprehension,
          executed, constructor, running_coroutine, names_of_all_sizes, long_lines, decorators]


def run(shape, started):
    # faulthandler calls threads by the first, everybody else by the second.
    print("thread", shape.__name__, threading.get_native_id(), f"{threading.get_ident():x}", flush=True)
    started.release()
    shape()


def main():
    started = threading.Semaphore(0)
    for shape in SHAPES:
        threading.Thread(target=run, args=(shape, started), daemon=True).start()
        started.acquire()
    with open(sys.argv[1], "wb", 0) as dump:
        faulthandler.register(signal.SIGUSR1, file=dump, all_threads=True)
        print("thread", "main", threading.get_native_id(), f"{threading.get_ident():x}", flush=True)
        print("ready", os.getpid(), flush=True)
        sys.stdin.read()
    os._exit(0)


main()
