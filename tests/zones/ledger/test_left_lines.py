"""Lines that programs left in files are taken up by the archive, each once, whatever is killed."""

import json
import os
from pathlib import Path

import pytest

from Kernel.contract.codec import unpack
from Kernel.contract.envelope import Envelope, id_text, parse_envelope
from Kernel.contract.user_bus import SCRIBE, scribe_event_id
from tests.support.logs import QuietLog
from tests.zones.ledger.bus_bench import NOW_NS
from tests.zones.ledger.test_scribe_server import ScribeBench
from zones.ledger import left_lines
from zones.ledger.left_lines import LOOK_S, LeftLines
from zones.ledger.own_events import OwnEvents
from zones.runtime.ahead_file import AheadFile, refused_path, take_left

EPOCH = bytes.fromhex("0123456789abcdef")


class Bench(ScribeBench):
    """An archive on paper with a scribe's socket, and a folder of files."""

    @property
    def ahead(self) -> Path:
        return self.path.parent / "ahead"

    def start(self):
        archive = super().start()
        self.left = LeftLines(
            self.ahead,
            self.scribe._numbers,
            OwnEvents("archive", lambda: NOW_NS, lambda: b"0123456789"),
            lambda: self.now_s,
            lambda: NOW_NS,
            lambda: b"9876543210",
            QuietLog(),  # type: ignore[arg-type]  # only what is called is there
        )
        archive._others["ahead"] = self.left
        return archive

    def turns(self, count: int = 6) -> None:
        for _ in range(count):
            assert self.archive is not None
            self.archive.turn()

    def events(self) -> list[Envelope]:
        stored = [parse_envelope(record) for _, record in self.log.read(1)]
        return [event for event in stored if event.kind != "archive.opened"]

    def files(self) -> list[str]:
        return sorted(os.listdir(self.ahead))

    def close(self) -> None:
        if self.archive is not None:
            self.left.close()
        super().close()


@pytest.fixture
def bench(tmp_path: Path):
    made = Bench(tmp_path)
    yield made
    made.close()


def line(number: int, epoch: bytes = EPOCH, **more: object) -> bytes:
    told = {"kind": "build.done", "payload": {"n": number}, "time": 1.5}
    return json.dumps(told | {"epoch": epoch.hex(), "number": number} | more).encode()


def leave(bench: Bench, numbers: range, epoch: bytes = EPOCH) -> AheadFile:
    """Write a file as a program that has got no answer; it holds it until it is closed."""
    file = AheadFile(bench.ahead, SCRIBE, epoch)
    file.append((number, line(number, epoch)) for number in numbers)
    return file


def numbers(bench: Bench) -> list[int]:
    return [unpack(event.payload)["n"] for event in bench.events()]


def test_what_was_left_is_stored_at_the_start(bench: Bench) -> None:
    """In its order, with its own ids and times; the file is gone afterwards."""
    leave(bench, range(1, 201)).close()
    bench.start()
    bench.turns()
    assert numbers(bench) == list(range(1, 201))
    event = bench.events()[0]
    assert (event.zone, event.time_ns) == (SCRIBE, 1_500_000_000)
    assert id_text(event.id) == id_text(scribe_event_id(EPOCH, 1))
    assert bench.files() == []
    assert bench.left.facts() == {"stored": 200, "files": 1}


def test_file_that_is_held_belongs_to_a_living_program(bench: Bench) -> None:
    """It is taken up when its program has ended, some seconds later."""
    bench.start()
    bench.turns()
    file = leave(bench, range(1, 3))
    bench.now_s += LOOK_S
    bench.turns()
    assert numbers(bench) == [] and len(bench.files()) == 1
    file.close()
    bench.turns()
    assert numbers(bench) == []
    bench.now_s += LOOK_S
    bench.turns()
    assert numbers(bench) == [1, 2] and bench.files() == []


def test_what_came_by_the_socket_too_is_stored_once(bench: Bench) -> None:
    """A program that got no answer has put its line into the file as well, and ended."""
    program = bench.program()
    program.write(epoch=EPOCH.hex(), number=1, payload={"n": 1})
    leave(bench, range(1, 4)).close()
    bench.start()
    bench.turns()
    assert numbers(bench) == [1, 2, 3]
    program.write(epoch=EPOCH.hex(), number=3, payload={"n": 3})
    bench.turns()
    assert numbers(bench) == [1, 2, 3]


def test_archive_that_died_before_it_could_delete_stores_nothing_twice(bench: Bench) -> None:
    """The file is found again, and all of it is known."""
    leave(bench, range(1, 4)).close()
    name = bench.files()[0]
    data = (bench.ahead / name).read_bytes()
    bench.start()
    bench.turns()
    (bench.ahead / name).write_bytes(data)
    bench.scribe.close()
    bench.left.close()
    bench.stop()
    bench.start()
    bench.turns()
    assert numbers(bench) == [1, 2, 3] and bench.files() == []
    assert bench.left.facts() == {"duplicates": 3, "files": 1}


def test_what_can_never_be_stored_leaves_a_refusal(bench: Bench) -> None:
    """A kind of molt's own, no JSON, another number than its entry's: on record, in their place."""
    file = AheadFile(bench.ahead, SCRIBE, EPOCH)
    lines = [line(1), line(2, kind="zone.died"), b"{", line(9), line(5)]
    file.append(enumerate(lines, 1))
    file.close()
    bench.start()
    bench.turns()
    kinds = [event.kind for event in bench.events()]
    refused = "archive.refused"
    assert kinds == ["build.done", refused, refused, refused, "build.done"]
    assert bench.files() == ["scribe.refused"]
    told = refused_path(bench.ahead, SCRIBE).read_text("utf-8").splitlines()
    kept = [json.loads(each) for each in told]
    assert [(each["number"], each["line"].encode()) for each in kept] == [
        (2, lines[1]), (3, lines[2]), (4, lines[3]),
    ]  # fmt: skip


def test_what_is_refused_and_cannot_be_kept_stays_where_it_is(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again later, and what was stored before it is known."""
    file = AheadFile(bench.ahead, SCRIBE, EPOCH)
    file.append(enumerate([line(1), b"{", line(3)], 1))
    file.close()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(left_lines, "keep_refused", full)
        bench.start()
        bench.turns()
    assert numbers(bench) == [1] and len(bench.files()) == 1
    bench.now_s += LOOK_S
    bench.turns()
    kinds = [event.kind for event in bench.events()]
    assert kinds == ["build.done", "archive.refused", "build.done"]
    assert bench.files() == ["scribe.refused"]


def test_torn_end_and_foreign_files_harm_nothing(bench: Bench) -> None:
    """What is whole of it is stored; what is no such file is left alone or cleared."""
    leave(bench, range(1, 3)).close()
    path = bench.ahead / bench.files()[0]
    path.write_bytes(path.read_bytes()[:-3])
    (bench.ahead / f"{SCRIBE}-{'0' * 16}.ahead").write_bytes(b"")
    (bench.ahead / "sandbox-0123456789abcdef.ahead").write_bytes(b"not a scribe's")
    bench.start()
    bench.turns()
    assert numbers(bench) == [1]
    assert bench.files() == ["sandbox-0123456789abcdef.ahead"]


def test_file_has_its_name_only_when_it_is_locked(bench: Bench) -> None:
    """Who looks for files that nobody holds never finds one that is just being made."""
    file = leave(bench, range(1, 2))
    assert take_left(bench.ahead, SCRIBE) == []
    assert bench.files() == [file.path.name]
    file.clear()
