"""The archive's end of the user bus: events of bus zones and of the kernel, into the next batch.

Owns: who may connect, what a sender's numbers mean, what is stored, dropped, refused, and what is
answered. Does not own: sockets (`connection.py`), followers (`followers.py`), the transaction
(`batch.py`), the messages (`Kernel/contract/user_bus.py`).

Who speaks is known from the endpoint and not from what is said. Of an event the header, kind and
size are looked at; its payload is its sender's business: validated and redacted there, opaque here.
An event that can never be stored leaves an `archive.refused` in its place, so numbers stay without
holes and a refusal is on record. Duplicates of (zone, epoch, number) are dropped and acknowledged.
"""

import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from structlog.typing import FilteringBoundLogger

from Kernel.contract.envelope import parse_envelope
from Kernel.contract.errors import CodecError, LedgerError
from Kernel.contract.kinds import KINDS
from Kernel.contract.user_bus import (
    MESSAGE_BYTES_MAX,
    PROTOCOL,
    Follow,
    FromSender,
    Hello,
    Put,
    Rejected,
    Standing,
    Stored,
    Welcome,
)
from zones.ledger.batch import Batch
from zones.ledger.connection import BUFFER_BYTES, Connection, Gone
from zones.ledger.followers import Followers
from zones.ledger.holding import Holding
from zones.ledger.outbox_start import gap_payload
from zones.ledger.own_events import OwnEvents
from zones.ledger.poller import READ, Poller
from zones.ledger.rate_limit import TokenBucket

TURN_BYTES_MAX: Final = 2 * MESSAGE_BYTES_MAX
"""Of one connection in one turn: whoever floods waits for the turn of all others."""
SHARE_OF_ONE: Final = 4
"""One endpoint has at most one in so many of all connections, and never fewer than so many.
Followers are counted apart, with the same limits: they must not keep a sender out."""
SILENT_S: Final = 2.0
"""Who has said nothing for so long after it connected gives way when there is no room."""
JUMPS_BURST: Final = 16
JUMPS_RATE: Final = 0.1
"""Of one endpoint, numbers left out: so many at once and so many a second have an event and a line
of the log each. Whoever leaves out more is hung up on before anything is settled, and comes again:
an honest sender loses nothing, and a mad one cannot fill the ledger."""
ACCEPTED_MAX: Final = 8
"""Connections accepted at an endpoint in one turn."""
SENDABLE: Final = frozenset(name for name in KINDS if not name.startswith("archive."))
"""Kinds that others may send: nobody speaks as the archive."""
SHOWN_BYTES: Final = 256


class Sender:
    """One life of a sender, whatever connection it speaks by.

    Attributes:
        next: the number that comes next.
        stored: everything up to this one is on disk.
        connections: how many speak for it.
    """

    __slots__ = ("connections", "epoch", "next", "stored", "zone")

    def __init__(self, zone: str, epoch: bytes, stored: int) -> None:
        self.zone = zone
        self.epoch = epoch
        self.next = stored + 1
        self.stored = stored
        self.connections = 0


class BusServer:
    """All endpoints and connections of the user bus.

    Args:
        listeners: listening SEQPACKET sockets by whose they are.
        stored: what the log holds of a sender by zone and epoch; raises LedgerError.
        newest: the newest position.
        own: makes the archive's own events.
        connections_max: how many may be there at once that do not follow, and that do.
        now_s: monotonic seconds.

    Attributes:
        counts: of what was stored, dropped, refused, for people.
    """

    def __init__(
        self,
        listeners: Mapping[str, int],
        poller: Poller,
        stored: Callable[[str, bytes], int],
        newest: Callable[[], int],
        followers: Followers,
        own: OwnEvents,
        connections_max: int,
        now_s: Callable[[], float],
        log: FilteringBoundLogger,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._complaints: Counter[tuple[str, str]] = Counter()
        self._poller = poller
        self._stored = stored
        self._newest = newest
        self._followers = followers
        self._own = own
        self._connections_max = connections_max
        self._share = max(connections_max // SHARE_OF_ONE, SHARE_OF_ONE)
        self._now_s = now_s
        self._log = log
        self._buffer = bytearray(BUFFER_BYTES)
        self._standing = Standing("")
        self._connections: dict[int, Connection] = {}
        self._jumps: dict[str, TokenBucket] = {}
        self._silent: dict[Connection, float] = {}  # since when, oldest first
        self._sender_of: dict[Connection, Sender] = {}
        self._senders: dict[tuple[str, bytes], Sender] = {}
        self._ready: list[int] = []
        self._turn = 0
        self._holding = Holding()
        self._listeners: dict[str, socket.socket] = {}
        for zone, descriptor in listeners.items():
            listener = socket.socket(fileno=os.dup(descriptor))
            listener.setblocking(False)
            self._listeners[zone] = listener
            poller.add(listener.fileno(), READ, self._accepter(zone, listener))

    def facts(self) -> dict[str, Any]:
        """Return what status shows."""
        return {
            "connections": len(self._connections),
            "followers": len(self._followers),
            "held": dict(self._holding.rates),
            **dict(self.counts),
        }

    def collect(self, batch: Batch) -> bool:
        """Put what has come in into the batch; True: there may be more."""
        self._holding.wake(self._now_s())
        if not self._ready:
            return False
        ready = self._ready[:]
        self._ready.clear()  # in place: each connection has this list's append
        self._turn += 1
        start = self._turn % len(ready)  # else the first would always have the batch's room
        more = False
        for fd in (*ready[start:], *ready[:start]):
            connection = self._connections.get(fd)
            if connection is not None:
                more |= self._read(connection, batch)
        return more

    def hold(self, rates: Mapping[str, int]) -> None:
        """Take at most so many events a second of these zones, and of others all there are."""
        self._holding.hold(rates, self._now_s())

    def stand(self, why: str, hint: str = "") -> None:
        """Tell every sender that nothing can be stored at present, or (with "") that it can."""
        standing = Standing(why[:1000], hint[:1000])
        if standing != self._standing:
            self._standing = standing
            for connection in self._sender_of:
                connection.say(standing)

    def accept_waiting(self) -> None:
        """Accept who waits, so that they hear how the archive is while it cannot read on."""
        for zone, listener in self._listeners.items():
            self._accept(zone, listener)

    def close(self) -> None:
        """Hang up on all."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        for listener in self._listeners.values():
            self._poller.drop(listener.fileno())
            listener.close()

    # Connections.

    def _accepter(self, zone: str, listener: socket.socket) -> Callable[[int], None]:
        return lambda _events: self._accept(zone, listener)

    def _accept(self, zone: str, listener: socket.socket) -> None:
        for _ in range(ACCEPTED_MAX):
            try:
                sock, _ = listener.accept()
            except OSError:  # nobody waits any more, or there is no descriptor for him
                return
            if not self._has_room(zone):
                self.counts["turned_away"] += 1
                sock.close()
                continue
            connection = Connection(zone, sock, self._poller, self._ready.append)
            self._connections[connection.fd] = connection
            self._silent[connection] = self._now_s()
            if self._standing.why:
                connection.say(self._standing)

    def _has_room(self, zone: str) -> bool:
        """Return whether one more of an endpoint may come; who has said nothing gives way to it."""
        here = [
            each
            for each in self._connections.values()
            if each in self._sender_of or each not in self._followers
        ]
        share_is_used = sum(each.zone == zone for each in here) >= self._share
        if not share_is_used and len(here) < self._connections_max:
            return True
        long_ago_s = self._now_s() - SILENT_S
        for each, since_s in self._silent.items():
            if since_s <= long_ago_s and (each.zone == zone or not share_is_used):
                self.counts["gave_way"] += 1
                self._drop(each)
                return True
        return False

    def _drop(self, connection: Connection) -> None:
        del self._connections[connection.fd]
        self._holding.forget(connection)
        self._silent.pop(connection, None)
        self._leave(connection)
        self._followers.drop(connection)
        connection.close()

    def _leave(self, connection: Connection) -> None:
        """End that a connection speaks for a sender."""
        sender = self._sender_of.pop(connection, None)
        if sender is not None:
            sender.connections -= 1
            self._forget(sender)

    def _forget(self, sender: Sender) -> None:
        """Forget a sender that nobody speaks for and of whom all is stored: the log knows it."""
        if not sender.connections and sender.next == sender.stored + 1:
            self._senders.pop((sender.zone, sender.epoch), None)

    def _read(self, connection: Connection, batch: Batch) -> bool:
        """Read one connection's share of a turn; True: it may have more."""
        before = batch.size_bytes
        if connection in self._sender_of and not self._holding.may_be_read(
            connection, self._now_s()
        ):
            return False
        try:
            while batch.size_bytes - before < TURN_BYTES_MAX and not batch.is_full:
                message = connection.read(self._buffer)
                if message is None:
                    return False
                self._take(connection, message, batch)
                # One event alone is the end of what its sender has said, nearly always: looking
                # for more would take as long as storing it. If there is more, epoll says so.
                if type(message) is Put and len(message.records) == 1:
                    return False
        except Gone:
            self._drop(connection)
            return False
        except CodecError as error:
            self._throw_out(connection, error.message)
            return False
        except LedgerError as error:  # it cannot be told where to go on: it is to come again
            self._log.error("archive.log_unreadable", why=error.message)
            self._drop(connection)
            return False
        return True

    def _throw_out(self, connection: Connection, why: str) -> None:
        """Drop one that does not keep to the protocol: what it says next cannot be trusted."""
        self.counts["thrown_out"] += 1
        self._complain("archive.sender_dropped", connection.zone, why)
        self._drop(connection)

    def _complain(self, name: str, zone: str, why: str) -> None:
        """Log the 1st, 2nd, 4th, 8th, ... time: whoever does it all day must not fill the log."""
        self._complaints[name, zone] += 1
        count = self._complaints[name, zone]
        if count & (count - 1) == 0:
            self._log.warning(name, sender=zone, why=why[:300], count=count)

    # What they say.

    def _take(self, connection: Connection, message: FromSender, batch: Batch) -> None:
        self._silent.pop(connection, None)
        if type(message) is Put:
            self._put(connection, message, batch)
        elif isinstance(message, Hello):
            self._hello(connection, message, batch)
        elif isinstance(message, Follow):
            if message.protocol != PROTOCOL:
                raise CodecError(f"cannot speak protocol {message.protocol}, only {PROTOCOL}")
            self._check_may_follow(connection)
            self._followers.add(connection, message.from_position)

    def _check_may_follow(self, connection: Connection) -> None:
        zone, share = connection.zone, self._share
        is_full = len(self._followers) >= self._connections_max
        if connection not in self._followers and (
            is_full or self._followers.of_zone(zone) >= share
        ):
            self.counts["turned_away"] += 1
            raise CodecError(
                f"cannot take one more follower: {share} of {zone} and {self._connections_max} in "
                "all at most"
            )

    def _hello(self, connection: Connection, hello: Hello, batch: Batch) -> None:
        if hello.protocol != PROTOCOL or hello.zone != connection.zone:
            raise CodecError(
                f"cannot take {hello.zone[:64]!r} with protocol {hello.protocol} here: this is the "
                f"endpoint of {connection.zone}, protocol {PROTOCOL}"
            )
        self._leave(connection)
        key = (hello.zone, hello.epoch)
        sender = self._senders.get(key)
        if sender is None:
            sender = Sender(*key, self._stored(*key))
            self._senders[key] = sender
        sender.connections += 1
        self._sender_of[connection] = sender
        if hello.next_number > sender.next:
            self._skip(sender, hello.next_number, "its sender has settled them", batch)
        connection.say(Welcome(sender.stored, self._newest()))
        if self._standing.why:
            connection.say(self._standing)

    def _skip(self, sender: Sender, number: int, why: str, batch: Batch) -> None:
        """Say that numbers up to before `number` are missing, and go on with it."""
        now_s = self._now_s()
        jumps = self._jumps.setdefault(sender.zone, TokenBucket(JUMPS_RATE, JUMPS_BURST, now_s))
        if not jumps.take(now_s):
            self.counts["jumps_refused"] += 1
            raise CodecError(
                f"cannot go on at number {number} behind {sender.next - 1}: {sender.zone} leaves "
                f"out numbers more than {JUMPS_RATE} times a second"
            )
        of = f"{sender.zone} {sender.epoch.hex()}"
        lost = gap_payload(sender.next, number - 1, f"{why}, and the log has them not", of)
        self._log.error("archive.events_lost", **lost)
        batch.add(self._own.record("archive.gap", lost))
        self._mark(sender, number - 1, batch)

    def _put(self, connection: Connection, put: Put, batch: Batch) -> None:
        sender = self._sender_of.get(connection)
        if sender is None:
            raise CodecError("cannot take events of one who has not said hello")
        records = put.records
        number = put.first_number
        self._holding.took(sender.zone, len(records), self._now_s())
        if number > sender.next:
            self._skip(sender, number, "they were left out", batch)
        elif number < sender.next:
            self.counts["duplicates"] += min(sender.next - number, len(records))
            records = records[sender.next - number :]
            number = sender.next
        if not records:
            self._acknowledge_again(connection, sender, batch)
            return
        refused = self._check(connection.zone, records)
        for index, why in refused.items():
            records[index] = self._refusal(connection.zone, records[index], why)
        place = batch.extend(records)
        last = number + len(records) - 1
        self._mark(sender, last, batch)
        end = place + len(records) - 1

        def answer(first_position: int) -> None:
            for index, why in refused.items():
                connection.say(Rejected(number + index, why))
            connection.say(Stored(last, first_position + end))

        batch.then(answer)

    def _acknowledge_again(self, connection: Connection, sender: Sender, batch: Batch) -> None:
        """Answer what was sent twice: at once if it is stored, else with the batch it is in."""

        def answer(_first_position: int) -> None:
            connection.say(Stored(sender.stored, 0))

        if sender.next == sender.stored + 1:
            answer(0)
        else:
            batch.then(answer)

    def _mark(self, sender: Sender, number: int, batch: Batch) -> None:
        sender.next = number + 1
        batch.mark_sender(sender.zone, sender.epoch, number)

        def note(_first_position: int) -> None:
            sender.stored = number
            if not sender.connections:
                self._forget(sender)

        batch.then(note)

    def _check(self, zone: str, records: list[bytes]) -> dict[int, str]:
        """Return why those that can never be stored cannot, by their index."""
        refused: dict[int, str] = {}
        for index, record in enumerate(records):
            try:
                envelope = parse_envelope(record)
            except CodecError as error:
                refused[index] = error.message[:300]
                continue
            if envelope.zone != zone:
                refused[index] = f"cannot take an event of {envelope.zone!r} from {zone}"
            elif envelope.kind not in SENDABLE or not envelope.version:
                refused[index] = f"cannot take the kind {envelope.kind!r} from {zone}"
        return refused

    def _refusal(self, zone: str, record: bytes, why: str) -> bytes:
        self.counts["refused"] += 1
        self._complain("archive.events_refused", zone, why)
        shown = {"why": why, "bytes": len(record), "begins": record[:SHOWN_BYTES], "from": zone}
        return self._own.record("archive.refused", shown)
