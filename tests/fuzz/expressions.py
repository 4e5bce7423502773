"""Random expressions of traits, by type.

Owns: the grammar of expressions and the names that are bound. Does not own: statements
(`statements.py`), running (`comparing.py`). The values are those that hurt: both ends of 64 bits,
zeros of both signs, what is not a number, what is hardly a number.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


def words(text: str) -> tuple[str, ...]:
    """Return the words of a line."""
    return tuple(text.split())


FLOATS = words(
    "0.0 -0.0 1.0 -1.0 0.5 2.0 3.7 -2.25 1e-3 100.0 1e9 -1e9 1e16 1e300 -1e308 5e-324 1e-310 "
    "2147483648.0 9.223372036854775e18 9.3e18 math.pi math.tau math.e math.inf -math.inf math.nan"
)
INTS = words(
    "0 1 -1 2 3 5 7 -4 10 31 32 62 63 64 100 255 1000 2147483647 -2147483648 4294967296 "
    "4611686018427387904 9223372036854775807 -9223372036854775807 (-9223372036854775807-1)"
)
TAME_FLOATS = words("0.0 1.0 -1.0 0.5 2.0 3.7 -2.25 0.125 10.0 40.0")
TAME_INTS = words("0 1 -1 2 3 5 7 -4 10")
READ_FLOATS = words("x y vx vy energy max_energy radius")
READ_INTS = words("age generation")
MATH_1 = words(
    "sqrt sin cos tan asin acos atan sinh cosh tanh exp expm1 log log2 log10 log1p fabs degrees "
    "radians gamma lgamma erf erfc cbrt exp2 asinh acosh atanh"
)
MATH_2 = words("atan2 hypot fmod copysign pow remainder nextafter ldexp")
TESTS_1 = ("isnan", "isinf", "isfinite")
MOODS = ("alive", "hunting", "fleeing")
Source = str


@dataclass
class Scope:
    """Variables that are bound wherever the writer stands, by kind."""

    floats: list[str] = field(default_factory=list)
    ints: list[str] = field(default_factory=list)
    bools: list[str] = field(default_factory=list)
    maybe: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    foods: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)

    def copy(self) -> "Scope":
        """Return a scope for a block, whose bindings end with it."""
        return Scope(*(list(getattr(self, name)) for name in self.__dataclass_fields__))


class Expressions:
    """Writes expressions over the names that are bound.

    Args:
        dice: decides every choice.
        tame: leaves out the values and calls that fail, so that calls come to their end.
    """

    def __init__(self, dice: random.Random, tame: bool) -> None:
        self.dice = dice
        self.tame = tame
        self.blind = False
        self.lines: list[str] = []
        self.indent = 0
        self.names = 0
        self.scope = Scope()
        self.attributes: dict[str, str] = {}
        self.constants: dict[str, str] = {}
        self.helpers: list[tuple[str, str, str]] = []

    # -- layout ---------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        """Write one line at the present depth."""
        self.lines.append("    " * self.indent + line)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write what is said meanwhile under a head; its bindings end with it."""
        self.say(head)
        outer, self.scope = self.scope, self.scope.copy()
        self.indent += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.say("pass")
        self.indent -= 1
        self.scope = outer

    def fresh(self, stem: str) -> str:
        """Return a name that is not in use."""
        self.names += 1
        return f"{stem}{self.names}"

    def often(self, chance: float) -> bool:
        """Tell True that often."""
        return self.dice.random() < chance

    def one(self, weighted: list[tuple[int, Callable[[], Source]]]) -> Source:
        """Write one of these, by weight."""
        weights = [weight for weight, _ in weighted]
        for _ in range(8):
            text = self.dice.choices([make for _, make in weighted], weights)[0]()
            if not (self.blind and "entity." in text):
                return text
        return weighted[0][1]()

    # -- expressions ----------------------------------------------------------------------------

    def real(self, depth: int = 3) -> Source:
        """Write an expression that is a float."""
        pick, deep = self.dice.choice, depth - 1
        if depth <= 0:
            return self._real_leaf()
        binary = ("+", "-", "*") if self.tame else ("+", "-", "*", "/", "//", "%", "**")
        return self.one(
            [
                (8, self._real_leaf),
                (10, lambda: f"({self.real(deep)} {pick(binary)} {self.real(deep)})"),
                (3, lambda: f"({self.real(deep)} {pick(binary)} {self.whole(deep)})"),
                (
                    2,
                    lambda: (
                        f"({self.whole(deep)} / {self.whole(deep)})" if not self.tame else "1.5"
                    ),
                ),
                (2, lambda: f"(-{self.real(deep)})"),
                (2, lambda: f"abs({self.real(deep)})"),
                (3, lambda: f"{pick(('min', 'max'))}({self.real(deep)}, {self.real(deep)})"),
                (1, lambda: f"{pick(('min', 'max'))}({self.real(deep)}, {self.real(deep)}, 1.5)"),
                (4, lambda: self._math(deep)),
                (2, lambda: f"({self.real(deep)} if {self.truth(deep)} else {self.real(deep)})"),
                (1, lambda: f"float({self.whole(deep)})"),
                (1, lambda: f"round({self.real(deep)}, {self.dice.randint(-2, 4)})"),
                (2, lambda: self._helped("float", deep)),
                (2, lambda: self._summed(deep)),
                (1, self._drawn),
                (1, lambda: f"(lambda a: a * {self._real_leaf()})({self.real(deep)})"),
            ]
        )

    def whole(self, depth: int = 3) -> Source:
        """Write an expression that is an int."""
        pick, deep = self.dice.choice, depth - 1
        if depth <= 0:
            return self._whole_leaf()
        binary = ("+", "-", "&", "|", "^") if self.tame else (*"+-*%&|^", "//")
        return self.one(
            [
                (8, self._whole_leaf),
                (10, lambda: f"({self.whole(deep)} {pick(binary)} {self.whole(deep)})"),
                (1, lambda: f"({self.whole(deep)} ** {self.dice.randint(0, 9)})"),
                (1, lambda: self._shifted(deep)),
                (1, lambda: f"(~{self.whole(deep)})"),
                (1, lambda: f"(-{self.whole(deep)})"),
                (1, lambda: f"abs({self.whole(deep)})"),
                (2, lambda: f"{pick(('min', 'max'))}({self.whole(deep)}, {self.whole(deep)})"),
                (2, lambda: f"int({self.real(deep)})"),
                (1, lambda: self._rounded(deep)),
                (1, lambda: f"int({self.truth(deep)})"),
                (2, lambda: f"len(entity.{self._near()})"),
                (2, lambda: f"({self.whole(deep)} if {self.truth(deep)} else {self.whole(deep)})"),
                (1, lambda: self._helped("int", deep)),
                (1, lambda: self._counted(deep)),
                (1, lambda: f"random.randint(-3, {self.dice.randint(-3, 1000)})"),
                (1, lambda: f"({self.truth(deep)} + {self.whole(deep)})"),
            ]
        )

    def truth(self, depth: int = 3) -> Source:
        """Write an expression that is a bool."""
        pick, deep = self.dice.choice, depth - 1
        compare = ("<", "<=", ">", ">=", "==", "!=")
        if depth <= 0:
            compared = f"{self._whole_leaf()} {pick(compare)} {self._whole_leaf()}"
            return pick([*self.scope.bools, f"({compared})"])
        return self.one(
            [
                (6, lambda: f"({self.real(deep)} {pick(compare)} {self.real(deep)})"),
                (4, lambda: f"({self.whole(deep)} {pick(compare)} {self.whole(deep)})"),
                (3, lambda: f"({self.whole(deep)} {pick(compare)} {self.real(deep)})"),
                (2, lambda: f"({self.real(deep)} <= {self.real(deep)} < {self.whole(deep)})"),
                (3, lambda: f"({self.truth(deep)} {pick(('and', 'or'))} {self.truth(deep)})"),
                (2, lambda: f"(not {self.truth(deep)})"),
                (1, lambda: f"math.{pick(TESTS_1)}({self.real(deep)})"),
                (1, lambda: f"bool({self.real(deep)})"),
                (1, lambda: f"({self.whole(deep)} in (1, 2, {self.whole(deep)}))"),
                (1, lambda: f"(entity.state {pick(('==', '!='))} '{pick(MOODS)}')"),
                (1, lambda: f"('Explorer' {pick(('in', 'not in'))} entity.traits)"),
                (
                    2,
                    lambda: (
                        f"{pick(('any', 'all'))}({self._of('o', deep)} > {self.real(deep)} "
                        f"for o in entity.{self._near()})"
                    ),
                ),
            ]
        )

    def number(self, depth: int = 3) -> Source:
        """Write an expression that is a float, an int or a bool, or one or the other."""
        return self.one(
            [
                (10, lambda: self.real(depth)),
                (4, lambda: self.whole(depth)),
                (1, lambda: self.truth(depth)),
                (1, lambda: f"({self.whole(2)} if {self.truth(2)} else {self.real(2)})"),
                (1, lambda: f"({self.real(2)} {self.dice.choice(('and', 'or'))} {self.real(2)})"),
            ]
        )

    def _real_leaf(self) -> Source:
        scope, pick = self.scope, self.dice.choice
        leaves = [
            pick(TAME_FLOATS if self.tame else FLOATS),
            *scope.floats[-4:],
            *scope.floats[-4:],
        ]
        leaves += [] if self.blind else [f"entity.{pick(READ_FLOATS)}"] * 2
        leaves += [self._of(name, 0) for name in scope.others[-2:] + scope.foods[-2:]]
        leaves += [f"self.{name}" for name, kind in self.attributes.items() if kind == "float"]
        leaves += [f"self.{name}" for name, kind in self.constants.items() if kind == "float"]
        if scope.lists and not self.tame:
            leaves.append(f"{scope.lists[-1]}[{pick((0, 1, -1, 2))}]")
        return pick(leaves)

    def _whole_leaf(self) -> Source:
        scope, pick = self.scope, self.dice.choice
        leaves = [pick(TAME_INTS if self.tame else INTS), *scope.ints[-4:], *scope.ints[-4:]]
        leaves += [] if self.blind else [f"entity.{pick(READ_INTS)}"]
        leaves += [f"{name}.age" for name in scope.others[-1:]]
        leaves += [f"self.{name}" for name, kind in self.attributes.items() if kind == "int"]
        leaves += [f"self.{name}" for name, kind in self.constants.items() if kind == "int"]
        leaves += [f"len({name})" for name in scope.lists[-1:]]
        return pick(leaves)

    def _shifted(self, depth: int) -> Source:
        sign = self.dice.choice(("<<", ">>"))
        return f"({self.whole(depth)} {sign} {self.dice.randint(0, 66)})"

    def _rounded(self, depth: int) -> Source:
        name = self.dice.choice(("round", "math.floor", "math.ceil", "math.trunc"))
        return f"{name}({self.real(depth)})"

    def _counted(self, depth: int) -> Source:
        test = f"{self._of('o', depth)} > {self.real(depth)}"
        return f"sum(1 for o in entity.{self._near()} if {test})"

    def _of(self, name: str, depth: int) -> Source:
        """Write a float of an entity or a place that a name stands for."""
        del depth
        fields = ("x", "y", "amount") if name in self.scope.foods else READ_FLOATS
        if name == "o":
            fields = ("x", "y")
        return f"{name}.{self.dice.choice(fields)}"

    def _near(self) -> Source:
        radius = self.one(
            [
                (6, lambda: self.dice.choice(("10.0", "25", "40.0", "80.0", "3.5"))),
                (1, lambda: "entity.radius * 4"),
                (1, self._real_leaf),
            ]
        )
        return f"nearby_{self.dice.choice(('entities', 'resources'))}({radius})"

    def _math(self, depth: int) -> Source:
        pick = self.dice.choice
        if self.tame:
            name = pick(("sin", "cos", "atan", "tanh", "erf", "hypot", "atan2", "fabs"))
        else:
            name = pick((*MATH_1, *MATH_2))
        if name == "ldexp":
            return f"math.ldexp({self.real(depth)}, {self.whole(depth)})"
        if name in MATH_2:
            return f"math.{name}({self.real(depth)}, {self.real(depth)})"
        return f"math.{name}({self.number(depth) if depth > 1 else self.real(depth)})"

    def _helped(self, kind: str, depth: int) -> Source:
        fitting = [(name, takes) for name, takes, gives in self.helpers if gives == kind]
        if not fitting:
            return self._real_leaf() if kind == "float" else self._whole_leaf()
        name, takes = self.dice.choice(fitting)
        values = [self.real(depth) if take == "f" else self.whole(depth) for take in takes]
        return f"{name}({', '.join(values)})"

    def _summed(self, depth: int) -> Source:
        pick = self.dice.choice
        near = f"entity.{self._near()}"
        body = f"({self._of('o', depth)} - {self._real_leaf()}) * {self._real_leaf()}"
        close = f"entity.nearby_{pick(('entities', 'resources'))}(30.0)"
        return pick(
            (
                f"sum({body} for o in {near})",
                f"sum([{body} for o in {near} if {self._of('o', 0)} > {self._real_leaf()}])",
                f"sum({self.real(1)} * i for i in range({self.dice.randint(0, 6)}))",
                f"{pick(('min', 'max'))}([o.x for o in {close}], default={self._real_leaf()})",
                f"{pick(('min', 'max'))}((o.y - entity.y for o in {close}), default=0.0)",
            )
        )

    def _drawn(self) -> Source:
        return self.dice.choice(
            (
                "random.random()",
                "random.uniform(-1.0, 1.0)",
                f"random.uniform({self._real_leaf()}, {self._real_leaf()})",
                "random.gauss(0.0, 1.0)",
                "random.choice((0.5, 1.5, 2.5))",
                "float(random.randrange(10))",
            )
        )
