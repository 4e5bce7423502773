"""Slots on disk: complete copies of a module version that start without the working tree's zones.

Owns: what is in a slot, its list, verifying against the list, filling one so that a kill at any
instant leaves the old or the new one. Does not own: proving that a copy works (`slot_proof.py`),
when a slot is run. Standard library only: safe mode reads slots, too.

HOME/fallback/slots/<name>/ holds `zones/`, `Kernel/__init__.py` and `Kernel/contract/` (all that
zones import of the kernel), perhaps `cache/` (compiled kernels, to be lent to the compile cache),
and LIST: path, size and sha256 of each file. A file that is not on the list, a link, or a byte
that differs makes the slot damaged, and a damaged slot is never run. Bytecode is never copied, and
damage like any other file: Python would run it in place of the source that was verified.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NAMES = ("active", "fallback", "next_stable")
LIST = "slot.json"
CACHE = "cache"
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


def find_slot(home: Path, name: str) -> Slot | None:
    """Return a slot every byte of which is as its list says; None when there is none.

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
            return _verify(root, name)
        except SlotError:
            with contextlib.suppress(FileNotFoundError):
                if (folder / name).lstat().st_ino == found_inode:
                    raise
        # It was replaced while we read it: look at the new one.
    return _verify(folder / name, name)


def version_of(checkout: Path) -> str:
    """Return the version that a slot filled from this checkout would have.

    Raises:
        SlotError: the checkout cannot be copied (a link, a file too many).
    """
    digests = {path: _digest(checkout / path)[0] for path in _sources(checkout)}
    return _version(digests)


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
                slot = _verify(fresh, name)
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


def lend_cache(root: Path, cache_dir: Path) -> None:
    """Give the compiled kernels of a slot to the compile cache, where they are missing.

    Raises:
        OSError: they cannot be written; the slot then compiles when it starts.
    """
    lent = root / CACHE
    for folder in lent.iterdir() if lent.is_dir() else ():
        target = cache_dir / folder.name
        if target.exists():
            continue
        fresh = target.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(folder, fresh)
        try:
            fresh.rename(target)
        except OSError:  # somebody else was faster
            shutil.rmtree(fresh, ignore_errors=True)
            if not target.is_dir():
                raise


def _fill(
    fresh: Path, name: str, source: Path, prove: Callable[[Path], Path | None] | None
) -> None:
    for path in _sources(source):
        _copy(source / path, fresh / path)
    lent = source / CACHE
    compiled = list(lent.iterdir()) if lent.is_dir() else []
    if prove is not None:
        proven = prove(fresh)
        compiled = [] if proven is None else [proven]
    for folder in compiled:
        for path in _walk(folder, folder.parent):
            _copy(folder.parent / path, fresh / CACHE / path)
    contract = (fresh / "Kernel" / "contract" / "arena.py").read_text(encoding="utf-8")
    arena_version = _ARENA_VERSION.search(contract)
    if arena_version is None:
        raise SlotError(
            f"cannot fill slot {name}: {source} does not say which arena it knows",
            "git checkout Kernel/contract/arena.py",
        )
    files = {path: _digest(fresh / path) for path in _walk(fresh, fresh)}
    version = _version({path: told[0] for path, told in files.items() if not _is_cache(path)})
    fields = {
        "format": FORMAT,
        "version": version,
        "arena_version": int(arena_version[1]),
        "created_s": round(fresh.stat().st_mtime, 3),
        "files": [
            {"path": path, "size": size, "sha256": digest} for path, (digest, size) in files.items()
        ],
    }
    _write(fresh / LIST, json.dumps(fields, indent=1).encode())
    for parent, _folders, _files in os.walk(fresh):
        _sync(Path(parent))


def _swap(folder: Path, name: str, fresh: Path) -> None:
    """Put the fresh copy in the place of the old one. `find_slot` knows the moment between."""
    old = folder / f".{name}.old"
    if (folder / name).exists():
        (folder / name).rename(old)
    fresh.rename(folder / name)
    _sync(folder)
    shutil.rmtree(old, ignore_errors=True)


def _clean(folder: Path, name: str) -> None:
    """Remove what a fill that was killed has left; keep the slot it was about to replace."""
    old = folder / f".{name}.old"
    if old.exists() and not (folder / name).exists():
        old.rename(folder / name)
    for leftover in (old, folder / f".{name}.new"):
        shutil.rmtree(leftover, ignore_errors=True)


def _verify(root: Path, name: str) -> Slot:
    """Return the slot in a folder, every file of which is read and compared."""

    def damaged(why: str) -> SlotError:
        return SlotError(f"cannot use slot {name} in {root}: {why}", "make setup")

    try:
        if not stat.S_ISDIR(root.lstat().st_mode):
            raise damaged("it is no folder")
        fields = json.loads(_read(root / LIST, _LIST_BYTES_MAX))
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
            if _digest(root / path) != listed[path]:
                raise damaged(f"{path} is not as its list says")
        digests = {path: digest for path, (digest, _size) in listed.items() if not _is_cache(path)}
        if _version(digests) != version:
            raise damaged("its version is not that of its files")
    except OSError as error:
        raise damaged(f"{error.filename} cannot be read: {error.strerror}") from error
    except (TypeError, ValueError) as error:
        raise damaged(f"{LIST} is damaged ({error!r:.80})") from error
    return Slot(name, root, version, arena_version, created_s)


def _sources(root: Path) -> list[str]:
    """Return the files of a module version in a checkout or a slot, as sorted relative paths."""
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


def _version(digests: dict[str, str]) -> str:
    lines = (f"{digests[path]}  {path}\n" for path in sorted(digests))
    return hashlib.sha256("".join(lines).encode(errors="backslashreplace")).hexdigest()


def _digest(path: Path) -> tuple[str, int]:
    data = _read(path, BYTES_MAX)
    return hashlib.sha256(data).hexdigest(), len(data)


def _read(path: Path, bytes_max: int) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(fd, "rb", buffering=0) as file:
        size = os.fstat(fd).st_size
        if size > bytes_max:
            raise ValueError(f"{path.name} has {size} bytes, limit {bytes_max}")
        data = b""
        while part := file.read(size + 1 - len(data)):
            data += part
        return data


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(target, _read(source, BYTES_MAX))


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time fill slots of a home; the others wait."""
    fd = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
