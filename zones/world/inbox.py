"""Taking inputs from the inbox ring, each exactly once.

Owns: which inputs are due, their order, what those do that are not about traits. Does not own: the
ring's form (`Kernel/contract/rings.py`), the form of an input (`Kernel/contract/inputs.py`), what
those about traits do (`trait_inputs.py`).

Cursor and bitmap of applied inputs are words of the state block: they flip with the commit, so a
killed attempt has applied nothing. What this process has parsed is kept only as a cache of what
the ring says. An entry that cannot be read, or that the world as it is cannot carry out, is
refused, counted, and told of in an event.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from Kernel.contract import rings
from Kernel.contract.arena import INBOX_WINDOW, NEVER, ArenaWords, Header, State
from Kernel.contract.errors import CodecError, Refused, RingDamaged
from Kernel.contract.inputs import (
    NO_PARAMETER,
    PAUSE,
    REFUSALS,
    RESUME,
    SET_PARAM,
    STEP,
    UNREADABLE,
    Input,
    decode_input,
)
from zones.world import trait_inputs
from zones.world.columns import INPUTS_REFUSED, Buffer, World
from zones.world.parameters import find_parameter
from zones.world.trait_inputs import TRAIT_KINDS
from zones.world.warm import Warmth

RELEASING: Final = (RESUME, STEP)


@dataclass(frozen=True, slots=True)
class Arrived:
    """One entry of the ring as parsed: the input, and why it is refused, if it is.

    Args:
        code: a place in `inputs.REFUSALS`; with `refused` in words.
        last: the last sequence number this entry stands for; beyond `sequence` only where a
            damaged entry hides how many follow it.
        next_offset: virtual offset behind it.
    """

    sequence: int
    last: int
    next_offset: int
    input: Input | None
    refused: str = ""
    code: int = 0

    @property
    def at_tick(self) -> int:
        """First tick at which this may be applied; a refusal is due at once."""
        return self.input.at_tick if self.input is not None else 0


class Inbox:
    """The inbox of one arena as one process reads it."""

    def __init__(self, words: ArenaWords, world: World, warmth: Warmth) -> None:
        self._words = words
        self._world = world
        self._warmth = warmth
        self._ring = words.inbox()
        self._arrived: dict[int, Arrived] = {}
        self._next = 0
        self._next_offset = 0

    def releases(self, tick: int) -> bool:
        """Return whether a resume or step that is due at `tick` waits in the inbox.

        Args:
            tick: the tick after the committed one.
        """
        return any(
            arrived.input is not None and arrived.input.kind in RELEASING
            for arrived in self._due(tick)
        )

    def apply(self, tick: int, new: Buffer, tell: Callable[[Arrived], bool]) -> list[Input]:
        """Apply what is due to the buffer of `tick`, in sequence order.

        Args:
            new: buffer of `tick`, its state block already a copy of the committed one; changed.
            tell: writes the event of an input; False: no room, then this input and all behind it
                stay where they are.

        Returns:
            Those that were carried out.
        """
        done: list[Input] = []
        due = self._due(tick)
        for arrived in due:
            judged = self._judge(arrived, new)
            if not tell(judged):
                break
            if judged.code:
                new.scalars[INPUTS_REFUSED >> 3] += 1
            else:
                assert judged.input is not None
                self.carry_out(judged.input, tick, new)
                done.append(judged.input)
            for sequence in range(arrived.sequence, arrived.last + 1):
                _mark(self._words, tick, sequence, judged.code)
        if due:
            self._advance(tick)
        return done

    def _judge(self, arrived: Arrived, new: Buffer) -> Arrived:
        """Return the entry, refused if the world as it is cannot carry it out."""
        given = arrived.input
        if given is None or given.kind not in TRAIT_KINDS:
            return arrived
        code = trait_inputs.refuse(given, new, self._world.extent.memory_slots)
        return replace(arrived, refused=REFUSALS[code], code=code) if code else arrived

    def carry_out(self, given: Input, tick: int, new: Buffer) -> None:
        """Do what an input says that is not refused; changes `new`."""
        if given.kind in TRAIT_KINDS:
            trait_inputs.carry_out(given, tick, self._world, new, self._warmth)
        else:
            _carry_out(given, tick, new)

    def _due(self, tick: int) -> list[Arrived]:
        """Return what is neither applied in the committed buffer nor due after `tick`."""
        cursor = self._words.state(tick - 1, State.INBOX_CURSOR)
        newest = self._words.get(Header.INBOX_NEXT)
        if cursor >= newest:
            return []
        head = self._words.get(Header.INBOX_HEAD)
        self._parse(cursor, newest, head, self._words.state(tick - 1, State.INBOX_OFFSET))
        return [
            self._arrived[sequence]
            for sequence in sorted(self._arrived)
            if self._arrived[sequence].at_tick <= tick
            and not _is_applied(self._words, tick - 1, sequence)
        ]

    def _parse(self, cursor: int, newest: int, head: int, offset: int) -> None:
        """Read the entries from `cursor` to `newest` that are not parsed yet."""
        for sequence in [known for known in self._arrived if known < cursor]:
            del self._arrived[sequence]
        if self._next < cursor:
            self._next, self._next_offset = cursor, offset
        stop = min(newest, cursor + INBOX_WINDOW)
        while self._next < stop:
            arrived = _read(self._ring, self._next, self._next_offset, head, stop)
            self._arrived[self._next] = arrived
            self._next, self._next_offset = arrived.last + 1, arrived.next_offset

    def _advance(self, tick: int) -> None:
        """Move the cursor of `tick`'s state block over what is applied, clearing its bits."""
        cursor = self._words.state(tick, State.INBOX_CURSOR)
        while (arrived := self._arrived.get(cursor)) is not None and _is_applied(
            self._words, tick, cursor
        ):
            for sequence in range(arrived.sequence, arrived.last + 1):
                _unmark(self._words, tick, sequence)
            cursor = arrived.last + 1
            self._words.put_state(tick, State.INBOX_CURSOR, cursor)
            self._words.put_state(tick, State.INBOX_OFFSET, arrived.next_offset)


def _read(ring: memoryview, sequence: int, offset: int, head: int, stop: int) -> Arrived:
    try:
        entry = rings.read(ring, offset, head, sequence)
    except RingDamaged as damaged:
        # Where the next entry begins is not known either: all there are now are refused.
        return Arrived(sequence, stop - 1, head, None, damaged.message, UNREADABLE)
    try:
        given = decode_input(entry.payload)
        if given.kind == SET_PARAM:
            find_parameter(given.param).check(given.value)
    except CodecError as error:
        return Arrived(sequence, sequence, entry.next_offset, None, error.message, UNREADABLE)
    except Refused as refused:
        return Arrived(sequence, sequence, entry.next_offset, None, refused.message, NO_PARAMETER)
    return Arrived(sequence, sequence, entry.next_offset, given)


def _carry_out(given: Input, tick: int, new: Buffer) -> None:
    hold = State.HOLD_AFTER >> 3
    if given.kind == PAUSE:
        new.scalars[hold] = tick
    elif given.kind == RESUME:
        new.scalars[hold] = -1
    elif given.kind == STEP:
        new.scalars[hold] = tick + max(given.steps, 1) - 1
    else:
        assert given.kind == SET_PARAM, "decode_input knows no other kind"
        new.parameters[find_parameter(given.param).index] = given.value


def is_held(words: ArenaWords, tick: int) -> bool:
    """Return whether the world stands still once `tick` is committed, as its buffer says."""
    hold_after = words.state(tick, State.HOLD_AFTER)
    return hold_after != NEVER and tick >= hold_after


def _bit(sequence: int) -> tuple[int, int]:
    slot = sequence % INBOX_WINDOW
    return State.INBOX_APPLIED + (slot >> 6) * 8, 1 << (slot & 63)


def _is_applied(words: ArenaWords, tick: int, sequence: int) -> bool:
    if sequence < words.state(tick, State.INBOX_CURSOR):
        return True
    place, bit = _bit(sequence)
    return bool(words.state(tick, place) & bit)


def _mark(words: ArenaWords, tick: int, sequence: int, code: int) -> None:
    place, bit = _bit(sequence)
    words.put_state(tick, place, words.state(tick, place) | bit)
    refused = words.buffer_offset(tick) + State.INPUT_REFUSED + sequence % INBOX_WINDOW
    words.memory[refused] = code
    words.put_state(tick, State.APPLIED_AT + 8 * (sequence % INBOX_WINDOW), tick)


def _unmark(words: ArenaWords, tick: int, sequence: int) -> None:
    place, bit = _bit(sequence)
    words.put_state(tick, place, words.state(tick, place) & ~bit)
