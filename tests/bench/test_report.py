"""Reports and figures: what programs and people get."""

import io
import json
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tests.bench.__main__ import run
from tests.bench.figures import median, percentile
from tests.bench.report import (
    CannotMeasure,
    Goal,
    Report,
    at_least,
    at_most,
    describe_machine,
    format_cell,
    group_rows,
    print_report,
    read_commit,
)

REPORT = Report(
    "world",
    [{"entities": 500, "tick_ms": 0.0141}, {"entities": 5000, "tick_ms": 0.137}, {"skipped": "x"}],
    [at_most("tick, 500 entities", 0.0141, 0.02, "ms"), at_least("speed", None, 28e6, "1/s")],
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Put a bench in the place of `world` that measures nothing."""
    module = ModuleType("tests.bench.world")
    module.measure = lambda peers, quick: REPORT  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests.bench.world", module)
    return module


@pytest.mark.usefixtures("bench")
def test_json_is_one_document_with_the_agreed_keys(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one document; the code is 0 although a goal is not met."""
    assert run(["world", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["name", "commit", "machine", "rows", "goals"]
    assert document["rows"][1] == {"entities": 5000, "tick_ms": 0.137}
    assert document["goals"][1] == {
        "name": "speed",
        "value": None,
        "goal": 28e6,
        "unit": "1/s",
        "met": False,
    }


def test_bench_that_cannot_measure_says_why(
    bench: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bench that cannot do its work ends with 1, and its reason on stderr."""

    def measure(peers: bool, quick: bool) -> Report:
        raise CannotMeasure("cannot measure: no kernel")

    bench.measure = measure  # type: ignore[attr-defined]
    assert run(["world"]) == 1
    assert capsys.readouterr().err == "cannot measure: no kernel\n"


def test_unknown_bench_is_wrong_usage() -> None:
    """A name that is no bench leaves with 2."""
    with pytest.raises(SystemExit) as left:
        run(["nonsense"])
    assert left.value.code == 2


def test_table_shows_figures_and_what_is_not_met() -> None:
    """People see each row, and each goal as met or not met."""
    out = io.StringIO()
    print_report(REPORT, "abc", describe_machine(), Console(file=out, width=120))
    text = out.getvalue()
    assert "0.0141" in text and "5,000" in text
    assert "met      tick, 500 entities: 0.0141 (goal 0.02 ms)" in text
    assert "not met  speed: not measured (goal 28,000,000 1/s)" in text


def test_rows_with_other_keys_start_another_table() -> None:
    """Neighbouring rows with the same keys stay together, in order."""
    groups = group_rows(REPORT.rows)
    assert [(columns, len(rows)) for columns, rows in groups] == [
        (("entities", "tick_ms"), 2),
        (("skipped",), 1),
    ]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (12345, "12,345"),
        (0.000123456, "0.0001235"),
        (2e7, "20,000,000"),
    ],
)
def test_cell_is_readable(cell: float | bool | None, text: str) -> None:
    """Four digits are enough for a person, thousands are set apart."""
    assert format_cell(cell) == text


@pytest.mark.parametrize(("value", "met"), [(0.9, True), (1.0, True), (1.1, False), (None, False)])
def test_upper_limit(value: float | None, met: bool) -> None:
    """A value at the limit meets it, one that was not measured does not."""
    assert at_most("x", value, 1.0, "ms") == Goal("x", value, 1.0, "ms", met)


@pytest.mark.parametrize(("value", "met"), [(1.1, True), (1.0, True), (0.9, False), (None, False)])
def test_lower_limit(value: float | None, met: bool) -> None:
    """A value at the limit meets it, one that was not measured does not."""
    assert at_least("x", value, 1.0, "ms") == Goal("x", value, 1.0, "ms", met)


def test_commit_and_machine_are_known() -> None:
    """A report can say which commit on which machine."""
    assert read_commit() != "unknown"
    machine = describe_machine()
    assert set(machine) == {"cpu", "cores", "memory_gb", "system", "python"}
    assert machine["cpu"]


FLOATS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200)


@given(FLOATS, st.floats(0.01, 1.0))
def test_percentile_is_a_value_that_the_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    """At least the share lies at or below it, and less than the share below it."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


@given(FLOATS)
def test_median_has_as_many_above_as_below(values: list[float]) -> None:
    """No more than half of the values lie on either side."""
    found = median(values)
    assert sum(value < found for value in values) <= len(values) / 2
    assert sum(value > found for value in values) <= len(values) / 2


def test_median_of_an_even_count_lies_between() -> None:
    """Two in the middle: their mean."""
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert percentile([5.0, 1.0, 3.0], 0.99) == 5.0
