"""Where the first call of each kind of fault failed."""

import pytest

from tests.zones.traits.interpreting import body, run
from tests.zones.traits.scenes import make_scene
from zones.traits import contract
from zones.traits.first_faults import FirstFault, first_fault


@pytest.mark.parametrize(
    ("lines", "status", "name"),
    [
        ("entity.vx = 0.0\nentity.vx = entity.state.color", contract.ATTRIBUTE, "color"),
        ("entity.vx = 0.0\nentity.colour = '#00ff00'", contract.ATTRIBUTE, "colour"),
        ("entity.vx = 0.0\nentity.age = 3", contract.ATTRIBUTE, "age"),
        ("entity.vx = 0.0\nentity.vx = 1.0 / (entity.vx * 0.0)", contract.ZERO_DIVISION, ""),
        ("entity.vx = 0.0\nraise ValueError('no')", contract.DOMAIN, ""),
    ],
)
def test_line_and_name_are_known(lines, status, name):
    """The line is that of the source, and an attribute is named."""
    trait = run(body(lines), make_scene(entities=3))
    assert trait.first_faults == {status: FirstFault(5, name)}


def test_a_fault_in_a_function_is_told_by_its_own_line():
    """The innermost line of the source, not the one that called."""
    source = "def half(a):\n    return a / 0.0\n" + body("entity.vx = half(entity.vx)")
    assert run(source, make_scene(entities=2)).first_faults[contract.ZERO_DIVISION].line == 2


def test_only_the_first_of_a_kind_is_kept():
    """Calls that go well leave nothing."""
    scene = make_scene(entities=4)
    trait = run(body("entity.vx = 0.5"), scene)
    assert trait.first_faults == {}
    trait.keep_first(contract.ATTRIBUTE, AttributeError("x"))
    assert trait.first_faults == {contract.ATTRIBUTE: FirstFault()}


def test_an_exception_of_the_source_gives_no_name():
    """What it says may be its own code."""

    class Own(AttributeError):
        def __str__(self):
            raise AssertionError("run")

    assert first_fault(Own("attribute 'x'"), "<trait>") == FirstFault()
