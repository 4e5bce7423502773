"""Why something happened: recorded causes back to the root, and effects forward.

Owns: finding the event that a word means, walking causes and effects with limits. Does not own: the
index (`ledger_index.py`), sentences (`Kernel/contract/event_words.py`), how a walk is shown.

Only what a sender wrote into `cause` counts; nothing is inferred from time. A chain may end in a
cause that is not in the ledger, or bite its own tail (senders are not trusted): both are said.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from Kernel.contract.envelope import ID_BYTES, Envelope, parse_envelope
from Kernel.contract.errors import CodecError, LedgerDamaged, LedgerError, Refused
from Kernel.contract.event_text import VERSION
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import POSITION_MAX
from zones.runtime.ledger_search import Query, Search

CAUSES_MAX: Final = 256
EFFECTS_MAX: Final = 200
PREFIX_MIN: Final = 4
"""Hexadecimal digits that are taken for the beginning of an id."""
MUTATION: Final = "mut_"
MUTATION_MIN: Final = 6
"""Characters that are taken for the beginning of a mutation's id."""
SHOWN_MAX: Final = 5
MENTIONS: Final = ("mutation", "evolution", "mission", "agent", "lesson", "trait")
"""Families of kinds whose payloads name mutations, plans, traits, missions and lessons."""
_ID_AT: Final = slice(3, 3 + ID_BYTES)
_ID_HEADS: Final = tuple(b"%c\xc4\x10" % size for size in range(0x98, 0x9E))
"""How a record begins: an array of 8 to 13, then 16 bytes."""
_POSITION: Final = re.compile(r"#?([0-9]{1,19})")
_VERSION: Final = re.compile(r"(\w+)_v([1-9][0-9]{0,8})")
_DIGITS: Final = re.compile(r"[0-9a-fA-F]{1,32}")


@dataclass(frozen=True, slots=True)
class Effect:
    """An event that another one caused.

    Args:
        depth: 1 for what the first one caused itself.
        of: id of its cause.
    """

    event: LedgerEvent
    depth: int
    of: str


@dataclass(frozen=True, slots=True)
class Story:
    """Why an event happened, and what came of it.

    Args:
        chain: the event, its cause, the cause of that, ...: newest first, the root last.
        missing: id of the cause at the end of the chain that is not in the ledger, or "".
        circle: id of the cause that is in the chain already, or "".
        cut: the chain goes on behind CAUSES_MAX events.
        effects: depth first, each under its cause; at most EFFECTS_MAX.
        effects_cut: there are more.
    """

    chain: tuple[LedgerEvent, ...]
    missing: str = ""
    circle: str = ""
    cut: bool = False
    effects: tuple[Effect, ...] = ()
    effects_cut: bool = False

    def fields(self) -> dict[str, Any]:
        """Return it as programs read it."""
        return {
            "v": VERSION,
            "event": self.chain[0].fields(),
            "causes": [event.fields() for event in self.chain[1:]],
            "root": self.chain[-1].id,
            "complete": not (self.missing or self.circle or self.cut),
            "missing": self.missing or None,
            "circle": self.circle or None,
            "effects": [
                {"depth": effect.depth, "of": effect.of} | effect.event.fields()
                for effect in self.effects
            ],
            "effects_complete": not self.effects_cut,
        }


def find_event(search: Search, word: str) -> LedgerEvent:
    """Return the event a word means.

    A position (17 or #17), an id, the unique beginning of one, or the id of a mutation, plan,
    mission, lesson, or the name of a trait: then the newest event about it.

    Raises:
        Refused: there is none, or several ids begin so.
        LedgerError: the log cannot be read.
    """
    text = word.strip()
    number = _POSITION.fullmatch(text)
    if number is not None and int(number[1]) <= POSITION_MAX:
        event = search.at(int(number[1]))
        if event is not None or text.startswith("#"):
            return _need(event, text, search)
    digits = text.replace("-", "")
    if _DIGITS.fullmatch(digits) is not None and len(digits) >= PREFIX_MIN:
        found = find_ids(search, digits.lower())
        if len(found) > 1:
            places = ", ".join(f"#{each.position}" for each in found[:SHOWN_MAX])
            more = " and more" if len(found) > SHOWN_MAX else ""
            raise Refused(
                f"cannot tell which event {text[:40]!r} is: {places}{more}",
                f"molt why {found[0].position}",
            )
        if found:
            return found[0]
    about = search.newest(about_thing(text), 1) or _of_mutation(search, text)
    return _need(about[0] if about else None, text, search)


def _of_mutation(search: Search, text: str) -> list[LedgerEvent]:
    """Return the newest event about a version, as Forager_v3, or the mutation whose id begins so.

    Raises:
        Refused: several begin so.
    """
    version = _VERSION.fullmatch(text)
    if version is not None:
        its = Query(kinds=("mutation",), mentions=version[1])
        wanted = int(version[2])
        events = (e for e in search.backwards(its) if e.payload.get("version") == wanted)
        return list(islice(events, 1))
    if not text.startswith(MUTATION) or len(text) < MUTATION_MIN:
        return []
    found: dict[str, LedgerEvent] = {}
    for event in search.backwards(Query(kinds=("mutation",))):
        mutation = event.payload.get("mutation_id")
        if isinstance(mutation, str) and mutation.startswith(text):
            found.setdefault(mutation, event)
    if len(found) > 1:
        several = ", ".join(list(found)[:SHOWN_MAX])
        raise Refused(
            f"cannot tell which mutation {text[:40]!r} is: {several}", f"molt why {min(found)}"
        )
    return list(found.values())


def about_thing(name: str) -> Query:
    """Return the query for all events about one mutation, plan, trait, mission or lesson."""
    return Query(kinds=MENTIONS, mentions=name)


def find_ids(search: Search, digits: str, near: int = 0) -> list[LedgerEvent]:
    """Return the events whose id begins with these digits, at most SHOWN_MAX + 1.

    Of a whole id it is one at most, should a sender have used it twice.

    Args:
        near: a whole id is looked for from this position back, and only then behind it.

    Raises:
        LedgerError: the log cannot be read.
    """
    is_whole = len(digits) == 2 * ID_BYTES
    count = 1 if is_whole else SHOWN_MAX + 1
    positions, first = [], 1
    if search.index is not None:
        try:
            positions = search.index.find_id(digits, count)
            first = search.index.upto + 1
        except LedgerError:
            search.index = None
    if is_whole and not positions:
        positions = _find_whole(search, bytes.fromhex(digits), first, near)
    elif len(positions) < count:
        begins = bytes.fromhex(digits[: len(digits) // 2 * 2])
        for position, record in search.records(first):
            event_id = _id_of(record)
            if event_id.startswith(begins) and event_id.hex().startswith(digits):
                positions.append(position)
                if len(positions) == count:
                    break
    return [event for event in map(search.at, positions) if event is not None]


def _find_whole(search: Search, event_id: bytes, first: int, near: int) -> list[int]:
    """Return where an id is, read from the log: a cause is nearly always a little before."""
    for records in (search.records(first, near, back=True), search.records(max(first, near + 1))):
        for position, record in records:
            if _id_of(record) == event_id:
                return [position]
    return []


def tell_story(search: Search, event: LedgerEvent, effects: bool = False) -> Story:
    """Return why an event happened.

    Args:
        effects: tell what came of it, too.

    Raises:
        LedgerError: the log cannot be read.
    """
    chain = [event]
    seen = {event.id}
    missing = circle = ""
    cut = False
    while cause := chain[-1].cause:
        if cause in seen:
            circle = cause
            break
        if len(chain) == CAUSES_MAX:
            cut = True
            break
        found = find_ids(search, cause.replace("-", ""), chain[-1].position)
        if not found:
            missing = cause
            break
        chain.append(found[0])
        seen.add(cause)
    told, more = _effects(search, event) if effects else ((), False)
    return Story(tuple(chain), missing, circle, cut, told, more)


def _effects(search: Search, event: LedgerEvent) -> tuple[tuple[Effect, ...], bool]:
    """Return what came of an event, level by level found, depth first told."""
    under: dict[str, list[LedgerEvent]] = {}
    seen = {event.id}
    level = [event]
    count, more = 0, False
    while level and not more:
        found = []
        for effect in caused_by(search, {each.envelope.id for each in level}):
            if effect.id in seen:
                continue
            if count == EFFECTS_MAX:
                more = True
                break
            seen.add(effect.id)
            under.setdefault(effect.cause or "", []).append(effect)
            found.append(effect)
            count += 1
        level = found
    return tuple(_told(under, event.id)), more


def _told(under: dict[str, list[LedgerEvent]], root: str) -> Iterator[Effect]:
    waiting = [Effect(event, 1, root) for event in reversed(under.get(root, []))]
    while waiting:
        effect = waiting.pop()
        yield effect
        its = under.get(effect.event.id, [])
        waiting += [Effect(event, effect.depth + 1, effect.event.id) for event in reversed(its)]


def caused_by(search: Search, causes: Iterable[bytes]) -> list[LedgerEvent]:
    """Return the events that name one of these ids as their cause, ascending.

    At most EFFECTS_MAX + 1 of each, and of those that are not indexed.

    Raises:
        LedgerError: the log cannot be read.
    """
    wanted = set(causes)
    positions: list[int] = []
    first = 1
    if search.index is not None:
        try:
            for cause in wanted:
                positions += search.index.caused_by(cause, EFFECTS_MAX + 1)
            first = search.index.upto + 1
        except LedgerError:
            search.index, positions = None, []
    extra = 0
    for position, record in search.records(first):
        envelope = _parsed(record)
        if envelope is not None and envelope.cause in wanted:
            positions.append(position)
            extra += 1
            if extra > EFFECTS_MAX:
                break
    return [event for event in map(search.at, sorted(positions)) if event is not None]


def _parsed(record: bytes) -> Envelope | None:
    try:
        return parse_envelope(record)
    except CodecError:
        return None


def _id_of(record: bytes) -> bytes:
    if record.startswith(_ID_HEADS):
        return record[_ID_AT]
    envelope = _parsed(record)  # the same thing said in other bytes
    return b"" if envelope is None else envelope.id


def _need(event: LedgerEvent | None, text: str, search: Search) -> LedgerEvent:
    if event is None:
        oldest, newest = search.reader.oldest, search.reader.newest
        number = _POSITION.fullmatch(text)
        if number is not None and 1 <= int(number[1]) <= newest:
            raise _not_there(int(number[1]), search)
        raise Refused(
            f"cannot find {text[:64]!r} in the ledger: no position from {oldest} to {newest}, no "
            f"id that begins so with {PREFIX_MIN} digits or more, and no mutation, mission, trait "
            "or lesson of that name",
            "molt events --last 20",
        )
    return event


def _not_there(position: int, search: Search) -> LedgerError:
    """Return why a position that was given holds no event."""
    for gap in search.reader.gaps():
        if gap.first <= position <= gap.last:
            return LedgerError(f"cannot show event {position}: there is none: {gap.why}")
    why = "it is missing, or not what was appended"
    return LedgerDamaged(position, position, why)
