"""The pace bench sees every tick of an arena, or says that it cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.arena import TICK_TIMES, ArenaWords, Header
from tests.bench.__main__ import parse_arguments
from tests.bench.live_kernel import ArenaView
from tests.bench.pace import TickTimes
from tests.bench.report import CannotMeasure
from tests.bench.stand_in_world import make_arena


class Ticker:
    """A writable arena whose tick T took T microseconds."""

    def __init__(self, path: Path) -> None:
        make_arena(path)
        self._path = path
        self.view = ArenaView(path)

    def tick(self, count: int) -> None:
        with self._path.open("r+b") as file:
            memory = bytearray(file.read())
            words = ArenaWords(memoryview(memory))
            for _ in range(count):
                tick = words.get(Header.COMMIT) + 1
                words.put(Header.COMMIT, tick)
                place = Header.TICK_TIMES + 4 * (tick % TICK_TIMES)
                words.put_bytes(place, tick.to_bytes(4, "little"))
            file.seek(0)
            file.write(memory)


@pytest.fixture
def ticker(tmp_path: Path) -> Iterator[Ticker]:
    found = Ticker(tmp_path / "a.arena")
    yield found
    found.view.close()


def test_every_tick_is_read_once(ticker: Ticker) -> None:
    """Looks of any distance give each tick once, in order; the newest comes with the next look."""
    ticker.tick(5)
    times = TickTimes(ticker.view)
    for count in (0, 1, 3, 200, 0, 250, 1):
        ticker.tick(count)
        times.read()
    newest = 5 + 455
    assert times.taken_us == list(range(6, newest))


def test_a_lost_tick_is_said(ticker: Ticker) -> None:
    """When the ring was written over between two looks, the bench cannot measure."""
    times = TickTimes(ticker.view)
    ticker.tick(TICK_TIMES + 1)
    with pytest.raises(CannotMeasure, match="cannot watch every tick"):
        times.read()


def test_sizes_are_for_pace_only(capsys: pytest.CaptureFixture[str]) -> None:
    """--minutes with another bench is refused, not ignored."""
    assert parse_arguments(["pace", "--minutes", "0.5"]).minutes == 0.5
    with pytest.raises(SystemExit) as left:
        parse_arguments(["world", "--minutes", "0.5"])
    assert left.value.code == 2
    assert "not for world" in capsys.readouterr().err
