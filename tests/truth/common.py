# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What these tests share with tests/live/, under one name."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "live"))

from livetest import *  # noqa: E402,F401,F403  pylint: disable=wildcard-import,unused-wildcard-import
