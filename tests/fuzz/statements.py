"""Random traits that are correct Python of the native subset, and a little beyond it.

Owns: the grammar of statements and of a whole source. Does not own: expressions
(`expressions.py`), running what is written (`comparing.py`). One seed is one source.
"""

import random

from tests.fuzz.expressions import MOODS, Expressions, Scope

ERRORS = (
    "ZeroDivisionError",
    "OverflowError",
    "ValueError",
    "ArithmeticError",
    "(ValueError, ZeroDivisionError)",
    "Exception",
)
COLOURS = ("#102030", "#ffffff", "#A0b1C2", "red", "#12345", "#gggggg")
WRITES = ("x", "y", "vx", "vy", "vx", "vy", "energy", "max_energy", "radius")
DEPTH_MAX = 3
TAME_SHARE = 0.5


def write_trait(seed: int) -> str:
    """Return the source of a trait that this seed decides."""
    return Writer(random.Random(seed), tame=seed % 100 < 100 * TAME_SHARE).trait()


class Writer(Expressions):
    """Writes one trait."""

    def trait(self) -> str:
        """Return a whole source."""
        self.coroutines: list[str] = []
        dice = self.dice
        self.say("import math")
        self.say("import random")
        self.say("")
        for _ in range(dice.randint(0, 2)):
            self._function()
        self.say("class Fuzzed(Trait):")
        self.indent += 1
        for _ in range(dice.randint(0, 2)):
            name, kind = self.fresh("C"), dice.choice(("float", "int"))
            self.say(f"{name} = {self._literal(kind)}")
            self.constants[name] = kind
        if self.often(0.6):
            self._init()
        for _ in range(dice.randint(0, 2)):
            self._method()
        if self.often(0.3):
            self._coroutine()
        with self.block("async def execute(self, entity):"):
            for _ in range(dice.randint(3, 9)):
                self.statement(DEPTH_MAX)
        return "\n".join(self.lines) + "\n"

    def _literal(self, kind: str) -> str:
        tame, self.tame = self.tame, True
        outer, self.scope = self.scope, Scope()
        text = {
            "float": lambda: self.dice.choice(("0.0", "1.0", "-1.5", "40.0", "0.25")),
            "int": lambda: self.dice.choice(("0", "1", "-3", "50", "9223372036854775807")),
            "bool": lambda: self.dice.choice(("True", "False")),
        }[kind]()
        self.tame, self.scope = tame, outer
        return text

    def _init(self) -> None:
        with self.block("def __init__(self):"):
            if self.often(0.5):
                self.say("super().__init__()")
            for _ in range(self.dice.randint(1, 4)):
                kind = self.dice.choice(("float", "int", "int", "bool"))
                name = self.fresh("s")
                self.say(f"self.{name} = {self._literal(kind)}")
                self.attributes[name] = kind

    def _function(self) -> None:
        self._helper(self.fresh("f"), "")

    def _method(self) -> None:
        name = self.fresh("m")
        if self.often(0.4):
            self.say("@staticmethod")
            self._helper(name, "", "self.")
        else:
            self._helper(name, "self, ", "self.")

    def _helper(self, name: str, first: str, prefix: str = "") -> None:
        """Write a function of one to three numbers; it sees neither entity nor state."""
        takes = "".join(self.dice.choice("ffi") for _ in range(self.dice.randint(1, 3)))
        gives = self.dice.choice(("float", "float", "int"))
        names = [self.fresh("p") for _ in takes]
        attributes, self.attributes = self.attributes, {}
        constants, self.constants = self.constants, {}
        helpers = self.helpers
        if not first:
            self.helpers = [helper for helper in helpers if not helper[0].startswith("self.")]
        with self.block(f"def {name}({first}{', '.join(names)}):"):
            self.scope = Scope(
                floats=[n for n, take in zip(names, takes, strict=True) if take == "f"],
                ints=[n for n, take in zip(names, takes, strict=True) if take == "i"],
            )
            write = self.real if gives == "float" else self.whole
            self.blind = True
            if self.often(0.5):
                with self.block(f"if {self.truth(2)}:"):
                    self.say(f"return {write(2)}")
            if self.often(0.4):
                local = self.fresh("v")
                self.say(f"{local} = {self.real(2)}")
                with self.block(f"for i in range({self.dice.randint(0, 5)}):"):
                    self.scope.ints.append("i")
                    self.say(f"{local} = {local} * 0.5 + {self.real(1)}")
                self.scope.floats.append(local)
            self.say(f"return {write(2)}")
            self.blind = False
        self.attributes, self.constants = attributes, constants
        self.helpers = [*helpers, (prefix + name, takes, gives)]

    def _coroutine(self) -> None:
        """Write a coroutine of the trait that is given the entity."""
        name, given = self.fresh("a"), self.fresh("p")
        with self.block(f"async def {name}(self, entity, {given}):"):
            self.scope = Scope(floats=[given])
            self.depth = 1
            for _ in range(self.dice.randint(1, 3)):
                self.statement(1)
            self.say(f"return {self.real(2)}")
        self.coroutines.append(name)

    # -- statements -----------------------------------------------------------------------------

    def statement(self, depth: int) -> None:
        """Write one statement; blocks hold statements of one less."""
        simple = [
            (8, self._bind),
            (3, self._rebind),
            (7, self._store),
            (3, self._move),
            (3, self._eat),
            (2, self._recall),
            (1, self._paint),
            (1, self._feel),
            (1, self._unpack),
            (1, self._listing),
            (1, self._unsure),
            (1, self._inner),
            (1, self._await),
            (1, self._walrus),
        ]
        nested = [
            (5, self._branch),
            (3, self._count),
            (4, self._visit),
            (2, self._repeat),
            (1, self._attempt),
            (1, self._match),
            (1, self._leave),
        ]
        choices = simple + nested if depth > 0 else simple
        made = self.dice.choices([make for _, make in choices], [weight for weight, _ in choices])
        self.depth = depth - 1
        made[0]()
        self.depth = depth

    def body(self) -> None:
        """Write one to three statements of a block."""
        depth = self.depth
        for _ in range(self.dice.randint(1, 3)):
            self.statement(depth)
        self.depth = depth

    def _bind(self) -> None:
        kind = self.dice.choice(("float", "float", "int", "bool"))
        name = self.fresh("v")
        hint = f": {kind}" if self.often(0.1) else ""
        value = {"float": self.real, "int": self.whole, "bool": self.truth}[kind]()
        self.say(f"{name}{hint} = {value}")
        {"float": self.scope.floats, "int": self.scope.ints, "bool": self.scope.bools}[kind].append(
            name
        )

    def _rebind(self) -> None:
        scope = self.scope
        if scope.floats and self.often(0.7):
            name = self.dice.choice(scope.floats)
            sign = self.dice.choice(("=", "+=", "-=", "*=") + (() if self.tame else ("/=", "%=")))
            self.say(f"{name} {sign} {self.real()}")
        elif scope.ints:
            name = self.dice.choice(scope.ints)
            sign = self.dice.choice(("=", "+=", "-=") + (() if self.tame else ("*=", "//=", "<<=")))
            self.say(f"{name} {sign} {self.whole(2)}")

    def _store(self) -> None:
        name = self.dice.choice(WRITES)
        sign = self.dice.choice(("=", "=", "+=", "-=", "*="))
        self.say(f"entity.{name} {sign} {self.number()}")

    def _move(self) -> None:
        self.say(f"entity.move({self.number(2)}, {self.number(2)})")

    def _eat(self) -> None:
        if self.often(0.5):
            self.say(f"entity.eat({self.number(2)})")
            return
        name = self.fresh("v")
        self.say(f"{name} = entity.eat({self.number(2)})")
        self.scope.floats.append(name)

    def _recall(self) -> None:
        if not self.attributes:
            return
        name, kind = self.dice.choice(list(self.attributes.items()))
        value = {"float": self.real, "int": self.whole, "bool": self.truth}[kind](2)
        sign = self.dice.choice(("=", "+=")) if kind != "bool" else "="
        if kind == "int" and self.tame:
            value = f"({value}) % 1000"
        self.say(f"self.{name} {sign} {value}")

    def _paint(self) -> None:
        if self.often(0.5):
            self.say(f"entity.color = '{self.dice.choice(COLOURS)}'")
        else:
            red, green = self.whole(1), self.dice.choice(("0", "255", "128"))
            self.say(f"entity.color = f'#{{{red}:02x}}{{{green}:02x}}10'")

    def _feel(self) -> None:
        self.say(f"entity.state = '{self.dice.choice(MOODS)}'")

    def _unpack(self) -> None:
        first, second = self.fresh("v"), self.fresh("v")
        self.say(f"{first}, {second} = {self.real(2)}, {self.real(2)}")
        if self.often(0.3):
            self.say(f"{first}, {second} = {second}, {first}")
        self.scope.floats += [first, second]

    def _listing(self) -> None:
        name = self.fresh("v")
        near = self.dice.choice(("entities", "resources"))
        self.say(
            self.dice.choice(
                (
                    f"{name} = [o.x - entity.x for o in entity.nearby_{near}(40.0)]",
                    f"{name} = sorted(o.y for o in entity.nearby_{near}(40.0))",
                    f"{name} = [{self.real(1)}, {self.real(1)}, {self.real(1)}]",
                    f"{name} = [{self.real(1)}] * 4",
                )
            )
        )
        self.scope.lists.append(name)
        if self.often(0.4):
            self.say(f"{name}.append({self.real(1)})")
        if self.often(0.3) and not self.tame:
            self.say(f"{name}[{self.whole(1)}] = {self.real(1)}")

    def _unsure(self) -> None:
        """Write a variable that may be None, and its use behind a test."""
        name = self.fresh("v")
        near = self.dice.choice(("entities", "resources"))
        way = self.dice.randrange(3)
        if way == 0:
            self.say(f"{name} = {self.real(1)} if {self.truth(1)} else None")
            with self.block(f"if {name} is not None:"):
                self.scope.floats.append(name)
                self._store()
            return
        if way == 1:
            self.say(f"{name} = min(entity.nearby_{near}(60.0), key=lambda o: o.x, default=None)")
        else:
            self.say(f"{name} = None")
            test = f"if {name} is None or o.x {self.dice.choice('<>')} {name}.x:"
            with self.block(f"for o in entity.nearby_{near}(50.0):"), self.block(test):
                self.say(f"{name} = o")
        with self.block(f"if {name} is not None:"):
            (self.scope.others if near == "entities" else self.scope.foods).append(name)
            self.body()

    def _inner(self) -> None:
        """Write a function within the method, which sees the variables around it."""
        name, given = self.fresh("g"), self.fresh("p")
        with self.block(f"def {name}({given}):"):
            self.scope.floats.append(given)
            if self.scope.floats and self.often(0.3):
                outer = self.dice.choice(self.scope.floats)
                if outer != given:
                    self.say(f"nonlocal {outer}")
                    self.say(f"{outer} = {outer} * 0.5 + {given}")
            self.say(f"return {self.real(2)}")
        value = self.fresh("v")
        self.say(f"{value} = {name}({self.real(1)}) - {name}({self.real(1)})")
        self.scope.floats.append(value)

    def _await(self) -> None:
        if self.coroutines:
            value = self.fresh("v")
            self.say(f"{value} = await self.{self.dice.choice(self.coroutines)}(entity, 1.5)")
            self.scope.floats.append(value)

    def _walrus(self) -> None:
        name = self.fresh("v")
        with self.block(f"if ({name} := {self.real(2)}) {self.dice.choice('<>')} {self.real(1)}:"):
            self.scope.floats.append(name)
            self._store()
        self.scope.floats.append(name)

    def _match(self) -> None:
        with self.block(self.dice.choice(("match entity.state:", "match entity.age % 3:"))):
            cases = ("'alive'", "'hunting'", "0", "1 | 2", "_ if entity.vx > 0", "'a' | 'fleeing'")
            for case in self.dice.sample(cases, self.dice.randint(1, 3)):
                with self.block(f"case {case}:"):
                    self.body()
            if self.often(0.5):
                with self.block("case _:"):
                    self.body()

    def _branch(self) -> None:
        with self.block(f"if {self.truth()}:"):
            self.body()
        if self.often(0.3):
            with self.block(f"elif {self.truth(2)}:"):
                self.body()
        if self.often(0.5):
            with self.block("else:"):
                self.body()

    def _count(self) -> None:
        name = self.fresh("i")
        bounds = self.dice.choice(
            ("3", "1, 5", "6, 0, -2", f"{self.whole(1)} % 5", "len(entity.nearby_resources(20))")
        )
        with self.block(f"for {name} in range({bounds}):"):
            self.scope.ints.append(name)
            self._in_loop()

    def _visit(self) -> None:
        name, near = self.fresh("o"), self.dice.choice(("entities", "resources"))
        things = f"entity.{self._near().replace('entities', near).replace('resources', near)}"
        way = self.dice.randrange(8)
        index = self.fresh("i")
        if way == 0:
            head = f"for {index}, {name} in enumerate({things}):"
        elif way == 1:
            head = f"for {name} in {things}[:{self.dice.randint(0, 4)}]:"
        elif way == 2:
            head = f"for {index}, {name} in zip(range(3), {things}):"
        else:
            head = f"for {name} in {things}:"
        with self.block(head):
            (self.scope.others if near == "entities" else self.scope.foods).append(name)
            if way in {0, 2}:
                self.scope.ints.append(index)
            self._in_loop()

    def _repeat(self) -> None:
        name = self.fresh("n")
        self.say(f"{name} = {self.dice.choice(('0', '2', '-3'))}")
        endless = self.often(0.02)
        with self.block(f"while {name} < {self.dice.randint(1, 6)}:"):
            if not endless:
                self.say(f"{name} += 1")
            self.scope.ints.append(name)
            self._in_loop()
        self.scope.ints.append(name)

    def _in_loop(self) -> None:
        if self.often(0.2):
            with self.block(f"if {self.truth(2)}:"):
                self.say(self.dice.choice(("break", "continue")))
        self.body()

    def _attempt(self) -> None:
        with self.block("try:"):
            self.body()
        with self.block(f"except {self.dice.choice(ERRORS)}:"):
            self.body()

    def _leave(self) -> None:
        with self.block(f"if {self.truth(2)}:"):
            self.say("return")
