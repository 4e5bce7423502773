"""Finding events of the ledger: by filters, in a span of positions, ticks or time, either way.

Owns: what a query means, and finding what fits by the index and by reading. Does not own: the
grammar of filters (`Kernel/contract/event_filter.py`), causes (`ledger_causes.py`).

Whatever the index offers is held against the whole query again, and what it does not hold yet is
read from the log. So an index that is behind, damaged or missing changes how long a search takes
and never what it finds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from Kernel.contract.envelope import (
    TICK_MAX,
    TIME_NS_MAX,
    Level,
    Role,
    parse_envelope,
    parse_id,
)
from Kernel.contract.errors import CodecError, LedgerDamaged, LedgerError
from Kernel.contract.event_filter import Filter, Since, passes
from Kernel.contract.event_text import level_word, role_word
from zones.runtime.ledger_event import LedgerEvent
from zones.runtime.ledger_file import POSITION_MAX, LedgerReader, PastDamage
from zones.runtime.ledger_index import LedgerIndex

CHUNK: Final = 2048
"""Positions taken from the index at once."""
NAMES_MAX: Final = 400
"""More names that fit a pattern than this are not asked for one by one."""
_RUN_SHARE: Final = 4
"""Positions that lie this close are read in one go, those between them are passed over."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which events are wanted: all of it must hold.

    Args:
        filters: each must pass.
        kinds: any of these kinds or of those below them ("world" means "world.lineage", too);
            None: any.
        first, last: positions, both in it.
        tick_from, tick_to: both in it; an event without a tick is in no span of them.
        time_from_ns, time_to_ns: wall clock at the sender, both in it.
        mentions: a text that stands in the payload as a value of its own; None: any payload.
    """

    filters: tuple[Filter, ...] = ()
    kinds: tuple[str, ...] | None = None
    first: int = 1
    last: int = POSITION_MAX
    tick_from: int | None = None
    tick_to: int | None = None
    time_from_ns: int | None = None
    time_to_ns: int | None = None
    mentions: str | None = None

    def since(self, since: Since | None, now_ns: int) -> "Query":
        """Return it from a point in time on.

        Args:
            now_ns: wall clock, for "so long ago".
        """
        if since is None:
            return self
        if since.tick is not None:
            return replace(self, tick_from=min(since.tick, TICK_MAX))
        if since.position is not None:
            return replace(self, first=max(self.first, since.position))
        return replace(self, time_from_ns=_time_of(since, now_ns))

    def until(self, until: Since | None, now_ns: int) -> "Query":
        """Return it up to a point in time, which is in it; else like `since`."""
        if until is None:
            return self
        if until.tick is not None:
            return replace(self, tick_to=min(until.tick, TICK_MAX))
        if until.position is not None:
            return replace(self, last=min(self.last, until.position))
        return replace(self, time_to_ns=_time_of(until, now_ns))

    def fits(self, event: LedgerEvent) -> bool:
        """Return whether an event is wanted."""
        envelope = event.envelope
        if not self.first <= event.position <= self.last:
            return False
        if not _within(envelope.tick, self.tick_from, self.tick_to):
            return False
        if not _within(envelope.time_ns, self.time_from_ns, self.time_to_ns):
            return False
        if self.kinds is not None and not is_kind_among(envelope.kind, self.kinds):
            return False
        if self.mentions is not None and not _mentions(event.payload, self.mentions):
            return False
        return passes(event, self.filters)


def _time_of(since: Since, now_ns: int) -> int:
    if since.time_s is not None:
        time_ns = int(since.time_s * 1e9)
    else:
        assert since.ago_s is not None, "one of the four is set"
        time_ns = now_ns - int(since.ago_s * 1e9)
    return min(max(time_ns, 0), TIME_NS_MAX)


def is_kind_among(kind: str, kinds: Sequence[str]) -> bool:
    """Return whether a kind is one of these, or below one."""
    return any(kind == each or kind.startswith(f"{each}.") for each in kinds)


class Search:
    """Searches one ledger.

    Args:
        index: None: everything is read.
        past: is told of damage that was gone past; None: LedgerDamaged is raised.
    """

    def __init__(
        self, reader: LedgerReader, index: LedgerIndex | None, past: PastDamage | None = None
    ) -> None:
        self.reader = reader
        self.index = index
        self._past = past

    def forwards(self, query: Query) -> Iterator[LedgerEvent]:
        """Yield what fits, ascending; ends at what is newest when the reading gets there.

        Raises:
            LedgerError: the log cannot be read.
        """
        place = max(query.first, 1)
        offers = _Offers(self, query)
        for chunk in offers.take(place, query.last, back=False):
            yield from self._look_at(chunk, query, back=False)
            place = chunk[-1] + 1
        if self.index is not None and offers.are_all:
            place = max(place, self.index.upto + 1)
        yield from self._read(query, place, query.last, back=False)

    def backwards(self, query: Query) -> Iterator[LedgerEvent]:
        """Yield what fits, newest first.

        Raises:
            LedgerError: the log cannot be read.
        """
        first, last = max(query.first, 1), query.last
        if self.index is not None:
            yield from self._read(query, max(first, self.index.upto + 1), last, back=True)
            last = min(last, self.index.upto)
        offers = _Offers(self, query)
        for chunk in offers.take(first, last, back=True):
            yield from self._look_at(chunk, query, back=True)
            last = chunk[-1] - 1
        if not offers.are_all:
            yield from self._read(query, first, last, back=True)

    def newest(self, query: Query, count: int) -> list[LedgerEvent]:
        """Return at most `count` of the newest that fit, ascending."""
        found: list[LedgerEvent] = []
        if count > 0:
            for event in self.backwards(query):
                found.append(event)
                if len(found) == count:
                    break
        return found[::-1]

    def at(self, position: int) -> LedgerEvent | None:
        """Return the event at a position, None when there is none that can be read."""
        for event in self._events(self.reader.read(position, position, self._past)):
            return event
        return None

    def records(
        self, first: int, last: int = POSITION_MAX, back: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        """Yield positions and records, both ends in it, as they are stored; none in no span."""
        return self._records(first, last, back) if first <= last else iter(())

    def _look_at(self, chunk: list[int], query: Query, back: bool) -> Iterator[LedgerEvent]:
        """Yield those of these positions that fit, in their order."""
        low, high = min(chunk), max(chunk)
        if high - low < _RUN_SHARE * len(chunk):
            wanted = set(chunk)
            records = self._records(low, high, back)
            near = (record for record in records if record[0] in wanted)
        else:
            near = (
                record
                for position in chunk
                for record in self.reader.read(position, position, self._past)
            )
        yield from (event for event in self._events(near) if query.fits(event))

    def _read(self, query: Query, first: int, last: int, back: bool) -> Iterator[LedgerEvent]:
        if first > last:
            return
        needles = _needles(query)
        records = self._records(first, last, back)
        if needles:  # a record without the word is not parsed: five times as fast
            records = (
                record for record in records if all(needle in record[1] for needle in needles)
            )
        yield from (event for event in self._events(records) if query.fits(event))

    def _records(self, first: int, last: int, back: bool) -> Iterator[tuple[int, bytes]]:
        if back:
            return self.reader.read_back(last, first, self._past)
        return self.reader.read(first, last, self._past)

    def _events(self, records: Iterable[tuple[int, bytes]]) -> Iterator[LedgerEvent]:
        for position, record in records:
            try:
                envelope = parse_envelope(record)
            except CodecError as error:
                if self._past is None:
                    raise LedgerDamaged(position, position, error.message) from error
                self._past(LedgerDamaged(position, position, error.message))
            else:
                yield LedgerEvent(position, envelope)


class _Offers:
    """Positions that may fit, from the index; none where it cannot help.

    Attributes:
        are_all: everything the index holds was offered.
    """

    def __init__(self, search: Search, query: Query) -> None:
        self._search = search
        self._query = query
        self.are_all = False

    def take(self, first: int, last: int, back: bool) -> Iterator[list[int]]:
        """Yield them in order. An index that turns out to be damaged is let go."""
        index = self._search.index
        if index is None:
            return
        count = CHUNK // 32
        try:
            narrowed = _narrow(self._query, index)
            while narrowed is not None and first <= last:
                chunk = index.positions(*narrowed, first, last, back, count)
                if not chunk:
                    break
                yield chunk
                first, last = (first, chunk[-1] - 1) if back else (chunk[-1] + 1, last)
                count = min(count * 4, CHUNK)
            self.are_all = narrowed is not None
        except LedgerError:
            self._search.index = None


Meet = Callable[..., None]


def _narrow(query: Query, index: LedgerIndex) -> tuple[str, list[Any]] | None:
    """Return a condition that all fitting events meet in the index, None when it has none."""
    words: list[str] = []
    values: list[Any] = []

    def meet(word: str, *found: Any) -> None:
        words.append(word)
        values.extend(found)

    names = index.names() if _asks_names(query) else []
    if query.kinds is not None:
        kinds = query.kinds
        _among(meet, "kind", [each for each, text in names if is_kind_among(text, kinds)])
    for each in query.filters:
        if not each.negated:
            _narrow_by(each, names, meet)
    for column, low, high in (
        ("tick", query.tick_from, query.tick_to),
        ("time", query.time_from_ns, query.time_to_ns),
    ):
        if low is not None:
            meet(f"{column} >= ?", low)
        if high is not None:
            meet(f"{column} <= ?", high)
    return (" AND ".join(words), values) if words else None


def _asks_names(query: Query) -> bool:
    fields = {each.field for each in query.filters if not each.negated}
    return query.kinds is not None or bool(fields & {"kind", "zone", "agent"})


def _narrow_by(each: Filter, names: list[tuple[int, str]], meet: Meet) -> None:
    """Add what a filter says about the index's columns, if it says anything."""
    if each.field in ("kind", "zone", "agent"):
        fitting = [number for number, text in names if each.accepts(text)]
        _among(meet, each.field, fitting, "about" if each.field == "zone" else "")
    elif each.field == "level":
        _among(meet, "level", [int(one) for one in Level if each.accepts(level_word(one))])
    elif each.field == "role":
        _among(meet, "role", [int(one) for one in Role if each.accepts(role_word(one) or None)])
    elif each.field in ("tick", "position"):
        bounds = each.bounds or _number(each.pattern)
        if bounds is not None:
            meet(f"{each.field} >= ?", min(bounds[0], POSITION_MAX))
            if bounds[1] is not None:
                meet(f"{each.field} <= ?", min(bounds[1], POSITION_MAX))
    elif each.field in ("cause", "id", "trace") and each.is_exact:
        try:
            meet(f"{each.field} = ?", parse_id(each.pattern))
        except CodecError:
            meet("0")


def _number(pattern: str) -> tuple[int, int] | None:
    return (int(pattern),) * 2 if pattern.isascii() and pattern.isdecimal() else None


def _among(meet: Meet, column: str, numbers: list[int], other: str = "") -> None:
    if len(numbers) <= NAMES_MAX:
        among = f"IN ({', '.join(map(str, numbers))})"
        meet(f"({column} {among} OR {other} {among})" if other else f"{column} {among}")


def _needles(query: Query) -> list[bytes]:
    """Return words that stand in every record that fits."""
    needles = [
        each.pattern.encode()
        for each in query.filters
        if each.field in ("kind", "zone", "agent") and each.is_exact and not each.negated
    ]
    if query.kinds is not None and len(query.kinds) == 1:
        needles.append(query.kinds[0].encode())
    if query.mentions:
        needles.append(query.mentions.encode())
    return needles


def _mentions(payload: Mapping[str, Any], text: str) -> bool:
    return any(
        value == text or (isinstance(value, list) and text in value) for value in payload.values()
    )


def _within(value: int | None, low: int | None, high: int | None) -> bool:
    if low is None and high is None:
        return True
    if value is None:
        return False
    return (low is None or low <= value) and (high is None or value <= high)
