"""Who modified what, what depends on what, what was set off, what was rolled back, who talked.

Owns: which relations an event tells, their tables, finding them. Does not own: the events, when the
tables are filled (`derived.py`), the questions that are asked (`questions.py`).

    modified     agent -> file      agent.changed_state, mutation.ready; about its mutation, and by
                                    who proposed that: the kernel only writes what others made
    depends_on   file -> file       what these two say; about its mutation
    triggered    mission -> agent   mission.started, and what an agent decides for a mission
    rolled_back  event -> event or mutation   agent.changed_state, mutation.failed,
                                    trait.quarantined; about the file or slot
    talked_to    agent -> agent     agent.messaged; about its subject

They are made from the log alone, and whoever asks reads from the log what is not in them yet. A
payload that is not what its kind declares tells nothing: the archive does not look inside.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from Kernel.contract.envelope import Envelope, Role, id_text
from Kernel.contract.errors import CodecError, LedgerError
from zones.ledger.derived import Row
from zones.ledger.derived_file import DerivedFile
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_index import fetch, open_reading
from zones.runtime.ledger_search import Query, Search

FILE: Final = "relations.sqlite3"
VERSION: Final = 1
RELATIONS: Final = ("modified", "depends_on", "triggered", "rolled_back", "talked_to")
_SCHEMA: Final = tuple(
    statement
    for name in RELATIONS
    for statement in (
        f"CREATE TABLE {name} (position INTEGER NOT NULL, source TEXT NOT NULL, "
        "target TEXT NOT NULL, about TEXT NOT NULL, role INTEGER NOT NULL, event BLOB NOT NULL)",
        f"CREATE INDEX {name}_source ON {name} (source)",
        f"CREATE INDEX {name}_target ON {name} (target)",
        f"CREATE INDEX {name}_about ON {name} (about)",
    )
)
_MODIFIED: Final = "modified"
_PROPOSED: Final = "mutation.proposed"
DEPENDS_MAX: Final = 256
"""Dependencies that one event may tell; a program has fewer."""


class Relation(NamedTuple):
    """One thing's relation to another, as one event tells it.

    Args:
        position: of that event in the ledger.
        name: one of RELATIONS.
        source, target: the two things, see the top of this file.
        about: the mutation or subject it is about, or "".
        role: whose act it was.
        event: id of that event, 16 bytes.
    """

    position: int
    name: str
    source: str
    target: str
    about: str
    role: int
    event: bytes

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it."""
        role = Role(self.role) if self.role in list(Role) else Role.UNSPECIFIED
        return {
            "relation": self.name,
            "from": self.source,
            "to": self.target,
            "about": self.about or None,
            "role": role.name.lower() if role else None,
            "position": self.position,
            "id": id_text(self.event),
        }


def relations_of(position: int, event: Envelope) -> list[Relation]:
    """Return the relations an event tells."""
    tell = _TELLERS.get(event.kind)
    if tell is None:
        return []
    try:
        payload = event.payload_fields()
    except CodecError:
        return []
    return [
        Relation(position, name, source, target, about, int(event.role), event.id)
        for name, source, target, about in tell(event, payload)
        if source and target
    ]


Told = Iterator[tuple[str, str, str, str]]


def _changed(event: Envelope, payload: Mapping[str, Any]) -> Told:
    file = _text(payload, "target_resource")
    yield "modified", _actor(event), file, ""
    yield from _depends(file, payload, "")
    undone = _text(payload, "rolls_back")
    yield "rolled_back", id_text(event.id), undone, file


def _ready(event: Envelope, payload: Mapping[str, Any]) -> Told:
    file, mutation = _text(payload, "file_path"), _text(payload, "mutation_id")
    yield "modified", _actor(event), file, mutation
    yield from _depends(file, payload, mutation)


def _failed(event: Envelope, payload: Mapping[str, Any]) -> Told:
    # Without a place to go back to nothing was undone: it had never been applied.
    if _text(payload, "rollback_to"):
        yield "rolled_back", id_text(event.id), _text(payload, "mutation_id"), ""


def _quarantined(event: Envelope, payload: Mapping[str, Any]) -> Told:
    slot = payload.get("slot")
    cause = id_text(event.cause)
    if type(slot) is int:
        yield "rolled_back", id_text(event.id), cause or f"trait slot {slot}", f"trait slot {slot}"


def _mission(event: Envelope, payload: Mapping[str, Any]) -> Told:
    yield "triggered", _text(payload, "mission"), event.agent, _text(payload, "subject")


def _messaged(event: Envelope, payload: Mapping[str, Any]) -> Told:
    sender, recipient = _text(payload, "sender"), _text(payload, "recipient")
    yield "talked_to", sender, recipient, _text(payload, "subject")


_TELLERS: Final[Mapping[str, Callable[[Envelope, Mapping[str, Any]], Told]]] = {
    "agent.changed_state": _changed,
    "mutation.ready": _ready,
    "mutation.failed": _failed,
    "trait.quarantined": _quarantined,
    "mission.started": _mission,
    "agent.decided": _mission,
    "agent.messaged": _messaged,
}
KINDS: Final = tuple(_TELLERS)
"""The kinds that tell relations."""


def _depends(file: str, payload: Mapping[str, Any], about: str) -> Told:
    others = payload.get("depends_on")
    for other in others[:DEPENDS_MAX] if isinstance(others, list) else ():
        if isinstance(other, str):
            yield "depends_on", file, other, about


def _actor(event: Envelope) -> str:
    return event.agent or event.zone


def _text(payload: Mapping[str, Any], key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""


class Relations:
    """The writer of `relations.sqlite3`.

    Args:
        folder: of the ledger; must be there.
        tell: called with the name of an event and its values, for people.

    Raises:
        LedgerError: the file cannot be made.
    """

    name = "relations"

    def __init__(self, folder: Path, tell: Callable[..., None]) -> None:
        self._file = DerivedFile(folder / FILE, VERSION, _SCHEMA, tell)

    @property
    def upto(self) -> int:
        """The last position taken."""
        return self._file.upto

    @property
    def last_id(self) -> bytes:
        """Id of the event there."""
        return self._file.last_id

    def take(self, rows: Sequence[Row]) -> None:
        """Add what events tell, see `Derived.take`."""
        found: dict[str, list[tuple[int | str | bytes, ...]]] = {}
        for position, event in rows:
            if event.kind in _TELLERS:
                for each in relations_of(position, event):
                    found.setdefault(each.name, []).append((each.position, *each[2:]))

        def write(db: apsw.Connection) -> None:
            for name, told in found.items():
                db.executemany(f"INSERT INTO {name} VALUES (?, ?, ?, ?, ?, ?)", told)

        self._file.take(rows, write)

    def rebuild(self) -> None:
        """Empty it."""
        self._file.rebuild()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class RelationFinder:
    """Finds relations: in the tables, and in what of the log is not in them yet.

    Args:
        folder: of the ledger.
        search: of the same ledger.
    """

    def __init__(self, folder: Path, search: Search) -> None:
        self._search = search
        self._db, self.upto = _open(folder / FILE, search)

    def find(
        self, names: Sequence[str] = RELATIONS, thing: str | None = None, query: Query | None = None
    ) -> list[Relation]:
        """Return relations of these names, in the order of the log.

        Args:
            thing: only those whose source, target or subject it is; None: all.
            query: only those that an event which fits it tells.

        Raises:
            LedgerError: the log cannot be read.
        """
        query = query or Query()
        found = self._stored(names, thing)
        tail = self._search.forwards(Query(kinds=KINDS, first=self.upto + 1))
        found += [
            each
            for event in tail
            for each in relations_of(event.position, event.envelope)
            if each.name in names
        ]
        found = self._by_proposers(found)
        found = [each for each in found if thing is None or thing in each[2:5]]
        if query != Query():
            fitting = {each.position: self._fits(each.position, query) for each in found}
            found = [each for each in found if fitting[each.position]]
        return sorted(found, key=lambda each: each.position)

    def _by_proposers(self, found: list[Relation]) -> list[Relation]:
        """Name as the one who modified a file whoever proposed the mutation, where that is known.

        An event of the kernel says that the file is there; who made it is in the proposal, which
        may be older than what is stored here, and of several the last one before counts.
        """
        if not any(map(_is_of_no_agent, found)):
            return found
        proposals: dict[str, list[LedgerEvent]] = {}
        for event in self._search.forwards(Query(kinds=(_PROPOSED,))):
            proposals.setdefault(_text(event.payload, "mutation_id"), []).append(event)

        def named(each: Relation) -> Relation:
            known = proposals.get(each.about, ()) if _is_of_no_agent(each) else ()
            before = [event.envelope for event in known if event.position < each.position]
            if not before or not before[-1].agent:
                return each
            return each._replace(source=before[-1].agent, role=int(before[-1].role))

        return [named(each) for each in found]

    def _fits(self, position: int, query: Query) -> bool:
        event = self._search.at(position)
        return event is not None and query.fits(event)

    def _stored(self, names: Sequence[str], thing: str | None) -> list[Relation]:
        if self._db is None:
            return []
        found: list[Relation] = []
        try:
            for name in names:
                # Who modified a file may stand in another event: these are looked at afterwards.
                every = thing is None or name == _MODIFIED
                where = "" if every else " AND ?2 IN (source, target, about)"
                sql = (
                    "SELECT position, source, target, about, role, event "
                    f"FROM {name} WHERE position <= ?1{where}"
                )
                values = (self.upto,) if every else (self.upto, thing)
                for position, *rest in fetch(self._db, sql, values):
                    found.append(Relation(position, name, *rest))
        except LedgerError:  # damaged: everything is read from the log
            self._db, self.upto = None, 0
            return []
        return found


def _is_of_no_agent(each: Relation) -> bool:
    return each.name == _MODIFIED and bool(each.about) and not each.role


def _open(path: Path, search: Search) -> tuple[apsw.Connection | None, int]:
    db = open_reading(path, VERSION)
    if db is None:
        return None, 0
    try:
        ((upto, last_id),) = fetch(db, "SELECT upto, last_id FROM meta")
        event = search.at(upto) if upto else None
        if event is not None and event.envelope.id == last_id:
            return db, int(upto)
    except (LedgerError, ValueError):
        pass
    db.close()
    return None, 0
