# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""Go programs for tests: a toolchain and what it builds, without modules and without a network."""
import os
import re
import shutil
import subprocess

from livetest import check, scratch


class Toolchain:
    """A Go. @goroot: its folder, None for the one in PATH; @cache: where it keeps what it has compiled."""

    def __init__(self, goroot=None, cache=None):
        self.command = os.path.join(goroot, "bin", "go") if goroot else shutil.which("go")
        check(self.command, "no go: scripts/deps test")
        self.env = dict(os.environ, GO111MODULE="off", GOTOOLCHAIN="local", GOFLAGS="", GOENV="off",
                        GOCACHE=cache or scratch("go-cache"), GOPATH=scratch("go-path"))
        self.env.pop("GOROOT", None)
        if goroot:
            self.env["GOROOT"] = goroot
        said = subprocess.run([self.command, "version"], env=self.env, capture_output=True, text=True, check=True)
        self.version = re.search(r"go(\d+\.\d+)", said.stdout)[1]

    @property
    def minor(self):
        return int(self.version.split(".")[1])

    def build(self, name, sources, *flags, cgo=True, **more):
        """Builds the files to a program of that name in a folder of its own, with @more in the environment. Its path."""
        folder = scratch(f"{name}-{self.version}")
        os.makedirs(folder, exist_ok=True)
        for source in sources:
            shutil.copy(source, folder)
        env = dict(self.env, CGO_ENABLED="1" if cgo else "0", **more)
        done = subprocess.run([self.command, "build", *flags, "-o", name, "."], cwd=folder, env=env,
                              capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"go {self.version}, {name}: {done.stderr[-2000:]}")
        return os.path.join(folder, name)
