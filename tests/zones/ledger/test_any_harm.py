"""Any bytes in any place: a log opens, keeps what it can prove, tells what it cannot."""

import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from Kernel.contract.errors import LedgerError
from tests.zones.ledger.damage import WAL, News, contents, killed, open_log, records
from zones.ledger import opening
from zones.ledger.carve import Pages, carve
from zones.ledger.verify import verify
from zones.ledger.wal_file import look_into_wal
from zones.runtime.ledger_file import LOG, LedgerReader, SenderMark

EPOCH = b"e" * 16
COUNT, BATCH = 600, 12
ALL = dict(enumerate(records(1, COUNT), 1))
WAL_BYTES = 1024 * 1024

harms = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.one_of(
        st.binary(min_size=1, max_size=3),
        st.integers(1, 9000).map(bytes),
        st.integers(1, 9000).map(lambda size: b"\xa5" * size),
    ),
)


@functools.cache
def whole(is_killed: bool) -> dict[str, bytes]:
    """Return the files of a ledger: at rest with all in the log, or killed with all in the WAL."""
    root = Path(tempfile.mkdtemp(prefix="molt-ledger-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "WAL_BYTES", WAL_BYTES)
        log = open_log(root / "a")
        for first in range(1, COUNT + 1, BATCH):
            last = first + BATCH - 1
            log.append(records(first, last), [SenderMark("stable", EPOCH, last)])
        folder = killed(root / "a", root / "b") if is_killed else root / "a"
        log.close()
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != "-shm"}
    if not is_killed:
        files[WAL] = bytes(len(files[WAL]))
    shutil.rmtree(root)
    return {name: data for name, data in files.items() if not name.endswith("-shm")}


def harmed(data: bytes, place: float, harm: bytes, used: int) -> bytes:
    offset = int(place * used)
    return data[:offset] + harm + data[offset + len(harm) :]


def check(files: dict[str, bytes]) -> None:
    """Open harmed files, and hold what is found to what was told."""
    folder = Path(tempfile.mkdtemp(prefix="molt-ledger-"))
    news = News()
    try:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opening, "WAL_BYTES", WAL_BYTES)
            try:
                log = open_log(folder, news)
            except LedgerError as error:
                assert "its form is version" in error.message
                return
            position = log.append([b"next"])
            stored = log.sender_stored("stable", EPOCH)
            log.close()
        rows = dict(contents(folder))
        reader = LedgerReader(folder)
        verdict = verify(reader)
        reader.close()
    finally:
        shutil.rmtree(folder)
    assert rows.pop(position) == b"next"
    told = told_positions(news)
    if not told and position == COUNT - BATCH + 1:
        # The frame that ends the last transaction is gone, as if it had never been written: such a
        # transaction is an unfinished one, to SQLite and to us. It is gone whole, with its mark.
        assert stored == COUNT - BATCH
        told = set(range(position, COUNT + 1))
    missed = (*verdict.faults, *verdict.gaps)
    bad = {place for each in missed for place in range(each.first, each.last + 1)}
    for place, record in ALL.items():
        if rows.get(place) != record:
            assert place in told, f"{place} is changed or gone and nobody said so"
            assert (
                news.told == []
                or place in bad
                or any(gap.first <= place <= gap.last for gap in verdict.gaps)
            )
    assert set(rows) <= set(ALL)
    assert position > max(rows, default=0)
    assert stored <= COUNT
    if not told and not news.told:
        assert (position, stored, verdict.ok) == (COUNT + 1, COUNT, True)


def told_positions(news: News) -> set[int]:
    told: set[int] = set()
    for kind, payload in news.told:
        if kind in ("archive.gap", "archive.tail_cut"):
            told |= set(range(payload["first"], payload["last"] + 1))
        elif kind == "archive.damaged":
            told.add(payload["position"])
    return told


@pytest.mark.slow
@settings(max_examples=30)
@given(harms)
@example((0.0, b"\xa5" * 4096))
@example((0.03, b"\xa5" * 4096))
@example((0.999, b"\xa5" * 4096))
def test_harmed_log_is_opened_and_the_harm_is_told(harm: tuple[float, bytes]) -> None:
    """Whatever is overwritten in the database of a log at rest."""
    files = dict(whole(False))
    files[LOG] = harmed(files[LOG], *harm, len(files[LOG]))
    check(files)


@pytest.mark.slow
@settings(max_examples=30)
@given(harms)
@example((0.0, bytes(32)))
@example((0.5, b"\xa5"))
def test_harmed_wal_is_opened_and_the_harm_is_told(harm: tuple[float, bytes]) -> None:
    """Whatever is overwritten in the WAL that a kill has left."""
    files = dict(whole(True))
    used = len(look_into_wal(files[WAL], 4096).frames) * 4120
    files[WAL] = harmed(files[WAL], *harm, used)
    check(files)


@pytest.mark.slow
@given(st.data())
def test_carving_takes_any_bytes(data: Any) -> None:
    """Hostile pages give rows or nothing, never an error."""
    files = whole(True)
    content = bytearray(files[WAL])
    for _ in range(data.draw(st.integers(0, 20))):
        content[data.draw(st.integers(0, 60_000))] = data.draw(st.integers(0, 255))
    frames = look_into_wal(bytes(content), 4096)
    assert 0 <= frames.sound <= frames.whole <= len(frames.frames)
    pages = Pages(files[LOG], bytes(content), frames)
    for index in range(min(len(pages.images), 15)):
        for _ in carve(pages, index):
            pass
