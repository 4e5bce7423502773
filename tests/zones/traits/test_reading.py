"""The whole way from bytes to a checked tree: what honest sources keep, what none passes."""

import pytest

from tests.zones.traits.corpus import expected_state, honest
from zones.traits.reading import check_source
from zones.traits.verdict import Refusal

HONEST = honest()


@pytest.mark.parametrize("name", HONEST)
def test_honest_source_is_accepted(name: str) -> None:
    """Every source of the honest corpus passes, with the state that it has."""
    checked = check_source(HONEST[name])
    assert checked.name and checked.source.encode() == HONEST[name]
    assert expected_state(name) in {"", checked.state}


@pytest.mark.parametrize(
    "text",
    [
        "return",
        "class A(Trait):\n  async def execute(self, entity):\n    break",
        "class A(Trait):\n  async def execute(self, entity):\n    x = 1; global x",
        "class A(Trait):\n  async def execute(self, self):\n    pass",
        "class A(Trait):\n  async def execute(self, entity):\n    nonlocal y",
        "class A(Trait):\n  async def execute(self, entity):\n    f(a=1, a=2)",
        "x = (",
        "x = '",
        "\tx = 1\n  y = 2",
        "x = 1 2",
        "x: int = yield",
        "print 'x'",
    ],
)
def test_what_python_refuses_is_refused(text: str) -> None:
    """A source that the parser or the compiler refuses gets an orderly refusal with its line."""
    with pytest.raises(Refusal) as refused:
        check_source(text.encode())
    assert refused.value.rule and refused.value.reason


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("self.__class__.n += 1", "volatile"),
        ("self.__class__()", "volatile"),
        ("entity.x = len(self.__class__.__name__) + self.__class__.n", "none"),
    ],
)
def test_the_class_of_self_is_state_too(statement: str, state: str) -> None:
    """A class that is changed by way of self outlives the call; one that is asked does not."""
    text = (
        f"class A(Trait):\n    n = 0\n    async def execute(self, entity):\n        {statement}\n"
    )
    assert check_source(text.encode()).state == state
