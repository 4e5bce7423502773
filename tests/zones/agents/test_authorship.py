"""Who thinks, as the settings have it: what cannot be read is told, and stops nobody."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fake_author import FakeAuthor
from zones.agents.authorship import Authorship
from zones.agents.settings import AgentsSettings


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (os.mkfifo, "no plain file"),
        (Path.mkdir, "no plain file"),
        (lambda path: path.symlink_to("/dev/zero"), "no plain file"),
        (lambda path: path.write_bytes(b"\xff"), "recorded.jsonl:1"),
        (lambda path: None, "No such file"),
    ],
    ids=["pipe", "folder", "device", "nonsense", "nothing"],
)
def test_a_recording_that_is_none(tmp_path: Path, make: Callable[[Path], object], why: str) -> None:
    """Nobody thinks, with the reason; looking ends, whatever lies there."""
    make(tmp_path / "recorded.jsonl")
    settings = AgentsSettings(author="recorded", recorded_file="recorded.jsonl")
    chosen = Authorship(settings, tmp_path, FakeAuthor, lambda: 0.0).choose()
    assert chosen.author is None and why in chosen.why
    assert chosen.degraded is not None and chosen.degraded.why == chosen.why
