"""A bus zone that asks where it may not: at the console, and at the scribe's socket.

Owns: that. Settings: none. It asks once at each, leaves what it heard in `HOME/answer.json`, and
idles until it is to leave.
"""

import json
import socket
from pathlib import Path
from typing import Any

from Kernel.contract.messages import Drain
from Kernel.contract.places import CONSOLE_SOCKET, SCRIBE_SOCKET
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.seat import BusSeat

PATIENCE_S = 20.0


class Generation:
    """One version of the intruder."""

    def __init__(self, _settings: dict[str, Any], _progress: Progress = untold) -> None:
        self.facts: dict[str, Any] = {"service": "toy intruder"}

    def reach(self) -> Reach:
        """It needs its home only."""
        return Reach()

    def run(self, seat: BusSeat) -> None:
        """Ask, then wait for the end."""
        seat.bus.ready({})
        told = {
            "console": ask(seat.home / CONSOLE_SOCKET, b'{"command": "shutdown"}\n'),
            "scribe": ask(seat.home / SCRIBE_SOCKET, b'{"kind": "build.done"}\n'),
        }
        made = seat.home / "answer.json.new"
        made.write_text(json.dumps(told))
        made.rename(seat.home / "answer.json")
        while True:
            for message in seat.bus.poll(0.05):
                if isinstance(message, Drain):
                    return
            seat.bus.progress += 1


def ask(path: Path, line: bytes) -> str:
    """Return what a socket answers to a line, "" where it hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(PATIENCE_S)
        try:
            peer.connect(str(path))
            peer.sendall(line)
            return peer.recv(4096).decode()
        except OSError as error:
            return "" if isinstance(error, ConnectionError) else type(error).__name__
