"""The traits of one arena zone, as the kernel knows them: what the world has, what zygotes load.

Owns: the set of hashes that a new generation is given, keeping it in step with the registry in the
arena, telling which traits run and which do not, and why. Does not own: the registry (the world
writes it, `Kernel/contract/trait_registry.py` reads it), bringing one in or out
(`trait_changes.py`), the file of the set (`Kernel/ports/trait_sets.py`).

The set is what the file says and what the registry says: one hash too many costs a little memory,
one too few would cost the world a trait until the next generation.
"""

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from Kernel.config import ZoneConfig
from Kernel.contract.arena import State
from Kernel.contract.errors import Refused
from Kernel.contract.trait_registry import ACTIVE, ACTIVE_MAX, SUSPENDED, TraitRow, main_rows
from Kernel.contract.trait_sets import is_code_hash
from Kernel.core.guard import Applied, Sent
from Kernel.core.parts import Parts
from Kernel.ports.arena_file import ArenaHandle


class TraitZone(Protocol):
    """What the traits ask of their zone."""

    config: ZoneConfig
    parts: Parts
    arena: ArenaHandle | None

    def serving_facts(self) -> dict[str, Any]:
        """Return what the generation of the active process says of itself, {} for none."""

    def tick(self) -> int:
        """Return the committed tick."""

    def note(self, what: str, why: str, hint: str) -> None:
        """Show something that does not work as it should, until it is forgotten by `unnote`."""

    def unnote(self, what: str) -> None:
        """Forget what was noted about `what`."""


class WorldTraits:
    """Those of one zone.

    Attributes:
        hashes: the set, in the order in which they came.
        on_sent: is told of each mutation before its input is sent.
        on_unsent: is told of the hash of one that has come to nothing, or whether nobody can tell.
        is_left: tells of the hash of one that somebody else has sent whether nothing is known yet.
        is_asked_for: tells of a hash whether somebody waits to bring it in.
        on_applied: is told of each mutation that has come in.
        on_quarantined: is told of a version that a verdict has put into quarantine, why, and the
            id of the event.
    """

    def __init__(self, zone: TraitZone) -> None:
        self._zone = zone
        self.hashes: list[str] = zone.parts.trait_sets.load(zone.config.name)
        self._read_at = self._reconciled_at = (-1, 0)
        self._rows: list[TraitRow] = []
        self.on_sent: Callable[[Sent], None] = lambda _sent: None
        self.on_unsent: Callable[..., None] = lambda _code_hash, is_lost=False: None
        self.is_left: Callable[[str], bool] = lambda _code_hash: False
        self.is_asked_for: Callable[[str], bool] = lambda _code_hash: False
        self.on_applied: Callable[[Applied], None] = lambda _applied: None
        self.on_quarantined: Callable[[TraitRow, str, bytes], None] = lambda _row, _why, _id: None

    def tell_quarantined(self, row: TraitRow, why: str, told: bytes) -> None:
        """Tell who watches over mutations of a version that a verdict has switched off."""
        self.on_quarantined(row, why, told)

    # What the world has.

    def rows(self) -> list[TraitRow]:
        """Return the registry as it last changed, by slot; empty without an arena.

        Counts in it are as old as that: it is read anew only when its version has changed.
        """
        arena = self._zone.arena
        if arena is None:
            return []
        mark = (arena.fd, self.version())
        if mark != self._read_at:
            self._rows, self._read_at = self._zone.parts.arenas.traits(arena), mark
        return self._rows

    def counted_rows(self) -> list[TraitRow]:
        """Return the registry as the committed tick has it, with all that is counted."""
        arena = self._zone.arena
        return [] if arena is None else self._zone.parts.arenas.traits(arena)

    def version(self) -> int:
        """Return the number that counts the changes of the registry, 0 without an arena."""
        arena = self._zone.arena
        return arena.words.state(self._zone.tick(), State.REGISTRY_VERSION) if arena else 0

    def named(self, name: str) -> TraitRow:
        """Return the trait of a name: that of its class, or that in file names.

        Raises:
            Refused: the world has none of that name.
        """
        known = main_rows(self.rows())
        if name in known:
            return known[name]
        fitting = [row for row in known.values() if flat_name(row.name) == flat_name(name)]
        if len(fitting) == 1:
            return fitting[0]
        close = get_close_matches(name, known, n=1)
        mean = f"; did you mean '{close[0]}'?" if close else ""
        raise Refused(
            f"cannot find trait '{name}': the world has none of that name{mean}", "molt trait list"
        )

    def has(self, name: str) -> bool:
        """Tell whether the world has a trait of a name, as its class or a file has it."""
        return any(flat_name(row.name) == flat_name(name) for row in self.rows())

    def of_hash(self, code_hash: str) -> TraitRow | None:
        """Return what the world has of a source, None when it has nothing."""
        return next((row for row in self.rows() if row.hash == code_hash), None)

    def in_slot(self, slot: int) -> TraitRow | None:
        """Return what a trait slot holds as the committed tick has it, None for nothing."""
        return next((row for row in self.counted_rows() if row.slot == slot), None)

    def check_room_for(self, name: str) -> None:
        """Refuse a trait that would be one too many; a new version takes the place of its former.

        Raises:
            Refused: as many are active as can be.
        """
        active = [row.name for row in self.rows() if row.status in (ACTIVE, SUSPENDED)]
        if len(active) >= ACTIVE_MAX and name not in active:
            raise Refused(
                f"cannot add trait {name}: {len(active)} are active, the limit is {ACTIVE_MAX}",
                "molt trait list, then: molt trait remove NAME",
            )

    # What zygotes load.

    def loaded(self) -> Mapping[str, str]:
        """Return the hashes that the generation that serves was to load, with why it has not."""
        told = self._zone.serving_facts().get("traits")
        rows = told if isinstance(told, list) else []
        return {
            row["hash"]: str(row.get("why") or "")
            for row in rows
            if isinstance(row, dict) and is_code_hash(row.get("hash"))
        }

    def resumable(self) -> list[TraitRow]:
        """Return what is suspended although the generation that serves has its code."""
        suspended = [row for row in self.rows() if row.status == SUSPENDED]
        loaded = self.loaded() if suspended else {}
        return [row for row in suspended if loaded.get(row.hash) == ""]

    def take(self, code_hash: str) -> None:
        """Have new generations load a trait; the worker has written that down already."""
        if code_hash not in self.hashes:
            self.hashes.append(code_hash)
        self._zone.unnote("traits")

    def drop(self, *code_hashes: str) -> None:
        """Have new generations load these no more, but for those that the world has after all."""
        known = {row.hash for row in self.rows()}
        left = [each for each in self.hashes if each in known or each not in code_hashes]
        if left != self.hashes:
            self.hashes = left
            self._save()

    def tidy(self, coming: Collection[str]) -> None:
        """Forget what the world has not and nobody brings in: a kernel was killed in between.

        It is written down by the worker that adds the next one.
        """
        known = {row.hash for row in self.rows()}
        self.hashes = [
            each for each in self.hashes if each in known or each in coming or self.is_left(each)
        ]

    def reconcile(self) -> bool:
        """Take into the set what the world has and the set has not; tell whether code is lacking.

        An arena may be older than the file, the file may be lost, and an input may be applied long
        after who sent it has given it up. Looked for whenever the registry has changed.
        """
        rows, mark = self.rows(), self._read_at
        if mark == self._reconciled_at:
            return False
        self._reconciled_at = mark
        missing = [row.hash for row in rows if row.hash not in self.hashes]
        if missing:
            self.hashes += missing
            self._save()
        return not self.loaded().keys() >= set(missing)

    def _save(self) -> None:
        try:
            self._zone.parts.trait_sets.save(self._zone.config.name, self.hashes)
        except OSError as error:
            why = f"cannot write which traits are loaded: {error.strerror or error}"
            self._zone.note("traits", why, "molt doctor")
        else:
            self._zone.unnote("traits")


def flat_name(name: str) -> str:
    """Return what a name of a class and the same in a file name have in common."""
    return name.replace("_", "").lower()
