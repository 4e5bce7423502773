"""From a checked tree to the text of its machine code in LLVM's language.

Owns: the frame around a trait: what a call reads first and writes last, init, faults, the loop over
carriers. Does not own: what is in it (`statements.py`, `expressions.py`), compiling
(`compiling.py`). Pure: neither numpy nor numba nor llvmlite.

A call keeps everything in registers until it has succeeded; then it writes the columns. So one
that fails leaves all of them as they were.
"""

import ast
from dataclasses import dataclass
from typing import Final

from zones.traits import contract
from zones.traits.native.calls import Arguments, call_function
from zones.traits.native.code import FOOTER, Block
from zones.traits.native.conversion import as_real, convert, mask_of
from zones.traits.native.emitter import Emitter, Meanings
from zones.traits.native.entity import own
from zones.traits.native.expressions import write_truth, write_value
from zones.traits.native.faults import NotNative
from zones.traits.native.frames import Rounds, Site, Spot, Variable
from zones.traits.native.loading import check_loading
from zones.traits.native.source import Source, arguments_of
from zones.traits.native.statements import write_statements
from zones.traits.native.targets import store_target
from zones.traits.native.types import FLOAT, IS_BOOL, IS_FLOAT, IS_INT, IS_OWN, FunctionType, Value
from zones.traits.state import find_init
from zones.traits.verdict import Checked

ROUNDS_MAX: Final = 12
WORDS_MAX: Final = 16 * 1024
"""Of 8 bytes, of all lists of a trait together: they lie on the stack of a thread."""
_MEANINGS: Final = Meanings(write_value, write_truth, write_statements, convert, store_target)
_NAN: Final = "0x7FF8000000000000"
_COLUMNS: Final = {"new_colour": ("i64", "i32"), "new_mood": ("i64", "i8"), "place": ("i64", "i32")}
_WIDE: Final = frozenset(("moved2",))


@dataclass(frozen=True, slots=True)
class Lowered:
    """A trait as text.

    Args:
        text: of an LLVM module with the function `run(table, part, first, last)`.
    """

    text: str


def lower(checked: Checked, fuel: bool = True) -> Lowered:
    """Return a trait's machine code as text; the same text for the same source.

    Args:
        fuel: False leaves out all counting; for measuring what it costs only.

    Raises:
        NotNative: it cannot be compiled.
    """
    if checked.state == contract.VOLATILE:
        line, _, why = checked.why_volatile.removeprefix("line ").partition(": ")
        raise NotNative(int(line) if line.isdigit() else 0, why)
    source = Source(checked)
    try:
        return _lower(source, fuel)
    except RecursionError:
        raise NotNative(source.trait.lineno, "expressions within each other that deep") from None


def _lower(source: Source, fuel: bool) -> Lowered:
    rounds = Rounds()
    for _ in range(ROUNDS_MAX):
        rounds.begin()
        emitter = Emitter(source, rounds, _MEANINGS, fuel)
        text = _Frame(emitter).write()
        if not rounds.grown:
            check_loading(source.checked.tree)
            return Lowered(text)
        rounds.size += emitter.code.size
    raise NotNative(source.trait.lineno, "types that do not settle")


def _words_of(site: Site) -> int:
    return 1 + site.length_max * len(site.item.machine)


class _Frame:
    """What is around the statements of one trait."""

    def __init__(self, emitter: Emitter) -> None:
        self.e = emitter
        self.source = emitter.source
        self.init = find_init(self.source.trait)
        self.is_begun = self.init is not None or bool(self.source.kinds)
        self.memory = {name: emitter.variable(0, name) for name in self.source.kinds}

    def write(self) -> str:
        """Return the text of the module."""
        e = self.e
        first = e.code.current
        if self.is_begun:
            self._begin()
        self._call("execute", [Value(IS_OWN)])
        if e.bound is None:
            e.code.do("unreachable")
        else:
            self._succeed()
        self._faults()
        return self._module(first)

    # The begin of a call.

    def _begin(self) -> None:
        """Write __init__ for a first call, else reading the memory."""
        e, code = self.e, self.e.code
        bit = code.emit(f"shl i64 1, {e.word('slot')}")
        is_ready = code.emit(f"and i64 {own(e, 'ready', 'i64')}, {bit}")
        e.fork(code.emit(f"icmp ne i64 {is_ready}, 0"), self._remember, self._first)

    def _first(self) -> None:
        e = self.e
        for name in self.memory:
            constant = self.source.class_constants.get(name)
            if constant is not None:
                e.store(self.memory[name], e.value(constant))
        e.set_constants = set()
        if self.init is not None:
            self._call("__init__", [])
        e.set_constants = None

    def _remember(self) -> None:
        e, code = self.e, self.e.code
        for place, (name, kind) in enumerate(self.source.kinds.items()):
            address = self._memory_at(place)
            if kind == "float":
                e.store(self.memory[name], Value(IS_FLOAT, (code.load("double", address),)))
                continue
            whole = code.load("i64", address)
            if kind == "bool":
                value = Value(IS_BOOL, (code.emit(f"icmp ne i64 {whole}, 0"),))
            else:
                value = Value(IS_INT, (whole,))
            e.store(self.memory[name], value)

    def _memory_at(self, place: int) -> str:
        """Return where a number of the entity lies in the memory."""
        e = self.e
        key = f"memory {place}"
        if key not in e.words:
            at = e.code.once(f"add i64 {e.word('memory_first')}, {place}")
            first = e.code.once(f"mul i64 {at}, {e.word('capacity')}")
            e.words[key] = e.code.once(f"getelementptr i64, ptr {e.word('memory')}, i64 {first}")
        return e.code.at("i64", e.words[key], "%i")

    def _call(self, name: str, given: list[Value]) -> None:
        e = self.e
        method = self.source.methods.get(name)
        if method is None or method.decorator_list or not arguments_of(method):
            raise NotNative(self.source.trait.lineno, f"{name} is no plain method")
        kind = FunctionType(method, 0, is_method=True)
        if isinstance(method, ast.AsyncFunctionDef) != (name == "execute"):
            raise NotNative(method.lineno, f"{name} is the wrong kind of function")
        e.line = method.lineno
        call_function(e, Spot(method, name), kind, Arguments(given))

    # The end of a call.

    def _succeed(self) -> None:
        """Write the columns, the memory and what became of the call."""
        e, code = self.e, self.e.code
        for word in sorted(e.written):
            self._store_column(word)
        for place, name in enumerate(self.memory):
            self._store_memory(place, self.source.kinds[name], self.memory[name])
        if self.is_begun:
            bit = code.emit(f"shl i64 1, {e.word('slot')}")
            ready = code.at("i64", e.word("ready"), "%i")
            code.store("i64", code.emit(f"or i64 {code.load('i64', ready)}, {bit}"), ready)
        code.store("i64", code.load("i64", e.clipped), e.status)
        code.do("br label %note")

    def _store_column(self, word: str) -> None:
        e, code = self.e, self.e.code
        value = code.load(_COLUMNS.get(word, ("double", ""))[0], e.fields[word])
        if word in _COLUMNS:
            column = _COLUMNS[word][1]
            value = code.emit(f"trunc i64 {value} to {column}")
        elif word in _WIDE:
            column = "double"
        else:
            column = "float"
            value = code.emit(f"fptrunc double {value} to float")
        code.store(column, value, code.at(column, e.word(word), "%i"))

    def _store_memory(self, place: int, kind: str, variable: Variable) -> None:
        e, code = self.e, self.e.code
        value = e.load(variable, "AttributeError")
        address = self._memory_at(place)
        if kind == "float":
            real = as_real(e, value)
            is_nan = code.emit(f"fcmp uno double {real}, 0.0")
            kept = code.emit(f"select i1 {is_nan}, double {_NAN}, double {real}")
            code.store("double", kept, address)
            return
        if mask_of(value) & FLOAT:
            raise NotNative(self.source.trait.lineno, "a kind of number is not settled")
        whole = e.converted(value, IS_INT)[0] if value.type != IS_INT else value.parts[0]
        code.store("i64", whole, address)

    def _faults(self) -> None:
        """Write where calls end that fail."""
        e, code = self.e, self.e.code
        for status, block in e.fault_blocks.items():
            code.place(block)
            code.store("i64", str(status), e.status)
            code.go(e.failed)
        code.place(e.out_of_fuel)
        code.store("i64", e.word("fuel_max"), e.fuel)
        code.store("i64", str(contract.OUT_OF_FUEL), e.status)
        code.go(e.failed)
        code.place(e.failed)
        code.do("br label %note")

    # The module.

    def _module(self, first: Block) -> str:
        e = self.e
        starts = [f"store i64 0, ptr {each}" for each in (e.fuel, e.clipped, e.draws)]
        flags = [v.flag for v in e.rounds.variables.values() if v.flag]
        starts += [f"store i1 false, ptr {flag}" for flag in flags]
        words = [e.word(name) for name in ("carriers", "fuel", "status")]
        sites = [
            f"%site{number} = alloca i64, i64 {_words_of(site)}"
            for number, site in sorted(e.rounds.sites.items())
            if number in e.made
        ]
        if sum(_words_of(e.rounds.sites[number]) for number in e.made) > WORDS_MAX:
            raise NotNative(self.source.trait.lineno, "lists that take too much room")
        lines = [
            *sorted(e.code.declared.values()),
            "define void @run(ptr %table, i64 %part, i64 %first, i64 %last) {",
            "entry:",
            *e.code.slots,
            *sites,
            "%world = ptrtoint ptr %table to i64",
            *e.code.entry,
            "br label %next",
            "next:",
            "%k = phi i64 [ %first, %entry ], [ %k1, %note ]",
            "%some = icmp slt i64 %k, %last",
            "br i1 %some, label %begin, label %end",
            "begin:",
            f"%carrier = getelementptr i32, ptr {words[0]}, i64 %k",
            "%slot = load i32, ptr %carrier",
            "%i = sext i32 %slot to i64",
            *starts,
            *e.prologue,
            f"br label %{first.label}",
            e.code.body(),
            "note:",
            f"%used = load i64, ptr {e.fuel}",
            "%used32 = trunc i64 %used to i32",
            f"%fuel_at = getelementptr i32, ptr {words[1]}, i64 %k",
            "store i32 %used32, ptr %fuel_at",
            f"%ended = load i64, ptr {e.status}",
            "%ended8 = trunc i64 %ended to i8",
            f"%status_at = getelementptr i8, ptr {words[2]}, i64 %k",
            "store i8 %ended8, ptr %status_at",
            "%k1 = add i64 %k, 1",
            "br label %next",
            "end:",
            "ret void",
            "}",
            FOOTER,
        ]
        return "\n".join(lines)
