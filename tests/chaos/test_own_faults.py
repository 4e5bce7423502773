"""Faults for a kernel of our own do what they say, and find what they are there for."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from Kernel.contract.places import LEDGER
from tests.chaos import ledger_faults
from tests.chaos.clock_faults import HOUR_NS, Clock
from tests.chaos.damage_faults import with_line
from tests.chaos.ledger_faults import (
    change_byte,
    delete_event,
    spoil_page,
    spoil_segment,
)
from tests.zones.ledger.damage import open_log, records
from tools.chaos.fault import Injury
from zones.ledger.verify import Verdict

COUNT = 2500
SETTINGS = {"log_bytes_max": 200_000, "segment_bytes": 60_000}
FAULTS = (change_byte, delete_event, spoil_page, spoil_segment)
Begin = Callable[[Any, random.Random], Injury | None]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home whose ledger has a log and segments."""
    home = tmp_path_factory.mktemp("home")
    log = open_log(home / LEDGER, **SETTINGS)
    log.append(records(1, COUNT))
    while log.maintain(1.0):
        pass
    log.close()
    return home


@pytest.mark.slow
@pytest.mark.parametrize("begin", FAULTS)
def test_damage_to_a_ledger_is_found(written: Path, begin: Begin) -> None:
    """Wherever it is: found, named, and the rest is kept."""
    for seed in range(5):
        injury = begin(SimpleNamespace(home=written), random.Random(seed))
        assert injury is not None and injury.breaches == [], injury


@pytest.mark.parametrize("begin", [change_byte, delete_event])
def test_a_verdict_that_sees_nothing_is_a_breach(
    written: Path, monkeypatch: pytest.MonkeyPatch, begin: Begin
) -> None:
    """What is not found is said."""
    monkeypatch.setattr(ledger_faults, "look", lambda _copy: Verdict(1))
    injury = begin(SimpleNamespace(home=written), random.Random(1))
    assert injury is not None and "not found" in injury.breaches[0]


@pytest.mark.parametrize(
    ("line", "content"),
    [
        (b"a: x", b"# a: 1\na: x\nb: 2\n"),
        (b"b: [1", b"# a: 1\na: 1\nb: [1\n"),
        (b"c: 3", b"# a: 1\na: 1\nb: 2\n\nc: 3\n"),
        (b"- x", b"# a: 1\na: 1\nb: 2\n\n- x\n"),
    ],
)
def test_wrong_line_takes_the_place_of_its_key(line: bytes, content: bytes) -> None:
    """Or stands at the end, where there is no such key."""
    assert with_line(b"# a: 1\na: 1\nb: 2\n", line) == content


@pytest.mark.slow
def test_clock_is_moved_for_who_looks_at_it_alone(tmp_path: Path) -> None:
    """Hours ahead and back, held, and set right again; waits are as long as ever."""
    try:
        clock = Clock(tmp_path)
    except OSError as error:
        pytest.skip(str(error))
    script = "import time\nwhile input(): time.sleep(0.001); print(time.time_ns(), flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, **clock.environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None and process.stdout is not None

        def hour() -> int:
            process.stdin.write("now\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        start = hour()
        clock.set(ahead_ns=5 * HOUR_NS)
        assert hour() - start > 4 * HOUR_NS
        clock.set(ahead_ns=-30 * HOUR_NS)
        assert start - hour() > 29 * HOUR_NS
        clock.set(frozen_ns=start)
        assert hour() == hour() == start
        clock.set()
        assert start < hour() < start + HOUR_NS
        process.kill()
