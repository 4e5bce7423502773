"""JetStream as a peer of the ledger: events published to a stream kept in files.

Owns: the server's configuration, a client that costs next to nothing (the text protocol on one
socket, blocking), what counts as durable: the stream's acknowledgement. Does not own: whether the
server syncs before it acknowledges, which is its `sync_interval`.
Protocol: docs.nats.io, "Client Protocol" and "JetStream wire API".
"""

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from typing import Any, Final

from tests.bench.ledger_stores import OUTSTANDING, Pace, repeat
from tests.bench.report import CannotMeasure
from tests.support.leash import die_with_us

SUBJECT: Final = b"swarm.events.bench"
INBOX: Final = b"_INBOX.bench"
TIMEOUT_S: Final = 20.0
START_S: Final = 10.0
_HEAD: Final = re.compile(rb"MSG \S+ \S+ (?:\S+ )?(\d+)\r\n")
_HEAD_BYTES_MAX: Final = 1024


class Connection:
    """One connection to a server; every answer comes to one inbox."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self._socket.makefile("rb", 1 << 20)
        self._input.readline()  # INFO
        hello = {"verbose": False, "pedantic": False, "headers": True, "no_responders": False}
        self.send(b"CONNECT " + json.dumps(hello).encode() + b"\r\nSUB " + INBOX + b" 1\r\n")

    def send(self, data: bytes) -> None:
        """Send bytes of the protocol."""
        self._socket.sendall(data)

    def answer(self) -> bytes:
        """Wait for one message to the inbox.

        Raises:
            CannotMeasure: the server says something else, or nothing.
        """
        while True:
            line = self._input.readline(_HEAD_BYTES_MAX)
            if line == b"PING\r\n":
                self.send(b"PONG\r\n")
                continue
            head = _HEAD.fullmatch(line)
            if head is None:
                raise CannotMeasure(f"cannot measure JetStream: it says {line[:200]!r}")
            return self._input.read(int(head[1]) + 2)[:-2]

    def request(self, subject: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Ask the server's own interface.

        Raises:
            CannotMeasure: it refuses.
        """
        self.send(publish(subject.encode(), json.dumps(fields).encode()))
        reply: dict[str, Any] = json.loads(self.answer())
        if "error" in reply:
            raise CannotMeasure(f"cannot measure JetStream: {reply['error']}")
        return reply

    def close(self) -> None:
        """Hang up."""
        self._input.close()
        self._socket.close()


def publish(subject: bytes, data: bytes, head: bytes = b"") -> bytes:
    """Return the bytes that publish one message and ask for an answer."""
    if head:
        sizes = b"%d %d" % (len(head), len(head) + len(data))
        return b"HPUB %b %b %b\r\n%b%b\r\n" % (subject, INBOX, sizes, head, data)
    return b"PUB %b %b %d\r\n%b\r\n" % (subject, INBOX, len(data), data)


class NatsStore:
    """A stream: one at a time, and with 1000 on their way, each acknowledged.

    Args:
        connection: closed by its owner.
    """

    def __init__(self, connection: Connection, records: Sequence[bytes]) -> None:
        self._connection = connection
        self._messages = [publish(SUBJECT, record) for record in records]

    def one(self, budget_s: float) -> Pace:
        """Publish, wait for the acknowledgement, go on."""
        messages = cycle(self._messages)

        def step() -> None:
            self._connection.send(next(messages))
            check_answer(self._connection.answer())

        return repeat(step, 1, budget_s)

    def many(self, budget_s: float) -> Pace:
        """Keep 1000 unacknowledged: as many are sent as have been acknowledged."""
        connection, messages = self._connection, cycle(self._messages)
        tenth = OUTSTANDING // 10
        began = time.perf_counter()
        connection.send(b"".join(next(messages) for _ in range(OUTSTANDING)))
        done = 0

        def take() -> None:
            for _ in range(tenth):
                check_answer(connection.answer())

        while time.perf_counter() - began < budget_s:
            take()
            done += tenth
            connection.send(b"".join(next(messages) for _ in range(tenth)))
        for _ in range(10):
            take()
        return Pace(done + OUTSTANDING, time.perf_counter() - began)


class NatsBatchStore(NatsStore):
    """The same with JetStream's atomic batches: 1000 messages that are acknowledged as one."""

    def __init__(self, connection: Connection, records: Sequence[bytes]) -> None:
        super().__init__(connection, records)
        self._records = records[:OUTSTANDING]
        self._batches = count(1)

    def many(self, budget_s: float) -> Pace:
        """Publish a batch, wait for its one acknowledgement, go on."""
        return repeat(self._publish_batch, len(self._records), budget_s)

    def _publish_batch(self) -> None:
        batch = next(self._batches)
        last = len(self._records)
        parts = [
            publish(SUBJECT, record, batch_head(batch, number, number == last))
            for number, record in enumerate(self._records, 1)
        ]
        # Only the last is answered, and the first with an empty message.
        self._connection.send(b"".join(parts))
        while not (answer := self._connection.answer()):
            pass
        check_answer(answer)


def batch_head(batch: int, number: int, is_last: bool) -> bytes:
    """Return the headers of message `number`, from 1, of an atomic batch."""
    commit = b"Nats-Batch-Commit: 1\r\n" if is_last else b""
    return b"NATS/1.0\r\nNats-Batch-Id: b%d\r\nNats-Batch-Sequence: %d\r\n%b\r\n" % (
        batch,
        number,
        commit,
    )


def check_answer(answer: bytes) -> None:
    """Hold an acknowledgement to what it must be.

    Raises:
        CannotMeasure: it is an error.
    """
    if b'"seq":' not in answer:
        raise CannotMeasure(f"cannot measure JetStream: it answers {answer[:200]!r}")


@contextmanager
def open_nats(
    program: Path, folder: Path, records: Sequence[bytes], always: bool, batch: bool = False
) -> Iterator[NatsStore]:
    """Run a server in an empty folder of its own, with a stream of limits retention.

    Args:
        always: sync before every acknowledgement, else every two minutes, its default.
        batch: `many` makes atomic batches.
    """
    folder.mkdir()
    sync = "sync_interval: always" if always else ""
    config = folder / "nats.conf"
    config.write_text(
        f'listen: "127.0.0.1:-1"\nports_file_dir: "{folder}"\n'
        f'jetstream {{ store_dir: "{folder}/stream"\n{sync} }}\n',
        encoding="utf-8",
    )
    with (folder / "nats.log").open("wb") as log:
        server = subprocess.Popen(
            [str(program), "-c", str(config)], stdout=log, stderr=log, preexec_fn=die_with_us()
        )
    try:
        connection = Connection(wait_for(lambda: read_port(folder)))
        try:
            stream = {
                "name": "ENCHANTED_SWARM",
                "subjects": ["swarm.events.>"],
                "storage": "file",
                "retention": "limits",
                "num_replicas": 1,
                "allow_atomic": batch,
            }
            connection.request("$JS.API.STREAM.CREATE.ENCHANTED_SWARM", stream)
            yield (NatsBatchStore if batch else NatsStore)(connection, records)
        finally:
            connection.close()
    finally:
        server.kill()
        server.wait()


def read_port(folder: Path) -> int | None:
    """Return the port of a server that has said where it listens, None for not yet."""
    for path in folder.glob("*.ports"):
        found = re.search(r":(\d+)\"", path.read_text(encoding="utf-8"))
        if found is not None:
            return int(found[1])
    return None


def wait_for(look: Callable[[], int | None]) -> int:
    """Look until there is something.

    Raises:
        CannotMeasure: there is nothing in START_S.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.01)
    raise CannotMeasure(f"cannot measure JetStream: its server does not listen in {START_S} s")
