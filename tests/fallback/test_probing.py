"""Probes and the fingerprint: whatever lies in the folders, and however a probe talks."""

import os
import time
from pathlib import Path

from fallback.probing import Outcome, Prober, fingerprint
from tests.support.wait import wait_until


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 counts as any other."""
    (tmp_path / "config").mkdir()
    before = fingerprint(tmp_path, tmp_path)
    Path(os.fsdecode(os.fsencode(tmp_path / "config") + b"/\xff.yaml")).touch()
    assert fingerprint(tmp_path, tmp_path) != before


def probe(folder: Path, script: str) -> Prober:
    """Start a probe of a checkout whose manifest.py is this script."""
    (folder / "manifest.py").write_text(script)
    prober = Prober(folder, folder, [])
    assert prober.start(time.monotonic()) == ""
    return prober


def outcome(prober: Prober) -> Outcome:
    """Wait for its end."""
    return wait_until("the outcome", lambda: prober.look(time.monotonic()))


def test_last_words_are_read_to_the_end(tmp_path: Path) -> None:
    """However much a probe says, its last line is what is told."""
    script = (
        "import sys\nfor n in range(30000):\n    print(n, file=sys.stderr)\nsys.exit('the end')\n"
    )
    assert outcome(probe(tmp_path, script)).why == "the end"


def test_a_probe_that_closes_its_stderr(tmp_path: Path) -> None:
    """It no longer wakes the loop, and its end is still seen."""
    prober = probe(tmp_path, "import os, signal\nos.close(2)\nsignal.pause()\n")

    def is_closed() -> bool:
        assert prober.look(time.monotonic()) is None
        return prober.fd() is None

    wait_until("the closed stream", is_closed)
    prober.end()
    assert not prober.is_running
