"""Scenarios: named overlays of `world.yaml`, for worlds that are yet to be founded.

Owns: what a scenario may be called, where its file is, which there are. Does not own: reading the
file (`yaml_files.py`), its keys (`zones/world/settings.py`).
Standard library only.
"""

import re
import shlex
from pathlib import Path

from Kernel.contract.errors import ConfigError

FOLDER = "scenarios"
NAME_MAX = 32
_NAME = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{NAME_MAX - 1}}}")
_SHOWN_MAX = 48


def scenario_path(config_dir: Path, name: str) -> Path:
    """Return the file that lays a scenario over `config_dir`/world.yaml.

    Args:
        name: lower-case letters, digits and hyphens, at most NAME_MAX; a file's name, no path.

    Raises:
        ConfigError: there is no such scenario; the message names those there are.
    """
    known = list_scenarios(config_dir)
    if name in known:
        return config_dir / FOLDER / f"{name}.yaml"
    there = f"there are {', '.join(known)}" if known else f"there are none in {config_dir / FOLDER}"
    if not _NAME.fullmatch(name):
        there = f"a name is at most {NAME_MAX} of a-z 0-9 -; {there}"
    raise ConfigError(
        f"cannot find scenario {name[:_SHOWN_MAX]!r}: {there}",
        f"ls {shlex.quote(str(config_dir / FOLDER))}",
    )


def list_scenarios(config_dir: Path) -> list[str]:
    """Return the names of the scenarios in a configuration folder, sorted; none without one.

    Files whose name is none are passed over.
    """
    files = (config_dir / FOLDER).glob("*.yaml")
    return sorted(path.stem for path in files if _NAME.fullmatch(path.stem) and path.is_file())
