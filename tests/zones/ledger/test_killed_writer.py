"""A real writer, killed at random instants while others read: the acknowledged is there, once."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.sources import ROOT
from tests.support.leash import die_with_us
from tests.zones.ledger.damage import News, contents, open_log, record
from zones.ledger.verify import verify
from zones.runtime.ledger_blocks import list_segments
from zones.runtime.ledger_file import SEGMENTS, LedgerReader, SenderMark

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
EPOCH = b"e" * 16
SMALL = {"log_bytes_max": 300_000, "segment_bytes": 60_000}
ROUNDS = 8
WRITER = """
import sys
from pathlib import Path
from tests.zones.ledger import test_killed_writer as it
it.write(Path(sys.argv[1]))
"""


def write(folder: Path) -> None:
    """Append for ever, one record or many, moving old ones; say each time how many are stored.

    Record N holds the number N and the sender's mark is N: what was sent again after a kill would
    be seen as a number that comes twice, what was lost as one that is missing.
    """
    news = News()
    log = open_log(folder, news, **SMALL)
    number = log.sender_stored("stable", EPOCH)
    draw = random.Random(number)
    while True:
        count = draw.choice((1, 1, 1, 10, 300))
        batch = [record(each) for each in range(number + 1, number + count + 1)]
        number += count
        log.append(batch, [SenderMark("stable", EPOCH, number)])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        log.maintain(0.001)


def test_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path, rounds: int) -> None:
    """Over many kills every acknowledged record is there once, in order, chained."""
    draw = random.Random(7)
    acknowledged = 0
    cut = 0
    for _ in range(ROUNDS * rounds):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_us(),
        ) as child:
            assert child.stdout
            for _ in range(draw.randrange(1, 120)):
                acknowledged = int(child.stdout.readline())
            if draw.random() < 0.5:  # readers see a whole ledger beside it
                reader = LedgerReader(tmp_path)
                numbers = [int(row[1].split()[1]) for row in reader.read(1)]
                assert numbers == list(range(1, len(numbers) + 1))
                assert len(numbers) >= acknowledged
                reader.close()
            child.kill()
            acknowledged = int(([acknowledged, *child.stdout.read().splitlines()])[-1])
        news = News()
        log = open_log(tmp_path, news, **SMALL)
        stored = log.sender_stored("stable", EPOCH)
        log.close()
        # Torn is what was never acknowledged: a kill between the two writes of its last page.
        assert set(news.kinds()) <= {"archive.tail_cut"}
        cut += len(news.told)
        assert stored >= acknowledged
        assert [row[1] for row in contents(tmp_path)] == [
            record(number) for number in range(1, stored + 1)
        ]
        assert verify(LedgerReader(tmp_path)).ok
    assert list_segments(tmp_path / SEGMENTS)
    assert cut <= ROUNDS * rounds / 4
