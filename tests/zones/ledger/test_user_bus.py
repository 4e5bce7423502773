"""A sender of the user bus against an archive on paper: durable or waiting, never lost or twice."""

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.ahead import HEADER_BYTES, parse_ahead
from Kernel.contract.envelope import pack_envelope
from Kernel.contract.errors import CodecError, Refused, WaitTimeout
from tests.support.wait import wait_until
from tests.zones.ledger.bus_bench import BusBench, event
from zones.runtime import ahead_file
from zones.runtime.ahead_file import AheadFile, new_epoch, take_left
from zones.runtime.log_follower import follow

SHORT_S = 0.05


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BusBench]:
    """Give an archive that does not run yet."""
    bench = BusBench(tmp_path)
    yield bench
    bench.close()


def texts(first: int, last: int) -> list[str]:
    """Return what events with these numbers say."""
    return [str(number) for number in range(first, last + 1)]


def files(bench: BusBench) -> list[Path]:
    """Return the write-ahead files there are."""
    return sorted((bench.folder / "ahead").glob("*"))


def test_published_is_stored(bench: BusBench) -> None:
    """An event is in the log when publish returns, with its position."""
    bench.run()
    sender = bench.sender()
    for number in range(1, 6):
        published = sender.publish(event(number))
        assert (published.number, published.position, published.waits) == (number, number, False)
        assert bench.messages() == texts(1, number)
    assert files(bench) == []


def test_many_at_once_and_the_position_of_one_among_them(bench: BusBench) -> None:
    """Order is kept over batches; the position of an event in a batch is its own."""
    bench.run()
    sender = bench.sender()
    for number in range(1, 3001):
        assert sender.send(event(number)) == number
    published = sender.publish(event(3001))
    assert bench.messages() == texts(1, 3001)
    assert published.position in (3001, None)
    assert sender.outstanding == 0


def test_an_archive_that_comes_late_finds_all(bench: BusBench) -> None:
    """Connections wait in the backlog; what was sent before the archive lived is stored."""
    sender = bench.sender(patience_s=60.0)
    for number in range(1, 11):
        sender.send(event(number))
    bench.run()
    sender.flush(5.0)
    assert bench.messages() == texts(1, 10) and files(bench) == []


def test_archives_come_and_go(bench: BusBench) -> None:
    """Killed at any moment: what is unanswered is sent again, nothing is doubled."""
    sender = bench.sender(patience_s=60.0)
    number = 0
    for _ in range(5):
        bench.run()
        for _ in range(200):
            number += 1
            sender.send(event(number))
        bench.stop()
    bench.run()
    sender.flush(5.0)
    assert bench.messages() == texts(1, number)
    assert len({e.id for e in bench.log.envelopes()}) == number


def test_back_pressure_then_the_file(bench: BusBench) -> None:
    """With no archive a sender waits, then spills; publish says so, and the order is kept."""
    sender = bench.sender(patience_s=SHORT_S, outstanding_max=10)
    for number in range(1, 31):
        sender.send(event(number))
    published = sender.publish(event(31))
    assert published.waits and published.position is None
    assert sender.outstanding == 0 and sender.waiting == 31
    (path,) = files(bench)
    assert [n for n, _ in parse_ahead(path.read_bytes()).entries] == list(range(1, 32))
    assert path.stat().st_mode & 0o777 == 0o600
    bench.run()
    sender.send(event(32))
    sender.settle(5.0)
    assert bench.messages() == texts(1, 32) and files(bench) == []
    assert sender.publish(event(33)).position == 33
    assert {"user_bus.spilling", "user_bus.caught_up"} <= set(bench.said.events)


def test_it_spills_again_while_the_file_is_being_sent(bench: BusBench) -> None:
    """An archive that lives only for moments: file and memory keep their order."""
    sender = bench.sender(patience_s=SHORT_S, outstanding_max=5)
    number = 0
    for _ in range(4):
        for _ in range(50):
            number += 1
            sender.send(event(number))
        bench.run()
        sender.poll()
        time.sleep(0.005)
        bench.stop()
    bench.run()
    sender.settle(5.0)
    assert bench.messages() == texts(1, number) and files(bench) == []


def test_the_next_life_sends_what_was_left_first(bench: BusBench) -> None:
    """Two lives that ended while the archive was away: oldest first, each under its epoch."""
    lives = [new_epoch(10**18 + n * 10**9, b"ab") for n in range(3)]
    number = 0
    for epoch in lives[:2]:
        sender = bench.sender(epoch=epoch, patience_s=SHORT_S)
        for _ in range(3):
            number += 1
            sender.publish(event(number))
        sender.close()
    assert len(files(bench)) == 2
    last = bench.sender(epoch=lives[2], patience_s=60.0)
    assert last.waiting == 6
    bench.run()
    last.publish(event(7))
    assert bench.messages() == texts(1, 7) and files(bench) == []
    assert [bench.log.sender_stored("sandbox", epoch) for epoch in lives] == [3, 3, 1]


def test_a_life_that_ended_before_it_heard_the_answer(bench: BusBench) -> None:
    """Its file is still there though all of it is stored: nothing is stored twice."""
    sender = bench.sender(patience_s=SHORT_S)
    sender.publish(event(1))
    (path,) = files(bench)
    kept = path.read_bytes()
    bench.run()
    sender.settle(5.0)
    sender.close()
    path.write_bytes(kept)
    again = bench.sender(epoch=b"epoch002")
    again.publish(event(2))
    assert bench.messages() == texts(1, 2) and files(bench) == []


def test_a_living_senders_file_is_left_alone(bench: BusBench) -> None:
    """Its lock says that it will send its file itself."""
    sender = bench.sender(patience_s=SHORT_S)
    sender.publish(event(1))
    assert take_left(bench.folder / "ahead", "sandbox") == []
    assert bench.sender(epoch=b"epoch002").waiting == 0


@pytest.mark.parametrize("torn", [1, 7, 100])
def test_a_torn_end_is_cut_and_said(bench: BusBench, torn: int) -> None:
    """A write that a crash cut short: what is whole goes out, and the cut is told."""
    sender = bench.sender(patience_s=SHORT_S)
    for number in (1, 2, 3):
        sender.publish(event(number))
    sender.close()
    (path,) = files(bench)
    os.truncate(path, path.stat().st_size - torn)
    again = bench.sender(epoch=b"epoch002")
    assert again.waiting == 2 and "user_bus.torn_end" in bench.said.events
    bench.run()
    again.publish(event(4))
    assert bench.messages() == ["1", "2", "4"]


def test_a_file_without_a_whole_header_goes(bench: BusBench) -> None:
    """Nothing was ever durable in it."""
    (bench.folder / "ahead").mkdir()
    path = bench.folder / "ahead" / f"sandbox-{b'epoch000'.hex()}.ahead"
    path.write_bytes(b"MOLT"[: HEADER_BYTES - 1])
    bench.sender()
    assert not path.exists()


def test_its_own_disk_full_makes_it_wait(bench: BusBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither archive nor file takes anything: nothing is dropped, it says why, and goes on."""

    def refuse(*_args: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sender = bench.sender(patience_s=SHORT_S)
    sender.send(event(1))
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", refuse)
        with pytest.raises(WaitTimeout, match="No space left"):
            sender.flush(0.2)
        assert sender.outstanding == 1 and "user_bus.spill_failed" in bench.said.events
    bench.run()
    sender.flush(5.0)
    assert bench.messages() == ["1"] and sender.publish(event(2)).position == 2


def test_a_file_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it the disk counts as full; what was in before stays whole."""
    monkeypatch.setattr(ahead_file, "FILE_BYTES_MAX", 1000)
    file = AheadFile(tmp_path, "sandbox", b"epoch001")
    file.append([(1, b"x" * 500)])
    with pytest.raises(OSError, match="the limit of 1000 bytes"):
        file.append([(2, b"x" * 500)])
    assert [n for n, _ in file.read().entries] == [1]
    file.clear()
    assert file.is_empty and not file.path.exists()


def test_what_is_refused_for_good_is_said(bench: BusBench) -> None:
    """A refusal reaches who published; others go on. Another zone's event is no event of ours."""
    bench.run()
    sender = bench.sender()
    with pytest.raises(CodecError, match="cannot send an event of 'kernel' as sandbox"):
        sender.publish(event(1, zone="kernel"))
    forged = bench.archive._own._own.event("archive.gap", {"first": 1, "why": "x"})
    forged = type(forged)(**{**{f: getattr(forged, f) for f in forged.__struct_fields__},
                             "zone": "sandbox"})  # fmt: skip
    with pytest.raises(Refused, match=r"cannot take the kind 'archive\.gap'"):
        sender.publish(forged)
    assert sender.publish(event(2)).position == 2
    assert "user_bus.rejected" in bench.said.events and len(pack_envelope(forged)) > 0


def test_a_disk_full_at_the_archive(bench: BusBench) -> None:
    """The sender hears why, spills after its patience, and all is stored when there is room."""
    bench.run()
    sender = bench.sender(patience_s=0.2)
    sender.publish(event(1))
    bench.log.refuses = "cannot store: the disk is full"
    published = sender.publish(event(2))
    assert published.waits and sender.standing == "cannot store: the disk is full"
    bench.log.refuses = ""
    sender.settle(10.0)
    assert bench.messages() == texts(1, 2) and sender.standing == ""


def test_following_over_archives(bench: BusBench) -> None:
    """A follower comes again where it stood when an archive is lost."""
    bench.run()
    sender = bench.sender(patience_s=60.0)
    events = follow(bench.connector(), 1, time.sleep)
    for number in range(1, 4):
        sender.publish(event(number))
    found = [next(events) for _ in range(3)]
    bench.stop()
    bench.run()
    sender.publish(event(4))
    found.append(next(events))
    events.close()
    assert [position for position, _ in found] == [1, 2, 3, 4]
    assert [e.payload_fields()["message"] for _, e in found] == texts(1, 4)


def test_two_senders_share_one_archive(bench: BusBench) -> None:
    """Each one's order holds, whatever the other does."""
    bench.run()
    first, second = bench.sender("sandbox"), bench.sender("kernel", b"epoch009")
    for number in range(1, 301):
        first.send(event(number))
        second.send(event(number, zone="kernel"))
    first.flush(5.0)
    second.flush(5.0)
    wait_until("all to be stored", lambda: len(bench.log.records) == 600)
    for zone in ("sandbox", "kernel"):
        said = [e.payload_fields()["message"] for e in bench.log.envelopes() if e.zone == zone]
        assert said == texts(1, 300)
