"""A look at the world's arena without any code of the world or the kernel.

Owns: the few words that safe mode shows and judges by. Does not own: the layout, which is
`Kernel/contract/arena.py` (a test holds the offsets here equal to it). Words are read by pread and
not through a mapping: a file that somebody truncates is then short, and not a SIGBUS.
"""

import contextlib
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fallback.home_folders import belongs_to

MAGIC = 0x314E5241_544C4F4D
VERSION = 1
HEADER_BYTES = 4096
STATE_BYTES = 8192
TICK_LIMIT = 2**62
COUNT_MAX = 2**53 - 1
HEADER = {
    "MAGIC": 0,
    "VERSION": 8,
    "CAPACITY": 32,
    "SEED": 48,
    "BUFFER_0": 88,
    "BUFFER_1": 96,
    "COMMIT": 512,
    "MISSED_TICKS": 536,
    "EPOCH": 704,
    "OWNER": 712,
    "TAKEN_OVER_TICK": 736,
    "PERIOD_NS": 784,
    "TICK_TIMES": 2048,
}
TICK_TIMES = 256
STATE = {"TICK": 0, "HOLD_AFTER": 40, "POPULATION": 48, "BIRTHS": 72, "LINEAGES": 136}
SIDE_LIVENESS = 0


class Progress(NamedTuple):
    """What moves while somebody ticks, or waits on purpose."""

    tick: int
    liveness: int
    owner: int


@dataclass(frozen=True, slots=True)
class WorldWords:
    """One committed tick as its arena tells of it."""

    tick: int
    population: int
    lineages: int
    births: int
    paused: bool
    missed_ticks: int
    period_ms: float
    seed: int
    max_entities: int
    epoch: int
    p99_tick_ms: float | None
    taken_over_tick: int


class NoWorldError(Exception):
    """There is no arena to look at, or it is none; the message says why."""


def find_arena(home: Path, arenas: tuple[Path, ...], zone: str) -> Path:
    """Return the arena file of a zone of a home.

    Raises:
        NoWorldError: there is none.
    """
    for folder in arenas:
        path = folder / f"{zone}.arena"
        if os.path.isfile(path) and belongs_to(folder, home):
            return path
    raise NoWorldError(f"no arena of '{zone}' lies in {' or '.join(map(str, arenas))}")


def read_world(path: Path) -> WorldWords:
    """Return what an arena says of its committed tick.

    Raises:
        NoWorldError: it is not there, no arena, or of another layout.
    """
    with _opened(path) as fd:
        header = _header(fd, path)

        def word(name: str) -> int:
            return int.from_bytes(header[HEADER[name] : HEADER[name] + 8], "little")

        tick = word("COMMIT")
        size = os.fstat(fd).st_size
        place = word("BUFFER_1" if tick & 1 else "BUFFER_0")
        if tick >= TICK_LIMIT or not HEADER_BYTES <= place <= size - STATE_BYTES:
            raise NoWorldError(f"{path} is damaged: its header points outside")
        state = os.pread(fd, STATE_BYTES, place)
        if len(state) < STATE_BYTES:
            raise NoWorldError(f"{path} is damaged: it ends inside a buffer")

        def count(name: str) -> int:
            return min(int.from_bytes(state[STATE[name] : STATE[name] + 8], "little"), COUNT_MAX)

        times_us = struct.unpack_from(f"<{TICK_TIMES}I", header, HEADER["TICK_TIMES"])
        took_us = sorted(value for value in times_us if value)
        return WorldWords(
            tick=tick,
            population=count("POPULATION"),
            lineages=count("LINEAGES"),
            births=count("BIRTHS"),
            paused=count("HOLD_AFTER") <= tick,
            missed_ticks=min(word("MISSED_TICKS"), COUNT_MAX),
            period_ms=word("PERIOD_NS") / 1e6,
            seed=word("SEED"),
            max_entities=min(word("CAPACITY"), COUNT_MAX),
            epoch=min(word("EPOCH"), COUNT_MAX),
            p99_tick_ms=took_us[int(len(took_us) * 0.99)] / 1000 if took_us else None,
            taken_over_tick=word("TAKEN_OVER_TICK"),
        )


def read_progress(path: Path) -> Progress:
    """Return the words that move while a world lives.

    Raises:
        NoWorldError: there is no arena.
    """
    with _opened(path) as fd:
        header = _header(fd, path)
    liveness = b""
    side = path.with_suffix(".side")
    if os.path.exists(side):
        with _opened(side) as fd:
            liveness = os.pread(fd, 8, SIDE_LIVENESS)
    tick = header[HEADER["COMMIT"] : HEADER["COMMIT"] + 8]
    owner = header[HEADER["OWNER"] : HEADER["OWNER"] + 8]
    return Progress(*(int.from_bytes(each, "little") for each in (tick, liveness, owner)))


def _header(fd: int, path: Path) -> bytes:
    header = os.pread(fd, HEADER_BYTES, 0)
    if len(header) < HEADER_BYTES or int.from_bytes(header[:8], "little") != MAGIC:
        raise NoWorldError(f"{path} is not an arena")
    version = int.from_bytes(header[HEADER["VERSION"] : HEADER["VERSION"] + 8], "little")
    if version != VERSION:
        raise NoWorldError(f"{path} has arena version {version}, {VERSION} is known here")
    return header


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            yield fd
        finally:
            os.close(fd)
    except OSError as error:
        raise NoWorldError(f"{path} cannot be read: {error.strerror}") from error
