"""`molt emit`: write one event into the ledger of a home, from any shell or script.

Owns: its words, and how FIELD=VALUE is read. Does not own: the way there
(`zones/runtime/scribe.py`).
"""

import argparse
import json
from typing import Any, Final

from Kernel.contract.errors import UsageError
from zones.ledger.commands.options import Commands, add_command
from zones.runtime.scribe import TIMEOUT_S, Scribe

AGENT: Final = "molt emit"


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "emit", run, "write an event into the ledger")
    parser.add_argument("kind", metavar="KIND", help="words with dots, such as build.finished")
    parser.add_argument("fields", nargs="*", metavar="FIELD=VALUE", help="of its payload")
    parser.add_argument("--cause", default="", metavar="ID", help="the event that led to it")
    parser.add_argument("--agent", default=AGENT, metavar="NAME", help="who writes it")
    parser.add_argument("--level", default="info", choices=("info", "warning", "error"))


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    payload = parse_fields(options.fields)
    more = {"level": options.level} | ({"cause": options.cause} if options.cause else {})
    with Scribe(options.home, options.agent, TIMEOUT_S) as scribe:
        emitted = scribe.emit(options.kind, payload, **more)
    if options.json:
        print(json.dumps(emitted._asdict()))
    elif emitted.waits:
        print(f"{emitted.id}  waits in {options.home}/data/ahead: no archive has answered")
    elif emitted.position is None:
        print(f"{emitted.id}  is in the ledger")
    else:
        print(f"{emitted.id}  #{emitted.position}")
    return 0


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
        if not equals or not field or field in payload:
            raise UsageError(f"cannot use {word[:80]!r}: it takes FIELD=VALUE, each field once")
        try:
            payload[field] = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            payload[field] = text
    return payload
