"""What a ledger has got since the last look is read once, and held to what was promised."""

from pathlib import Path

import pytest

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, new_id
from Kernel.contract.places import LEDGER
from tests.tools.chaos.fake_target import FakeSender
from tests.zones.ledger.real_ledger import store
from tools.chaos.log_follower import LogFollower
from tools.chaos.log_rules import SPILLED
from tools.chaos.sender import KIND, Sender


def event(number: int, kind: str = KIND, **fields: object) -> Envelope:
    """Return an event of our sender, or of another kind."""
    payload = pack({"run": "ours", "number": number, **fields})
    name = new_id(number, number.to_bytes(10, "big"))
    return Envelope(name, number, None, "scribe", kind, 0, Level.INFO, payload)


class Ours(FakeSender):
    """A sender whose campaign is called "ours"."""

    run = "ours"
    number_of = Sender.number_of


@pytest.fixture
def sender(tmp_path: Path) -> Ours:
    """Give one whose home has a ledger with two events of others."""
    store(tmp_path / LEDGER, [event(1, "chaos.before"), event(2, "chaos.before")])
    return Ours(tmp_path)


def test_what_was_before_is_taken_as_it_is(sender):
    """Only what comes later is read, once."""
    follower = LogFollower(sender.home, sender)
    assert follower.first == 3 and follower.look() == [] and follower.events == 0
    store(sender.home / LEDGER, [event(3), event(4)])
    assert follower.look() == [] and follower.events == 2
    assert follower.look() == [] and follower.events == 2


def test_what_was_promised_must_be_there(sender):
    """At the position that was said; one that was spilled may come any time."""
    follower = LogFollower(sender.home, sender)
    sender.notes.acknowledged |= {1: 3, 2: SPILLED, 3: 5}
    store(sender.home / LEDGER, [event(1), event(3)])
    assert follower.look() == ["event 3 was stored at 5, and is not there"]
    assert follower.look() == [], "it is told once"


def test_what_the_archive_says_is_lost_is_told(sender):
    """Its alarms are events of the log itself."""
    follower = LogFollower(sender.home, sender)
    store(sender.home / LEDGER, [event(9, "archive.gap")])
    (told,) = follower.look()
    assert told.startswith("the archive says archive.gap at 3: ")


def test_the_lies_of_a_liar_are_refused_by_right(sender):
    """That is no alarm; what somebody else says and is refused, is one."""
    follower = LogFollower(sender.home, sender, frozenset({"liar"}))
    said = [(8, "liar"), (9, "chronos")]
    events = [event(number, "archive.refused", **{"from": zone}) for number, zone in said]
    store(sender.home / LEDGER, events)
    (told,) = follower.look()
    assert told.startswith("the archive says archive.refused at 4: ")
