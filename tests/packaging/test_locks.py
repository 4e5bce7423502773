"""The lock of the sentence model: what pyproject.toml asks for by hash, and nothing else."""

import re
import tomllib

from tests.structure.sources import ROOT
from zones.runtime.lessons.sentence_model import PACKAGE

LOCK = (ROOT / "requirements-memory.lock").read_text(encoding="utf-8")


def test_lock_holds_what_is_asked_for() -> None:
    """Its packages are those of the group `memory`; what they ask for in turn is left out."""
    group = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["memory"]
    asked = {re.split(r"[=<>!~ ]", each)[0] for each in group}
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", LOCK, re.MULTILINE))
    assert set(locked) == asked and PACKAGE in asked
    assert f"{PACKAGE}=={locked[PACKAGE]}" in group, "its version names the vectors"


def test_every_package_is_pinned_by_hash() -> None:
    """Each has hashes, and no line is anything but a package or a hash."""
    for line in LOCK.splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line
    for block in re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block
