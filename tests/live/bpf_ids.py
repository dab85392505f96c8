# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""What a process has of BPF in the kernel, by id: so that what others do beside it doesn't matter."""
import os
import re
import struct

from livetest import _bpf, read

GET_FD_BY_ID = {"prog_id": 13, "map_id": 14, "link_id": 30}  # enum bpf_cmd


def ids_of(pid):
    """{(kind, id)} of all descriptors of a process, by fdinfo."""
    found = set()
    try:
        names = os.listdir(f"/proc/{pid}/fdinfo")
    except OSError:
        return found
    for name in names:
        try:
            text = read(f"/proc/{pid}/fdinfo/{name}")
        except OSError:
            continue
        found |= {(kind, int(value)) for kind, value in re.findall(r"^(prog_id|map_id|link_id):\s+(\d+)", text, re.M)}
    return found


def alive(ids):
    """Those of them that are in the kernel."""
    left = set()
    for kind, number in ids:
        fd, _ = _bpf(GET_FD_BY_ID[kind], struct.pack("<III", number, 0, 0) + bytes(100))
        if fd >= 0:
            os.close(fd)
            left.add((kind, number))
    return left
