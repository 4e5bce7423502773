"""Events of the archive itself: gaps, refusals, floods, what it found when it opened.

Owns: making them. Does not own: storing them (they go into a batch like any other).
"""

from collections.abc import Callable, Mapping
from typing import Any

from Kernel.contract.envelope import Envelope, pack_envelope
from Kernel.contract.kinds import Story, make_event


class OwnEvents:
    """Makes events in the name of one archive.

    Args:
        zone: the zone this process hosts.
        wall_ns: the hour, for people.
        entropy: returns 10 random bytes.
    """

    def __init__(self, zone: str, wall_ns: Callable[[], int], entropy: Callable[[], bytes]) -> None:
        self.zone = zone
        self._wall_ns = wall_ns
        self._entropy = entropy

    def event(self, kind: str, payload: Mapping[str, Any]) -> Envelope:
        """Return an event of ours."""
        return make_event(kind, payload, Story(self.zone, self._wall_ns()), self._entropy())

    def record(self, kind: str, payload: Mapping[str, Any]) -> bytes:
        """Return an event of ours as it is stored."""
        return pack_envelope(self.event(kind, payload))
