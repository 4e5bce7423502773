"""What sealing costs the tick of a world: two copies of one, in two processes, take turns.

Owns: these processes and their turns. Does not own: the world (`tests/bench/world_runs.py`), goals
and rows (`cage.py`).

Both are forked from one warm process and tick the same ticks; only one of them is sealed. A turn
is as short as possible, so that whatever else the machine does meets both alike.
"""

import json
import os
import time
from collections.abc import Callable

from Kernel.contract.arena import ArenaWords
from tests.bench.figures import NS_PER_MS
from tests.bench.world_runs import map_words, open_engine
from zones.runtime import cage
from zones.runtime.cage import Plan
from zones.world import founding
from zones.world.engine import Engine
from zones.world.settings import parse_settings
from zones.world.warm_up import prepare

WARM_TICKS = 60
TURN_TICKS = 5


class Ticker:
    """A process that ticks a copy of a world when it is told to.

    Args:
        enclose: called before it opens its world.
        seal: called when it is ready to tick.
    """

    def __init__(
        self, words: ArenaWords, threads: int, enclose: Callable[[], None], seal: Callable[[], None]
    ) -> None:
        go_reader, self._go = os.pipe()
        self._told, told_writer = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._go)
            os.close(self._told)
            _live(words, threads, (enclose, seal), (go_reader, told_writer))
        os.close(go_reader)
        os.close(told_writer)
        self.turn(1)

    def turn(self, ticks: int) -> list[float]:
        """Return the ms of each of the next ticks."""
        os.write(self._go, b"%d\n" % ticks)
        told = b""
        while not told.endswith(b"\n"):
            piece = os.read(self._told, 65536)
            assert piece, "a world died in its cage"
            told += piece
        taken: list[float] = json.loads(told)
        return taken

    def end(self) -> None:
        """End it and reap it."""
        os.write(self._go, b"0\n")  # closing is not enough: the other one has inherited this end
        os.waitpid(self._pid, 0)
        os.close(self._go)
        os.close(self._told)


def _live(
    words: ArenaWords,
    threads: int,
    close: tuple[Callable[[], None], Callable[[], None]],
    pipes: tuple[int, int],
) -> None:
    """The process: it never returns."""
    try:
        close[0]()
        engine = open_engine(_copy(words), threads)
        engine.tick()  # which starts the threads, if there are to be any
        close[1]()
        while ticks := int(os.read(pipes[0], 64)):
            taken = [_tick_ms(engine) for _ in range(ticks)]
            os.write(pipes[1], json.dumps(taken).encode() + b"\n")
    finally:
        os._exit(0)


def _tick_ms(engine: Engine) -> float:
    started_ns = time.perf_counter_ns()
    engine.tick()
    return (time.perf_counter_ns() - started_ns) / NS_PER_MS


def _copy(words: ArenaWords) -> ArenaWords:
    copied = map_words(len(words.memory))
    copied.memory[:] = words.memory
    return copied


def measure_ticks(entities: int, threads: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return the ms of ticks, unsealed and sealed: pairs of the same tick.

    They change places at every turn.
    """
    prepare(threads)
    settings = parse_settings({}, entities=entities)
    warm = map_words(founding.plan(settings).file_bytes)
    founding.found(warm, settings)
    warming = open_engine(warm, 1)
    for _ in range(WARM_TICKS):
        warming.tick()
    plan = Plan("sealed", without=cage.machine_report().missing)
    bare = Ticker(warm, threads, lambda: None, lambda: None)
    sealed = Ticker(warm, threads, lambda: cage.enclose(plan), lambda: cage.seal(plan))
    taken: dict[Ticker, list[float]] = {bare: [], sealed: []}
    for number in range(rounds):
        order = (sealed, bare) if number % 2 else (bare, sealed)
        for ticker in order:
            taken[ticker] += ticker.turn(TURN_TICKS)
    for ticker in (bare, sealed):
        ticker.end()
    return taken[bare], taken[sealed]
