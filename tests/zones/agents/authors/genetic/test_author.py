"""The offline author as an `Author`: its thoughts are whole, reproducible and honest."""

import random

import pytest

from tests.zones.agents.authors.genetic.landscape import (
    PaperLab,
    brief,
    flat,
    never,
    planted,
)
from zones.agents.authors.genetic.author import TOLD_MAX, GeneticAuthor
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.thoughts import (
    Author,
    AuthorFailed,
    Cancelled,
    Failure,
    Outcome,
    Plan,
    Story,
    TraitFact,
)
from zones.traits.reading import check_source

PLAN = Plan("new_trait", "A new trait.", "mean_population", "more", "Forager")
SETTINGS = GeneticSettings(wall_s=1e9)


def author(seed: int = 1) -> GeneticAuthor:
    return GeneticAuthor(seed, settings=SETTINGS, clock=lambda: 0.0)


def test_is_an_author() -> None:
    """It has all that an author has, and says which one it is."""
    one: Author = author()
    assert one.name == "genetic"


def test_cycle_from_plan_to_review() -> None:
    """On a planted world a plan leads to a draft that is accepted, proven and approved."""
    one, about, lab = author(), brief(), PaperLab(planted)
    plan = one.plan(about, lab, never)
    draft = one.write(about, plan.value, (), lab, never)
    judged = one.review(about, plan.value, draft.value, never)
    assert judged.value.approved
    assert check_source(draft.value.source.encode()).name == plan.value.target_class
    assert "99.5 % interval" in draft.rationale
    assert draft.rejected
    assert draft.options[0] == draft.value.note.rstrip(".")
    for thought in (plan, draft, judged):
        assert len(thought.prompt_hash) == 64
        assert 0 < thought.confidence <= 1
        assert thought.model == ""


def test_same_seed_and_brief_same_thought() -> None:
    """Two authors of one seed write the same trait; another seed or trigger another search."""
    lab = PaperLab(planted)
    first, second = author().write(brief(), PLAN, (), lab, never), None
    asked = list(lab.asked)
    lab = PaperLab(planted)
    second = author().write(brief(), PLAN, (), lab, never)
    assert first == second
    assert lab.asked == asked
    lab = PaperLab(planted)
    author().write(brief(trigger="trig_2"), PLAN, (), lab, never)
    assert lab.asked != asked


def test_nothing_found_is_said() -> None:
    """Where nothing helps the author hands out nothing and says how much it has tried."""
    with pytest.raises(AuthorFailed, match="none of 16 traits tried in 2 generations"):
        author().write(brief(), PLAN, (), PaperLab(flat, salt=3), never)


def test_what_was_to_be_it_is_said_with_why_it_is_not() -> None:
    """Finalists without a proof are handed out as such, none of them as a draft."""
    lab = PaperLab(flat, noise=random.Random(4).uniform(1, 2))
    with pytest.raises(AuthorFailed) as failed:
        author().write(brief(), PLAN, (), lab, never)
    disproved = failed.value.disproved
    assert any("99.5 % interval" in each.reason for each in disproved)
    for each in disproved:
        assert "no proof of more mean_population" in each.reason
        assert (each.stage, each.rule) == ("trial", "proof")
        assert check_source(each.source.encode()).name == PLAN.target_class


def test_what_gave_way_to_a_better_one_is_said() -> None:
    """With what its trial has brought; the draft is none of them."""
    draft = author().write(brief(), PLAN, (), PaperLab(planted), never).value
    assert len(draft.disproved) == TOLD_MAX
    assert draft.source not in {each.source for each in draft.disproved}
    outdone = [each for each in draft.disproved if each.rule == "outdone"]
    assert outdone and all("mean_population: +" in each.reason for each in outdone)


def test_what_the_kernel_refused_is_said_too() -> None:
    """With the stage, rule and line that it was refused for."""
    lab = PaperLab(flat)
    refused = Outcome(False, "trial", "hung", 3, "it never ends")
    lab.try_sources = lambda sources, _ticks, _seeds: [refused] * len(sources)  # type: ignore[method-assign]
    with pytest.raises(AuthorFailed) as failed:
        author().write(brief(), PLAN, (), lab, never)
    told = {(each.stage, each.rule, each.line, each.reason) for each in failed.value.disproved}
    assert told == {("trial", "hung", 3, "it never ends")}


def test_failed_draft_is_not_written_again() -> None:
    """After a refusal another draft comes."""
    lab, one = PaperLab(planted), author()
    first = one.write(brief(), PLAN, (), lab, never)
    refused = Failure("Forager", "trial", "slow", source=first.value.source)
    again = one.write(brief(), PLAN, (refused,), lab, never)
    assert again.value.source != first.value.source


def test_better_version_begins_from_the_one_there_is() -> None:
    """A trait of ours is found again by its source, and changed rather than thrown away."""
    lab, one = PaperLab(planted), author()
    first = one.write(brief(), PLAN, (), lab, never)
    fact = TraitFact("Forager", 1, "active", "native", 10, 0, first.value.source)
    plan = Plan("modify_trait", "A better one.", "mean_population", "more", "Forager")
    second = one.write(brief(traits=(fact,)), plan, (), lab, never)
    assert second.value.source != first.value.source
    assert planted(second.value.source) > 3.0


def test_gives_up_when_nobody_wants_it() -> None:
    """Every thought ends with Cancelled when it is not wanted any more."""
    one, lab = author(), PaperLab(planted)
    with pytest.raises(Cancelled):
        one.plan(brief(), lab, lambda: True)
    with pytest.raises(Cancelled):
        one.write(brief(), PLAN, (), lab, lambda: True)
    with pytest.raises(Cancelled):
        one.summarise(Story("m", "", ()), lambda: True)
    assert lab.asked == []


def test_summary_is_a_thought() -> None:
    """The Historian's lessons come as a thought, none for a story of nothing."""
    assert author().summarise(Story("m", "", ()), never).value == ()
    assert len(author().summarise(Story("m", "ended: nothing", ()), never).value) == 1
