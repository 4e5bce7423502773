"""What the evolution bench makes of a log and of how worlds ended."""

from typing import Any

import pytest

from Kernel.contract.envelope import Envelope
from tests.bench.evolution import measure, tell_shares, tell_world
from tests.bench.evolution_story import Story, is_gain, tell_story
from tests.bench.evolution_worlds import Ended
from tests.bench.recovery import TRIALS, Recovery
from tests.bench.starving import judge_story, tell_mutation
from tests.zones.agents.mutation_history import (
    FORAGER_1,
    FORAGER_2,
    HISTORY,
    OUTSIDE,
    about,
    applied,
    failed,
    id_of,
    kept,
)
from tests.zones.ledger.paper_ledger import make
from zones.agents.mutation import Mutation
from zones.runtime.ledger_event import LedgerEvent

WELL = Recovery(True, "", 900, 0.0, 1.0, 40, 50.0)
ILL = Recovery(False, "died out", 900, 1.0, 1.0, 0, 10.0)


def story(*events: Envelope) -> Story:
    return tell_story(LedgerEvent(place, event) for place, event in enumerate(events, 1))


def test_a_history_is_counted() -> None:
    """Mutations by status, seconds to the first that was applied, what was a gain."""
    found = story(*HISTORY)
    assert (found.count("kept"), found.count("refused")) == (1, 1)
    assert (found.count("rolled_back"), found.count("quarantined")) == (1, 1)
    assert found.applied_s == [8.0], "of each trigger the first"
    assert [each.id for each in found.kept_for_good()] == [id_of(FORAGER_1)]
    assert found.kinds["evolution.trigger"] == 1


def test_causes_are_walked_to_their_end() -> None:
    """A walk to telemetry or to somebody's wish explains; one that breaks off does not."""
    begin = [
        make(1, "telemetry", payload={"tick": 300}),
        make(2, "evolution.trigger", cause=1, payload={"trigger_id": "trig_1"}),
    ]
    whole = failed(3, OUTSIDE, "validation")
    torn = failed(4, FORAGER_1, "trial")
    cause = begin[1].id
    told = story(*begin, *(_caused(each, by) for each, by in ((whole, cause), (torn, b""))))
    assert told.walks[id_of(OUTSIDE)] == ["mutation.failed", "evolution.trigger", "telemetry"]
    assert told.unexplained() == [id_of(FORAGER_1)]
    assert [each["tick"] for each in told.telemetry] == [300]


def test_taken_back_is_counted_from_the_decision() -> None:
    """The ticks between the guard's decision and the one that has carried it out."""
    trip = make(3, "guard.tripped", payload=about(FORAGER_2, version=2, tick=1900))
    told = story(applied(2, FORAGER_2, 2), trip, failed(4, FORAGER_2, "guard", "none", tick=1901))
    assert told.taken_back == [1]
    assert not story(kept(2, FORAGER_2, 2), failed(4, FORAGER_2, "trial", tick=5)).taken_back


@pytest.mark.parametrize(
    ("effect", "better", "gain"),
    [
        ({"low": 0.1, "high": 2.0, "from": "measured"}, "more", True),
        ({"low": -0.1, "high": 2.0, "from": "measured"}, "more", False),
        ({"low": -2.0, "high": -0.1, "from": "measured"}, "less", True),
        ({"low": 0.1, "high": 2.0, "from": "measured"}, "less", False),
        ({"low": 0.1, "high": 2.0, "from": "trial"}, "more", False),
        ({"low": None, "high": None, "from": "measured"}, "more", False),
        (None, "more", False),
    ],
)
def test_a_gain_has_its_whole_interval(
    effect: dict[str, Any] | None, better: str, gain: bool
) -> None:
    """Only what was measured without it counts, and only with zero outside of the interval."""
    assert is_gain(Mutation("mut_1", effect=effect, better=better)) is gain


def test_shares_and_rows() -> None:
    """A share by traits alone leaves out worlds whose parameters were changed, not their number."""
    changed = Story(mutations=[Mutation("mut_1", status="kept", params={"mutation": 0.1})])
    on = [Ended(1, WELL, Story()), Ended(2, WELL, changed), Ended(3, ILL, Story())]
    row = tell_shares(TRIALS[0], on, [Ended(seed, ILL) for seed in (1, 2, 3)])
    shares = (row["on_share"], row["on_share_by_traits_alone"], row["off_share"])
    assert shares == (0.667, 0.333, 0.0)
    told = tell_world(TRIALS[0], on[1])
    assert (told["world"], told["kept"], told["by_params"]) == ("starving 2", 1, True)


def test_the_promise_is_judged() -> None:
    """A gain, others undone with a reason, and a walk to telemetry of each."""
    found = story(*HISTORY)
    lit = {each.id: ["mutation.kept", "telemetry"] for each in found.mutations}
    assert [goal.value for goal in judge_story(found, lit)][2:] == [0, 0]
    assert judge_story(found, lit)[0].met and judge_story(found, lit)[1].met
    dark = lit | {id_of(OUTSIDE): ["mutation.failed"]}
    assert not judge_story(found, dark)[3].met
    assert not judge_story(Story(), {})[0].met
    assert tell_mutation(found.kept_for_good()[0], lit[id_of(FORAGER_1)])["gain"] is True


def test_it_is_a_bench() -> None:
    """It is called as all of them are."""
    assert callable(measure)


def _caused(event: Envelope, cause: bytes) -> Envelope:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return Envelope(**(fields | {"cause": cause}))
