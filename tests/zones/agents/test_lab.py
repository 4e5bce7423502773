"""The Lab: handed over between two threads, in order, asked again when too many wait."""

import threading
from typing import Any

import pytest

from Kernel.contract.errors import Refused
from Kernel.contract.messages import Answer
from zones.agents.lab import AT_ONCE, BATCH_MAX, TRIES_MAX, BusLab, outcome_of, parts_of
from zones.agents.thoughts import AuthorFailed, Cancelled, Outcome

EFFECT = {"metric": "births", "mean": 2.0, "low": 1.0, "high": 3.0, "control": 9.0, "pairs": 4}


class Killer:
    """A kernel whose trials of batches somebody kills: so often, or always."""

    def __init__(self, kills: int) -> None:
        self.road, self.kills = Road(), kills

    def ask(self, name: str, args: dict[str, Any]) -> int:
        """Take an ask."""
        return self.road.ask(name, args)

    def take_answer(self, number: int) -> Answer | None:
        """Answer at once."""
        if self.kills:
            self.kills -= 1
            told = {"accepted": False, "rule": "killed", "stage": "trial", "reason": "killed"}
            return Answer(number, True, told)
        return self.road.take_answer(number)


@pytest.mark.parametrize("kills", [1, 100])
def test_a_batch_that_somebody_kills(kills: int) -> None:
    """It is tried again; at last its one verdict is that of every source that was in it."""
    found = tried(Killer(kills), ["a", "b", "c"])  # type: ignore[arg-type]
    assert isinstance(found, list) and len(found) == 3
    assert all(each.accepted == (kills == 1) for each in found)
    assert kills == 1 or {each.rule for each in found} == {"killed"}


class Road:
    """A kernel that answers what is asked, or refuses as often as it is told."""

    def __init__(self, busy: int = 0, full: int = 0) -> None:
        self.asked: list[dict[str, Any]] = []
        self.busy, self.full = busy, full

    def ask(self, name: str, args: dict[str, Any]) -> int:
        """Take an ask."""
        assert name == "trial"
        if self.full:
            self.full -= 1
            raise Refused("cannot ask: full")
        self.asked.append(args)
        return len(self.asked)

    def take_answer(self, number: int) -> Answer | None:
        """Answer at once."""
        if self.busy:
            self.busy -= 1
            return Answer(number, False, {}, "cannot try: 2 run and 16 wait")
        args = self.asked[number - 1]
        told = [
            {"accepted": "bad" not in each, "reason": each, "faults": {}, "effect": [EFFECT]}
            for each in args.get("sources", [args.get("source", str(args.get("params")))])
        ]
        return Answer(number, True, told[0] if "sources" not in args else {"verdicts": told})


def tried(road: Road, sources: list[str], stop: bool = False) -> list[Outcome] | BaseException:
    """Return what comes of sources that are tried on another thread."""
    lab = BusLab("stable", "all")
    found: list[Any] = []

    def author() -> None:
        try:
            found.append(lab.for_thought("ab", lambda: stop).try_sources(sources, 30, 2))
        except (AuthorFailed, Cancelled) as error:
            found.append(error)

    thread = threading.Thread(target=author)
    thread.start()
    now_s = 0.0
    while thread.is_alive():
        lab.pump(road, now_s)
        now_s += 1.0
        thread.join(0.001)
    return found[0]  # type: ignore[no-any-return]


def test_outcomes_come_in_the_order_of_what_was_tried() -> None:
    """Sources go together as far as one message takes them; each ask names world and cause."""
    sources = [f"source {number}" for number in range(3 * BATCH_MAX + 1)]
    road = Road(busy=3, full=2)
    outcomes = tried(road, sources)
    assert isinstance(outcomes, list) and [each.reason for each in outcomes] == sources
    assert outcomes[0].effects["births"]["low"] == 1.0
    assert all(each["cause"] == "ab" and each["zone"] == "stable" for each in road.asked)
    assert len(road.asked) == 4 + 3 and AT_ONCE >= 1


def test_a_kernel_that_never_can_ends_the_thought() -> None:
    """It is asked again many times, and then that is no answer of the author's."""
    error = tried(Road(busy=10 * TRIES_MAX), ["a"])
    assert isinstance(error, AuthorFailed) and "16 wait" in error.message


def test_a_thought_nobody_wants_any_more_waits_no_longer() -> None:
    """It is cancelled in the middle."""
    assert isinstance(tried(Road(busy=10 * TRIES_MAX), ["a"], stop=True), Cancelled)


def test_long_sources_go_in_parts_of_their_own() -> None:
    """No part is larger than a message; none is empty, all are there."""
    sources = ["x" * 30_000, "y" * 30_000, *("z" for _ in range(20))]
    parts = parts_of(sources)
    assert [source for part in parts for source in part] == sources and all(parts)
    assert len(parts[0]) == 1
    assert parts_of([]) == []


@pytest.mark.parametrize("verdict", [{}, {"accepted": False, "stage": "trial", "line": 3}])
def test_a_verdict_may_lack_what_it_does_not_know(verdict: dict[str, Any]) -> None:
    """A refusal before the trial has no effect and no calls."""
    outcome = outcome_of(verdict)
    assert not outcome.accepted and not outcome.effects and outcome.calls == 0
