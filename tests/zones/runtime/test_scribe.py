"""The scribe's client against an archive on paper, or nobody: stored, or waiting, never twice."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from Kernel.contract.envelope import id_text
from Kernel.contract.errors import CodecError, LedgerError
from tests.zones.ledger.test_scribe_server import ScribeBench
from zones.ledger.scribe_server import ScribeLimits
from zones.runtime import ahead_file
from zones.runtime.scribe import Scribe

SHORT_S = 0.1


class Home(ScribeBench):
    """A home with an archive that runs in a thread, when it runs."""

    limits = ScribeLimits(8, 1e6, 1e6, 1e6, 65536)

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir()
        super().__init__(folder)
        self.path.rename(folder / "run" / "scribe.sock")
        self.clients: list[Scribe] = []

    def client(self, timeout_s: float = SHORT_S) -> Scribe:
        """Return a client."""
        self.clients.append(Scribe(self.folder, "test", timeout_s))
        return self.clients[-1]

    def numbers(self) -> list[int]:
        """Return what is in the log."""
        return [e.payload_fields()["n"] for e in self.log.envelopes() if e.zone == "scribe"]

    def files(self) -> list[Path]:
        """Return the write-ahead files."""
        return list((self.folder / "data" / "ahead").glob("*"))

    def halt(self) -> None:
        """End the archive as a kill would."""
        self.stop()
        self.scribe.close()

    def close(self) -> None:
        """Close everything."""
        for each in self.clients:
            each.close()
        super().close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Give a home whose archive does not run yet."""
    home = Home(tmp_path)
    yield home
    if home.archive is not None:
        home.halt()
    home.close()


def test_emitted_is_stored(home: Home) -> None:
    """With an archive there, the event has its position at once, and the client's name."""
    home.run()
    client = home.client(5.0)
    for number in range(1, 4):
        emitted = client.emit("build.done", {"n": number})
        assert (emitted.position, emitted.waits) == (number, False)
    assert home.numbers() == [1, 2, 3] and home.files() == []
    assert {e.agent for e in home.log.envelopes()} == {"test"}


def test_without_an_archive_it_waits_and_is_sent_first(home: Home) -> None:
    """One client after the other puts its event behind what waits; the order holds."""
    ids = []
    for number in range(1, 4):
        emitted = home.client().emit("build.done", {"n": number})
        assert emitted.waits and emitted.position is None
        ids.append(emitted.id)
        home.clients.pop().close()
    assert len(home.files()) == 1, "they share one file"
    home.run()
    client = home.client(5.0)
    assert client.waiting == 3
    assert client.emit("build.done", {"n": 4}).position == 4
    assert home.numbers() == [1, 2, 3, 4] and home.files() == []
    assert [id_text(e.id) for e in home.log.envelopes()][:3] == ids


def test_an_answer_that_was_lost_stores_nothing_twice(home: Home) -> None:
    """The archive dies with the line in the socket or in the log: it is there once in the end."""
    client = home.client()
    home.run()
    client.emit("build.done", {"n": 1})
    home.halt()
    assert client.emit("build.done", {"n": 2}).waits
    assert client.emit("build.done", {"n": 3}).waits
    home.run()
    assert client.flush(5.0) == 0
    assert client.emit("build.done", {"n": 4}).position == 4
    assert home.numbers() == [1, 2, 3, 4] and home.files() == []


@pytest.mark.parametrize("is_deleted", [True, False])
def test_file_that_comes_back_costs_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, is_deleted: bool
) -> None:
    """The disk forgets that it was deleted, or says so: no number is taken again."""
    client = home.client()
    client.emit("build.done", {"n": 1})
    (path,) = home.files()
    content = path.read_bytes()
    synced: list[Path] = []

    def sync(folder: Path) -> None:
        synced.append(folder)
        if not is_deleted:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    home.run()
    with monkeypatch.context() as patched:
        patched.setattr(ahead_file, "sync_directory", sync)
        assert client.flush(5.0) == 0
    assert synced == [path.parent], "durable before the next number is given"
    assert client.emit("build.done", {"n": 2}).position == 2
    client.close()
    home.halt()
    if not is_deleted:
        path.write_bytes(content)
    home.client().emit("build.done", {"n": 3})
    home.run()
    assert home.client(5.0).emit("build.done", {"n": 4})
    home.clients[-2].flush(5.0)
    assert sorted(home.numbers()) == [1, 2, 3, 4]


def test_no_home_at_all(tmp_path: Path) -> None:
    """Before any kernel has run there: the event waits for the first one."""
    with Scribe(tmp_path / "new", timeout_s=SHORT_S) as client:
        assert client.emit("build.done").waits and client.waiting == 1


def test_neither_archive_nor_disk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is told that the event is nowhere; the next one can be kept."""

    def refuse(*_args: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    client = home.client()
    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", refuse)
        with pytest.raises(LedgerError, match="No space left"):
            client.emit("build.done", {"n": 1})
    assert client.emit("build.done", {"n": 2}).waits
    home.run()
    assert client.flush(5.0) == 0 and home.numbers()[-1] == 2


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("zone.died", {}), ("no kind", {}), ("a.b", {"x": object()}), ("a.b", {"x": float("nan")}),
     ("a.b", {"x": "y" * 70_000})],
)  # fmt: skip
def test_what_is_wrong_is_said_here(home: Home, kind: str, payload: dict[str, object]) -> None:
    """Nothing is sent or kept of it."""
    client = home.client()
    with pytest.raises(CodecError):
        client.emit(kind, payload)
    assert home.files() == [] and client.waiting == 0


def test_waiting_events_that_are_refused_are_kept_and_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their sender was told that they wait: they are set aside with the reason, never dropped."""
    client = home.client()
    client.emit("build.done", {"n": 1})
    client.emit("build.done", {"n": 2}, cause="no id")
    client.emit("build.done", {"n": 3})
    home.run()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _no_room)
        assert client.flush(0.5) == 2 and client.refused == 0, "it stays where it is kept"
    assert client.flush(5.0) == 0
    assert home.numbers() == [1, 3] and home.files() == [client.refused_path]
    assert client.refused == 1 and "event id" in client.refused_why
    kept = json.loads(client.refused_path.read_text())
    assert kept["number"] == 2 and kept["why"] == client.refused_why
    assert json.loads(kept["line"])["payload"] == {"n": 2}


def _no_room(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
