# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Real event traces of Windows, which are not part of the project."""
import os
import subprocess

from livetest import ROOT, skip


def traces():
    """Beside the project, whichever of its working trees this is."""
    common = subprocess.run(["git", "rev-parse", "--path-format=absolute", "--git-common-dir"], cwd=ROOT, capture_output=True,
                            text=True, check=False).stdout.strip()
    for top in (ROOT, os.path.dirname(common) if common else ROOT):
        folder = os.path.join(os.path.dirname(top), "shared", "etl")
        if os.path.exists(os.path.join(folder, "expected.json")):
            return folder
    return skip("no real traces: there is no ../shared/etl beside the project")
