"""One event of the ledger as filters, sentences and tables see it.

Owns: that view. Does not own: the envelope (`Kernel/contract/envelope.py`), its JSON
(`Kernel/contract/event_text.py`), which events are wanted (`ledger_search.py`).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from Kernel.contract.envelope import KERNEL, NAME_CHARS_MAX, Envelope, id_text
from Kernel.contract.errors import CodecError
from Kernel.contract.event_text import (
    event_fields,
    event_line,
    iso_time,
    level_word,
    plain,
    role_word,
)
from Kernel.contract.event_words import SENTENCES, tell

_ARENA: Final = re.compile(r"[0-9a-f]{32}")


class LedgerEvent:
    """An event and its position, with an attribute for each field a filter may ask for.

    Args:
        position: in the ledger.
        envelope: as it is stored.
    """

    __slots__ = ("_payload", "envelope", "position")

    def __init__(self, position: int, envelope: Envelope) -> None:
        self.position = position
        self.envelope = envelope
        self._payload: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"<event {self.position} {self.kind}>"

    @property
    def id(self) -> str:
        """The id as people and programs write it."""
        return id_text(self.envelope.id)

    @property
    def time(self) -> str:
        """ISO 8601 in UTC."""
        return iso_time(self.envelope.time_ns / 1e9)

    @property
    def tick(self) -> int | None:
        """The world's tick."""
        return self.envelope.tick

    @property
    def zone(self) -> str:
        """Who speaks."""
        return self.envelope.zone

    @property
    def about(self) -> str | None:
        """The zone an event of the kernel is about."""
        if self.envelope.zone != KERNEL:
            return None
        return zone_told(self.payload)

    @property
    def kind(self) -> str:
        """Such as "zone.died"."""
        return self.envelope.kind

    @property
    def level(self) -> str:
        """Return "info", "warning" or "error"."""
        return level_word(self.envelope.level)

    @property
    def cause(self) -> str | None:
        """Id of the event that caused it."""
        return id_text(self.envelope.cause) or None

    @property
    def agent(self) -> str | None:
        """Id of the agent, program or person."""
        return self.envelope.agent or None

    @property
    def actor(self) -> str:
        """Whose act it was, for people: the agent, or the zone, not the id of a world's arena."""
        agent = self.envelope.agent
        if agent and _ARENA.fullmatch(agent) is None:
            return agent
        return self.about or self.zone

    @property
    def role(self) -> str | None:
        """Whose act it is."""
        return role_word(self.envelope.role) or None

    @property
    def trace(self) -> str | None:
        """W3C trace id."""
        return self.envelope.trace.hex() or None

    @property
    def span(self) -> str | None:
        """W3C span id."""
        return self.envelope.span.hex() or None

    @property
    def payload(self) -> Mapping[str, Any]:
        """Its own values; none where they cannot be read."""
        if self._payload is None:
            try:
                self._payload = self.envelope.payload_fields()
            except CodecError:
                self._payload = {}
        return self._payload

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it, see `event_fields`."""
        return event_fields(self.position, self.envelope)

    def line(self) -> str:
        """Return it as a line of JSON."""
        return event_line(self.position, self.envelope)

    def sentence(self) -> str:
        """Return it as a sentence for people; nothing in it moves a cursor."""
        payload: dict[str, Any] = plain(dict(self.payload))
        template = SENTENCES.get(self.kind, "")
        for name, value in (("agent", self.actor), ("tick", self.tick), ("zone", self.zone)):
            if value is not None and f"{{{name}" in template:
                payload.setdefault(name, value)
        return tell(self.kind, payload)


def zone_told(payload: Mapping[str, Any]) -> str | None:
    """Return the zone an event's payload names, None when it names none."""
    zone = payload.get("zone")
    return zone if isinstance(zone, str) and 0 < len(zone) <= NAME_CHARS_MAX else None
