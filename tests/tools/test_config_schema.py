"""The schemas that editors use: made from the tables, and of the same mind as the readers."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from Kernel.config import load_config
from Kernel.config_keys import CELL_KEYS, KERNEL_KEYS, MAP_KEYS, TRIAL, ZONE_KEYS
from Kernel.contract.errors import ConfigError
from Kernel.contract.settings import Sort
from tests.structure.sources import ROOT, project_files
from tools.config_schema import comments, main, render, schemas
from zones.agents import settings as agents
from zones.chronos import settings as chronos
from zones.ledger import settings as archive
from zones.world import settings as world

CONFIG = ROOT / "config"
SCHEMAS = schemas()
FILES = [name for name in project_files() if name.startswith("config/") and name.endswith(".yaml")]


def schema_of(name: str) -> tuple[str, Path]:
    """Return the first line of a file and the schema it names."""
    first = (ROOT / name).read_text(encoding="utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix), f"{name} names no schema in its first line"
    return first, (ROOT / name).parent / first.removeprefix(prefix)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_files_are_those_the_tables_make(name: str) -> None:
    """Who changes a key or its comment runs `python -m tools.config_schema`."""
    path = CONFIG / "schema" / f"{name}.schema.json"
    assert path.read_text(encoding="utf-8") == render(SCHEMAS[name]), (
        "python -m tools.config_schema"
    )
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_check_tells_of_drift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--check writes nothing, names what is stale and how to make it anew."""
    monkeypatch.setattr("tools.config_schema.CONFIG", tmp_path)
    assert main(["--check"]) == 1 and not list(tmp_path.iterdir())
    assert "world.schema.json" in (said := capsys.readouterr().err)
    assert said.endswith("hint: python -m tools.config_schema\n")
    assert main([]) == 0 and main(["--check"]) == 0


@pytest.mark.parametrize("name", FILES)
def test_each_file_names_its_schema_and_fits_it(name: str) -> None:
    """An editor finds the schema from the first line, and has nothing to say of our own files."""
    _, path = schema_of(name)
    schema = json.loads(path.read_text(encoding="utf-8"))
    values = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(values)) == []


SERVICES = {"world": world, "chronos": chronos, "archive": archive, "agents": agents}


@pytest.mark.parametrize(
    ("file", "key"),
    [(file, key) for file, service in SERVICES.items() for key in service.KEYS],
    ids=lambda value: getattr(value, "name", value),
)
def test_schema_and_reader_agree_about_each_number(file, key) -> None:
    """A value at its limits is taken by both, one beyond them or of another type by neither."""
    parse = SERVICES[file]
    validator = Draft202012Validator(SCHEMAS[file])
    for value in (key.low, key.high, key.low - 1, key.high * 2 + 1, "x", None, True, [], 1.5):
        values = {key.name: value}
        if key.name == "entities":
            values["max_entities"] = world.ENTITIES_LIMIT  # which no schema can compare it with
        try:
            parse.parse_settings(values)
            taken = True
        except ConfigError:
            taken = False
        assert validator.is_valid(values) == taken, value


@pytest.mark.parametrize(
    "key", KERNEL_KEYS + ZONE_KEYS + CELL_KEYS[TRIAL], ids=lambda key: key.name
)
def test_schema_and_kernel_agree_about_each_key(key, tmp_path: Path) -> None:
    """The same for kernel.yaml, whose values are of all sorts."""
    samples = [
        None,
        True,
        0,
        -1,
        1e9,
        1.5,
        3,
        "bus",
        "active",
        "x",
        [],
        ["a"],
        [1],
        {},
        *key.choices,
    ]
    samples += [key.low, key.high] if key.sort in (Sort.NUMBER, Sort.WHOLE) else []
    for value in samples:
        zone = {"service": "x", "kind": "bus" if key.name == "broker" else "arena"}
        values = {"zones": {"a": zone}, "trial": {}}
        place = "trial" if key in CELL_KEYS[TRIAL] else ""
        (values[place] if place else values if key in KERNEL_KEYS else zone)[key.name] = value
        for name in ("kernel", "bus", "active", "x"):  # files that `settings` may name
            (tmp_path / f"{name}.yaml").write_text("{}")
        (tmp_path / "kernel.yaml").write_text(yaml.safe_dump(values))
        try:
            load_config(tmp_path, (), {})
            taken = True
        except ConfigError as error:
            taken = "arena zones are" in error.message  # which no schema can compare
        assert Draft202012Validator(SCHEMAS["kernel"]).is_valid(values) == taken, value


def test_every_key_is_explained() -> None:
    """A key of a table without a comment in its file would have no words in an editor."""
    for schema in SCHEMAS.values():
        properties = dict(schema["properties"])
        zones = properties.get("zones", {}).get("additionalProperties", {})
        maps = [zones, *(properties.get(role, {}) for role in MAP_KEYS)]
        inner = [pair for each in maps for pair in each.get("properties", {}).items()]
        told = [*properties.items(), *inner]
        for name, value in told:
            assert len(value["description"].split(". ")[0]) > 5, name


def test_comments_are_found_beside_and_above() -> None:
    """The first comment of a key counts; a heading apart from it does not."""
    text = "# a file\n\n# One\n# two.\na: 1\nb: 2  # beside\n\nc:\n  a: 3 # later\nd: 4\n"
    assert comments(text) == {"a": "One two.", "b": "beside", "c": "", "d": ""}
