#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# timeout: 900
"""How much work our programs are for each kernel's verifier: within the budget of tests/live/verifier.py."""
import sys

sys.dont_write_bytecode = True
from vmtest import boot, case, main, note
import verifier
from livetest import check, check_equal

# The verifier is what takes long where every instruction is translated: not all of the product.
CHAINS = verifier.RUNS["chains"]
RUNS = ([("", args) for args in (*verifier.RUNS.values(), *verifier.RUNS_OF_SYSTEMS.values())]
        + [("DWELL_MEMO=verify", CHAINS)]
        + [(f"DWELL_PROBES={variant}", CHAINS) for variant in ("compat", "bounded", "minimal")])


@case
def within_the_budget(kernel):
    found = {}
    words = [f"{env} dwell {args}".strip().format(pid=1) for env, args in RUNS]
    out = boot(kernel, "verifier.sh", *words, seconds=600)
    for i in range(len(words)):
        seen = verifier.counts(out.text(f"said-{i}"))
        check(seen, f"{words[i]}: nothing was counted: {out.text(f'said-{i}')[-1000:]}")
        verifier.merge(found, seen)
    most = sorted(found.items(), key=lambda item: -item[1])
    print(f"      {kernel.release}: " + ", ".join(f"{name} {insns}" for name, insns in most[:4]))
    note(kernel, "verifier", **found)
    check_equal(verifier.over_budget(found), {}, f"programs above {verifier.BUDGET}")


main()
