"""Where values come from: what overrides what, and putting old values back."""

from pathlib import Path

import pytest

from Kernel.contract.errors import ConfigError, Fault
from Kernel.contract.sources import Sources


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Give kernel.yaml and world.yaml as read."""
    found = Sources()
    for name, text in (("kernel", "a: 1\nzones:\n  s: {nice: 3}\n"), ("world", "seed: 1\nb: 2\n")):
        (tmp_path / f"{name}.yaml").write_text(text)
        found.add(name, tmp_path / f"{name}.yaml")
    return found


def test_the_last_one_wins(sources, tmp_path):
    """File, scenario, environment, --set; each leaves its mark."""
    (tmp_path / "s.yaml").write_text("\nb: 3\nc: 4\n")
    sources.add("world", tmp_path / "s.yaml")
    assert sources.values["world"] == {"seed": 1, "b": 3, "c": 4}
    assert sources.origin("world.b") == f"{tmp_path / 's.yaml'}:2"
    sources.add_environment({"MOLT_C": "5", "MOLT_D": "6"})
    sources.set("world.seed=7")
    assert sources.values["world"] == {"seed": 7, "b": 3, "c": 5}
    assert [sources.origin(f"world.{key}") for key in ("seed", "c")] == [
        "--set world.seed", "MOLT_C",
    ]  # fmt: skip


def test_a_fault_is_where_its_key_or_what_holds_it_is(sources, tmp_path):
    """A key that was never said has the line of the map that lacks it."""
    kernel = tmp_path / "kernel.yaml"
    sources.set("kernel.zones.s.nice=9")
    faults = [Fault("zones.s.nice", "x"), Fault("zones.s.kind", "x"), Fault("b", "x")]
    located = sources.locate("kernel", faults)
    assert [(fault.where, fault.hint) for fault in located] == [
        ("--set kernel.zones.s.nice", "molt config"),
        (f"{kernel}:3", f"edit {kernel}"),
        (str(kernel), f"edit {kernel}"),
    ]
    assert sources.locate("none", [Fault("b", "x")])[0].where == "none.yaml"


def test_an_error_without_keys_stays_as_it_is(sources):
    """Only faults have places."""
    error = ConfigError("cannot x", "y")
    assert sources.explain("world", error) is error


def test_old_values_are_put_back(sources, tmp_path):
    """A key that may not change keeps its value and its place; one that was not there goes."""
    new = Sources()
    (tmp_path / "kernel.yaml").write_text("a: 2\nnew: 1\nzones:\n  t: {nice: 4}\n")
    (tmp_path / "world.yaml").write_text("# moved\nseed: 9\nb: 3\n")
    for name in ("kernel", "world"):
        new.add(name, tmp_path / f"{name}.yaml")
    keys = ["kernel.new", "kernel.zones.s", "kernel.zones.t", "world.seed"]
    kept = new.with_kept(sources, keys)
    assert kept.values == {
        "kernel": {"a": 2, "zones": {"s": {"nice": 3}}},
        "world": {"seed": 1, "b": 3},
    }
    world = tmp_path / "world.yaml"
    assert kept.origin("world.seed") == f"{world}:1" and kept.origin("world.b") == f"{world}:3"
    assert new.values["world"]["seed"] == 9, "the sources themselves are left alone"


def test_a_file_that_has_gone_is_kept(sources):
    """A zone goes on being told what it was told."""
    kept = Sources({"kernel": {}}).with_kept(sources, [])
    assert kept.values["world"] == {"seed": 1, "b": 2}


def test_what_looks_like_a_key_and_is_none_is_noted():
    """A misspelt key is named with the one that is meant; what others read is none of ours."""
    sources = Sources({"world": {"friction": 0.85}})
    others = {"MOLT_HOME": "/h", "MOLT_REEXECUTED": "1", "MOLT_RETURNED_AT": "3", "PATH": "/bin"}
    sources.add_environment({"MOLT_FRICTON": "0.9", "MOLT_QQ": "1", **others})
    assert list(sources.ignored) == ["MOLT_FRICTON", "MOLT_QQ"]
    assert sources.ignored["MOLT_FRICTON"].endswith("; did you mean MOLT_FRICTION?")
    assert "mean" not in sources.ignored["MOLT_QQ"]
    assert sources.values == {"world": {"friction": 0.85}}
