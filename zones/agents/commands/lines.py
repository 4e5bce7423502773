"""`molt diff ID` and `molt blame TRAIT`: mutations line by line.

Owns: the commands and their words. Does not own: comparing (`zones/agents/blame.py`).

With --json one document each: {"v", "id", "against" (id or None), "diff": [line...], "params":
[{"name", "old", "new"}]}, {"v", "trait", "version", "id", "lines": [{"number", "text", "mutation",
"version", "author", "model", "prompt_hash", "applied_at_tick", "effect"}]}.
"""

import argparse
import shutil
import sys
from typing import Any, Final

from Kernel.contract.errors import Refused
from Kernel.contract.event_text import VERSION, json_text
from Kernel.contract.event_words import grouped, printable
from Kernel.contract.places import LEDGER
from zones.agents.blame import BlamedLine, blame, source_diff
from zones.agents.commands.words import NOTHING, effect_words, look, shorten
from zones.agents.mutation import Mutation
from zones.agents.mutation_reading import (
    find_mutation,
    old_value,
    present_version,
    read_mutations,
    source_of,
    version_before,
)
from zones.runtime.command_line import Commands, add_command
from zones.runtime.ledger_reading import opened
from zones.runtime.ledger_search import Search
from zones.runtime.trait_store import file_name

EFFECT_WIDTH: Final = 34


def add(commands: Commands) -> None:
    """Add the commands."""
    parser = add_command(commands, "diff", run_diff, "what a mutation changed")
    parser.add_argument("id", metavar="ID", help="of a mutation, or its beginning, or Forager_v3")
    parser = add_command(commands, "blame", run_blame, "which mutation each line came in with")
    parser.add_argument("trait", metavar="TRAIT", help="its class, as in a file name, or an id")


def run_diff(options: argparse.Namespace) -> int:
    """Run `molt diff` and return the exit code."""
    with opened(options.home / LEDGER) as search:
        mutations = read_mutations(search)
        mutation = find_mutation(search, mutations, options.id)
        if mutation.params:
            params = [
                {"name": name, "old": old_value(search, mutation, name), "new": value}
                for name, value in sorted(mutation.params.items())
            ]
            before, lines = None, []
        else:
            params = []
            before = version_before(mutations, mutation)
            after = _need_source(search, options, mutation)
            old = "" if before is None else _need_source(search, options, before)
            lines = source_diff(old, after, _title(before), _title(mutation))
    if options.json:
        against = None if before is None else before.id
        told = {"v": VERSION, "id": mutation.id, "against": against, "diff": lines}
        print(json_text({**told, "params": params}))
        return 0
    for each in params:
        old_text = "?" if each["old"] is None else f"{each['old']:g}"
        print(f"{printable(str(each['name']))}  {old_text} → {each['new']:g}")
    for line in lines:
        print(printable(line.expandtabs(4)))
    if not lines and not params:
        print(printable(f"nothing: {mutation.name} is the same as {_title(before)}"))
    look(options.home, f"molt mutation {mutation.id}", f"molt why {mutation.id}")
    return 0


def run_blame(options: argparse.Namespace) -> int:
    """Run `molt blame` and return the exit code."""
    with opened(options.home / LEDGER) as search:
        mutations = read_mutations(search)
        versions = mutations.versions_of(options.trait, file_name)
        if not versions:
            named = find_mutation(search, mutations, options.trait)
            versions = mutations.versions_of(named.trait, file_name)
            present = named
        else:
            present = present_version(versions)
        if not versions or present.params:
            raise Refused(
                f"cannot blame {options.trait[:64]!r}: it is no trait that was ever taken up",
                "molt mutations",
            )
        until = [each for each in versions if each.version <= present.version]
        sources = [(each, source_of(search, options.home, each)) for each in until]
    known = [(each, source) for each, source in sources if source is not None]
    if not known or known[-1][0] is not present:
        raise _no_source(present)
    lines = blame(known)
    if options.json:
        told = {"trait": present.trait, "version": present.version, "id": present.id}
        print(json_text({"v": VERSION, **told, "lines": [_fields(line) for line in lines]}))
        return 0
    _show(lines)
    if len(known) < len(sources):
        missing = ", ".join(each.name for each, source in sources if source is None)
        print(f"without {missing}: nobody has the source any more", file=sys.stderr)
    look(options.home, f"molt diff {present.id}", f"molt mutation {present.id}")
    return 0


def _show(lines: list[BlamedLine]) -> None:
    """Print each line behind the one it came in with; said once for lines that stand together."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    origins = {line.origin.id: _origin(line.origin) for line in lines}
    columns = [max(len(row[column]) for row in origins.values()) for column in range(4)]
    blank = " " * (sum(columns) + 2 * 3)
    before = ""
    for line in lines:
        cells = zip(origins[line.origin.id], columns, strict=True)
        head = "  ".join(f"{cell:<{size}}" for cell, size in cells)
        shown = blank if line.origin.id == before else head
        text = f"{shown} {line.number:>4} │ {printable(line.text.expandtabs(4))}".rstrip()
        print(shorten(text, width) if width else text)
        before = line.origin.id


def _origin(mutation: Mutation) -> tuple[str, ...]:
    who = mutation.model or mutation.author
    prompt = f" {mutation.prompt_hash[:6]}" if mutation.prompt_hash else ""
    tick = NOTHING if mutation.applied_at_tick is None else grouped(mutation.applied_at_tick)
    effect = effect_words(mutation.effect) if mutation.effect else NOTHING
    return (
        f"v{mutation.version} {mutation.id}",
        printable(f"{who}{prompt}"),
        f"tick {tick}",
        shorten(printable(effect), EFFECT_WIDTH),
    )


def _fields(line: BlamedLine) -> dict[str, Any]:
    origin = line.origin
    return {
        "number": line.number,
        "text": line.text,
        "mutation": origin.id,
        "version": origin.version,
        "author": origin.author,
        "model": origin.model,
        "prompt_hash": origin.prompt_hash,
        "applied_at_tick": origin.applied_at_tick,
        "effect": origin.effect,
    }


def _title(mutation: Mutation | None) -> str:
    return "nothing" if mutation is None else f"{mutation.name} ({mutation.id})"


def _need_source(search: Search, options: argparse.Namespace, mutation: Mutation) -> str:
    source = source_of(search, options.home, mutation)
    if source is None:
        raise _no_source(mutation)
    return source


def _no_source(mutation: Mutation) -> Refused:
    return Refused(
        f"cannot show the source of {mutation.name} ({mutation.id}): it is neither in the ledger "
        "nor in data/traits",
        f"molt mutation {mutation.id}",
    )
