"""`molt why ID`: recorded causes back to the root, newest first; with --effects what came of it.

Owns: the command and its tree. Does not own: the walk (`zones/runtime/ledger_causes.py`), sentences
(`Kernel/contract/event_words.py`).

With --json one document: {"v", "event", "causes" (the event's cause first, the root last),
"root" (id), "complete", "missing", "circle", "effects" [{"depth", "of", event...}]}.
"""

import argparse
import sys
from typing import Final

from Kernel.contract.event_text import json_text
from Kernel.contract.event_words import grouped, printable
from zones.ledger.commands.event_rows import EventRows, hint, shorten
from zones.ledger.commands.events import gap_lines, open_search
from zones.ledger.commands.options import open_ledger
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_causes import (
    CAUSES_MAX,
    EFFECTS_MAX,
    Effect,
    Story,
    caused_by,
    find_event,
    tell_story,
)
from zones.runtime.ledger_event import LedgerEvent

KIND_WIDTH: Final = 20
INDENT_MAX: Final = 40
SENTENCE_MAX: Final = 400


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "why", run, "what an event was caused by, back to the root")
    parser.add_argument("id", metavar="ID", help="an id or its beginning, a position, a mutation")
    parser.add_argument("--effects", action="store_true", help="what came of it, too")


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    reader = open_ledger(options)
    search = open_search(reader, options.home)
    story = tell_story(search, find_event(search, options.id), options.effects)
    for line in gap_lines(reader.gaps_met):
        hint(line)
    if options.json:
        print(json_text(story.fields()))
        return 0
    rows = EventRows(sys.stdout)
    for line in story_lines(story):
        print(line if rows.width == 0 else fit(line, rows.width))
    if options.effects:
        for line in effect_lines(story):
            print(line if rows.width == 0 else fit(line, rows.width))
    elif search.index is None or caused_by(search, [story.chain[0].envelope.id]):
        # Without an index the whole log would have to be read to know.
        hint("", f"molt why {story.chain[0].position} --effects", options.home)
    if mutation := _mutation(story):
        hint("", f"molt mutation {mutation}", options.home)
    return 0


def _mutation(story: Story) -> str:
    """Return the mutation that an event is about, or that led to it; "" where there is none."""
    named = (event.payload.get("mutation_id") for event in story.chain)
    return next((each for each in named if isinstance(each, str) and each), "")


def story_lines(story: Story) -> list[str]:
    """Return the chain as a tree: the event, below it its cause, and so on."""
    first = story.chain[0]
    lines = [f"#{first.position} {first.time} {first.id}"]
    lines += [_branch(event, depth) for depth, event in enumerate(story.chain)]
    depth = len(story.chain)
    if story.missing:
        lines.append(_end(depth, f"cause {story.missing} is not in the ledger"))
    elif story.circle:
        lines.append(
            _end(depth, f"and that was caused by {story.circle}, which is above: a circle")
        )
    elif story.cut:
        lines.append(_end(depth, f"and so on: only {CAUSES_MAX} causes are followed"))
    elif depth == 1:
        lines.append(_end(depth, "its sender named no cause"))
    return lines


def effect_lines(story: Story) -> list[str]:
    """Return what came of the event as a tree."""
    if not story.effects:
        return ["nothing in the ledger names it as its cause"]
    lines = [f"what came of #{story.chain[0].position}:"]
    lines += [_effect(effect) for effect in story.effects]
    if story.effects_cut:
        lines.append(f"and more: only {EFFECTS_MAX} effects are followed")
    return lines


def fit(line: str, width: int) -> str:
    """Return a line cut to a width; the position at its end stays, it is what is typed next."""
    told, gap, place = line.rpartition("  #")
    end = gap + place
    return shorten(told, max(width - len(end), 0)) + end if gap else shorten(line, width)


def _branch(event: LedgerEvent, depth: int) -> str:
    return _end(depth, _told(event)) if depth else f" {_told(event)}"


def _effect(effect: Effect) -> str:
    return _end(effect.depth, _told(effect.event))


def _end(depth: int, text: str) -> str:
    return " " * min(2 * depth - 1, INDENT_MAX) + "└ " + text


def _told(event: LedgerEvent) -> str:
    tick = "" if event.tick is None else f"  tick {grouped(event.tick)}"
    who, told = printable(event.actor), shorten(event.sentence(), SENTENCE_MAX)
    role = who.partition("-")[0]
    if not told.startswith((f"{who} ", f"{role}: ")):  # many a sentence begins with who acts
        told = f"{who}: {told}"
    return f"{printable(event.kind):<{KIND_WIDTH}} {told}{tick}  #{event.position}"
