"""The offline Historian: lessons of a mission, with its figures, by templates.

Owns: which events say something for the next time, and the words for it. Does not own: the store of
lessons, who looks them up. Pure. What an event lacks is left out: stories come from a log that
older versions have written, too.

`planning.py` reads these texts again: the action and how it ended are said in its words.
"""

from collections.abc import Mapping
from typing import Any, Final

from zones.agents.thoughts import LessonText, Story

LESSONS_MAX: Final = 6
REASON_CHARS_MAX: Final = 200
_ENDS: Final = {
    "mutation.kept": "kept",
    "mutation.measured": "measured",
    "mutation.failed": "failed",
    "trait.quarantined": "quarantined",
}


def lessons_of(story: Story) -> tuple[LessonText, ...]:
    """Return what is worth knowing the next time: one lesson for each attempt that came to an end.

    A mission that ended without any gets one of its own.
    """
    situation, problem = _situation(story)
    plans: dict[str, Mapping[str, Any]] = {}
    tries: dict[str, Mapping[str, Any]] = {}
    plan: Mapping[str, Any] = {}
    found: dict[str, LessonText] = {}
    for event in story.events:
        kind, payload = str(event.get("kind", "")), event.get("payload")
        if not isinstance(payload, Mapping):
            continue
        if kind == "evolution.plan":
            plan = payload
            plans[str(payload.get("plan_id", ""))] = payload
        elif kind == "mutation.proposed":
            tries[str(payload.get("mutation_id", ""))] = payload
        elif kind in _ENDS and not payload.get("aside"):
            key = str(payload.get("mutation_id") or payload.get("name") or len(found))
            proposed = tries.get(key, {})
            of_plan = plans.get(str(proposed.get("plan_id") or payload.get("plan_id")), plan)
            before = found.pop(key, None)
            found[key] = _lesson(kind, payload, proposed, of_plan, situation, problem, before)
    if not found and story.outcome:
        action = _action(plan, {})
        found[""] = LessonText(
            situation, action, f"the mission ended: {story.outcome}", _advice("", story.outcome),
            _tags(problem, plan, "ended"),
        )  # fmt: skip
    return tuple(found.values())[-LESSONS_MAX:]


def _lesson(
    kind: str,
    payload: Mapping[str, Any],
    proposed: Mapping[str, Any],
    plan: Mapping[str, Any],
    situation: str,
    problem: str,
    before: LessonText | None,
) -> LessonText:
    end = _ENDS[kind]
    action = _action(plan, {**proposed, **payload})
    if kind in ("mutation.measured", "mutation.kept"):
        effect = _effect(payload)
        was_kept = before is not None and "kept" in before.tags
        end = "kept" if kind == "mutation.kept" or was_kept else "measured"
        result = f"{end}{': ' + effect if effect else ''}"
        if not effect and before is not None:
            result = before.result
        feedback = _advice("kept", effect)
    else:
        stage = str(payload.get("stage") or "execution")
        reason = str(payload.get("error") or payload.get("reason") or payload.get("why") or "")
        undone = str(payload.get("rollback_to") or "")
        end = "rolled back" if undone else ("quarantined" if "quar" in end else "failed")
        result = f"{end} at stage {stage}: {reason[:REASON_CHARS_MAX]}"
        feedback = _advice(stage, reason)
    return LessonText(situation, action, result, feedback, _tags(problem, plan, end))


def _situation(story: Story) -> tuple[str, str]:
    """Return what the mission was about, in words and by its name."""
    for event in story.events:
        payload = event.get("payload")
        if event.get("kind") != "evolution.trigger" or not isinstance(payload, Mapping):
            continue
        problem = str(payload.get("problem_type") or "")
        words = [problem.replace("_", " ") or "asked for by hand"]
        if payload.get("severity"):
            words.append(f"of {payload['severity']} severity")
        if isinstance(payload.get("affected_entities"), int):
            words.append(f"with {payload['affected_entities']} Molbots")
        value = payload.get("value")
        if isinstance(value, int | float):
            words.append(f"at {value:.3g}")
        return " ".join(words), problem
    return story.mission or "a mission", ""


def _action(plan: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Return what was tried."""
    kind = str(plan.get("action_type") or "a change")
    what = payload.get("trait_name") or plan.get("target_class") or payload.get("name") or ""
    params = plan.get("params")
    if isinstance(params, Mapping) and params:
        what = ", ".join(f"{name} = {value}" for name, value in params.items())
    told = str(plan.get("description") or "")
    return " ".join(each for each in (kind, str(what), f"({told})" if told else "") if each)


def _effect(payload: Mapping[str, Any]) -> str:
    """Return an effect with its interval, "" where there is none."""
    effect = payload.get("effect")
    if isinstance(effect, list):  # of every metric; what was promised is named beside them
        by_metric = {each.get("metric"): each for each in effect if isinstance(each, Mapping)}
        effect = by_metric.get(payload.get("metric"))
    told: Mapping[str, Any] = effect if isinstance(effect, Mapping) else payload
    metric, mean = told.get("metric"), told.get("mean")
    if not metric or not isinstance(mean, int | float):
        return ""
    low, high = told.get("low"), told.get("high")
    if isinstance(low, int | float) and isinstance(high, int | float):
        return f"{metric} {mean:+.3g} (95 % interval {low:+.3g} to {high:+.3g})"
    return f"{metric} {mean:+.3g} (no interval)"


def _advice(stage: str, told: str) -> str:
    if stage == "kept":
        return "It helped: begin with this the next time." if told else "It was kept: try it again."
    if stage == "guard":
        return "It did not keep its promise: promise less, or try another way."
    if stage == "review":
        return "It was vetoed: let the source do what the plan is about."
    if stage in ("validation", "import"):
        return "The source was refused: keep to the trait contract."
    if stage == "trial":
        return "A trial spoke against it: try another way."
    if "nothing" in told or "none of" in told:
        return "Traits found nothing here: try parameters."
    return "It failed while it ran: try something simpler."


def _tags(problem: str, plan: Mapping[str, Any], end: str) -> tuple[str, ...]:
    told = (problem, plan.get("action_type"), plan.get("metric"), plan.get("target_class"), end)
    return tuple(dict.fromkeys(str(each) for each in told if each))
