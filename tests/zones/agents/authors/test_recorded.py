"""Answers that are stored and replayed."""

import dataclasses
import io
import json
from typing import Any

import pytest

from Kernel.contract.errors import ConfigError
from tests.support.thinking import BRIEF, DRAFT, PLAN, STORY, NoLab
from zones.agents.authors.recorded import RecordedAuthor, Recording, parse_recording
from zones.agents.thoughts import AuthorFailed, Failure, LessonText, Plan, Review, Thought

LAB = NoLab()
LESSON = LessonText("starvation", "look farther", "kept", "again", ("a", "b"))
FAILURE = Failure("FarSeer", "trial", "no clear effect")


def never() -> bool:
    return False


def replay(*lines: Any) -> RecordedAuthor:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return RecordedAuthor(parse_recording(io.BytesIO(text.encode()), "a.jsonl"), "a.jsonl")


class Thinker:
    """An author that gives what it was made with, or fails."""

    name = "ollama"

    def __init__(self, *values: Any) -> None:
        self.values = list(values)

    def plan(self, *_: object) -> Thought[Any]:
        value = self.values.pop(0)
        if isinstance(value, AuthorFailed):
            raise value
        return Thought(value, "why", 0.5, ("b",), ("a", "b"), "m", "h", "architect 1", 12, 3.5)

    write = review = summarise = plan


def test_a_run_is_replayed() -> None:
    """What an author has thought comes again as it was, to the last field, failures too."""
    params = Plan("adjust_params", "more", "energy", "more", params={"friction": 0.5})
    veto = Review(False, "it divides by 0")
    failed = AuthorFailed("cannot ask: no Ollama", "ollama serve", "absent")
    file = io.BytesIO()
    thinker = Thinker(PLAN, params, DRAFT, failed, veto, (LESSON,))
    author = Recording(thinker, file)
    assert author.name == "ollama"

    def run(author: Any) -> list[Any]:
        thoughts: list[Any] = [author.plan(BRIEF, LAB, never), author.plan(BRIEF, LAB, never)]
        thoughts.append(author.write(BRIEF, PLAN, (), LAB, never))
        with pytest.raises(AuthorFailed) as caught:
            author.write(BRIEF, PLAN, (FAILURE,), LAB, never)
        told = (caught.value.message, caught.value.hint, caught.value.how)
        review = author.review(BRIEF, PLAN, DRAFT, never)
        return [*thoughts, told, review, author.summarise(STORY, never)]

    first = run(author)
    file.seek(0)
    assert run(RecordedAuthor(parse_recording(file, "a.jsonl"), "a.jsonl")) == first


def test_one_thought_is_found_again() -> None:
    """A recorded thought is found by what it was about, whatever was asked before."""
    file = io.BytesIO()
    author = Recording(Thinker(DRAFT, dataclasses.replace(DRAFT, note="second")), file)
    author.write(BRIEF, PLAN, (), LAB, never)
    author.write(BRIEF, PLAN, (FAILURE,), LAB, never)
    file.seek(0)
    again = RecordedAuthor(parse_recording(file, "a.jsonl"), "a.jsonl")
    assert again.write(BRIEF, PLAN, (FAILURE,), LAB, never).value.note == "second"
    other = dataclasses.replace(BRIEF, trigger_id="trig_ba9876543210")
    with pytest.raises(AuthorFailed):
        again.write(other, PLAN, (), LAB, never)
    assert again.write(BRIEF, PLAN, (), LAB, never).value == DRAFT


def test_answers_by_hand_come_in_order() -> None:
    """Without a match answers come in the order of the file, and then there are none."""
    author = replay(
        "# by hand",
        {"step": "review", "value": {"approved": False, "reason": "no"}},
        "",
        {"step": "review", "value": {"approved": True, "reason": ""}},
    )
    assert [author.review(BRIEF, PLAN, DRAFT, never).value.approved for _ in "12"] == [False, True]
    with pytest.raises(AuthorFailed, match=r"^cannot replay: a.jsonl has no review") as caught:
        author.review(BRIEF, PLAN, DRAFT, never)
    assert caught.value.how == "absent"
    assert caught.value.hint
    with pytest.raises(AuthorFailed, match="has no plan"):
        author.plan(BRIEF, LAB, never)


def test_one_that_repeats_is_not_used_up() -> None:
    """An answer that says so is given as often as it fits."""
    line = {"step": "plan", "repeat": True, "value": dataclasses.asdict(PLAN)}
    author = replay(line | {"match": {"problem": "starvation", "failures": 1}})
    assert [author.plan(BRIEF, LAB, never).value for _ in "123"] == [PLAN] * 3
    with pytest.raises(AuthorFailed):
        author.plan(dataclasses.replace(BRIEF, problem=None), LAB, never)


REVIEW = {"step": "review", "value": {"approved": True, "reason": ""}}
PLAIN = dataclasses.asdict(PLAN)
BAD_LINES: dict[str, Any] = {
    "no JSON": "{",
    "two on a line": json.dumps(REVIEW) * 2,
    "no step": {"value": {}},
    "no such step": REVIEW | {"step": "dream"},
    "unknown key": REVIEW | {"shell": "rm"},
    "no value": {"step": "plan"},
    "a list": {"step": "plan", "value": []},
    "wrong type": REVIEW | {"value": {"approved": "yes", "reason": ""}},
    "unknown field": REVIEW | {"value": {"approved": True, "reason": "", "more": 1}},
    "no such metric": {"step": "plan", "value": PLAIN | {"metric": "fame"}},
    "no such action": {"step": "plan", "value": PLAIN | {"action_type": "delete"}},
    "params of a trait": {"step": "plan", "value": PLAIN | {"params": {"friction": 1.0}}},
    "no params": {"step": "plan", "value": PLAIN | {"action_type": "adjust_params"}},
    "both": {
        "step": "plan",
        "value": PLAIN | {"action_type": "adjust_params", "params": {"friction": 1.0}},
    },
    "no such match": REVIEW | {"match": {"hour": 3}},
    "wrong match": REVIEW | {"match": {"failures": "1"}},
    "too sure": REVIEW | {"confidence": 2},
    "failed and a value": REVIEW | {"failed": {"how": "late", "message": "cannot"}},
    "no such failure": {"step": "plan", "failed": {"how": "bored", "message": "cannot"}},
    "deep": '{"step":"plan","value":' + "[" * 100_000,
    "long": " " * 1024 * 1024 + json.dumps(REVIEW),
    "no text": "\udcff",
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_named(line: Any) -> None:
    """A line that is not of the form is refused when the file is read, with its number."""
    text = line if isinstance(line, str) else json.dumps(line)
    data = json.dumps(REVIEW).encode() + b"\n" + text.encode(errors="surrogateescape") + b"\n"
    with pytest.raises(ConfigError, match=r"^cannot use a.jsonl:2: "):
        parse_recording(io.BytesIO(data), "a.jsonl")
