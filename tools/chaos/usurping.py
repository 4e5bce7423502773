"""A child that ends a zone's process and takes the endpoint made for the next one, if it can.

Owns: being faster, and what is said then. Does not own: what must follow (`flood_faults.py`).
It ends with 0 whether it came in time or not; what it did it says on stdout.

    python -m tools.chaos.usurping HOME ZONE PID SECONDS HOW
"""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import zmq

from Kernel.contract.messages import Ask, Hello, Message, Ready, pack_message
from Kernel.contract.places import BUS
from tools.chaos.peer import connect

HOWS: Final = ("raw", "other zone", "ask", "hello", "ready")
LITTLE_S: Final = 0.0002
HOLDS_S: Final = 2.0


def main(arguments: list[str]) -> int:
    """Usurp one endpoint."""
    home, zone, pid, seconds, how = arguments
    bus = Path(home) / BUS
    before = set(os.listdir(bus))
    until_s = time.monotonic() + float(seconds)
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGKILL)
    while time.monotonic() < until_s:
        for name in set(os.listdir(bus)) - before:
            if name.rpartition("-")[0] == zone:
                usurp(bus, name, zone, how)
                print(f"came to {name}", flush=True)
                return 0
        time.sleep(LITTLE_S)
    print("came too late", flush=True)
    return 0


def usurp(bus: Path, name: str, zone: str, how: str) -> None:
    """Sit at an endpoint for a while."""
    if how == "raw":
        with suppress(OSError), socket.socket(socket.AF_UNIX) as road:
            connect(road, bus / name)
            road.send(b"\xff" + b"\0" * 8 + b"\x7f" + b"garbage" * 1000)
            time.sleep(HOLDS_S)
        return
    folder = os.open(bus, os.O_PATH | os.O_CLOEXEC)
    with zmq.Context() as context, context.socket(zmq.PAIR) as road:
        road.setsockopt(zmq.LINGER, 0)
        road.connect(f"ipc:///proc/self/fd/{folder}/{name}")
        says: dict[str, list[Message]] = {
            "other zone": [Hello(os.getpid(), "stable")],
            "ask": [Ask(1, "apply", {})],
            "hello": [Hello(os.getpid(), zone)],
            "ready": [Hello(os.getpid(), zone), Ready({})],
        }
        for message in says[how]:
            with suppress(zmq.Again):
                road.send(pack_message(message), zmq.DONTWAIT)
        time.sleep(HOLDS_S)
    os.close(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
