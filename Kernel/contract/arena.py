"""The arena as bytes: header words, the state block of each buffer, and how to reach them.

Owns: every fixed offset, and reading and writing single words. Does not own: the columns (named
by the schema in the file, `zones/world/columns.py`), ring entries (`rings.py`), making files.
Standard library only: the kernel reads arenas without numpy.

File: header (4096 bytes) | schema (JSON) | inbox ring | outbox ring | buffer 0 | buffer 1.
The buffer that holds committed tick T is number T & 1; tick T+1 is written into the other one and
the commit word is stored last, so one whole committed tick is there at any instant. Each buffer
begins with a state block (what must flip together), the columns follow.
All words are little-endian u64 at offsets divisible by 8: one aligned store each on x86-64.
"""

import struct
from dataclasses import dataclass

from Kernel.contract.errors import ArenaError

MAGIC = 0x314E5241_544C4F4D  # "MOLTARN1" read as a little-endian u64
VERSION = 1
PAGE_BYTES = 4096
HEADER_BYTES = 4096
SCHEMA_BYTES_MAX = 60 * 1024
INBOX_BYTES = 256 * 1024
OUTBOX_BYTES = 1024 * 1024
STATE_BYTES = 8192
NEVER = 0xFFFF_FFFF_FFFF_FFFF
TICK_LIMIT = 2**62
"""No tick is as late as this; a word that says so is damaged."""
LOOKS_MAX = 100
"""At a commit word and its buffer, while a world ticks: one in so many falls between two ticks."""
SURVEY_TICKS = 300
"""Ticks between two counts of what is not counted in each tick: lineages, telemetry."""
INBOX_WINDOW = 256
PARAMETERS_MAX = 64
TICK_TIMES = 256
PHASES_MAX = 32
BEAT_S = 0.05
"""An heir that stands by says so this often, in its place of the side page."""
HEIRS_MAX = 32
"""Processes of an arena zone at a time: who serves, who stands by, who is on the way out."""
FLIGHT_TAKEOVER = 0xFFFF
"""Flight word between a takeover and the phases of its first tick."""


class Header:
    """Byte offsets of the header words. Words that different processes write share no line."""

    MAGIC = 0
    VERSION = 8
    FILE_BYTES = 16
    SCHEMA_BYTES = 24
    CAPACITY = 32  # entities
    RESOURCES = 40  # resource places
    SEED = 48
    INBOX_OFFSET = 56
    INBOX_BYTES = 64
    OUTBOX_OFFSET = 72
    OUTBOX_BYTES = 80
    BUFFER_0 = 88
    BUFFER_1 = 96
    BUFFER_BYTES = 104
    CREATED_NS = 112  # wall clock
    ARENA_ID = 120  # 16 bytes
    SCHEMA_HASH = 136  # 32 bytes, sha256 of the schema JSON
    BUILD = 168  # 32 bytes, sha256 of the sources that decide a tick
    CPU = 200  # 64 bytes, UTF-8, zero padded
    # written by the world, at every tick
    COMMIT = 512  # committed tick; its parity names the buffer
    COMMIT_NS = 520  # CLOCK_MONOTONIC of that commit
    TICK_NS = 528  # how long the last tick took to compute
    MISSED_TICKS = 536  # committed more than one period late
    REANCHORED = 544  # times the pacing gave up catching up
    FLIGHT = 576  # 0 between ticks, else phase | trait slot << 16
    # written by the kernel
    PERMISSION = 640  # pid of the process that may write next, 0 nobody
    DRAIN_AT = 648  # leave after committing this tick or a later one; NEVER
    INBOX_HEAD = 656  # virtual offset behind the newest input
    INBOX_NEXT = 664  # sequence number the next input will get; stored last
    # written by whoever takes over
    EPOCH = 704
    OWNER = 712  # pid
    TAKEN_OVER_NS = 720  # CLOCK_MONOTONIC: right to write held and flight word set
    FIRST_COMMIT_NS = 728  # CLOCK_MONOTONIC of this epoch's first commit, 0 before
    TAKEN_OVER_TICK = 736  # committed tick found at the takeover
    FOUND_OWNER = 744  # pid of who held the right before
    FOUND_FLIGHT = 752  # the flight word it left: whose code was running when it ended
    # pacing: set at boot, resume and step, never by a takeover
    ANCHOR_NS = 768
    ANCHOR_TICK = 776
    PERIOD_NS = 784
    # written by the kernel: where it last found evidence of a fault (`Kernel/core/blame.py`)
    SUSPECT_TICK = 832
    SUSPECT_FLIGHT = 840
    SUSPECT_TIMES = 848
    # published while the world holds still
    HASH_TICK = 896  # tick of the hash + 1, 0 none; stored last
    HASH = 904  # 32 bytes
    # written by the world: where its two buffers may differ (`zones/world/warm.py`). No state: it
    # says what to copy at the begin of a tick, and a new file has two equal buffers.
    WARM = 960  # bits of columns
    WARM_MEMORY = 968  # bits of places of the trait memory
    WARM_FAULTS = 976  # bits of trait slots, of the column with their faults
    TICK_TIMES = 2048  # TICK_TIMES x u32, microseconds, entry tick % TICK_TIMES
    # PHASES_MAX x u32: running mean of what each phase took, nanoseconds, by its flight number
    PHASE_NS = 3072


class State:
    """Byte offsets inside the state block of a buffer."""

    TICK = 0
    INBOX_CURSOR = 8  # sequence of the oldest input not yet applied
    INBOX_OFFSET = 16  # virtual offset of that input
    OUTBOX_NEXT = 24  # sequence the next world event will get
    OUTBOX_HEAD = 32  # virtual offset behind the newest world event
    HOLD_AFTER = 40  # stand still once this tick is committed; NEVER while running
    POPULATION = 48
    NEXT_ID = 56
    FREE_COUNT = 64
    BIRTHS = 72
    DEATH_STARVATION = 80
    DEATH_AGE = 88
    DEATH_COLLISION = 96
    SEEDED = 104  # generation-0 entities put in because of min_population
    TOUCHED_COUNT = 112  # slots whose cold columns changed in this tick
    FUEL_CURSOR = 120
    EVENTS_THINNED = 128  # world events not written because the outbox was full
    LINEAGES = 136  # lineages with a living member, as counted every SURVEY_TICKS
    CHECKS_FAILED = 144  # checks of the world's invariants that failed
    LIVES_UNTOLD = 152  # births and deaths that no event tells of: the outbox was full for long
    QUARANTINED = 160  # bits of the trait slots that a verdict has switched off
    TRAITS_ACTIVE = 168  # bits of the trait slots whose code runs
    REGISTRY_VERSION = 176  # counts the changes of the table of traits
    # Of two columns that lie value after value of all rows, how many values are in use, from the
    # first on: a copy leaves the rest out.
    FAULT_SLOTS_USED = 224  # of `trait_faults`
    MEMORY_PLACES_USED = 232  # of `trait_memory`
    # INBOX_WINDOW bits: input s (cursor <= s < cursor + INBOX_WINDOW) is applied, bit
    # s % INBOX_WINDOW. A bit is cleared when the cursor passes its input.
    INBOX_APPLIED = 192
    PARAMETERS = 256  # PARAMETERS_MAX x f64
    # INBOX_WINDOW x u8: why input s % INBOX_WINDOW changed nothing when it was applied, a place in
    # `inputs.REFUSALS`; 0: it was carried out.
    INPUT_REFUSED = 768
    APPLIED_AT = 1024  # INBOX_WINDOW x u64: tick at which input s % INBOX_WINDOW was applied
    # from 3072 on: zones.world's own scalars (see zones/world/columns.py)
    OWN = 3072


class Side:
    """Offsets in the side page, a file beside the arena: what must not be copied with it."""

    LIVENESS = 0  # bumped by the world while it waits
    OUTBOX_ACKED = 64  # sequence up to which (exclusive) events are stored
    OUTBOX_ACKED_OFFSET = 72  # virtual offset of the same
    DRILL = 128  # 0 none, 1 hang: spin at the next tick start
    ARENA_ID = 192  # 16 bytes: the arena these acknowledgements are about
    # HEIRS_MAX x u64: bumped by each heir while it stands by; 0: it has not said so yet, and one
    # of an older generation never does. The kernel gives out the places.
    BEATS = 256

    BYTES = 4096
    DRILL_HANG = 1


@dataclass(frozen=True, slots=True)
class Buffers:
    """Where things lie in one arena file, as its header says; all in bytes."""

    file_bytes: int
    schema_bytes: int
    inbox_offset: int
    inbox_bytes: int
    outbox_offset: int
    outbox_bytes: int
    buffer_0: int
    buffer_1: int
    buffer_bytes: int


def plan_buffers(schema_bytes: int, columns_bytes: int) -> Buffers:
    """Lay out an arena file whose columns take `columns_bytes` a buffer (without state block)."""
    inbox = HEADER_BYTES + _page_up(schema_bytes)
    outbox = inbox + INBOX_BYTES
    first = outbox + OUTBOX_BYTES
    size = _page_up(STATE_BYTES + columns_bytes)
    return Buffers(
        file_bytes=first + 2 * size,
        schema_bytes=schema_bytes,
        inbox_offset=inbox,
        inbox_bytes=INBOX_BYTES,
        outbox_offset=outbox,
        outbox_bytes=OUTBOX_BYTES,
        buffer_0=first,
        buffer_1=first + size,
        buffer_bytes=size,
    )


def _page_up(size_bytes: int) -> int:
    return (size_bytes + PAGE_BYTES - 1) // PAGE_BYTES * PAGE_BYTES


class ArenaWords:
    """Words of one mapped arena. Reading never fails on one that `check_arena` has accepted.

    Args:
        memory: the whole file, writable or read-only; kept, not copied.

    Attributes:
        layout: where things lie as `check_arena` found them, None before. From then on the
            offsets in the file are not read again: a world can write its own header, and must
            not be able to make the kernel read or write elsewhere.
    """

    def __init__(self, memory: memoryview) -> None:
        self.layout: Buffers | None = None
        self.memory = memory.cast("B")
        whole = len(memory) // 8 * 8
        self._words = self.memory[:whole].cast("Q")

    def get(self, offset: int) -> int:
        """Return the word at a header offset (`Header`)."""
        return self._words[offset >> 3]

    def put(self, offset: int, value: int) -> None:
        """Store one word at a header offset: a single aligned store. It counts modulo 2**64."""
        self._words[offset >> 3] = value & NEVER

    def get_bytes(self, offset: int, count: int) -> bytes:
        """Return `count` bytes at a header offset."""
        return bytes(self.memory[offset : offset + count])

    def put_bytes(self, offset: int, value: bytes) -> None:
        """Store bytes at a header offset (not atomic)."""
        self.memory[offset : offset + len(value)] = value

    def buffer_offset(self, tick: int) -> int:
        """Return where the buffer of `tick` begins, in bytes."""
        if self.layout is not None:
            return self.layout.buffer_1 if tick & 1 else self.layout.buffer_0
        return self.get(Header.BUFFER_1 if tick & 1 else Header.BUFFER_0)

    def state(self, tick: int, offset: int) -> int:
        """Return a word of the state block (`State`) in the buffer of `tick`."""
        return self._words[(self.buffer_offset(tick) + offset) >> 3]

    def put_state(self, tick: int, offset: int, value: int) -> None:
        """Store a word of the state block in the buffer of `tick`, modulo 2**64."""
        self._words[(self.buffer_offset(tick) + offset) >> 3] = value & NEVER

    def parameter(self, tick: int, index: int) -> float:
        """Return parameter `index` in the buffer of `tick`."""
        assert 0 <= index < PARAMETERS_MAX
        place = self.buffer_offset(tick) + State.PARAMETERS + 8 * index
        value: float = struct.unpack_from("<d", self.memory, place)[0]
        return value

    def input_applied_at(self, tick: int, sequence: int) -> int | None:
        """Return the tick at which input `sequence` was applied, as `tick`'s buffer knows it.

        None: not applied yet, or so long ago that the window has moved on (then the cursor is
        more than INBOX_WINDOW past it, or a younger input applied out of turn has its place).
        """
        cursor = self.state(tick, State.INBOX_CURSOR)
        if sequence + INBOX_WINDOW <= cursor or sequence >= cursor + INBOX_WINDOW:
            return None
        slot = sequence % INBOX_WINDOW
        word = self.state(tick, State.INBOX_APPLIED + (slot >> 6) * 8)
        # Bits speak of the cursor and later: one that is set in the slot of an input before the
        # cursor belongs to the input one window later, and so does the tick beside it.
        if bool(word >> (slot & 63) & 1) is not (sequence >= cursor):
            return None
        return self.state(tick, State.APPLIED_AT + 8 * slot)

    def input_refusal(self, tick: int, sequence: int) -> int:
        """Return why an input that `input_applied_at` knows was refused, 0: it was carried out."""
        place = self.buffer_offset(tick) + State.INPUT_REFUSED + sequence % INBOX_WINDOW
        return self.memory[place]

    def schema(self) -> bytes:
        """Return the schema JSON stored behind the header."""
        if self.layout is not None:
            return self.get_bytes(HEADER_BYTES, self.layout.schema_bytes)
        return self.get_bytes(HEADER_BYTES, self.get(Header.SCHEMA_BYTES))

    def inbox(self) -> memoryview:
        """Return the inbox ring."""
        if self.layout is not None:
            start, size = self.layout.inbox_offset, self.layout.inbox_bytes
        else:
            start, size = self.get(Header.INBOX_OFFSET), self.get(Header.INBOX_BYTES)
        return self.memory[start : start + size]

    def outbox(self) -> memoryview:
        """Return the outbox ring."""
        if self.layout is not None:
            start, size = self.layout.outbox_offset, self.layout.outbox_bytes
        else:
            start, size = self.get(Header.OUTBOX_OFFSET), self.get(Header.OUTBOX_BYTES)
        return self.memory[start : start + size]

    def release(self) -> None:
        """Let go of the mapping, so that it can be closed."""
        self._words.release()
        self.memory.release()


def check_arena(words: ArenaWords, path: str) -> Buffers:
    """Return the layout of an arena after checking that every offset lies inside the file.

    `words` keeps to that layout from then on, see `ArenaWords.layout`.

    Raises:
        ArenaError: wrong magic, version, size or offsets.
    """
    words.layout = None
    size = len(words.memory)
    if size < HEADER_BYTES or words.get(Header.MAGIC) != MAGIC:
        raise ArenaError(f"cannot use {path}: it is not an arena ({size} bytes, wrong magic)")
    if words.get(Header.VERSION) != VERSION:
        raise ArenaError(
            f"cannot use {path}: its arena version is {words.get(Header.VERSION)}, "
            f"this build has {VERSION}"
        )
    schema_bytes = words.get(Header.SCHEMA_BYTES)
    buffer_bytes = words.get(Header.BUFFER_BYTES)
    if schema_bytes > SCHEMA_BYTES_MAX or buffer_bytes < STATE_BYTES or buffer_bytes > size:
        raise ArenaError(f"cannot use {path}: its header is damaged")
    planned = plan_buffers(schema_bytes, buffer_bytes - STATE_BYTES)
    found = Buffers(
        file_bytes=words.get(Header.FILE_BYTES),
        schema_bytes=schema_bytes,
        inbox_offset=words.get(Header.INBOX_OFFSET),
        inbox_bytes=words.get(Header.INBOX_BYTES),
        outbox_offset=words.get(Header.OUTBOX_OFFSET),
        outbox_bytes=words.get(Header.OUTBOX_BYTES),
        buffer_0=words.get(Header.BUFFER_0),
        buffer_1=words.get(Header.BUFFER_1),
        buffer_bytes=buffer_bytes,
    )
    if found != planned or found.file_bytes != size:
        raise ArenaError(
            f"cannot use {path}: {size} bytes on disk, its header describes {found.file_bytes}"
        )
    tick, told = _committed(words)
    if tick >= TICK_LIMIT:
        raise ArenaError(f"cannot use {path}: its commit word says tick {tick}")
    if told != tick:
        raise ArenaError(f"cannot use {path}: commit word says tick {tick}, its buffer says {told}")
    words.layout = found
    return found


def _committed(words: ArenaWords) -> tuple[int, int]:
    """Return the tick that the commit word names, and the one that its buffer says it holds.

    Where a world ticks meanwhile, the buffer may belong to a later tick by the time it is looked
    at: then the commit word has moved on, and both are read again.
    """
    for _ in range(LOOKS_MAX):
        tick = words.get(Header.COMMIT)
        told = words.state(tick, State.TICK) if tick < TICK_LIMIT else tick
        if told == tick or words.get(Header.COMMIT) == tick:
            break
    return tick, told


def new_header(words: ArenaWords, buffers: Buffers) -> None:
    """Write the layout, magic and neutral control words into an empty file's header."""
    words.put(Header.VERSION, VERSION)
    words.put(Header.FILE_BYTES, buffers.file_bytes)
    words.put(Header.SCHEMA_BYTES, buffers.schema_bytes)
    words.put(Header.INBOX_OFFSET, buffers.inbox_offset)
    words.put(Header.INBOX_BYTES, buffers.inbox_bytes)
    words.put(Header.OUTBOX_OFFSET, buffers.outbox_offset)
    words.put(Header.OUTBOX_BYTES, buffers.outbox_bytes)
    words.put(Header.BUFFER_0, buffers.buffer_0)
    words.put(Header.BUFFER_1, buffers.buffer_1)
    words.put(Header.BUFFER_BYTES, buffers.buffer_bytes)
    words.put(Header.DRAIN_AT, NEVER)
    words.put(Header.MAGIC, MAGIC)
