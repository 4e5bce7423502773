"""What the kernel remembers: values by key in a few contexts, each with its limits and time-outs.

Owns: which entries there are, which give way, the form of a snapshot. Does not own: which contexts
there are (`contexts.py`), writing snapshots (`remembering.py`), what a value means (its users).
Pure: the time is the caller's.

Nothing here is of record: that is the ledger. It is what the next kernel must know at once, with no
zone alive to ask. A value is small plain data; whoever reads one back takes it for hostile, since
the snapshot is a file.

When a context is full, the entry with the lowest priority gives way, of those the one that was put
the longest ago; a new one with a lower priority than all there are is refused and counted. Times
are counted while a kernel runs: a snapshot says how old an entry is and how long it is still good
for, so a stepped clock, and a night without a kernel, change nothing.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError

KEY_CHARS_MAX: Final = 128
DEPTH_MAX: Final = 4
SNAPSHOT_BYTES_MAX: Final = 1 << 20
AGE_S_MAX: Final = 100 * 365 * 86_400.0
_MAGIC: Final = b"molt memory 1\n"
_DIGEST_BYTES: Final = 32


class Priority(IntEnum):
    """What gives way last."""

    LOW = 0
    USUAL = 1
    HIGH = 2  # a decision hangs on it


_PRIORITIES: Final = frozenset(map(int, Priority))


@dataclass(frozen=True, slots=True)
class Context:
    """Limits of one context.

    Args:
        what: what is in it, for people.
        entries_max: so many entries.
        value_bytes_max: a larger value is refused.
        keep_s: an entry is good for so long after it was put last; None: until it is forgotten.
    """

    what: str
    entries_max: int
    value_bytes_max: int
    keep_s: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One value.

    Args:
        first_s: since when there has been a value under its key without a break.
        put_s: when this one was put.
        until_s: when it ends, None: it does not.
    """

    value: Any
    priority: Priority
    first_s: float
    put_s: float
    until_s: float | None


class ContextMemory:
    """All contexts of one kernel.

    Args:
        contexts: by name.

    Attributes:
        changes: counted up by whatever changes what a snapshot would hold.
        refused: values that were not taken, so far.
        unsaved_why: why the newest snapshot could not be written, "" where it was.
    """

    def __init__(self, contexts: Mapping[str, Context]) -> None:
        self.contexts = dict(contexts)
        self.changes = 0
        self.refused = 0
        self.unsaved_why = ""
        self._entries: dict[str, dict[str, Entry]] = {name: {} for name in contexts}

    def put(
        self,
        context: str,
        key: str,
        value: object,
        now_s: float,
        priority: Priority = Priority.USUAL,
    ) -> bool:
        """Keep a value under a key, in the place of any; False where there is no room for it.

        Args:
            value: plain data (None, bool, int, float, str, list, dict with str keys).
        """
        limits, entries = self.contexts[context], self._entries[context]
        if not _is_fit(key, value, limits):
            self.refused += 1
            return False
        known = self._live(context, key, now_s)
        if known is None and not self._make_room(context, priority, now_s):
            self.refused += 1
            return False
        until_s = None if limits.keep_s is None else now_s + limits.keep_s
        first_s = known.first_s if known is not None else now_s
        entries[key] = Entry(value, priority, first_s, now_s, until_s)
        self.changes += 1
        return True

    def get(self, context: str, key: str, now_s: float) -> Any:
        """Return the value of a key, None where there is none."""
        entry = self._live(context, key, now_s)
        return None if entry is None else entry.value

    def entries(self, context: str, now_s: float) -> dict[str, Entry]:
        """Return what a context holds by key."""
        self.expire(now_s)
        return dict(self._entries[context])

    def forget(self, context: str, key: str) -> None:
        """Let go of a value; there may be none."""
        if self._entries[context].pop(key, None) is not None:
            self.changes += 1

    def clear(self, context: str) -> None:
        """Let go of all that a context holds."""
        self.changes += bool(self._entries[context])
        self._entries[context].clear()

    def expire(self, now_s: float) -> None:
        """Let go of what has ended."""
        for context, entries in self._entries.items():
            for key in [key for key, each in entries.items() if _is_over(each, now_s)]:
                self.forget(context, key)

    def __len__(self) -> int:
        return sum(map(len, self._entries.values()))

    def take(self, context: str, key: str, entry: Entry) -> None:
        """Take an entry of a snapshot as it was; the caller has checked it."""
        self._entries[context][key] = entry

    def _live(self, context: str, key: str, now_s: float) -> Entry | None:
        entry = self._entries[context].get(key)
        if entry is not None and _is_over(entry, now_s):
            self.forget(context, key)
            return None
        return entry

    def _make_room(self, context: str, priority: Priority, now_s: float) -> bool:
        """Let one give way where there is no room; False where all count for more."""
        self.expire(now_s)
        entries = self._entries[context]
        if len(entries) < self.contexts[context].entries_max:
            return True
        weakest = min(entries, key=lambda key: (entries[key].priority, entries[key].put_s))
        if entries[weakest].priority > priority:
            return False
        self.forget(context, weakest)
        return True


def pack_memory(memory: ContextMemory, now_s: float) -> bytes:
    """Return a snapshot: all of it, as of now, with a digest."""
    told = {
        context: [
            [
                key,
                entry.value,
                int(entry.priority),
                float(max(0.0, now_s - entry.first_s)),
                float(max(0.0, now_s - entry.put_s)),
                None if entry.until_s is None else float(entry.until_s - now_s),
            ]
            for key, entry in memory.entries(context, now_s).items()
        ]
        for context in memory.contexts
    }
    body = pack(told, SNAPSHOT_BYTES_MAX)
    return _MAGIC + hashlib.sha256(body).digest() + body


def unpack_memory(data: bytes, contexts: Mapping[str, Context], now_s: float) -> ContextMemory:
    """Return what a snapshot holds; the bytes are hostile.

    A context that is not known is left out: another version has had it.

    Raises:
        CodecError: it is torn, no snapshot, or holds what no memory of these contexts would.
    """
    body = _body_of(data)
    memory = ContextMemory(contexts)
    for context, rows in unpack(body, SNAPSHOT_BYTES_MAX).items():
        limits = contexts.get(context)
        if limits is None:
            continue
        if type(rows) is not list or len(rows) > limits.entries_max:
            raise CodecError(f"cannot use a snapshot: {context[:40]!r} holds too much")
        for row in rows:
            key, entry = _parse_row(row, limits, now_s)
            memory.take(context, key, entry)
    return memory


def _body_of(data: bytes) -> bytes:
    start = len(_MAGIC) + _DIGEST_BYTES
    if len(data) > SNAPSHOT_BYTES_MAX + start:
        raise CodecError(
            f"cannot use a snapshot of {len(data)} bytes: {SNAPSHOT_BYTES_MAX} at most"
        )
    if not data.startswith(_MAGIC):
        raise CodecError("cannot use a snapshot: it does not begin as one")
    body = data[start:]
    if hashlib.sha256(body).digest() != data[len(_MAGIC) : start]:
        raise CodecError("cannot use a snapshot: it is torn, or was changed")
    return body


def _parse_row(row: Any, limits: Context, now_s: float) -> tuple[str, Entry]:
    if type(row) is not list or len(row) != 6:
        raise CodecError("cannot use a snapshot: a row in it is none")
    key, value, priority, first_s, put_s, left_s = row
    times = [first_s, put_s, *([] if left_s is None else [left_s])]
    if not all(type(each) is float and 0 <= each <= AGE_S_MAX for each in times):
        raise CodecError("cannot use a snapshot: a time in it is none")
    if type(priority) is not int or priority not in _PRIORITIES:
        raise CodecError("cannot use a snapshot: a priority in it is none")
    if not _is_fit(key, value, limits):
        raise CodecError("cannot use a snapshot: an entry in it is too large, or is none")
    if limits.keep_s is not None:  # it may have been taken with other limits
        left_s = limits.keep_s if left_s is None else min(left_s, limits.keep_s)
    until_s = None if left_s is None else now_s + left_s
    return key, Entry(value, Priority(priority), now_s - first_s, now_s - put_s, until_s)


def _is_fit(key: object, value: object, limits: Context) -> bool:
    if type(key) is not str or not 0 < len(key) <= KEY_CHARS_MAX or not key.isprintable():
        return False
    if not _is_plain(value, DEPTH_MAX):
        return False
    try:
        pack({key: value}, limits.value_bytes_max + 4 * KEY_CHARS_MAX)
        return len(pack({"": value})) <= limits.value_bytes_max
    except CodecError:
        return False


def _is_plain(value: object, depth: int) -> bool:
    """Tell whether a value is plain data that JSON can say, not deeper than so many levels."""
    match value:
        case None | bool() | int():
            return True
        case float():
            return math.isfinite(value)
        case str():
            return value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)
        case list():
            return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
        case dict():
            return depth > 0 and all(
                type(key) is str and _is_plain(each, depth - 1) for key, each in value.items()
            )
        case _:
            return False


def _is_over(entry: Entry, now_s: float) -> bool:
    return entry.until_s is not None and now_s >= entry.until_s
