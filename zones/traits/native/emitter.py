"""Write the code of a trait: variables, branches, faults and fuel.

Owns: what every statement and expression is written with. Does not own: what each of them means
(`expressions.py`, `statements.py` and their neighbours), the frame around it (`lowering.py`).

A trait is written as often as it takes until no type grows any more; only the last text is used.
Functions of the source are written in place of their calls, each with variables of its own.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from zones.traits.native.code import LIKELY, Block, Code, zero_of
from zones.traits.native.faults import BY_STATUS, NotNative
from zones.traits.native.frames import Frame, Handler, Loop, Rounds, Spot, Variable, both
from zones.traits.native.naming import meet
from zones.traits.native.source import Callee, Source
from zones.traits.native.types import UNKNOWN, Mismatch, Type, Value, join
from zones.traits.signatures import SIGNATURES
from zones.traits.table import INDEX, NUMBER, WORDS

SIZE_MAX: Final = 16_000
"""Instructions: the largest honest trait has 1,500. One that calls its functions in very many
places would take seconds to compile."""


WORK_MAX: Final = 100_000
"""Instructions in all rounds together."""


_MACHINE: Final = {"f": "double", "i": "i64", "b": "i64"}


@dataclass(frozen=True, slots=True)
class Meanings:
    """What nodes mean: functions of the modules above this one."""

    value: Callable[["Emitter", ast.expr], Value]
    truth: Callable[["Emitter", ast.expr], str]
    run: Callable[["Emitter", list[ast.stmt]], None]
    convert: Callable[["Emitter", Value, Type], tuple[str, ...]]
    store: Callable[["Emitter", ast.expr, Value], None]


class Emitter:
    """Writes one round of a trait.

    Attributes:
        bound: ids of variables that are surely bound here; None where nothing can come.
        prologue: what is run at the begin of each call.
        fields: stack slots of what a trait may change of its entity, by the word of the table.
        made: of each site of a list, the clock when code for it was written last.
        clock: counts lists that are made; `statement_began`: what it was then.
        looped_over: sites of the lists that the loops around go through.
        written: those of them that are stored at the end.
        set_constants: constants of `self` that __init__ has set; None outside of it.
    """

    def __init__(
        self,
        source: Source,
        rounds: Rounds,
        meanings: "Meanings",
        has_fuel: bool,
    ) -> None:
        self.source = source
        self.rounds = rounds
        self.code = Code()
        self.frame = Frame(0, None, frozenset())
        self.frames: dict[int, Frame] = {}
        self.bound: set[int] | None = set()
        self.loops: list[Loop] = []
        self.handlers: list[list[Handler]] = []
        self.callees: list[Callee] = []
        self.line = 1
        self.has_fuel = has_fuel
        self.words: dict[str, str] = {}
        self.prologue: list[str] = []
        self.fields: dict[str, str] = {}
        self.written: set[str] = set()
        self.made: dict[int, int] = {}
        self.clock = 0
        self.statement_began = 0
        self.looped_over: list[frozenset[int]] = []
        self.set_constants: set[str] | None = None
        self.fault_blocks: dict[int, Block] = {}
        self.failed = self.code.block("failed")
        self.out_of_fuel = self.code.block("spent")
        self.fuel = self.code.slot("i64")
        self.status = self.code.slot("i64")
        self.clipped = self.code.slot("i64")
        self.draws = self.code.slot("i64")
        self._meanings = meanings

    # What is written.

    def check_size(self) -> None:
        """Raise NotNative if the code becomes too large."""
        if self.code.size > SIZE_MAX or self.rounds.size + self.code.size > WORK_MAX:
            raise self.refuse("code that becomes too large")

    def value(self, node: ast.expr) -> Value:
        """Write an expression and return its value."""
        before, self.line = self.line, node.lineno
        result = self._meanings.value(self, node)
        self.line = before
        return result

    def truth(self, node: ast.expr) -> str:
        """Write an expression of which only the truth is needed, and return its bit."""
        before, self.line = self.line, node.lineno
        result = self._meanings.truth(self, node)
        self.line = before
        return result

    def run(self, body: list[ast.stmt]) -> None:
        """Write statements."""
        self._meanings.run(self, body)

    def refuse(self, why: str) -> NotNative:
        """Return what says why this cannot be native."""
        return NotNative(self.line, why)

    # Variables.

    def variable(self, frame: int, name: str) -> Variable:
        """Return a variable of a frame."""
        return self.rounds.variables.setdefault((frame, name), Variable())

    def named(self, frame: Frame, name: str) -> Variable:
        """Return what a name of a frame stands for here."""
        if name in frame.naming.unclear:
            raise self.refuse(f"{name} stands for different kinds of things")
        return self._version(frame, name)

    def _version(self, frame: Frame, name: str) -> Variable:
        version = frame.naming.versions.get(name, 0)
        return self.variable(frame.number, f"{name} {version}" if version else name)

    def bind(self, name: str, spot: Spot, value: Value) -> None:
        """Bind a name of the function that is written, anew where its variable does not fit."""
        frame = self.frame
        if not self._fits(self._version(frame, name), value.type):
            frame.naming.bind(name, self.rounds.number(frame.number, spot, name))
            for region in frame.regions:
                region.add(name)
        frame.naming.unclear.discard(name)
        self.store(self._version(frame, name), value)

    @contextmanager
    def region(self) -> Iterator[set[str]]:
        """Give the names that what is written within binds anew."""
        found: set[str] = set()
        self.frame.regions.append(found)
        yield found
        self.frame.regions.pop()

    def _fits(self, variable: Variable, kind: Type) -> bool:
        """Tell whether a variable can be of this type too."""
        try:
            join(variable.type, kind)
        except Mismatch:
            return False
        return True

    def temporary(self, spot: Spot, what: str) -> Variable:
        """Return a variable for a value that comes on more than one way."""
        return self.variable(self.rounds.number(self.frame.number, spot, what), "")

    def settle(self, variable: Variable) -> None:
        """Give a variable its stack slots."""
        if not variable.touched:
            variable.touched = True
            variable.slots = tuple([self.code.slot(each) for each in variable.type.machine])
            if variable.flagged:
                variable.flag = self.code.slot("i1")

    def grow(self, variable: Variable, kind: Type) -> None:
        """Let a variable be of this type too."""
        try:
            joined = join(variable.type, kind)
        except Mismatch as error:
            raise self.refuse(f"a value is {error}") from error
        if joined != variable.type:
            variable.type = joined
            if variable.touched:
                self.rounds.grown = True
                variable.touched = False
        self.settle(variable)

    def store(self, variable: Variable, value: Value) -> None:
        """Bind a variable."""
        self.grow(variable, value.type)
        parts = self.converted(value, variable.type)
        for machine, part, slot in zip(variable.type.machine, parts, variable.slots, strict=True):
            self.code.store(machine, part, slot)
        if variable.flagged:
            self.code.store("i1", "true", variable.flag)
        if self.bound is not None:
            self.bound.add(id(variable))

    def load(self, variable: Variable, unbound: str = "UnboundLocalError") -> Value:
        """Read a variable; an exception where it is not bound."""
        self.settle(variable)
        if self.bound is not None and id(variable) not in self.bound:
            if not variable.flagged:
                variable.flagged = True
                self.rounds.grown = True
                variable.flag = self.code.slot("i1")
            is_bound = self.code.load("i1", variable.flag)
            self.fault_unless(is_bound, unbound)
        machine = variable.type.machine
        parts = [self.code.load(m, slot) for m, slot in zip(machine, variable.slots, strict=True)]
        return Value(variable.type, tuple(parts))

    def converted(self, value: Value, kind: Type) -> tuple[str, ...]:
        """Return the registers of a value as those of a type that holds it."""
        return self._meanings.convert(self, value, kind)

    # Ways.

    @contextmanager
    def branch(self, condition: str, hint: str = "then") -> Iterator[Block]:
        """Write what is run if a bit is set; give the block behind it."""
        inside, behind = self.code.block(hint), self.code.block("behind")
        self.code.go_if(condition, inside, behind)
        self.code.place(inside)
        before = None if self.bound is None else set(self.bound)
        yield behind
        if self.bound is not None:
            self.code.go(behind)
        else:
            self.code.do("unreachable")
        self.code.place(behind)
        self.bound = both(before, self.bound)

    def fork(self, condition: str, first: Callable[[], None], second: Callable[[], None]) -> None:
        """Write two ways and go on behind both."""
        yes, no, behind = (self.code.block(hint) for hint in ("yes", "no", "both"))
        self.code.go_if(condition, yes, no)
        before = None if self.bound is None else set(self.bound)
        frame, naming = self.frame, self.frame.naming
        frame.naming = naming.copy()
        self.code.place(yes)
        first()
        self.code.go(behind)
        after, self.bound = self.bound, before
        ways = [frame.naming] if after is not None else []
        frame.naming = naming.copy()
        self.code.place(no)
        second()
        self.code.go(behind)
        self.code.place(behind)
        ways += [frame.naming] if self.bound is not None else []
        frame.naming = meet(ways or [naming])
        self.bound = both(after, self.bound)

    # Faults.

    def fault_block(self, raised: str) -> Block:
        """Return where an exception of this class goes."""
        for handlers in reversed(self.handlers):
            for handler in handlers:
                if handler.catches is None or any(
                    self.source.exceptions.catches(each, raised) for each in handler.catches
                ):
                    return handler.block
        status = self.source.exceptions.status(raised)
        return self.fault_blocks.setdefault(status, self.code.block(f"fault{status}_"))

    def fault_unless(self, condition: str, raised: str) -> None:
        """Raise an exception where a bit is not set."""
        good = self.code.block("good")
        self.code.go_if(condition, good, self.fault_block(raised), LIKELY)
        self.code.place(good)

    def fault_if(self, condition: str, raised: str) -> None:
        """Raise an exception where a bit is set."""
        self.fault_unless(self.code.emit(f"xor i1 {condition}, true"), raised)

    def fault(self, raised: str) -> Value:
        """Raise an exception; what is written behind it is never run."""
        self.code.go(self.fault_block(raised))
        self.code.start("never")
        self.bound = None
        return Value(UNKNOWN)

    def clip(self, condition: str, status: int) -> None:
        """Note that a value is clipped where a bit is set: the first of a call counts."""
        before = self.code.load("i64", self.clipped)
        first = self.code.emit(f"icmp eq i64 {before}, 0")
        now = self.code.emit(f"and i1 {first}, {condition}")
        self.code.store(
            "i64", self.code.emit(f"select i1 {now}, i64 {status}, i64 {before}"), self.clipped
        )

    # Fuel.

    def spend(self, amount: str) -> None:
        """Use fuel: a constant or a register."""
        if not self.has_fuel:
            return
        before = self.code.load("i64", self.fuel)
        used = self.code.emit(f"add i64 {before}, {amount}")
        self.code.store("i64", used, self.fuel)
        enough = self.code.emit(f"icmp ule i64 {used}, {self.word('fuel_max')}")
        good = self.code.block("fueled")
        self.code.go_if(enough, good, self.out_of_fuel, LIKELY)
        self.code.place(good)

    # What is called, and where arrays are.

    def call(self, name: str, *arguments: str) -> list[str]:
        """Call a function of `signatures.py` and return its results; a fault if it fails."""
        plan = SIGNATURES[name]
        gives = [_MACHINE[kind] for kind in plan.gives] + ["i64"] * plan.fails
        result = gives[0] if len(gives) == 1 else "{" + ", ".join(gives) + "}"
        takes = [_MACHINE[kind] for kind in plan.takes]
        self.code.declare(
            f"molt_{name}", f"declare {result} @molt_{name}({', '.join(takes)}) nounwind"
        )
        passed = ", ".join(f"{m} {each}" for m, each in zip(takes, arguments, strict=True))
        called = self.code.emit(f"call {result} @molt_{name}({passed})")
        if len(gives) == 1:
            values = [called]
        else:
            values = [
                self.code.emit(f"extractvalue {result} {called}, {k}") for k in range(len(gives))
            ]
        if plan.fails:
            self._fault_of_status(values.pop())
        for place, kind in enumerate(plan.gives):
            if kind == "b":
                values[place] = self.code.emit(f"trunc i64 {values[place]} to i1")
        return values

    def _fault_of_status(self, status: str) -> None:
        good, bad = self.code.block("good"), self.code.block("bad")
        self.code.go_if(self.code.emit(f"icmp eq i64 {status}, 0"), good, bad, LIKELY)
        self.code.place(bad)
        if any(self.handlers):
            ways = [(each, self.fault_block(name)) for each, name in BY_STATUS.items()]
            last = ways[-1][1]
            cases = " ".join(f"i64 {each}, label %{block.label}" for each, block in ways)
            self.code.do(f"switch i64 {status}, label %{last.label} [ {cases} ]")
        else:
            self.code.store("i64", status, self.status)
            self.code.go(self.failed)
        self.code.place(good)

    def intrinsic(self, name: str, result: str, *arguments: tuple[str, str]) -> str:
        """Call one of LLVM's own functions; arguments are (machine type, register)."""
        takes = ", ".join(machine for machine, _ in arguments)
        self.code.declare(name, f"declare {result} @{name}({takes})")
        passed = ", ".join(f"{machine} {value}" for machine, value in arguments)
        return self.code.emit(f"call {result} @{name}({passed})")

    def word(self, name: str) -> str:
        """Return a word of the table, read once for all calls: a number, or an address as ptr."""
        if name not in self.words:
            place = self.code.once(f"getelementptr i64, ptr %table, i64 {INDEX[name]}")
            machine = "ptr" if WORDS[INDEX[name]].dtype else "i64"
            self.words[name] = self.code.once(f"load {machine}, ptr {place}")
        return self.words[name]

    def number(self, name: str) -> str:
        """Return one of the scene's real numbers, read once for all calls."""
        if name not in self.words:
            numbers = self.word("numbers")
            place = self.code.once(f"getelementptr double, ptr {numbers}, i64 {NUMBER[name]}")
            self.words[name] = self.code.once(f"load double, ptr {place}")
        return self.words[name]

    def nothing(self, kind: Type) -> tuple[str, ...]:
        """Return registers for where no value can be seen."""
        return tuple(zero_of(each) for each in kind.machine)

    def store_target(self, target: ast.expr, value: Value) -> None:
        """Write an assignment to a target."""
        self._meanings.store(self, target, value)
