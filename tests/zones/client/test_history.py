"""What a program gets of the ledger: a world's own past, any events, and why something was."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import Level, id_text
from Kernel.contract.errors import NoLedger, Refused, UsageError
from Kernel.contract.places import LEDGER
from tests.zones.client.paper_world import PaperWorld
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import index, store
from zones.client import open_home
from zones.client.history import NEWEST_MAX, read_history
from zones.client.tables import events_table
from zones.runtime import ledger_reading

ARENA, OTHER = "a1" * 16, "b2" * 16
KINDS = ("telemetry", "world.lineage", "input.applied")


def positions(folder: Path, kinds: Any = "telemetry", newest: int = 500) -> list[int]:
    return [row["position"] for row in read_history(folder, ARENA, kinds, newest)]


@pytest.fixture(params=[True, False], ids=["indexed", "plain"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A ledger of two worlds, of others, and of something that was lost."""
    kinds = (*KINDS, "telemetry.other", "telemetry2", "world", "telemetry")
    events = [make(n, kind, agent=ARENA, payload={"n": n}) for n, kind in enumerate(kinds, 1)]
    events += [make(n, agent=OTHER) for n in range(8, 12)]
    events.append(make(12, agent="coder-1", zone="sandbox"))
    lost = {"first": 3, "last": 5, "why": "overwritten", "of": f"stable {ARENA}"}
    events.append(make(13, "archive.gap", zone="archive", level=Level.ERROR, payload=lost))
    events.append(make(14, "archive.gap", zone="archive", payload=lost | {"of": f"x {OTHER}"}))
    events.append(make(15, agent=ARENA))
    store(tmp_path, events)
    if request.param:
        index(tmp_path)
    yield tmp_path


def test_rows_are_flat(home: Path) -> None:
    """A row has the event's own fields, and its place, tick and kind; oldest first."""
    world = PaperWorld(home / "data" / "arenas")
    opened = open_home(home)
    assert opened.history() == [], "no ledger yet"
    payload = {"entity_count": 5, "genes": [0.5, 0.25], "raw": b"xy", "kind": "mine"}
    events = [make(n, agent=world.arena, tick=300 * n, payload=payload) for n in (1, 2)]
    store(home / LEDGER, events)
    rows = opened.history()
    assert [row["tick"] for row in rows] == [300, 600]
    assert rows[0] == {
        "kind": "telemetry",
        "tick": 300,
        "entity_count": 5,
        "genes": [0.5, 0.25],
        "raw": {"$bytes": "eHk="},
        "position": 1,
    }


def test_kinds(folder: Path) -> None:
    """One kind, several, all that begin with a word, or every kind with what was lost."""
    assert positions(folder) == [1, 4, 7, 15]
    assert positions(folder, "world") == [2, 6]
    assert positions(folder, ["world.lineage", "input.applied"]) == [2, 3]
    assert positions(folder, None) == [*range(1, 8), 13, 15]
    assert positions(folder, ()) == []
    assert positions(folder, "archive") == [13]


def test_newest_and_no_more(folder: Path) -> None:
    """The newest of one world, whoever else has spoken since."""
    assert positions(folder, newest=2) == [7, 15]
    assert positions(folder, None, newest=3) == [7, 13, 15]


def test_without_an_index_only_so_many_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies far back is found by the index only."""
    monkeypatch.setattr(ledger_reading, "READ_MAX", 5)
    indexed = (folder / "index.sqlite3").exists()
    assert positions(folder) == ([1, 4, 7, 15] if indexed else [15])


@pytest.mark.parametrize("newest", [0, -1, NEWEST_MAX + 1, True, 2.0])
def test_how_many_has_limits(home: Path, newest: int) -> None:
    """A number of rows outside the limits is refused."""
    PaperWorld(home / "data" / "arenas")
    opened = open_home(home)
    with pytest.raises(UsageError, match=f"it takes 1 to {NEWEST_MAX}"):
        opened.history(newest=newest)
    with pytest.raises(UsageError, match=f"it takes 1 to {NEWEST_MAX}"):
        opened.events(newest=newest)


@pytest.fixture
def opened(home: Path) -> Any:
    PaperWorld(home / "data" / "arenas")
    store(
        home / LEDGER,
        [
            make(1, "command.taken", zone="kernel", payload={"command": "drill"}),
            make(2, "zone.died", zone="kernel", cause=1, payload={"zone": "stable", "pid": 7}),
            make(3, payload={"entity_count": 5}),
        ],
    )
    return open_home(home)


def test_events(opened: Any) -> None:
    """Events of everybody, by the filters and points in time of the console."""
    assert [event["position"] for event in opened.events()] == [1, 2, 3]
    assert [event["kind"] for event in opened.events("zone=stable")] == ["zone.died", "telemetry"]
    assert [event["position"] for event in opened.events("kind!=telemetry", newest=1)] == [2]
    assert [event["position"] for event in opened.events(since="tick:2", until="#2")] == [2]
    assert opened.events("pid=7")[0]["payload"] == {"zone": "stable", "pid": 7}
    with pytest.raises(UsageError, match="no event of molt has it"):
        opened.events("foo=bar")
    with pytest.raises(UsageError, match="cannot filter"):
        opened.events("nonsense")


def test_why(opened: Any) -> None:
    """The chain to the root, by position or id, and what came of it."""
    told = opened.why(2)
    assert [event["kind"] for event in told["causes"]] == ["command.taken"]
    assert told["complete"] and told["root"] == id_text(event_id(1))
    assert [effect["position"] for effect in opened.why(told["root"], effects=True)["effects"]] == [
        2
    ]
    with pytest.raises(Refused, match="cannot find"):
        opened.why("nothing")


def test_a_home_without_a_ledger(home: Path) -> None:
    """It has no history, and no events to ask for."""
    PaperWorld(home / "data" / "arenas")
    for ask in (open_home(home).events, lambda: open_home(home).why(1)):
        with pytest.raises(NoLedger):
            ask()


@pytest.mark.slow
def test_table(opened: Any) -> None:
    """A row for each event, its payload in columns of their own, its time a date."""
    pytest.importorskip("pandas", reason="pandas is not installed: molt[science]")
    table = events_table(opened.events())
    assert table["kind"].tolist() == ["command.taken", "zone.died", "telemetry"]
    assert table["payload.pid"].tolist()[1] == 7
    assert str(table["time"].dtype) == "datetime64[ns, UTC]"
    assert events_table(opened.history(None)).empty
