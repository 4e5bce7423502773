"""The ecology report: its text against its numbers, its claims, and the script as a whole."""

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools.ecology.chronicle import ALIVE, BadEvents, read_chronicle
from tools.ecology.family import hues, in_family_order
from tools.ecology.prose import render, table
from tools.ecology.verdicts import EXPECTED, judge
from zones.world.colours import HUES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PLOTS_BYTES_MAX = 2_000_000
DRAWS = all(importlib.util.find_spec(name) for name in ("altair", "vl_convert"))


def committed() -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DOCS / "ecology" / "data.json").read_text(encoding="utf-8"))
    return data


def telemetry(tick: int, **fields: Any) -> dict[str, Any]:
    return {"kind": "telemetry", "tick": tick, "genes": [0.5] * 8} | fields


def log(tick: int, born: list[list[int]], died: list[list[int]], lost: int = 0) -> dict[str, Any]:
    """Make a lineage event of born [id, mother, lineage, tick] and died [id, cause, tick]."""
    return {
        "kind": "world.lineage",
        "tick": tick,
        "lost": lost,
        "born": {
            "ids": [row[0] for row in born],
            "parents": [row[1] for row in born],
            "lineages": [row[2] for row in born],
            "ticks": [[row[3], 1] for row in born],
        },
        "died": {
            "ids": [row[0] for row in died],
            "causes": [row[1] for row in died],
            "ticks": [[row[2], 1] for row in died],
        },
    }


def write(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(event)}\n" for event in events), encoding="utf-8")
    return path


def test_text_is_made_of_the_numbers() -> None:
    """docs/ecology.md says what data.json holds, word for word."""
    assert (DOCS / "ecology.md").read_text(encoding="utf-8") == render(committed())


def test_committed_claims_hold() -> None:
    """The report in docs/ is a whole one, of 21 seeds or more, and none of its claims is false."""
    data = committed()
    assert not data["quick"] and len(data["seeds"]) >= 21 and data["ticks"] >= 200_000
    assert data["claims"] == judge(data["seeds"], data["problems"])
    assert [claim for claim in data["claims"] if not claim["holds"]] == []
    assert {run["scenario"] for run in data["problems"]} == set(EXPECTED)


def test_plots_are_there_and_modest() -> None:
    """Each plot of the text is there, none is left over, and all together are small."""
    text = (DOCS / "ecology.md").read_text(encoding="utf-8")
    plots = sorted((DOCS / "ecology").glob("*.svg"))
    assert plots and all(f"](ecology/{plot.name})" in text for plot in plots)
    assert text.count(".svg)") == len(plots)
    assert sum(plot.stat().st_size for plot in plots) <= PLOTS_BYTES_MAX


@pytest.mark.parametrize(
    ("place", "value", "claim"),
    [
        (("births_window_least",), 0, 0),
        (("deaths_window_least",), 0, 0),
        (("pinned",), True, 1),
        (("lineages_fallen",), 0, 2),
        (("problems",), {"starvation": {"alarms": 22}}, 4),
    ],
)
def test_false_claim_is_found(place: tuple[str, ...], value: Any, claim: int) -> None:
    """One seed that breaks a claim makes this claim false and no other."""
    data = copy.deepcopy(committed())
    data["seeds"][7][place[0]] = value
    claims = judge(data["seeds"], data["problems"])
    assert [number for number, told in enumerate(claims) if not told["holds"]] == [claim]


def test_gene_at_its_end_is_found() -> None:
    """A mean gene at an end of its range on all seeds is found, on all but one it is not."""
    data = copy.deepcopy(committed())
    for seed in data["seeds"]:
        seed["genes_last"]["size"] = 0.995
    assert [told["holds"] for told in judge(data["seeds"], ())][3] is False
    data["seeds"][0]["genes_last"]["size"] = 0.9
    assert [told["holds"] for told in judge(data["seeds"], ())][3] is True


def test_scenario_without_its_problem_is_found() -> None:
    """A scenario that shows another problem than its own makes its claim false."""
    data = copy.deepcopy(committed())
    for run in data["problems"]:
        run["problems"] = {"none_of_them": {}}
    claims = judge(data["seeds"], data["problems"])
    assert [told["holds"] for told in claims[-len(EXPECTED) :]] == [False] * len(EXPECTED)


def test_scenario_on_one_seed_only_is_found() -> None:
    """A scenario that shows its problem on the configured seed alone makes its claim false."""
    data = copy.deepcopy(committed())
    data["problems"][0]["seeds_shown"] = data["problems"][0]["seeds"][:1]
    claims = judge(data["seeds"], data["problems"])
    assert [told["holds"] for told in claims[-len(EXPECTED) :]] == [False, True, True, True]


def test_lives_become_sizes(tmp_path: Path) -> None:
    """Sizes, generations, ancestors and the population of each tick follow from the log."""
    events = write(
        tmp_path / "events.jsonl",
        telemetry(300, entity_count=3),
        log(300, [[3, 2, 2, 10], [4, 3, 3, 300]], [[1, 1, 20]]),
        telemetry(600, entity_count=3),
        log(600, [[5, 0, 4, 301]], [[2, 2, 600]]),
    )
    told = read_chronicle(events, founders=2, founding_lineages=2)
    assert told.sizes[1:].tolist() == [[1, 0, 0], [1, 2, 1], [0, 1, 1], [0, 0, 1]]
    assert told.generation.tolist() == [0, 0, 0, 1, 2, 0]
    assert told.ancestor.tolist() == [0, 0, 0, 2, 0]
    assert [told.population[tick] for tick in (0, 10, 20, 299, 300, 301, 600)] == [
        2, 3, 2, 2, 3, 4, 3,
    ]  # fmt: skip
    assert np.count_nonzero(told.died == ALIVE) == 3


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([log(300, [], [])], "events are missing"),
        ([telemetry(300, entity_count=2), log(300, [], [], lost=1)], "events are missing"),
        ([telemetry(300, entity_count=3), log(300, [[4, 1, 1, 5]], [])], "have gaps"),
        ([telemetry(300, entity_count=3), log(300, [], [])], "do not add up"),
    ],
)
def test_broken_history_is_refused(tmp_path: Path, events: list[dict[str, Any]], why: str) -> None:
    """Events that lack something, or contradict each other, are no history."""
    with pytest.raises(BadEvents, match=why):
        read_chronicle(write(tmp_path / "events.jsonl", *events), 2, 2)


def test_family_lies_together() -> None:
    """Each lineage comes right behind its ancestor's earlier offspring, and each comes once."""
    ancestor = np.array([0, 0, 0, 1, 2, 1, 3])
    assert in_family_order(ancestor) == [1, 3, 6, 5, 2, 4]


def test_founders_have_the_colours_of_the_world() -> None:
    """A founder's lineage is drawn in its hue of the arena, a later one near its ancestor's."""
    colours = hues(np.array([0, 0, 0, 1]), founders=2)
    assert colours[1] == f"#{HUES[int(0.618034 * len(HUES))]:06x}"
    places = {f"#{hue:06x}": place for place, hue in enumerate(HUES)}
    assert 0 < abs(places[colours[3]] - places[colours[1]]) <= 0.07 * len(HUES) + 1


def test_table_is_whole() -> None:
    """A table has its heads, a rule that says which side, and its rows."""
    assert table(["a", "b"], [["1", "2"]], "lr") == "| a | b |\n| --- | ---: |\n| 1 | 2 |"


@pytest.mark.slow
@pytest.mark.skipif(not DRAWS, reason="needs altair and vl-convert-python: molt[science]")
def test_script_works_end_to_end(tmp_path: Path) -> None:
    """A quick run writes text, numbers and plots that belong together, and says what it is."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.ecology_report", "--quick", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    data = json.loads((tmp_path / "ecology" / "data.json").read_text(encoding="utf-8"))
    text = (tmp_path / "ecology.md").read_text(encoding="utf-8")
    assert text == render(data) and "too short to judge by" in text
    shown = [run["scenario"] for run in data["problems"] if run["expected"] in run["problems"]]
    assert shown == ["starving", "overcrowded", "monoculture"]
    for plot in (tmp_path / "ecology").glob("*.svg"):
        assert plot.read_text(encoding="utf-8").startswith("<svg")
        assert f"](ecology/{plot.name})" in text
