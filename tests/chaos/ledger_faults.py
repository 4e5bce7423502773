"""Damage to the pages of a ledger, on copies of it that are made while it is written.

Owns: the copy, where it is hit, what must be found and kept. Does not own: verifying and salvaging
(`zones/ledger`). The only copy of something is not damaged: what it had would be lost, by nature.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import apsw

from Kernel.contract.errors import LedgerDamaged
from Kernel.contract.places import LEDGER
from tests.chaos.own_faults import own_fault
from tests.chaos.own_target import OwnTarget
from tools.chaos.fault import Fault, Injury
from zones.ledger.log import Log, LogSettings
from zones.ledger.salvage import PAGE_BYTES
from zones.ledger.verify import Verdict, verify
from zones.runtime.ledger_blocks import SegmentName, list_segments
from zones.runtime.ledger_file import LOG, SEGMENTS, LedgerReader

EVENTS_MIN: Final = 50
SEGMENTS_MAX: Final = 3
HEAD_PAGES: Final = 12
"""The first pages of a log hold its schema and small tables; what is hit lies behind them."""
WRITER: Final = "writer"
Records = dict[int, bytes]


def ledger_faults() -> list[Fault]:
    """Return them."""
    return [
        own_fault("ledger copy: byte of an event", 2, change_byte),
        own_fault("ledger copy: event deleted", 2, delete_event),
        own_fault("ledger copy: page of the log", 2, spoil_page),
        own_fault("ledger copy: segment", 2, spoil_segment),
    ]


@contextmanager
def copy_of(home: Path) -> Iterator[Path]:
    """Give a copy of a ledger that somebody writes meanwhile, as a moment had it.

    Of its segments it has the newest ones only: hours of them take too long.
    """
    with TemporaryDirectory(prefix="molt-copy-") as place:
        copy = Path(place)
        (copy / SEGMENTS).mkdir()
        there, here = apsw.Connection(str(home / LEDGER / LOG)), apsw.Connection(str(copy / LOG))
        with closing(there), closing(here), here.backup("main", there, "main") as backup:
            backup.step()
        # After the log: what left it since then is in both.
        for name in list_segments(home / LEDGER / SEGMENTS)[-SEGMENTS_MAX:]:
            file = name.file_name()
            shutil.copyfile(home / LEDGER / SEGMENTS / file, copy / SEGMENTS / file)
        shutil.copyfile(home / LEDGER / WRITER, copy / WRITER)
        yield copy


def look(copy: Path) -> Verdict:
    """Verify a copy from its oldest event on that can be checked."""
    with closing(LedgerReader(copy)) as reader:
        oldest = reader.oldest
        return verify(reader, oldest if oldest == 1 else oldest + 1)


def damaged(verdict: Verdict) -> set[int]:
    """Return the positions that a verdict names."""
    return {at for fault in verdict.faults for at in range(fault.first, fault.last + 1)}


def records_in(copy: Path) -> Records:
    """Return the events of the log alone, without those that have left it."""
    with closing(apsw.Connection(str(copy / LOG))) as log:
        return dict(log.execute("SELECT position, record FROM records"))


def change_byte(target: OwnTarget, chance: Random) -> Injury | None:
    """One bit of one event is another one."""
    with copy_of(target.home) as copy:
        records = records_in(copy)
        if len(records) < EVENTS_MIN:
            return None
        content = bytearray((copy / LOG).read_bytes())
        short = [at for at, record in records.items() if content.count(record) == 1]
        at = chance.choice(short)
        place = content.index(records[at]) + chance.randrange(len(records[at]))
        content[place] ^= 1 << chance.randrange(8)
        injury = Injury(f"byte {place} of {LOG}, in event {at} of {len(records)}")
        if (before := look(copy)).faults:
            injury.breaches.append(f"a copy that nobody hit is damaged: {before.fields()}")
        (copy / LOG).write_bytes(content)
        if at not in damaged(found := look(copy)):
            injury.breaches.append(f"not found: {injury.told}: {found.fields()}")
        return injury


def delete_event(target: OwnTarget, chance: Random) -> Injury | None:
    """One event is gone, as if it had never been."""
    with copy_of(target.home) as copy:
        positions = sorted(records_in(copy))
        if len(positions) < EVENTS_MIN:
            return None
        at = chance.choice(positions[1:-1])
        with closing(apsw.Connection(str(copy / LOG))) as log:
            log.execute("DELETE FROM records WHERE position = ?", (at,))
        injury = Injury(f"event {at} deleted")
        if at not in damaged(found := look(copy)):
            injury.breaches.append(f"not found: {injury.told}: {found.fields()}")
        return injury


def spoil_page(target: OwnTarget, chance: Random) -> Injury | None:
    """A whole page is noise: it is found, and an archive that opens the copy keeps the rest."""
    with copy_of(target.home) as copy:
        records = records_in(copy)
        content = bytearray((copy / LOG).read_bytes())
        if len(records) < EVENTS_MIN or len(content) // PAGE_BYTES <= HEAD_PAGES:
            return None
        page = chance.randrange(HEAD_PAGES, len(content) // PAGE_BYTES)
        noise = chance.randbytes(PAGE_BYTES)
        content[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = noise
        (copy / LOG).write_bytes(content)
        injury = Injury(f"page {page} of {LOG} is noise")
        try:
            found = damaged(look(copy))
        except LedgerDamaged as damage:  # no position can be told from another one: salvage can
            found = {at for at in records if damage.position <= at <= damage.last}
        told = _open(copy)
        kept = records_in(copy)
        lost = {at for at, record in records.items() if kept.get(at) != record}
        injury.told += f": {len(lost)} of {len(records)} events lost, {len(found)} found before"
        unsaid = lost - told - damaged(look(copy))
        if unsaid:
            injury.breaches.append(f"lost, and nobody says so: {sorted(unsaid)[:5]}: {injury.told}")
        if lost and not found:
            injury.breaches.append(f"verify finds nothing: {injury.told}")
        if len(lost) > len(found):
            injury.breaches.append(f"more is lost than was damaged: {injury.told}")
        return injury


def spoil_segment(target: OwnTarget, chance: Random) -> Injury | None:
    """A page of a segment is noise: what cannot be read any more is named, nothing else."""
    with copy_of(target.home) as copy:
        names = list_segments(copy / SEGMENTS)
        if not names:
            return None
        # Not the oldest: nothing that its first event must fit is in the copy.
        name: SegmentName = chance.choice(names if names[0].first == 1 else names[1:] or names)
        path = copy / SEGMENTS / name.file_name()
        content = bytearray(path.read_bytes())
        page = chance.randrange(len(content) // PAGE_BYTES)
        content[page * PAGE_BYTES : (page + 1) * PAGE_BYTES] = chance.randbytes(PAGE_BYTES)
        before = _readable(copy)
        path.write_bytes(content)
        found = damaged(look(copy))
        after = _readable(copy)
        injury = Injury(f"page {page} of segment {name.file_name()}: {len(found)} events named")
        changed = {at for at, record in before.items() if after.get(at) != record}
        if changed - found:
            injury.breaches.append(f"not named: {sorted(changed - found)[:5]}: {injury.told}")
        outside = [at for at in found if not name.first <= at <= name.last + 1]
        if outside:
            injury.breaches.append(f"named beside it: {outside[:5]}: {injury.told}")
        return injury


def _open(copy: Path) -> set[int]:
    """Open a copy as the archive would, and return the positions of which it tells."""
    told: set[int] = set()

    def tell(kind: str, **payload: Any) -> None:
        if "first" in payload:
            told.update(range(payload["first"], payload["last"] + 1))
        if "position" in payload:
            told.add(payload["position"])

    Log(copy, LogSettings(), tell).close()
    return told


def _readable(copy: Path) -> Records:
    with closing(LedgerReader(copy)) as reader:
        return dict(reader.read(1, past=lambda _damage: None))
