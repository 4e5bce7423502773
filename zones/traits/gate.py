"""The bytes gate: what a source is as bytes and text, before any parser sees it.

Owns: size, encoding, characters, and how deep brackets, blocks and operators lie within each
other, found without recursion in one pass. Does not own: what the text means (`validator.py`).
Pure. A scan that misreads a broken text only counts wrongly: the parser refuses that text, and
what the parser does on the way happens in a disposable child (`screening.py`).
"""

import re
import unicodedata
from dataclasses import dataclass, field

from zones.traits.contract import LINES_MAX, NESTING_MAX, SOURCE_BYTES_MAX
from zones.traits.verdict import Refusal

OPERATORS_MAX = 64
"""Operators in one expression without a bracket, comma, comparison, 'and' or 'or' between."""
NUMBER_CHARS_MAX = 64
IDENTIFIER_CHARS_MAX = 128

_BOM = b"\xef\xbb\xbf"
_COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_HIDDEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_PLAIN_LETTER = re.compile("[À-ɏΓΔΘΛΞΠΣΦΨΩα-νπ-ωϑϕ₀-₉]")
"""Latin letters, and Greek ones that look like no Latin letter (no omicron, no rho)."""
_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
    |(?P<string>(?P<prefix>[rRbBuUfF]{0,2})
        (?:\"\"\"(?P<long>(?:[^\\\"]|\\.|\"(?!\"\"))*)\"\"\"
        |'''(?P<long2>(?:[^\\']|\\.|'(?!''))*)'''
        |\"(?P<short>(?:[^\"\\\n]|\\.)*)\"
        |'(?P<short2>(?:[^'\\\n]|\\.)*)'))
    |(?P<number>\.?[0-9][0-9A-Za-z_.]*)
    |(?P<name>\w+)
    |(?P<line>(?:\n[ \t]*)+)
    |(?P<gap>[ \t]+|\\\n)
    |(?P<sign>\*\*|//|<<|>>|->|:=|[<>=!]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BREAKS = frozenset((",", ":", ";", "=", "==", "!=", "<", ">", "<=", ">=", ":=", "and", "or", "in"))
_WORDS_COUNTED = frozenset(("not", "lambda", "if", "else", "await"))
"""What only a comma or the end of a line ends: all to the right of it lies within it."""
_ENDS = frozenset((",", ";", "="))
_SIGNS_COUNTED = frozenset(
    ("+", "-", "*", "/", "//", "%", "@", "&", "|", "^", "~", "<<", ">>", "**")
)


@dataclass(slots=True)
class _Level:
    """One bracket, or the line around all of them."""

    words: int = 0
    operators: int = 0
    postfixes: int = 0
    after_operand: bool = False


@dataclass(slots=True)
class _Scan:
    line: int = 1
    levels: list[_Level] = field(default_factory=lambda: [_Level()])
    indents: list[int] = field(default_factory=lambda: [0])
    elifs: dict[int, int] = field(default_factory=dict)
    starts: bool = True


def read_text(data: bytes) -> str:
    """Return a source as text, if it may be parsed.

    Raises:
        Refusal: it may not.
    """
    if len(data) > SOURCE_BYTES_MAX:
        raise Refusal("size", 0, f"the source has {len(data)} bytes, the limit {SOURCE_BYTES_MAX}")
    if data.startswith(_BOM):
        raise Refusal("encoding", 1, "the source begins with a byte order mark: leave it out")
    for number, line in enumerate(data.split(b"\n", 2)[:2], start=1):
        if _COOKIE.match(line):
            raise Refusal("encoding", number, "a source is UTF-8: leave the coding comment out")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise Refusal("encoding", number, f"the source is not UTF-8: {error.reason}") from None
    text = text.replace("\r\n", "\n")
    _refuse_found(_CONTROL.search(text), text, "control", "write it as an escape")
    _refuse_found(_HIDDEN.search(text), text, "hidden", "a source is what it looks like")
    lines = text.count("\n") + 1
    if lines > LINES_MAX + 1:
        raise Refusal("size", 0, f"the source has {lines} lines, the limit is {LINES_MAX}")
    scan_depth(text)
    return text


def _refuse_found(found: re.Match[str] | None, text: str, rule: str, advice: str) -> None:
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise Refusal(
            rule, line, f"the character U+{ord(found.group()):04X} is not taken: {advice}"
        )


def scan_depth(text: str, line: int = 1) -> None:
    """Refuse text whose brackets, blocks or operators lie too deep for a parser.

    Args:
        line: of its first line, for the refusal.

    Raises:
        Refusal: rule "depth" or "number".
    """
    scan = _Scan(line)
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind in {"gap", "comment"}:
            scan.line += token.group() == "\\\n"
        elif kind == "line":
            _end_line(scan, token.group())
        elif kind == "number":
            if token.end() - token.start() > NUMBER_CHARS_MAX:
                raise Refusal("number", scan.line, "a number is too long: integers have 64 bits")
            _operand(scan)
        elif kind == "name":
            _take_word(scan, token.group(), token.start(), text)
        elif kind == "sign":
            _take_sign(scan, token.group())
        else:
            _take_string(scan, token)


def _too_deep(scan: _Scan, what: str, limit: int) -> Refusal:
    return Refusal("depth", scan.line, f"{what} lie more than {limit} deep: name the parts")


def _end_line(scan: _Scan, run: str) -> None:
    scan.line += run.count("\n")
    if len(scan.levels) > 1:
        return
    scan.levels[0] = _Level()
    scan.starts = True


def _start_line(scan: _Scan, column: int, word: str) -> None:
    """Count the blocks around a line by its indentation."""
    scan.starts = False
    while scan.indents[-1] > column:
        scan.elifs.pop(scan.indents.pop(), None)
    if column > scan.indents[-1]:
        scan.indents.append(column)
        if len(scan.indents) > NESTING_MAX:
            raise _too_deep(scan, "blocks", NESTING_MAX)
    count = scan.elifs.get(column, 0) + 1 if word == "elif" else 0
    scan.elifs[column] = count
    if count > NESTING_MAX:
        raise Refusal("depth", scan.line, f"more than {NESTING_MAX} elif in a row: use a dict")


def _check_identifier(word: str, line: int) -> None:
    """Refuse a name that Python reads as another, or that looks like another."""
    if unicodedata.normalize("NFKC", word) != word:
        raise Refusal("identifier", line, "a name has letters that are read as others: use ASCII")
    strange = [sign for sign in word if not sign.isascii() and not _PLAIN_LETTER.match(sign)]
    if strange and any(sign.isascii() and sign.isalpha() for sign in word):
        raise Refusal(
            "identifier", line, f"a name mixes scripts: U+{ord(strange[0]):04X} is no Latin letter"
        )


def _take_word(scan: _Scan, word: str, start: int, text: str) -> None:
    if len(word) > IDENTIFIER_CHARS_MAX:
        raise Refusal("identifier", scan.line, f"a name has at most {IDENTIFIER_CHARS_MAX} letters")
    if not word.isascii():
        _check_identifier(word, scan.line)
    if scan.starts:
        begin = text.rfind("\n", 0, start) + 1
        _start_line(scan, len(text[begin:start].expandtabs()), word)
    if word in _WORDS_COUNTED:
        _count_word(scan)
    elif word in _BREAKS:
        _break(scan, word)
    else:
        _operand(scan)


def _operand(scan: _Scan) -> None:
    level = scan.levels[-1]
    scan.starts = False
    level.after_operand = True


def _break(scan: _Scan, what: str) -> None:
    level = scan.levels[-1]
    if what in _ENDS:
        level.words = 0
    level.operators = level.postfixes = 0
    level.after_operand = False


def _count_word(scan: _Scan) -> None:
    level = scan.levels[-1]
    level.words += 1
    level.after_operand = False
    if level.words > OPERATORS_MAX:
        raise _too_deep(scan, "words such as not, if and lambda", OPERATORS_MAX)


def _count_operator(scan: _Scan) -> None:
    level = scan.levels[-1]
    level.operators += 1
    level.postfixes = 0
    level.after_operand = False
    if level.operators > OPERATORS_MAX:
        raise _too_deep(scan, "operators", OPERATORS_MAX)


def _count_postfix(scan: _Scan) -> None:
    level = scan.levels[-1]
    level.postfixes += 1
    if level.postfixes > NESTING_MAX:
        raise _too_deep(scan, "attributes, calls and subscripts", NESTING_MAX)


def _take_sign(scan: _Scan, sign: str) -> None:
    scan.starts = False
    if sign in "([{":
        if scan.levels[-1].after_operand:
            _count_postfix(scan)
        scan.levels.append(_Level())
        if len(scan.levels) > NESTING_MAX:
            raise _too_deep(scan, "brackets", NESTING_MAX)
    elif sign in ")]}":
        if len(scan.levels) > 1:
            scan.levels.pop()
        scan.levels[-1].after_operand = True
    elif sign == ".":
        _count_postfix(scan)
    elif sign in _SIGNS_COUNTED:
        _count_operator(scan)
    elif sign in _BREAKS:
        _break(scan, sign)


def _take_string(scan: _Scan, token: re.Match[str]) -> None:
    text = token.group()
    if "f" in token.group("prefix").lower():
        for piece in _replacements(text):
            if piece.count("{") > NESTING_MAX:
                raise _too_deep(scan, "replacement fields", NESTING_MAX)
            scan_depth(piece, scan.line)
    scan.line += text.count("\n")
    _operand(scan)


def _replacements(text: str) -> list[str]:
    """Return what stands between braces of an f-string, without its outermost braces."""
    pieces: list[str] = []
    depth = begin = 0
    position = 0
    while position < len(text):
        sign = text[position]
        if sign == "{":
            if depth == 0 and text[position + 1 : position + 2] == "{":
                position += 2
                continue
            if depth == 0:
                begin = position + 1
            depth += 1
        elif sign == "}" and depth:
            depth -= 1
            if depth == 0:
                pieces.append(text[begin:position])
        position += 1
    if depth:
        pieces.append(text[begin:])
    return pieces
