"""`molt mutations`: the newest mutations, what they came to, and what they change.

Owns: the command and its table. Does not own: the fold (`zones/agents/mutations.py`).

With --json one document: {"v", "mutations": [{id, trait, version, author, status, stage, reason,
applied_at_tick, effect, ...}]}, oldest first.
"""

import argparse
import shutil
import sys
from typing import Any, Final

from Kernel.contract.event_text import VERSION, json_text
from Kernel.contract.places import LEDGER
from zones.agents.commands.words import NOTHING, age_words, came_to, look, table_lines, verdict
from zones.agents.mutation import STATUSES, Mutation
from zones.agents.mutation_reading import read_mutations
from zones.agents.mutations import RECORDS_MAX
from zones.runtime.command_line import Commands, add_command, whole
from zones.runtime.ledger_reading import opened
from zones.runtime.wall_clock import now_ns

LAST: Final = 20
HEAD: Final = ("id", "trait", "by", "verdict", "effect (95 %), or why not", "when")
NONE_YET: Final = (
    "no mutations yet: agents propose one when the world is in trouble; molt trigger asks them to, "
    "and a file put into mutations/ goes the same way"
)


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "mutations", run, "what was tried, and what it came to")
    parser.add_argument(
        "--status", choices=STATUSES, action="append", default=None, help="only with this status"
    )
    parser.add_argument(
        "--last",
        type=whole(1, RECORDS_MAX),
        default=LAST,
        metavar="N",
        help=f"the newest so many ({LAST})",
    )


def run(options: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    with opened(options.home / LEDGER) as search:
        found = list(read_mutations(search))
    wanted = options.status or STATUSES
    chosen = sorted((each for each in found if each.status in wanted), key=_news)[-options.last :]
    if options.json:
        print(json_text({"v": VERSION, "mutations": [row(each) for each in chosen]}))
        return 0
    if not chosen:
        print(NONE_YET if not found else f"none of {len(found)} mutations has that status")
        return 0
    now = now_ns()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    rows = [_cells(each, now) for each in reversed(chosen)]
    print("\n".join(table_lines(HEAD, rows, width)))
    newest = chosen[-1]
    look(options.home, f"molt mutation {newest.id}", f"molt why {newest.id}")
    return 0


def row(mutation: Mutation) -> dict[str, Any]:
    """Return one as programs read it in a list: without all its effects."""
    told = mutation.fields()
    del told["effects"]
    return told


def _news(mutation: Mutation) -> int:
    return mutation.news


def _cells(mutation: Mutation, now: int) -> tuple[str, ...]:
    age_s = max(now - mutation.time_ns, 0) / 1e9
    return (
        mutation.id,
        mutation.name or NOTHING,
        mutation.author or NOTHING,
        verdict(mutation),
        came_to(mutation),
        age_words(age_s) if mutation.time_ns else NOTHING,
    )
