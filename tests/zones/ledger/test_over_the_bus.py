"""A sender, the bus, the archive's loop and the log, in two processes, without a kernel."""

from contextlib import closing
from pathlib import Path

import pytest

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.places import LEDGER
from tests.bench.ledger_stores import make_records
from tests.support.lone_archive import lone_archive
from tests.support.plain_sender import PlainSender
from zones.ledger.verify import verify
from zones.runtime.ledger_file import LedgerReader

pytestmark = pytest.mark.slow
ZONE = "chronos"
OWN = {"archive.opened"}


def test_acknowledged_events_outlive_the_archive(home: Path) -> None:
    """One at a time and a thousand outstanding, over a kill of the archive: each once, in order."""
    records = make_records(3000, ZONE)
    with lone_archive(home, ZONE) as archive, closing(PlainSender(archive.bus, ZONE)) as sender:
        first = sender.publish(records[0])
        for place, record in enumerate(records[1:5], 1):
            assert sender.publish(record) == first + place
        for record in records[5:1000]:
            sender.send(record)
        archive.kill()  # some are stored and not acknowledged, some are on their way
        archive.start()
        for record in records[1000:]:
            sender.send(record)
        sender.flush()
        archive.kill()
    with closing(LedgerReader(home / LEDGER)) as reader:
        stored = [record for _, record in reader.read(1)]
        assert [each for each in stored if parse_envelope(each).kind not in OWN] == records
        assert verify(reader).ok
