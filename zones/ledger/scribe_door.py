"""Who may write at the scribe's socket, and that the others are counted and told.

Owns: refusing whom the policy does not allow, the events about it. Does not own: the policy
(`Kernel/contract/policy.py`), who has connected (`zones/runtime/peers.py`), the connections
(`scribe_server.py`).

A zone has a road of its own, on which its events bear its name and are numbered; here it would be a
program like any other. The socket's mode keeps other users out already: one that comes all the same
got by it.
"""

import socket
from collections.abc import Callable
from typing import Any

from Kernel.contract.policy import EVENT, Party, Road, is_allowed
from Kernel.contract.refusals import Refusals
from zones.ledger.own_events import OwnEvents
from zones.runtime.peers import Peer, peer_at

KIND = "request.refused"


class ScribeDoor:
    """The door of one archive.

    Args:
        own: makes the archive's own events.
        now_s: monotonic seconds.
        tell_kernel: takes how many were turned away, so far.
        peer: says who has connected.
    """

    def __init__(
        self,
        own: OwnEvents,
        now_s: Callable[[], float],
        tell_kernel: Callable[[int], None] = lambda _count: None,
        peer: Callable[[socket.socket], Peer] = peer_at,
    ) -> None:
        self._own = own
        self._now_s = now_s
        self._tell_kernel = tell_kernel
        self._peer = peer
        self._refusals = Refusals()
        self._untold: list[dict[str, Any]] = []

    def refusal(self, sock: socket.socket) -> str:
        """Return why nothing is taken from a connection, "" where it may write."""
        peer = self._peer(sock)
        if is_allowed(Road.SCRIBE, EVENT, peer.party):
            return ""
        who = "a zone's" if peer.party is Party.OWN else "another user's"
        why = f"cannot take events of process {peer.pid}: it is {who}"
        told = self._refusals.note(Road.SCRIBE, peer.party.value, EVENT, why, self._now_s())
        if told:
            self._untold.append(told)
        self._tell_kernel(self._refusals.total)
        return why

    def records(self) -> list[bytes]:
        """Return the events about refusals that are not stored yet, once."""
        untold, self._untold = self._untold, []
        return [self._own.record(KIND, told) for told in untold]
