"""The questions of SPEC 6 that people ask of the ledger, as functions.

Owns: what each one means. Does not own: finding events (`zones/runtime/ledger_search.py`) and
relations (`relations.py`), causes (`zones/runtime/ledger_causes.py`), "have we tried this before?"
(`lessons.py`), how an answer is shown (`commands/questions.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from Kernel.contract.envelope import Role, id_text
from Kernel.contract.event_filter import Filter
from Kernel.contract.event_text import role_word
from zones.ledger.relations import Relation, RelationFinder
from zones.runtime.ledger_causes import about_thing, tell_story
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_search import Query, Search

DECIDED = "agent.decided"
MESSAGED = "agent.messaged"


@dataclass(frozen=True, slots=True)
class UndoneFile:
    """A file that an agent modified, and the rollback this led to.

    Args:
        modified: the relation agent -> file.
        rolled_back: the relation rollback -> what it undid.
        how: "named" when the rollback names the change or its mutation, "caused" when the change is
            among the recorded causes of the rollback.
    """

    modified: Relation
    rolled_back: Relation
    how: str

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "file": self.modified.target,
            "agent": self.modified.source,
            "mutation": self.modified.about or None,
            "how": self.how,
            "modified": self.modified.fields(),
            "rolled_back": self.rolled_back.fields(),
        }


def decisions(search: Search, agent: str, span: Query) -> Iterator[LedgerEvent]:
    """Yield every decision of one agent, or of all whose id fits a pattern, oldest first.

    Args:
        agent: its id, or the name of a role.
        span: from when to when.
    """
    field = "role" if agent in _ROLES else "agent"
    query = replace(span, kinds=(DECIDED,), filters=(*span.filters, Filter(field, agent)))
    return search.forwards(query)


def conversations(
    search: Search, one: str, other: str, subject: str, span: Query
) -> Iterator[LedgerEvent]:
    """Yield every message between two agents, either way, oldest first.

    Args:
        one, other: their ids.
        subject: only about this: a part of it, in letters of any case; "" about anything.
        span: from when to when.
    """
    wanted = subject.casefold()
    for event in search.forwards(replace(span, kinds=(MESSAGED,))):
        said = event.payload
        sides = (said.get("sender"), said.get("recipient"))
        if sides in ((one, other), (other, one)):
            about = said.get("subject")
            if not wanted or (isinstance(about, str) and wanted in about.casefold()):
                yield event


def undone_files(search: Search, folder: Path, persona: str) -> list[UndoneFile]:
    """Return every file modified by one persona that led to a rollback, oldest rollback first.

    A change led to a rollback when the rollback names it, or the mutation it was made for, or when
    it is among the recorded causes of the rollback.

    Args:
        folder: of the ledger.
        persona: an agent's id, a pattern of ids, or the name of a role.
    """
    finder = RelationFinder(folder, search)
    changes = [each for each in finder.find(("modified",)) if _is_of(each, persona)]
    found: list[UndoneFile] = []
    for rollback in finder.find(("rolled_back",)):
        if not changes:
            break
        causes = set(_causes_of(search, rollback.position))
        for change in changes:
            if change.event == rollback.event:
                continue  # the undoing itself touches the file, too
            if rollback.target in (id_text(change.event), change.about or None):
                found.append(UndoneFile(change, rollback, "named"))
            elif id_text(change.event) in causes:
                found.append(UndoneFile(change, rollback, "caused"))
    return found


def history(search: Search, name: str) -> Iterator[LedgerEvent]:
    """Yield all events about one mutation, plan, trait, mission or lesson, oldest first."""
    return search.forwards(about_thing(name))


def relations(
    search: Search, folder: Path, thing: str | None, names: Iterable[str], span: Query
) -> list[Relation]:
    """Return the relations of a thing, or all of these names, oldest first."""
    return RelationFinder(folder, search).find(tuple(names), thing, span)


_ROLES: Mapping[str, Role] = {role_word(role): role for role in Role if role}


def _is_of(change: Relation, persona: str) -> bool:
    role = _ROLES.get(persona)
    return fnmatchcase(change.source, persona) or (role is not None and change.role == role)


def _causes_of(search: Search, position: int) -> Iterator[str]:
    event = search.at(position)
    if event is not None:
        for cause in tell_story(search, event).chain[1:]:
            yield cause.id
