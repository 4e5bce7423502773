"""The archive as a process: a real fork, a real disk, a world that ticks beside it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header, Side, State
from Kernel.contract.envelope import Envelope, arena_event_id, id_text, parse_envelope
from Kernel.contract.messages import Heartbeat, Hello, Ready
from Kernel.contract.settings import parse_table
from tests.support.service_process import ServiceProcess
from tests.zones.ledger.lesson_book import lesson
from tests.zones.ledger.real_ledger import store
from tests.zones.runtime.small_arena import advance
from zones.ledger import log as log_module
from zones.ledger import service
from zones.ledger.settings import KEYS
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.scribe import Scribe


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[ServiceProcess]:
    """Give a kernel's end and a world; whatever is left is killed."""
    kernel = ServiceProcess(tmp_path, service, "archive", ["kernel", "sandbox"])
    yield kernel
    kernel.close()


def stored(home: Path) -> list[Envelope]:
    """Return all events of the ledger."""
    reader = LedgerReader(home / "data" / "ledger")
    try:
        return [parse_envelope(record) for _, record in reader.read(1)]
    finally:
        reader.close()


def test_what_a_program_left_is_taken_up_at_the_start(kernel: ServiceProcess) -> None:
    """Nobody has to emit again for it."""
    with Scribe(kernel.home, "ci", timeout_s=0.0) as scribe:
        emitted = scribe.emit("build.done", {"ok": True})
    assert emitted.waits
    kernel.start({})
    kernel.ready()
    assert kernel.drain() == 0
    assert [id_text(e.id) for e in stored(kernel.home) if e.kind == "build.done"] == [emitted.id]
    assert not [*(kernel.home / "data" / "ahead").iterdir()]


def test_life_of_an_archive(kernel: ServiceProcess) -> None:
    """It says hello and ready, beats, stores all, answers, and leaves with 0 when all is stored."""
    kernel.start({})
    ready = kernel.ready()
    assert kernel.messages[0] == Hello(kernel.pid, "archive")
    assert ready.facts["degraded"] == [] and ready.facts["events"] >= 0
    first = kernel.heard(lambda m: isinstance(m, Heartbeat))
    second = kernel.heard(lambda m: isinstance(m, Heartbeat))
    assert isinstance(first, Heartbeat) and isinstance(second, Heartbeat)
    assert second.progress > first.progress and second.degraded == ()
    told = kernel.ask(7, "ledger", {})
    assert told.ok and told.result["events"] > 0
    for number, (name, args) in enumerate([("eat", {}), ("ledger", {"more": 1})], 9):
        refused = kernel.ask(number, name, args)
        assert not refused.ok and refused.error.startswith("cannot do")
    assert kernel.drain() == 0
    tick = kernel.words.get(Header.COMMIT)
    events = [event for event in stored(kernel.home) if event.kind == "telemetry"]
    assert [event.tick for event in events] == list(range(1, tick + 1))
    side = memoryview(kernel.side).cast("Q")
    assert side[Side.OUTBOX_ACKED >> 3] == tick
    assert side[Side.OUTBOX_ACKED_OFFSET >> 3] == kernel.words.state(tick, State.OUTBOX_HEAD)
    side.release()


def test_killed_again_and_again_it_loses_nothing(kernel: ServiceProcess) -> None:
    """An archive killed at any moment of its work leaves a log without gap or double."""
    for wait_ticks in (1, 3, 7, 2, 5):
        kernel.start({})
        kernel.ready()
        for _ in range(wait_ticks):
            advance(kernel.words, ({"kind": "telemetry"},) * 20)
            time.sleep(0.01)
        kernel.kill()
    kernel.start({})
    kernel.ready()
    assert kernel.drain() == 0
    tick = kernel.words.get(Header.COMMIT)
    arena = kernel.words.get_bytes(Header.ARENA_ID, 16)
    wanted = [arena_event_id(arena, n) for n in range(kernel.words.state(tick, State.OUTBOX_NEXT))]
    assert [event.id for event in stored(kernel.home) if event.kind == "telemetry"] == wanted


def test_prepare_is_plain_data_and_harmless() -> None:
    """What runs in the zygote opens nothing: no descriptor, no thread."""
    before = sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
    facts = service.Generation({}).facts
    assert (sorted(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
    assert parse_table(facts.pop("settings")) == KEYS
    assert facts == {"service": "archive", "requests": ["ledger", "hold"]}


def test_derived_tables_follow(kernel: ServiceProcess) -> None:
    """What is made from the log comes to its end by itself, and the archive says which model."""
    folder = kernel.home / "data" / "ledger"
    folder.mkdir(parents=True)
    store(folder, [lesson(1)])
    kernel.start({})
    kernel.ready()
    for number in range(7, 107):
        told = kernel.ask(number, "ledger", {}).result["derived"]
        if told and told["lessons"]["behind"] == told["index"]["behind"] == 0:
            break
        time.sleep(0.05)
    assert told["lessons"]["lessons"] == 1 and told["lessons"]["model"]["why"]
    assert kernel.drain() == 0
    assert (folder / "lessons.sqlite3").exists()


def test_opening_that_takes_long_is_no_hang(kernel: ServiceProcess) -> None:
    """It beats with progress while it mends its log, and is ready, degraded, before it is done."""

    def slow() -> None:
        opening = log_module.open_log

        def open_slowly(folder: Path, writer: Any, tell: Any, bad: str, pulse: Any) -> Any:
            for _ in range(30):
                time.sleep(0.05)
                pulse()
            return opening(folder, writer, tell, bad, pulse)

        service.OPENING_S = 0.2  # type: ignore[misc]
        log_module.open_log = open_slowly

    kernel.before = slow
    began_s = time.monotonic()
    kernel.start({})
    kernel.ready()
    assert time.monotonic() < began_s + 1.2
    first = kernel.heard(lambda m: isinstance(m, Heartbeat) and bool(m.degraded))
    second = kernel.heard(lambda m: isinstance(m, Heartbeat) and bool(m.degraded))
    assert isinstance(first, Heartbeat) and isinstance(second, Heartbeat)
    assert second.progress > first.progress and "being opened" in second.degraded[0].why
    kernel.heard(lambda m: isinstance(m, Heartbeat) and not m.degraded)
    assert sum(isinstance(m, Ready) for m in kernel.messages) == 1
    assert kernel.drain() == 0


def test_a_ledger_that_is_moved_away_ends_it_in_order(kernel: ServiceProcess) -> None:
    """Derived tables and readers are in the old folder: the next archive opens all in the new."""
    kernel.start({})
    kernel.ready()
    folder = kernel.home / "data" / "ledger"
    before = len(stored(kernel.home))
    folder.rename(kernel.home / "data" / "moved")
    assert kernel.ended() == 0
    kinds = [event.kind for event in stored(kernel.home)]
    assert "archive.salvaged" in kinds and len(kinds) > before
    kernel.start({})
    assert kernel.ready().facts["degraded"] == []
    assert kernel.drain() == 0
