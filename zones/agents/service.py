"""The `sandbox` zone: agents that change the world's code while it runs.

Owns: the loop of its process. Does not own: what the agents do and when (`orchestrator.py`), who
thinks for them (`authors/`). The one file of this service that reads the clock.
"""

from typing import Any, Final

from Kernel.contract.messages import Drain, Request
from zones.agents.folder import FOLDER
from zones.agents.ollama_host import parse_host
from zones.agents.settings import KEYS, parse_settings
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.seat import BusSeat

POLL_S: Final = 0.05
REQUESTS: Final = ("agents", "trigger")


class Generation:
    """One version of the service's code with its settings.

    No ZeroMQ context, no thread, no file: a fork follows.

    Raises:
        ConfigError: the settings are wrong.
    """

    def __init__(self, settings: dict[str, Any], _progress: Progress = untold) -> None:
        self._settings = parse_settings(settings)
        self.facts: dict[str, Any] = {
            "service": "agents",
            "requests": list(REQUESTS),
            "settings": [key.fields() for key in KEYS],
        }

    def reach(self) -> Reach:
        """Its home, with the folder of mutations, and the port of the model server."""
        port = parse_host(self._settings.ollama_host).port
        return Reach(connect=(port,) if port else (), home=(FOLDER,))

    def run(self, seat: BusSeat) -> None:
        """Serve until the kernel says drain."""
        seat.bus.ready({})
        while True:
            for message in seat.bus.poll(POLL_S):
                if isinstance(message, Drain):
                    return
                _answer(seat, message)
            seat.bus.progress += 1


def _answer(seat: BusSeat, request: Request) -> None:
    seat.bus.refuse(request, f"cannot do {request.name!r}: agents do {' and '.join(REQUESTS)}")
