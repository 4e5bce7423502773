"""`molt replay`: prove stored snapshots from an earlier one and the inputs of the log.

Owns: which snapshot to begin from, which ones lie on the way, holding hashes against each other,
whose ticks they were, the form of the answer. Does not own: what the log says (`past.py`), the
ticks (`replaying.py`). A declared file that touches the system: it reads snapshots and the log,
while a kernel runs or without one, and changes nothing.

A mismatch says that the same inputs do not lead from one snapshot to the other: memory or disk was
wrong, or the ticks were computed by other code or on another kind of processor. The last two are
told, because then it may be no fault.
"""

import mmap
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from Kernel.contract.arena import ArenaWords, check_arena
from Kernel.contract.errors import NoArena, Refused, SnapshotError
from Kernel.contract.places import LEDGER
from zones.runtime.arena_image import ArenaImage, write_into
from zones.runtime.snapshot_file import SnapshotName, list_snapshots, read_snapshot
from zones.traits.contract import VOLATILE
from zones.world.catching_up import recall
from zones.world.columns import open_world, schema_hash
from zones.world.doctor import FAILS
from zones.world.founding import build_id, cpu_family
from zones.world.past import Past, start_of
from zones.world.registry import ACTIVE, Entry, read_entries
from zones.world.sealed_replaying import Replaying, SealedCode, open_replaying
from zones.world.world_hash import world_hash

SNAPSHOTS: Final = Path("data", "snapshots")
BUILD_CHARS: Final = 12
NO_ID: Final = bytes(16)
WARNS: Final = "▲"
CUT: Final = "…"
HASH_CHARS: Final = 16
_LABEL: Final = 12
NO_FAULT: Final = "a mismatch may be no fault"
NOT_COMPARABLE: Final = "from there on hashes cannot be compared"


class Mismatch(NamedTuple):
    """A snapshot that is not what its inputs lead to."""

    tick: int
    expected: str
    found: str


@dataclass(slots=True)
class Proof:
    """What a replay came to.

    Args:
        from_tick: of the snapshot it began from.
        hash: of the world at `tick`, as computed here.
        snapshots_checked: how many stored ones were held against it on the way.
        telemetry_checked: periods whose telemetry was held against what came out.
        telemetry_differs: ticks of those that came out another.
        builds: that have computed these ticks, as far as the log says; oldest first.
        warnings: what to know when there is a mismatch, and what could not be used.
    """

    from_tick: int
    tick: int = 0
    hash: str = ""
    snapshots_checked: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    inputs: int = 0
    telemetry_checked: int = 0
    telemetry_differs: list[int] = field(default_factory=list)
    builds: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether everything came out as it is stored."""
        return not self.mismatches and not self.telemetry_differs

    @property
    def checked_nothing(self) -> bool:
        """Whether nothing that is stored could be held against what came out: that is no proof."""
        return not self.snapshots_checked and not self.telemetry_checked

    def fields(self) -> dict[str, Any]:
        """Return the document of `--json`."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return told | {
            "holds": self.holds,
            "checked_nothing": self.checked_nothing,
            "mismatches": [each._asdict() for each in self.mismatches],
            "seconds": round(self.seconds, 3),
        }


class Replay:
    """One proof.

    Args:
        threads: of the parallel phases; decides nothing but speed.
        progress: called every now and then with the newest tick; None: nobody looks.
        code: returns the code of the traits with these hashes; None: there is none. Where there is
            some, every kernel has been loaded.
    """

    def __init__(
        self,
        home: Path,
        zone: str = "stable",
        threads: int = 1,
        progress: Callable[[int], object] | None = None,
        code: Callable[[Sequence[str]], SealedCode | None] = lambda _hashes: None,
    ) -> None:
        self._home = home
        self._zone = zone
        self._threads = threads
        self._progress = progress
        self._code = code
        self._warnings: list[str] = []
        self._hint = f"ls -l {shlex.quote(str(home / SNAPSHOTS))}"

    def prove(self, to_tick: int | None = None, from_tick: int | None = None) -> Proof:
        """Compute the ticks from a snapshot to a tick again, and hold what is stored against them.

        Args:
            to_tick: None: that of the newest snapshot that can be proved.
            from_tick: of the snapshot to begin from; None: the oldest from which it can be done.

        Raises:
            NoArena: there is no snapshot.
            Refused: no snapshot and log lead to that tick.
        """
        began_s = time.perf_counter()
        names = sorted(list_snapshots(self._home / SNAPSHOTS, self._zone))
        if not names:
            raise NoArena(
                f"cannot replay: {self._home} has no snapshot of '{self._zone}'", "molt ps"
            )
        image, past, target = self._begin(names, to_tick, from_tick)
        proof = Proof(from_tick=image.tick, warnings=self._warnings)
        proof.builds = _builds_of(past, image, target)
        self._warnings += _doubts(image, proof.builds)
        words = _memory_of(image)
        entries = read_entries(open_world(words).committed)
        self._warnings += _lost_state(entries)
        hashes = [entry.hash for entry in entries]
        hashes += [each.input.trait.hash for each in past.inputs if each.input.trait is not None]
        code = self._code(list(dict.fromkeys(hashes)))
        with open_replaying(words, self._threads, past.inputs, past.telemetry, code) as replayer:
            for name in names:
                if image.tick < name.tick <= target:
                    self._check(name, past, replayer, proof)
            replayer.run_to(target, self._go_on)
            proof.tick = replayer.tick
            proof.hash = replayer.hash().hex()
        proof.inputs = replayer.applied
        proof.telemetry_checked = replayer.compared
        proof.telemetry_differs = replayer.differs
        self._warnings += [f"{why}: {NOT_COMPARABLE}" for why in replayer.suspended]
        proof.seconds = time.perf_counter() - began_s
        return proof

    def _begin(
        self, names: list[SnapshotName], to_tick: int | None, from_tick: int | None
    ) -> tuple[ArenaImage, Past, int]:
        """Return the snapshot to begin from, the past behind it, and where to go."""
        begins = [name for name in names if from_tick in (None, name.tick)]
        if not begins:
            known = ", ".join(str(name.tick) for name in names)
            raise Refused(f"cannot begin from tick {from_tick}: snapshots are of ticks {known}")
        why, farthest = "", (False, 0)
        second: tuple[ArenaImage, Past, int] | None = None
        for name in begins:
            image = self._read(name)
            if image is None:
                continue
            if image.schema_hash != schema_hash():
                why = why or f"the snapshot of tick {image.tick} has other columns than this build"
                continue
            past = recall(self._home / LEDGER, start_of(image), self._zone)
            stored = self._later(names, past)
            end = max([past.tick, *stored])
            target = to_tick if to_tick is not None else max(stored, default=end)
            moved = [tick for tick in past.migrated if tick < target]
            if moved:
                why = f"the columns or the size of the world were changed at tick {moved[0]}"
            elif not image.tick < target <= end:
                reach = (end > image.tick, end)
                if reach > farthest:
                    why, farthest = _say_end(past, image.tick, end), reach
            elif to_tick is None and target < names[-1].tick:
                second = second or (image, past, target)  # of a world before the newest one
            else:
                return image, past, target
        if second is not None:
            return second
        wanted = "" if to_tick is None else f" to tick {to_tick}"
        raise Refused(f"cannot replay{wanted}: {why or 'no snapshot can be read'}", self._hint)

    def _later(self, names: list[SnapshotName], past: Past) -> list[int]:
        """Return the ticks of the later snapshots of this world that the log leads to."""
        found = []
        for name in names:
            if name.tick <= past.start.tick or not self._may_be_of(name, past):
                continue
            if name.tick <= past.tick:
                found.append(name.tick)
                continue
            image = self._read(name)
            if image is not None and past.tells_of(start_of(image)):
                found.append(name.tick)
        return found

    def _may_be_of(self, name: SnapshotName, past: Past) -> bool:
        """Tell by its name whether a snapshot was taken of ticks that count."""
        return any(
            stretch.arena.startswith(name.arena)
            and stretch.behind <= name.tick
            and (name.tick <= stretch.last or stretch is past.stretches[-1])
            for stretch in past.stretches
        )

    def _check(self, name: SnapshotName, past: Past, replayer: Replaying, proof: Proof) -> None:
        """Hold one stored snapshot against what is computed."""
        image = self._read(name) if self._may_be_of(name, past) else None
        if image is None or not past.tells_of(start_of(image)):
            return  # of another world, or of ticks that were undone
        if image.schema_hash != schema_hash():
            self._warn(f"cannot check the snapshot of tick {image.tick}: it has other columns")
            return
        expected = world_hash(_memory_of(image)).hex()
        replayer.run_to(image.tick, self._go_on)
        found = replayer.hash().hex()
        proof.snapshots_checked += 1
        if found != expected:
            proof.mismatches.append(Mismatch(image.tick, expected, found))

    def _read(self, name: SnapshotName) -> ArenaImage | None:
        try:
            return read_snapshot(self._home / SNAPSHOTS / name.file_name())
        except SnapshotError as error:
            self._warn(error.message)
            return None

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)

    def _go_on(self, tick: int) -> bool:
        if self._progress is not None:
            self._progress(tick)
        return True


def _lost_state(entries: Sequence[Entry]) -> list[str]:
    """Return which traits of a snapshot remember what no snapshot holds."""
    return [
        f"trait {entry.name} keeps state that no snapshot holds: until it was reset, {NO_FAULT}"
        for entry in entries
        if (entry.status, entry.state) == (ACTIVE, VOLATILE)
    ]


def _memory_of(image: ArenaImage) -> ArenaWords:
    """Return an arena in private memory that holds an image."""
    words = ArenaWords(memoryview(mmap.mmap(-1, image.buffers().file_bytes)))
    write_into(words, image, NO_ID, 0)
    check_arena(words, f"the snapshot of tick {image.tick}")
    return words


def _builds_of(past: Past, image: ArenaImage, target: int) -> list[str]:
    """Return who has computed the ticks from an image to a tick."""
    before = [each.build for each in past.takeovers if each.tick <= image.tick]
    # A home whose log does not say was founded by the build in its header, at least.
    builds = before[-1:] or [image.build.hex()]
    builds += [each.build for each in past.takeovers if image.tick < each.tick < target]
    return list(dict.fromkeys(build[:BUILD_CHARS] for build in builds if build))


def _doubts(image: ArenaImage, builds: list[str]) -> list[str]:
    said = []
    ours = build_id().hex()[:BUILD_CHARS]
    if len(builds) > 1:
        said.append(f"builds {', '.join(builds)} have computed these ticks: {NO_FAULT}")
    if builds and builds != [ours]:
        said.append(f"this build is {ours}, these ticks are of {', '.join(builds)}: {NO_FAULT}")
    then = image.cpu.rstrip(b"\0").decode(errors="replace")
    if then != cpu_family():
        said.append(f"this processor is {cpu_family()}, the world is of {then}: {NO_FAULT}")
    return said


def _say_end(past: Past, begin: int, end: int) -> str:
    told = f"the log leads from the snapshot of tick {begin} to tick {end} only"
    if end == begin:
        told = f"the log tells of nothing after the snapshot of tick {begin}"
    return f"{told}: {past.why}" if past.why else told


def proof_lines(proof: Proof) -> list[str]:
    """Return a proof as lines for people."""
    rows = [
        ("from", f"the snapshot of tick {proof.from_tick}"),
        ("tick", f"{proof.tick}, {proof.inputs} inputs applied, in {proof.seconds:.1f} s"),
        ("hash", proof.hash),
        ("snapshots", f"{proof.snapshots_checked} checked, {len(proof.mismatches)} differ"),
        (
            "telemetry",
            f"{proof.telemetry_checked} periods checked, {len(proof.telemetry_differs)} differ",
        ),
    ]
    rows += [
        (FAILS, f"tick {tick}: {_cut(expected)} is stored, {_cut(found)} came out")
        for tick, expected, found in proof.mismatches
    ]
    rows += [(WARNS, text) for text in proof.warnings]
    verdict = "proved"
    if proof.checked_nothing:
        verdict = "not checked: neither a snapshot nor telemetry lies on the way"
    elif not proof.snapshots_checked:
        verdict = "proved by telemetry only: no snapshot lies on the way"
    rows.append(("", verdict if proof.holds else "not proved"))
    return [f"{label:<{_LABEL}}{text}" if label else text for label, text in rows]


def _cut(digest: str) -> str:
    return digest[:HASH_CHARS] + CUT
