"""The end of a campaign: the whole log, the whole course, and rules that can find something."""

from pathlib import Path

import pytest

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, new_id
from Kernel.contract.places import LEDGER
from tests.tools.chaos.fake_target import FakeLog, FakeSender, FakeTarget
from tests.zones.ledger.real_ledger import store
from tools.chaos.campaign import Round
from tools.chaos.checkup import Checkup, Costs, Sample
from tools.chaos.fault import Misses
from tools.chaos.process_faults import NOBODY
from tools.chaos.sender import KIND, Sender
from tools.chaos.verdict import final_checks


class Ours(FakeSender):
    """A sender whose campaign is called "ours"."""

    run = "ours"
    number_of = Sender.number_of


class Arena(FakeTarget):
    """A kernel whose arena has said nothing."""

    def arena_id(self) -> bytes:
        """Return its name."""
        return bytes(16)


class Been:
    """A campaign that has been: two events of ours, both promised and there."""

    def __init__(self, home: Path) -> None:
        self.target = Arena(home)
        self.sender = Ours(home)
        self.log = FakeLog(home, self.sender)
        self.checkup = Checkup(self.target, self.log)
        self.checkup.samples = {"archive": [Sample(0.0, 50.0, 20)] * 3}
        self.rounds = [Round(1.0, 5, ["kill it"], ["9 to 4"])]
        self.costs = {"kill it": Costs(Misses.NONE, [0]), NOBODY: Costs(Misses.NONE, [0])}
        store(home / LEDGER, [self.event(1), self.event(2)])
        self.sender.notes.sent = [1, 2]
        self.sender.notes.acknowledged = {1: 1, 2: 2}

    def event(self, number: int) -> Envelope:
        """Return an event of ours."""
        payload = pack({"run": "ours", "number": number})
        name = new_id(number, number.to_bytes(10, "big"))
        return Envelope(name, number, None, "scribe", KIND, 0, Level.INFO, payload)

    def wrong(self, left: int = 0) -> list[str]:
        """Return the names of the checks that do not hold."""
        return [each.name for each in final_checks(self, left) if not each.holds]


@pytest.fixture
def been(tmp_path: Path) -> Been:
    """Give a campaign in which all held."""
    return Been(tmp_path)


def test_a_sound_campaign_holds(been):
    """Each canary among them: every rule can find something."""
    names = [each.name for each in final_checks(been, 0)]
    assert been.wrong() == [] and len([name for name in names if name.startswith("canary")]) == 4


def test_each_thing_that_is_wrong_is_in_its_row(been):
    """Rounds, promises, what waits, ticks, growth: one row each, the others hold."""
    assert been.wrong(left=1) == ["all could be handed in"]
    been.rounds[0].breaches = ["a tick is lost"]
    assert been.wrong() == ["after each round all held"]
    been.rounds[0].breaches = []
    been.log.faults = ["the chain breaks"]
    assert been.wrong() == ["the chain"]
    been.sender.notes.acknowledged[3] = 3
    assert been.wrong() == ["nothing acknowledged is lost"]
    del been.sender.notes.acknowledged[3]
    been.costs["kill it"].missed = [9, 9, 9]
    assert been.wrong() == ["ticks missed: kill it"]
    been.costs["kill it"].missed = [0]
    been.checkup.samples["archive"] = [Sample(0.0, 50.0 + 90 * step, 20) for step in range(3)]
    assert been.wrong() == ["archive takes no more"]


def test_many_breaches_are_told_in_short(been):
    """The first ones, and how many more."""
    been.rounds[0].breaches = [f"breach {number}" for number in range(9)]
    (first, *_others) = final_checks(been, 0)
    assert first.found.endswith("breach 4; 4 more")


def test_a_rule_that_is_blind_is_found(been, monkeypatch):
    """A canary that nobody finds means that the other rows prove nothing."""
    monkeypatch.setattr("tools.chaos.verdict.check_flat", lambda _samples: [])
    monkeypatch.setattr("tools.chaos.verdict.check_sender", lambda *_: [])
    assert "canary: an event that is lost is found" in been.wrong()
