"""One plain process that keeps a world ticking without a kernel: what safe mode runs.

Owns: mapping the arena of a home, or having it restored from the newest snapshot, and the life of
its only process: no heir, no bus, no zygote. Does not own: ticks (the service's engine), who else
may write (the locks of the home, which whoever starts this holds and hands on), when it is started
(`fallback/lone_world.py`).

Run in the root of a checkout or of a slot: `python -m zones.runtime.lone FACTS`, with FACTS one
JSON object: home, zone, service, settings, parent (pid). SIGTERM: leave at a tick boundary.
A world that is not there is restored, never founded anew: that is for normal running, which knows
by which settings.
"""

import importlib
import json
import mmap
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from Kernel.contract.arena import NEVER, ArenaWords, Header, Side
from Kernel.contract.arena_lookup import find_arena
from Kernel.contract.errors import ArenaError, MoltError, NoArena
from Kernel.contract.places import arena_name, arena_places
from Kernel.contract.robust_mutex import MUTEX_BYTES, RobustMutex
from zones.runtime.arena_memory import map_arena
from zones.runtime.arena_zone import ArenaSeat, Engine, Threads, anchor, run_heir
from zones.runtime.cage import CageLimits, Layer, Plan, enclose, probe, seal
from zones.runtime.cages.limits import set_limits
from zones.runtime.dropping_stream import drop_what_finds_no_room
from zones.runtime.enclosing import (
    SEALED,
    SEALED_FILE_BYTES,
    Ground,
    Reach,
    open_descriptors,
    plan_for,
    reach_of_code,
)
from zones.runtime.generation import ArenaGeneration, Progress
from zones.runtime.kinship import die_with, refuse_core_dumps, set_process_name
from zones.runtime.snapshot_file import good_snapshots

AHEAD_NS = 2_000_000
PATIENCE_S = 3.0
SNAPSHOTS = Path("data", "snapshots")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a lone process is told."""

    home: Path
    zone: str
    service: str
    settings: dict[str, Any]
    parent: int


class LeavingEngine:
    """An engine whose world is drained once `leave` was called, whenever that was.

    A drain word alone could be lost: who takes over sets it back.
    """

    def __init__(self, engine: Engine, words: ArenaWords) -> None:
        self._engine = engine
        self._words = words
        self._leaving = False

    def leave(self) -> None:
        """Have the world leave at the next tick boundary."""
        self._leaving = True
        self._words.put(Header.DRAIN_AT, 0)

    def tick(self) -> None:
        """Compute and commit the next tick."""
        self._engine.tick()

    def holding(self) -> bool:
        """Tell whether the world stands still."""
        if self._leaving:
            self._words.put(Header.DRAIN_AT, 0)
        return self._engine.holding()

    def publish_hash(self) -> None:
        """Put the hash of the committed tick into the header."""
        self._engine.publish_hash()

    def start_threads(self) -> Threads | None:
        """Start all threads that write beside the main one."""
        return self._engine.start_threads()

    def start_traits(self) -> None:
        """Have the code of traits ready."""
        self._engine.start_traits()


def main(arguments: list[str]) -> int:
    """Keep the world ticking until told to leave; return the exit code."""
    facts = _parse(arguments[0])
    die_with(facts.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for safe mode
    set_process_name(f"molt {facts.zone}")
    refuse_core_dumps()
    drop_what_finds_no_room()
    try:
        _live(facts)
    except MoltError as error:
        sys.stderr.write(f"{error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return error.exit_code
    except Exception:  # the top of a process: say it, then die; safe mode starts another
        traceback.print_exc()
        return 1
    return 0


def _live(facts: Facts) -> None:
    service = importlib.import_module(f"{facts.service}.service")
    plan = _enclose(facts)
    generation: ArenaGeneration = service.Generation(facts.settings, _teller(time.monotonic()))
    words, path = _map(_find(facts, generation), generation)
    side = _map_side(path.with_suffix(".side"), words.get_bytes(Header.ARENA_ID, 16))
    engine = LeavingEngine(generation.open_engine(words, side), words)
    seat = _seat(words, side)
    # Of an earlier boot, whose processes are all gone: whoever starts us holds the home's locks.
    words.put(Header.OWNER, 0)
    words.put(Header.DRAIN_AT, NEVER)
    words.put(Header.FLIGHT, 0)
    if not words.get(Header.PERIOD_NS):  # just restored; else the world keeps its beat
        words.put(Header.PERIOD_NS, generation.facts["period_ns"])
    words.put(Header.PERMISSION, os.getpid())
    anchor(words, time.monotonic_ns() + AHEAD_NS, words.get(Header.COMMIT) + 1)
    signal.signal(signal.SIGTERM, lambda _number, _frame: engine.leave())
    seat.threads = engine.start_threads()
    set_limits(CageLimits(file_bytes=SEALED_FILE_BYTES))
    seal(plan)
    run_heir(seat, engine)


def _enclose(facts: Facts) -> Plan:
    """Enclose this process while it has one thread; what it needs until it is sealed it reaches.

    It may have to make an arena file and to keep what it compiles, so files are limited later.

    It has no code of traits, and is sealed all the same: its arena may be what a trait has made
    of it.
    """
    places = [str(place) for place in arena_places(facts.home, os.getuid())]
    own = Reach(write=(str(facts.home), *places))
    # The environment is that of every zone; numba asks for it once more where it compiles. Without
    # namespaces, in which nobody would know any more whose the files are that it has to find.
    without = probe().missing | {Layer.ENVIRONMENT, Layer.NAMESPACES}
    reach = reach_of_code().joined(own)
    plan = plan_for({}, SEALED, Ground(without, open_descriptors()), (), reach)
    assert plan is not None
    plan = replace(plan, limits=CageLimits())
    enclose(plan)
    return plan


def _teller(began_s: float) -> Progress:
    """Return what tells of a preparation that takes long: it compiles, and safe mode shows it."""

    def tell(done: int, total: int, what: str) -> None:
        if time.monotonic() - began_s > PATIENCE_S:
            sys.stderr.write(f"preparing {what}, step {done + 1} of {total}\n")

    return tell


def _find(facts: Facts, generation: ArenaGeneration) -> Path:
    """Return the arena of the world, restored if only a snapshot of it is there.

    Raises:
        NoArena: there is neither.
        ArenaError: the snapshot is of another version.
    """
    snapshots = facts.home / SNAPSHOTS
    try:
        return find_arena(facts.home, facts.zone)
    except NoArena:
        found = next(good_snapshots(snapshots, [], facts.zone), None)
        if found is None:
            raise
        image = found[1]
    if image.schema_hash.hex() != generation.facts["schema_hash"]:
        raise ArenaError(
            f"cannot restore the snapshot of tick {image.tick}: its columns are not those of "
            f"version {generation.facts['generation']}"
        )
    name = arena_name(facts.zone)
    # One that is there and was not found belongs to a home that was deleted: it stays.
    places = [place for place in arena_places(facts.home, os.getuid()) if place.is_dir()]
    folders = [place for place in places if not os.path.lexists(place / name)]
    for folder in folders:
        (folder / f"{name}.new").unlink(missing_ok=True)
    generation.found(
        {"zone": facts.zone, "folders": list(map(str, folders)), "snapshots": str(snapshots)}
    )
    return find_arena(facts.home, facts.zone)


def _map(path: Path, generation: ArenaGeneration) -> tuple[ArenaWords, Path]:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        words = map_arena(fd, writable=True)
    finally:
        os.close(fd)
    if words.get_bytes(Header.SCHEMA_HASH, 32).hex() != generation.facts["schema_hash"]:
        raise ArenaError(
            f"cannot run {path}: its columns are not those of version "
            f"{generation.facts['generation']}"
        )
    return words, path


def _map_side(path: Path, arena_id: bytes) -> memoryview:
    """Map the side page of the arena; a fresh one unless it belongs to this very arena."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(fd, 0, Side.BYTES)
        side = memoryview(mmap.mmap(fd, Side.BYTES))
    finally:
        os.close(fd)
    if bytes(side[Side.ARENA_ID : Side.ARENA_ID + 16]) != arena_id:
        side[:] = bytes(Side.BYTES)
        side[Side.ARENA_ID : Side.ARENA_ID + 16] = arena_id
    side[Side.DRILL] = 0
    return side


def _seat(words: ArenaWords, side: memoryview) -> ArenaSeat:
    mutex_fd = os.memfd_create("molt-mutex", os.MFD_CLOEXEC)
    os.ftruncate(mutex_fd, MUTEX_BYTES)
    mutex = RobustMutex(mutex_fd)
    mutex.initialise()
    os.close(mutex_fd)
    flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
    return ArenaSeat(words, side, mutex, os.eventfd(0, flags), os.eventfd(0, flags))


def _parse(text: str) -> Facts:
    told = json.loads(text)
    return Facts(
        home=Path(told["home"]),
        zone=str(told["zone"]),
        service=str(told["service"]),
        settings=dict(told["settings"]),
        parent=int(told["parent"]),
    )


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(exit_code)  # sealed, it may not do what an interpreter does at its end
