"""A founder: sees that a good arena lies where the zone's arena belongs, and tells what it did.

Owns: the order of what is tried. The arena that is there is kept if it is sound, brought to this
build's columns and to the size of the settings if it must be; else the newest snapshot that is
good, with what the log knows was done after it; else the seed. Does not own: the exchange of files
(`zones/runtime/arena_place.py`), what is sound (`inspection.py`), which bytes become which
(`migration.py`), computing ticks again (`catching_up.py`). With `service.py` a declared file that
touches the system. Nobody else writes the old arena meanwhile, nor the new one.
"""

import mmap
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import (
    ArenaWords,
    Header,
    Side,
    State,
    check_arena,
)
from Kernel.contract.codec import pack
from Kernel.contract.errors import ArenaError, MoltError, NoRoom, RingFull, SnapshotError
from Kernel.contract.founding_report import (
    FOUNDED,
    KEPT,
    MIGRATED,
    RESTORED,
    FoundingNote,
    FoundingReport,
    Replayed,
)
from Kernel.contract.places import told_tick
from Kernel.contract.rings import ENTRY
from zones.runtime.arena_image import ArenaImage, carry_over, copy_committed, tell_event, write_into
from zones.runtime.arena_place import ArenaPlace, Draft
from zones.runtime.snapshot_file import good_snapshots
from zones.world import founding
from zones.world.catching_up import NO_LOG, CatchUp, CaughtUp, founding_event
from zones.world.columns import read_extent, schema_hash
from zones.world.inspection import find_damage, is_of_this_build
from zones.world.migration import Changes, migrate
from zones.world.past import start_of
from zones.world.settings import WorldSettings

OTHER_SIZE: Final = "python manifest.py --set world.max_entities=N"
DAMAGED_TOLD: Final = 3
"""So many damaged snapshots are told of one by one."""


class Founder:
    """One founding.

    Args:
        place: where the arena belongs.
        snapshots: the folder of the zone's snapshots.
        stamp: gives a new arena its id, 16 random bytes, and the hour of its making (wall clock,
            ns; for people only).
        catch_up: brings a restored world to where the log knows it was.
    """

    def __init__(
        self,
        zone: str,
        place: ArenaPlace,
        snapshots: Path,
        settings: WorldSettings,
        stamp: Callable[[], tuple[bytes, int]],
        catch_up: CatchUp,
    ) -> None:
        self._zone = zone
        self._place = place
        self._snapshots = snapshots
        self._settings = settings
        self._stamp = stamp
        self._catch_up = catch_up
        self._notes: list[FoundingNote] = []

    def see_to(self, old_path: Path | None) -> None:
        """Leave a good arena under the zone's name.

        Args:
            old_path: the arena that is there, None when there is none.

        Raises:
            NoRoom: no folder has room for one.
            OSError: the machine has no descriptor or memory left; nothing has changed.
        """
        lost_tick = -1
        if old_path is not None:
            old, why = _open(old_path)
            if old is not None:
                lost_tick = old.get(Header.COMMIT)
                why = self._go_on(old_path, old)
            else:
                lost_tick = told_tick(old_path)
            if not why:
                return
            self._note(
                "arena",
                f"cannot go on in {old_path}: {why}; it was set aside",
                f"ls {shlex.quote(str(old_path.parent))}",
            )
        if not self._restore(old_path is not None, lost_tick):
            self._found_anew()

    def _go_on(self, path: Path, old: ArenaWords) -> str:
        """Go on in the arena that is there, or in a new one made of it; return why not."""
        tick = old.get(Header.COMMIT)
        capacity = old.get(Header.CAPACITY)
        fits = capacity == self._settings.max_entities
        ours = is_of_this_build(old)
        why = find_damage(old) if ours else ""
        if why:
            return why
        try:
            if ours and fits and self._has_memory(old.schema()):
                return self._keep(path, tick)
            image, changes = self._migrate(copy_committed(old))
            if changes.refused:
                self._note("size", changes.refused, OTHER_SIZE.replace("N", str(capacity)))
                if ours:
                    return self._keep(path, tick)
            draft = self._draft(image)
            lost = carry_over(draft.words, old, _acknowledged(path, old))
            if lost:
                self._note("events", lost, "molt ps")
            self._finish(draft, MIGRATED, changes, _origin(old, draft.words))
        except NoRoom as error:
            if not ours:
                raise  # it is as good as it was: tried again when there may be room
            self._note("size", error.message, error.hint)
            return self._keep(path, tick)
        except (ArenaError, SnapshotError) as error:
            return error.message
        return ""

    def _keep(self, path: Path, tick: int) -> str:
        report = FoundingReport(KEPT, tick, notes=tuple(self._notes))
        self._place.report(path.parent, report)
        return ""

    def _restore(self, lost: bool, lost_tick: int) -> bool:
        """Found the arena from the newest snapshot that is good; return whether one was.

        Args:
            lost: in place of an arena that was there.
            lost_tick: its tick, -1 when it did not say.
        """
        damaged: list[str] = []
        try:
            for path, image in good_snapshots(self._snapshots, damaged, self._zone):
                draft, changes = self._draft_of_snapshot(path, image, damaged)
                if draft is None:
                    continue
                self._tell_damaged(damaged)
                draft, caught = self._run_forward(path, draft, image)
                self._tell_restored(caught, lost, lost_tick)
                founding_event(caught, draft.words)
                self._finish(draft, RESTORED, changes, caught=caught)
                return True
        except OSError as error:
            damaged.append(f"cannot read {self._snapshots}: {error.strerror}")
        self._tell_damaged(damaged)
        return False

    def _run_forward(self, path: Path, draft: Draft, image: ArenaImage) -> tuple[Draft, CaughtUp]:
        """Catch a draft up with the log; return it, or one of the bare snapshot if that fails."""
        try:
            caught = self._catch_up.run(draft.words, image)
            why = find_damage(draft.words)
        except MoltError as error:
            why = error.message
        if not why:
            return draft, caught
        self._place.drop(draft)
        again, _ = self._draft_of_snapshot(path, image, [])
        assert again is not None, "it was good a moment ago"
        start = start_of(image)
        told = f"cannot replay what the log knows: {why}"
        return again, CaughtUp(
            image.tick, image.tick, image.tick, start.arena, told, first=start.sequence
        )

    def _tell_restored(self, caught: CaughtUp, lost: bool, lost_tick: int) -> None:
        """Say what was restored and what is lost.

        Args:
            lost: there was an arena, and it is given up.
            lost_tick: its tick, -1 when it did not say.
        """
        known = max(lost_tick, caught.known)
        told = caught.sentence()
        falls_short = known > caught.tick or (bool(caught.why) and caught.why != NO_LOG)
        if lost or falls_short:
            missing = max(known - caught.tick, 0)
            told += f"; {missing} ticks are lost"
            if lost and lost_tick < 0:
                told = (
                    f"{caught.sentence()}; the arena that was there did not say how many ticks "
                    "are lost"
                )
        if caught.why and (lost or falls_short):
            told += f": {caught.why}"
        self._note("world", told, "molt status", lost or falls_short)
        if caught.doubts():
            self._note("replay", f"cannot vouch for it: {caught.doubts()}", "molt replay")

    def _tell_damaged(self, damaged: list[str]) -> None:
        if damaged:
            told = "; ".join(damaged[:DAMAGED_TOLD])
            more = len(damaged) - DAMAGED_TOLD
            if more > 0:
                told += f"; and {more} more"
            self._note("snapshots", told, f"ls -l {shlex.quote(str(self._snapshots))}")

    def _draft_of_snapshot(
        self, path: Path, image: ArenaImage, damaged: list[str]
    ) -> tuple[Draft | None, Changes | None]:
        """Return a draft of a snapshot's world, and what migrating changed; None: it is no good.

        Raises:
            NoRoom: there is no room for it, whatever it holds.
        """
        ours = image.schema_hash == schema_hash()
        try:
            fits = image.capacity == self._settings.max_entities
            if ours and fits and self._has_memory(image.schema):
                return self._draft(image), None
            moved, changes = self._migrate(image)
            if changes.refused:
                self._note("size", changes.refused, OTHER_SIZE.replace("N", str(image.capacity)))
                if ours:
                    return self._draft(image), None
            return self._draft(moved), changes
        except NoRoom:
            raise
        except (ArenaError, SnapshotError) as error:
            damaged.append(f"cannot restore {path}: {error.message}")
            return None, None

    def _found_anew(self) -> None:
        settings = self._settings
        if self._notes:
            self._note(
                "world",
                f"cannot bring the world of before back: no snapshot is good; "
                f"a new one was founded from seed {settings.seed} at tick 0",
                f"ls -l {shlex.quote(str(self._snapshots))}",
            )
        elif (told := self._catch_up.newest()) > 0:
            self._note(
                "world",
                f"cannot bring the world back that the log tells of up to tick {told}: it has "
                f"neither an arena nor a snapshot; a new one was founded from seed "
                f"{settings.seed} at tick 0",
                f"ls -l {shlex.quote(str(self._snapshots))}",
            )
        draft = self._reserve(founding.plan(settings).file_bytes)
        founding.found(draft.words, settings)
        arena_id, created_ns = self._stamp()
        draft.words.put_bytes(Header.ARENA_ID, arena_id)
        draft.words.put(Header.CREATED_NS, created_ns)
        self._finish(draft, FOUNDED, None)

    def _migrate(self, image: ArenaImage) -> tuple[ArenaImage, Changes]:
        settings = self._settings
        return migrate(
            image, settings.max_entities, settings.parameters, settings.trait_memory_slots
        )

    def _has_memory(self, schema: bytes) -> bool:
        """Tell whether a world has as many places of trait memory as it should."""
        return read_extent(schema).memory_slots == self._settings.trait_memory_slots

    def _draft(self, image: ArenaImage) -> Draft:
        """Return a draft that holds the image.

        Raises:
            NoRoom: there is no room.
            ArenaError: the image is damaged.
        """
        draft = self._reserve(image.buffers().file_bytes)
        write_into(draft.words, image, *self._stamp())
        check_arena(draft.words, str(draft.path))
        why = find_damage(draft.words)
        if why:
            self._place.drop(draft)
            raise ArenaError(f"cannot use the world of tick {image.tick}: {why}")
        return draft

    def _reserve(self, size_bytes: int) -> Draft:
        draft = self._place.reserve(size_bytes)
        for why in self._place.passed_over:
            say(why)
        return draft

    def _finish(
        self,
        draft: Draft,
        did: str,
        changes: Changes | None,
        origin: dict[str, Any] | None = None,
        caught: CaughtUp | None = None,
    ) -> None:
        """Put a draft in its place.

        Args:
            origin: which arena it goes on from, for the event of its migration.
        """
        tick = draft.words.get(Header.COMMIT)
        if changes is not None:
            self._note("migration", changes.sentence(), "molt status", degraded=bool(changes.reset))
            _tell(draft.words, {**changes.event(), **(origin or {})})
        report = FoundingReport(did, tick, notes=tuple(self._notes))
        if caught is not None:
            replayed = Replayed(caught.from_tick, caught.inputs, round(caught.seconds, 3))
            report = replace(report, replayed=replayed)
        path, aside = self._place.install(draft, report)
        say(f"{did} {path} at tick {tick}" + (f", the old one is {aside}" if aside else ""))

    def _note(self, what: str, why: str, hint: str, degraded: bool = True) -> None:
        say(why)
        self._notes.append(FoundingNote(what, why, hint, degraded))


def _tell(words: ArenaWords, event: dict[str, Any]) -> None:
    try:
        tell_event(words, pack(event))
    except RingFull:  # the events that are brought over fill it to the last byte
        tick = words.get(Header.COMMIT)
        for each in (tick, tick + 1):
            words.put_state(each, State.EVENTS_THINNED, words.state(each, State.EVENTS_THINNED) + 1)


def _origin(old: ArenaWords, new: ArenaWords) -> dict[str, Any]:
    """Return where a migrated arena comes from, and the number of its first event."""
    tick = new.get(Header.COMMIT)
    head = new.state(tick, State.OUTBOX_HEAD)
    first = ENTRY.unpack_from(new.outbox(), 0)[0] if head else new.state(tick, State.OUTBOX_NEXT)
    return {"from_arena": old.get_bytes(Header.ARENA_ID, 16).hex(), "first": first}


def _open(path: Path) -> tuple[ArenaWords | None, str]:
    """Map an arena that nobody writes, read-only; None and why when it is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None, "it is gone"
    try:
        size = os.fstat(fd).st_size
        if size < mmap.PAGESIZE:
            return None, f"it is only {size} bytes"
        words = ArenaWords(memoryview(mmap.mmap(fd, size, prot=mmap.PROT_READ)))
        check_arena(words, "it")
    except ArenaError as error:
        return None, error.message
    finally:
        os.close(fd)
    return words, ""


def _acknowledged(path: Path, words: ArenaWords) -> tuple[int, int] | None:
    """Return up to where the events of an arena are stored, as its side page says."""
    try:
        side = path.with_suffix(".side").read_bytes()
    except FileNotFoundError:
        return None
    arena_id = words.get_bytes(Header.ARENA_ID, 16)
    if len(side) < Side.BYTES or side[Side.ARENA_ID : Side.ARENA_ID + 16] != arena_id:
        return None
    sequence, offset = (
        int.from_bytes(side[place : place + 8], "little")
        for place in (Side.OUTBOX_ACKED, Side.OUTBOX_ACKED_OFFSET)
    )
    return (sequence, offset) if offset else None


def say(line: str) -> None:
    """Write a line for people; the kernel keeps it among the zone's logs."""
    sys.stderr.write(f"{line}\n")
