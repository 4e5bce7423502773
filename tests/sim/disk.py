"""The disk on paper: arena files, snapshots, the checkout and the slot.

Owns: what outlives every process. Does not own: what is in an arena (`world_life.py`, the kernel).
"""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from Kernel.contract.arena import ArenaWords, Header, Side, check_arena
from Kernel.contract.errors import ArenaError, ConfigError
from Kernel.contract.founding_report import FoundingReport
from Kernel.contract.places import arena_name
from Kernel.contract.trait_registry import TraitRow
from Kernel.ports.arena_file import ArenaHandle
from Kernel.ports.trait_sets import MemoryTraitSets
from Kernel.ports.versions import CHECKOUT, Main, Source
from tests.sim import trait_life
from tests.sim.code import GONE, GOOD, SLOT, Code
from tests.sim.machine import Descriptors
from zones.runtime.arena_image import ArenaImage

SNAPSHOTS_KEPT = 3
SLOT_ROOT = Path("/sim/slots/fallback")
FOLDERS = [Path("/sim/shm"), Path("/sim/data/arenas")]


class SimMutex:
    """A robust mutex: the next waiter gets it when its owner unlocks it or dies."""

    def __init__(self) -> None:
        self.owner = 0
        self.waiters: list[int] = []


class ArenaFile:
    """One arena file with its side page."""

    def __init__(self, size_bytes: int) -> None:
        self.data = bytearray(size_bytes)
        self.side = bytearray(Side.BYTES)

    def words(self) -> ArenaWords:
        """Map it anew, as a process does."""
        return ArenaWords(memoryview(self.data))


@dataclass
class Mapped:
    """What the descriptors of one opened arena stand for."""

    file: ArenaFile
    mutex: SimMutex = field(default_factory=SimMutex)


class SimVersions:
    """The kernel's port of module versions: the checkout, and the slot `fallback`.

    Attributes:
        tree, slot: what they hold; no slot: None.
        damaged: the slot is there and does not verify.
    """

    def __init__(self) -> None:
        self.tree = GOOD
        self.slot: Code | None = SLOT
        self.damaged = False
        self._edits = 0

    def edit(self, code: Code, *, seen: bool = True) -> None:
        """Change the checkout; unseen: what changed is none of its sources (a package)."""
        self.tree = code
        self._edits += seen

    def code(self, root: Path | None) -> Code:
        """Return what a zygote started from there loads."""
        if root is None:
            return self.tree
        assert root == SLOT_ROOT, "the kernel names what it was told"
        return self.slot if self.slot is not None else GONE

    def main(self) -> Main:
        """Return what is to serve: no bundle has come."""
        return Main(CHECKOUT)

    def fallback(self) -> Source | None:
        """Return the version of the slot."""
        if self.damaged:
            raise ConfigError("cannot use slot fallback: its files do not match", "molt slots")
        return Source("slot fallback", SLOT_ROOT) if self.slot is not None else None

    def fingerprint(self) -> str:
        """Return what changes with the checkout's files."""
        return str(self._edits)


class SimDisk:
    """The kernel's port of arena files, and what processes find on the disk."""

    def __init__(self) -> None:
        self.files: dict[str, ArenaFile] = {}
        self.snapshots: list[ArenaImage] = []
        self.refused = False
        self.aside = 0
        self.report: FoundingReport | None = None
        self.descriptors: Descriptors | None = None
        self.trait_sets = MemoryTraitSets()

    def check(self) -> None:
        """Raise OSError while the disk takes nothing."""
        if self.refused:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def find(self, folders: list[Path], zone: str) -> Path | None:
        """Return the arena file of a zone."""
        found = None
        for folder in folders:
            path = folder / arena_name(zone)
            self.files.pop(f"{path}.new", None)
            if found is None and str(path) in self.files:
                found = path
        return found

    def open(self, path: Path, schema_hash: bytes) -> ArenaHandle:
        """Map an arena for the kernel, with a fresh mutex."""
        assert self.descriptors is not None, "a kernel runs"
        file = self.files[str(path)]
        words = file.words()
        check_arena(words, str(path))
        if words.get_bytes(Header.SCHEMA_HASH, 32) != schema_hash:
            raise ArenaError(f"cannot use {path}: its columns are not those of this build")
        mapped = Mapped(file)
        fds = [self.descriptors.open(mapped) for _ in range(4)]
        arena_id = words.get_bytes(Header.ARENA_ID, 16)
        side = memoryview(file.side)
        if bytes(side[Side.ARENA_ID : Side.ARENA_ID + 16]) != arena_id:
            side[:] = bytes(Side.BYTES)
            side[Side.ARENA_ID : Side.ARENA_ID + 16] = arena_id
        side[Side.DRILL] = 0
        return ArenaHandle(path, fds[0], fds[1], words, fds[2], side, fds[3])

    def set_aside(self, path: Path) -> Path:
        """Rename a file that cannot be used."""
        self.aside += 1
        target = path.with_name(f"{path.name}.set-aside-{self.aside}")
        del self.files[str(path)]
        return target

    def take_report(self, folders: list[Path], zone: str) -> FoundingReport | None:
        """Return what the founder has told, once."""
        report, self.report = self.report, None
        return report

    def why_elsewhere(self, path: Path, folders: list[Path]) -> str:
        """Every place is as good."""
        return ""

    def renew_mutex(self, arena: ArenaHandle) -> None:
        """Put a fresh mutex in the place of one that nobody has any more."""
        assert self.descriptors is not None, "a kernel runs"
        before: Mapped = self.descriptors.thing(arena.mutex_fd)
        fresh = self.descriptors.open(Mapped(before.file))  # it may find no room: then all stays
        self.descriptors.close(arena.mutex_fd)
        arena.mutex_fd = fresh

    def is_deleted(self, arena: ArenaHandle) -> bool:
        """Nobody deletes files on paper."""
        return False

    def traits(self, arena: ArenaHandle) -> list[TraitRow]:
        """Return the registry of traits as the committed tick has it."""
        return trait_life.read_rows(arena.words)

    def close(self, arena: ArenaHandle) -> None:
        """Close the descriptors of an arena that the world has left."""
        assert self.descriptors is not None, "a kernel runs"
        for fd in (arena.fd, arena.read_only_fd, arena.side_fd, arena.mutex_fd):
            self.descriptors.close(fd)

    def keep_snapshot(self, image: ArenaImage) -> None:
        """Store one, and let the oldest go.

        Raises:
            OSError: the disk takes nothing.
        """
        self.check()
        self.snapshots = [*self.snapshots, image][-SNAPSHOTS_KEPT:]
