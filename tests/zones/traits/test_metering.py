"""Fuel of the interpreted tier: what each step costs, to the unit, and that it ends every call."""

import ast

import pytest

from tests.zones.traits.interpreting import body, interpret, outcome, run
from tests.zones.traits.scenes import make_scene
from zones.traits import contract
from zones.traits.call_graph import is_shallow

# Lines of execute -> fuel without the 1 of its entry. `n` items are made by literals.
LINES = {
    "pass": 0,
    "for i in range(7):\n    pass": 7,
    "i = 0\nwhile i < 5:\n    i += 1": 5,
    "for i in range(9):\n    if i == 3:\n        break": 4,
    "for i in range(3):\n    for j in range(4):\n        pass": 15,
    "[i for i in range(6)]": 6,
    "[i for i in range(6) if i > 3]": 6,
    "[i + j for i in range(3) for j in range(2)]": 9,
    "{i for i in range(6)}": 6,
    "{i: 1 for i in range(6)}": 6,
    "sum(i for i in range(5))": 10,
    "sum([1, 2, 3])": 3,
    "any(i == 2 for i in range(9))": 6,
    "all([1, 1, 0, 1])": 3,
    "min([3, 1])": 2,
    "max(3, 1)": 0,
    "max([1, 2, 3], key=lambda v: -v)": 6,
    "sorted([3, 1, 2])": 3,
    "sorted([3, 1, 2], key=lambda v: v)": 6,
    "list(range(4))": 4,
    "tuple([1, 2])": 2,
    "set([1, 1, 2])": 3,
    "dict([('a', 1), ('b', 2)])": 2,
    "for i, v in enumerate([5, 6]):\n    pass": 4,
    "for a, b in zip([1, 2], [3, 4]):\n    pass": 6,
    "list(map(abs, [1, 2]))": 4,
    "list(filter(None, [0, 1, 2]))": 5,
    "list(reversed([1, 2, 3]))": 6,
    "''.join(['a', 'b'])": 2,
    "len([1, 2, 3])": 0,
    "x = [0] * 64": 4,
    "x = [0] * 15": 0,
    "x = 'a' * 33": 2,
    "x = [0] * 32 + [1] * 32": 2 + 2 + 4,
    "x = ([0] * 48)[:32]": 3 + 2,
    "1 in [0] * 40": 2 + 2,
    "x = [0] * 32 == [0] * 32": 2 + 2 + 2,
    "(lambda: 1)()": 1,
    "x = {'a': 1}.get('a')": 0,
    "x = [*range(5)]": 5,
    "def f():\n    return 1\nf()\nf()": 2,
    "def g():\n    yield 1\n    yield 2\nfor v in g():\n    pass": 3,
    "try:\n    1 // len([])\nexcept ZeroDivisionError:\n    pass": 0,
}


@pytest.mark.parametrize(("lines", "fuel"), LINES.items())
def test_each_step_costs_what_the_contract_says(lines, fuel):
    """The fuel of a call is the sum of its steps, exactly."""
    scene = make_scene(entities=1)
    run(body(lines), scene)
    assert outcome(scene) == (contract.OK, fuel + 1)


def test_init_counts_in_the_first_call_alone():
    """__init__ costs its unit in the first call of an entity."""
    scene = make_scene(entities=2)
    trait = interpret(
        "class T(Trait):\n    def __init__(self):\n        self.n = 0\n\n"
        "    async def execute(self, entity):\n        self.n += 1\n"
    )
    for wanted in (2, 1, 1):
        trait.run(scene, 2)
        assert scene.arrays["fuel"][:2].tolist() == [wanted, wanted]


def test_searches_cost_one_and_what_they_find():
    """nearby_* cost 1 and how many lie within the radius, also beyond those that are given."""
    scene = make_scene(entities=200, width=50.0, height=50.0)
    run(body("entity.nearby_entities(500.0)"), scene, 1)
    assert outcome(scene) == (contract.OK, 1 + 1 + 199)
    run(body("entity.nearby_resources(-1.0)"), scene, 1)
    assert outcome(scene) == (contract.OK, 2)


@pytest.mark.parametrize("limit", [1, 2, 50, 999])
def test_the_limit_is_used_up_and_never_exceeded(limit):
    """A call that runs out has used its limit; one that needs just the limit is fair."""
    scene = make_scene(entities=1, fuel_max=limit)
    run(body(f"for i in range({limit - 1}):\n    pass"), scene)
    assert outcome(scene) == (contract.OK, limit)
    run(body(f"for i in range({limit}):\n    pass"), scene)
    assert outcome(scene) == (contract.OUT_OF_FUEL, limit)


NESTED = """
def down(n):
    return 0 if n <= 1 else 1 + down(n - 1)


class T(Trait):
    async def execute(self, entity):
        entity.vx = down({})
"""


def test_recursion_ends_at_its_limit_however_deep_the_host_is():
    """So many calls within each other are fair, one more is not, from any depth of the host."""

    def at_depth(depth, call):
        return call() if depth == 0 else at_depth(depth - 1, call)

    for depth in (0, 300):
        for calls, status in ((99, contract.CLIPPED_RANGE), (100, contract.OTHER)):
            scene = make_scene(entities=1)
            trait = interpret(NESTED.format(calls))
            at_depth(depth, lambda trait=trait, scene=scene: trait.run(scene, 1))
            assert outcome(scene)[0] == status, (depth, calls)


SWALLOWERS = {
    "bare": "try:\n    while entity:\n        pass\nexcept:\n    pass",
    "finally": "for i in [1]:\n    try:\n        while entity:\n            pass\n"
    "    finally:\n        break",
    "return": "def f():\n    try:\n        while entity:\n            pass\n"
    "    finally:\n        return 1\nf()",
    "exit": "class C:\n    def __enter__(self):\n        pass\n\n"
    "    def __exit__(self, *a):\n        return True\n"
    "with C():\n    while entity:\n        pass",
    "generator": "def g():\n    try:\n        while entity:\n            yield 1\n"
    "    finally:\n        return\nfor v in g():\n    pass",
    "in a loop": "while entity:\n    try:\n        while entity:\n            pass\n"
    "    except Exception:\n        pass",
}


@pytest.mark.parametrize("lines", SWALLOWERS.values(), ids=SWALLOWERS)
def test_nothing_swallows_the_stop(lines):
    """No handler, finally, with or generator keeps a call going that is out of fuel."""
    scene = make_scene(entities=1, fuel_max=500)
    before = scene.arrays["new_vx"].copy()
    run(body(lines + "\nentity.vx = 1.0"), scene)
    assert outcome(scene) == (contract.OUT_OF_FUEL, 500)
    assert scene.arrays["new_vx"].tobytes() == before.tobytes()


@pytest.mark.parametrize("error", ["MemoryError", "RecursionError"])
def test_no_handler_takes_what_must_end_a_call(error):
    """MemoryError and RecursionError pass every handler of the source."""
    scene = make_scene(entities=1)
    lines = f"try:\n    raise {error}\nexcept {error}:\n    pass\nentity.vx = 1.0"
    run(body(lines), scene)
    assert outcome(scene)[0] == contract.OTHER


def test_a_dropped_generator_runs_nothing():
    """What stands in finally runs when a generator is closed, not when it is forgotten."""
    lines = (
        "log = []\ndef g():\n    try:\n        yield 1\n    finally:\n        log.append(1)\n"
        "a = g()\nnext(a)\ndel a\nb = g()\nnext(b)\nb.close()\nentity.vx = float(len(log))"
    )
    scene = make_scene(entities=1)
    run(body(lines), scene)
    assert scene.arrays["new_vx"][scene.living[0]] == 1.0


SHALLOW = {
    "class T(Trait):\n    async def execute(self, entity):\n        pass": True,
    "def f(x):\n    return f(x)\n\n\nclass T(Trait):\n    async def execute(self, e):\n"
    "        f(1)": False,
    "class T(Trait):\n    def a(self):\n        return self.b()\n\n    def b(self):\n"
    "        return 1\n\n    async def execute(self, e):\n        self.a()": True,
    "class T(Trait):\n    def a(self):\n        return self.b()\n\n    def b(self):\n"
    "        return self.a()\n\n    async def execute(self, e):\n        self.a()": False,
    "class T(Trait):\n    def __eq__(self, o):\n        return self == o\n\n"
    "    async def execute(self, e):\n        pass": False,
    "class T(Trait):\n    async def execute(self, e):\n        max([1], key=lambda v: -v)": True,
    "class T(Trait):\n    async def execute(self, e):\n        f = lambda: f()\n        f()": False,
    "class T(Trait):\n    @property\n    def a(self):\n        return self.a\n\n"
    "    async def execute(self, e):\n        self.a": False,
}


@pytest.mark.parametrize(("source", "shallow"), SHALLOW.items())
def test_depth_is_left_uncounted_only_where_calls_cannot_nest(source, shallow):
    """A source whose functions may call themselves counts its depth."""
    assert is_shallow(ast.parse(source)) is shallow
