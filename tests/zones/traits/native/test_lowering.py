"""Which sources become machine code, and why others do not."""

import subprocess
import sys

import pytest

from tests.zones.traits.corpus import honest
from zones.traits.native.lowering import lower
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source


def method(*lines: str) -> bytes:
    """Return the source of a trait whose `execute` has these lines."""
    body = "".join(f"        {line}\n" for line in lines)
    return f"class T(Trait):\n    async def execute(self, entity):\n{body}".encode()


def test_most_honest_traits_are_native() -> None:
    """Of what a model would write at least 70 % is compiled; the rest says line and reason."""
    tiers = {name: tier_of(check_source(source)) for name, source in honest().items()}
    native = [name for name, (tier, _) in tiers.items() if tier == "native"]
    assert len(native) >= 0.8 * len(tiers)
    for tier, why in tiers.values():
        assert (tier == "native") == (why == "")
        assert not why or why.startswith("line ")
    assert tiers["forage_nearest"] == ("native", "")
    assert tiers["dict_weights"] == ("interpreted", "line 10: a list with a list")


def test_the_same_source_gives_the_same_text() -> None:
    """A text is the same for each reading: it names the code in the cache."""
    for name in ("full_boids", "sorted_foods", "sector_scan"):
        texts = {lower(check_source(honest()[name])).text for _ in range(2)}
        assert len(texts) == 1


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["seen = {}"], "line 3: a dict"),
        (["seen = {1, 2}"], "line 3: a set"),
        (["entity.state = str(entity.age)"], "line 3: the builtin str"),
        (["x = 1 if entity.age else 'a'"],
         "line 3: a value is an int on one way and a text on another"),
        (["if entity.age:", "    x = 1", "else:", "    x = 'a'", "entity.state = x"],
         "line 7: x stands for different kinds of things"),
        (["found = []", "while entity.age > len(found):", "    found.append(1)"],
         "line 5: a list that grows in a loop without a known end"),
        (["a, b = [1], [2]", "for k in range(3):", "    a, b = b, a"],
         "line 5: a second name for a list, in a loop"),
        (["a = [1, 2]", "for k in a:", "    a = [k]"],
         "line 5: a list that is replaced while it is looped over"),
        (["for k in range(3):", "    a = (k, [k])"],
         "line 4: a tuple with a list or function, in a loop"),
        (["for a in entity.nearby_entities(9):", "    b = a.id < entity.id"],
         "line 4: an order of texts or of entities"),
    ],
)  # fmt: skip
def test_reasons_for_people(lines: list[str], why: str) -> None:
    """What cannot be typed is named with its line."""
    assert tier_of(check_source(method(*lines))) == ("interpreted", why)


def test_a_tier_is_found_without_numpy() -> None:
    """Validating processes start fast: neither numpy nor numba nor llvmlite is imported."""
    script = (
        "import sys; import zones.traits.native.tiers, zones.traits.reading;"
        "print([m for m in ('numpy', 'numba', 'llvmlite') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert run.stdout.strip() == "[]"


def test_code_has_an_end() -> None:
    """Calls that double at each depth, and lists that double, stay in the interpreted tier."""
    calls = [
        f"    def f{k}(self, x): return self.f{k + 1}(x) + self.f{k + 1}(x)" for k in range(12)
    ]
    last = ["    def f12(self, x): return x", "    async def execute(self, entity): self.f0(1)"]
    source = "\n".join(["class T(Trait):", *calls, *last]).encode()
    assert tier_of(check_source(source))[1].endswith("code that becomes too large")
    double = method("xs = [1]", "for a in (1, 2):", "    for x in xs:", "        xs.append(x)")
    assert tier_of(check_source(double))[1].endswith("a list of more than 1024 items")
