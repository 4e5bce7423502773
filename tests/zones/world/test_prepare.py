"""Preparing a trait as the kernel has it done: in a process of its own, of bytes of a stranger."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.errors import MoltError
from Kernel.contract.trait_sets import decode_set
from tests.structure.sources import ROOT
from zones.runtime.trait_store import PLACE, TraitStore
from zones.traits.verdict import Verdict
from zones.world import prepare as preparing
from zones.world.prepare import limited

pytestmark = pytest.mark.slow
SOURCE = b"class Drifter(Trait):\n    async def execute(self, entity):\n        entity.move(1, 0)\n"
OTHER = "5" * 64


def prepare(home: Path, source: bytes, *words: str) -> dict[str, Any]:
    """Return what the process prints."""
    done = subprocess.run(
        [sys.executable, "-m", "zones.world.prepare", "--home", str(home), "--zone", "w", *words],
        cwd=ROOT, input=source, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict


def test_an_honest_trait_is_kept_shown_and_loaded_next(tmp_path):
    """Store, file for people, set of the zone: all are there; a second time nothing is made."""
    told = prepare(tmp_path, SOURCE, "--with", OTHER)
    code_hash = hashlib.sha256(SOURCE).hexdigest()
    assert (told["accepted"], told["tier"], told["version"]) == (True, "native", 1)
    assert (tmp_path / told["file_path"]).read_bytes() == SOURCE
    stored = TraitStore(tmp_path).load(code_hash)
    assert stored.source == SOURCE and stored.has_native and stored.verdict["name"] == "Drifter"
    assert decode_set((tmp_path / PLACE / "w.json").read_bytes()) == [OTHER, code_hash]
    began_s = time.monotonic()
    assert prepare(tmp_path, SOURCE, "--with", OTHER) == told
    assert time.monotonic() - began_s < 5.0, "neither numba nor a trial"


@pytest.mark.parametrize(
    ("source", "rule", "line"),
    [
        (SOURCE.replace(b"entity.move(1, 0)", b"open('x')"), "name", 3),
        (b"\xff\xfe", "encoding", 1),
        (b"x" * 40_000, "size", 0),
        (SOURCE.replace(b"Drifter", b"D" * 40), "name", 0),
    ],
)
def test_what_breaks_a_rule_leaves_nothing(tmp_path, source, rule, line):
    """Rule and line are told; nothing is kept of it."""
    told = prepare(tmp_path, source)
    assert (told["accepted"], told["rule"], told["line"]) == (False, rule, line) and told["reason"]
    assert not (tmp_path / "data").exists() and not (tmp_path / "mutations").exists()


def test_names_must_fit_the_world():
    """What the registry has no room for is refused before anything is compiled."""
    good = Verdict(True, name="Drifter", moods=("hungry",))
    assert limited(good) is good
    assert limited(Verdict(True, name="D" * 33)).rule == "name"
    assert limited(Verdict(True, name="D", moods=("x" * 17,))).rule == "state"


def test_why_there_is_no_verdict_is_printed(tmp_path):
    """A disk that refuses: the kernel, which sees stdout alone, can say so."""
    (tmp_path / "data").write_text("in the way")
    done = subprocess.run(
        [sys.executable, "-m", "zones.world.prepare", "--home", str(tmp_path), "--zone", "w"],
        cwd=ROOT, input=SOURCE, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed"].endswith("data/traits: Not a directory")


def test_a_busy_machine_is_no_fault_of_a_source(tmp_path, monkeypatch):
    """A trial that does not come to its end refuses nothing: there is no verdict."""
    monkeypatch.setattr(preparing, "TRIAL_S", 0.01)
    with pytest.raises(MoltError, match="the machine is busy"):
        preparing.prepare(tmp_path, "w", SOURCE, [])
    assert not (tmp_path / "mutations").exists()
