"""People at the console, on paper: requests at random, answers taken.

Owns: the console server's place in front of the real desk and handlers. Does not own: sockets and
lines (`Kernel/console/server.py`), what a request does (`Kernel/console/handlers.py`).
"""

import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from Kernel.console.request import check_request
from Kernel.console.server import Interest, Pending, Token
from Kernel.contract.errors import MoltError
from tests.sim.machine import CONSOLE_FD, SimLoop
from tests.sim.trait_life import TRAITS, content_of, name_of

NOBODY = 4242


class PaperMeters:
    """Meters that cost nothing."""

    def measure(self, _pid: int) -> tuple[float, float]:
        """Return (resident MB, CPU percent)."""
        return 1.0, 0.0


class SimConsoleServer:
    """Requests in, answers out, without sockets."""

    def __init__(self, loop: SimLoop, on_answer: Callable[[Token, str, Any], None]) -> None:
        self._waiting: deque[Pending] = deque()
        self._open: set[Token] = set()
        self._on_answer = on_answer
        self._count = 0
        self.lines = 0
        loop.offer(CONSOLE_FD, lambda: bool(self._waiting))
        self._loop = loop

    def ask(self, command: str, args: Mapping[str, object]) -> Token:
        """Send a request as a client does."""
        self._count += 1
        token = Token(self._count)
        self._open.add(token)
        self._waiting.append(Pending(token, check_request(command, args), NOBODY))
        self._loop.touch(CONSOLE_FD)
        return token

    def hang_up(self, token: Token) -> None:
        """Leave without waiting for the answer."""
        self._open.discard(token)

    @property
    def open_count(self) -> int:
        """Return how many wait for an answer."""
        return len(self._open)

    # What the desk calls.

    def interest(self) -> dict[int, Interest]:
        """Return what is to be polled."""
        return {CONSOLE_FD: Interest(True, False)}

    def handle(self, _fd: int, _readable: bool, _writable: bool, _now_s: float) -> list[Pending]:
        """Return the requests that have come."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def is_open(self, token: Token) -> bool:
        """Tell whether somebody waits for the answer."""
        return token in self._open

    def answer(self, token: Token, result: Mapping[str, object]) -> None:
        """Take an answer."""
        self._open.discard(token)
        self._on_answer(token, "ok", result)

    def refuse(self, token: Token, error: MoltError) -> None:
        """Take a refusal."""
        self._open.discard(token)
        self._on_answer(token, "refused", error.message)

    def takes_more(self, _token: Token) -> bool:
        """Tell whether there is room for a line more: this one reads at once."""
        return True

    def is_stuck(self, _token: Token) -> bool:
        """Tell whether somebody has not read for long."""
        return False

    def push(self, _token: Token, _fields: Mapping[str, object]) -> None:
        """Take a line."""
        self.lines += 1

    def flush(self, _token: Token) -> None:
        """Take all that was pushed."""

    def close(self) -> None:
        """Hang up on everybody."""
        self._open.clear()


def random_request(rng: random.Random, tick: int) -> tuple[str, dict[str, object]]:
    """Return something people ask for."""
    zone = rng.choice(["stable", "stable", "chronos", "archive"])
    return rng.choice(
        [
            ("status", {}),
            ("kernel-events", {"last": 20}),
            ("logs", {"last": 20}),
            ("ps", {}),
            ("pause", {}),
            ("pause", {"at_tick": tick + rng.randint(1, 400)}),
            ("resume", {}),
            ("resume", {}),
            ("step", {"steps": rng.randint(1, 200)}),
            ("params", {"key": "friction", "value": rng.random()}),
            (
                "params",
                {
                    "key": "friction",
                    "value": rng.random(),
                    "at_tick": tick + rng.randint(0, 600),
                },
            ),
            ("soft-restart", {"zone": zone}),
            ("soft-restart", {"zone": zone, "fresh": True}),
            ("go-back", {"zone": zone}),
            ("drill", {"kind": rng.choice(["kill", "stop", "segfault", "hang"]), "zone": zone}),
            ("trait list", {}),
            ("trait add", {"source": content_of(rng.randrange(TRAITS))}),
            ("trait add", {"source": content_of(rng.randrange(TRAITS))}),
            ("try", {"source": content_of(rng.randrange(TRAITS))}),
            ("try", {"source": content_of(rng.randrange(TRAITS)), "ticks": 10, "seeds": 2}),
            ("trait remove", {"name": name_of(rng.randrange(TRAITS))}),
            ("wait", {"for": f"tick={tick + rng.randint(0, 300)}", "timeout_s": 5.0}),
        ]
    )
