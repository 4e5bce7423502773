"""The traits of a home on disk: every source that was ever accepted, its verdict, its machine code.

Owns: `HOME/data/traits/<hash>/` (source.py, verdict.json, and what the native tier has compiled
beside them), which version a source is. Does not own: checking and compiling (`zones/traits`), the
files for people (`HOME/mutations`, the Patcher's: `zones/agents/patcher.py`), which traits a zone
runs (`HOME/data/traits/<zone>.json`, the kernel's).

A folder is named by the sha256 of the source in it. What is read is held to that name, and machine
code to the digests that its verdict lists: a file that somebody has changed is refused and never
run. Sources and verdicts stay for good: they are small, and the ledger's inputs name them by their
hash, so that a replay needs them. Machine code of versions that nobody runs any more is dropped; it
can be made again from the source. One process writes at a time: the one that prepares a trait.
"""

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import MoltError
from zones.runtime.durable_names import sync_directory

PLACE: Final = Path("data", "traits")
SOURCE: Final = "source.py"
VERDICT: Final = "verdict.json"
VERSIONS_KEPT: Final = 3
"""Machine code that nobody runs, of so many versions of a name."""
VERDICT_BYTES_MAX: Final = 256 * 1024
SOURCE_BYTES_MAX: Final = 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}\Z")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class StoreError(MoltError):
    """A trait of the store is missing, or is not what was put there."""


@dataclass(frozen=True, slots=True)
class StoredTrait:
    """One trait, held to its hash.

    Args:
        source: as it was accepted.
        verdict: what was found then: name, version, tier, state, memory, moods, ...
        folder: where its machine code lies.
        has_native: the machine code is there, and every byte of it is what was compiled.
    """

    code_hash: str
    source: bytes
    verdict: Mapping[str, Any]
    folder: Path
    has_native: bool


def file_name(name: str) -> str:
    """Return the name of a trait's class as it stands in file names: words with _ between."""
    return _HUMP.sub("_", name).lower()


def shown_at(name: str, version: int) -> Path:
    """Return where in a home people find a version, written by the Patcher."""
    return Path("mutations", f"trait_{file_name(name)}_v{version}.py")


class TraitStore:
    """The traits of one home. Looking makes nothing."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._place = home / PLACE

    def folder(self, code_hash: str) -> Path:
        """Return the folder of a hash, there or not."""
        if not _HASH.match(code_hash):
            raise StoreError(f"cannot find trait {code_hash[:80]!r}: that is no sha256")
        return self._place / code_hash

    def load(self, code_hash: str) -> StoredTrait:
        """Return a trait.

        Raises:
            StoreError: it is not there, or its source or verdict is not what was put there.
        """
        source, folder = self.source(code_hash)
        verdict = _parse(folder / VERDICT, _read(folder / VERDICT, VERDICT_BYTES_MAX))
        if verdict.get("digest") != _digest_of(verdict):
            raise StoreError(f"cannot use {folder / VERDICT}: it was changed")
        if verdict.get("code_hash") != code_hash:
            raise StoreError(f"cannot use {folder / VERDICT}: it is about another source")
        return StoredTrait(code_hash, source, verdict, folder, _is_native_whole(folder, verdict))

    def source(self, code_hash: str) -> tuple[bytes, Path]:
        """Return a source, whatever was found of it, and the folder it lies in.

        Raises:
            StoreError: it is not there, or was changed.
        """
        folder = self.folder(code_hash)
        source = _read(folder / SOURCE, SOURCE_BYTES_MAX)
        if hashlib.sha256(source).hexdigest() != code_hash:
            raise StoreError(
                f"cannot use {folder / SOURCE}: it was changed, its sha256 is not {code_hash[:12]}",
                f"ls -l {folder}",
            )
        return source, folder

    def hashes(self) -> list[str]:
        """Return the hashes of all traits there are."""
        try:
            names = os.listdir(self._place)
        except FileNotFoundError:
            return []
        return sorted(name for name in names if _HASH.match(name))

    def begin(self, source: bytes) -> Path:
        """Put a source in its place, durably, and return its folder, into which is compiled.

        Raises:
            OSError: the disk refused.
        """
        code_hash = hashlib.sha256(source).hexdigest()
        folder = self.folder(code_hash)
        for place in (self._home / "data", self._place, folder):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._drop(code_hash)  # what a process has left that was ended over it is no machine code
        _write(folder / SOURCE, source)
        sync_directory(self._place)
        return folder

    def finish(self, code_hash: str, verdict: Mapping[str, Any]) -> None:
        """Write what was found of a source, with the digests of what was compiled, durably.

        Args:
            verdict: plain data; tier "native" says that the machine code in the folder counts.

        Raises:
            OSError: the disk refused.
        """
        folder = self.folder(code_hash)
        native = verdict.get("tier") == "native"
        if not native:
            self._drop(code_hash)
        files = {str(path.relative_to(folder)): _digest(path) for path in _made(folder)}
        told = {**verdict, "code_hash": code_hash, "files": files if native else {}}
        told["digest"] = _digest_of(told)
        for path in _made(folder):
            _sync(path)
        _write(folder / VERDICT, json.dumps(told, sort_keys=True, indent=1).encode())

    def version_of(self, name: str, code_hash: str) -> int:
        """Return which version of its name a source is: the one it had, or the next one.

        Versions are counted by the name in file names, and no number is given twice: verdicts stay.
        """
        found = {version: other for version, other in self._versions(file_name(name))}
        for version, other in found.items():
            if other == code_hash:
                return version
        return max((0, *found)) + 1

    def write_set(self, name: str, content: bytes) -> None:
        """Write durably which traits a zone's next generation loads.

        Raises:
            OSError: the disk refused.
        """
        _write(self._place / name, content)

    def drop_compiled(self, kept: Collection[str]) -> list[str]:
        """Drop the machine code of traits that nobody runs, and return their hashes.

        Args:
            kept: hashes that are run, or may be soon; the last versions of each name stay, too.
        """
        versions: dict[str, list[tuple[int, str]]] = {}
        for code_hash, verdict in self._verdicts():
            name = file_name(str(verdict.get("name", "")))
            versions.setdefault(name, []).append((_version(verdict), code_hash))
        dropped = []
        for each in versions.values():
            for _, code_hash in sorted(each, reverse=True)[VERSIONS_KEPT:]:
                if code_hash not in kept and self._drop(code_hash):
                    dropped.append(code_hash)
        return dropped

    def drop_unfinished(self) -> None:
        """Drop what lies beside sources without a verdict: who prepared those was ended."""
        for code_hash in self.hashes():
            if not os.path.lexists(self.folder(code_hash) / VERDICT):
                self._drop(code_hash)

    def _drop(self, code_hash: str) -> bool:
        folder = self.folder(code_hash)
        made = list(_made(folder))
        for path in made:
            path.unlink(missing_ok=True)
        return bool(made)

    def _versions(self, name: str) -> Iterator[tuple[int, str]]:
        for code_hash, verdict in self._verdicts():
            if file_name(str(verdict.get("name", ""))) == name and _version(verdict):
                yield _version(verdict), code_hash

    def _verdicts(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for code_hash in self.hashes():
            path = self.folder(code_hash) / VERDICT
            try:
                yield code_hash, _parse(path, _read(path, VERDICT_BYTES_MAX))
            except StoreError:  # the process that prepared it was ended before
                continue


def _version(verdict: Mapping[str, Any]) -> int:
    version = verdict.get("version")
    return version if type(version) is int and version > 0 else 0


def _made(folder: Path) -> Iterator[Path]:
    """Yield the files beside source and verdict, in a fixed order."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            if path not in (folder / SOURCE, folder / VERDICT) and not path.is_symlink():
                yield path


def _is_native_whole(folder: Path, verdict: Mapping[str, Any]) -> bool:
    files = verdict.get("files")
    if verdict.get("tier") != "native" or not isinstance(files, dict) or not files:
        return False
    try:
        return all(_digest(folder / name) == digest for name, digest in files.items())
    except OSError:
        return False


def _digest_of(verdict: Mapping[str, Any]) -> str:
    """Return the digest of what a verdict says besides: places of memory hang on each byte."""
    told = {key: value for key, value in verdict.items() if key != "digest"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    with open(path, "rb", opener=_plain) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, most: int) -> bytes:
    try:
        with open(path, "rb", opener=_plain) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > most:
        raise StoreError(f"cannot read {path}: above {most} bytes")
    return data


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        verdict = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"cannot read {path}: it is damaged") from error
    if not isinstance(verdict, dict):
        raise StoreError(f"cannot read {path}: it is no verdict")
    return verdict


def _write(path: Path, data: bytes) -> None:
    """Write a file durably; readers see the old or the new one, whole."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with open(fresh, "wb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError:  # of a full disk nothing is left that takes the place of something else
        fresh.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _plain(path: str, flags: int) -> int:
    """Open what is a plain file and nothing else: a pipe would never end."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no plain file", path)
    return descriptor


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
