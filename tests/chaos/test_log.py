"""Whatever is killed: every acknowledged event is in the log exactly once, in order."""

import random
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from Kernel.contract.places import LEDGER, LOGS
from tests.chaos.log_run import (
    LogRun,
    SenderProcess,
    copy_log,
    derived_tables,
    identify,
    read_log,
    spans_in,
)
from tests.support.lone_archive import LoneArchive
from tools.chaos.log_rules import find_faults, parse_notes
from zones.ledger.verify import verify
from zones.runtime.ledger_file import LedgerReader

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

KILLS = 10
"""In each round: `make kills ROUNDS=50` kills 500 times."""
LIES = 4


def test_nothing_acknowledged_is_lost(
    home: Path, rounds: int, request: pytest.FixtureRequest
) -> None:
    """Archive, senders, kernel, world and all at once are killed at random instants, and go on."""
    seed = request.config.getoption("--seed") or random.SystemRandom().randrange(2**32)
    print(f"--seed {seed}")
    with LogRun(home, seed) as run:
        for _ in range(KILLS * rounds):
            run.hurt()
        arenas = run.rest()
        log, notes = read_log(home), run.notes()
    faults = find_faults(log, notes, identify, arenas)
    told = f"--seed {seed}: killed {run.killed}, {len(log)} events"
    assert not faults, "\n".join([told, *faults])
    for name, known in notes.items():
        assert known.acknowledged, f"{told}: {name} was never told that an event is durable"
    with closing(LedgerReader(home / LEDGER)) as reader:
        verdict = verify(reader)
        assert verdict.ok and verdict.events == len(log), verdict.fields()
    copy_log(home, home / "copy")
    derived, anew = derived_tables(home), derived_tables(home / "copy")
    assert {"index.sqlite3 event"} <= derived.keys() == anew.keys()
    for name, rows in derived.items():
        assert rows == anew[name], f"{told}: {name} is not what the log says"
    spans = spans_in(home / LOGS)
    assert len(spans) == len(set(spans)), f"{told}: a span is there twice"
    print(told)


def faults_of(home: Path, lying: bool) -> list[str]:
    """Kill an archive without a kernel some times, and return what its senders complain of."""
    chance = random.Random(20261127)
    with ExitStack() as stack:
        archive = stack.enter_context(closing(LoneArchive(home, ["chronos"], lying)))
        archive.start()
        senders = [SenderProcess(home, name, "bus") for name in ("alice", "bob")]
        for sender in senders:
            stack.callback(sender.close)
            sender.start()
        for _ in range(LIES):
            time.sleep(0.3 + chance.random() * 0.3)
            archive.kill()
            archive.start()
        for sender in senders:
            sender.end()
            sender.drain()
        if lying:
            time.sleep(0.3)  # what it still holds is none of the lies that are looked for
        notes = {each.name: parse_notes(each.notes_path.read_bytes()) for each in senders}
    return find_faults(read_log(home), notes, identify)


def test_an_archive_that_acknowledges_too_early_is_caught(home: Path) -> None:
    """The canary: the same kills find an archive that stores 0.1 s after it has said so."""
    assert any("is lost" in fault for fault in faults_of(home, lying=True))


def test_the_same_kills_find_nothing_in_the_real_one(home: Path) -> None:
    """So the canary is caught for its lie."""
    assert not faults_of(home, lying=False)
