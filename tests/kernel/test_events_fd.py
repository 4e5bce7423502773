"""A real kernel with a real ledger: its events on a descriptor, across the death of both."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from Kernel.console.client import ask
from tests.structure.sources import ROOT
from tests.support.toy_home import ZONES, ToyKernel, remove_arenas, write_config
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow

ARCHIVE = """  archive:
    service: zones.ledger
    kind: bus
    settings: archive
    reads: [stable]
    broker: true
    deadline_ms: 5000
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Give a home whose world is the toy, with the archive beside it."""
    home = tmp_path / "h"
    write_config(home, kernel=ZONES + ARCHIVE)
    shutil.copy(ROOT / "config" / "archive.yaml", home / "config")
    yield home
    remove_arenas(home)


def events(kernel: ToyKernel) -> list[dict[str, Any]]:
    """Return what it has written so far, whole lines."""
    whole = kernel.read().rpartition(b"\n")[0].splitlines()
    return [json.loads(line) for line in whole]


def wait_for(kernel: ToyKernel, kind: str) -> dict[str, Any]:
    """Return the newest event of a kind once there is one."""

    def newest() -> dict[str, Any] | None:
        assert kernel.process.poll() is None, kernel.errors.read_text()
        return next((each for each in reversed(events(kernel)) if each["kind"] == kind), None)

    return wait_until(kind, newest)


def test_every_event_is_told_across_the_death_of_archive_and_kernel(home: Path) -> None:
    """In order, without a gap, and a drill is explained; the next kernel goes on behind it."""
    with ToyKernel(home, "--events-fd", "1") as kernel:
        wait_for(kernel, "kernel.ready")
        ask(home, "drill", {"kind": "kill", "zone": "archive"}, 30.0)
        ended = wait_for(kernel, "drill.ended")
        told = {each["id"]: each for each in events(kernel)}
        chain = [ended]
        while chain[-1]["cause"]:
            chain.append(told[chain[-1]["cause"]])
        assert [each["kind"] for each in chain] == [
            "drill.ended", "zone.served", "zone.died", "drill.begun", "command.taken",
        ]  # fmt: skip
        kernel.signal(signal.SIGKILL)
        kernel.end()
        first = [each["position"] for each in events(kernel)]
    with ToyKernel(home, "--events-fd", "1") as kernel:
        wait_for(kernel, "kernel.ready")
        again = [each["position"] for each in events(kernel)]
        assert kernel.stop() == 0
    assert first == list(range(first[0], first[-1] + 1))
    assert again == list(range(again[0], again[-1] + 1)) and again[0] > first[-1]


def test_a_reader_that_leaves_costs_one_warning(home: Path) -> None:
    """The kernel goes on without it."""
    with ToyKernel(home, "--events-fd", "1") as kernel:
        wait_for(kernel, "kernel.ready")
        assert kernel.process.stdout is not None
        kernel.process.stdout.close()
        ask(home, "drill", {"kind": "kill", "zone": "archive"}, 30.0)
        wait_until("the warning", lambda: kernel.told("kernel.feed_ended"))
        ask(home, "status", {}, 10.0)
        assert kernel.stop() == 0 and len(kernel.told("kernel.feed_ended")) == 1


@pytest.mark.parametrize(("given", "code"), [("77", 78), ("-1", 78), ("two", 2)])
def test_a_descriptor_that_cannot_be_written_is_refused(home: Path, given: str, code: int) -> None:
    """Before anything is made, with words."""
    with ToyKernel(home, f"--events-fd={given}") as kernel:
        assert kernel.end() == code
    assert "events" in kernel.errors.read_text() and not (home / "run").exists()


def test_without_a_ledger_there_is_nothing_to_write(home: Path) -> None:
    """A configuration without a broker is told as the reason."""
    write_config(home)
    with ToyKernel(home, "--events-fd", "1") as kernel:
        assert kernel.end() == 78
    assert "no zone of kernel.yaml is the broker" in kernel.errors.read_text()
