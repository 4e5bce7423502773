"""Traits in words: one line for one that came in, one for all of a world in `molt status`.

Owns: these words. Does not own: what is in them (`trait_commands.py`), colour (`render.py`). Pure.
"""

from Kernel.console.values import Fields, fields_of, whole, word

NAMED_MAX = 4
"""So many names of traits stand in `molt status`; `molt trait list` has all."""


def trait_line(result: Fields) -> str:
    """Return which trait an answer is about, and since or until when."""
    what = f"  {word(result, 'name')} v{word(result, 'version')}, {word(result, 'tier')}"
    pending = fields_of(result, "pending")
    if pending:
        return f"{what}, at tick {whole(pending, 'at_tick')}"
    since = "already active since" if result.get("already") is True else "applied at"
    return f"{what}, {since} tick {whole(result, 'applied_at_tick')}"


def trait_facts(traits: list[Fields]) -> list[str]:
    """Return the facts of a line of `molt status`; nothing where a world has no traits.

    An active trait with volatile state is named: what it keeps is lost at each succession; and
    so is one of whose calls half or more had a fault.
    """
    active = [row for row in traits if row.get("status") == "active"]
    if not active:
        return []
    names = [f"{word(row, 'name')} v{word(row, 'version')}" for row in active]
    shown = ", ".join(names[:NAMED_MAX]) + (", …" if len(names) > NAMED_MAX else "")
    native = sum(row.get("tier") == "native" for row in active)
    count = "1 trait" if len(active) == 1 else f"{len(active)} traits"
    facts = [f"{count}: {shown}", f"{native} native"]
    volatile = [word(row, "name") for row in active if row.get("state") == "volatile"]
    if volatile:
        facts.append(f"volatile state, reset at each succession: {', '.join(volatile)}")
    faulty = [word(row, "name") for row in active if _is_faulty(row)]
    if faulty:
        facts.append(f"most calls had a fault: {', '.join(faulty)}")
    return facts


def guard_facts(rows: list[Fields]) -> list[str]:
    """Return the facts of a line of `molt status`; nothing where nothing is under guard."""
    if not rows:
        return []
    shown = [
        f"{word(row, 'trait_name')} v{word(row, 'version')} "
        + ("is taken back" if row.get("leaving") else f"for {whole(row, 'ticks_left')} ticks more")
        for row in rows
    ]
    more = ", …" if len(shown) > NAMED_MAX else ""
    return [f"under guard: {', '.join(shown[:NAMED_MAX])}{more}"]


def _is_faulty(row: Fields) -> bool:
    calls, faults = row.get("calls"), row.get("faults")
    return isinstance(calls, int) and isinstance(faults, int) and 0 < calls <= 2 * faults
