"""The fold over the life of mutations: one event after the other, and what comes of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zones.agents.mutation_history import (
    FORAGER_1,
    FORAGER_2,
    FORAGER_3,
    HISTORY,
    OUTSIDE,
    applied,
    failed,
    hash_of,
    id_of,
    proposed,
    ready,
    tried,
)
from tests.zones.ledger.paper_ledger import make
from zones.agents import mutations as fold
from zones.agents.mutation import STATUSES, Mutation
from zones.agents.mutations import Mutations
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.trait_store import file_name


def folded(*events: object) -> Mutations:
    mutations = Mutations()
    for position, event in enumerate(events or HISTORY, 1):
        mutations.take(LedgerEvent(position, event))
    return mutations


def one(source: str, mutations: Mutations | None = None) -> Mutation:
    found = (mutations or folded()).get(id_of(source))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("source", "status", "stage", "back"),
    [
        (FORAGER_1, "kept", "", ""),
        (OUTSIDE, "refused", "validation", ""),
        (FORAGER_2, "rolled_back", "guard", "Forager_v1"),
        (FORAGER_3, "quarantined", "execution", "Forager_v1"),
    ],
)
def test_what_it_came_to(source: str, status: str, stage: str, back: str) -> None:
    """Status, stage, and what carriers go back to, follow from the events."""
    found = one(source)
    assert (found.status, found.stage, found.rollback_to) == (status, stage, back)


def test_where_it_came_from() -> None:
    """Author, model, prompt, plan and trigger are those of who proposed it; else the console."""
    first = one(FORAGER_1)
    assert (first.author, first.model, first.prompt_hash[:4]) == ("ollama", "llama3:8b", "abab")
    assert (first.plan, first.trigger, first.position) == ("plan_1", "trig_1", 5)
    assert one(FORAGER_3).author == "console"


def test_ticks_and_lines() -> None:
    """Ticks are those that events name; a refusal has its line and rule."""
    assert one(FORAGER_1).applied_at_tick == 900
    assert one(FORAGER_1).ended_at_tick == 1100
    refused = one(OUTSIDE)
    assert (refused.line, refused.rule, refused.applied_at_tick) == (1, "import", None)


def test_its_effect_is_that_of_what_it_promised() -> None:
    """From its trial, until it was measured with and without it."""
    first, second = one(FORAGER_1).effect, one(FORAGER_2).effect
    assert first is not None and second is not None
    assert (first["metric"], first["pairs"], first["from"]) == ("population", 16, "measured")
    assert (second["metric"], second["mean"], second["from"]) == ("population", 2.0, "trial")


def test_a_trial_before_anybody_proposed_it_counts_too() -> None:
    """A trait that is added at the console is tried before its mutation is told of."""
    found = one(FORAGER_1, folded(tried(1, FORAGER_1), ready(2, FORAGER_1, 1)))
    assert found.trial["ticks"] == 1000 and found.effect is not None


def test_the_trial_that_let_it_in_counts() -> None:
    """Not the one by which its author had chosen it before."""
    events = [tried(1, FORAGER_1, 9.0), proposed(2, FORAGER_1), tried(3, FORAGER_1, 2.0)]
    found = one(FORAGER_1, folded(*events, ready(4, FORAGER_1, 1)))
    assert found.effect is not None and found.effect["mean"] == 2.0


def test_a_trial_of_later_on_changes_nothing() -> None:
    """What somebody tries again with a trait that is in the world is no forecast for it."""
    events = [tried(1, FORAGER_1), ready(2, FORAGER_1, 1), applied(3, FORAGER_1, 1)]
    found = one(FORAGER_1, folded(*events, tried(4, FORAGER_1, mean=-50.0)))
    assert found.effect is not None and found.effect["mean"] == 4.0


def test_the_guard() -> None:
    """When it began, what is degraded about it, why it tripped."""
    assert one(FORAGER_1).guard == {
        "begun_at_tick": 900, "ticks": 2000, "degraded": "four seeds",
    }  # fmt: skip
    assert one(FORAGER_2).guard["reason"] == "below the band 3 times"


def test_the_same_code_again_is_the_same_mutation() -> None:
    """What it came to the last time gives way; that it was proposed before stays."""
    events = [proposed(1, FORAGER_1), failed(2, FORAGER_1, "trial"), proposed(3, FORAGER_1)]
    found = one(FORAGER_1, folded(*events))
    assert (found.status, found.stage, found.attempts, found.position) == ("proposed", "", 2, 3)
    assert len(list(folded(*events))) == 1


def test_quarantine_and_release_by_hash() -> None:
    """Where the event names the code, no other is needed; a release ends the quarantine."""
    told = {"zone": "stable", "slot": 0, "why": "by hand", "code_hash": hash_of(FORAGER_1)}
    events = [ready(1, FORAGER_1, 1), applied(2, FORAGER_1, 1)]
    events.append(make(3, "trait.quarantined", zone="kernel", payload=told))
    found = one(FORAGER_1, folded(*events))
    assert (found.status, found.reason) == ("quarantined", "by hand")
    told = {"name": "Forager", "version": 1, "code_hash": hash_of(FORAGER_1)}
    found = one(FORAGER_1, folded(*events, make(4, "trait.released", zone="kernel", payload=told)))
    assert (found.status, found.rollback_to) == ("rolled_back", "none")


def test_what_the_world_has_is_not_refused_by_asking_again() -> None:
    """Proposed or added once more, it is there as before."""
    events = [ready(1, FORAGER_1, 1), applied(2, FORAGER_1, 1)]
    again = [proposed(3, FORAGER_1), failed(4, FORAGER_1, "trial")]
    assert one(FORAGER_1, folded(*events, *again)).status == "applied"


@pytest.mark.parametrize("name", ["", "mut\x1b[2J", "mut 1; reboot", "m" * 65, "mut\n1"])
def test_an_id_that_steers_a_terminal_is_none(name: str) -> None:
    """It stands in commands that people paste: such an event is about nothing."""
    event = make(1, "mutation.proposed", zone="sandbox", payload={"mutation_id": name})
    assert not list(folded(event))


def test_removed_by_hand() -> None:
    """What it came to stays; that it is gone is told beside it, until it comes in again."""
    events = [ready(1, FORAGER_1, 1), applied(2, FORAGER_1, 1)]
    told = {"zone": "stable", "name": "Forager", "version": 1, "code_hash": hash_of(FORAGER_1)}
    events.append(make(3, "trait.removed", zone="kernel", payload=told))
    found = one(FORAGER_1, folded(*events))
    assert (found.status, found.removed_at_tick) == ("applied", 3)
    assert one(FORAGER_1, folded(*events, applied(4, FORAGER_1, 1))).removed_at_tick is None


@pytest.mark.parametrize(
    ("word", "sources"),
    [
        (id_of(FORAGER_1), [FORAGER_1]),
        (id_of(FORAGER_1)[:9], [FORAGER_1]),
        (hash_of(FORAGER_1)[:6], [FORAGER_1]),
        (id_of(FORAGER_1)[:5], []),
        ("mut_zzzzzz", []),
    ],
)
def test_beginnings(word: str, sources: list[str]) -> None:
    """Six characters of an id are enough, with mut_ or without; fewer mean nothing."""
    assert folded().beginning(word) == [one(each) for each in sources]


def test_names() -> None:
    """A version's name, a plan, a trigger, a hash."""
    mutations = folded()
    assert [each.version for each in mutations.called("forager_v2")] == [2]
    assert len(mutations.called("plan_1")) == len(mutations.called("trig_1")) == 4
    assert mutations.called(hash_of(OUTSIDE)) == [one(OUTSIDE)]
    versions = mutations.versions_of("forager", file_name)
    assert [each.version for each in versions] == [1, 2, 3]


def test_there_and_back() -> None:
    """What is kept of it as plain data makes it again, and goes on from there."""
    for cut in range(len(HISTORY)):
        again = Mutations()
        again.restore(folded(*HISTORY[: cut or 1]).plain())
        for position, event in enumerate(HISTORY[cut or 1 :], (cut or 1) + 1):
            again.take(LedgerEvent(position, event))
        assert [each.status for each in again] == [each.status for each in folded()]


def test_it_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many mutations the oldest is forgotten, of trials, plans and triggers as well."""
    monkeypatch.setattr(fold, "RECORDS_MAX", 2)
    monkeypatch.setattr(fold, "TRIALS_MAX", 1)
    sources = [f"class T{number}(Trait):\n    pass\n" for number in range(4)]
    mutations = folded(*(proposed(number, each) for number, each in enumerate(sources, 1)))
    assert [each.id for each in mutations] == [id_of(each) for each in sources[2:]]
    assert mutations.of_hash(hash_of(sources[0])) is None


VALUES = st.one_of(
    st.none(), st.integers(-3, 3), st.text(max_size=5), st.lists(st.integers(0, 9), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
    st.sampled_from(["mut_1", "mut_2", "execution", "guard"]),
)  # fmt: skip
KEYS = ["mutation_id", "trait_name", "version", "code_hash", "stage", "rollback_to", "effect",
        "params", "plan_id", "trigger_id", "tick", "measured", "name", "faults"]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.sampled_from(list(fold._ACTS)), st.dictionaries(st.sampled_from(KEYS), VALUES))
    )
)
def test_nothing_that_is_sent_breaks_it(told: list[tuple[str, dict[str, object]]]) -> None:
    """Whatever stands in payloads, statuses are those there are, and it comes back from a copy."""
    events = [make(number, kind, payload=payload) for number, (kind, payload) in enumerate(told, 1)]
    mutations = folded(*events) if events else Mutations()
    assert all(each.status in STATUSES for each in mutations)
    again = Mutations()
    again.restore(mutations.plain())
    assert again.plain() == mutations.plain()


def test_what_its_author_did_not_take_is_refused() -> None:
    """Unless somebody wanted the same code before: what it came to then stays."""
    aside = proposed(1, FORAGER_3, aside=True), failed(2, FORAGER_3, "trial", aside=True)
    assert one(FORAGER_3, folded(*aside)).status == "refused"
    for known in ((proposed(1, FORAGER_3),), (applied(1, FORAGER_3, 1),)):
        before = one(FORAGER_3, folded(*known))
        later = proposed(8, FORAGER_3, aside=True), failed(9, FORAGER_3, "trial", aside=True)
        assert one(FORAGER_3, folded(*known, *later)) == before
    again = folded(*aside, proposed(3, FORAGER_3), failed(4, FORAGER_3, "trial"))
    assert not one(FORAGER_3, again).aside and one(FORAGER_3, again).status == "refused"
