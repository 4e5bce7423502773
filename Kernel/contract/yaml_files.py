"""Settings in YAML, read strictly: the kernel and `molt world run` take the same files alike.

Owns: reading a file or one value, what is refused, laying a scenario and MOLT_<KEY> over the keys
of a world. Does not own: which keys there are (`Kernel/config.py`, `zones/world/settings.py`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from Kernel.contract.errors import ConfigError
from Kernel.contract.scenarios import scenario_path

FILE_BYTES_MAX: Final = 1 << 20
SHOWN_MAX: Final = 80
ENVIRONMENT_PREFIX: Final = "MOLT_"
# What PyYAML raises for values it cannot make: a 13th month, `!!bool maybe`, lists in lists in ...
_MALFORMED = (
    yaml.YAMLError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)


class _StrictLoader(yaml.SafeLoader):
    """PyYAML takes the last of two equal keys in silence; this one refuses the second.

    It refuses keys that are not text too, such as `on`, which YAML takes for a truth value.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise ConfigError(f"cannot read line {line}: key {show(key)} is not text")
            if key in seen:
                raise ConfigError(f"cannot read line {line}: key {show(key)} stands there twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_map(path: Path) -> dict[str, Any]:
    """Return the keys and values of a file; {} for one of comments only.

    Raises:
        ConfigError: it cannot be read, is larger than FILE_BYTES_MAX, is not YAML in UTF-8, holds
            no keys, or one twice.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", f"edit {path}") from error
    if len(content) > FILE_BYTES_MAX:
        raise ConfigError(f"cannot read {path}: it is longer than {FILE_BYTES_MAX} bytes")
    try:
        data = yaml.load(content.decode("utf-8"), _StrictLoader)
    except ConfigError as error:
        raise ConfigError(f"{error.message} (in {path})", f"edit {path}") from None
    except _MALFORMED as error:
        raise ConfigError(f"cannot read {path}: {_why(error)}", f"edit {path}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"cannot read {path}: it must hold keys and values", f"edit {path}")
    return data


def read_value(name: str, text: str) -> Any:
    """Return one value as YAML reads it.

    Args:
        name: what is set so, for the error.

    Raises:
        ConfigError: it is no YAML.
    """
    try:
        return yaml.load(text, _StrictLoader)
    except (ConfigError, *_MALFORMED) as error:
        raise ConfigError(f"cannot read {name}={text[:SHOWN_MAX]}: {_why(error)}") from error


def lay_over(
    world: dict[str, Any], folder: Path, scenario: str | None, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the keys of a world with a scenario and then the environment laid over them.

    Args:
        world: keys of world.yaml; not changed.
        folder: where the folder `scenarios` is.
        scenario: its name, None: none.
        environment: MOLT_<KEY> overrides a key that file or scenario name.

    Raises:
        ConfigError: there is no such scenario, or a value cannot be read.
    """
    keys = dict(world)
    if scenario is not None:
        keys |= read_map(scenario_path(folder, scenario))
    for key in keys:
        name = ENVIRONMENT_PREFIX + key.upper()
        if name in environment:
            keys[key] = read_value(name, environment[name])
    return keys


def show(value: object) -> str:
    """Return a value for a message, of at most SHOWN_MAX characters."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no whole number of 4300 digits
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 3] + "..."


def _why(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {error.start})"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, ConfigError | yaml.YAMLError):
        return str(error)
    return f"it is not YAML: {error}"
