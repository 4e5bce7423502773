"""What the machine holds of a cage, as the zygote of a generation has found out, and what follows.

Owns: reading that report, the refusal to run code that nobody vouches for, what is shown as
degraded. Does not own: finding out (`zones/runtime/cages/probing.py`), applying a cage, how it
looks (`Kernel/console`).
Pure. Nothing is believed of a version that says nothing: its grade is the lowest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.errors import CodecError, Refused

WORST: Final = "D"
GRADES: Final = ("A", "B", "C", WORST)
UNKNOWN: Final = "-"
"""Shown for a grade while no zygote has told one."""
LAYERS_MAX: Final = 16
TEXTS_MAX: Final = 16
PROFILES_MAX: Final = 32
_TEXT_MAX: Final = 400
_FORBIDDEN: Final = "trait add, try and run are refused"
_HINTS: Final = {
    "namespaces": "sysctl -w user.max_user_namespaces=10000",
    "landlock": "boot Linux 5.13 or newer with lsm=landlock added",
    "seccomp": "boot a Linux with CONFIG_SECCOMP_FILTER",
}
"""What helps where a layer is missing; anything else: a look at all of them."""
HINT: Final = "molt doctor cage"


@dataclass(frozen=True, slots=True)
class CageLayer:
    """One layer of the cage on this machine.

    Args:
        why: why it does not hold, "" where it does.
        detail: which part or version of it there is.
    """

    name: str
    held: bool
    why: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class CageReport:
    """What a zygote has found.

    Args:
        layers: in the order in which they are applied.
        not_held: by profile, what a process of it could still do, for people.
        applied: by profile, the names of the layers that hold something of it.
    """

    grade: str
    means: str = ""
    layers: tuple[CageLayer, ...] = ()
    not_held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    applied: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "grade": self.grade,
            "means": self.means,
            "layers": [
                {"layer": each.name, "held": each.held, "why": each.why, "detail": each.detail}
                for each in self.layers
            ],
            "not_held": {name: list(gaps) for name, gaps in self.not_held.items()},
            "applied": {name: list(names) for name, names in self.applied.items()},
        }


SAYS_NOTHING: Final = CageReport(WORST, "the version that serves does not enclose its processes")


def parse_cage(facts: Mapping[str, Any]) -> CageReport | None:
    """Return what the facts of a generation say of its cage; None while there are no facts.

    What is of another form than ours holds nothing: a report is no place for trust.
    """
    if not facts:
        return None
    told = facts.get("cage")
    if told is None:
        return SAYS_NOTHING
    try:
        return read_report(told)
    except CodecError as error:
        return CageReport(WORST, error.message)


def read_report(told: object) -> CageReport:
    """Check a report as plain data, and return it.

    Raises:
        CodecError: it is of another form.
    """
    try:
        fields = dict(told)  # type: ignore[call-overload]  # what is no map raises
        layers = tuple(_read_layer(row) for row in _list(fields["layers"], LAYERS_MAX))
        report = CageReport(
            grade=fields["grade"],
            means=_text(fields.get("means", "")),
            layers=layers,
            not_held=_texts_by_name(fields.get("not_held", {})),
            applied=_texts_by_name(fields.get("applied", {})),
        )
        if report.grade not in GRADES:
            raise ValueError("its grade is none")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CodecError(
            f"cannot read what a zygote says of its cage: {error!r}"[:_TEXT_MAX]
        ) from error
    return report


def _read_layer(row: Mapping[str, Any]) -> CageLayer:
    if type(row["held"]) is not bool:
        raise ValueError("a layer holds, or does not")
    return CageLayer(
        _text(row["layer"]), row["held"], _text(row.get("why", "")), _text(row.get("detail", ""))
    )


def _texts_by_name(told: Any) -> dict[str, tuple[str, ...]]:
    rows = _list(list(told.items()), PROFILES_MAX)
    return {_text(name): tuple(map(_text, _list(texts, TEXTS_MAX))) for name, texts in rows}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no text")
    return value[:_TEXT_MAX]


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"it takes a list of at most {most}")
    return value


def cage_refusal(report: CageReport | None, uncaged: bool, act: str) -> Refused | None:
    """Return why code that nobody vouches for may not run now, None where it may.

    Args:
        report: of the generation that would run it, None: none is there yet.
        uncaged: the operator lets it run all the same.
        act: what was asked for, an infinitive without "to".
    """
    if report is None:
        why = "no version of the world is ready, so it is not known what its cage holds"
        return Refused(f"cannot {act}: {why}", "molt wait --for zone.stable=ready")
    if report.grade != WORST or uncaged:
        return None
    reason = next((each.why for each in report.layers if not each.held and each.why), report.means)
    return Refused(f"cannot {act}: the cage has grade {WORST}: {reason}", HINT)


def cage_notes(
    report: CageReport | None, uncaged: bool, unchecked_trials: bool
) -> list[dict[str, str]]:
    """Return what of the cage does not work as it should, with the reason and what helps."""
    notes = []
    if report is not None:
        for each in report.layers:
            if not each.held:
                hint = _HINTS.get(each.name, HINT)
                notes.append({"what": f"cage: {each.name}", "why": each.why, "hint": hint})
        if report.grade == WORST:
            follows = "generated code runs all the same" if uncaged else _FORBIDDEN
            why = f"grade {WORST}: {report.means or 'calls are not held'}; {follows}"
            notes.append({"what": "cage", "why": why, "hint": HINT})
    if uncaged and (report is None or report.grade != WORST):
        why = "kernel.uncaged is true: generated code would run without a cage, too"
        notes.append({"what": "cage", "why": why, "hint": "edit config/kernel.yaml"})
    if unchecked_trials:
        why = "kernel.unchecked_trials is true: a trial may run code that nothing has checked"
        notes.append({"what": "cage: trials", "why": why, "hint": "molt shutdown"})
    return notes
