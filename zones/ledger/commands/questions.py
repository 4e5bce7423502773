"""`molt decisions`, `conversations`, `rolled-back`, `relations`, `history`: questions.

Owns: the commands and their words. Does not own: what a question means
(`zones/ledger/questions.py`).

With --json one document each: {"v", "agent", "decisions": [event...]}, {"v", "between", "subject",
"messages": [event...]}, {"v", "persona", "files": [...]}, {"v", "relations": [...]}, {"v", "id",
"events": [event...]}.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from Kernel.contract.event_text import VERSION, json_text
from Kernel.contract.event_words import printable
from zones.ledger import questions
from zones.ledger.commands.event_rows import HEAD, EventRows
from zones.ledger.commands.events import SINCE_HELP, open_search, span_query
from zones.ledger.commands.options import ledger_folder, open_ledger
from zones.ledger.questions import UndoneFile
from zones.ledger.relations import RELATIONS, Relation
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_search import Query, Search

Run = Callable[[argparse.Namespace], int]


def add(commands: Commands) -> None:
    """Add the commands."""
    parser = _add(commands, "decisions", _decisions, "every decision of one agent")
    parser.add_argument("agent", metavar="AGENT", help="an id, a pattern of ids, or a role")
    parser = _add(commands, "conversations", _conversations, "what two agents said to each other")
    parser.add_argument("one", metavar="AGENT", help="the id of one")
    parser.add_argument("other", metavar="AGENT", help="the id of the other")
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        nargs="?",
        default="",
        help="a part of what it was about",
    )
    parser = _add(commands, "relations", _relations, "who modified what, what depends on what")
    parser.add_argument(
        "thing", metavar="THING", nargs="?", default=None, help="either end, or what it is about"
    )
    parser.add_argument(
        "--of",
        choices=RELATIONS,
        action="append",
        default=None,
        help="only this one; may stand more than once",
    )
    parser = add_command(commands, "rolled-back", _undone, "files of a persona, later rolled back")
    parser.add_argument("persona", metavar="AGENT", help="an id, a pattern of ids, or a role")
    parser = add_command(commands, "history", _history, "all about one mutation, trait or mission")
    parser.add_argument("id", metavar="ID", help="of a mutation, trait, plan, mission or lesson")


def _add(commands: Commands, name: str, run: Run, help: str) -> argparse.ArgumentParser:
    parser = add_command(commands, name, run, help)
    parser.add_argument("--since", default=None, metavar="WHEN", help=SINCE_HELP)
    parser.add_argument("--until", default=None, metavar="WHEN", help="the same, not behind it")
    return parser


def _search(options: argparse.Namespace) -> tuple[Search, Query]:
    search = open_search(open_ledger(options), options.home)
    since, until = getattr(options, "since", None), getattr(options, "until", None)
    return search, span_query(since, until, Query())


def _decisions(options: argparse.Namespace) -> int:
    search, span = _search(options)
    found = questions.decisions(search, options.agent, span)
    when = " in that time" if options.since or options.until else ""
    empty = f"{options.agent} has decided nothing{when}: agent.decided would say so."
    return _show_events(found, "decisions", {"agent": options.agent}, empty, options)


def _conversations(options: argparse.Namespace) -> int:
    search, span = _search(options)
    found = questions.conversations(search, options.one, options.other, options.subject, span)
    told = {"between": [options.one, options.other], "subject": options.subject or None}
    about = f" about {options.subject!r}" if options.subject else ""
    empty = f"{options.one} and {options.other} have said nothing to each other{about}."
    return _show_events(found, "messages", told, empty, options)


def _history(options: argparse.Namespace) -> int:
    search, _ = _search(options)
    found = questions.history(search, options.id)
    empty = f"No event names {options.id!r}: a mutation, plan, trait, mission or lesson is needed."
    return _show_events(found, "events", {"id": options.id}, empty, options)


def _relations(options: argparse.Namespace) -> int:
    search, span = _search(options)
    folder = ledger_folder(options.home)
    names = options.of or RELATIONS
    found = questions.relations(search, folder, options.thing, names, span)
    if options.json:
        _print({"relations": [each.fields() for each in found]})
    else:
        about = f"of {options.thing!r} " if options.thing else ""
        empty = f"No relation {about}is known: agents and the patcher tell them when they act."
        _show_table([_relation_row(each) for each in found], _RELATION_HEAD, empty)
    return 0


def _undone(options: argparse.Namespace) -> int:
    search, _ = _search(options)
    found = questions.undone_files(search, ledger_folder(options.home), options.persona)
    if options.json:
        _print({"persona": options.persona, "files": [each.fields() for each in found]})
    else:
        empty = f"No file that {options.persona} modified has led to a rollback."
        _show_table([_undone_row(each) for each in found], _UNDONE_HEAD, empty)
    return 0


def _show_events(
    events: Iterable[LedgerEvent],
    key: str,
    told: dict[str, Any],
    empty: str,
    options: argparse.Namespace,
) -> int:
    if options.json:
        _print({**told, key: [event.fields() for event in events]})
        return 0
    rows = EventRows(sys.stdout)
    began = False
    for event in events:
        if not began:
            began = True
            print(HEAD)
        rows.show(event)
    if not began:
        print(empty)
    return 0


_RELATION_HEAD: Final = ("relation", "from", "to", "about", "")
_UNDONE_HEAD: Final = ("file", "agent", "mutation", "modified", "rolled back", "how")


def _relation_row(each: Relation) -> tuple[str, ...]:
    return each.name, each.source, each.target, each.about or "-", f"#{each.position}"


def _undone_row(each: UndoneFile) -> tuple[str, ...]:
    change, rollback = each.modified, each.rolled_back
    places = f"#{change.position}", f"#{rollback.position}"
    return change.target, change.source, change.about or "-", *places, each.how


def _show_table(rows: list[tuple[str, ...]], head: tuple[str, ...], empty: str) -> None:
    if not rows:
        print(empty)
        return
    clean = [head, *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in clean) for column in range(len(head))]
    for row in clean:
        print(
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def _print(fields: dict[str, Any]) -> None:
    print(json_text({"v": VERSION, **fields}))
