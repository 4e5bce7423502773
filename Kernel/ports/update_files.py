"""The files of module updates: bundles that have come in, versions unpacked of them, the record.

Owns: HOME/fallback/incoming, unpacking into HOME/fallback/slots/versions, reading and writing the
record, one change at a time. Does not own: what the record says (`Kernel/core/update_record.py`,
`passive_update.py`), the form of an unpacked version (`fallback/slot_files.py`).

Each act leaves the disk as it was or as it is to be, whatever instant it is killed at: whatever is
written has another name until it is whole and on the disk, and gets its own by one rename.
"""

import contextlib
import fcntl
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from fallback.plain_files import read_plain, sync_folder, write_new
from fallback.slot_files import (
    BYTES_MAX,
    CACHE,
    Slot,
    SlotError,
    find_version,
    slot_folder,
    source_files,
    verify_folder,
    version_folder,
    write_list,
)
from fallback.slot_pointers import RECORD, RECORD_BYTES_MAX, VERSIONS
from Kernel.contract.errors import CodecError, ConfigError, UsageError, what_helps
from Kernel.core.bundle import BUNDLE_BYTES_MAX, Bundle
from Kernel.core.passive_update import Updates
from Kernel.core.update_record import pack_updates, parse_updates

INCOMING = Path("fallback", "incoming")
SUFFIX = ".bundle"
VERSIONS_MAX = 8
"""So many unpacked versions may lie there; a kernel that boots removes what is not used."""
_LOCK = ".updates.lock"
_ID = re.compile(r"[0-9a-f]{64}")


class UpdateFiles(Protocol):
    """What a kernel needs of them; a test gives its own."""

    def load(self) -> Updates:
        """Return where the home stands.

        Raises:
            ConfigError: the record is damaged.
        """

    def change(self, change: Callable[[Updates], Updates]) -> Updates:
        """Write what a change makes of the record as it is now, and return it.

        Raises:
            ConfigError: it is damaged, or cannot be written; it is as before.
            MoltError: the change refuses.
        """

    def root_of(self, id_: str) -> Path:
        """Return the folder of an unpacked version, every byte of which is as its list says.

        Raises:
            ConfigError: it is damaged, or not there.
        """

    def prune(self, used: frozenset[str]) -> list[str]:
        """Remove the unpacked versions that nothing refers to; return their ids."""


class HomeUpdates:
    """Those of a home; nothing is made before there is something to keep."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = slot_folder(home)

    def load(self) -> Updates:
        """Return where the home stands."""
        place = self._folder / RECORD
        try:
            return parse_updates(read_plain(place, RECORD_BYTES_MAX))
        except FileNotFoundError:
            return Updates()
        except (OSError, ValueError, CodecError) as error:
            raise ConfigError(
                f"cannot use {place}: {getattr(error, 'strerror', '') or error}",
                f"rm {place}, which gives the factory version",
            ) from error

    def change(self, change: Callable[[Updates], Updates]) -> Updates:
        """Write what a change makes of the record as it is now, and return it."""
        with self._writing("write the record of updates"), self._only_one():
            before = self.load()
            after = change(before)
            if after != before:
                self._replace(self._folder / RECORD, pack_updates(after))
            return after

    def root_of(self, id_: str) -> Path:
        """Return the folder of an unpacked version that is sound."""
        return self.find(id_).root

    def find(self, id_: str) -> Slot:
        """Return an unpacked version that is sound.

        Raises:
            ConfigError: it is damaged, or not there.
        """
        try:
            return find_version(self._home, id_, id_[:12])
        except SlotError as error:
            raise ConfigError(error.message, error.hint) from error

    def keep_bundle(self, data: bytes, sha256: str) -> Path:
        """Put a bundle into `incoming/`, where it is alone, and return its place.

        Raises:
            ConfigError: it cannot be written.
        """
        folder = self._home / INCOMING
        place = folder / f"{sha256}{SUFFIX}"
        with self._writing("keep the bundle"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._replace(place, data)
            for name in os.listdir(folder):
                # Only what has come in by us: somebody may keep others there by name.
                if _ID.fullmatch(name.removesuffix(SUFFIX)) and name != place.name:
                    (folder / name).unlink(missing_ok=True)
        return place

    def read_kept(self, sha256: str) -> bytes:
        """Return the bytes of a bundle in `incoming/`.

        Raises:
            UsageError: it is not there any more.
        """
        return read_bundle(self._home / INCOMING / f"{sha256}{SUFFIX}")

    def unpack(self, bundle: Bundle) -> Slot:
        """Write a bundle's files, and give the folder its name when all of it is on the disk.

        Raises:
            ConfigError: the disk takes no more, or too many versions lie there.
        """
        id_ = bundle.manifest.id
        place = version_folder(self._home, id_)
        with contextlib.suppress(ConfigError):
            return self.find(id_)
        versions = place.parent
        with self._writing(f"unpack version {id_[:12]}"):
            versions.mkdir(mode=0o700, parents=True, exist_ok=True)
            there = [name for name in os.listdir(versions) if _ID.fullmatch(name)]
            if len(there) >= VERSIONS_MAX and id_ not in there:
                raise ConfigError(
                    f"cannot unpack version {id_[:12]}: {len(there)} lie in {versions}, the limit "
                    f"is {VERSIONS_MAX}",
                    "molt shutdown, then: python manifest.py",
                )
            fresh = versions / f".{id_}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            for path, content in bundle.files():
                (fresh / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_new(fresh / path, content)
            slot = self._listed(fresh, id_)
            shutil.rmtree(place, ignore_errors=True)  # one that is damaged
            fresh.rename(place)
            sync_folder(versions)
        return Slot(slot.name, place, slot.version, slot.arena_version, slot.created_s)

    def keep_compiled(self, id_: str, folder: Path) -> None:
        """Keep the compiled kernels of a version beside it, so that it starts without compiling.

        Only for one that no process runs yet: it is made anew, and killed in between it is not
        there, and has to be staged again.

        Raises:
            ConfigError: the disk takes no more, or the version is damaged.
        """
        place = self.root_of(id_)
        fresh = place.with_name(f".{id_}.new")
        with self._writing(f"keep the kernels of version {id_[:12]}"):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            for source in source_files(place):
                self._copy(place / source, fresh / source)
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.is_symlink():
                    kept = fresh / CACHE / folder.name / path.relative_to(folder)
                    self._copy(path, kept)
            self._listed(fresh, id_)
            shutil.rmtree(place)
            fresh.rename(place)
            sync_folder(place.parent)

    def prune(self, used: frozenset[str]) -> list[str]:
        """Remove the unpacked versions that nothing refers to; return their ids.

        Only a kernel that boots may: what no record refers to may still be run by processes.
        """
        gone = []
        versions = self._folder / VERSIONS
        with contextlib.suppress(FileNotFoundError):
            for name in sorted(os.listdir(versions)):
                # One that is just being unpacked, as ".ID.new", is in use as well.
                if name.removeprefix(".").removesuffix(".new") not in used:
                    shutil.rmtree(versions / name, ignore_errors=True)
                    gone.append(name)
        return gone

    def discard(self, id_: str) -> None:
        """Remove an unpacked version that never ran."""
        shutil.rmtree(version_folder(self._home, id_), ignore_errors=True)

    @staticmethod
    def _copy(source: Path, target: Path) -> None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(target, read_plain(source, BYTES_MAX))

    def _listed(self, fresh: Path, id_: str) -> Slot:
        try:
            write_list(fresh, id_[:12], "the bundle")
            slot = verify_folder(fresh, id_[:12])
        except SlotError as error:
            raise ConfigError(error.message, error.hint) from error
        assert slot.version == id_, "what was signed is what was written"
        return slot

    def _replace(self, place: Path, data: bytes) -> None:
        fresh = place.with_name(f".{place.name}.new")
        fresh.unlink(missing_ok=True)
        write_new(fresh, data)
        fresh.rename(place)
        sync_folder(place.parent)

    @contextlib.contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            folder = self._folder if self._folder.is_dir() else self._home
            raise ConfigError(
                f"cannot {what}: {error.strerror or error} ({error.filename})",
                what_helps(error, folder),
            ) from error

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        """Let one process at a time change the record. Held for milliseconds, the kernel waits."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


class MemoryUpdates:
    """Those of a kernel without a home.

    Attributes:
        roots: folders of versions by id; one that is missing is damaged.
    """

    def __init__(self, updates: Updates | None = None) -> None:
        self.updates = updates or Updates()
        self.roots: dict[str, Path] = {}

    def load(self) -> Updates:
        """Return where the home stands."""
        return self.updates

    def change(self, change: Callable[[Updates], Updates]) -> Updates:
        """Keep what a change makes of it."""
        self.updates = change(self.updates)
        return self.updates

    def root_of(self, id_: str) -> Path:
        """Return the folder of a version."""
        if id_ not in self.roots:
            raise ConfigError(f"cannot use version {id_[:12]}: it is not there")
        return self.roots[id_]

    def prune(self, used: frozenset[str]) -> list[str]:
        """Forget the versions that nothing refers to."""
        gone = sorted(self.roots.keys() - used)
        self.roots = {id_: root for id_, root in self.roots.items() if id_ in used}
        return gone


def read_bundle(place: Path) -> bytes:
    """Return what is in a file that is to be a bundle; it is held to the limit before it is read.

    Raises:
        UsageError: it is no plain file, is longer than a bundle may be, or cannot be read.
    """
    help_ = "molt help update stage"
    try:
        fd = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"cannot read {place}: it is no plain file", help_)
            if status.st_size > BUNDLE_BYTES_MAX:
                raise UsageError(
                    f"cannot read {place}: it has {status.st_size} bytes, a bundle has at most "
                    f"{BUNDLE_BYTES_MAX}",
                    help_,
                )
            with open(fd, "rb", closefd=False) as file:
                return file.read(BUNDLE_BYTES_MAX + 1)
        finally:
            os.close(fd)
    except OSError as error:
        raise UsageError(f"cannot read {place}: {error.strerror}", help_) from error
