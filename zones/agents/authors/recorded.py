"""Stored answers: an author that replays them, and one that stores those of another.

Owns: the form of a recording (a line of JSON for each thought) and which answer fits. Does not own:
where the file is, opening it (who makes them hands it over).

An answer fits a thought of its step if all it says under `match` is so then; of several the first
that has not been given. What a recording of a run says there (trigger, problem, class, how many
failures there were) finds the same answer again for the same thought, in whatever order they are
asked, so that one thought can be had again. A recording made by hand may say nothing there: its
answers are given in order.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Final, Literal, TypeVar, get_args

import msgspec

from Kernel.contract.errors import ConfigError
from zones.agents.thoughts import (
    ACTION_TYPES,
    METRICS,
    SPENT,
    Author,
    AuthorFailed,
    Brief,
    Draft,
    Failure,
    Lab,
    LessonText,
    Plan,
    Review,
    Stop,
    Story,
    Thought,
)

LINE_BYTES_MAX: Final = 1024 * 1024
ENTRIES_MAX: Final = 10_000
Step = Literal["plan", "write", "review", "summarise"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
_MATCHED: Final = ("trigger_id", "problem", "target_class", "failures", "mission")
_HOW: Final = ("absent", "late", "nonsense", "failed", SPENT)
Value = TypeVar("Value")


class Failed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a thought has failed."""

    how: str
    message: str
    hint: str = ""


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One line of a recording.

    Args:
        match: what must be so for it to fit; by `_MATCHED`.
        value: the answer, of the step's form; None where the thought failed.
        repeat: it is given as often as it fits.
    """

    step: Step
    match: dict[str, str | int] = {}
    value: Any = None
    failed: Failed | None = None
    rationale: str = ""
    confidence: float = 1.0
    rejected: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    model: str = ""
    prompt_hash: str = ""
    prompt_version: str = ""
    tokens: int = 0
    seconds: float = 0.0
    repeat: bool = False


_FORMS: Final[Mapping[Step, Any]] = {
    "plan": Plan,
    "write": Draft,
    "review": Review,
    "summarise": tuple[LessonText, ...],
}
_PARTS: Final = {"plan": Plan, "write": Draft, "review": Review, "summarise": LessonText}


def parse_recording(file: BinaryIO, name: str) -> tuple[Entry, ...]:
    """Return the entries of a recording, each with its value built.

    Args:
        name: of the file, for messages. Empty lines and lines that begin with # are left out.

    Raises:
        ConfigError: a line is not of the form; with its number.
    """
    entries: list[Entry] = []
    number = 0
    while data := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        where = f"{name}:{number}"
        if len(data) > LINE_BYTES_MAX:
            raise ConfigError(f"cannot use {where}: it is longer than {LINE_BYTES_MAX} bytes")
        if not data.strip() or data.lstrip().startswith(b"#"):
            continue
        if len(entries) == ENTRIES_MAX:
            raise ConfigError(f"cannot use {where}: there are more than {ENTRIES_MAX} answers")
        try:
            entries.append(_checked(msgspec.json.decode(data, type=Entry, strict=True)))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ConfigError(f"cannot use {where}: {error}") from error
    return tuple(entries)


def _checked(entry: Entry) -> Entry:
    """Return an entry with its value built.

    Raises:
        ValueError: it is none.
    """
    for name, value in entry.match.items():
        if name not in _MATCHED:
            raise ValueError(f"match has {name!r}, it takes {', '.join(_MATCHED)}")
        if isinstance(value, int) != (name == "failures"):
            raise ValueError(f"match has {name} {value!r}")
    if not 0.0 <= entry.confidence <= 1.0:
        raise ValueError(f"confidence {entry.confidence:g} is not from 0 to 1")
    if entry.failed is not None:
        if entry.value is not None or entry.failed.how not in _HOW:
            raise ValueError(f"failed takes no value, and how is one of {', '.join(_HOW)}")
        return entry
    form = _FORMS[entry.step]
    parts = entry.value if isinstance(entry.value, list) else [entry.value]
    known = {each.name for each in dataclasses.fields(_PARTS[entry.step])}
    if not all(isinstance(part, dict) and set(part) <= known for part in parts):
        raise ValueError(f"value of {entry.step} takes {', '.join(sorted(known))}")
    value = msgspec.convert(entry.value, type=form, strict=True)
    if isinstance(value, Plan):
        _check_plan(value)
    return msgspec.structs.replace(entry, value=value)


def _check_plan(plan: Plan) -> None:
    if plan.action_type not in ACTION_TYPES or plan.metric not in METRICS:
        raise ValueError(f"a plan promises one of {', '.join(METRICS)}, not {plan.metric!r}")
    if (plan.action_type == "adjust_params") != bool(plan.params):
        raise ValueError("a plan has params if it adjusts params, and only then")
    if (plan.action_type == "adjust_params") == bool(plan.target_class):
        raise ValueError("a plan has a target_class unless it adjusts params")


class RecordedAuthor:
    """An author that replays stored answers."""

    def __init__(self, entries: Sequence[Entry], name: str) -> None:
        """Make it.

        Args:
            name: of the file, for messages.
        """
        self._entries = list(entries)
        self._file = name

    @property
    def name(self) -> str:
        """Return "recorded"."""
        return "recorded"

    def plan(self, brief: Brief, lab: Lab, stop: Stop) -> Thought[Plan]:
        """Think as the Architect."""
        return self._next("plan", _brief_facts(brief, len(brief.failures)))

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder."""
        return self._next("write", _plan_facts(brief, plan, len(failures)))

    def review(self, brief: Brief, plan: Plan, draft: Draft, stop: Stop) -> Thought[Review]:
        """Think as the Reviewer."""
        return self._next("review", _plan_facts(brief, plan, len(brief.failures)))

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Think as the Historian."""
        return self._next("summarise", {"mission": story.mission})

    def _next(self, step: Step, facts: Mapping[str, str | int]) -> Thought[Any]:
        """Return the next answer that fits, which is not given again."""
        for index, entry in enumerate(self._entries):
            if entry.step == step and entry.match.items() <= facts.items():
                if not entry.repeat:
                    del self._entries[index]
                return _replayed(entry)
        raise AuthorFailed(
            f"cannot replay: {self._file} has no {step} (any more) that fits",
            "agents.author: auto",
            "absent",
        )


def _replayed(entry: Entry) -> Thought[Any]:
    if entry.failed is not None:
        raise AuthorFailed(entry.failed.message, entry.failed.hint, entry.failed.how)
    return Thought(
        entry.value,
        entry.rationale,
        entry.confidence,
        entry.rejected,
        entry.options,
        entry.model,
        entry.prompt_hash,
        entry.prompt_version,
        entry.tokens,
        entry.seconds,
    )


def _brief_facts(brief: Brief, failures: int) -> dict[str, str | int]:
    problem = brief.problem.problem_type if brief.problem is not None else ""
    return {"trigger_id": brief.trigger_id, "problem": problem, "failures": failures}


def _plan_facts(brief: Brief, plan: Plan, failures: int) -> dict[str, str | int]:
    return _brief_facts(brief, failures) | {"target_class": plan.target_class}


class Recording:
    """An author that stores what another one thinks, failures too."""

    def __init__(self, author: Author, file: BinaryIO) -> None:
        """Make it.

        Args:
            file: open for appending; it is flushed after each line, and not closed.
        """
        self._author = author
        self._file = file

    @property
    def name(self) -> str:
        """Return the other one's name."""
        return self._author.name

    def plan(self, brief: Brief, lab: Lab, stop: Stop) -> Thought[Plan]:
        """Think as the Architect."""
        facts = _brief_facts(brief, len(brief.failures))
        return self._kept("plan", facts, lambda: self._author.plan(brief, lab, stop))

    def write(
        self, brief: Brief, plan: Plan, failures: Sequence[Failure], lab: Lab, stop: Stop
    ) -> Thought[Draft]:
        """Think as the Coder."""
        facts = _plan_facts(brief, plan, len(failures))
        return self._kept(
            "write", facts, lambda: self._author.write(brief, plan, failures, lab, stop)
        )

    def review(self, brief: Brief, plan: Plan, draft: Draft, stop: Stop) -> Thought[Review]:
        """Think as the Reviewer."""
        facts = _plan_facts(brief, plan, len(brief.failures))
        return self._kept("review", facts, lambda: self._author.review(brief, plan, draft, stop))

    def summarise(self, story: Story, stop: Stop) -> Thought[tuple[LessonText, ...]]:
        """Think as the Historian."""
        facts: dict[str, str | int] = {"mission": story.mission}
        return self._kept("summarise", facts, lambda: self._author.summarise(story, stop))

    def _kept(
        self, step: Step, facts: dict[str, str | int], think: Callable[[], Thought[Value]]
    ) -> Thought[Value]:
        try:
            thought = think()
        except AuthorFailed as error:
            self._append(Entry(step, facts, failed=Failed(error.how, error.message, error.hint)))
            raise
        plain = {field.name: getattr(thought, field.name) for field in dataclasses.fields(thought)}
        self._append(Entry(step, facts, **plain))
        return thought

    def _append(self, entry: Entry) -> None:
        self._file.write(msgspec.json.encode(entry) + b"\n")
        self._file.flush()
