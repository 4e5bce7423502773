"""A ledger on paper at the other end of the user bus, in a test's hands.

Owns: what the archive answers to a sender and to followers, and what it has stored. Does not own:
the real archive (`zones/ledger`). The rule it stands for: (zone, epoch, number) is stored once, in
order, and acknowledged afterwards.
"""

from collections import deque
from dataclasses import dataclass, field

from Kernel.contract.envelope import Envelope, parse_envelope
from Kernel.contract.user_bus import (
    Follow,
    FromArchive,
    Hello,
    Put,
    Records,
    Rejected,
    Stored,
    Welcome,
    pack_message,
    parse_from_sender,
)


class PaperRoad:
    """One connection, both ends: the kernel's as `EventRoad`, ours by the names below.

    Args:
        room: how many messages the road takes before it is full.
    """

    def __init__(self, fd: int, room: int) -> None:
        self.fd = fd
        self.room = room
        self.said: deque[bytes] = deque()
        self.answers: deque[bytes] = deque()
        self.lost = False
        self.closed = False

    def fileno(self) -> int:
        """Return a number that is nobody's descriptor."""
        return self.fd

    def send(self, data: bytes) -> bool:
        """Take one message of the kernel."""
        assert not self.closed
        if self.lost:
            raise BrokenPipeError
        if len(self.said) >= self.room:
            return False
        self.said.append(data)
        return True

    def receive(self) -> bytes | None:
        """Give the kernel the next answer."""
        assert not self.closed
        if self.answers:
            return self.answers.popleft()
        return b"" if self.lost else None

    def close(self) -> None:
        """The kernel hangs up."""
        self.closed = True

    def answer(self, message: FromArchive) -> None:
        """Say something to the kernel."""
        self.answers.append(pack_message(message))

    @property
    def readable(self) -> bool:
        """Whether the kernel has something to read."""
        return bool(self.answers) or self.lost

    @property
    def writable(self) -> bool:
        """Whether the road takes one more."""
        return len(self.said) < self.room


@dataclass
class PaperLedger:
    """What is stored, and how far each epoch is."""

    rows: list[bytes] = field(default_factory=list)
    stored: dict[bytes, int] = field(default_factory=dict)
    bad: set[bytes] = field(default_factory=set)
    """Records that are rejected."""
    epochs: dict[int, bytes] = field(default_factory=dict)
    follows: dict[int, int] = field(default_factory=dict)

    def events(self) -> list[Envelope]:
        """Return all that is stored."""
        return [parse_envelope(row) for row in self.rows]

    def kinds(self) -> list[str]:
        """Return the kinds of all that is stored."""
        return [event.kind for event in self.events()]

    def serve(self, road: PaperRoad, messages_max: int = 1000) -> None:
        """Do what the archive does with what was said, then tell followers what is new."""
        for _ in range(min(messages_max, len(road.said))):
            self._take(road, road.said.popleft())
        self.push(road)

    def push(self, road: PaperRoad, rows_max: int = 100) -> None:
        """Send a follower what it has not got yet."""
        position = self.follows.get(road.fd)
        if position is not None and position <= len(self.rows):
            records = self.rows[position - 1 : position - 1 + rows_max]
            road.answer(Records(position, records))
            self.follows[road.fd] = position + len(records)

    def _take(self, road: PaperRoad, data: bytes) -> None:
        message = parse_from_sender(data)
        match message:
            case Hello(_, _, epoch, next_number):
                self.epochs[road.fd] = epoch
                known = max(self.stored.get(epoch, 0), next_number - 1)
                self.stored[epoch] = known
                road.answer(Welcome(known, len(self.rows)))
            case Put(first, records):
                self._store(road, self.epochs[road.fd], first, records)
            case Follow(_, position):
                self.follows[road.fd] = max(1, position)

    def _store(self, road: PaperRoad, epoch: bytes, first: int, records: list[bytes]) -> None:
        for number, record in enumerate(records, first):
            known = self.stored[epoch]
            assert number <= known + 1, "a sender leaves no gap"
            if number == known + 1:
                self.stored[epoch] = number
                if record in self.bad:
                    road.answer(Rejected(number, "it is bad"))
                else:
                    self.rows.append(record)
        road.answer(Stored(first + len(records) - 1, len(self.rows)))


@dataclass
class PaperRoads:
    """Makes connections on paper, while there is somebody to listen."""

    room: int = 100
    made: list[PaperRoad] = field(default_factory=list)
    refused: bool = False

    def connect(self) -> PaperRoad:
        """Return a new connection."""
        if self.refused:
            raise BlockingIOError
        self.made.append(PaperRoad(10_000_000 + len(self.made), self.room))
        return self.made[-1]

    @property
    def newest(self) -> PaperRoad:
        """Return the newest connection."""
        return self.made[-1]


@dataclass
class PaperAheadFiles:
    """Write-ahead files on paper: what is on a disk outlives the kernel that wrote it."""

    files: dict[str, bytes] = field(default_factory=dict)
    full: bool = False

    @property
    def size(self) -> int:
        """Return how much counts."""
        return len(self.files.get("now", b""))

    def earlier(self) -> list[str]:
        """Return what earlier lives have left."""
        if "now" in self.files:
            number = 1 + max((int(each) for each in self.files if each != "now"), default=0)
            self.files[str(number)] = self.files.pop("now")
        return sorted(self.files, key=int)

    def read(self, name: str) -> bytes:
        """Return what one holds."""
        return self.files[name]

    def forget(self, name: str) -> None:
        """Delete one."""
        del self.files[name]

    def begin(self, data: bytes) -> None:
        """Make the present file anew."""
        self._check()
        self.files["now"] = data

    def append(self, data: bytes) -> None:
        """Write behind what counts."""
        self._check()
        self.files["now"] += data

    def cut(self, size: int) -> None:
        """Forget what is behind."""
        self.files["now"] = self.files["now"][:size]

    def close(self) -> None:
        """Nothing is open."""

    def _check(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
