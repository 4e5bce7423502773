"""`molt emit`: write one event into the ledger of a home, from any shell or script.

Owns: its words, and how FIELD=VALUE is read. Does not own: the way there
(`zones/runtime/scribe.py`).
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from Kernel.contract.envelope import ID_BYTES
from Kernel.contract.errors import CodecError, NoLedger, Refused, UsageError
from Kernel.contract.places import HOME_MARK, LEDGER, SCRIBE_SOCKET
from zones.ledger.commands.events import open_search
from zones.ledger.commands.options import ledger_folder
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_causes import find_event
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.scribe import TIMEOUT_S, Scribe

AGENT: Final = "molt emit"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "emit", run, "write an event into the ledger")
    parser.add_argument("kind", metavar="KIND", help="what happened, such as build.finished")
    parser.add_argument(
        "fields", nargs="*", default=[], metavar="FIELD=VALUE", help="of its payload"
    )
    parser.add_argument(
        "--cause", default="", metavar="ID", help="the event that led to it, as molt why takes it"
    )
    parser.add_argument("--agent", default=AGENT, metavar="NAME", help="who writes it")
    parser.add_argument(
        "--level", default="info", choices=("info", "warning", "error"), help="how much it matters"
    )


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    payload = parse_fields(options.fields)
    _need_home(options.home)
    more = {"level": options.level} | (
        {"cause": cause_id(options.home, options.cause)} if options.cause else {}
    )
    with Scribe(options.home, options.agent, TIMEOUT_S) as scribe:
        try:
            emitted = scribe.emit(options.kind, payload, **more)
        except CodecError as error:
            raise Refused(error.message, error.hint or "molt help emit") from error
        finally:
            _tell_refused(scribe)
    if options.json:
        print(json.dumps(emitted._asdict() | {"refused": scribe.refused}))
    elif emitted.waits:
        print(f"{emitted.id}  waits in {options.home}/data/ahead: no archive has answered")
    elif emitted.position is None:
        print(f"{emitted.id}  is in the ledger")
    else:
        print(f"{emitted.id}  #{emitted.position}")
    return 0


def _tell_refused(scribe: Scribe) -> None:
    """Say what became of events that an earlier call has reported as waiting."""
    if scribe.refused:
        print(
            f"{scribe.refused} that waited were refused, kept in {scribe.refused_path}; the last: "
            f"{scribe.refused_why}",
            file=sys.stderr,
        )


def _need_home(home: Path) -> None:
    """Refuse a folder that no kernel has ever been in: the event would wait there for good.

    Raises:
        NoLedger: it is none.
    """
    if not any((home / mark).exists() for mark in (LEDGER, Path("data", HOME_MARK), SCRIBE_SOCKET)):
        raise NoLedger(
            f"cannot write an event into {home}: no kernel has ever run there", "python manifest.py"
        )


def cause_id(home: Path, word: str) -> str:
    """Return the id of the event that `--cause` means; a whole id may be of one that still waits.

    Raises:
        Refused: there is no such event, or several.
        NoLedger: it has to be looked for, and there is no ledger yet.
    """
    if re.fullmatch(f"[0-9a-f]{{{2 * ID_BYTES}}}", word.replace("-", "").lower()):
        return word
    reader = LedgerReader(ledger_folder(home))
    try:
        return find_event(open_search(reader, home), word).id
    finally:
        reader.close()


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def parse_fields(words: list[str]) -> dict[str, Any]:
    """Return the payload; a value is JSON where it reads as JSON, else it is a text.

    Raises:
        UsageError: a word is not FIELD=VALUE, or a field comes twice.
    """
    payload: dict[str, Any] = {}
    for word in words:
        field, equals, text = word.partition("=")
        if not equals or not field:
            raise UsageError(f"cannot use {word[:80]!r}: it takes FIELD=VALUE", "molt help emit")
        if field in payload:
            raise UsageError(
                f"cannot use {word[:80]!r}: the field {field[:40]!r} was given before, it takes "
                "each once",
                "molt help emit",
            )
        try:
            payload[field] = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            payload[field] = text
    return payload
