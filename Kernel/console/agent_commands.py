"""What `molt agents` and `molt trigger` do: they are the zone's, and are forwarded to it.

Owns: forwarding, what is said where there is nobody to ask. Does not own: the answers
(`zones/agents/service.py`), looks (`render_agents.py`).
"""

from collections.abc import Callable
from typing import Any

from Kernel.contract.errors import Refused
from Kernel.core.zone_table import ZoneTable

Result = dict[str, Any]
ZONE = "sandbox"
ANSWER_S = 20.0
"""A mission that is begun is answered once that is durable."""


def ask_agents(zones: ZoneTable, name: str, args: Result) -> Callable[[], Result | None]:
    """Ask the zone of agents for something, and return what gives the answer.

    Raises:
        Refused: there is no such zone, or it does not serve.
    """
    keeper = zones.services.get(ZONE)
    if keeper is None:
        raise Refused(
            f"cannot ask agents: there is no zone {ZONE}; kernel.zones.{ZONE}.enabled is false",
            "set it to true in config/kernel.yaml or leave out --set, and start the kernel again",
        )
    number = keeper.request(name, args, ANSWER_S)
    asked_pid = keeper.active.pid if keeper.active else 0

    def result() -> Result | None:
        reply = keeper.take_reply(number)
        if reply is None:
            if keeper.berth_of(asked_pid) is None:
                raise Refused(
                    f"cannot tell what came of {name!r}: zone {ZONE} ended before it answered",
                    "molt agents",
                )
            return None
        if not reply.ok:
            raise Refused(reply.error or "cannot ask agents: they gave no reason", "molt agents")
        return reply.result

    return result
