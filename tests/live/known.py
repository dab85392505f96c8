# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The judge of the workload `known`: of how many of its waits does the stack hold what the program says it is?"""
from livetest import check


def chains(facts):
    """[(waits, [function...])]"""
    return [(int(words[0]), words[1:]) for words in facts["chain"]]


def share_whole(p, facts, pid):
    """(whole, of how many, {last function: whole}): a sleep is whole when its stack has all functions of one of the ways, once each
    and in their order, and no other of the program's. Of most naps there is one: a timer may end before its thread is off the CPU."""
    known = chains(facts)
    own = {f for _, functions in known for f in functions}
    found = {tuple(functions): 0 for _, functions in known}
    cnt = 0
    for s in p.select(pid=pid, reason="sleep"):
        chain = tuple(n for n in p.names(s) if n in own)
        cnt += s["intervals"]
        if chain in found:
            found[chain] += s["intervals"]
    naps = sum(waits for waits, _ in known)
    check(0.9 * naps <= cnt <= naps + 1, f"{cnt} sleeps of {naps} naps")
    return sum(found.values()), cnt, {chain[-1]: whole for chain, whole in found.items()}
