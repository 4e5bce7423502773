"""The offline Architect: which change a problem asks for, by rules, and by trying parameters.

Owns: what may help against each problem, how lessons and failures change the order, the size of
steps. Does not own: traits (`search.py`), trials (`Lab`), the rules of a problem (`watcher.py`).

Every option is told with what spoke against it. An option that has failed before goes down, by
lessons a little and by failures of this very mission much; whatever is left on top is planned.
Changes of parameters are tried first, and planned only with a proven effect.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from Kernel.contract.parameters import Parameter
from zones.agents.authors.genetic.scoring import Proof, goal_of, proof_of, scores
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.thoughts import (
    ActionType,
    AuthorFailed,
    Better,
    Brief,
    Cancelled,
    Failure,
    Lab,
    Plan,
    Stop,
)

FAILED_HERE: Final = 0.35
"""Of its rank that an option keeps for each failure in this mission; failures name traits."""
SAME: Final = 1.3
FAILED_BEFORE: Final = 0.6
HELPED_BEFORE: Final = 1.3
BESIDE: Final = 0.45
"""Of its rank that a new trait keeps where one of ours is against the same trouble already."""
FULL_ALREADY: Final = 0.4
"""Of its rank that a trait keeps against a crowd that has no slot free."""
NOT_ENOUGH: Final = 2.5
"""Times the rank of parameters, where our trait is there and the trouble lasts: it was the best of
all that is known, so where it is not enough the environment is what is left."""
PARAMETER_TICKS: Final = {"starvation": 1500, "overpopulation": 1000, "low_diversity": 1500}
PARAMETER_TICKS_ELSE: Final = 600
"""Of a trial of parameters: a mutation rate shows in children alone, food that grows in those who
live on it, and a full world stays full until nobody waits for a slot any more."""
PARAMETER_PROOF_SEEDS: Final = 8
PARAMETER_SEEDS: Final = 2
_BAD: Final = re.compile(
    r"refused|rolled.back|taken back|quarantin|failed|nothing|no effect|vetoed|worse"
)
_GOOD: Final = re.compile(r"\bkept\b|helped")
STEP_MAX: Final = 3.0
STEP_MIN: Final = 0.2
"""Times what a parameter is changed by one step."""


_FULL: Final = 0.95
_AT_LEAST: Final = 2.5
"""Times min_population: a world of no more soon stands on those that it puts in itself."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised against a problem, and what the traits against it are called."""

    metric: str
    better: Better
    aim: str
    names: tuple[str, ...]


PROMISES: Final[Mapping[str, Promise]] = {
    "starvation": Promise(
        "mean_population", "more", "find food before they starve",
        ("Forager", "Gatherer", "Seeker", "Grazer", "Scout", "Rover", "Ranger", "Browser"),
    ),
    "overpopulation": Promise(
        "mean_population", "less", "bear fewer children while it is crowded",
        ("Restraint", "Moderation", "Patience", "Temperance", "Thrift", "Spacer"),
    ),
    "low_diversity": Promise(
        "lineages", "more", "let lineages grow apart",
        ("Drifter", "Wanderer", "Settler", "Pioneer"),
    ),
    "": Promise(
        "mean_energy", "more", "have more to live on",
        ("Provider", "Keeper", "Steward", "Nourisher", "Gleaner"),
    ),
}  # fmt: skip
RANKS: Final[Mapping[str, Mapping[ActionType, float]]] = {
    "starvation": {"new_trait": 0.8, "modify_trait": 0.7, "adjust_params": 0.4},
    "overpopulation": {"new_trait": 0.5, "modify_trait": 0.45, "adjust_params": 0.8},
    "low_diversity": {"new_trait": 0.05, "modify_trait": 0.02, "adjust_params": 0.9},
    "": {"new_trait": 0.7, "modify_trait": 0.6, "adjust_params": 0.3},
}
"""Before anything is known of this world; what they rest on is in `openings.py`."""

Steps = tuple[tuple[str, float], ...]
CHANGES: Final[Mapping[str, tuple[Steps, ...]]] = {
    "starvation": (
        (("resource_spawn_rate", 3.0),), (("resource_spawn_rate", 3.0), ("season_growth", 0.2)),
        (("resource_spawn_rate", 2.0), ("sense_radius", 1.5)),
        (("resource_spawn_rate", 2.0),), (("resource_ripe", 0.5),),
    ),
    "overpopulation": (
        (("resource_spawn_rate", 0.2),), (("resource_spawn_rate", 0.35),),
        (("birth_age", 2.0), ("resource_spawn_rate", 0.5)),
    ),
    "low_diversity": (
        (("mutation", 3.0),), (("mutation", 2.0),),
    ),
    "": ((("resource_spawn_rate", 1.3),), (("cost_base", 0.85),), (("sense_radius", 1.3),)),
}  # fmt: skip
"""By problem what is tried: parameters, and times what. Of one that stands at 0 its default is
taken, since no multiple of 0 changes anything. Not `lineage_distance`: with a shorter yardstick
there are more lineages, and no world is better for it. Nor `birth_energy`: a crowd that pays
twice for a birth evolves around it within a third of a year, one that pays twice again dies out.
`season_growth` beside more food: who is fed by a summer in which more grows starves in a winter in
which nothing does; neither of the two alone keeps an ice age up."""


@dataclass(frozen=True, slots=True)
class Made:
    """A plan and what led to it."""

    plan: Plan
    rationale: str
    confidence: float
    rejected: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class _Option:
    """One way to go; `beside` a trait of ours against the same trouble."""

    action: ActionType
    rank: float
    target: str
    beside: bool = False
    against: list[str] = field(default_factory=list)

    def say(self) -> str:
        named = f" {self.target}" if self.target else ""
        why = f": {'; '.join(self.against)}" if self.against else ""
        return f"{self.action}{named} ({self.rank:.2f}){why}"


def plan_for(brief: Brief, lab: Lab, stop: Stop, settings: GeneticSettings) -> Made:
    """Return the plan that a brief asks for.

    Raises:
        Cancelled: `stop` said so, or a trial.
        AuthorFailed: every option is used up, or no trial can be had.
    """
    kind = brief.problem.problem_type if brief.problem is not None else ""
    promise = _promise(brief, kind)
    options = sorted(_options(brief, kind), key=lambda option: option.rank, reverse=True)
    if not options:
        raise AuthorFailed(f"cannot plan: nothing is left to be done about {_name(brief)}")
    said = tuple(option.say() for option in options)
    rejected: list[str] = []
    for number, option in enumerate(options):
        if option.action != "adjust_params":
            left = tuple(each.say() for each in options[number + 1 :])
            if kind == "overpopulation" and _is_full(brief):
                # However few are born: a full world is full until nobody waits for a slot.
                promise = replace(promise, metric="births")
            return _trait_plan(option, brief, promise, (*rejected, *left), said)
        found = _tried_change(brief, kind, promise, lab, stop, settings)
        if isinstance(found, str):
            option.against.append(found)
            rejected.append(option.say())
            continue
        values, proof, tried = found
        rejected += [*tried, *(each.say() for each in options[number + 1 :])]
        return _parameter_plan(values, proof, brief, promise, rejected, said)
    raise AuthorFailed(f"cannot plan: {'; '.join(rejected)}")


def _promise(brief: Brief, kind: str) -> Promise:
    """Return what is promised.

    Where a world lives on those that it puts in itself, their number is always the same: what a
    trait changes there is whether any are born.
    """
    promise = PROMISES[kind]
    told = brief.telemetry[-1] if brief.telemetry else {}
    living, least = told.get("entity_count"), brief.params.get("min_population", 0.0)
    if kind == "starvation" and isinstance(living, int) and living <= _AT_LEAST * least:
        return replace(promise, metric="births", aim="find food enough to bear children")
    return promise


def _options(brief: Brief, kind: str) -> list[_Option]:
    """Return what might be done, ranked by what is known."""
    active = [each for each in brief.traits if each.status == "active"]
    ours = [each.name for each in active if each.name in _OUR_NAMES]
    same = [name for name in ours if name.rstrip("0123456789") in PROMISES[kind].names]
    found = [_Option("adjust_params", RANKS[kind]["adjust_params"], "")] if brief.params else []
    if found and same:
        found[0].rank *= NOT_ENOUGH
    name = _free_name(brief, PROMISES[kind])
    if name:
        rank = RANKS[kind]["new_trait"] * (BESIDE if same else 1.0)
        found.append(_Option("new_trait", rank, name, beside=bool(same)))
    if ours:
        option = _Option("modify_trait", RANKS[kind]["modify_trait"], (same or ours)[-1])
        if same:
            # Two traits against one trouble undo each other; a new version replaces the old one.
            option.rank *= SAME
        found.append(option)
    for option in found:
        _weigh(option, brief, kind)
    return found


def _weigh(option: _Option, brief: Brief, kind: str) -> None:
    for failure in brief.failures:
        if _is_about(option, failure, brief):
            option.rank *= FAILED_HERE
            option.against.append(f"{failure.what} came to nothing ({failure.stage})")
    for lesson in brief.lessons:
        text = lesson.lower()
        words = {kind.replace("_", " "), kind} - {""}
        if option.action not in text or (words and not any(word in text for word in words)):
            continue
        if _BAD.search(text):
            option.rank *= FAILED_BEFORE
            option.against.append("a lesson says that it failed before")
        elif _GOOD.search(text) and not option.beside:  # what helped is there already
            option.rank *= HELPED_BEFORE
    if kind == "overpopulation" and _is_full(brief) and option.action != "adjust_params":
        option.rank *= FULL_ALREADY
        option.against.append("however few are born, a full world stays full for long")


def _is_about(option: _Option, failure: Failure, brief: Brief) -> bool:
    """Return whether a failure was one of this option's kind.

    A new trait and a changed one are told apart by the name: what was changed is there.
    """
    is_of_traits = bool(failure.source) or failure.what in _OUR_NAMES
    if option.action == "adjust_params":
        return not is_of_traits
    if option.action == "modify_trait":
        return is_of_traits and failure.what == option.target
    return is_of_traits and failure.what not in {each.name for each in brief.traits}


def _free_name(brief: Brief, promise: Promise) -> str:
    """Return a name that no trait of the world has; "" where all are taken."""
    taken = {each.name for each in brief.traits} | {each.what for each in brief.failures}
    for suffix in ("", *map(str, range(2, 10))):
        for name in promise.names:
            if f"{name}{suffix}" not in taken:
                return f"{name}{suffix}"
    return ""


def _trait_plan(
    option: _Option, brief: Brief, promise: Promise, rejected: Sequence[str], said: Sequence[str]
) -> Made:
    deed = "A new trait" if option.action == "new_trait" else f"A better {option.target}"
    plan = Plan(
        option.action,
        f"{deed} lets Molbots {promise.aim}: {promise.better} {promise.metric}.",
        promise.metric,
        promise.better,
        target_class=option.target,
    )
    failed = len(brief.failures)
    after = f" {failed} attempts of this mission came to nothing." if failed else ""
    rationale = f"{_tell_problem(brief)} {option.action} ranks first of {len(said)} options.{after}"
    return Made(plan, rationale, round(min(option.rank, 0.9), 2), tuple(rejected), tuple(said))


def _parameter_plan(
    values: Mapping[str, float],
    proof: Proof,
    brief: Brief,
    promise: Promise,
    rejected: Sequence[str],
    said: Sequence[str],
) -> Made:
    changed = _say_change(brief, values)
    plan = Plan(
        "adjust_params",
        f"Change {changed}: {promise.better} {promise.metric}.",
        promise.metric,
        promise.better,
        params=values,
    )
    rationale = f"{_tell_problem(brief)} Tried on copies of the world: {proof.say(promise.metric)}."
    return Made(plan, rationale, proof.confidence, tuple(rejected), tuple(said))


def _tried_change(
    brief: Brief, kind: str, promise: Promise, lab: Lab, stop: Stop, settings: GeneticSettings
) -> tuple[dict[str, float], Proof, list[str]] | str:
    """Return the best change with a proof, that, and what was rejected; or why there is none."""
    changes = _changes(brief, kind)[: settings.changes]
    if not changes:
        return "no parameter is left to change"
    goal = goal_of(promise.metric, promise.better)
    if stop():
        raise Cancelled
    ticks = PARAMETER_TICKS.get(kind, PARAMETER_TICKS_ELSE)
    outcomes = lab.try_params(changes, ticks, PARAMETER_SEEDS)
    worth = scores(outcomes, goal, PARAMETER_SEEDS, [len(change) for change in changes])
    ranked = sorted(zip(worth, changes, strict=True), key=lambda pair: pair[0], reverse=True)
    best = [change for score, change in ranked if score > 0][: settings.finalists]
    if not best:
        return f"none of {len(changes)} changes of parameters has {promise.better} {promise.metric}"
    for change in best:
        if stop():
            raise Cancelled
        (outcome,) = lab.try_params([change], ticks, PARAMETER_PROOF_SEEDS)
        proof = proof_of(outcome, goal, PARAMETER_PROOF_SEEDS)
        if not isinstance(proof, str):
            left = [
                f"{_say_change(brief, each)}: does less" for _, each in ranked if each != change
            ]
            return change, proof, left
    return f"{_say_change(brief, best[-1])}: {proof}"


def _is_full(brief: Brief) -> bool:
    """Return whether no slot is free, where telemetry tells how many there are."""
    told = brief.telemetry[-1] if brief.telemetry else {}
    living, slots = told.get("entity_count"), told.get("max_entities")
    return isinstance(living, int) and isinstance(slots, int) and living >= _FULL * slots


def _changes(brief: Brief, kind: str) -> list[dict[str, float]]:
    """Return bounded steps from the present values that have not failed in this mission."""
    bounds = {parameter.name: parameter for parameter in brief.parameters}
    failed = {each.what for each in brief.failures}
    found: list[dict[str, float]] = []
    for steps in CHANGES[kind]:
        change = {
            name: _stepped(bounds[name], brief.params[name], times)
            for name, times in steps
            if name in bounds and name in brief.params
        }
        change = {name: value for name, value in change.items() if value != brief.params[name]}
        is_tried = any(all(name in what for name in change) for what in failed)
        if change and change not in found and not is_tried:
            found.append(change)
    return found


def _stepped(parameter: Parameter, value: float, times: float) -> float:
    """Return a value changed by a factor, within its bounds; from 0 by its default."""
    assert STEP_MIN <= times <= STEP_MAX, "a step is bounded"
    if value == 0.0 and times < 1.0:
        return value
    if value == 0.0:
        value = parameter.default
    elif times == 1.0:
        return value
    made = min(max(value * times, parameter.low), parameter.high)
    return float(round(made)) if parameter.whole else float(f"{made:.4g}")


def _say_change(brief: Brief, values: Mapping[str, float]) -> str:
    return ", ".join(
        f"{name} from {brief.params[name]:g} to {value:g}" for name, value in values.items()
    )


def _name(brief: Brief) -> str:
    return brief.problem.problem_type if brief.problem is not None else "what was asked for"


def _tell_problem(brief: Brief) -> str:
    problem = brief.problem
    if problem is None:
        return f"Asked for by hand: {brief.reason or 'no reason given'}."
    return (
        f"{problem.problem_type.replace('_', ' ').capitalize()} is {problem.severity}: "
        f"{problem.value:.3g} at tick {problem.tick}, the limit is {problem.threshold:.3g}."
    )


_OUR_NAMES: Final = frozenset(
    f"{name}{suffix}"
    for promise in PROMISES.values()
    for name in promise.names
    for suffix in ("", *map(str, range(2, 10)))
)
