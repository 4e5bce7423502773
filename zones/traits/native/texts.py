"""Texts that a native trait may have: of the source, states, colours and ids of entities.

Owns: their numbers, equality, what becomes of them when they are assigned. Does not own: building
texts (the interpreted tier does).

A text of the source is its number among those of the trait, a state its code, a colour 24 bits.
One that is compared with or assigned to a state is looked up by its text then.
"""

import ast
import re
from collections.abc import Callable
from typing import Final

from zones.traits import contract
from zones.traits.native.conversion import mask_of, number
from zones.traits.native.emitter import Emitter
from zones.traits.native.types import FLOAT, INT, NONE, UNKNOWN, Ref, Scalar, Value

CHARS_MAX: Final = 15
"""A longer text costs fuel to compare."""
NEVER: Final = -2
"""A code that nothing has."""
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_SHOWN_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_HEX: Final = re.compile(r"0([1-6])[xX]")
COLOUR_CHARS: Final = 7


def text(e: Emitter, literal: str) -> Value:
    """Return a text of the source."""
    texts = e.rounds.texts
    if literal not in texts:
        texts[literal] = len(texts)
        e.rounds.grown |= e.rounds.texts_read
    return Value(Ref("text"), (str(texts[literal]),), literal)


def equal(e: Emitter, left: Value, right: Value) -> str:
    """Write == of two of them and return its bit."""
    assert isinstance(left.type, Ref) and isinstance(right.type, Ref)
    one, two = left.type.kind, right.type.kind
    for each in (left, right):
        if isinstance(each.literal, str) and len(each.literal) > CHARS_MAX:
            raise e.refuse("a comparison with a text of more than 15 characters")
    if one == two and one != "painted":
        return e.code.emit(f"icmp eq i64 {left.parts[0]}, {right.parts[0]}")
    kinds = {one, two}
    if kinds == {"text", "mood"}:
        shown, said = (left, right) if one == "mood" else (right, left)
        return e.code.emit(f"icmp eq i64 {shown.parts[0]}, {mood_code(e, said)}")
    if kinds == {"text", "colour"}:
        shown, said = (left, right) if one == "colour" else (right, left)
        return e.code.emit(f"icmp eq i64 {shown.parts[0]}, {_looked_up(e, said, _shown_colour)}")
    if kinds & {"entity", "resource"} or kinds == {"mood", "colour"}:
        return "false"
    raise e.refuse(f"a comparison of {left.type.named()} with {right.type.named()}")


def _looked_up(e: Emitter, said: Value, code_of: Callable[[Emitter, str], str]) -> str:
    """Return the code of a text, NEVER for one without."""
    if isinstance(said.literal, str):
        return code_of(e, said.literal)
    result = str(NEVER)
    e.rounds.texts_read = True
    for literal, place in e.rounds.texts.items():
        if len(literal) > CHARS_MAX:
            raise e.refuse("a comparison of texts of more than 15 characters")
        code = code_of(e, literal)
        if code != str(NEVER):
            found = e.code.emit(f"icmp eq i64 {said.parts[0]}, {place}")
            result = e.code.emit(f"select i1 {found}, i64 {code}, i64 {result}")
    return result


def mood_code(e: Emitter, said: Value) -> str:
    """Return the code of a state that is said as text."""
    return _looked_up(e, said, _mood_of)


def _mood_of(e: Emitter, literal: str) -> str:
    if literal == contract.ALIVE_MOOD:
        return "0"
    moods = e.source.checked.moods
    if literal not in moods:
        if literal.isidentifier() and len(literal.encode()) <= contract.MOOD_BYTES:
            raise e.refuse(f"{literal!r} as a state that is not plain from the source")
        return str(NEVER)
    return _declared_code(e, moods.index(literal))


def _declared_code(e: Emitter, place: int) -> str:
    """Return the code of a state that the trait declares, read once for all calls."""
    name = f"mood {place}"
    if name not in e.words:
        address = e.code.once(f"getelementptr i8, ptr {e.word('moods')}, i64 {place}")
        narrow = e.code.once(f"load i8, ptr {address}")
        e.words[name] = e.code.once(f"zext i8 {narrow} to i64")
    return e.words[name]


def _shown_colour(_e: Emitter, literal: str) -> str:
    return str(int(literal[1:], 16)) if _SHOWN_COLOUR.fullmatch(literal) else str(NEVER)


def _meant_colour(_e: Emitter, literal: str) -> str:
    return str(int(literal[1:], 16)) if _COLOUR.fullmatch(literal) else str(NEVER)


def assigned_mood(e: Emitter, value: Value) -> str:
    """Return the code of a state that is to be set, negative for what cannot be."""
    if not isinstance(value.type, Ref):
        return str(NEVER)
    if value.type.kind == "text":
        return mood_code(e, value)
    if value.type.kind != "mood":
        return str(NEVER)
    code = value.parts[0]
    known = e.code.emit(f"icmp eq i64 {code}, 0")
    for place in range(len(e.source.checked.moods)):
        same = e.code.emit(f"icmp eq i64 {code}, {_declared_code(e, place)}")
        known = e.code.emit(f"or i1 {known}, {same}")
    return e.code.emit(f"select i1 {known}, i64 {code}, i64 {NEVER}")


def assigned_colour(e: Emitter, value: Value) -> str:
    """Return the 24 bits of a colour that is to be set, negative for what is none."""
    if not isinstance(value.type, Ref):
        return str(NEVER)
    if value.type.kind == "text":
        return _looked_up(e, value, _meant_colour)
    if value.type.kind in ("colour", "painted"):
        return value.parts[0]
    return str(NEVER)


def carries(e: Emitter, item: Value, holder: Value) -> str:
    """Write `"name" in entity.traits` and return its bit."""
    if not isinstance(item.literal, str) or item.literal not in e.source.checked.traits:
        raise e.refuse("`in` of traits with anything but a literal")
    bits = holder.parts[0]
    count = e.intrinsic("llvm.ctpop.i64", "i64", ("i64", bits))
    e.spend(e.code.emit(f"lshr i64 {count}, 4"))
    place = e.source.checked.traits.index(item.literal)
    name = f"mask {place}"
    if name not in e.words:
        address = e.code.once(f"getelementptr i64, ptr {e.word('masks')}, i64 {place}")
        e.words[name] = e.code.once(f"load i64, ptr {address}")
    common = e.code.emit(f"and i64 {bits}, {e.words[name]}")
    return e.code.emit(f"icmp ne i64 {common}, 0")


def painted(e: Emitter, node: ast.JoinedStr) -> Value:
    """Write f"#{red:02x}{green:02x}80" and the like, which can only be assigned to a colour.

    Each place has at least the digits that it asks for, so that six in all are a colour exactly
    where no number needs more, or a sign.
    """
    pieces = [_piece(e, part) for part in node.values]
    fixed = "".join(piece if isinstance(piece, str) else "0" * piece[1] for piece in pieces)
    if not fixed.startswith("#") or len(fixed) < COLOUR_CHARS:
        raise e.refuse("a text that is built")
    is_colour = bool(_COLOUR.fullmatch(fixed))
    code, good, length = "0", "true" if is_colour else "false", "0"
    for piece in pieces:
        if isinstance(piece, str):
            length = e.code.emit(f"add i64 {length}, {len(piece)}")
            digits = piece.removeprefix("#") if is_colour else ""
            shifted = e.code.emit(f"shl i64 {code}, {4 * len(digits)}")
            code = e.code.emit(f"or i64 {shifted}, {int(digits or '0', 16)}")
            continue
        whole = _shown_number(e, piece[0])
        if whole is None:
            return Value(UNKNOWN)
        size = _digits(e, whole, piece[1])
        e.spend(e.code.emit(f"lshr i64 {size}, 4"))
        length = e.code.emit(f"add i64 {length}, {size}")
        inside = e.code.emit(f"icmp ult i64 {whole}, {16 ** piece[1]}")
        good = e.code.emit(f"and i1 {good}, {inside}")
        shifted = e.code.emit(f"shl i64 {code}, {4 * piece[1]}")
        code = e.code.emit(f"or i64 {shifted}, {whole}")
    e.spend(e.code.emit(f"lshr i64 {length}, 4"))
    return Value(Ref("painted"), (e.code.emit(f"select i1 {good}, i64 {code}, i64 {NEVER}"),))


def _piece(e: Emitter, part: ast.expr) -> str | tuple[ast.expr, int]:
    """Return a fixed part of a text, or a number that is shown in hex and its least width."""
    if isinstance(part, ast.Constant):
        return str(part.value)
    if isinstance(part, ast.FormattedValue) and part.conversion == -1:
        spec = part.format_spec
        if isinstance(spec, ast.JoinedStr) and len(spec.values) == 1:
            (asked,) = spec.values
            found = _HEX.fullmatch(str(asked.value)) if isinstance(asked, ast.Constant) else None
            if found:
                return part.value, int(found[1])
    raise e.refuse("a text that is built")


def _shown_number(e: Emitter, node: ast.expr) -> str | None:
    """Write a number that is shown in hex; None where it certainly cannot be."""
    value = number(e, e.value(node))
    if value.type == UNKNOWN:
        return None
    if mask_of(value) == FLOAT:
        e.fault("ValueError")
        return None
    if mask_of(value) & (FLOAT | NONE):
        raise e.refuse("a colour of what may be no whole number")
    return e.converted(value, Scalar(INT))[0]


def _digits(e: Emitter, whole: str, least: int) -> str:
    """Return how many characters a number has in hex, with its sign and zeros in front."""
    size = e.intrinsic("llvm.abs.i64", "i64", ("i64", whole), ("i1", "false"))
    zeros = e.intrinsic("llvm.ctlz.i64", "i64", ("i64", size), ("i1", "false"))
    bits = e.code.emit(f"sub i64 67, {zeros}")
    digits = e.code.emit(f"lshr i64 {bits}, 2")
    negative = e.code.emit(f"lshr i64 {whole}, 63")
    total = e.code.emit(f"add i64 {digits}, {negative}")
    return e.intrinsic("llvm.smax.i64", "i64", ("i64", total), ("i64", str(least)))
