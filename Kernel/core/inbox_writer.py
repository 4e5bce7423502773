"""The kernel's end of an arena's inbox: sending inputs, keeping those for a later tick.

Owns: how many inputs may be under way, numbering, what waits for a later tick, whether one was
applied. Does not own: what an input does (`zones/world/inbox.py`), who may send it
(`Kernel/console`), how entries lie in the ring (`Kernel/contract/rings.py`).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from Kernel.contract import rings
from Kernel.contract.arena import INBOX_WINDOW, ArenaWords, Header, Side, State
from Kernel.contract.errors import Refused, RingDamaged, RingFull
from Kernel.contract.inputs import SAFETY_KINDS, Input

AHEAD_NS = 2_000_000_000
AHEAD_TICKS_MIN = 64
"""An input goes into the inbox when its tick is this near: long before it, and for a short time."""
LATER_MAX = 256


@dataclass(slots=True)
class Ticket:
    """An input that was asked for; `sequence` is None while the kernel keeps it for later."""

    input: Input
    sequence: int | None = None


class InboxWriter:
    """Writes the inbox of one arena. Its own counts decide; the words in the arena only tell.

    Args:
        zone: for messages.
        knock: tells the active process to look.

    Attributes:
        causes: the generation that serves can read the cause of an input.
    """

    def __init__(
        self, zone: str, words: ArenaWords, side: memoryview, knock: Callable[[], None]
    ) -> None:
        self._zone = zone
        self._words = words
        self._side = side
        self._knock = knock
        self.causes = True
        self._next = 0
        self._head = 0
        self._later: list[Ticket] = []
        self._recent: deque[Ticket] = deque(maxlen=INBOX_WINDOW)
        self._find_end()
        self._first = self._next

    @property
    def left(self) -> bool:
        """Whether inputs that were there before this writer are not taken yet."""
        return self._state(State.INBOX_CURSOR) < self._first

    def post(self, input_: Input) -> Ticket:
        """Send an input to the world, or keep it until shortly before its tick.

        An input that waits in the inbox for a late tick would hold a place of the window, and all
        behind it theirs: kept here, it holds up nobody. What is kept ends with this kernel.

        Raises:
            Refused: no room for it; the message says which limit was met.
        """
        ticket = Ticket(input_)
        if input_.at_tick <= self._tick() + self._ahead_ticks():
            self._send(ticket)
        elif len(self._later) >= LATER_MAX:
            raise Refused(
                f"cannot keep {input_.kind} for tick {input_.at_tick}: "
                f"{LATER_MAX} inputs already wait for a later tick",
                "molt status",
            )
        else:
            self._later.append(ticket)
        self._recent.append(ticket)
        return ticket

    def _ahead_ticks(self) -> int:
        period_ns = max(self._words.get(Header.PERIOD_NS), 1)
        return max(AHEAD_TICKS_MIN, AHEAD_NS // period_ns)

    def _send(self, ticket: Ticket) -> None:
        """Put an input into the inbox. The kernel's own count decides, the words only tell."""
        words, input_ = self._words, ticket.input
        safety = input_.kind in SAFETY_KINDS
        waiting = self._next - self._state(State.INBOX_CURSOR)
        room = INBOX_WINDOW if safety else INBOX_WINDOW * 3 // 4
        inbox = words.inbox()
        keep = 0 if safety else len(inbox) // 4
        try:
            if waiting >= room:
                raise RingFull(f"{waiting} inputs wait, the limit is {room}")
            if not safety and self.is_archive_behind():
                raise RingFull("the archive is behind with storing what the world has told")
            oldest = self._state(State.INBOX_OFFSET)
            head = self._head
            payload = (input_ if self.causes else replace(input_, cause=b"")).encode()
            head = rings.append(inbox, head, oldest, self._next, payload, keep)
        except RingFull as error:
            raise Refused(
                f"cannot send {input_.kind} to {self._zone}: {error}", "molt status"
            ) from error
        ticket.sequence = self._next
        self._head, self._next = head, self._next + 1
        words.put(Header.INBOX_HEAD, self._head)
        words.put(Header.INBOX_NEXT, self._next)
        self._knock()

    def is_archive_behind(self) -> bool:
        """Tell whether the outbox has no more room than the quarter that is kept for safety."""
        return self.unstored_bytes() >= len(self._words.outbox()) * 3 // 4

    def unstored_bytes(self) -> int:
        """Return how much of the outbox the archive has not stored yet."""
        side = self._side[Side.OUTBOX_ACKED_OFFSET : Side.OUTBOX_ACKED_OFFSET + 8]
        unstored = self._state(State.OUTBOX_HEAD) - int.from_bytes(side, "little")
        return min(max(unstored, 0), len(self._words.outbox()))  # whatever a world says

    def send_later_ones(self) -> None:
        """Send what was kept and is due soon; what finds no room is tried again."""
        if not self._later:
            return
        soon = self._tick() + self._ahead_ticks()
        for ticket in [each for each in self._later if each.input.at_tick <= soon]:
            try:
                self._send(ticket)
            except Refused:
                return
            self._later.remove(ticket)

    def _find_end(self) -> None:
        """Learn where the inbox ends from its entries: a kernel may have died between two words."""
        words = self._words
        inbox = words.inbox()
        sequence = self._state(State.INBOX_CURSOR)
        offset = self._state(State.INBOX_OFFSET)
        last = min(words.get(Header.INBOX_NEXT), sequence + INBOX_WINDOW)
        while sequence < last:
            try:
                offset = rings.read(inbox, offset, offset + len(inbox), sequence).next_offset
            except RingDamaged:
                break
            sequence += 1
        self._next, self._head = sequence, offset
        words.put(Header.INBOX_HEAD, offset)
        words.put(Header.INBOX_NEXT, sequence)

    def applied_at(self, ticket: Ticket) -> int | None:
        """Return the tick at which an input was applied, None while it is not."""
        if ticket.sequence is None:
            return None
        return self._words.input_applied_at(self._tick(), ticket.sequence)

    def refusal(self, ticket: Ticket) -> int:
        """Return why an input that was applied has changed nothing (`REFUSALS`), 0: it has."""
        if ticket.sequence is None:
            return 0
        return self._words.input_refusal(self._tick(), ticket.sequence)

    def awaits(self, *kinds: str) -> bool:
        """Tell whether an input of these kinds is on its way to the very next tick."""
        return any(
            ticket.sequence is not None
            and ticket.input.kind in kinds
            and ticket.input.at_tick <= self._tick() + 1
            and ticket.sequence >= self._state(State.INBOX_CURSOR)
            and self.applied_at(ticket) is None
            for ticket in self._recent
        )

    def waiting(self) -> list[Input]:
        """Return the inputs that were asked for and are not applied yet, soonest first."""
        cursor = self._state(State.INBOX_CURSOR)
        sent = [
            ticket.input
            for ticket in self._recent
            if ticket.sequence is not None
            and ticket.sequence >= cursor
            and self.applied_at(ticket) is None
        ]
        waiting = [*sent, *(ticket.input for ticket in self._later)]
        return sorted(waiting, key=lambda input_: input_.at_tick)

    def _tick(self) -> int:
        return self._words.get(Header.COMMIT)

    def _state(self, offset: int) -> int:
        return self._words.state(self._tick(), offset)
