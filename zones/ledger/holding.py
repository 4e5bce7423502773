"""Senders of whom the archive takes fewer events: so that others get through, or the disk lasts.

Owns: at which rate whose events are taken, which connections are not read meanwhile. Does not own:
who is held (the kernel's governor says it), sockets (`connection.py`), what is read
(`bus_server.py`).

Nothing is lost, and nobody has to be told: what is not read fills the socket, then its sender
waits, as it does for a slow disk. As something moves all the time it does not spill to its
write-ahead file either, so it makes fewer events.
"""

from collections.abc import Mapping

from zones.ledger.connection import Connection
from zones.ledger.rate_limit import TokenBucket


class Holding:
    """Who is held, by zone.

    Attributes:
        rates: events a second, of those who are held.
    """

    def __init__(self) -> None:
        self.rates: dict[str, int] = {}
        self._buckets: dict[str, TokenBucket] = {}
        self._resting: list[Connection] = []

    def hold(self, rates: Mapping[str, int], now_s: float) -> None:
        """Hold these and no others from now on."""
        self._buckets = {
            zone: self._buckets[zone]
            if self.rates.get(zone) == rate
            else TokenBucket(rate, rate, now_s)
            for zone, rate in rates.items()
        }
        self.rates = dict(rates)

    def may_be_read(self, connection: Connection, now_s: float) -> bool:
        """Tell whether to read a sender now; one that is not is left alone until `wake`.

        One that rests and speaks up all the same has hung up: what it said before is read.
        """
        bucket = self._buckets.get(connection.zone)
        if bucket is None or connection.rests or bucket.has_some(now_s):
            return True
        connection.rest(True)
        self._resting.append(connection)
        return False

    def took(self, zone: str, count: int, now_s: float) -> None:
        """Count events that were read; many at once are owed, and waited for."""
        bucket = self._buckets.get(zone)
        if bucket is not None:
            bucket.spend(count, now_s)

    def wake(self, now_s: float) -> None:
        """Read those again whose time has come."""
        left = []
        for connection in self._resting:
            bucket = self._buckets.get(connection.zone)
            if bucket is None or bucket.has_some(now_s):
                connection.rest(False)
            else:
                left.append(connection)
        self._resting = left

    def forget(self, connection: Connection) -> None:
        """It is closed."""
        if connection.rests:
            self._resting.remove(connection)
