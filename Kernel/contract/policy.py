"""Who may ask what, on every road into the kernel: one table, and what no row allows is refused.

Owns: the table, and deciding by it. Does not own: telling who is at the other end of a road
(`Kernel/core/event_bus.py`, `Kernel/console/own_door.py`, `zones/ledger/scribe_server.py`), what
one zone is given leave for (`may` of kernel.yaml), counting refusals (`refusals.py`). Pure.

The roads are three: the private bus, at the endpoint that was made for one process; the console's
socket; the scribe's socket. Only the socket and its peer credentials say who somebody is, never
what is said.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Road(StrEnum):
    """By which something is asked."""

    BUS = "bus"
    CONSOLE = "console"
    SCRIBE = "scribe"


class Party(StrEnum):
    """Who asks."""

    ZONE = "zone"  # a process of a bus zone, at its own endpoint
    USER = "user"  # a process of the user that the kernel runs as, or of root
    OWN = "own"  # one that the kernel has started itself, elsewhere than at its endpoint
    STRANGER = "stranger"  # of another user


class Says(StrEnum):
    """What is said over the private bus, by the names of the messages (`messages.py`)."""

    HELLO = "hello"
    READY = "ready"
    HEARTBEAT = "heartbeat"
    REPLY = "reply"
    ASK = "ask"
    DRAIN = "drain"
    REQUEST = "request"
    ANSWER = "answer"


TRIAL: Final = "trial"
APPLY: Final = "apply"
TAKE_BACK: Final = "take_back"
COMMAND: Final = "command"
"""Any command of the console: who may ask for one may ask for all."""
EVENT: Final = "event"
"""A line for the scribe."""
UNKNOWN: Final = "unknown"
"""Stands for every request that is in no row."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One request.

    Args:
        request: a message, an ask (`ask.trial`), COMMAND or EVENT.
        parties: who may make it; nobody: only the kernel says it, to a zone.
        leave: the word that `may` of the zone must have besides, "" where it needs none.
    """

    road: Road
    request: str
    parties: frozenset[Party] = frozenset()
    leave: str = ""


_ZONES: Final = frozenset((Party.ZONE,))
_USERS: Final = frozenset((Party.USER,))


def ask_name(name: str) -> str:
    """Return what an ask of that name is called in the table."""
    return f"{Says.ASK}.{name}"


RULES: Final = (
    Rule(Road.BUS, Says.HELLO, _ZONES),
    Rule(Road.BUS, Says.READY, _ZONES),
    Rule(Road.BUS, Says.HEARTBEAT, _ZONES),
    Rule(Road.BUS, Says.REPLY, _ZONES),
    Rule(Road.BUS, Says.ASK, _ZONES),
    Rule(Road.BUS, ask_name(TRIAL), _ZONES, TRIAL),
    Rule(Road.BUS, ask_name(APPLY), _ZONES, APPLY),
    Rule(Road.BUS, ask_name(TAKE_BACK), _ZONES, APPLY),  # who brings in may take back
    Rule(Road.BUS, Says.DRAIN),
    Rule(Road.BUS, Says.REQUEST),
    Rule(Road.BUS, Says.ANSWER),
    Rule(Road.CONSOLE, COMMAND, _USERS),
    Rule(Road.SCRIBE, EVENT, _USERS),
)
LEAVES: Final = tuple(dict.fromkeys(rule.leave for rule in RULES if rule.leave))
"""What a zone can be given leave for, in kernel.yaml."""
_BY_REQUEST: Final = {(rule.road, rule.request): rule for rule in RULES}


def is_allowed(road: Road, request: str, party: Party, may: Collection[str] = ()) -> bool:
    """Tell whether a request may be made.

    Args:
        may: what the zone is given leave for.
    """
    rule = _BY_REQUEST.get((road, request))
    if rule is None or party not in rule.parties:
        return False
    return not rule.leave or rule.leave in may


def known_request(road: Road, request: str) -> str:
    """Return the request as it is counted: those of no row together, for whoever makes names up."""
    return request if (road, request) in _BY_REQUEST else UNKNOWN


def party_of(peer_uid: int, own_uid: int, *, is_own: bool) -> Party:
    """Return who is at the other end of a Unix socket.

    Args:
        peer_uid, own_uid: of the peer, by its credentials, and of this process.
        is_own: the peer was started by the kernel, or by one that was.
    """
    if peer_uid not in (own_uid, 0):
        return Party.STRANGER
    return Party.OWN if is_own else Party.USER
