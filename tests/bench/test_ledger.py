"""The ledger bench compares like with like, in turns, and says what it could not measure."""

from pathlib import Path

import pytest

from Kernel.contract.envelope import parse_envelope
from tests.bench import ledger_stores
from tests.bench.ledger import Figures, describe, describe_absent, ratio_of, take_turns
from tests.bench.ledger_stores import (
    EVENT_BYTES,
    OUTSTANDING,
    Pace,
    check_disk,
    file_system,
    make_records,
    open_limit,
    open_sqlite,
)
from tests.bench.peers.ledger_nats import batch_head, check_answer, publish
from tests.bench.peers.ledger_redis import command
from tests.bench.report import CannotMeasure

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:5 / /dev rw shared:2 - devtmpfs devtmpfs rw
24 23 0:20 / /dev/shm rw shared:3 - tmpfs tmpfs rw
25 22 254:1 /home /work rw - xfs /dev/vdb rw
"""


@pytest.mark.parametrize("zone", ["archive", "a", "a-long-name"])
def test_every_event_has_the_same_size(zone: str) -> None:
    """All records are events of 311 bytes, whoever sends them, and no two are the same."""
    records = make_records(50, zone)
    assert {len(record) for record in records} == {EVENT_BYTES}
    assert len(set(records)) == 50
    assert {parse_envelope(record).zone for record in records} == {zone}


def test_event_of_another_size_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the format changes, figures that cannot be compared are not given."""
    monkeypatch.setattr(ledger_stores, "EVENT_BYTES", EVENT_BYTES - 1)
    with pytest.raises(CannotMeasure, match="not 310"):
        make_records(1, "archive")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/srv/x", "ext4"), ("/dev/shm/x", "tmpfs"), ("/work", "xfs"), ("/workshop", "ext4")],
)
def test_the_file_system_is_named(folder: str, kind: str) -> None:
    """A folder lies on the deepest mount above it."""
    assert file_system(Path(folder), MOUNTS) == kind


def test_memory_is_no_disk() -> None:
    """Shared memory is refused: a sync there costs nothing."""
    with pytest.raises(CannotMeasure, match="tmpfs is no disk"):
        check_disk(Path("/dev/shm"))


@pytest.mark.slow
def test_stores_count_what_they_wrote(tmp_path: Path) -> None:
    """SQLite holds as many rows as were counted; every slice ends soon after its budget."""
    records = make_records(OUTSTANDING, "archive")
    with open_sqlite(tmp_path, records) as store:
        paces = [store.one(0.02), store.many(0.02), store.one(0.0)]
        assert paces[2].events == 0
        assert sum(pace.events for pace in paces) == store.read_all().events
    with open_limit(tmp_path, records) as limit:
        assert limit.one(0.02).events > 0
        assert limit.many(0.02).events % OUTSTANDING == 0


class Counted:
    """A store that notes when it was asked."""

    def __init__(self, name: str, turns: list[str]) -> None:
        self._name = name
        self._turns = turns

    def one(self, budget_s: float) -> Pace:
        self._turns.append(self._name)
        return Pace(10, budget_s)

    def many(self, budget_s: float) -> Pace:
        return Pace(1000, budget_s)


def test_everyone_is_first_in_turn() -> None:
    """Each round begins with the next contestant, and each has one slice of each sort in it."""
    turns: list[str] = []
    stores = {name: Counted(name, turns) for name in "abc"}
    figures = take_turns(stores, rounds=4, slice_s=0.5)
    assert "".join(turns) == "abcbcacababc"
    assert all(len(each.one) == len(each.many) == 4 for each in figures.values())


def test_a_ratio_is_of_its_own_round() -> None:
    """A round in which the whole disk was slow does not move the ratio."""
    limit = [Pace(1000, 1.0), Pace(10, 1.0), Pace(1000, 1.0)]
    ours = [Pace(500, 1.0), Pace(5, 1.0), Pace(400, 1.0)]
    assert ratio_of(ours, limit) == 0.5
    row = describe("us", Figures(ours, ours), Figures(limit, limit), "ext4")
    assert row["one_per_s"] == 400.0
    assert row.keys() == describe_absent("x", "skipped", "ext4").keys()


def test_peers_are_spoken_to_as_they_expect() -> None:
    """The bytes of one message in the protocols of the peers; an error is not a success."""
    assert publish(b"a.b", b"xyz") == b"PUB a.b _INBOX.bench 3\r\nxyz\r\n"
    head = batch_head(7, 3, is_last=True)
    assert head.endswith(b"Nats-Batch-Commit: 1\r\n\r\n")
    assert publish(b"a.b", b"xyz", head).startswith(
        b"HPUB a.b _INBOX.bench %d %d\r\n" % (len(head), len(head) + 3)
    )
    assert command(b"XADD", b"s", b"*") == b"*3\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n"
    check_answer(b'{"stream":"X", "seq":12}')
    with pytest.raises(CannotMeasure, match="no space"):
        check_answer(b'{"error":{"description":"no space"}}')
