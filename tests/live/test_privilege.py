#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Tracing goes on as before after all privileges were given up but the needed ones."""
from livetest import case, main
from privileges import CAPS, check_all_seen, facts, seen_with


@case
def as_another_user():
    check_all_seen(facts(seen_with(CAPS)))


@case
def as_root_without_the_rest():
    check_all_seen(facts(seen_with(CAPS, user="-")))


main()
