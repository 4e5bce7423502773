"""Writing the world's events into the outbox ring, as part of a tick.

Owns: numbering, room, thinning, the fields of the world's events. Does not own: the ring's form
(`Kernel/contract/rings.py`) nor reading and acknowledging (the archive does).

Number and head are words of the state block and flip with the commit; the ring itself is single.
That is safe: a killed attempt wrote only behind the committed head, where no reader looks, and
the next attempt begins at the same offset.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from Kernel.contract import rings
from Kernel.contract.arena import SURVEY_TICKS, ArenaWords, Header, State
from Kernel.contract.codec import pack
from Kernel.contract.errors import RingFull
from Kernel.contract.inputs import INPUT_BYTES_MAX, Input
from zones.world import columns, parameters
from zones.world.columns import Buffer
from zones.world.inbox import Arrived
from zones.world.invariants import Check
from zones.world.survey import Survey
from zones.world.trait_survey import NO_TRAITS, TraitSurvey

TELEMETRY_TICKS: Final = SURVEY_TICKS
SAFETY_SHARE: Final = 4
"""One part in this many is kept for the events of inputs; telemetry may not use it."""
INPUT_EVENT_BYTES: Final = rings.entry_bytes(INPUT_BYTES_MAX + 512)
"""Room that the event of any input fits into."""
REASON_CHARS_MAX: Final = 300


class Outbox:
    """The outbox of one arena.

    Args:
        acked: returns the virtual offset up to which the reader has stored everything.
    """

    def __init__(self, words: ArenaWords, acked: Callable[[], int]) -> None:
        self._words = words
        self._ring = words.outbox()
        self._acked = acked
        self._arena = words.get_bytes(Header.ARENA_ID, 4).hex()

    def has_room(self, tick: int) -> bool:
        """Return whether the event of an input would fit behind what `tick` committed."""
        head = self._words.state(tick, State.OUTBOX_HEAD)
        # Twice: an entry that does not fit before the end of the ring skips that rest too.
        return len(self._ring) - (head - self._acked()) >= 2 * INPUT_EVENT_BYTES

    def append(self, tick: int, event: dict[str, Any], *, safety: bool) -> bool:
        """Write one event of `tick`; its number and the head are changed in that buffer.

        Args:
            safety: may use the room kept for inputs.

        Returns:
            False: there was no room, nothing has changed.
        """
        words = self._words
        head = words.state(tick, State.OUTBOX_HEAD)
        sequence = words.state(tick, State.OUTBOX_NEXT)
        keep = 0 if safety else len(self._ring) // SAFETY_SHARE
        try:
            head = rings.append(self._ring, head, self._acked(), sequence, pack(event), keep)
        except RingFull:
            return False
        words.put_state(tick, State.OUTBOX_HEAD, head)
        words.put_state(tick, State.OUTBOX_NEXT, sequence + 1)
        return True

    def tell_input(self, tick: int, arrived: Arrived) -> bool:
        """Write `input.applied` or `input.refused`; False when there is no room."""
        event: dict[str, Any] = {"kind": "input.applied", "tick": tick}
        event["sequence"] = arrived.sequence
        if arrived.input is not None:
            event["input"] = arrived.input.fields()
        if arrived.code:
            event["kind"] = "input.refused"
            event["last_sequence"] = arrived.last
            event["reason"] = arrived.refused[:REASON_CHARS_MAX]
        return self.append(tick, event, safety=True)

    def tell_own(self, tick: int, given: Input, new: Buffer) -> None:
        """Write `input.applied` of an input that the world gives itself, or count it as thinned.

        Its sequence is -1: it is of no inbox. It is told before it is carried out, as all are.
        """
        event: dict[str, Any] = {"kind": "input.applied", "tick": tick, "sequence": -1}
        event |= {"own": True, "input": given.fields()}
        if not self.append(tick, event, safety=True):
            new.scalars[State.EVENTS_THINNED >> 3] += 1

    def tell_telemetry(
        self, tick: int, new: Buffer, found: Survey, traits: TraitSurvey = NO_TRAITS
    ) -> None:
        """Write the telemetry of the period that ends with `tick`, or count it as thinned.

        Its snapshot_key is how a snapshot of this very tick is named, behind the zone
        (`SnapshotName`). There need be none: `molt replay --to-tick` computes the tick again.
        """
        event = telemetry(tick, new, found, traits)
        event["snapshot_key"] = f"{tick:012d}-{self._arena}"
        if not self.append(tick, event, safety=False):
            new.scalars[State.EVENTS_THINNED >> 3] += 1
        for period, total in _PERIODS:
            new.scalars[period >> 3] = new.scalars[total >> 3]
        if traits.traits:
            event = {"kind": "world.traits", "tick": tick, "traits": list(traits.traits)}
            if not self.append(tick, event, safety=False):
                new.scalars[State.EVENTS_THINNED >> 3] += 1

    def tell_failed(self, tick: int, new: Buffer, failed: Sequence[Check]) -> None:
        """Write `world.check_failed` for each check that failed, and count them."""
        for check in failed:
            event = {"kind": "world.check_failed", "tick": tick, **check.fields()}
            if not self.append(tick, event, safety=False):
                new.scalars[State.EVENTS_THINNED >> 3] += 1
        new.scalars[State.CHECKS_FAILED >> 3] += len(failed)


_PERIODS: Final = (
    (columns.PERIOD_BIRTHS, State.BIRTHS),
    (columns.PERIOD_SEEDED, State.SEEDED),
    (columns.PERIOD_STARVATION, State.DEATH_STARVATION),
    (columns.PERIOD_AGE, State.DEATH_AGE),
    (columns.PERIOD_COLLISION, State.DEATH_COLLISION),
)


def telemetry(
    tick: int, new: Buffer, found: Survey, traits: TraitSurvey = NO_TRAITS
) -> dict[str, Any]:
    """Return the `telemetry` event: counts since the last one, means of now.

    The density is the share of what all places may hold together, at most 1: where resource_max
    was lowered below what lies there, 1 says that nothing grows.
    """
    births, seeded, starved, aged, collided = (
        new.scalar(total) - new.scalar(period) for period, total in _PERIODS
    )
    most = float(new.parameters[parameters.RESOURCE_MAX]) * len(new.resource_amount)
    return {
        "kind": "telemetry",
        "tick": tick,
        "entity_count": found.population,
        "max_entities": len(new.state),
        "avg_energy": found.energy / found.population if found.population else 0.0,
        "births_last_period": births,
        "seeded_last_period": seeded,
        "deaths_last_period": starved + aged + collided,
        "death_starvation": starved,
        "death_age": aged,
        "death_collision": collided,
        "resource_density": min(found.food / most, 1.0) if most > 0 else float(found.food > 0),
        "temperature": new.real(columns.TEMPERATURE_NOW),
        "light": new.real(columns.LIGHT),
        "lineages": found.lineages,
        "lineage_diversity": found.lineage_diversity,
        "dominant_lineage": found.dominant,
        "dominant_share": found.dominant_share,
        "genes": list(found.genes),
        "trait_diversity": traits.diversity,
        "dominant_trait": traits.dominant,
    }
