"""Only sources whose loading cannot fail, and costs nothing, are native."""

import pytest

from zones.traits.native.faults import NotNative
from zones.traits.native.lowering import lower
from zones.traits.reading import check_source

HEAD = "import math\nfrom math import sqrt\nfrom typing import Optional, Tuple\n"
BODY = "    async def execute(self, entity):\n        entity.vx = 1.0\n"


def source_of(module: str, inside: str) -> bytes:
    return f"{HEAD}{module}\nclass Calm(Trait):\n    {inside}\n{BODY}".encode()


@pytest.mark.parametrize(
    "constant",
    [
        "C = 1 / 0",
        "C = 1.0(12)",
        "C = math.sqrt(-1)",
        "C = sqrt(-1.0)",
        "C = 9223372036854775807 + 1",
        "C = 2 ** 64",
        "C = 3 << 62",
        "C = (-8) ** 0.5",
        "C = int(1e300)",
        "A, B = 1",
        "A, B = 1, 2, 3",
        "C = 'a' < 1",
        "C = -'a'",
        "C = sum([1.0, 2.0])",
        "C = max([1.0, 2.0])",
        "C = math.fsum((1.0, 2.0))",
        "C = len('abc')",
        "C = lambda x=1 // 0: x",
        "C = {[1]: 2}",
        "C = {1: 1 / 0}",
    ],
)
@pytest.mark.parametrize("place", ["module", "class"])
def test_constants_that_may_fail_are_not_native(constant: str, place: str) -> None:
    """A constant that fails, or costs fuel, when it is worked out keeps a source interpreted."""
    module, inside = (constant, "pass") if place == "module" else ("", constant)
    checked = check_source(source_of(module, inside))
    with pytest.raises(NotNative):
        lower(checked)


@pytest.mark.parametrize(
    "constant",
    [
        "C = 2.0 * math.pi",
        "C = math.radians(12)",
        "C = -math.inf",
        "C = 3600 // 2 + (1 << 5)",
        "C: float = abs(-2.5)",
        "C = max(1, 2.5)",
        "A, B = 1.0, 2.0",
        "C = (1.0, (2, 3))",
        "C = [1, 2, 3]",
        "C = lambda x: x / 0",
        "C = {'a': 1.0, 2: -3}",
        "C = sqrt(2.0)",
        "Pair = Tuple[float, Optional[int]]",
        "C = 9223372036854775807",
    ],
)
@pytest.mark.parametrize("place", ["module", "class"])
def test_plain_constants_are_native(constant: str, place: str) -> None:
    """What certainly works, at no cost, keeps no source from the native tier."""
    module, inside = (constant, "pass") if place == "module" else ("", constant)
    lower(check_source(source_of(module, inside)))


@pytest.mark.parametrize("module", ["C = D\nD = 1.0", "def f(x=D):\n    return x\nD = 1.0"])
def test_names_are_bound_before_they_are_read(module: str) -> None:
    """A constant of a name that comes later keeps a source interpreted."""
    with pytest.raises(NotNative):
        lower(check_source(source_of(module, "pass")))
