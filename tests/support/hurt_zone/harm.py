"""The harm a zone can do: to itself, to the machine, to whoever hears it.

Owns: each kind of it, by its word; all of it has an end. Does not own: lies (`lies.py`).
"""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from Kernel.contract.messages import Heartbeat
from tests.support.hurt_zone.lies import ask_for_all, lie, say_too_much, try_doors
from zones.runtime.seat import BusSeat

MB = 1 << 20
LEAK_MB_PER_S = 10
BURST_MB_PER_S = 256
TAKEN_MB_MAX = 4096
"""Where nobody ends it, it stops at this."""
HOG_S = 10.0
BABBLE_S = 5.0
LINES_AT_ONCE = 200
MESSAGES_AT_ONCE = 200
CHILDREN = 20
CHILDREN_S = 30.0
FILES_MAX = 4096
FILES_S = 8.0

Lasting = Callable[[], bool]
"""Called in each turn of the loop as long as it returns True: heartbeats go on meanwhile."""


def grow(mb_per_s: float) -> Callable[[BusSeat], list[Lasting]]:
    """Return what takes memory at a pace, and never gives it back."""

    def begin(_seat: BusSeat) -> list[Lasting]:
        held: list[bytes] = []
        began_s = time.monotonic()

        def go_on() -> bool:
            wanted = min((time.monotonic() - began_s) * mb_per_s, TAKEN_MB_MAX)
            while len(held) < wanted:
                held.append(os.urandom(1) * MB)
            return True

        return [go_on]

    return begin


def hog(_seat: BusSeat) -> list[Lasting]:
    """Keep a core busy in a thread beside the loop."""
    until_s = time.monotonic() + HOG_S

    def spin() -> None:
        while time.monotonic() < until_s:
            pass

    threading.Thread(target=spin, daemon=True).start()
    return []


def hang(_seat: BusSeat) -> list[Lasting]:
    """Be busy for good, without a heartbeat."""
    while True:
        pass


def take_files(_seat: BusSeat) -> list[Lasting]:
    """Open as many files as may be had, keep them for a while, and go on meanwhile."""
    held = []
    until_s = time.monotonic() + FILES_S
    with suppress(OSError):
        while len(held) < FILES_MAX:
            held.append(os.open("/dev/null", os.O_WRONLY))

    def go_on() -> bool:
        if time.monotonic() < until_s:
            return True
        for each in held:
            os.close(each)
        return False

    return [go_on]


def babble(seat: BusSeat) -> list[Lasting]:
    """Send heartbeats and write lines as fast as can be."""
    until_s = time.monotonic() + BABBLE_S
    line = "nobody wants to know this\n"

    def go_on() -> bool:
        for _ in range(MESSAGES_AT_ONCE):
            seat.bus.progress += 1
            beat = Heartbeat(seat.bus.progress, time.monotonic_ns())
            seat.bus._send(beat)
        for _ in range(LINES_AT_ONCE):
            sys.stderr.write(line)
        sys.stderr.flush()
        return time.monotonic() < until_s

    while go_on():
        pass
    return []


def crash(_seat: BusSeat) -> list[Lasting]:
    """Read where nothing is."""
    ctypes.string_at(0)
    return []


def leave(_seat: BusSeat) -> list[Lasting]:
    """Go without having been asked to, as if all were well."""
    os._exit(0)


def brood(_seat: BusSeat) -> list[Lasting]:
    """Have children, some in sessions of their own if they may, and serve on."""
    with suppress(BlockingIOError):  # no more may be had
        for number in range(CHILDREN):
            if not os.fork():
                with suppress(PermissionError):
                    if number % 2:
                        os.setsid()
                time.sleep(CHILDREN_S)
                os._exit(0)
    return []


def litter(seat: BusSeat) -> list[Lasting]:
    """Leave children behind, and go."""
    brood(seat)
    os._exit(1)


HARMS: Mapping[str, Callable[[BusSeat], list[Lasting]]] = {
    "leak": grow(LEAK_MB_PER_S),
    "burst": grow(BURST_MB_PER_S),
    "hog": hog,
    "hang": hang,
    "files": take_files,
    "babble": babble,
    "crash": crash,
    "leave": leave,
    "brood": brood,
    "litter": litter,
    "lie": lie,
    "too much": say_too_much,
    "ask": ask_for_all,
    "doors": try_doors,
}
