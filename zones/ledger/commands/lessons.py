"""`molt lessons [QUERY]`: have we tried this before, and how did it end?

Owns: its words, on a terminal and as JSON. Does not own: the search
(`zones/runtime/lessons/store.py`).
Texts come from models and other programs: nothing in them may steer a terminal.
"""

import argparse
import json
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from Kernel.contract.envelope import id_text
from zones.ledger.commands.event_rows import hint
from zones.ledger.commands.options import ledger_folder, open_ledger
from zones.runtime.command_line import Commands, add_command, whole
from zones.runtime.lessons.embeddings import choose_embedding
from zones.runtime.lessons.store import FOUND_MAX, LessonsStore
from zones.runtime.lessons.tried import Match, Tried, tried_fields

LIMIT: Final = 5
LABEL_WIDTH: Final = 11
COLUMNS_MAX: Final = 100
LINES_MAX: Final = 6
"""Of one text; --json has all of it."""
NONE_YET: Final = (
    "no lessons yet: agents write one (lesson.learned) at the end of a mission, every 100 steps, "
    "and when something failed"
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "lessons", run, "have we tried this before, how did it end")
    parser.add_argument(
        "query", nargs="*", default=[], metavar="QUERY", help="any words, or a lesson's id"
    )
    parser.add_argument(
        "--limit",
        type=whole(1, FOUND_MAX),
        default=LIMIT,
        metavar="N",
        help=f"at most so many ({LIMIT})",
    )
    parser.add_argument("--status", action="store_true", help="what is there, and which model")


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    log = open_ledger(options)
    store = LessonsStore(ledger_folder(options.home), choose_embedding(), log)
    question = " ".join(options.query)
    if options.status:
        status = store.status()
        print(json.dumps(status) if options.json else "\n".join(_status_lines(status)))
        return 0
    tried = _look(store, question, options.limit)
    if options.json:
        print(json.dumps(tried_fields(tried), ensure_ascii=False))
    else:
        print("\n".join(_lines(tried)))
        if tried.matches:
            hint("", f"molt why {tried.matches[0].lesson.position}", options.home)
    log.close()
    return 0


def _look(store: LessonsStore, question: str, limit: int) -> Tried:
    if not question.strip():
        return store.newest(limit)
    return store.named(question.strip()) or store.tried_before(question, limit)


def _lines(tried: Tried) -> Iterator[str]:
    yield _summary(tried)
    for match in tried.matches:
        yield ""
        yield from _match_lines(match)
    if tried.notes:
        yield ""
    yield from (f"note: {note}" for note in tried.notes)


def _summary(tried: Tried) -> str:
    if not tried.lessons:
        return NONE_YET
    of = f"{tried.lessons} lesson{'s' if tried.lessons > 1 else ''}"
    if not tried.question:
        return f"{of}, newest first"
    if not tried.matches:
        return f"not tried before: nothing alike in {of} ({tried.model})"
    if tried.is_known:
        return f"tried before: {sum(match.near for match in tried.matches)} of {of} ({tried.model})"
    tell = "tell" if tried.lessons > 1 else "tells"
    return f"not tried before, as far as {of} {tell}; the nearest ({tried.model}):"


def _match_lines(match: Match) -> Iterator[str]:
    lesson = match.lesson
    yield "  ".join(
        part
        for part in (
            clean(lesson.lesson_id),
            "" if match.similarity is None else f"{match.similarity:.2f} alike",
            lesson.time[:16].replace("T", " "),
            clean(lesson.agent or lesson.zone),
            f"learned {lesson.times} times" if lesson.times > 1 else "",
        )
        if part
    )
    yield from _row("situation", lesson.situation)
    yield from _row("action", lesson.action)
    yield from _row("result", lesson.result)
    yield from _row("feedback", lesson.feedback)
    yield from _row("tags", ", ".join(lesson.tags))
    yield from _row("event", f"{lesson.position}  {id_text(lesson.event_id)}")
    told = [f"{each.position} {each.kind}".strip() for each in match.origins]
    yield from _row("from", ", ".join(told))
    for outcome in match.outcomes:
        yield from _row("ended", f"{outcome.position} {outcome.kind}  {outcome.told}")


def _row(label: str, text: str) -> Iterator[str]:
    """Yield the lines of one value, none for an empty one."""
    width = min(shutil.get_terminal_size().columns, COLUMNS_MAX) - LABEL_WIDTH
    lines = textwrap.wrap(
        clean(text), max(width, 20), max_lines=LINES_MAX, placeholder=" ...", break_on_hyphens=False
    )
    for number, line in enumerate(lines):
        yield f"{'' if number else label:<{LABEL_WIDTH}}{line}"


def clean(text: str) -> str:
    """Return a text in one line without what a terminal would obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _status_lines(status: dict[str, Any]) -> Iterator[str]:
    model = status["model"]
    yield f"{'lessons':<{LABEL_WIDTH}}{status['lessons']}"
    yield f"{'model':<{LABEL_WIDTH}}{model['name']}, {model['dimensions']} numbers a text"
    yield f"{'why':<{LABEL_WIDTH}}{model['why']}"
    yield f"{'vectors':<{LABEL_WIDTH}}{model['embedded']} made, {model['waiting']} waiting"
    if status["in_use"] != model["name"]:
        yield f"{'in use':<{LABEL_WIDTH}}{status['in_use']}, until all are made"
    yield f"{'read':<{LABEL_WIDTH}}events up to {status['upto']} of {status['newest']}"
    if status["dropped"]:
        yield f"{'left':<{LABEL_WIDTH}}{status['dropped']} of the oldest; the log has them"
    if status["unreadable"]:
        yield f"{'bad':<{LABEL_WIDTH}}{status['unreadable']} events that are no lesson"
    yield from (f"note: {note}" for note in status["notes"])
    if model["hint"]:
        yield f"hint: {model['hint']}"
    if not status["lessons"]:
        yield NONE_YET
