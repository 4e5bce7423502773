"""What a model may answer, and what is made of it.

Owns: the forms asked for (as JSON schema too), reading one strictly, and holding a plan to the
world it is for. Does not own: asking (`ollama.py`), whether a source is any good (the trial).
Pure.

A schema that goes to the server names types alone: limits of length become so many repetitions in
the grammar that llama.cpp makes of it, and it refuses those from 2000 on. Limits are held here.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from Kernel.contract.errors import Refused
from zones.agents.thoughts import (
    ACTION_TYPES,
    METRICS,
    ActionType,
    Better,
    Brief,
    Draft,
    LessonText,
    Plan,
    Review,
)
from zones.traits.contract import NAME_BYTES, SOURCE_BYTES_MAX

ANSWER_BYTES_MAX: Final = 256 * 1024
TEXT_MAX: Final = 2000
"""Characters of a rationale, a description or a reason; what is longer is cut, with an ellipsis."""
LINE_MAX: Final = 300
"""Likewise of one alternative or tag."""
LIST_MAX: Final = 8
LESSONS_MAX: Final = 5
PARAMS_MAX: Final = 4
"""Parameters that one plan may change: with more nobody could tell what an effect is from."""
_CLASS: Final = re.compile(r"[A-Z][A-Za-z0-9]*")
_TAKEN: Final = frozenset({"Trait", "None", "True", "False"})
_FENCE: Final = re.compile(r"^\s*(```|~~~)", re.MULTILINE)

Form = TypeVar("Form", bound=msgspec.Struct)


class AnswerFault(Exception):
    """An answer is not of the form asked for; the text says why, as the model may be told it."""


class Change(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A new value of a parameter."""

    name: str
    value: float


class PlanForm(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The Architect's answer. Reasons come first: a model writes in this order."""

    rationale: str
    options: list[str]
    rejected: list[str]
    action_type: str
    description: str
    target_class: str
    params: list[Change]
    metric: str
    better: str
    confidence: float


class DraftForm(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The Coder's answer."""

    rationale: str
    note: str
    source: str
    confidence: float


class ReviewForm(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The Reviewer's answer."""

    rationale: str
    approved: bool
    reason: str
    confidence: float


class LessonForm(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One lesson."""

    situation: str
    action: str
    result: str
    feedback: str
    tags: list[str]


class LessonsForm(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The Historian's answer."""

    rationale: str
    lessons: list[LessonForm]
    confidence: float


def schema_of(form: type[msgspec.Struct], params: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the JSON schema of a form, without references.

    Args:
        params: names that a change may have; none: any.
    """
    whole = msgspec.json.schema(form)
    schema = _inlined(whole["$defs"][form.__name__], whole["$defs"])
    assert isinstance(schema, dict)
    if form is PlanForm:
        fields = schema["properties"]
        fields["action_type"] = {"type": "string", "enum": list(ACTION_TYPES)}
        fields["metric"] = {"type": "string", "enum": list(METRICS)}
        fields["better"] = {"type": "string", "enum": ["more", "less"]}
        if params:
            fields["params"]["items"]["properties"]["name"] = {"type": "string", "enum": [*params]}
    return schema


def read_answer(text: str, form: type[Form]) -> Form:
    """Return the one JSON object that a text is.

    Raises:
        AnswerFault: it is anything else.
    """
    try:
        data = text.strip().encode()
    except UnicodeEncodeError as error:
        raise AnswerFault("it has characters that are none") from error
    if len(data) > ANSWER_BYTES_MAX:
        raise AnswerFault(f"it is {len(data)} bytes long, at most {ANSWER_BYTES_MAX} are read")
    if not data:
        raise AnswerFault("it is empty")
    if not data.startswith(b"{"):
        raise AnswerFault("it has text, a code fence or a list before the JSON object")
    try:
        answer = msgspec.json.decode(data, type=form, strict=True)
    except msgspec.ValidationError as error:
        raise AnswerFault(f"the JSON object is of another form: {error}") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise AnswerFault(f"it is not one whole JSON object: {error}") from error
    except ValueError as error:
        raise AnswerFault(f"it cannot be read: {error}") from error
    return answer


def plan_of(form: PlanForm, brief: Brief) -> Plan:
    """Return the plan that an answer is, for a world as it is.

    Raises:
        AnswerFault: it wants what this world has not, or what no plan may want.
    """
    action, better = _action(form.action_type), _better(form.better)
    if form.metric not in METRICS:
        raise AnswerFault(f"metric {form.metric[:40]!r} is none of {', '.join(METRICS)}")
    description = clean(form.description)
    if not description:
        raise AnswerFault("description is empty")
    if action == "adjust_params":
        changes = _changes(form, brief)
        return Plan(action, description, form.metric, better, params=changes)
    if form.params:
        raise AnswerFault(f"params must be empty for {action}")
    name = form.target_class
    if not _CLASS.fullmatch(name) or len(name) > NAME_BYTES or name in _TAKEN:
        raise AnswerFault(
            f"target_class {name[:40]!r} is no CamelCase name of at most {NAME_BYTES} letters"
        )
    there = {trait.name for trait in brief.traits}
    if action == "modify_trait" and name not in there:
        raise AnswerFault(f"there is no trait {name} that could be modified: use new_trait")
    if action == "new_trait" and name in there:
        raise AnswerFault(
            f"there is a trait {name} already: use modify_trait, or another target_class"
        )
    return Plan(action, description, form.metric, better, name)


def _action(text: str) -> ActionType:
    for action in ACTION_TYPES:
        if text == action:
            return action
    raise AnswerFault(f"action_type {text[:40]!r} is none of {', '.join(ACTION_TYPES)}")


def _better(text: str) -> Better:
    if text == "more":
        return "more"
    if text == "less":
        return "less"
    raise AnswerFault(f"better {text[:40]!r} is neither more nor less")


def _changes(form: PlanForm, brief: Brief) -> Mapping[str, float]:
    known = {parameter.name: parameter for parameter in brief.parameters}
    changes: dict[str, float] = {}
    for change in form.params:
        parameter = known.get(change.name)
        if parameter is None:
            raise AnswerFault(f"there is no parameter {change.name[:40]!r}")
        if change.name in changes:
            raise AnswerFault(f"params has {change.name} twice")
        try:
            parameter.check(change.value)
        except Refused as error:
            raise AnswerFault(error.message) from error
        if change.value != brief.params.get(change.name):
            changes[change.name] = change.value
    if not 1 <= len(changes) <= PARAMS_MAX:
        raise AnswerFault(
            f"params changes {len(changes)} values, adjust_params changes 1 to {PARAMS_MAX}"
        )
    return changes


def draft_of(form: DraftForm, plan: Plan) -> Draft:
    """Return the draft that an answer is.

    Only what a repair may mend is looked at: rules are the trial's, which says the line too.

    Raises:
        AnswerFault: the source is none, or is another class than was planned.
    """
    source = form.source.replace("\r\n", "\n").strip("\n") + "\n"
    if not source.strip():
        raise AnswerFault("source is empty")
    if len(source.encode()) > SOURCE_BYTES_MAX:
        raise AnswerFault(f"source is longer than {SOURCE_BYTES_MAX} bytes")
    if _FENCE.search(source):
        raise AnswerFault("source has code fences: it is Python and nothing else")
    if not re.search(rf"^class {re.escape(plan.target_class)}\(Trait\):", source, re.MULTILINE):
        raise AnswerFault(f"source has no line 'class {plan.target_class}(Trait):'")
    return Draft(source, clean(form.note))


def review_of(form: ReviewForm) -> Review:
    """Return the review that an answer is.

    Raises:
        AnswerFault: a veto without a reason.
    """
    reason = clean(form.reason)
    if not form.approved and not reason:
        raise AnswerFault("approved is false and reason is empty")
    return Review(form.approved, reason)


def lessons_of(form: LessonsForm) -> tuple[LessonText, ...]:
    """Return the lessons that an answer is.

    Raises:
        AnswerFault: there are none, too many, or one has an empty part.
    """
    if not 1 <= len(form.lessons) <= LESSONS_MAX:
        raise AnswerFault(f"lessons has {len(form.lessons)} entries, it takes 1 to {LESSONS_MAX}")
    lessons = []
    for each in form.lessons:
        lesson = LessonText(
            clean(each.situation),
            clean(each.action),
            clean(each.result),
            clean(each.feedback),
            short_list(each.tags),
        )
        if not all((lesson.situation, lesson.action, lesson.result, lesson.feedback)):
            raise AnswerFault("a lesson has an empty part")
        lessons.append(lesson)
    return tuple(lessons)


def confidence_of(value: float) -> float:
    """Return a confidence.

    Raises:
        AnswerFault: it is not from 0 to 1.
    """
    if not 0.0 <= value <= 1.0:
        raise AnswerFault(f"confidence {value:g} is not from 0 to 1")
    return float(value)


def clean(text: str, longest: int = TEXT_MAX) -> str:
    """Return a text that people may be shown: without control characters, not too long."""
    shown = "".join(
        char if char.isprintable() or char in "\n\t" else "�" for char in text[: longest + 1]
    ).strip()
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def short_list(texts: list[str]) -> tuple[str, ...]:
    """Return the first texts of a list, without empty ones, each cleaned."""
    cleaned = (clean(text, LINE_MAX) for text in texts[:LIST_MAX])
    return tuple(text for text in cleaned if text)


def _inlined(node: Any, defs: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in its place, and without titles."""
    if isinstance(node, list):
        return [_inlined(item, defs) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(defs[node["$ref"].rpartition("/")[2]], defs)
    return {
        key: {name: _inlined(each, defs) for name, each in value.items()}
        if key == "properties"
        else _inlined(value, defs)
        for key, value in node.items()
        if key not in ("title", "description")
    }
