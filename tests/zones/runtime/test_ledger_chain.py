"""A checked reader passes on what was appended, names what is not, and misses nothing silently."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.errors import LedgerDamaged
from tests.zones.ledger.damage import open_log, record, records, tamper
from zones.runtime.ledger_chain import MISSING, UNFIT, CheckedReader
from zones.runtime.ledger_file import Gap

COUNT = 1500


@pytest.fixture(params=[False, True], ids=["log", "segments"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Give a ledger of 1500 records, closed, all in the log or most of them in segments."""
    settings = {"log_bytes_max": 60_000, "segment_bytes": 40_000} if request.param else {}
    return _made(tmp_path, settings)


@pytest.fixture
def log_folder(tmp_path: Path) -> Path:
    return _made(tmp_path, {})


def _made(folder: Path, settings: dict[str, int]) -> Path:
    log = open_log(folder, **settings)
    for first in range(1, COUNT, 100):
        log.append(records(first, first + 99), [])
    while log.maintain(1.0):
        pass
    log.close()
    return folder


def read(
    folder: Path, first: int = 1, last: int | None = None, back: bool = False
) -> tuple[list[tuple[int, bytes]], list[tuple[int, int, str]], list[Gap]]:
    """Return what is passed on, in ascending order, what is told, and the gaps on the way."""
    told: list[LedgerDamaged] = []
    reader = CheckedReader(folder)
    found: Iterator[tuple[int, bytes]]
    if back:
        found = reversed([*reader.read_back(last, first, told.append)])
    else:
        found = reader.read(first, last, told.append)
    rows = [*found]
    reader.close()
    return rows, sorted((each.position, each.last, each.why) for each in told), reader.gaps_met


@pytest.mark.parametrize("back", [False, True])
def test_sound_ledger_is_all_passed_on(folder: Path, back: bool) -> None:
    """Every record, and every part of them, either way."""
    whole = [*enumerate(records(1, COUNT), 1)]
    assert read(folder, back=back) == (whole, [], [])
    for first, last in ((1, 1), (2, 700), (499, 502), (511, 514), (COUNT, COUNT)):
        assert read(folder, first, last, back) == (whole[first - 1 : last], [], [])
    assert read(folder, COUNT - 1, COUNT + 100, back)[1] == []
    assert read(folder, COUNT + 1, COUNT + 100, back) == ([], [], [])


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("bad", [1, 512, 513, 900, COUNT])
def test_changed_record_is_not_passed_on(log_folder: Path, bad: int, back: bool) -> None:
    """It is told, and everything else is there; also when it alone is asked for."""
    tamper(log_folder, f"UPDATE records SET record = x'00' WHERE position = {bad}")
    whole = [(number, record(number)) for number in range(1, COUNT + 1) if number != bad]
    assert read(log_folder, back=back) == (whole, [(bad, bad, UNFIT)], [])
    assert read(log_folder, bad, bad, back) == ([], [(bad, bad, UNFIT)], [])


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("first", "last"), [(1, 1), (30, 40), (512, 513), (600, 1200)])
def test_hole_is_told(log_folder: Path, first: int, last: int, back: bool) -> None:
    """Positions that no gap explains are damage; a record behind them is passed on."""
    query = f"DELETE FROM records WHERE position BETWEEN {first} AND {last}"
    tamper(log_folder, query)
    whole = [(n, record(n)) for n in range(1, COUNT + 1) if not first <= n <= last]
    assert read(log_folder, back=back) == (whole, [(first, last, MISSING)], [])
    assert read(log_folder, first, last, back) == ([], [(first, last, MISSING)], [])
    assert read(log_folder, last, last, back) == ([], [(last, last, MISSING)], [])


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("is_lost", [0, 1])
def test_gap_on_record_is_no_damage(log_folder: Path, is_lost: int, back: bool) -> None:
    """It is met; what it does not cover is still damage."""
    tamper(log_folder, "DELETE FROM records WHERE position BETWEEN 30 AND 40")
    tamper(log_folder, f"INSERT INTO gaps VALUES (30, 38, 'a test', {is_lost})")
    _, told, gaps = read(log_folder, back=back)
    assert told == [(39, 40, MISSING)]
    assert gaps == [Gap(30, 38, "a test", bool(is_lost))]
    assert read(log_folder, 30, 35, back)[1:] == ([], gaps)


def test_damage_is_raised_where_nobody_goes_past(log_folder: Path) -> None:
    """The records before it have been passed on."""
    tamper(log_folder, "UPDATE records SET record = x'00' WHERE position = 700")
    reader, found = CheckedReader(log_folder), []
    with pytest.raises(LedgerDamaged, match=f"event 700 of the ledger: {UNFIT}"):
        found.extend(reader.read(1))
    reader.close()


def test_lost_segment_is_told(tmp_path: Path) -> None:
    """Its positions are a hole like any."""
    folder = _made(tmp_path, {"log_bytes_max": 60_000, "segment_bytes": 40_000})
    segment = min((folder / "segments").iterdir())
    first, last = (int(part) for part in segment.stem.split("-"))
    segment.unlink()
    assert read(folder)[1] == [(first, last, MISSING)]
    assert read(folder, back=True)[1] == [(first, last, MISSING)]
