"""What only running shows to be hostile is stopped in an orderly way, and betrays nothing.

Hostile sources run in children that are thrown away (`hostile_child.py`), twice: with another hash
seed, and wherever the system has put things in memory.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.structure.sources import ROOT
from tests.zones.traits.corpus import HONEST, HOSTILE_RUNNING
from zones.traits.contract import FAILED, OK, OTHER

SECOND_WALL: dict[str, str] = {}
"""Sources that only the limits of the process stop -> why. To be empty."""
HARMLESS = {
    "by_generator_finally": "the finally of a dropped generator does not run",
    "by_generator_kept": "the same, dropped a call later",
    "class_pattern_by_iterator": "the patterns do not match",
    "combinations_pool": "nothing is taken out of it",
    "product_pool": "nothing is taken out of it",
    "extend_by_iterator": "what is taken is taken before the list grows",
    "extend_self": "what is taken is taken before the list grows",
    "length_lies": "nobody believes the length",
    "nested_types": "a subscripted type is the type",
    "default_growth": "stopped after some hundred calls: see test_growth_over_calls_ends",
    "self_growth": "the same",
    "kept_in_closure": "the same",
    "kept_on_self": "the same",
    "kept_over_ticks": "the same",
}
"""Sources that end as if nothing were -> why nothing is."""


GROWING = ("default_growth", "self_growth", "kept_in_closure", "kept_on_self", "kept_over_ticks")


def attempts(paths, entities, ticks, hash_seed="0"):
    """Start judging sources."""
    command = ["nice", sys.executable, "-m", "tests.zones.traits.hostile_child"]
    return subprocess.Popen(
        [*command, str(entities), str(ticks), *map(str, paths)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process):
    """Return what is said of each source, by its name."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return {row["name"]: row for row in map(json.loads, out.splitlines())}


def is_escape(name):
    head = (HOSTILE_RUNNING / f"{name}.py").read_text().splitlines()[0]
    return "category: escapes" in head


PARTS = 6
"""A run of all tests takes one part of the sources; `--rounds 6` takes all of them."""


@pytest.mark.slow
def test_hostile_sources_are_stopped(rounds):
    """Each is refused, not loaded, or ends with a fault; its child lives; no place shows."""
    every = sorted(HOSTILE_RUNNING.glob("*.py"))
    paths = [path for at, path in enumerate(every) if at % PARTS < rounds]
    quiet = [path for path in paths if is_escape(path.stem) or path.stem in HARMLESS]
    process, other = attempts(paths, 1, 2), attempts(quiet, 1, 2, "12345")
    again, first = told(other), told(process)
    assert first.keys() == {path.stem for path in paths}
    for name, row in first.items():
        if name in SECOND_WALL:
            continue
        assert row["end"] in ("refused", "not loaded", "ran"), row
        if name in again:
            for said in ("end", "statuses", "digest", "why"):
                assert row.get(said) == again[name].get(said), name
        if row["end"] == "ran" and not is_escape(name):
            assert (min(row["statuses"]) < FAILED) == (name in HARMLESS), row


@pytest.mark.slow
def test_growth_over_calls_ends():
    """A trait that keeps more and more fails for good before it has filled the memory."""
    rows = told(attempts([HOSTILE_RUNNING / f"{name}.py" for name in GROWING], 60, 14))
    for row in rows.values():
        assert row["statuses"][0] == OK
        assert set(row["statuses"][-60:]) == {OTHER}, row["name"]


@pytest.mark.slow
def test_honest_sources_do_the_same_in_every_process(rounds):
    """No address and no order by hash shows in what honest traits do."""
    paths = [path for at, path in enumerate(sorted(HONEST.glob("*.py"))) if at % PARTS < rounds]
    first, second = (attempts(paths, 12, 3, seed) for seed in ("0", "12345"))
    first, second = told(first), told(second)
    assert all(row["end"] == "ran" and max(row["statuses"]) < FAILED for row in first.values())
    assert {name: row["digest"] for name, row in first.items()} == {
        name: row["digest"] for name, row in second.items()
    }
