"""Soft restarts of one arena zone: a generation that is started anew, by hours and by mutations.

Owns: what is counted for the rule, beginning the generation, the event that says why. Does not own:
the rule (`soft_restart.py`), generations and how they take over (`generations.py`).

The limits are keys of the world's own file, at their default where it leaves them out; a generation
that knows no such key is never restarted so.
"""

from typing import Any, Final, Protocol

from Kernel.config import ZoneConfig
from Kernel.contract.errors import CodecError
from Kernel.contract.settings import parse_table
from Kernel.core.generations import Generations
from Kernel.core.ladder import Ladder
from Kernel.core.line import Line
from Kernel.core.parts import Parts
from Kernel.core.soft_restart import Row, Rules, decide_restart, why_due
from Kernel.core.world_traits import WorldTraits

LOOK_S: Final = 1.0
HOURS: Final = "soft_restart_interval_hours"
MUTATIONS: Final = "soft_restart_mutation_threshold"


class RenewedZone(Protocol):
    """What soft restarts ask of their zone."""

    config: ZoneConfig
    parts: Parts
    stopping: bool
    generations: Generations
    traits: WorldTraits

    @property
    def ladder(self) -> Ladder:
        """Which of its generations serves, and which are kept or made ready."""

    @property
    def line(self) -> Line | None:
        """The generation that serves or is to."""

    def serving_facts(self) -> dict[str, Any]:
        """Return what the generation of the active process says of itself, {} for none."""


class ZoneRenewal:
    """Those of one zone.

    Attributes:
        row: the generations in use, all from one start; None before there are any.
    """

    def __init__(self, zone: RenewedZone) -> None:
        self.row: Row | None = None
        self._zone = zone
        self._version = 0  # of the set of traits, when the row began
        self._due_s: float | None = None
        self._tried_s: float | None = None
        self._looked_s = 0.0

    def look(self, now_s: float) -> None:
        """Look once a second whether it is time, and begin a generation then."""
        zone = self._zone
        if now_s < self._looked_s + LOOK_S or zone.stopping:
            return
        self._looked_s = now_s
        rules, self.row = self._rules(), self._read_row()
        if rules is None or self.row is None:
            return
        why = why_due(rules, self.row, now_s)
        if not why:
            self._due_s = None
        elif self._due_s is None:
            self._due_s = now_s
        held = zone.ladder.incoming or zone.generations.held
        if held or not decide_restart(rules, self.row, now_s):
            return
        self._tried_s = now_s
        due = zone.parts.log.info(
            "zone.restart_due", zone=zone.config.name, why=why, mutations=self.row.mutations,
            hours=round((now_s - self.row.started_s) / 3600, 2), cause=zone.generations.promoted,
        )  # fmt: skip
        zone.generations.renew(due, fresh=True)

    def _read_row(self) -> Row | None:
        """Return the row in use; nothing is known of one before there is a world."""
        zone, line = self._zone, self._zone.line
        if line is None or line.made is None or line.state.active is None:
            return None
        version, started_s = zone.traits.version(), line.made.started_s
        if self.row is None or self.row.started_s != started_s:
            self._version, self._due_s, self._tried_s = version, None, None
        # A world that was restored has an older set: it counts from there.
        self._version = min(self._version, version)
        busy = bool(zone.ladder.incoming or zone.ladder.former)
        return Row(started_s, version - self._version, self._due_s, self._tried_s, busy)

    def _rules(self) -> Rules | None:
        """Return the limits as they are set now, None where the world's code knows of none."""
        try:
            table = parse_table(self._zone.serving_facts().get("settings", []))
        except CodecError:
            return None
        defaults = {key.name: key.default for key in table}
        if not {HOURS, MUTATIONS} <= defaults.keys():
            return None
        said = defaults | dict(self._zone.config.settings)
        return Rules(float(said[HOURS]) * 3600, int(said[MUTATIONS]))
