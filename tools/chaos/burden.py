"""A child that takes something of the machine for a while: a core, memory, a disk's patience.

Owns: the taking; it ends by itself. Does not own: how much and when (`load_faults.py`).

    python -m tools.chaos.burden spin SECONDS
    python -m tools.chaos.burden hold MEGABYTES SECONDS
    python -m tools.chaos.burden sync FOLDER MEGABYTES SECONDS
"""

import os
import sys
import tempfile
import time
from typing import Final

MB: Final = 1 << 20
PAGE: Final = 4096
BLOCK_BYTES: Final = 64 * 1024


def main(arguments: list[str]) -> None:
    """Do what is asked for."""
    what, *words = arguments
    if what == "spin":
        spin(float(words[0]))
    elif what == "hold":
        hold(int(words[0]), float(words[1]))
    else:
        assert what == "sync", what
        sync(words[0], int(words[1]), float(words[2]))


def spin(seconds: float) -> None:
    """Be busy."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        pass


def hold(megabytes: int, seconds: float) -> None:
    """Take memory as fast as it can be had, each page touched, and keep it."""
    until_s = time.monotonic() + seconds
    held = []
    for _ in range(megabytes):
        if time.monotonic() >= until_s:
            return
        held.append(bytearray(MB))
        held[-1][::PAGE] = b"\1" * (MB // PAGE)
    time.sleep(max(until_s - time.monotonic(), 0.0))


def sync(folder: str, megabytes: int, seconds: float) -> None:
    """Write to a file that has no name, block by block, each of them forced to the disk."""
    until_s = time.monotonic() + seconds
    block = os.urandom(BLOCK_BYTES)
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(megabytes * MB // BLOCK_BYTES):
            if time.monotonic() >= until_s:
                return
            file.write(block)
            file.flush()
            os.fsync(file.fileno())


if __name__ == "__main__":
    main(sys.argv[1:])
