"""Write config/schema/*.schema.json: what editors know of the files under config/.

Owns: the form (JSON Schema, draft 2020-12) of tables of keys, with the comment of each key as its
description. Does not own: the tables (`Kernel/config_keys.py`, `settings.py` of each service), the
comments (config/*.yaml). Run `python -m tools.config_schema` after a change of either; a test
compares.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from Kernel.config_keys import KERNEL_KEYS, MAP_KEYS, ZONE_KEYS, ZONES
from Kernel.contract.envelope import KERNEL
from Kernel.contract.settings import Effect, Key, Sort
from Kernel.contract.user_bus import SCRIBE
from zones.agents import settings as agents
from zones.chronos import settings as chronos
from zones.ledger import settings as archive
from zones.world import settings as world

CONFIG: Final = Path(__file__).resolve().parents[1] / "config"
SCHEMA: Final = "https://json-schema.org/draft/2020-12/schema"
_KEY: Final = re.compile(r"\s*([\w.-]+):")
_COUNTS: Final = {
    Effect.NOW: "A new value counts at once (molt reload).",
    Effect.TICK: "A new value is sent to the running world (molt reload).",
    Effect.PROCESS: "A new value counts for the next process (molt reload).",
    Effect.GENERATION: "A new value counts for the next generation (molt reload).",
    Effect.BOOT: "It counts at boot only.",
    Effect.FOUNDING: "It counts only when a world is founded.",
}


def schemas(config: Path = CONFIG) -> dict[str, dict[str, Any]]:
    """Return each schema by the name of its file without endings."""
    texts = {name: (config / f"{name}.yaml").read_text("utf-8") for name in _TABLES}
    made = {name: _schema(name, _TABLES[name], comments(texts[name])) for name in _TABLES}
    about = comments(texts["kernel"])
    zone = _object(ZONE_KEYS, comments(below(ZONES, texts["kernel"])))
    for role, keys in MAP_KEYS.items():
        cell = _object(keys, comments(below(role, texts["kernel"])))
        made["kernel"]["properties"][role] = {**cell, "description": about[role]}
    made["kernel"]["properties"][ZONES] = {
        "type": "object",
        "description": about[ZONES],
        "minProperties": 1,
        "propertyNames": {
            "pattern": "^[a-z_][a-z0-9_]{0,23}$",
            "not": {"enum": [KERNEL, SCRIBE]},
        },
        "additionalProperties": zone,
    }
    made["kernel"]["required"] = [ZONES]
    return made


def comments(text: str) -> dict[str, str]:
    """Return the comment of each key of a file: beside it, else the lines right above.

    Of a key that stands in several places the first comment counts.
    """
    found: dict[str, str] = {}
    above: list[str] = []
    for line in text.splitlines():
        key = _KEY.match(line)
        if line.lstrip().startswith("#"):
            above.append(line.strip(" #"))
            continue
        if key:
            beside = line.partition(" #")[2].strip()
            found.setdefault(key[1], beside or " ".join(above))
        above = []
    return found


def below(name: str, text: str) -> str:
    """Return the lines of the map that a key at the left edge holds."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{name}:")) + 1
    ends = (n for n in range(first, len(lines)) if lines[n] and not lines[n].startswith((" ", "#")))
    return "\n".join(lines[first : next(ends, len(lines))])


def render(schema: Mapping[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the files, or with --check compare them; return the exit code."""
    stale = []
    for name, schema in schemas().items():
        path = CONFIG / "schema" / f"{name}.schema.json"
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_text(render(schema), encoding="utf-8")
        elif not path.is_file() or path.read_text("utf-8") != render(schema):
            stale.append(str(path))
    for path_name in stale:
        print(f"cannot use {path_name}: it is older than the tables", file=sys.stderr)
    if stale:
        print("hint: python -m tools.config_schema", file=sys.stderr)
    return 1 if stale else 0


_TABLES: Final = {
    "kernel": KERNEL_KEYS,
    "world": world.KEYS,
    "agents": agents.KEYS,
    "chronos": chronos.KEYS,
    "archive": archive.KEYS,
}


def _schema(name: str, keys: Sequence[Key], about: Mapping[str, str]) -> dict[str, Any]:
    return {"$schema": SCHEMA, "title": f"molt {name}.yaml", **_object(keys, about)}


def _object(keys: Sequence[Key], about: Mapping[str, str]) -> dict[str, Any]:
    required = [key.name for key in keys if key.required]
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {key.name: _value(key, about.get(key.name, "")) for key in keys},
    }


def _value(key: Key, about: str) -> dict[str, Any]:
    words = {"description": f"{about.rstrip('.')}. {_COUNTS[key.effect]}"}
    default = {} if key.default is None else {"default": key.default}
    match key.sort:
        case Sort.NUMBER | Sort.WHOLE:
            sort = "integer" if key.sort is Sort.WHOLE else "number"
            return {"type": sort, "minimum": key.low, "maximum": key.high, **default, **words}
        case Sort.FLAG:
            return {"type": "boolean", **default, **words}
        case Sort.CHOICE:
            return {"enum": list(key.choices), **default, **words}
        case Sort.NAMES:
            names = {"enum": list(key.choices)} if key.choices else {"type": "string"}
            return {"type": "array", "items": names, **default, **words}
        case Sort.TEXT:
            return {"type": "string", **default, **words}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
