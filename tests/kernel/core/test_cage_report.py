"""What a zygote says of its cage: read as hostile, refused by, shown as degraded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.errors import CodecError
from Kernel.core.cage_report import (
    SAYS_NOTHING,
    CageReport,
    cage_notes,
    cage_refusal,
    parse_cage,
    read_report,
)
from zones.runtime.cages.plans import Layer
from zones.runtime.cages.probing import Report, Tried


def told(*missing: Layer) -> dict:
    """Return what a zygote says on a machine without some layers."""
    layers = tuple(
        Tried(each, each not in missing, f"no {each}" * (each in missing)) for each in Layer
    )
    return Report("x86_64", "6.18", 7, layers, 0.05).fields()


def test_a_report_is_read_as_it_was_told():
    """All that people and programs are shown comes through both ways."""
    report = read_report(told(Layer.NAMESPACES))
    assert report.grade == "B" and [each.name for each in report.layers] == [*Layer]
    assert [each.name for each in report.layers if not each.held] == ["namespaces"]
    assert "sealed" in report.not_held and len(report.applied["sealed"]) == len(Layer)
    assert "landlock" not in report.applied["zygote"]
    assert read_report(report.fields()) == report


def test_nothing_is_known_before_there_are_facts():
    """While a world starts its grade is unknown; a version that says nothing encloses nothing."""
    assert parse_cage({}) is None
    assert parse_cage({"generation": "x"}) is SAYS_NOTHING and SAYS_NOTHING.grade == "D"


SHAPES = [
    None,
    7,
    [],
    "A",
    {},
    {"grade": "A"},
    {"grade": "S", "layers": []},
    {"grade": "A", "layers": [{"layer": "seccomp", "held": 1}]},
    {"grade": "A", "layers": [{"layer": 3, "held": True}]},
    {"grade": "A", "layers": [{}] * 99},
    {"grade": ["A"], "layers": []},
    {"grade": "A", "layers": [], "not_held": {"sealed": "everything"}},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_another_form_holds_nothing(shape):
    """What cannot be read is never taken for a good grade."""
    with pytest.raises(CodecError):
        read_report(shape)
    assert shape is None or parse_cage({"cage": shape}).grade == "D"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["grade", "layers", "layer", "held", "not_held", "x"]),
            inner,
            max_size=4,
        )
    ),
)


@given(shape=ANYTHING)
def test_whatever_is_said_gives_a_grade(shape):
    """A zygote can say anything: it is a report, or grade D."""
    assert parse_cage({"cage": shape}).grade in "ABCD"


@pytest.mark.parametrize(
    ("missing", "grade"),
    [((), "A"), ((Layer.NAMESPACES,), "B"), ((Layer.LANDLOCK, Layer.NAMESPACES), "C")],
)
def test_grades_that_hold_calls_run_generated_code(missing, grade):
    """Every layer that is missing is told with its reason and what helps; nothing is refused."""
    report = parse_cage({"cage": told(*missing)})
    assert report.grade == grade and cage_refusal(report, False, "try") is None
    notes = cage_notes(report, False, False)
    assert sorted(each["what"] for each in notes) == sorted(f"cage: {each}" for each in missing)
    assert all(each["why"].startswith("no ") and each["hint"] for each in notes)


def test_grade_d_refuses_unless_the_operator_says_otherwise():
    """With what it refuses in the note, and the reason in the refusal, which has code 5."""
    report = parse_cage({"cage": told(Layer.SECCOMP)})
    refused = cage_refusal(report, False, "run")
    assert refused.message == "cannot run: the cage has grade D: no seccomp"
    assert refused.exit_code == 5 and refused.hint == "molt doctor cage"
    assert cage_refusal(report, True, "run") is None
    (layer, grade) = cage_notes(report, False, False)
    assert layer["what"] == "cage: seccomp"
    assert "trait add, try and run are refused" in grade["why"]
    assert "runs all the same" in cage_notes(report, True, False)[-1]["why"]


def test_nothing_runs_while_it_is_not_known():
    """Not even where the operator would let it run: there is nobody to run it."""
    for uncaged in (False, True):
        refused = cage_refusal(None, uncaged, "try")
        assert "not known what its cage holds" in refused.message and "wait" in refused.hint
    assert cage_notes(None, False, False) == []


def test_what_an_operator_has_switched_off_is_degraded():
    """Visible on the best machine, too."""
    best = CageReport("A")
    assert "uncaged is true" in cage_notes(best, True, False)[0]["why"]
    assert "unchecked_trials is true" in cage_notes(best, False, True)[0]["why"]
