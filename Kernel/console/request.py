"""Turn one line of the console socket into a checked request.

Owns: what a request may look like. Does not own: the table of commands (`commands.py`) nor lines
and connections (`protocol.py`). Pure. The line is outside data: whatever it holds, the result is
a `Request` that fits the table, or a `UsageError`.
"""

import json
import math
import re
import unicodedata
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from typing import assert_never

from Kernel.console.command_types import Argument, Command, Kind, Place
from Kernel.console.commands import BY_NAME
from Kernel.console.wait_expression import WaitExpression, parse_wait
from Kernel.contract.errors import UsageError
from Kernel.contract.event_filter import FILTERS_MAX, Filter, Since, parse_filter, parse_since
from Kernel.contract.quantities import parse_duration

NAME_MAX = 64
LABEL_MAX = 200
STRINGS_MAX = 64
STRING_CHARS_MAX = 4096
SHOWN_MAX = 48
"""How many characters of somebody's text go into an error message."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")

Value = int | float | bool | str | WaitExpression | Since | tuple[Filter, ...] | tuple[str, ...]


_ACTS_WITH = {"params": "value", "quarantine": "name"}
"""Commands that only look when this argument is left out."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command with arguments that fit the table; defaults are filled in.

    Args:
        command: a name of the table.
        args: argument name to value; what was left out and has no default is missing.
        cause: id of the event that it was taken; b"" where it leaves none.
    """

    command: str
    args: Mapping[str, Value]
    cause: bytes = b""

    @property
    def acts(self) -> bool:
        """Whether it changes something; some do only with a value, a dry run never."""
        looks = self.flag("dry_run") or (
            self.command in _ACTS_WITH and self.args.get(_ACTS_WITH[self.command]) is None
        )
        return BY_NAME[self.command].acts and not looks

    def integer(self, name: str) -> int | None:
        """Return an INTEGER argument, or None when it was left out."""
        value = self.args.get(name)
        assert value is None or (isinstance(value, int) and not isinstance(value, bool)), name
        return value

    def number(self, name: str) -> float | None:
        """Return a NUMBER, or a DURATION in seconds, or None when it was left out."""
        value = self.args.get(name)
        assert value is None or isinstance(value, int | float), name
        return None if value is None else float(value)

    def text(self, name: str) -> str | None:
        """Return a NAME, CHOICE, WORDS or LABEL argument, or None when it was left out."""
        value = self.args.get(name)
        assert value is None or isinstance(value, str), name
        return value

    def content(self, name: str) -> bytes:
        """Return what is in a FILE argument; nothing when it was left out."""
        return b64decode(self.text(name) or "")

    def flag(self, name: str) -> bool:
        """Return a FLAG argument, False when it was left out."""
        value = self.args.get(name, False)
        assert isinstance(value, bool), name
        return value

    def expression(self, name: str) -> WaitExpression | None:
        """Return an EXPRESSION argument, or None when it was left out."""
        value = self.args.get(name)
        assert value is None or isinstance(value, WaitExpression), name
        return value

    def since(self, name: str) -> Since | None:
        """Return a SINCE argument, or None when it was left out."""
        value = self.args.get(name)
        assert value is None or isinstance(value, Since), name
        return value

    def filters(self, name: str) -> tuple[Filter, ...]:
        """Return a FILTERS argument; none when it was left out."""
        value = self.args.get(name, ())
        assert isinstance(value, tuple), name
        return tuple(each for each in value if isinstance(each, Filter))

    def strings(self, name: str) -> tuple[str, ...]:
        """Return a STRINGS argument; none when it was left out."""
        value = self.args.get(name, ())
        assert isinstance(value, tuple), name
        return tuple(each for each in value if isinstance(each, str))


def parse_request(line: bytes) -> Request:
    """Return the request in one line.

    Args:
        line: {"command": NAME, "args": {...}} as UTF-8 JSON; "args" may be missing.

    Raises:
        UsageError: anything else; the hint names the help page.
    """
    try:
        fields = json.loads(
            line.decode(), object_pairs_hook=_unique_keys, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"cannot read request: not a JSON object on one line ({str(error)[:SHOWN_MAX]})",
            'send {"command": "status"}',
        ) from error
    if not isinstance(fields, dict) or not isinstance(fields.get("command"), str):
        raise UsageError(
            'cannot read request: it has no "command" word', 'send {"command": "status"}'
        )
    args = fields.get("args", {})
    if not isinstance(args, dict) or set(fields) - {"command", "args"}:
        raise UsageError('cannot read request: it takes "command" and an object "args" only')
    return check_request(fields["command"], args)


def check_request(name: str, args: Mapping[str, object]) -> Request:
    """Return the request for a command's name and raw arguments; used on both sides.

    Raises:
        UsageError: unknown command or key, wrong type, out of range, or something missing.
    """
    command = BY_NAME.get(name)
    if command is None:
        raise unknown_command(name)
    if command.place in (Place.TOOL, Place.HERE):
        raise UsageError(f"cannot run '{name}' here: it needs no kernel", f"molt help {name}")
    known = {argument.name: argument for argument in command.takes if not argument.client_only}
    for key in args:
        if key not in known:
            takes = ", ".join(known) or "nothing"
            raise UsageError(
                f"cannot run '{name}': {_shown(key)} is not known, it takes {takes}", _hint(command)
            )
    checked: dict[str, Value] = {}
    for argument in known.values():
        raw = args.get(argument.name)
        value = argument.default if raw is None else check_value(command, argument, raw)
        if value is not None:
            checked[argument.name] = value
        elif argument.required:
            raise UsageError(f"cannot run '{name}': {argument.metavar} is missing", _hint(command))
    for argument in known.values():
        if argument.needs and argument.name in checked and argument.needs not in checked:
            raise UsageError(
                f"cannot run '{name}': {argument.name} makes no sense without {argument.needs}",
                _hint(command),
            )
    return Request(name, checked)


def told_arguments(request: Request) -> dict[str, Value]:
    """Return the arguments as an event tells them: of a file its digest; words are cut."""
    kinds = {argument.name: argument.kind for argument in BY_NAME[request.command].takes}
    return {
        name: _told(request, name, value, kinds.get(name))
        for name, value in request.args.items()
        if name != "dry_run"
    }


def _told(request: Request, name: str, value: Value, kind: Kind | None) -> Value:
    match kind:
        case Kind.FILE:
            return f"sha256:{sha256(request.content(name)).hexdigest()}"
        case Kind.STRINGS:
            return " ".join(request.strings(name))[:LABEL_MAX]
        case _:
            return value


def check_value(command: Command, argument: Argument, raw: object) -> Value:
    """Return one value in its type.

    Raises:
        UsageError: wrong type or out of range.
    """
    value = _typed(argument, raw)
    low, high = argument.low, argument.high
    bounded = argument.kind in (Kind.INTEGER, Kind.DURATION)
    if value is None or (bounded and isinstance(value, int | float) and not low <= value <= high):
        wants = _wants(argument)
        raise UsageError(
            f"cannot run '{command.name}': {argument.name} is {_shown(raw)}, it takes {wants}",
            _hint(command),
        )
    return value


def unknown_command(name: str) -> UsageError:
    """Return the error for a command that does not exist, with the nearest names."""
    close = get_close_matches(name[:NAME_MAX], BY_NAME, n=1)
    mean = f"; did you mean '{close[0]}'?" if close else ""
    return UsageError(f"cannot run {_shown(name)}: no such command{mean}", "molt help")


def _typed(argument: Argument, raw: object) -> Value | None:
    """Return the value in its type, or None when it has another."""
    kind = argument.kind
    match kind:
        case Kind.INTEGER:
            return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
        case Kind.NUMBER:
            return _finite(raw)
        case Kind.NAME:
            fits = isinstance(raw, str) and len(raw) <= NAME_MAX and _NAME.fullmatch(raw)
            return raw if isinstance(raw, str) and fits else None
        case Kind.CLASS_NAME:
            return _class_name(raw)
        case Kind.CHOICE:
            return raw if isinstance(raw, str) and raw in argument.choices else None
        case Kind.DURATION:
            return parse_duration(raw) if isinstance(raw, str) else _finite(raw)
        case Kind.EXPRESSION:
            return parse_wait(raw) if isinstance(raw, str) else None
        case Kind.WORDS:
            return raw if isinstance(raw, str) and len(raw) <= NAME_MAX else None
        case Kind.FILTERS:
            return _filters(raw)
        case Kind.STRINGS:
            return _strings(raw)
        case Kind.LABEL:
            return _label(raw)
        case Kind.SINCE:
            return parse_since(raw) if isinstance(raw, str) else None
        case Kind.FLAG:
            return raw if isinstance(raw, bool) else None
        case Kind.FILE:
            return raw if isinstance(raw, str) and _is_content(raw, argument.high) else None
        case _:
            assert_never(kind)


def _class_name(raw: object) -> str | None:
    """Return a name as Python keeps it: it takes several ways to write one as the same."""
    if not isinstance(raw, str) or len(raw) > NAME_MAX:
        return None
    name = unicodedata.normalize("NFKC", raw)
    return name if name.isidentifier() and len(name) <= NAME_MAX else None


def _is_content(raw: str, most: int) -> bool:
    try:
        return len(b64decode(raw, validate=True)) <= most
    except ValueError:
        return False


def _filters(raw: object) -> tuple[Filter, ...] | None:
    if not isinstance(raw, list) or len(raw) > FILTERS_MAX:
        return None
    if not all(isinstance(word, str) for word in raw):
        return None
    return tuple(parse_filter(word) for word in raw)


def _label(raw: object) -> str | None:
    fits = isinstance(raw, str) and 0 < len(raw) <= LABEL_MAX and raw.isprintable()
    return raw if isinstance(raw, str) and fits else None


def _strings(raw: object) -> tuple[str, ...] | None:
    if not isinstance(raw, list) or len(raw) > STRINGS_MAX:
        return None
    fitting = [word for word in raw if isinstance(word, str) and len(word) <= STRING_CHARS_MAX]
    return tuple(fitting) if len(fitting) == len(raw) else None


def _finite(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or abs(raw) > 1e300:
        return None
    return float(raw) if math.isfinite(raw) else None


def _wants(argument: Argument) -> str:
    if argument.kind is Kind.CHOICE:
        return "one of " + ", ".join(argument.choices)
    if argument.kind in (Kind.INTEGER, Kind.DURATION):
        noun = "a whole number" if argument.kind is Kind.INTEGER else "a duration"
        return f"{noun} from {argument.low} to {argument.high} {argument.unit}".rstrip()
    if argument.kind is Kind.NAME:
        return f"a name of letters, digits, '_', '-', '.' up to {NAME_MAX}"
    if argument.kind is Kind.CLASS_NAME:
        return f"the name of a class: letters, digits and '_', up to {NAME_MAX}"
    if argument.kind is Kind.FILTERS:
        return f"at most {FILTERS_MAX} words of the form FIELD=VALUE"
    if argument.kind is Kind.STRINGS:
        return f"at most {STRINGS_MAX} words of {STRING_CHARS_MAX} characters each"
    if argument.kind is Kind.LABEL:
        return f"a text in one line of at most {LABEL_MAX} characters"
    if argument.kind is Kind.FILE:
        return f"what is in a file, at most {argument.high} bytes, as base64"
    return f"a {argument.kind.value}"


def _hint(command: Command) -> str:
    return f"molt help {command.name}"


def _shown(raw: object) -> str:
    """Return a short, printable form of somebody's value."""
    text = ascii(raw)
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key stands twice")
    return fields


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is not a number")
