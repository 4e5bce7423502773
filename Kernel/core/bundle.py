"""A module version as one file: its form, its limits, and all that is refused before it is used.

Owns: the manifest and its one canonical form, rules for paths, packing, opening. Does not own: keys
and signatures (`Kernel/ports/signatures.py`), whether a sound bundle may come in
(`passive_update.py`), unpacking (`Kernel/ports/update_files.py`). Pure: bytes in, bytes out.

    magic 8 | id of the key 32 | signature 64 | length of the manifest 4, little-endian
    | manifest | the files, one after the other, in the order of the manifest

No zip and no tar: those carry links, devices, modes and two lists that may contradict each other.
Here is one list, it is signed, and every byte of the file is accounted for by it. Nothing is
compressed, so nothing grows. Model: the targets of TUF (path, length, hash under one signature).
"""

import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fallback.slot_files import FILES_MAX, version_of_digests
from Kernel.contract.errors import Refused

MAGIC: Final = b"moltbdl1"
DOMAIN: Final = b"molt bundle 1\0"
"""Signed before the manifest, so that a signature made for anything else is none here."""
MODULE: Final = "zones"
"""The one module there is: `zones/` and the contract, all that a zone's process runs of ours."""
KEY_ID_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
_HEAD: Final = struct.Struct(f"<8s{KEY_ID_BYTES}s{SIGNATURE_BYTES}sI")
MANIFEST_BYTES_MAX: Final = 1 << 20
FILE_BYTES_MAX: Final = 4 << 20
FILES_BYTES_MAX: Final = 32 << 20
"""Of all files together; today's version has 3 MB, its longest file 20 kB."""
BUNDLE_BYTES_MAX: Final = _HEAD.size + MANIFEST_BYTES_MAX + FILES_BYTES_MAX
PATH_CHARS_MAX: Final = 200
PART_CHARS_MAX: Final = 100
DEPTH_MAX: Final = 12
COUNTER_MAX: Final = 2**53 - 1
"""What every reader of JSON keeps exactly."""
FOLDERS: Final = ("zones/", "Kernel/contract/")
LONE_FILES: Final = ("Kernel/__init__.py",)
SUFFIXES: Final = (".py", ".pyi", ".txt", ".proto", ".json", ".yaml", ".md")
CONTRACT_FILE: Final = "Kernel/contract/contract_version.py"
ARENA_FILE: Final = "Kernel/contract/arena.py"
NEEDED: Final = (
    "Kernel/__init__.py",
    "Kernel/contract/__init__.py",
    ARENA_FILE,
    CONTRACT_FILE,
    "zones/__init__.py",
)
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CONTRACT_NUMBER: Final = re.compile(rb"^CONTRACT: Final = (\d{1,9})$", re.MULTILINE)
_ARENA_NUMBER: Final = re.compile(rb"^VERSION = (\d{1,9})$", re.MULTILINE)
_SHOWN_MAX: Final = 60
_KEYS: Final = ("changes_behaviour", "contract", "counter", "files", "module", "version")


class BundleRefused(Refused):
    """A bundle is not taken.

    Args:
        rule: one word for programs: form, limit, path, key, signature, hash, contract, module,
            rollback, busy, known or probe.
        why: for people, as it follows the name of the bundle.
    """

    def __init__(self, rule: str, why: str, hint: str = "") -> None:
        super().__init__(f"cannot take the bundle: {why} [{rule}]", hint)
        self.rule = rule
        self.why = why
        self.details = {"rule": rule, "reason": why}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path with forward slashes, its length in bytes, its sha256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is signed.

    Args:
        module: which one; there is `MODULE` alone.
        version: for people.
        counter: against rollback: a home takes none that is not above the highest it has run.
        contract: `CONTRACT` of the kernels that may run it.
        changes_behaviour: False claims that every world goes on to the very same hashes.
        entries: in the order of their paths, each once.
    """

    module: str
    version: str
    counter: int
    contract: int
    changes_behaviour: bool
    entries: tuple[Entry, ...]

    @property
    def id(self) -> str:
        """The version by its content: sha256 over paths and hashes, as a slot has it."""
        return version_of_digests({each.path: each.sha256 for each in self.entries})


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose signature, list and every byte were found sound.

    Args:
        sha256: of the whole file, in hex.
        key_id: of the key that signed it.
        arena: `VERSION` of the arena layout that its contract knows.
        contents: the bytes of each file, in the order of the entries.
    """

    manifest: Manifest
    sha256: str
    key_id: bytes
    arena: int
    contents: tuple[memoryview, ...]

    def files(self) -> Iterator[tuple[str, memoryview]]:
        """Yield path and bytes of each file."""
        for entry, content in zip(self.manifest.entries, self.contents, strict=True):
            yield entry.path, content


Verify = Callable[[bytes, bytes, bytes], bool | None]
"""Of key id, signature and message: whether the key has signed it, None for an unknown key."""


def pack_bundle(
    files: Mapping[str, bytes],
    version: str,
    counter: int,
    changes_behaviour: bool,
    key_id: bytes,
    sign: Callable[[bytes], bytes],
) -> bytes:
    """Return a bundle of these files; what `open_bundle` would refuse is refused here.

    Raises:
        BundleRefused: a path, a size or a number is beyond what may be.
    """
    assert len(key_id) == KEY_ID_BYTES, "the caller has a key"
    entries = tuple(
        Entry(path, len(files[path]), hashlib.sha256(files[path]).hexdigest())
        for path in sorted(files)
    )
    contract, _arena = _told_numbers(files)
    manifest = Manifest(MODULE, version, counter, contract, changes_behaviour, entries)
    _check(manifest)
    text = pack_manifest(manifest)
    if len(text) > MANIFEST_BYTES_MAX:
        raise _too_large("its manifest", len(text), MANIFEST_BYTES_MAX)
    head = _HEAD.pack(MAGIC, key_id, sign(DOMAIN + text), len(text))
    return b"".join((head, text, *(files[each.path] for each in entries)))


def open_bundle(data: bytes, verify: Verify) -> Bundle:
    """Return what is in a bundle; `data` is hostile.

    The signature is looked at before anything else is read of it, the manifest before any file.

    Raises:
        BundleRefused: with the rule that it breaks.
    """
    if len(data) > BUNDLE_BYTES_MAX:
        raise _too_large("it", len(data), BUNDLE_BYTES_MAX)
    if len(data) < _HEAD.size or not data.startswith(MAGIC):
        raise BundleRefused("form", f"it does not begin as one: {data[:8]!r}", "molt update pack")
    _magic, key_id, signature, length = _HEAD.unpack_from(data)
    if length > MANIFEST_BYTES_MAX:
        raise _too_large("its manifest", length, MANIFEST_BYTES_MAX)
    text = data[_HEAD.size : _HEAD.size + length]
    if len(text) != length:
        raise BundleRefused("form", f"it ends within its manifest, after {len(text)} of {length}")
    _check_signature(key_id, verify(key_id, signature, DOMAIN + text))
    manifest = parse_manifest(text)
    contents = tuple(_cut(memoryview(data), _HEAD.size + length, manifest))
    found = {each.path: content for each, content in zip(manifest.entries, contents, strict=True)}
    contract, arena = _told_numbers(found)
    if contract != manifest.contract:
        raise BundleRefused(
            "contract", f"its list says contract {manifest.contract}, its files say {contract}"
        )
    return Bundle(manifest, hashlib.sha256(data).hexdigest(), key_id, arena, contents)


def pack_manifest(manifest: Manifest) -> bytes:
    """Return the one form of a manifest: JSON, ASCII, keys in order, no space."""
    told = {
        "module": manifest.module,
        "version": manifest.version,
        "counter": manifest.counter,
        "contract": manifest.contract,
        "changes_behaviour": manifest.changes_behaviour,
        "files": [[each.path, each.size, each.sha256] for each in manifest.entries],
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def parse_manifest(text: bytes) -> Manifest:
    """Return a manifest that keeps every rule.

    Raises:
        BundleRefused: it is none, or not in its one form, or breaks a rule.
    """
    try:
        told = json.loads(text)
        if tuple(sorted(told)) != _KEYS:
            raise ValueError(f"its keys are {sorted(told)!r:.200}")
        entries = tuple(Entry(*_row(each)) for each in told["files"])
        manifest = Manifest(
            _typed(told, "module", str),
            _typed(told, "version", str),
            _typed(told, "counter", int),
            _typed(told, "contract", int),
            _typed(told, "changes_behaviour", bool),
            entries,
        )
        same = pack_manifest(manifest) == text
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BundleRefused("form", f"its manifest is none ({str(error)[:_SHOWN_MAX]})") from error
    if not same:
        raise BundleRefused("form", "its manifest is not in the one form there is")
    _check(manifest)
    return manifest


def check_path(path: str) -> str:
    """Return why a path may not be in a bundle, "" where it may. What is not allowed is refused."""
    if len(path) > PATH_CHARS_MAX:
        return f"has {len(path)} characters, the limit is {PATH_CHARS_MAX}"
    parts = path.split("/")
    if len(parts) > DEPTH_MAX:
        return f"is {len(parts)} folders deep, the limit is {DEPTH_MAX}"
    for part in parts:
        if len(part) > PART_CHARS_MAX:
            return f"has a name of {len(part)} characters, the limit is {PART_CHARS_MAX}"
        if _PART.fullmatch(part) is None:
            return f"has {part[:_SHOWN_MAX]!a} in it, which no file of a version is called"
    if path not in LONE_FILES and not path.startswith(FOLDERS):
        return f"is not below {' or '.join(FOLDERS)}"
    if not path.endswith(SUFFIXES):
        return f"ends in none of {', '.join(SUFFIXES)}"
    return ""


def _check(manifest: Manifest) -> None:
    if manifest.module != MODULE:
        raise BundleRefused(
            "module", f"module {manifest.module[:_SHOWN_MAX]!a} is none, there is {MODULE}"
        )
    if _VERSION.fullmatch(manifest.version) is None:
        raise BundleRefused("form", f"version {manifest.version[:_SHOWN_MAX]!a} is none")
    for name, value in (("counter", manifest.counter), ("contract", manifest.contract)):
        if not 1 <= value <= COUNTER_MAX:
            raise BundleRefused("limit", f"{name} is {value}, it takes 1 to {COUNTER_MAX}")
    if len(manifest.entries) > FILES_MAX:
        raise _too_large("it", len(manifest.entries), FILES_MAX, "files")
    _check_entries(manifest.entries)


def _check_entries(entries: tuple[Entry, ...]) -> None:
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    before = ""
    for entry in entries:
        why = check_path(entry.path)
        if why:
            raise BundleRefused("path", f"{entry.path[:_SHOWN_MAX]!a} {why}")
        folded = entry.path.lower()  # ASCII alone has come so far
        if folded in seen:
            twice = "is there twice" if seen[folded] == entry.path else "differs by case alone from"
            raise BundleRefused("path", f"{entry.path!a} {twice} {seen[folded]!a}")
        if entry.path < before:
            raise BundleRefused("form", f"{entry.path!a} is out of order")
        seen[folded], before = entry.path, entry.path
        parts = entry.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folders.setdefault(folder.lower(), folder) != folder:
                raise BundleRefused(
                    "path", f"{folder!a} differs by case alone from {folders[folder.lower()]!a}"
                )
        if not 0 <= entry.size <= FILE_BYTES_MAX:
            raise _too_large(entry.path, entry.size, FILE_BYTES_MAX)
        if _DIGEST.fullmatch(entry.sha256) is None:
            raise BundleRefused("form", f"the sha256 of {entry.path} is none")
    for folded in seen.keys() & folders.keys():
        raise BundleRefused("path", f"{seen[folded]!a} is a file and a folder")
    total = sum(entry.size for entry in entries)
    if total > FILES_BYTES_MAX:
        raise _too_large("what is in it", total, FILES_BYTES_MAX)
    for path in NEEDED:
        if path.lower() not in seen:
            raise BundleRefused("form", f"it is no whole version: {path} is missing")


def _cut(data: memoryview, start: int, manifest: Manifest) -> Iterator[memoryview]:
    ends = start + sum(entry.size for entry in manifest.entries)
    if len(data) != ends:
        raise BundleRefused("form", f"it has {len(data)} bytes, its list asks for {ends}")
    for entry in manifest.entries:
        content = data[start : start + entry.size]
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise BundleRefused("hash", f"{entry.path} is not as its list says")
        yield content
        start += entry.size


def _check_signature(key_id: bytes, signed: bool | None) -> None:
    if signed is None:
        raise BundleRefused(
            "key",
            f"it is signed by no key that is enrolled here ({key_id.hex()[:16]})",
            "molt update keygen --enrol FILE",
        )
    if not signed:
        raise BundleRefused("signature", "it was changed after it was signed, or never signed")


def _told_numbers(files: Mapping[str, bytes | memoryview]) -> tuple[int, int]:
    """Return contract and arena layout as the files themselves say."""
    numbers = []
    for path, form in ((CONTRACT_FILE, _CONTRACT_NUMBER), (ARENA_FILE, _ARENA_NUMBER)):
        found = form.findall(bytes(files.get(path, b"")))
        if len(found) != 1:
            raise BundleRefused("contract", f"{path} does not say which one it is")
        numbers.append(int(found[0]))
    return numbers[0], numbers[1]


def _row(row: Any) -> tuple[str, int, str]:
    path, size, digest = row
    if type(row) is not list or type(path) is not str or type(size) is not int:
        raise TypeError("a row of its files is none")
    if type(digest) is not str:
        raise TypeError("a sha256 is no text")
    return path, size, digest


def _typed(told: Any, name: str, kind: type) -> Any:
    if type(told[name]) is not kind:
        raise TypeError(f"{name} is no {kind.__name__}")
    return told[name]


def _too_large(what: str, found: int, limit: int, unit: str = "bytes") -> BundleRefused:
    return BundleRefused("limit", f"{what} has {found} {unit}, the limit is {limit}")
