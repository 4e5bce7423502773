"""The module versions a kernel can run: the checkout, and the slots of its home.

Owns: which one is to serve, telling whether the checkout has changed. Does not own: slots, their
verification and filling (`slots.py`), how one comes to be a slot (`Kernel/core/passive_update.py`),
which one serves while something is wrong (`Kernel/core/ladder.py`).
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from Kernel.contract.arena import VERSION
from Kernel.contract.contract_version import CONTRACT
from Kernel.contract.errors import ConfigError, MoltError
from Kernel.core.passive_update import ModuleVersion
from Kernel.ports.slots import FALLBACK, find_factory
from Kernel.ports.update_files import HomeUpdates

SOURCES = ("zones", "Kernel/contract", "config")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the code of a generation comes from.

    Args:
        name: for people: "checkout", "slot fallback", or "update 1.2 (3f2a91bb04c1)".
        root: the folder of the module version; None: the checkout.
        main: it is what is to serve; else it is taken where that cannot.
        id: of a version that came as a bundle, "" for others.
    """

    name: str
    root: Path | None = None
    main: bool = False
    id: str = ""


CHECKOUT = Source("checkout", main=True)


def bundle_source(version: ModuleVersion, root: Path) -> Source:
    """Return the source that an unpacked version is."""
    return Source(f"update {version.name}", root, main=True, id=version.id)


@dataclass(frozen=True, slots=True)
class Main:
    """What is to serve.

    Args:
        why, hint: what keeps the version that was kept last from it, "" where nothing does.
    """

    source: Source
    why: str = ""
    hint: str = ""


class Versions(Protocol):
    """The module versions there are; a test gives its own."""

    def main(self) -> Main:
        """Return what is to serve when a kernel begins: always something."""

    def fallback(self) -> Source | None:
        """Return the verified version of the slot `fallback`, None when there is none to run.

        Raises:
            MoltError: it is there and damaged.
        """

    def fingerprint(self) -> str:
        """Return what changes whenever a source file of the checkout does."""


class HomeVersions:
    """What there is beside one checkout and home.

    Args:
        root: the checkout.
        home: whose slots are meant.
    """

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root
        self._home = home
        self._files = HomeUpdates(home)
        self._main: Main | None = None

    def main(self) -> Main:
        """Return the version that is active where one came as a bundle, else the checkout.

        One that is damaged, or of another contract than this kernel, gives way to the one before,
        and that to the checkout: the factory version is always there. Looked for once in a boot:
        every byte of it is read.
        """
        if self._main is None:
            self._main = self._find_main()
        return self._main

    def fallback(self) -> Source | None:
        """Return the verified version of the slot `fallback`, None when there is none to run.

        What a bundle had put there may be damaged: then the factory version is taken.
        """
        with contextlib.suppress(MoltError):
            before = self._files.load().fallback
            if before is not None:
                return Source(f"slot {FALLBACK}", self._find_bundle(before).root)
        slot = find_factory(self._home)
        return None if slot is None else Source(f"slot {slot.name}", slot.root)

    def fingerprint(self) -> str:
        """Return what changes whenever a file of the checkout that zones are made of does."""
        digest = hashlib.sha256()
        for folder in SOURCES:
            for place, folders, names in os.walk(self._root / folder):
                folders.sort()
                for name in sorted(names):
                    digest.update(_look(Path(place, name)))
        return digest.hexdigest()

    def _find_main(self) -> Main:
        said = hint = ""
        try:
            updates = self._files.load()
        except ConfigError as error:
            return Main(CHECKOUT, error.message, error.hint)
        for version in (updates.active, updates.fallback):
            if version is None:
                break
            try:
                return Main(self._find_bundle(version), said, hint)
            except MoltError as error:
                said, hint = said or error.message, hint or error.hint
        return Main(CHECKOUT, said, hint)

    def _find_bundle(self, version: ModuleVersion) -> Source:
        slot = self._files.find(version.id)
        if (version.contract, slot.arena_version) != (CONTRACT, VERSION):
            raise ConfigError(
                f"cannot run version {version.name}: it is for contract {version.contract} and "
                f"arena layout {slot.arena_version}, this kernel has {CONTRACT} and {VERSION}",
                "molt update rollback",
            )
        return bundle_source(version, slot.root)


def _look(path: Path) -> bytes:
    """Return what tells one state of a source file from another, b"" for anything else.

    Files come and go meanwhile (an editor's lock, a checkout of another branch): one that cannot be
    looked at is one that is not there.
    """
    if path.suffix not in (".py", ".yaml", ".txt") or path.name.startswith("."):
        return b""
    try:
        status = path.stat()
    except OSError:
        return b""
    return f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode(errors="surrogateescape")
