"""Many sources beside the same controls: each has the verdict that it would have by itself."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.errors import MoltError
from tests.zones.world.trial.stage import DRIFTER, EATER, IDLE, context, missing, trial
from zones.world.trial import batch, coordinator
from zones.world.trial.coordinator import try_trait
from zones.world.trial.job import BadJob, Job, parse_job
from zones.world.trial.judging import Outcome, Undecided
from zones.world.trial.runs import How

pytestmark = pytest.mark.slow
BAD = b"import os"
TYPO = IDLE.replace(b"pass", b"entity.colour = '#ff0000'")


@pytest.fixture(autouse=True)
def ready():
    """Load every kernel before the first child."""
    missing()


def try_all(sources, more=None, **asked):
    """Return what is said of some sources."""
    asked = {"ticks": 30, "seeds": 2, **asked}
    job = Job("stable", Path("/nowhere"), lengths=tuple(map(len, sources)), **asked)
    return try_trait(job, b"".join(sources), more or context())


def test_each_has_the_verdict_it_would_have_alone():
    """In their order: rule, effect and calls; only the tiers are not compared."""
    sources = [DRIFTER, BAD, EATER, IDLE, TYPO]
    told = try_all(sources)
    assert told["kind"] == "batch"
    for source, each in zip(sources, told["verdicts"], strict=True):
        alone = trial(source, ticks=30, seeds=2)
        for key in (
            "code_hash",
            "accepted",
            "rule",
            "effect",
            "calls",
            "tier",
            "name",
            "unchanged",
        ):
            assert each.get(key) == alone.get(key), (source, key)
    assert [each["accepted"] for each in told["verdicts"]] == [True, False, True, True, False]
    assert "compare" not in told["verdicts"][0]["seconds"]


def test_one_source_is_a_batch_too():
    """It needs no second lane."""
    assert [each["accepted"] for each in try_all([IDLE])["verdicts"]] == [True]


def test_a_control_that_comes_to_no_good_end_says_nothing_of_anybody(monkeypatch):
    """The world itself is at fault."""
    ended = [Outcome(How.DIED, "died")]
    monkeypatch.setattr(batch, "live_orders", lambda *_: ended)
    with pytest.raises(Undecided, match="the control died"):
        try_all([IDLE])


def test_a_lane_that_is_ended_is_no_verdict(monkeypatch):
    """Whoever has killed it: nothing is said of any source."""
    parent = os.getpid()

    def die(*_):
        if os.getpid() != parent:
            os._exit(9)
        return {}

    monkeypatch.setattr(coordinator, "_try_beside", die)
    with pytest.raises(MoltError, match="one of its processes was ended"):
        try_all([IDLE, EATER])


def test_what_keeps_a_lane_from_a_verdict_is_told(monkeypatch):
    """As it would be in one process."""
    parent = os.getpid()

    def fail(*_):
        if os.getpid() != parent:
            raise MoltError("cannot try a trait: no room")
        return {}

    monkeypatch.setattr(coordinator, "_try_beside", fail)
    with pytest.raises(MoltError, match="cannot try a trait: no room"):
        try_all([IDLE, EATER])


def test_time_that_is_up_is_no_verdict():
    """It is nobody's fault."""
    with pytest.raises(MoltError, match="not done in time"):
        try_all([IDLE, EATER], replace(context(), until_s=time.monotonic() + 0.3), ticks=50_000)


@pytest.mark.parametrize(
    "more",
    [
        {"lengths": [1] * 17}, {"lengths": ["a"]}, {"lengths": [3], "add": True},
        {"lengths": [3], "scale": 2}, {"lengths": [3], "params": {"friction": 0.5}},
    ],
)  # fmt: skip
def test_what_no_batch_can_be(more):
    """It is refused before anything is tried."""
    with pytest.raises(BadJob):
        parse_job({"zone": "w", "home": "/nowhere", **more})


def test_sources_must_be_as_long_as_is_said():
    """Or nobody knows where one ends."""
    job = Job("stable", Path("/nowhere"), lengths=(3, 4))
    with pytest.raises(MoltError, match="not as long"):
        try_trait(job, b"12345", context())
