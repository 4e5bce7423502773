"""The index holds a row for every event, and is begun anew whenever it cannot be trusted."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from Kernel.contract.errors import LedgerError
from tests.zones.ledger.paper_ledger import event_id, make
from tests.zones.ledger.real_ledger import derive, index, no_news, store
from zones.ledger import derived_file
from zones.ledger import index as index_module
from zones.ledger.index import Index
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.ledger_index import FILE, LedgerIndex, open_index


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    events = [
        make(n, f"kind.k{n % 3}", cause=1 if n in {4, 5} else b"", agent="ann" * (n % 2))
        for n in range(1, 11)
    ]
    store(tmp_path, events)
    return tmp_path


def opened(folder: Path) -> LedgerIndex:
    found = open_index(folder, LedgerReader(folder))
    assert found is not None
    return found


def test_ids_and_effects_are_found(ledger: Path) -> None:
    """By a whole id, by the beginning of one, and by what an event caused."""
    index(ledger)
    found = opened(ledger)
    assert found.upto == 10
    digits = event_id(7).hex()
    assert found.find_id(digits, 5) == [7]
    assert found.find_id(digits[:9], 5) == [7]
    assert found.find_id("", 3) != []
    assert found.caused_by(event_id(1), 5) == [4, 5]
    assert {text for _, text in found.names()} == {"kind.k0", "kind.k1", "kind.k2", "stable", "ann"}
    found.close()


def test_it_goes_on_where_it_was(ledger: Path) -> None:
    """Opened again it has what it had, and takes the rest only."""
    index(ledger)
    store(ledger, [make(11), make(12)])
    table = Index(ledger, no_news)
    assert (table.upto, table.last_id) == (10, event_id(10))
    derive(ledger, table)
    assert (table.upto, table.last_id) == (12, event_id(12))


@pytest.mark.parametrize("damage", ["garbage", "version", "empty"])
def test_what_cannot_be_used_is_made_anew(ledger: Path, damage: str) -> None:
    """A file of another version, or of garbage, is deleted and said; an empty one is only new."""
    index(ledger)
    path = ledger / FILE
    if damage == "garbage":
        path.write_bytes(b"no database at all " * 1000)
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        with apsw.Connection(str(path)) as db:
            db.execute("UPDATE meta SET version = 99")
        db.close()
    assert open_index(ledger, LedgerReader(ledger)) is None
    told: list[tuple[str, str]] = []
    table = Index(ledger, lambda kind, **more: told.append((kind, more["what"])))
    assert table.upto == 0
    assert told == ([] if damage == "empty" else [("archive.derived_rebuilt", FILE)])
    derive(ledger, table)
    assert opened(ledger).upto == 10


def test_damage_met_while_it_is_filled(ledger: Path) -> None:
    """Pages that turn out to be garbage cost the file, and it is filled from the start."""
    index(ledger)
    data = bytearray((ledger / FILE).read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    (ledger / FILE).write_bytes(data)
    store(ledger, [make(11)])
    told: list[str] = []
    table = Index(ledger, lambda kind, **_: told.append(kind))
    derive(ledger, table)
    assert told and set(told) == {"archive.derived_rebuilt"}
    assert (table.upto, opened(ledger).upto) == (11, 11)


def test_a_full_disk_takes_nothing_and_can_be_tried_again(ledger: Path) -> None:
    """What could not be committed is not in the index, names that went with it neither."""
    table = Index(ledger, no_news)
    table._file.connection().execute("PRAGMA max_page_count = 12")
    rows: list[Any] = [(n, make(n, f"kind.k{n}")) for n in range(1, 3000)]
    with pytest.raises(LedgerError, match="cannot write"):
        table.take(rows)
    assert table.upto == 0
    table._file.connection().execute("PRAGMA max_page_count = 100000")
    table.take(rows[:5])
    assert table.upto == 5
    names = {number for (number,) in table._file.connection().execute("SELECT id FROM name")}
    kinds = {kind for (kind,) in table._file.connection().execute("SELECT kind FROM event")}
    assert kinds <= names


def test_many_names_are_not_kept_in_memory(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that makes up kinds without end fills the file and not the memory."""
    monkeypatch.setattr(index_module, "NAMES_KEPT_MAX", 2)
    index(ledger)
    table = Index(ledger, no_news)
    store(ledger, [make(11, "kind.k0"), make(12, "kind.k9")])
    derive(ledger, table)
    assert not table._names
    assert len(opened(ledger).names()) == 6


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """It is an outside failure with a message of ours."""
    with pytest.raises(LedgerError, match="cannot open"):
        Index(tmp_path / "missing", no_news)
    assert derived_file.BUSY_MS > 0
