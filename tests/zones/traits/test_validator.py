"""What the validator lets pass: Python as a model writes it. What it refuses is in the corpus."""

import ast
import textwrap

import pytest

from tests.zones.traits.interpreting import interpret
from zones.traits import names
from zones.traits.contract import NODES_MAX
from zones.traits.reading import check_source
from zones.traits.validator import _HANDLERS, DEPTH_MAX, check_tree
from zones.traits.verdict import Checked, Refusal

EXECUTE = "class T(Trait):\n    async def execute(self, entity):\n"


def check(text: str) -> Checked:
    return check_source(textwrap.dedent(text).encode())


def within(body: str, top: str = "") -> str:
    """Return a module with statements in execute, and others at its top."""
    inside = textwrap.indent(textwrap.dedent(body).strip(), " " * 8)
    return f"{textwrap.dedent(top).strip()}\n\n\n{EXECUTE}{inside}\n"


STATEMENTS = {
    "match": """
        match entity.state, len(entity.traits):
            case "alive", 0 | 1:
                pass
            case str(name), int() as count if count > 1:
                entity.x = len(name)
            case [first, *rest]:
                del rest
            case {"a": value, **others}:
                value, others
            case None | True:
                pass
            case _:
                pass
    """,
    "walrus": """
        while (near := entity.nearby_entities(10)) and len(near) > 3:
            entity.move(1, 1)
            if any((close := e).energy > 3 for e in near):
                entity.x = close.x
            break
    """,
    "fstring": "label = f'{entity.x:.2f} {entity.id!r:>10} {{x}} {entity.age:05d} {entity.x=}'",
    "format": "a = '{} {0:>8} {name:.1f}'.format(1, 2, name=3) if 0 else '%5.1f%% %s' % (1.0, 'a')",
    "strings": "', '.join(sorted(t.strip().lower() for t in entity.traits)).split(',')[0].title()",
    "try": """
        try:
            entity.eat(1 / entity.x)
        except (ZeroDivisionError, ValueError) as error:
            entity.x = len(error.args)
            raise RuntimeError('no') from error
        except Exception:
            pass
        except:
            raise
        else:
            pass
        finally:
            entity.y = 0
    """,
    "closure": """
        total = 0
        def add(amount, *, scale: float = 1.0, **rest):
            nonlocal total
            total += amount * scale
            return total
        add(1, scale=2)
        pick = lambda e, /, key='x': e.x
        entity.x = min(entity.nearby_entities(5), key=pick, default=entity).x
    """,
    "generator": """
        def ring(n):
            sent = yield n
            yield from range(n)
            return sent
        walker = ring(3)
        next(walker)
        walker.send(1)
        walker.close()
        entity.x = sum(x for x in ring(2) if x)
    """,
    "comprehensions": """
        a = [x for row in [[1], [2]] for x in row if x]
        b = {k: v for k, v in zip('ab', a)}
        c = {x for x in b}
        d = (*a, *c, {**b, 'z': 1})
        first, *middle, last = d[::-1]
        x = y = first, middle, last
    """,
    "local names": """
        id = entity.id
        input = sum = entity.x
        dir = type = range = 3
        open = [(entity.x, id)]
        hash = dir * 31 + type
        open.append((range, hash))
    """,
    "looks": """
        if hasattr(entity, 'speed') and isinstance(entity.x, (int, float)) and callable(entity.eat):
            entity.x = entity.speed
        kind = type(self).__name__ + self.__class__.__name__
        same = type(self) is type(entity) or self.__class__ is not type(entity)
        self.__class__.total = isinstance(entity, self.__class__)
        text = repr(kind) + str(same) + format(entity.x, '.2f') + hex(255)[2:]
    """,
    "while true": """
        n = 0
        while True:
            n += 1
            if n > 3:
                break
        while True:
            return
        stack = [1, 2]
        try:
            while True:
                n += stack.pop()
        except IndexError:
            pass
    """,
    "numbers": "entity.x = -9223372036854775808 + 0xFF ** 2 + 1_000 << 3 ^ ~5 // 2 % 7 or 1e308",
    "assert and del": "assert entity.x >= 0, 'left'\nself.seen = {}\ndel self.seen",
    "chained": "if 0 <= entity.x < 10 != entity.y: entity.vx = 1 if entity.x else 2",
    "global": "global COUNT\nCOUNT += 1",
    "local import": "import math\nfrom random import choice as c\nentity.x = math.pi + c([1])",
    "annotated": "x: 'Entity' = entity\ny: int\nself.z: float = 1.0\nx, self",
    "iter": "for a, b in enumerate(iter([1, 2].pop, 1), start=1): pass\nelse: pass",
    "greek": "θ = 0.5\nΔx = θ\ngröße = Δx\n速度 = größe\nentity.x = 速度",
}
TOPS = {
    "dataclass": """
        from dataclasses import dataclass, field, replace, asdict
        from typing import ClassVar
        @dataclass(frozen=True, order=True, slots=True)
        class Vec:
            x: float = 0.0
            y: float = 0.0
            def __add__(self, other: "Vec") -> "Vec":
                return replace(self, x=self.x + other.x)
            __radd__ = __add__
        @dataclass
        class Memory:
            LIMIT: ClassVar[int] = 3
            seen: list[Vec] = field(default_factory=list, repr=False)
            best: Vec | None = None
            def __post_init__(self):
                self.count = len(self.seen) + len(asdict(self))
        ORIGIN = Vec(0.0, 0.0)
    """,
    "enum": """
        import enum
        from enum import Enum, IntEnum, auto, unique
        @unique
        class Mode(Enum):
            REST = auto()
            HUNT = "hunt"
            PAIR = (1, 2)
            @property
            def is_active(self) -> bool:
                return self is not Mode.REST and self.value != self.name
            @classmethod
            def _missing_(cls, value):
                return cls.REST
        class Level(IntEnum):
            LOW = -1
            HIGH = 1
        class Text(str, Enum):
            A = "a"
        class F(enum.Flag):
            A = enum.auto()
            B = enum.auto()
        Colour = Enum("Colour", "RED GREEN")
        ALL = [mode for mode in Mode], F.A | F.B, Mode("hunt"), Mode["REST"], Colour.RED
        COUNT = len(Mode.__members__)
    """,
    "typing": """
        from __future__ import annotations
        from typing import (Any, Callable, Final, Generic, Literal, NamedTuple, NewType, Optional,
            Protocol, Tuple, TypedDict, TypeVar, Union, cast, final, overload, runtime_checkable)
        import typing as t
        from collections.abc import Iterable, Sequence
        T_co = TypeVar("T_co", bound="Entity", covariant=True)
        Id = NewType("Id", int)
        LIMIT: Final = 10
        Pair = Tuple[float, float]
        Handler = Callable[[Any, "Entity"], Optional[float]]
        Mood = Literal["calm", "angry", 1, None]
        class Box(Generic[T_co]):
            def __init__(self, item: T_co) -> None:
                self.item = item
            @overload
            def get(self, n: int) -> T_co: ...
            @overload
            def get(self, n: str) -> str: ...
            def get(self, n):
                return self.item
        @runtime_checkable
        class HasEnergy(Protocol):
            energy: float
            def eat(self, amount: float) -> float: ...
        class Score(NamedTuple):
            value: float
            who: str = ""
            def better(self, other: Score) -> bool:
                return self.value > other.value
        class Options(TypedDict, total=False):
            speed: float
        @final
        class Leaf(Box[int]):
            pass
        def f(a: Union[int, str], b: t.List[int] = None, *args: float, **kw: Any) -> Iterable[int]:
            return cast(Sequence[int], [a, Score(1.0)._replace(value=2)._asdict()])
        table: dict[str, tuple[int, ...]] = {}
        STRICT: bool = t.TYPE_CHECKING
    """,
    "collections": """
        from collections import Counter, OrderedDict, ChainMap, defaultdict, deque, namedtuple
        Point = namedtuple("Point", ["x", "y"], defaults=(0,))
        Pair = namedtuple("Pair", "left right")
        class Sub(namedtuple("Sub", "a, b")):
            __slots__ = ()
        class Recent(OrderedDict):
            def __missing__(self, key):
                self.move_to_end(key)
                return super().__getitem__(key)
        D = defaultdict(lambda: deque(maxlen=5))
        def use(p):
            c = Counter("abc")
            c.update(a=1)
            m = ChainMap({}, {"a": 1})
            return c.most_common(1), c.total(), m.maps, p.left, Pair(1, 2)._fields, Sub(1, 2).a
    """,
    "functools": """
        import functools
        from functools import lru_cache, partial, reduce, total_ordering, wraps, cached_property
        from itertools import chain, islice, accumulate
        def logged(fn):
            @wraps(fn)
            def wrapper(*args, **kwargs):
                wrapper.calls += 1
                return fn(*args, **kwargs)
            wrapper.calls = 0
            return wrapper
        def times(n: int):
            def decorate(fn):
                @functools.wraps(fn)
                def inner(*args):
                    return [fn(*args) for _ in range(n)]
                return inner
            return decorate
        @lru_cache(maxsize=None)
        def fib(n: int) -> int:
            return n if n < 2 else fib(n - 1) + fib(n - 2)
        @functools.cache
        @logged
        @times(3)
        def f(a):
            return reduce(lambda x, y: x + y, accumulate(islice(chain.from_iterable([[a]]), 3)), 0)
        @total_ordering
        class Ranked:
            def __init__(self, v): self._v = v; self.__hidden = v
            def __eq__(self, other):
                return other.__class__ == self.__class__ and self._v == other._v
            def twin(self): return self.__class__(self._v)
            def __lt__(self, other): return self._v < other._v
            def __repr__(self): return f"{type(self).__name__}({self._v!r}, {self.__hidden})"
            __str__ = __repr__
            __hash__ = None
            @cached_property
            def double(self): return self._v * 2
        half = partial(pow, exp=2)
        info = fib.cache_info().hits
        key = functools.cmp_to_key(lambda a, b: a - b)
    """,
    "errors and context": """
        class TooFar(Exception):
            def __init__(self, distance, *args):
                super().__init__(f"{distance} is far", *args)
                self.distance = distance
        class Worse(TooFar, ValueError):
            pass
        class Old(Exception):
            def __init__(self):
                Exception.__init__(self, "old")
        class Guard:
            __slots__ = ("depth", "_state")
            __match_args__ = ("depth",)
            def __enter__(self): self.depth = 1; return self
            def __exit__(self, kind, error, trace): return kind is not None
            def __call__(self): return self
            def __len__(self): return 3
            def __bool__(self): return True
            def __iter__(self): return iter((1, 2))
            def __contains__(self, x): return x in (1,)
            def __getitem__(self, i): return i
            def __neg__(self): return NotImplemented
            def __iadd__(self, n): return self
    """,
    "properties": """
        class Body:
            '''A body.'''
            total: int = 0
            names = ["a", "b"]
            table = {name: i for i, name in enumerate(names)}
            class Inner:
                size = 3
            def __init__(self, mass=1.0):
                self._mass = mass
                type(self).total += 1
                Body.total += 1
            @property
            def mass(self): return self._mass
            @mass.setter
            def mass(self, value): self._mass = max(0.0, value)
            @mass.deleter
            def mass(self): self._mass = 0.0
            @staticmethod
            def clamp(v, low=0, high=1): return min(max(v, low), high)
            @classmethod
            def make(cls, *args): return cls(*args)
            def format_name(self): return "x"
            def get_x(self): return 1
            x = property(get_x)
            clear = lambda self: None
    """,
    "constants": """
        '''Words.'''
        import math, random as rnd
        __all__ = ["T"]
        __version__ = "1"
        A, B = 1, 2.0
        TABLE = [math.sin(i * math.tau / 8) for i in range(8)]
        COSTS = {"a": 1, **{"b": A}}
        SHIFT = -A if B > 1 else +A
        clamp = lambda v, lo, hi: max(lo, min(hi, v))
        NOTHING = object()
        LONG = ("a" "b"
                "c")
        WORDS = frozenset({"a"}) | set("b")
        TEMPLATE = "{} {:.2f}"
        COUNT: int = 0
        def describe(x): return TEMPLATE.format(x, clamp(x, 0, 1)), rnd.random()
    """,
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_pass(name: str) -> None:
    """What a model writes in a method passes."""
    assert check(within(STATEMENTS[name], "COUNT = 0")).name == "T"


@pytest.mark.parametrize("name", TOPS)
def test_definitions_pass(name: str) -> None:
    """What a model writes beside its trait passes."""
    assert check(within("pass", TOPS[name])).name == "T"


@pytest.mark.parametrize("name", [*TOPS, *STATEMENTS])
def test_what_passes_can_be_loaded(name: str) -> None:
    """What the validator lets pass is there when the interpreted tier loads it."""
    source = within("pass", TOPS[name]) if name in TOPS else within(STATEMENTS[name], "COUNT = 0")
    assert interpret(source)


@pytest.mark.parametrize(
    "text",
    [
        "class T(Trait):\n    async def execute(self, entity, /) -> None: ...",
        "class T(Trait):\n    async def execute(me, e: 'Entity'): pass",
        "class T(Trait):\n    def __init__(self, rate=1, *a, k=2, **kw):\n"
        "        super().__init__()\n"
        "    async def execute(self, entity): await self.go(entity)\n"
        "    async def go(self, e): return [await self.one(x) for x in e.traits]\n"
        "    async def one(self, x): return x",
        "class Mix:\n    def help(self): return 1\n"
        "class T(Mix, Trait):\n    async def execute(self, entity): self.help()",
        "async def away(e): e.move(1, 1)\n"
        "class T(Trait):\n    steps = {'a': away}\n    async def execute(self, entity):\n"
        "        await away(entity)\n        step = self.steps['a']\n        await step(entity)",
        "from dataclasses import dataclass\n@dataclass\n"
        "class T(Trait):\n    n: int = 0\n    async def execute(self, entity): self.n += 1",
        "class T(Trait):\n    def __init__(self):\n        Trait.__init__(self)\n"
        "        self.__n = 0\n"
        "    async def execute(self, entity): self.__n += 1",
        "class H:\n    async def run(self): return 1\n    def update(self): return 2\n"
        "class T(Trait):\n    def __init__(self): self.h = H()\n"
        "    async def update(self, e): await self.h.run()\n"
        "    async def execute(self, entity): await self.update(entity); self.h.update()",
    ],
)
def test_traits_pass(text: str) -> None:
    """The trait's class in its forms passes, with coroutines of its own."""
    assert check(text).name == "T"


def test_every_node_of_python_has_been_thought_of() -> None:
    """A node of the grammar is either handled or on the list of those that are refused."""
    abstract = {ast.AST, ast.mod, ast.stmt, ast.expr, ast.expr_context, ast.boolop, ast.operator,
                ast.unaryop, ast.cmpop, ast.excepthandler, ast.pattern,
                ast.type_ignore}  # fmt: skip
    elsewhere = {ast.Module, ast.Interactive, ast.Expression, ast.FunctionType, ast.TypeIgnore,
                 ast.arguments, ast.arg, ast.alias, ast.comprehension}  # fmt: skip
    refused = {ast.AsyncFor, ast.AsyncWith, ast.TryStar}
    every = {
        each
        for each in vars(ast).values()
        if isinstance(each, type) and issubclass(each, ast.AST) and each.__module__ == "ast"
    }
    old = {each for each in every if each.__name__ in {
        "Num", "Str", "Bytes", "NameConstant", "Ellipsis", "Index", "ExtSlice", "Suite", "AugLoad",
        "AugStore", "Param", "slice"}}  # fmt: skip
    assert every - abstract - elsewhere - old == set(_HANDLERS) | refused


def test_size_and_depth_have_limits() -> None:
    """Too many nodes, and nodes too deep within each other, are refused whatever they are."""
    with pytest.raises(Refusal, match="parts") as refused:
        check_tree(ast.parse("x = [" + "1," * NODES_MAX + "]"))
    assert refused.value.rule == "size"
    deep: ast.expr = ast.Constant(1, lineno=7, col_offset=0)
    for _ in range(DEPTH_MAX):
        deep = ast.List([deep], ast.Load(), lineno=7, col_offset=0)
    with pytest.raises(Refusal) as refused:
        check_tree(ast.Module([ast.Expr(deep, lineno=7, col_offset=0)], []))
    assert (refused.value.rule, refused.value.line) == ("depth", 7)


def test_lists_do_not_contradict_each_other() -> None:
    """No name is both given and refused, no attribute both known and never allowed."""
    assert not names.BUILTINS & names.NAMES_REFUSED.keys()
    assert not names.ATTRIBUTES & names.ATTRIBUTES_REFUSED
    assert not any(name.startswith(names.RESERVED_PREFIX) for name in names.ATTRIBUTES)
    assert names.DUNDERS_DEFINED.isdisjoint({"__hash__", "__del__", "__new__", "__getattr__"})


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("import numpy", "import", "itertools can"),
        ("from molt import Trait", "import", "leave the import out"),
        (within("print(1)"), "name", "keep what you want to know on self"),
        (within("entity.x = random.random()"), "name", "'random' here; write 'import random' at"),
        (within("getattr(entity, 'x')"), "name", "write entity.name"),
        (within("entity.speed = entity.velocity"), "attribute", "'velocity'"),
        (
            "class T(Trait):\n    async def go(self): 1\n    async def execute(self, e): self.go()",
            "await",
            "awaited where it is called",
        ),
        ("class T(Trait):\n    def execute(self, e): pass", "trait", "async def execute(self, ent"),
    ],
)
def test_reasons_say_what_to_write_instead(text: str, rule: str, words: str) -> None:
    """A refusal helps whoever wrote the source."""
    with pytest.raises(Refusal) as refused:
        check(text if "Trait" in text else f"{text}\n{EXECUTE}        pass\n")
    assert refused.value.rule == rule
    assert words in refused.value.reason
