# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The kernels that guests are booted with: which there are, how they are fetched, where their parts lie."""
import glob
import os
import re
import shutil

from debian import FetchError, Suite, cache, merge_usr

# name -> suite, architecture. Always the cloud kernel: small, with virtiofs, without drivers.
TABLE = {
    "5.10": ("bullseye", "amd64"),
    "6.1": ("bookworm", "amd64"),
    "6.12": ("trixie", "amd64"),
    "sid": ("sid", "amd64"),
    "6.1-arm64": ("bookworm", "arm64"),
    "6.12-arm64": ("trixie", "arm64"),
    "sid-arm64": ("sid", "arm64"),
}


class Kernel:
    """A fetched kernel: a folder with vmlinuz, config, arch, release, packages and tree/, which holds
    /lib/modules/RELEASE and, with headers, parts of /usr/src and /usr/lib."""

    def __init__(self, name):
        self.name = name
        self.folder = name if "/" in name else cache("kernels", name)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read().strip()

    @property
    def is_there(self):
        return os.path.exists(self.path("release"))

    @property
    def has_headers(self):
        return os.path.lexists(self.path("tree", "lib", "modules", self.release, "build"))

    @property
    def release(self):
        return self.read("release")

    @property
    def arch(self):
        return self.read("arch")

    def module_file(self, name):
        """The file of a module, or None if it is built in or doesn't exist."""
        pattern = re.sub("[-_]", "[-_]", name) + ".ko*"
        modules = self.path("tree", "lib", "modules", self.release, "kernel")
        found = glob.glob(os.path.join(glob.escape(modules), "**", pattern), recursive=True)
        return found[0] if found else None

    def mountable(self):
        """Folders that a guest with a root of its own needs in their places: relative to tree/."""
        found = []
        for pattern in ("lib/modules/*", "usr/src/*", "usr/lib/linux-kbuild-*"):
            found += glob.glob(pattern, root_dir=self.path("tree"))
        return sorted(found)


def fetch(name, headers=False, refresh=False):
    """Fetches a kernel of the table if it isn't there. Returns it. Raises FetchError."""
    if name not in TABLE:
        raise FetchError(f"unknown kernel {name!r}; known are {' '.join(TABLE)}")
    kernel = Kernel(name)
    suite = Suite(*TABLE[name])
    if refresh or not kernel.is_there:
        fetch_image(kernel, suite)
    if headers and not kernel.has_headers:
        fetch_headers(kernel, suite)
    return kernel


def fetch_image(kernel, suite):
    """Into a folder beside it, which takes the place of the old one when it is complete."""
    meta = f"linux-image-cloud-{suite.arch}"
    image = next((p for p in suite.depends(meta) if re.match(r"linux-image-\d", p)), None)
    if not image:
        raise FetchError(f"{meta} of {suite.name} depends on no linux-image-N")
    # Newer ones are split: linux-binary has vmlinuz, linux-base the configuration.
    parts = [p for p in suite.depends(image) if re.match("linux-(modules|binary|base)-", p)]
    new = kernel.folder + ".new"
    shutil.rmtree(new, ignore_errors=True)
    debs = suite.unpack([image, *dict.fromkeys(parts)], os.path.join(new, "tree"))
    arrange(new)
    for file, text in (("arch", suite.arch), ("packages", "\n".join(debs))):
        with open(os.path.join(new, file), "w") as f:
            f.write(text + "\n")
    shutil.rmtree(kernel.folder, ignore_errors=True)
    os.rename(new, kernel.folder)


def arrange(folder):
    """Takes vmlinuz and config out of the tree: from /boot or from /lib/modules/RELEASE."""
    tree = os.path.join(folder, "tree")
    merge_usr(tree)
    releases = os.listdir(os.path.join(tree, "lib", "modules"))
    if len(releases) != 1:
        raise FetchError(f"expected one kernel below {tree}/lib/modules, found {releases}")
    for name in ("vmlinuz", "config"):
        found = (glob.glob(os.path.join(tree, "boot", name + "-*")) +
                 glob.glob(os.path.join(tree, "lib", "modules", "*", name)))
        if not found and name == "vmlinuz":
            raise FetchError(f"no vmlinuz below {tree}")
        for path in found[:1]:
            shutil.copyfile(path, os.path.join(folder, name))
    shutil.rmtree(os.path.join(tree, "boot"), ignore_errors=True)
    shutil.rmtree(os.path.join(tree, "usr", "share"), ignore_errors=True)
    with open(os.path.join(folder, "release"), "w") as f:
        f.write(releases[0] + "\n")


def fetch_headers(kernel, suite):
    """What bcc's Python tools compile with: the headers of exactly this kernel."""
    package = f"linux-headers-{kernel.release}"
    more = [p for p in suite.depends(package) if re.match("linux-(headers|kbuild)-", p)]
    debs = suite.unpack([package, *dict.fromkeys(more)], kernel.path("headers"))
    merge_usr(kernel.path("headers"))
    shutil.copytree(kernel.path("headers", "usr"), kernel.path("tree", "usr"), symlinks=True,
                    dirs_exist_ok=True)
    shutil.rmtree(kernel.path("headers"))
    if not kernel.has_headers:
        raise FetchError(f"no /lib/modules/{kernel.release}/build in {' '.join(debs)}")
    with open(kernel.path("packages"), "a") as f:
        f.writelines(deb + "\n" for deb in debs)
