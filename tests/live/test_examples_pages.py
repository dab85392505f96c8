#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# lane: long
"""Every command line in the pages of docs/ works, too."""
import os

from examples import own_cgroup, page_lines, try_lines
from livetest import case, main


@case
def lines_of_the_page_about_names():
    try_lines(page_lines("docs/names.md"), 3, "docs/names.md")


@case
def lines_of_the_page_about_wakers():
    try_lines(page_lines("docs/wakers.md"), 8, "docs/wakers.md")
    try_lines(page_lines("docs/chains.md"), 6, "docs/chains.md")


@case
def lines_of_the_page_about_formats():
    try_lines(page_lines("docs/formats.md"), 6, "docs/formats.md")


@case
def lines_of_the_tutorial():
    try_lines(page_lines("docs/tutorial.md"), 12, "docs/tutorial.md")


@case
def lines_of_the_page_about_times():
    try_lines(page_lines("docs/times.md"), 7, "docs/times.md")


@case
def lines_of_the_page_about_the_gate():
    try_lines(page_lines("docs/check.md"), 5, "docs/check.md")


@case
def lines_of_the_page_about_dumps():
    try_lines(page_lines("docs/dump.md"), 8, "docs/dump.md")
    os.rmdir(own_cgroup())


@case
def lines_of_the_page_about_goroutines():
    try_lines(page_lines("docs/goroutines.md"), 12, "docs/goroutines.md")


@case
def lines_of_the_page_about_the_doctor():
    try_lines(page_lines("docs/doctor.md"), 4, "docs/doctor.md")


@case
def lines_of_the_page_about_serving():
    try_lines(page_lines("docs/serve.md"), 4, "docs/serve.md")


@case
def lines_of_the_page_about_the_live_view():
    try_lines(page_lines("docs/top.md"), 5, "docs/top.md")


@case
def lines_of_the_page_about_windows():
    try_lines(page_lines("docs/windows.md"), 4, "docs/windows.md")


main()
