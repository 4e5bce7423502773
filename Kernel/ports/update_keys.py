"""The keys whose bundles a home takes: files in HOME/fallback/keys, one for each.

Owns: the folder, what is believed of it, making a new pair. Does not own: keys and signatures
(`signatures.py`), what they are asked about (`Kernel/core/bundle.py`).

A key counts only where nobody else could have put it: folder and file are ours, are no links, and
are writable by nobody but us. What does not count is told, never passed over in silence.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from Kernel.contract.errors import ConfigError, MoltError, Refused, UsageError, what_helps
from Kernel.ports.signatures import PublicKey, SigningKey

FOLDER = Path("fallback", "keys")
SUFFIX = ".pem"
KEYS_MAX = 16
KEY_BYTES_MAX = 4096
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_ID_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Keyring:
    """What is enrolled at a home.

    Args:
        keys: by id.
        problems: files that do not count, with the reason.
    """

    keys: dict[bytes, PublicKey]
    problems: tuple[str, ...] = ()

    def verify(self, key_id: bytes, signature: bytes, message: bytes) -> bool | None:
        """Tell whether a key has signed a message; None: it is not enrolled."""
        key = self.keys.get(key_id)
        return None if key is None else key.has_signed(signature, message)


def short_id(key_id: bytes) -> str:
    """Return the id of a key as people read it."""
    return key_id.hex()[:_ID_SHOWN]


def read_keyring(home: Path) -> Keyring:
    """Return the keys of a home; none where nothing was ever enrolled."""
    folder = home / FOLDER
    try:
        problem = _distrusted(folder.lstat(), folder, stat.S_ISDIR)
        names = sorted(os.listdir(folder)) if not problem else []
    except FileNotFoundError:
        return Keyring({})
    except OSError as error:
        return Keyring({}, (f"cannot read {folder}: {error.strerror}",))
    if problem:
        return Keyring({}, (problem,))
    if len(names) > KEYS_MAX:
        return Keyring({}, (f"cannot use {folder}: {len(names)} keys, the limit is {KEYS_MAX}",))
    keys: dict[bytes, PublicKey] = {}
    problems: list[str] = []
    for name in names:
        try:
            key = PublicKey.from_pem(_read(folder / name, ours=True), str(folder / name))
        except MoltError as error:
            problems.append(error.message)
            continue
        keys[key.id] = key
    return Keyring(keys, tuple(problems))


def make_pair(place: Path) -> SigningKey:
    """Make a new key: its secret half in a file for us alone, its public half beside it.

    Args:
        place: of the secret half; the other has `.pub` after its name.

    Raises:
        Refused: one of the files is there already; it is never overwritten.
        UsageError: they cannot be written.
    """
    key = SigningKey.generate()
    public = place.with_name(place.name + ".pub")
    for path in (place, public):
        if os.path.lexists(path):
            raise Refused(f"cannot make a key: {path} is there already", f"ls -l {path}")
    try:
        _write(place, key.pem(), 0o600)
        _write(public, key.public.pem(), 0o644)
    except OSError as error:
        raise UsageError(
            f"cannot write {error.filename}: {error.strerror}", what_helps(error, place.parent)
        ) from error
    return key


def read_secret(place: Path) -> SigningKey:
    """Return the secret key of a file.

    Raises:
        ConfigError: it cannot be read, or holds none.
        Refused: others may read or write it.
    """
    pem = _read(place, secret=True)
    return SigningKey.from_pem(pem, str(place))


def read_public(place: Path) -> PublicKey:
    """Return the public key of a file.

    Raises:
        ConfigError: it cannot be read, or holds none.
    """
    return PublicKey.from_pem(_read(place), str(place))


def enrol(home: Path, key: PublicKey) -> bool:
    """Let a home take what a key signs; False: it does so already.

    Raises:
        Refused: there are as many keys as there may be.
        ConfigError: the folder cannot be written, or does not count.
    """
    there = read_keyring(home)
    if there.problems:
        raise ConfigError(there.problems[0], f"ls -la {home / FOLDER}")
    if key.id in there.keys:
        return False
    if len(there.keys) >= KEYS_MAX:
        raise Refused(
            f"cannot enrol a key: {KEYS_MAX} are enrolled, the limit", f"ls {home / FOLDER}"
        )
    folder = home / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = folder.with_name(f".{key.id.hex()[:_ID_SHOWN]}{SUFFIX}")
        fresh.unlink(missing_ok=True)
        _write(fresh, key.pem(), 0o600)
        fresh.replace(folder / f"{key.id.hex()}{SUFFIX}")
    except OSError as error:
        raise ConfigError(
            f"cannot write {error.filename}: {error.strerror}", what_helps(error, folder)
        ) from error
    return True


def _write(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    with open(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)


def _read(path: Path, *, ours: bool = False, secret: bool = False) -> bytes:
    try:
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if ours else 0)
        fd = os.open(path, flags)
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror}", what_helps(error, path.parent)
        ) from error
    try:
        status = os.fstat(fd)
        problem = _distrusted(status, path, stat.S_ISREG) if ours else ""
        if not stat.S_ISREG(status.st_mode):
            problem = f"cannot read {path}: it is no plain file"
        if problem:
            raise ConfigError(problem, f"ls -l {path}")
        if secret and status.st_mode & 0o077:
            raise Refused(f"cannot use {path}: others may read it", f"chmod 600 {path}")
        data = os.read(fd, KEY_BYTES_MAX + 1)
    finally:
        os.close(fd)
    if len(data) > KEY_BYTES_MAX:
        raise ConfigError(f"cannot read {path}: it is longer than {KEY_BYTES_MAX} bytes")
    return data


def _distrusted(status: os.stat_result, path: Path, is_kind: Callable[[int], bool]) -> str:
    """Return why nobody can be sure who has put a file there, "" where one can."""
    if not is_kind(status.st_mode):
        return f"cannot use {path}: it is no plain file or folder"
    if status.st_uid != os.getuid():
        return f"cannot use {path}: it belongs to user {status.st_uid}"
    if status.st_mode & _OTHERS_WRITE:
        return f"cannot use {path}: others may write it (mode {status.st_mode & 0o777:o})"
    return ""
