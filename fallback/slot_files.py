"""Slots on disk: complete copies of a module version that start without the working tree's zones.

Owns: what is in a slot, its list, verifying against the list, filling one so that a kill at any
instant leaves the old or the new one. Does not own: proving that a copy works (`slot_proof.py`),
when a slot is run. Standard library only: safe mode reads slots, too.

HOME/fallback/slots/<name>/ holds `zones/`, `Kernel/__init__.py` and `Kernel/contract/` (all that
zones import of the kernel), perhaps `cache/` (compiled kernels, to be lent to the compile cache),
and LIST: path, size and sha256 of each file. A file that is not on the list, a link, or a byte
that differs makes the slot damaged, and a damaged slot is never run. Bytecode is never copied, and
damage like any other file: Python would run it in place of the source that was verified. What a
bundle has brought has the same form, and a place of its own (`slot_pointers.py`).
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import re
import shlex
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fallback.plain_files import digest_of, read_plain, sync_folder, write_new
from fallback.slot_pointers import VERSIONS, read_pointers

NAMES = ("active", "fallback", "next_stable")
LIST = "slot.json"
CACHE = "cache"
ROLL_BACK = "molt update rollback"
"""What helps where a version that came as a bundle is damaged."""
FORMAT = 1
FILES_MAX = 2000
BYTES_MAX = 256 << 20
_LIST_BYTES_MAX = 1 << 20
_BYTECODE = "__pycache__"
_BYTECODE_SUFFIX = ".pyc"
_ARENA_VERSION = re.compile(r"^VERSION = (\d+)$", re.MULTILINE)


class SlotError(Exception):
    """A slot is damaged, or cannot be filled.

    Args:
        message: one sentence that begins with "cannot".
        hint: what helps.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot that was found sound.

    Args:
        root: the folder to start Python in.
        version: sha256, in hex, over the paths and contents of its sources.
        arena_version: `VERSION` of the arena layout its sources know.
        created_s: wall clock, seconds.
    """

    name: str
    root: Path
    version: str
    arena_version: int
    created_s: float


def slot_folder(home: Path) -> Path:
    """Return the folder that holds the slots of a home."""
    return home / "fallback" / "slots"


def version_folder(home: Path, id_: str) -> Path:
    """Return where a version that came as a bundle lies, by its id."""
    return slot_folder(home) / VERSIONS / id_


def find_version(home: Path, id_: str, name: str) -> Slot:
    """Return a version that came as a bundle, as the slot of a name.

    Raises:
        SlotError: it is not there, or a byte of it is not as its list says.
    """
    root = version_folder(home, id_)
    try:
        slot = verify_folder(root, name)
    except SlotError as error:
        raise SlotError(error.message, ROLL_BACK) from error
    if slot.version != id_:
        raise SlotError(f"cannot use slot {name} in {root}: it is another version", ROLL_BACK)
    return slot


def find_slot(home: Path, name: str) -> Slot | None:
    """Return a slot every byte of which is as its list says; None when there is none.

    Raises:
        SlotError: it is damaged: says which file, and how to make it anew.
    """
    pointers, _why = read_pointers(slot_folder(home))
    id_ = pointers.get(name, "")
    return find_version(home, id_, name) if id_ else find_filled(home, name)


def find_filled(home: Path, name: str) -> Slot | None:
    """Return what `fill_slot` has put there, whatever a bundle has brought since.

    Of `fallback` that is the factory version: the copy of the checkout that no update touches.

    Raises:
        SlotError: it is damaged: says which file, and how to make it anew.
    """
    folder = slot_folder(home)
    # Between the two renames of a fill that was killed only the old one is there.
    places = [folder / name, folder / f".{name}.old"]
    for _attempt in range(2):
        root = next((place for place in places if os.path.lexists(place)), None)
        if root is None:
            return None
        found_inode = root.lstat().st_ino
        try:
            return verify_folder(root, name)
        except SlotError:
            with contextlib.suppress(FileNotFoundError):
                if (folder / name).lstat().st_ino == found_inode:
                    raise
        # It was replaced while we read it: look at the new one.
    return verify_folder(folder / name, name)


def version_of(checkout: Path) -> str:
    """Return the version that a slot filled from this checkout would have.

    Raises:
        SlotError: the checkout cannot be copied (a link, a file too many).
    """
    digests = {path: digest_of(checkout / path, BYTES_MAX)[0] for path in source_files(checkout)}
    return version_of_digests(digests)


def fill_slot(
    home: Path,
    name: str,
    source: Path,
    prove: Callable[[Path], Path | None] | None = None,
) -> Slot:
    """Copy the module version of `source` into a slot, and return it.

    Args:
        source: a checkout, or the root of another slot; its compiled kernels come with it.
        prove: is given the copy before it gets its name, may return a folder of compiled kernels
            to keep with it, and raises SlotError when the copy does not work.

    Raises:
        SlotError: the copy does not work or cannot be made; the slot that was there is as before.
    """
    assert name in NAMES, name
    folder = slot_folder(home)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(folder):
            _clean(folder, name)
            fresh = folder / f".{name}.new"
            fresh.mkdir(mode=0o700)
            try:
                _fill(fresh, name, source, prove)
                slot = verify_folder(fresh, name)
                _swap(folder, name, fresh)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
    except OSError as error:
        raise SlotError(
            f"cannot fill slot {name} in {folder}: {error.strerror or error} ({error.filename})",
            _what_helps(error, folder.parent if folder.parent.is_dir() else home),
        ) from error
    return Slot(name, folder / name, slot.version, slot.arena_version, slot.created_s)


def _what_helps(error: OSError, directory: Path) -> str:
    """Return the command that shows why a directory could not be written, in few words."""
    command = {errno.EROFS: "findmnt -T", errno.EACCES: "ls -ld"}.get(error.errno or 0, "df -h")
    return f"{command} {shlex.quote(str(directory))}"


def _fill(
    fresh: Path, name: str, source: Path, prove: Callable[[Path], Path | None] | None
) -> None:
    for path in source_files(source):
        _copy(source / path, fresh / path)
    lent = source / CACHE
    compiled = list(lent.iterdir()) if lent.is_dir() else []
    if prove is not None:
        proven = prove(fresh)
        compiled = [] if proven is None else [proven]
    for folder in compiled:
        for path in _walk(folder, folder.parent):
            _copy(folder.parent / path, fresh / CACHE / path)
    write_list(fresh, name, f"{source}")


def write_list(fresh: Path, name: str, source: str) -> None:
    """Write the list of all files that are in a folder, and have all of it on the disk.

    Args:
        source: where they are from, for the error.

    Raises:
        SlotError: they do not say which arena they know.
    """
    contract = (fresh / "Kernel" / "contract" / "arena.py").read_text(encoding="utf-8")
    arena_version = _ARENA_VERSION.search(contract)
    if arena_version is None:
        raise SlotError(
            f"cannot fill slot {name}: {source} does not say which arena it knows",
            "git checkout Kernel/contract/arena.py",
        )
    files = {path: digest_of(fresh / path, BYTES_MAX) for path in _walk(fresh, fresh)}
    version = version_of_digests(
        {path: told[0] for path, told in files.items() if not _is_cache(path)}
    )
    fields = {
        "format": FORMAT,
        "version": version,
        "arena_version": int(arena_version[1]),
        "created_s": round(fresh.stat().st_mtime, 3),
        "files": [
            {"path": path, "size": size, "sha256": digest} for path, (digest, size) in files.items()
        ],
    }
    write_new(fresh / LIST, json.dumps(fields, indent=1).encode())
    for parent, _folders, _files in os.walk(fresh):
        sync_folder(Path(parent))


def _swap(folder: Path, name: str, fresh: Path) -> None:
    """Put the fresh copy in the place of the old one. `find_slot` knows the moment between."""
    old = folder / f".{name}.old"
    if (folder / name).exists():
        (folder / name).rename(old)
    fresh.rename(folder / name)
    sync_folder(folder)
    shutil.rmtree(old, ignore_errors=True)


def _clean(folder: Path, name: str) -> None:
    """Remove what a fill that was killed has left; keep the slot it was about to replace."""
    old = folder / f".{name}.old"
    if old.exists() and not (folder / name).exists():
        old.rename(folder / name)
    for leftover in (old, folder / f".{name}.new"):
        shutil.rmtree(leftover, ignore_errors=True)


def verify_folder(root: Path, name: str) -> Slot:
    """Return the slot in a folder, every file of which is read and compared.

    Raises:
        SlotError: it is damaged: says which file.
    """

    def damaged(why: str) -> SlotError:
        return SlotError(f"cannot use slot {name} in {root}: {why}", "make setup")

    try:
        if not stat.S_ISDIR(root.lstat().st_mode):
            raise damaged("it is no folder")
        fields = json.loads(read_plain(root / LIST, _LIST_BYTES_MAX))
        listed = {each["path"]: (each["sha256"], each["size"]) for each in fields["files"]}
        if not all(isinstance(path, str) for path in listed):
            raise TypeError("a path is no text")
        if fields["format"] != FORMAT:
            raise damaged(f"its list has format {fields['format']}, {FORMAT} is known")
        version, arena_version = str(fields["version"]), int(fields["arena_version"])
        created_s = float(fields["created_s"])
        if not math.isfinite(created_s):
            raise ValueError(f"created_s is {created_s}")
    except OSError as error:
        raise damaged(f"{LIST} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise damaged(f"{LIST} is damaged ({error!r:.80})") from error
    try:
        found = set(_walk(root, root, bytecode=True)) - {LIST}
        for path in sorted(found ^ set(listed)):
            raise damaged(f"{path} is {'not on its list' if path in found else 'missing'}")
        for path in sorted(found):
            if digest_of(root / path, BYTES_MAX) != listed[path]:
                raise damaged(f"{path} is not as its list says")
        digests = {path: digest for path, (digest, _size) in listed.items() if not _is_cache(path)}
        if version_of_digests(digests) != version:
            raise damaged("its version is not that of its files")
    except OSError as error:
        raise damaged(f"{error.filename} cannot be read: {error.strerror}") from error
    except (TypeError, ValueError) as error:
        raise damaged(f"{LIST} is damaged ({error!r:.80})") from error
    return Slot(name, root, version, arena_version, created_s)


def source_files(root: Path) -> list[str]:
    """Return the files of a module version in a checkout or a slot, as sorted relative paths.

    Raises:
        SlotError: there is a link or a special file, or there are too many.
        OSError: a folder is not there.
    """
    paths = [*_walk(root / "zones", root), *_walk(root / "Kernel" / "contract", root)]
    return sorted([*paths, "Kernel/__init__.py"])


def _walk(top: Path, root: Path, bytecode: bool = False) -> list[str]:
    """Return every regular file below `top`, relative to `root`.

    Args:
        bytecode: Python's compiled files count, too; else they are left out.

    Raises:
        SlotError: there is a link or a special file, or there are too many.
        OSError: the folder is not there.
    """
    if top.is_symlink():
        raise SlotError(
            f"cannot take {top} into a slot: it is a link", f"ls -l {shlex.quote(str(top))}"
        )
    paths: list[str] = []
    total_bytes = 0
    waiting = [top]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    if bytecode or entry.name != _BYTECODE:
                        waiting.append(path)
                    continue
                if not entry.is_file(follow_symlinks=False):
                    raise SlotError(
                        f"cannot take {path} into a slot: it is no plain file",
                        f"ls -l {shlex.quote(str(path))}",
                    )
                if not bytecode and entry.name.endswith(_BYTECODE_SUFFIX):
                    continue
                total_bytes += entry.stat(follow_symlinks=False).st_size
                paths.append(path.relative_to(root).as_posix())
                if len(paths) > FILES_MAX or total_bytes > BYTES_MAX:
                    raise SlotError(
                        f"cannot take {top} into a slot: above {FILES_MAX} files or "
                        f"{BYTES_MAX >> 20} MiB",
                        f"du -a {shlex.quote(str(top))} | sort -n | tail",
                    )
    return sorted(paths)


def _is_cache(path: str) -> bool:
    return path.startswith(f"{CACHE}/")


def version_of_digests(digests: Mapping[str, str]) -> str:
    """Return the version that files have, from their sha256 by path."""
    lines = (f"{digests[path]}  {path}\n" for path in sorted(digests))
    return hashlib.sha256("".join(lines).encode(errors="backslashreplace")).hexdigest()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(target, read_plain(source, BYTES_MAX))


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time fill slots of a home; the others wait."""
    fd = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
