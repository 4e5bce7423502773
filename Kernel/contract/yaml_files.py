"""Settings in YAML, read strictly: the kernel and `molt world run` take the same files alike.

Owns: reading a file or one value, what is refused and in which line. Does not own: which keys
there are (`settings.py`), what is laid over a file (`sources.py`).
"""

import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from Kernel.contract.errors import ConfigError, Fault
from Kernel.contract.settings import SHOWN_MAX

FILE_BYTES_MAX: Final = 1 << 16
"""A running kernel reads its files again: this much takes it 0.6 s, the 9 KB there are 6 ms."""
DEPTH_MAX: Final = 16
# What PyYAML raises for values it cannot make: a 13th month, `!!bool maybe`, ...
_MALFORMED = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
_BROKEN: Final = "holds half a character, which UTF-8 cannot hold"
_TEXT_TAG = "tag:yaml.org,2002:str"
# A FIFO or a terminal under the name of a file must not hold up a kernel that reads it again.
_OPEN_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class _StrictLoader(yaml.SafeLoader):
    """No place stands for another, nothing goes too deep, and every error has its line."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # as PyYAML's stubs have it
        why = ""
        if isinstance(event, yaml.AliasEvent):
            # Some hundred bytes of aliases of aliases stand for more than any memory holds.
            why = f"*{event.anchor} stands for another place: write it out"
        if self.depth > DEPTH_MAX:
            why = f"it is nested deeper than {DEPTH_MAX}"
        if why:
            raise yaml.composer.ComposerError(None, None, why, event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except _MALFORMED as error:
            raise yaml.constructor.ConstructorError(
                None, None, f"cannot make a value of it: {str(error)[:SHOWN_MAX]}", node.start_mark
            ) from error


@dataclass(frozen=True, slots=True)
class Document:
    """A file as read: its keys and values, and the line of each key with those above it."""

    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_file(path: Path) -> Document:
    """Return the keys and values of a file; none of one that holds comments only.

    Raises:
        ConfigError: it cannot be read, is no regular file, is larger than FILE_BYTES_MAX, is not
            YAML in UTF-8, holds no keys, one twice, an alias, or half a character; tells every
            key that is wrong.
    """
    hint = f"edit {path}"
    try:
        content = _read_bytes(path)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", hint) from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(f"cannot read {path}: it is longer than {FILE_BYTES_MAX} bytes", hint)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"cannot read {path}:{line}: it is not UTF-8 (byte {error.start})", hint
        ) from error
    try:
        places, values = _load(text)
    except yaml.YAMLError as error:
        line, why = _explain(error)
        raise ConfigError(f"cannot read {path}{f':{line}' * bool(line)}: {why}", hint) from error
    faults = [
        Fault(place.key, place.why, f"{path}:{place.line}", hint) for place in places if place.why
    ]
    if faults:
        raise ConfigError.of(str(path), faults)
    if not isinstance(values, dict | None):
        raise ConfigError(f"cannot read {path}:1: it must hold keys and values", hint)
    return Document(values or {}, {place.key: place.line for place in places})


def _read_bytes(path: Path) -> bytes:
    """Return at most FILE_BYTES_MAX + 1 bytes of a regular file, without ever waiting for any."""
    descriptor = os.open(path, _OPEN_FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError(
                f"cannot read {path}: it is no regular file", f"ls -l {shlex.quote(str(path))}"
            )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(FILE_BYTES_MAX + 1)
    finally:
        os.close(descriptor)


def read_value(name: str, text: str) -> Any:
    """Return one value as YAML reads it.

    Args:
        name: what is set so, for the error.

    Raises:
        ConfigError: it is no YAML, or holds a key twice or half a character.
    """
    try:
        places, value = _load(text)
        wrong = [f"{place.key} {place.why}".strip() for place in places if place.why]
    except yaml.YAMLError as error:
        wrong = [_explain(error)[1]]
    if wrong:
        raise ConfigError(f"cannot read {name}={_written(text)[:SHOWN_MAX]}: {wrong[0]}")
    return value


class _Place(NamedTuple):
    """A key with those above it, its line, and what is wrong with the key itself, or ""."""

    key: str
    line: int
    why: str


def _load(text: str) -> tuple[list[_Place], Any]:
    """Return the place of every key, and a text as plain data: None while a key is wrong.

    Raises:
        yaml.YAMLError: it is not one document of plain YAML.
    """
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        places = list(_places(node, ""))  # before PyYAML merges maps, which changes the nodes
        if node is None or any(place.why for place in places):
            return places, None
        return places, loader.construct_document(node)
    except _MALFORMED as error:  # of the scanner: a character beyond all that there are
        raise yaml.YAMLError(str(error)) from error
    finally:
        loader.dispose()


def _places(node: yaml.Node | None, above: str) -> Iterator[_Place]:
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _places(item, f"{above}{place}.")
    if isinstance(node, yaml.ScalarNode) and _is_broken(node.value):
        yield _Place(above.removesuffix("."), node.start_mark.line + 1, _BROKEN)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        name = key_node.value if isinstance(key_node, yaml.ScalarNode) else "a list or map"
        why = _BROKEN if _is_broken(name) else ""
        name = _written(name)
        if key_node.tag != _TEXT_TAG:
            # Such as `on`, which YAML takes for a truth value, and `<<`, which would merge.
            why = "is no text and cannot be a key: write it in quotes"
        elif name in seen:
            why = f"stands there twice, first in line {seen[name]}"
        seen.setdefault(name, line)
        yield _Place(above + name[:SHOWN_MAX], line, why)
        yield from _places(value_node, f"{above}{name[:SHOWN_MAX]}.")


def _is_broken(text: str) -> bool:
    """Tell whether a text holds half of a surrogate pair, as an escape can make one."""
    return _written(text) != text


def _written(text: str) -> str:
    """Return a text with what UTF-8 cannot hold as escapes, for a message or a log."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _explain(error: yaml.YAMLError) -> tuple[int, str]:
    """Return the line of an error, 0 when it has none, and one sentence."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return 0, f"it is not YAML: {' '.join(str(error).split())[: 2 * SHOWN_MAX]}"
    mark = error.problem_mark or error.context_mark
    words = error.problem if error.context is None else f"{error.problem} {error.context}"
    return (0 if mark is None else mark.line + 1), f"it is not plain YAML: {words}"
