"""What a model is told: prompts, filled with what is known, within a length.

Owns: reading prompts, laying out facts as text, fences around what others wrote, and what is left
out when it is too much. Does not own: the words (`zones/agents/prompts/*.txt`), asking.
Pure but for `load_prompts`.

The server cuts a prompt that is longer than its context without a word, and at its beginning, where
the rules are. So every part has a length of its own here: the oldest goes first, and the prompt
says how much was left out.
"""

import hashlib
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import ConfigError
from Kernel.contract.parameters import Parameter
from zones.agents.authors.answers import LESSONS_MAX, PARAMS_MAX, clean
from zones.agents.thoughts import Brief, Draft, Failure, Plan, Story, TraitFact
from zones.traits import contract
from zones.traits.word_lists import words

PROMPT_CHARS_MAX: Final = 17_500
"""Of a whole prompt: 5300 tokens or so. In a context of 8192 it leaves room for a bad answer that
is shown again and for a whole one."""
FIXED_CHARS_MAX: Final = 6000
"""Of it, what stands in the files."""
PROMPTS: Final = Path(__file__).resolve().parent.parent / "prompts"
_ROLES: Final = ("architect", "coder", "reviewer", "historian")
_PARTS: Final = ("world", "contract", "example")
_FILLED: Final = frozenset(
    words(
        "action better description events failures lessons metric mission outcome parameters "
        "present problem source target telemetry traits"
    )
)
"""What the user's part of a prompt may be filled with."""
_TELEMETRY: Final = (
    ("entity_count", "population"),
    ("avg_energy", "mean energy"),
    ("births_last_period", "births"),
    ("seeded_last_period", "put in by the world"),
    ("deaths_last_period", "deaths"),
    ("death_starvation", "starved"),
    ("death_age", "aged"),
    ("death_collision", "collided"),
    ("resource_density", "food"),
    ("temperature", "temperature"),
    ("light", "light"),
    ("lineages", "lineages"),
    ("lineage_diversity", "effective lineages"),
    ("dominant_share", "share of the largest"),
)
_TELEMETRY_MAX: Final = 1600
_TRAITS_MAX: Final = 1200
_PARAMETERS_MAX: Final = 4000
_LESSONS_MAX: Final = 2000
_FAILURES_MAX: Final = 2400
_DRAFTS_MAX: Final = 4000
_SOURCE_MAX: Final = 3000
_EVENTS_MAX: Final = 8000
_PLAN_MAX: Final = 1200
_TEXT_MAX: Final = 600
"""Of one reason, lesson or event."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text of one role.

    Args:
        version: of all it is made of: "architect 1, world 1".
    """

    role: str
    version: str
    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """All that is read from disk, once."""

    by_role: Mapping[str, Prompt]


def load_prompts(folder: Path = PROMPTS) -> Prompts:
    """Read the prompts.

    Raises:
        ConfigError: a file is missing or not of the form.
    """
    parts = {name: _read(folder / f"{name}.txt") for name in _PARTS}
    fixed = {
        "params_max": str(PARAMS_MAX),
        "lessons_max": str(LESSONS_MAX),
        "radius": f"{contract.NEARBY_RADIUS_MAX:g}",
    }
    example = parts["example"][1].strip()
    fixed["contract"] = _filled(
        "contract",
        parts["contract"][1].strip(),
        fixed
        | {
            "example": example,
            "fields": ", ".join(contract.FIELDS),
            "writable": ", ".join(contract.WRITABLE),
            "resource": ", ".join(contract.RESOURCE_FIELDS),
            "nearby": str(contract.NEARBY_MAX),
            "modules": ", ".join(contract.MODULES),
        },
    )
    fixed["world"] = parts["world"][1].strip().replace("$radius", fixed["radius"])
    prompts = {}
    for role in _ROLES:
        version, text = _read(folder / f"{role}.txt")
        system, mark, user = text.partition("[user]\n")
        if not mark or not system.startswith("[system]\n"):
            raise ConfigError(f"cannot use prompt {role}.txt: it has no [system] and [user]")
        used = [name for name in ("world", "contract") if f"${name}" in system]
        used += ["example"] if "contract" in used else []
        versions = [f"{role} {version}", *(f"{name} {parts[name][0]}" for name in used)]
        system = string.Template(system.removeprefix("[system]\n")).safe_substitute(fixed)
        if len(system) + len(user) > FIXED_CHARS_MAX:
            raise ConfigError(
                f"cannot use prompt {role}.txt: with what it takes in it has "
                f"{len(system) + len(user)} characters, the limit is {FIXED_CHARS_MAX}"
            )
        unknown = set(string.Template(user).get_identifiers()) - _FILLED
        if unknown or not string.Template(user).is_valid():
            raise ConfigError(f"cannot use prompt {role}.txt: unknown or broken {sorted(unknown)}")
        prompts[role] = Prompt(role, ", ".join(versions), system.strip(), user.strip())
    return Prompts(prompts)


def _read(path: Path) -> tuple[str, str]:
    """Return version and text of a file."""
    try:
        first, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read prompt {path.name}: {error}") from error
    name, _, version = first.partition(": ")
    if name != "version" or not version.isdigit():
        raise ConfigError(
            f"cannot use prompt {path.name}: its first line is {first[:40]!r}, not 'version: N'"
        )
    return version, text


def messages_of(prompt: Prompt, values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a prompt as messages."""
    messages = [
        {"role": "system", "content": _filled(prompt.role, prompt.system, values)},
        {"role": "user", "content": _filled(prompt.role, prompt.user, values)},
    ]
    size = sum(len(message["content"]) for message in messages)
    assert size <= PROMPT_CHARS_MAX, f"the prompt of the {prompt.role} has {size} characters"
    return messages


def _filled(name: str, text: str, values: Mapping[str, str]) -> str:
    try:
        return string.Template(text).substitute(values)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"cannot use prompt {name}.txt: unknown or broken {error}") from error


def architect_values(brief: Brief) -> dict[str, str]:
    """Return what the Architect's prompt is filled with."""
    return {
        "problem": problem_text(brief),
        "telemetry": telemetry_text(brief.telemetry),
        "traits": _fitted(map(_trait_line, brief.traits), _TRAITS_MAX, "traits"),
        "parameters": _parameters_text(brief.parameters, brief.params),
        "lessons": lessons_text(brief.lessons),
        "failures": failures_text(brief.failures, _FAILURES_MAX, sources=False),
    }


def coder_values(brief: Brief, plan: Plan, failures: Sequence[Failure]) -> dict[str, str]:
    """Return what the Coder's prompt is filled with."""
    present = next((t.source for t in brief.traits if t.name == plan.target_class and t.source), "")
    text = f"The present source of {plan.target_class}:\n{fenced('source', _short(present))}\n"
    return _plan_values(plan) | {
        "problem": problem_text(brief),
        "telemetry": telemetry_text(brief.telemetry[-3:]),
        "present": text if present else "",
        "lessons": lessons_text(brief.lessons),
        "failures": failures_text(failures, _DRAFTS_MAX, sources=True),
    }


def reviewer_values(brief: Brief, plan: Plan, draft: Draft) -> dict[str, str]:
    """Return what the Reviewer's prompt is filled with."""
    return _plan_values(plan) | {
        "problem": problem_text(brief),
        "source": fenced("source", _short(draft.source)),
    }


def historian_values(story: Story) -> dict[str, str]:
    """Return what the Historian's prompt is filled with."""
    lines = (
        f"{event.get('position', '')} {event.get('kind', '')}: {event.get('text', '')}"
        for event in story.events
    )
    return {
        "mission": fenced("mission", clean(story.mission, _TEXT_MAX)),
        "outcome": fenced("outcome", clean(story.outcome, _TEXT_MAX)),
        "lessons": lessons_text(story.lessons),
        "events": fenced("events", _fitted(lines, _EVENTS_MAX, "events")),
    }


def _plan_values(plan: Plan) -> dict[str, str]:
    return {
        "action": plan.action_type,
        "target": plan.target_class,
        "better": plan.better,
        "metric": plan.metric,
        "description": fenced("plan", clean(plan.description, _PLAN_MAX)),
    }


def problem_text(brief: Brief) -> str:
    """Return what is wrong, in a sentence."""
    problem = brief.problem
    if problem is None:
        return "evolution was asked for by hand: " + fenced(
            "reason", clean(brief.reason, _TEXT_MAX) or "no reason given"
        )
    return (
        f"{problem.problem_type}, severity {problem.severity}, at tick {problem.tick}: "
        f"{problem.value:.3g} where {problem.threshold:g} is the threshold; "
        f"{problem.affected_entities} Molbots live with it."
    )


def telemetry_text(periods: Sequence[Mapping[str, Any]]) -> str:
    """Return periods of telemetry, a line each."""
    lines = []
    for period in periods:
        figures = (
            f"{name} {period[key]:.4g}"
            for key, name in _TELEMETRY
            if isinstance(period.get(key), int | float)
        )
        tick = period.get("tick", 0)
        lines.append(f"tick {tick if isinstance(tick, int) else 0}: {', '.join(figures)}")
    return _fitted(lines, _TELEMETRY_MAX, "periods")


def lessons_text(lessons: Sequence[str]) -> str:
    """Return lessons, best first; the last are left out first."""
    backwards = [clean(text, _TEXT_MAX) for text in reversed(lessons)]
    kept = _kept(backwards, _LESSONS_MAX)
    text = "\n".join(f"- {lesson}" for lesson in reversed(kept)) or "nothing yet"
    return fenced("lessons", _with_note(text, len(backwards) - len(kept), "less fitting lessons"))


def failures_text(failures: Sequence[Failure], longest: int, sources: bool) -> str:
    """Return what failed, oldest first; the oldest are left out first.

    Args:
        sources: with the source of the newest one, as far as it fits.
    """
    lines = [_failure_line(failure) for failure in failures]
    text = _fitted(lines, longest if not sources else longest // 2, "failures")
    if sources and failures and failures[-1].source:
        text += "\nThe source of the newest:\n" + _short(failures[-1].source, longest // 2)
    return fenced("failures", text)


def _failure_line(failure: Failure) -> str:
    where = f" in line {failure.line}" if failure.line else ""
    rule = f", rule {failure.rule}" if failure.rule else ""
    return (
        f"- {clean(failure.what, 80)} at stage {failure.stage}{rule}{where}: "
        f"{clean(failure.reason, _TEXT_MAX)}"
    )


def _trait_line(trait: TraitFact) -> str:
    return (
        f"- {trait.name} version {trait.version}, {trait.status}, {trait.tier}: "
        f"{trait.calls} calls, {trait.faults} faults"
    )


def _parameters_text(parameters: Sequence[Parameter], values: Mapping[str, float]) -> str:
    lines = (
        f"{each.name} {values.get(each.name, each.default):g} "
        f"[{each.low:g} to {each.high:g}{', whole' if each.whole else ''}] {each.unit}"
        for each in parameters
    )
    return _fitted(lines, _PARAMETERS_MAX, "parameters")


def fenced(name: str, text: str) -> str:
    """Return a text of others between marks that it cannot hold itself.

    The tag is of the text's own hash: who writes the text cannot know what would close it.
    """
    tag = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
    return f"DATA {name} {tag}\n{text}\nEND {name} {tag}"


def _short(source: str, longest: int = _SOURCE_MAX) -> str:
    """Return a source; of a longer one its beginning and its end."""
    shown = "".join(char if char.isprintable() or char in "\n\t" else "�" for char in source)
    if len(shown) <= longest:
        return shown
    half = (longest - 60) // 2
    return f"{shown[:half]}\n# ... {len(shown) - 2 * half} characters left out ...\n{shown[-half:]}"


def _fitted(lines: Iterable[str], longest: int, what: str) -> str:
    """Return lines that fit, without the oldest, which are first."""
    every = [clean(line, _TEXT_MAX) for line in lines]
    kept = _kept(every, longest)
    return _with_note("\n".join(kept) or "none", len(every) - len(kept), f"older {what}")


def _kept(lines: Sequence[str], longest: int) -> list[str]:
    """Return the last lines that are together not longer, in order."""
    kept: list[str] = []
    size = 0
    for line in reversed(lines):
        size += len(line) + 3
        if size > longest - 60:
            break
        kept.append(line)
    return kept[::-1]


def _with_note(text: str, left_out: int, what: str) -> str:
    return f"({left_out} {what} left out)\n{text}" if left_out else text
