"""Compiled functions, kept as bytes: what was compiled once is not compiled again.

Owns: which entries are kept, for how long, in how many bytes, and whether one is still what was put
in. Does not own: compiling and loading them (`zones/runtime/compiled_file.py`, in a sealed
process), who is given one (`calls.py`). Pure: the time, and the secret, are the caller's.

The bytes are opaque here: the kernel stores them, and never unmarshals or runs any. What can go
wrong with a cache of code, and what stands against it:

- *A stranger's code under another's name.* An entry is found by the hash of all that it was made
  from (`code_key`), which the kernel works out itself from what it was asked to run. Whoever puts
  one in can choose its bytes and never its key.
- *An entry is exchanged later.* The first one stays: other bytes under a key that is known are
  refused and counted.
- *An entry is changed where it lies.* Each carries a keyed hash over key, time and bytes, which is
  worked out again before the entry is given away; one that differs is dropped and counted.

Limits: `bytes_max` in all (the one used the longest ago gives way), ENTRIES_MAX entries, a quarter
of `bytes_max` for one (a larger one is refused), and `kept_s` from being put in, used or not: so
long at the most is anything believed.
"""

import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from blake3 import blake3

SECRET_BYTES: Final = 32
ENTRIES_MAX: Final = 1024
SHARE_MAX: Final = 4
"""One entry takes at most this part of all bytes."""
ENTRY_BYTES: Final = 256
"""What an entry takes besides its code: key, seal, and the objects around them."""
_KEY_CONTEXT: Final = b"molt function cache, key, 1"
_LENGTHS: Final = struct.Struct("<QQ")
_SEALED: Final = struct.Struct("<dQ")


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How much is kept.

    Args:
        bytes_max: of all entries together; 0: nothing is kept.
        kept_s: so long after it was put in an entry is given away no more, seconds.
    """

    bytes_max: int = 8 << 20
    kept_s: float = 3600.0


class Put(StrEnum):
    """What became of what somebody wanted to be kept."""

    KEPT = "kept"
    KNOWN = "known"  # it is there already
    CONTESTED = "contested"  # other bytes are there already, and stay
    TOO_LARGE = "too large"


@dataclass(slots=True)
class CacheCounts:
    """What has happened since the cache was made."""

    hits: int = 0
    misses: int = 0
    kept: int = 0
    contested: int = 0
    too_large: int = 0
    evicted: int = 0
    expired: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    code: bytes
    put_s: float
    seal: bytes


def code_key(build: bytes, name: str, source: bytes) -> bytes:
    """Return the key of what a source compiles to: a hash of all that decides it.

    Args:
        build: what compiles: another Python makes other bytes of the same source.
        name: stands in the compiled code, for tracebacks.
    """
    said = name.encode(errors="surrogatepass")
    lengths = _LENGTHS.pack(len(build), len(said))
    return blake3(b"".join((_KEY_CONTEXT, lengths, build, said, source))).digest()


class FunctionCache:
    """What is kept, the one used the longest ago first.

    Args:
        limits: asked each time, as settings may change.
        secret: SECRET_BYTES that nobody else knows: the seals hang on it.
    """

    def __init__(self, limits: Callable[[], CacheLimits], secret: bytes) -> None:
        assert len(secret) == SECRET_BYTES, "a key of BLAKE3 has so many bytes"
        self.counts = CacheCounts()
        self._limits = limits
        self._secret = secret
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes_kept(self) -> int:
        """How many bytes all entries take together."""
        return self._bytes

    def get(self, key: bytes, now_s: float) -> bytes | None:
        """Return what was put in under a key, None where nothing is, or it is sound no more."""
        limits = self._limits()
        if self._bytes > limits.bytes_max:  # there are other limits now
            self._make_room(limits, now_s)
        entry = self._entries.get(key)
        if entry is None or not self._is_sound(key, entry, limits, now_s):
            self.counts.misses += 1
            return None
        self.counts.hits += 1
        self._entries.move_to_end(key)
        return entry.code

    def put(self, key: bytes, code: bytes, now_s: float) -> Put:
        """Keep some bytes under a key, and let others go where there is no room.

        Args:
            key: from `code_key`, never from whoever has compiled.
            now_s: monotonic seconds.
        """
        limits = self._limits()
        known = self._entries.get(key)
        if known is not None and now_s - known.put_s < limits.kept_s:
            if known.code == code:
                return Put.KNOWN
            self.counts.contested += 1
            return Put.CONTESTED
        if len(code) + ENTRY_BYTES > limits.bytes_max // SHARE_MAX:
            self.counts.too_large += 1
            return Put.TOO_LARGE
        if known is not None:
            self._drop(key)
        self._entries[key] = _Entry(code, now_s, self._seal(key, now_s, code))
        self._bytes += len(code) + ENTRY_BYTES
        self.counts.kept += 1
        self._make_room(limits, now_s)
        return Put.KEPT

    def fields(self) -> dict[str, int]:
        """Return how it stands, as programs read it."""
        counts = self.counts
        return {
            "entries": len(self._entries),
            "bytes": self._bytes,
            "bytes_max": self._limits().bytes_max,
            "hits": counts.hits,
            "misses": counts.misses,
            "evicted": counts.evicted,
            "expired": counts.expired,
            "refused": counts.contested + counts.too_large,
            "damaged": counts.damaged,
        }

    def _is_sound(self, key: bytes, entry: _Entry, limits: CacheLimits, now_s: float) -> bool:
        """Tell whether an entry may be given away; one that may not is dropped."""
        if now_s - entry.put_s >= limits.kept_s:
            self.counts.expired += 1
        elif self._seal(key, entry.put_s, entry.code) != entry.seal:
            self.counts.damaged += 1
        else:
            return True
        self._drop(key)
        return False

    def _make_room(self, limits: CacheLimits, now_s: float) -> None:
        """Let go of what is too old, then of what was used the longest ago."""
        old = [key for key, each in self._entries.items() if now_s - each.put_s >= limits.kept_s]
        for key in old:
            self.counts.expired += 1
            self._drop(key)
        while self._bytes > limits.bytes_max or len(self._entries) > ENTRIES_MAX:
            self.counts.evicted += 1
            self._drop(next(iter(self._entries)))

    def _drop(self, key: bytes) -> None:
        self._bytes -= len(self._entries.pop(key).code) + ENTRY_BYTES

    def _seal(self, key: bytes, put_s: float, code: bytes) -> bytes:
        # One call: three updates of a small entry take longer than its hash.
        sealed = b"".join((_SEALED.pack(put_s, len(key)), key, code))
        return blake3(sealed, key=self._secret).digest()
