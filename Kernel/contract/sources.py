"""Where each value of the configuration comes from: files, what is laid over them, by whom.

Owns: the values of all files before they are checked, their origins, the order of what overrides
what (file, then for the world a scenario and MOLT_<KEY>, for agents OLLAMA_HOST, then --set). Does
not own: which keys there are (`settings.py`), reading YAML (`yaml_files.py`).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from Kernel.contract.errors import ConfigError, Fault
from Kernel.contract.settings import SHOWN_MAX
from Kernel.contract.yaml_files import read_file, read_value

ENVIRONMENT_PREFIX: Final = "MOLT_"
NO_KEYS: Final = frozenset(("MOLT_HOME", "MOLT_REEXECUTED", "MOLT_RETURNED_AT"))
"""Variables with that prefix that are read elsewhere: by the command line, manifest.py, a boot."""
WORLD: Final = "world"
OLLAMA_HOST: Final = "OLLAMA_HOST"
_OTHERS: Final = {OLLAMA_HOST: ("agents", "ollama_host")}
"""Variables of other programs that we honour, with the file and key each stands for."""
DEFAULT: Final = "default"


@dataclass(slots=True)
class Sources:
    """Values by file and key, and where each key was said.

    Args:
        values: by the name of the file without its ending.
        origins: by dotted key, the file's name first ("world.friction"): FILE:LINE, --set KEY or
            the variable; the file alone stands for what has no key.
        ignored: variables of the environment that look like a key and name none, each with why.
    """

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, path: Path) -> None:
        """Lay the keys of a file over those that `name` has.

        Raises:
            ConfigError: it cannot be read.
        """
        document = read_file(path)
        self.origins.setdefault(name, str(path))
        for key, value in document.values.items():
            self._put(name, [key], value, f"{path}:{document.lines[key]}")
        for key, line in document.lines.items():
            self.origins[f"{name}.{key}"] = f"{path}:{line}"

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Lay MOLT_<KEY> over each key of the world that file or scenario name, and OLLAMA_HOST.

        What names no key is no fault, since the environment is not ours alone; it is noted in
        `ignored`, since it may be a key misspelt.

        Raises:
            ConfigError: a value is no YAML.
        """
        known = {ENVIRONMENT_PREFIX + key.upper(): key for key in self.values.get(WORLD, {})}
        for name, key in known.items():
            if name in environment:
                self._put(WORLD, [key], read_value(name, environment[name]), name)
        for name, (file, key) in _OTHERS.items():
            if environment.get(name) and file in self.values:
                self._put(file, [key], environment[name], name)
        for name in sorted(set(environment) - known.keys() - NO_KEYS):
            if name.startswith(ENVIRONMENT_PREFIX):
                close = get_close_matches(name, known, n=1)
                mean = f"; did you mean {close[0]}?" if close else ""
                self.ignored[name[:SHOWN_MAX]] = f"names no key of the world's files{mean}"

    def set(self, override: str) -> None:
        """Lay one "FILE.KEY=VALUE" over all, the value in YAML; dots go deeper.

        Raises:
            ConfigError: it is not of that form, or names a file that is not there.
        """
        path, equals, text = override.partition("=")
        file, *keys = path.strip().split(".")
        if not equals or not keys or file not in self.values:
            known = ", ".join(sorted(self.values))
            raise ConfigError(
                f"cannot use --set {override[:SHOWN_MAX]}: "
                f"it takes FILE.KEY=VALUE with FILE one of {known}",
                "--set world.seed=7",
            )
        self._put(file, keys, read_value("--set " + path, text), f"--set {path.strip()}")

    def _put(self, file: str, keys: list[str], value: Any, where: str) -> None:
        place = self.values.setdefault(file, {})
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ConfigError(f"cannot use {where}: {key} holds no keys", "molt config")
        if keys[-1] in place:
            self._forget(".".join([file, *keys]))
        place[keys[-1]] = value
        self.origins[".".join([file, *keys])] = where

    def _forget(self, key: str) -> None:
        for known in [each for each in self.origins if each.startswith(f"{key}.") or each == key]:
            del self.origins[known]

    def origin(self, key: str) -> str:
        """Return where a key was said: it, or what holds it; the file when nothing does."""
        while key not in self.origins and "." in key:
            key = key.rpartition(".")[0]
        return self.origins.get(key, f"{key}.yaml")

    def explain(self, file: str, error: ConfigError) -> ConfigError:
        """Return an error about keys of a file with the place of each; any other as it is."""
        if not error.faults:
            return error
        return ConfigError.of(f"{file}.yaml", self.locate(file, list(error.faults)))

    def locate(self, file: str, faults: list[Fault]) -> list[Fault]:
        """Return faults of the keys of a file with where they are and what helps.

        A key that is missing is where the key above it is.
        """
        return [self._locate(file, fault) for fault in faults]

    def _locate(self, file: str, fault: Fault) -> Fault:
        where = fault.where or self.origin(f"{file}.{fault.key}")
        hint = fault.hint or f"edit {where.rpartition(':')[0] or where}"
        if where.startswith(ENVIRONMENT_PREFIX) or where in _OTHERS:
            hint = fault.hint or f"unset {where}"
        elif where.startswith("--set "):
            hint = fault.hint or "molt config"
        return replace(fault, where=where, hint=hint)

    def with_kept(self, before: "Sources", keys: list[str]) -> "Sources":
        """Return these sources with the values that some keys had before, or without them.

        A file that has gone is kept: a zone that may not change may still be told it.

        Args:
            keys: dotted; in kernel.yaml they go deeper, in other files a key is one word.
        """
        kept = Sources(deepcopy({**before.values, **self.values}), dict(self.origins))
        for dotted in keys:
            file, _, rest = dotted.partition(".")
            parts = rest.split(".") if file == "kernel" else [rest]
            old: Any = before.values.get(file, {})
            new = kept.values.setdefault(file, {})
            for part in parts[:-1]:
                old = old.get(part, {})
                new = new.setdefault(part, {})
            kept._forget(dotted)
            if parts[-1] in old:
                new[parts[-1]] = old[parts[-1]]
                kept.origins |= {
                    key: where
                    for key, where in before.origins.items()
                    if key == dotted or key.startswith(f"{dotted}.")
                }
            else:
                new.pop(parts[-1], None)
        return kept
