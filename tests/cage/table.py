"""What was found, as a table for people: the sections of `docs/cage-table.md` that are measured.

Owns: marks, columns, words, putting a section into the file. Does not own: the records
(`ablation.py`), what they mean for an operator (`docs/cage.md`).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.cage.ablation import BARE, ORDINARY, ROOT_USER, Findings, Record
from tests.cage.plans import ALLOWED, GRADES, LAYERS, PROFILES, SEALED
from tests.cage.primitive import Primitive
from tests.cage.primitives import PRIMITIVES
from tests.structure.sources import ROOT

DOCUMENT: Final = ROOT / "docs" / "cage-table.md"
HELD: Final = "·"
REACHED: Final = "●"
MEANT: Final = "○"
UNTRIED: Final = "?"
_MARKS: Final = {
    frozenset({ROOT_USER, ORDINARY}): REACHED,
    frozenset({ROOT_USER}): "r",
    frozenset({ORDINARY}): "u",
    frozenset(): HELD,
}
Key = tuple[str, str, tuple[str, ...], str]


class Results:
    """All records, by what was tried."""

    def __init__(self, findings: Iterable[Findings]) -> None:
        self.findings = tuple(findings)
        self._by_key: dict[Key, Record] = {
            (record.user, record.profile, record.without, record.primitive): record
            for each in self.findings
            for record in each.records
        }
        self._cages = {(profile, without) for _user, profile, without, _name in self._by_key}

    def reached(self, profile: str, without: Iterable[str], name: str) -> frozenset[str] | None:
        """Return who has reached it, None where it could not be tried."""
        left_out = _in_order(without)
        found = [
            record
            for each in self.findings
            if (record := self._by_key.get((each.user, profile, left_out, name)))
        ]
        if any(record.reached is None for record in found):
            return None
        return frozenset(record.user for record in found if record.reached)

    def tried(self, profile: str, without: Iterable[str]) -> bool:
        """Tell whether this cage was tried at all: a part of the table may be asked for."""
        return (profile, _in_order(without)) in self._cages

    def mark(self, profile: str, without: Iterable[str], name: str) -> str:
        """Return one cell."""
        who = self.reached(profile, without, name)
        if not self.reached(BARE, (), name) or not self.tried(profile, without):
            return ""
        if who is None:
            return UNTRIED
        if who and name in ALLOWED.get(profile, ()):
            return MEANT
        # A single user that was tried stands for all there are.
        if who and len(self.findings) == 1:
            return REACHED
        return _MARKS[who]

    def bare(self, name: str) -> str:
        """Return who reaches it without a cage."""
        who = self.reached(BARE, (), name) or frozenset()
        return "none" if not who else "both" if len(who) == 2 else next(iter(who))


def _in_order(without: Iterable[str]) -> tuple[str, ...]:
    left_out = frozenset(without)
    return tuple(layer.value for layer in LAYERS if layer in left_out)


def render(results: Results) -> str:
    """Return the measured section on acts and layers."""
    parts = [
        _describe_machine(results),
        _count(results),
        _table_of_sealed(results),
        _table_of_profiles(results),
        _lists_of_layers(results),
        _unreachable(results),
    ]
    return "\n\n".join(parts) + "\n"


def put_section(name: str, text: str, document: Path = DOCUMENT) -> None:
    """Replace the section between its two marks."""
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    whole = document.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    assert pattern.search(whole), f"{document} has no section {name}"
    replacement = f"{begin}\n{text}{end}"
    document.write_text(pattern.sub(lambda _found: replacement, whole), encoding="utf-8")


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def _describe_machine(results: Results) -> str:
    words = []
    for each in results.findings:
        report = each.report
        missing = [layer["layer"] for layer in report["layers"] if not layer["held"]]
        words.append(
            f"as {each.user}: grade {report['grade']}"
            + (f" (without {', '.join(missing)})" if missing else "")
        )
    report = results.findings[0].report
    return (
        f"Measured on Linux {report['kernel'].split('-')[0]}, {report['machine']}, Landlock ABI "
        f"{report['landlock_abi']}; {'; '.join(words)}."
    )


def _names(results: Results, test: Callable[[str], bool]) -> list[str]:
    return [
        each.name for each in PRIMITIVES if results.reached(BARE, (), each.name) and test(each.name)
    ]


def _count(results: Results) -> str:
    total = len(_names(results, lambda _name: True))
    rows = []
    for profile in PROFILES:
        cells = [profile]
        for left_out in GRADES.values():
            marks = [results.mark(profile, left_out, name) for name in _names(results, bool)]
            meant = marks.count(MEANT)
            not_held = sum(mark in (REACHED, "r", "u") for mark in marks)
            cells.append(f"{not_held}" + (f" (and {meant} meant)" if meant else ""))
        rows.append(cells)
    head = ("profile", *(f"grade {grade}" for grade in GRADES))
    return (
        f"Of {len(PRIMITIVES)} acts, {total} are reached without a cage. Reached in each profile, "
        f"by root or by an ordinary user:\n\n{_grid(head, rows)}"
    )


def _by_family() -> Iterator[tuple[str, list[Primitive]]]:
    families: dict[str, list[Primitive]] = {}
    for each in PRIMITIVES:
        families.setdefault(each.family, []).append(each)
    yield from families.items()


def _table_of_sealed(results: Results) -> str:
    columns: Mapping[str, frozenset[str]] = {
        "whole": frozenset(),
        **{f"−{layer.value[:4]}": frozenset({layer}) for layer in LAYERS},
        **{f"{grade}": left_out for grade, left_out in GRADES.items() if grade in "CD"},
        **{f"only {layer.value[:4]}": frozenset(LAYERS) - {layer} for layer in LAYERS},
    }
    rows: list[Sequence[str]] = []
    for family, primitives in _by_family():
        rows.append((f"**{family}**", "", *[""] * (len(columns) + 1)))
        for each in primitives:
            marks = [results.mark(SEALED, left_out, each.name) for left_out in columns.values()]
            rows.append((each.name, each.words, results.bare(each.name), *marks))
    return "### Sealed\n\n" + _grid(("act", "what it tries", "no cage", *columns), rows)


def _table_of_profiles(results: Results) -> str:
    rows: list[Sequence[str]] = []
    others = [profile for profile in PROFILES if profile != SEALED]
    for family, primitives in _by_family():
        marks_of = {
            each.name: [
                mark
                for profile in others
                for mark in (
                    results.mark(profile, (), each.name),
                    results.mark(profile, GRADES["C"], each.name),
                )
            ]
            for each in primitives
        }
        told = [name for name, marks in marks_of.items() if set(marks) - {HELD, ""}]
        rest = len([name for name, marks in marks_of.items() if name not in told and any(marks)])
        rows.append((f"**{family}**", *[""] * (2 * len(others))))
        rows += [(name, *marks_of[name]) for name in told]
        if rest:
            rows.append((f"{rest} more", *[HELD] * (2 * len(others))))
    head = ("act", *(column for profile in others for column in (profile, "C")))
    return (
        "### The other profiles\n\nEach whole, and beside it as on a machine of grade C. Acts that "
        f"are held everywhere are only counted.\n\n{_grid(head, rows)}"
    )


def _lists_of_layers(results: Results) -> str:
    parts = [
        "### What each layer holds that no other does",
        "Reached as soon as this layer alone is left out.",
    ]
    for profile in PROFILES:
        lines = []
        for layer in LAYERS:
            more = [
                name
                for name in _names(results, bool)
                if results.reached(profile, {layer}, name)
                and not results.reached(profile, (), name)
            ]
            if more:
                lines.append(f"  - {layer.value} ({len(more)}): {', '.join(more)}")
        told = "\n" + "\n".join(lines) if lines else " no layer stands alone"
        parts.append(f"- **{profile}**:{told}")
    return "\n".join((parts[0], "", parts[1], "", *parts[2:]))


def _unreachable(results: Results) -> str:
    names = [each.name for each in PRIMITIVES if not results.reached(BARE, (), each.name)]
    return (
        "### What proves nothing here\n\nNot reached without a cage either, as root or as an "
        f"ordinary user, on this machine: {', '.join(names) or 'none'}."
    )
