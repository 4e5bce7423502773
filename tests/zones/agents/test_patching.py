"""The Patcher in its zone: from a dropped file over the log and the kernel to our own file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import Refused
from Kernel.contract.messages import Answer
from Kernel.contract.places import LEDGER
from tests.support.wait import wait_until
from tests.zones.agents.mutation_history import FORAGER_1, HISTORY, applied, failed, id_of, ready
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import index, store
from zones.agents import patching as module
from zones.agents.patcher import AGAIN_S
from zones.agents.patching import Patching
from zones.runtime.trait_store import TraitStore

MINE = "class Mine(Trait):\n    async def execute(self, entity):\n        entity.eat(0.5)\n"


class FakeRoad:
    """A kernel that answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[int, Answer] = {}
        self.full = False

    def ask(self, name: str, args: dict[str, Any]) -> int:
        if self.full:
            raise Refused("cannot do 'apply': too many wait")
        assert name == "apply"
        self.asked.append(args)
        return len(self.asked)

    def take_answer(self, request_id: int) -> Answer | None:
        return self.answers.pop(request_id, None)


class Zone:
    """A Patcher in its place, with a log that it hears, and a clock."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.road = FakeRoad()
        self.told: list[tuple[str, dict[str, Any], str]] = []
        self.now_s = 0.0
        self.position = 0
        self.patching = Patching(home, self.road, self._tell, "stable", "all")

    def _tell(self, kind: str, payload: dict[str, Any], cause: str) -> bytes:
        self.told.append((kind, payload, cause))
        return event_id(1000 + len(self.told))

    def turn(self, *, caught_up: bool = True) -> None:
        self.now_s += 0.3
        self.patching.turn(self.now_s, caught_up=caught_up)

    def hear(self, *events: Envelope) -> None:
        for event in events:
            self.position += 1
            self.patching.take(self.position, event)

    def hear_told(self) -> None:
        """Let what was told last come back from the log."""
        kind, payload, _ = self.told[-1]
        self.hear(make(1000 + len(self.told), kind, payload=payload))

    def until(self, what: str, look: Any) -> None:
        def turned() -> bool:
            self.turn()
            return bool(look())

        wait_until(what, turned)

    def drop(self) -> Path:
        path = self.home / "mutations" / "mine.py"
        path.write_text(MINE)
        return path

    def proposals(self) -> list[dict[str, Any]]:
        return [payload for kind, payload, _ in self.told if kind == "mutation.proposed"]

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.home / "mutations").glob("*.py"))


@pytest.fixture
def zone(tmp_path: Path) -> Iterator[Zone]:
    zone = Zone(tmp_path)
    yield zone
    zone.patching.close()


def test_the_whole_way(zone: Zone) -> None:
    """Dropped, proposed, stored, asked for, applied: our file stands in its place."""
    zone.drop()
    zone.until("it is proposed", zone.proposals)
    for _ in range(5):
        zone.turn()
    assert zone.road.asked == [], "not before the proposal is stored"
    zone.hear_told()
    zone.turn()
    assert zone.road.asked == [
        {"source": MINE, "mutation_id": id_of(MINE), "carriers": "all", "zone": "stable",
         "cause": event_id(1001).hex()}
    ]  # fmt: skip
    TraitStore(zone.home).begin(MINE.encode())
    zone.hear(ready(1, MINE, 1), applied(2, MINE, 1))
    zone.road.answers[1] = Answer(1, True, {"accepted": True})
    zone.until("ours stands in its place", lambda: zone.files() == ["trait_mine_v1.py"])
    assert len(zone.proposals()) == 1 and len(zone.road.asked) == 1


def test_refused(zone: Zone) -> None:
    """The file stays, the refusal is told once, and nothing is asked again."""
    zone.drop()
    zone.until("it is proposed", zone.proposals)
    zone.hear_told()
    zone.turn()
    zone.road.answers[1] = Answer(1, True, {"accepted": False})
    zone.hear(failed(1, MINE, "validation"))
    zone.until("it is told", lambda: zone.told[-1][0] == "feed")
    for _ in range(5):
        zone.turn()
    assert zone.files() == ["mine.py"] and len(zone.road.asked) == 1
    assert [payload["action"] for kind, payload, _ in zone.told if kind == "feed"] == ["refused"]


@pytest.mark.parametrize("full", [True, False])
def test_not_now(zone: Zone, full: bool) -> None:
    """Where too many wait, or the kernel cannot, it is proposed again after a while."""
    zone.road.full = full
    zone.drop()
    zone.until("it is proposed", zone.proposals)
    zone.hear_told()
    zone.turn()
    if not full:
        zone.road.answers[1] = Answer(1, False, error="the world moves")
    zone.turn()
    zone.road.full = False
    for _ in range(5):
        zone.turn()
    assert len(zone.proposals()) == 1
    zone.now_s += AGAIN_S
    zone.until("it is proposed again", lambda: len(zone.proposals()) == 2)
    assert zone.proposals()[1]["attempt"] == 2


def test_what_was_before(tmp_path: Path) -> None:
    """The ledger is read once; what comes meanwhile is not lost, nor taken twice."""
    store(tmp_path / LEDGER, HISTORY[:9])
    index(tmp_path / LEDGER)
    TraitStore(tmp_path).begin(FORAGER_1.encode())
    zone = Zone(tmp_path)
    zone.position = 8
    zone.hear(HISTORY[8], *HISTORY[9:11])
    zone.until("the file is there", zone.files)
    text = (tmp_path / "mutations" / "trait_forager_v1.py").read_text()
    assert "# status: kept\n" in text and "eat what is near" in text
    zone.patching.close()


def test_it_waits_until_it_knows(tmp_path: Path) -> None:
    """Before the log is caught up with, its own files would look like new ones."""
    (tmp_path / "mutations").mkdir()
    zone = Zone(tmp_path)
    zone.drop()
    wait_until("the ledger is read", lambda: zone.patching._past.found)
    for _ in range(5):
        zone.turn(caught_up=False)
    assert not zone.told
    zone.until("it is proposed", zone.proposals)
    zone.patching.close()


def test_what_does_not_work_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No inotify, a ledger that cannot be read: degraded, each with what helps."""
    (tmp_path / LEDGER).mkdir(parents=True)
    (tmp_path / LEDGER / "ledger.sqlite3").write_bytes(b"no database" * 1000)
    monkeypatch.setattr(module, "FolderWatch", Blind)
    zone = Zone(tmp_path)
    wait_until("the ledger is looked at", lambda: zone.patching._past.found)
    told = zone.patching.degraded()
    assert told[0].why == "no inotify" and "max_user_watches" in told[0].hint
    zone.patching.close()


class Blind:
    """A watch without inotify."""

    degraded = "no inotify"

    def __init__(self, _folder: Path) -> None:
        pass

    def is_due(self, _now_s: float) -> bool:
        return True

    def close(self) -> None:
        pass
