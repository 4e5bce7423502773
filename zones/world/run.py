"""`molt world run`: the same world without a kernel, as fast as it goes.

Owns: driving an engine over a number of ticks, feeding it recorded inputs at their ticks, and the
report. This is the declared file of zones.world that touches files and the clock (the clock only
times the run). Does not own: ticks (`engine.py`), the forms of recorded inputs
(`recorded.py`).

It is the reference of every kill test: a world under the kernel must have, at each tick, the hash
this gives for the same settings and inputs. Holding is ignored: between two ticks nothing is.
"""

import json
import mmap
import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from Kernel.contract.arena import ArenaWords, Header, State
from Kernel.contract.errors import ConfigError, what_helps
from Kernel.contract.scenarios import scenario_path
from Kernel.contract.settings import SHOWN_MAX
from Kernel.contract.sources import WORLD, Sources
from zones.world import founding
from zones.world.peaks import Peaks
from zones.world.recorded import Recorded
from zones.world.replaying import Replayer
from zones.world.sealed_replaying import Replaying, SealedCode, open_replaying
from zones.world.settings import WorldSettings
from zones.world.trait_library import TraitLibrary

WINDOW_TICKS: Final = 10_000
_OWN_STREAM: Final = re.compile(r"/dev/std(out|err)|/dev/fd/\d+|/proc/self/fd/\d+")


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    Args:
        windows: one per 10k ticks, with the counts of that window.
        hashes: of the ticks that were asked for, by tick.
        ticks_per_s: to three significant digits; the rest is noise.
        peaks: the worst of all periods of telemetry, each with its tick, see `Peaks`.
    """

    tick: int
    hash: str
    population: int
    births: int
    deaths: dict[str, int]
    seeded: int
    peaks: dict[str, dict[str, float]]
    windows: list[dict[str, int]] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    ticks_per_s: float = 0.0

    def fields(self) -> dict[str, Any]:
        """Return the document of `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


def run_world(
    settings: WorldSettings,
    ticks: int,
    *,
    threads: int = 1,
    inputs: Iterable[Recorded] = (),
    hash_at: Collection[int] = (),
    arena: Path | None = None,
    extra_draw: bool = False,
    progress: Callable[[int], None] | None = None,
    tell: Callable[[dict[str, Any]], None] | None = None,
    library: TraitLibrary | None = None,
    code: SealedCode | None = None,
) -> Report:
    """Found a world, run it to tick `ticks` and report.

    Args:
        inputs: each is applied at exactly its tick, those of one tick in the order given.
        hash_at: ticks whose hashes are to be in the report; those behind `ticks` are left out.
        arena: keep the arena in this file, which is made anew; None: memory only.
        extra_draw: see `Engine`.
        progress: called with the tick after each window.
        tell: called with each event of the world, in order.
        library: the code of the traits that inputs bring in, run in this process: for tests.
        code: the same, run in a sealed child; every kernel has been loaded.

    Raises:
        ConfigError: an input cannot be applied at its recorded tick.
    """
    words = ArenaWords(_memory(founding.plan(settings).file_bytes, arena))
    founding.found(words, settings)
    peaks = Peaks()

    def heard(event: dict[str, Any]) -> None:
        peaks.add(event)
        if tell is not None:
            tell(event)

    windows: list[dict[str, int]] = []
    hashes: dict[str, str] = {}
    stops = sorted({*range(WINDOW_TICKS, ticks, WINDOW_TICKS), *hash_at, ticks})
    before = _totals(words)
    started_s = time.perf_counter()
    with _open(words, threads, inputs, library, code, extra_draw, heard) as world:
        for tick in [each for each in stops if each <= ticks]:
            world.run_to(tick)
            if tick in hash_at:
                hashes[str(tick)] = world.hash().hex()
            if tick and tick % WINDOW_TICKS == 0:
                now = _totals(words)
                windows.append(_window(words, tick, before, now))
                before = now
                if progress is not None:
                    progress(tick)
        elapsed_s = time.perf_counter() - started_s
        digest = world.hash().hex()
    return _report(words, ticks, digest, peaks, windows, hashes, elapsed_s)


def _open(
    words: ArenaWords,
    threads: int,
    inputs: Iterable[Recorded],
    library: TraitLibrary | None,
    code: SealedCode | None,
    extra_draw: bool,
    heard: Callable[[dict[str, Any]], None],
) -> Replaying:
    if code is not None:
        return open_replaying(words, threads, inputs, code=code, tell=heard, extra_draw=extra_draw)
    return Replayer(words, threads, inputs, library=library, extra_draw=extra_draw, tell=heard)


def _report(
    words: ArenaWords, ticks: int, digest: str, peaks: Peaks, windows: list[dict[str, int]],
    hashes: dict[str, str], elapsed_s: float,
) -> Report:  # fmt: skip
    births, starved, aged, collided = _totals(words)
    return Report(
        tick=ticks,
        hash=digest,
        population=words.state(ticks, State.POPULATION),
        births=births,
        deaths={"starvation": starved, "age": aged, "collision": collided},
        seeded=words.state(ticks, State.SEEDED),
        peaks=peaks.fields(),
        windows=windows,
        hashes=hashes,
        ticks_per_s=float(f"{ticks / elapsed_s:.3g}") if ticks else 0.0,
    )


@contextmanager
def open_events(path: Path | None) -> Iterator[Callable[[dict[str, Any]], None] | None]:
    """Give what writes events to a file, made anew, as lines of JSON; None: no file, no events.

    Raises:
        ConfigError: the file cannot be made.
    """
    if path is None:
        yield None
        return
    try:
        if not _OWN_STREAM.fullmatch(str(path)) and path.exists() and not path.is_file():
            # Opening a pipe would wait for its reader, for ever if none comes.
            raise ConfigError(f"cannot write {path}: it is no regular file", "--events /dev/stdout")
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error

    def tell(event: dict[str, Any]) -> None:
        try:
            print(json.dumps(event, separators=(",", ":")), file=file)
        except OSError as error:
            raise _unwritten(path, error) from error

    try:
        yield tell
    finally:
        try:
            file.close()
        except OSError as error:
            raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> Exception:
    """Return what to raise: who has read enough of a pipe is no mistake of the operator."""
    if isinstance(error, BrokenPipeError):
        return error
    return ConfigError(f"cannot write {path}: {error.strerror}", what_helps(error, path.parent))


def read_settings(
    path: Path,
    overrides: Iterable[str],
    scenario: str = "",
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the keys of a world.yaml, see `read_sources`."""
    return read_sources(path, overrides, scenario, environment).values[WORLD]


def read_sources(
    path: Path,
    overrides: Iterable[str],
    scenario: str = "",
    environment: Mapping[str, str] | None = None,
) -> Sources:
    """Return a world.yaml as the kernel reads it, with `KEY=VALUE` overrides.

    Args:
        overrides: values are YAML.
        scenario: name of a file in the folder `scenarios` beside `path`, laid over it; "" none.
        environment: os.environ unless given; MOLT_<KEY> overrides a key of file or scenario.

    Raises:
        ConfigError: not readable, not a map, no such scenario, or an override is not KEY=VALUE.
    """
    sources = Sources({WORLD: {}})
    sources.add(WORLD, path)
    if scenario:
        sources.add(WORLD, scenario_path(path.parent, scenario))
    sources.add_environment(os.environ if environment is None else environment)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"cannot use --set {override[:SHOWN_MAX]}: it is not KEY=VALUE")
        sources.set(f"{WORLD}.{key.strip().removeprefix('world.')}={value}")
    return sources


def _memory(size_bytes: int, arena: Path | None) -> memoryview:
    if arena is None:
        return memoryview(mmap.mmap(-1, size_bytes))
    try:
        arena.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(arena, flags, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size_bytes)
            return memoryview(mmap.mmap(descriptor, size_bytes))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError(
            f"cannot keep the arena in {arena} ({size_bytes} bytes): {error.strerror}",
            what_helps(error, arena.parent),
        ) from error


def _totals(words: ArenaWords) -> tuple[int, int, int, int]:
    tick = words.get(Header.COMMIT)
    return (
        words.state(tick, State.BIRTHS),
        words.state(tick, State.DEATH_STARVATION),
        words.state(tick, State.DEATH_AGE),
        words.state(tick, State.DEATH_COLLISION),
    )


def _window(
    words: ArenaWords, tick: int, before: tuple[int, ...], now: tuple[int, ...]
) -> dict[str, int]:
    return {
        "tick": tick,
        "population": words.state(tick, State.POPULATION),
        "births": now[0] - before[0],
        "deaths": sum(now[1:]) - sum(before[1:]),
    }
