"""What is read of an answer, whatever it is; over a socket it is in test_ollama."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.thinking import BRIEF, LESSONS_ANSWER, PARAMS_ANSWER, PLAN_ANSWER
from zones.agents.authors.answers import (
    AnswerFault,
    DraftForm,
    LessonsForm,
    PlanForm,
    ReviewForm,
    clean,
    lessons_of,
    plan_of,
    read_answer,
    review_of,
    schema_of,
)

FORMS = (PlanForm, DraftForm, ReviewForm, LessonsForm)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.text() | st.builds(json.dumps, PLAIN), st.sampled_from(FORMS))
def test_any_text_is_an_answer_or_a_fault(text: str, form: Any) -> None:
    """No text does anything but be read or be refused."""
    try:
        read_answer(text, form)
    except AnswerFault:
        pass


@pytest.mark.slow
@given(st.sampled_from([PLAN_ANSWER, PARAMS_ANSWER]), st.sampled_from([*PLAN_ANSWER]), PLAIN)
def test_any_plan_is_a_plan_or_a_fault(answer: dict[str, Any], name: str, value: Any) -> None:
    """One field of a good plan made anything gives a plan that the world can take, or a fault."""
    try:
        plan = plan_of(read_answer(json.dumps(answer | {name: value}), PlanForm), BRIEF)
    except AnswerFault:
        return
    assert bool(plan.params) == (plan.action_type == "adjust_params")
    assert bool(plan.target_class) != bool(plan.params)
    assert plan.target_class == "" or plan.target_class.isidentifier()


@pytest.mark.parametrize("form", FORMS)
def test_a_schema_stands_by_itself(form: Any) -> None:
    """A schema refers to nothing, bounds no length, and closes every object."""
    text = json.dumps(schema_of(form))
    for word in ("$ref", "$defs", "maxLength", "maxItems", "title"):
        assert word not in text
    assert text.count('"additionalProperties": false') == text.count('"properties"')


def test_all_fields_are_asked_for_in_order() -> None:
    """Every field is required; reasons come before what they are reasons for."""
    schema = schema_of(PlanForm)
    assert schema["required"] == list(schema["properties"]) == list(PLAN_ANSWER)
    assert schema["required"][0] == "rationale"


def test_a_trait_can_be_modified() -> None:
    """A plan may name a trait of the world to modify, and no other."""
    answer = PLAN_ANSWER | {"action_type": "modify_trait", "target_class": "Drifter"}
    assert plan_of(read_answer(json.dumps(answer), PlanForm), BRIEF).target_class == "Drifter"
    other = read_answer(json.dumps(answer | {"target_class": "Nobody"}), PlanForm)
    with pytest.raises(AnswerFault, match="use new_trait"):
        plan_of(other, BRIEF)


def test_a_value_that_is_there_already_is_no_change() -> None:
    """Of several parameters those that stay as they are are left out."""
    params = [
        {"name": "resource_spawn_rate", "value": 0.02},
        {"name": "min_population", "value": 20},
    ]
    form = read_answer(json.dumps(PARAMS_ANSWER | {"params": params}), PlanForm)
    assert plan_of(form, BRIEF).params == {"resource_spawn_rate": 0.02}
    twice = PARAMS_ANSWER | {"params": [params[0], params[0]]}
    with pytest.raises(AnswerFault, match="twice"):
        plan_of(read_answer(json.dumps(twice), PlanForm), BRIEF)


def test_a_veto_has_a_reason() -> None:
    """A veto that does not say why is no review."""
    with pytest.raises(AnswerFault, match="reason is empty"):
        review_of(ReviewForm("", False, " \n", 0.5))


@pytest.mark.parametrize(
    "lessons",
    [[], LESSONS_ANSWER["lessons"] * 6, [LESSONS_ANSWER["lessons"][0] | {"result": "\x00"[:0]}]],
)
def test_lessons_are_few_and_whole(lessons: list[Any]) -> None:
    """No lesson, too many, or one with an empty part are no answer."""
    form = read_answer(json.dumps(LESSONS_ANSWER | {"lessons": lessons}), LessonsForm)
    with pytest.raises(AnswerFault):
        lessons_of(form)


@given(st.text(), st.integers(2, 50))
def test_cleaned_text_is_short_and_printable(text: str, longest: int) -> None:
    """What people are shown has a length and no control characters."""
    shown = clean(text, longest)
    assert len(shown) <= longest
    assert all(char.isprintable() or char in "\n\t" for char in shown)
