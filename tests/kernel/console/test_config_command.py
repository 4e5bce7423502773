"""`molt config`: what holds and where it was said; every fault at once."""

import json
from pathlib import Path

import pytest

from Kernel.console.config_command import main
from tests.kernel.console.fake_kernel import FakeKernel

pytestmark = pytest.mark.slow
KERNEL = """
zones:
  stable: {service: zones.world, kind: arena, settings: world}
  chronos: {service: zones.chronos, kind: bus, settings: chronos}
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home with its own configuration."""
    (tmp_path / "config").mkdir()
    write(tmp_path)
    monkeypatch.delenv("MOLT_FRICTION", raising=False)
    return tmp_path


def write(home: Path, world: str = "seed: 5\n", chronos: str = "snapshots_kept: 4\n") -> None:
    """Write the files."""
    for name, text in (("kernel", KERNEL), ("world", world), ("chronos", chronos)):
        (home / "config" / f"{name}.yaml").write_text(text)


def test_each_key_says_where_it_comes_from(home, capsys, monkeypatch):
    """File and line, --set, environment, default; keys of services included."""
    monkeypatch.setenv("MOLT_SEED", "6")
    words = ["--home", str(home), "--json", "--set", "world.gravity=2"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["world.seed"] == {"value": 6, "origin": "MOLT_SEED"}
    assert found["world.gravity"] == {"value": 2, "origin": "--set world.gravity"}
    assert found["world.friction"] == {"value": 0.85, "origin": "default"}
    kept = {"value": 4, "origin": f"{home}/config/chronos.yaml:1"}
    assert found["chronos.snapshots_kept"] == kept
    assert found["kernel.zones.stable.heir"] == {"value": True, "origin": "default"}


def test_people_get_a_line_a_key(home, capsys):
    """Key, value and origin in columns."""
    assert main(["--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["world.friction", "0.85", "default"] for line in lines)
    assert any(line.split()[::2] == ["world.seed", f"{home}/config/world.yaml:1"] for line in lines)


def test_a_misspelt_variable_is_a_warning(home, capsys, monkeypatch):
    """Nothing reads it, so nothing is wrong: exit 0, but it is said."""
    monkeypatch.setenv("MOLT_SEDE", "9")
    assert main(["check", "--home", str(home)]) == 0
    assert "▲ MOLT_SEDE names no key of the world's files; did you mean MOLT_SEED?" in (
        capsys.readouterr().out
    )
    assert main(["check", "--home", str(home), "--json"]) == 0
    (warning,) = json.loads(capsys.readouterr().out)["warnings"]
    assert warning["key"] == "MOLT_SEDE"


def test_what_the_running_world_has_is_marked(home, capsys):
    """Keys whose value differs in the world, for people and programs; the rest is as without."""
    write(home, "friction: 0.7\n")
    with FakeKernel(home):
        assert main(["--home", str(home)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert main(["--home", str(home), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
    (marked,) = [line for line in lines if "the world has" in line]
    assert "world.friction" in marked and marked.endswith("▲ the world has 0.85")
    assert lines[-1] == "hint: molt reload"
    assert found["world.friction"]["world"] == 0.85 and "world" not in found["world.gravity"]
    assert main(["--home", str(home)]) == 0
    assert "the world has" not in capsys.readouterr().out, "nobody is there to ask"


def test_check_of_sound_files(home, capsys):
    """Exit 0, and how much was looked at."""
    assert main(["check", "--home", str(home)]) == 0
    assert "sound" in capsys.readouterr().out
    assert main(["check", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sound"] is True


def test_check_tells_every_fault_of_every_file(home, capsys):
    """Exit 78; each fault has file and line, also what only a service can know."""
    write(home, "entities: 900\n\n", "\nsnapshots_kept: 0\nmore: 1\n")
    assert main(["check", "--home", str(home), "--json"]) == 78
    said = capsys.readouterr()
    config = home / "config"
    error = json.loads(said.out)["error"]
    assert [(each["key"], each["where"]) for each in error["faults"]] == [
        ("entities", f"{config}/world.yaml:1"),
        ("snapshots_kept", f"{config}/chronos.yaml:2"),
        ("more", f"{config}/chronos.yaml:3"),
    ]
    assert said.err.splitlines()[0] == (
        f"cannot use {config}/world.yaml:1: entities is 900, "
        "it takes no more than max_entities, which is 500"
    )
    assert said.err.splitlines()[-1] == f"hint: edit {config}/world.yaml"


def test_what_is_wrong_is_shown_all_the_same(home, capsys):
    """A listing comes before the faults, since that is when it is needed; the exit code tells."""
    write(home, "entities: 900\n")
    assert main(["--home", str(home)]) == 78
    said = capsys.readouterr()
    assert "world.entities" in said.out and said.err.startswith(f"cannot use {home}/config/world")


def test_a_service_that_cannot_be_loaded(home, capsys):
    """Its defaults are not known; what is said in the files is shown, and why there is no more."""
    write(home, "seed: 5\n")
    words = ["--home", str(home), "--set", "kernel.zones.stable.service=zones.nosuch"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert "world.seed" in said.out and "world.friction" not in said.out
    assert "chronos.snapshots_kept" in said.out
    assert said.err.startswith("cannot load zones.nosuch: ModuleNotFoundError")


@pytest.mark.parametrize("words", [["chekc"], ["--wings"], ["--set"]])
def test_wrong_words(words, capsys):
    """Exit 2 in our words."""
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("cannot read the command line: ")
