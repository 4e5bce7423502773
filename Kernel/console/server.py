"""The console's Unix socket, for the kernel's one loop.

Owns: the connections of the listening socket. Does not own: making that
(`Kernel/ports/listening.py`), the
loop, the clock, the meaning of lines (`protocol.py`) nor the answers (the kernel). The loop polls
`interest()`, calls `handle` for each descriptor that woke it, and calls `answer` or `refuse` for
each `Pending`, at once or when the thing asked for has happened. `help` is answered here, from the
table. The answer to some is a stream: `push` while `takes_more`, then `answer`.

Limits: CONNECTIONS_MAX connections; when all are taken, the one idle the longest makes room, if
that is at least IDLE_S, or SILENT_S for one that never asked anything; else the newcomer is told to
come again and closed. Who does not read its answer counts as idle. A peer that may not ask anything
(`own_door.py`) is closed at once.
"""

import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, NewType

from Kernel.console.help import help_fields
from Kernel.console.protocol import (
    Busy,
    Conversation,
    encode_error,
    encode_more,
    encode_result,
)
from Kernel.console.request import Request
from Kernel.contract.errors import ConfigError, MoltError
from Kernel.contract.policy import COMMAND, Road, is_allowed, party_of
from Kernel.ports.listening import listen

CONNECTIONS_MAX = 32
IDLE_S = 1.0
SILENT_S = 0.1
"""A client sends as soon as it is connected; this is for a machine with much to do."""
ACCEPTS_PER_TURN_MAX = 32
_PEER = struct.Struct("3i")
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Token = NewType("Token", int)
"""Names one request until it is answered; never used twice."""


class Interest(NamedTuple):
    """What to poll a descriptor for; hang-ups and errors count as readable."""

    read: bool
    write: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that wants an answer.

    Args:
        peer_pid: process that asked, for records only: it may be gone and its id reused.
    """

    token: Token
    request: Request
    peer_pid: int


@dataclass(slots=True)
class ConsoleCounts:
    """What happened at the socket since it was opened."""

    accepted: int = 0
    refused_full: int = 0
    refused_foreign: int = 0
    closed_idle: int = 0
    closed_slow: int = 0
    malformed: int = 0
    answers_dropped: int = 0
    lines_lost: int = 0


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    peer_pid: int
    active_s: float
    spoken: bool = False
    conversation: Conversation = field(default_factory=Conversation)
    tokens: dict[Token, int] = field(default_factory=dict)


class ConsoleServer:
    """Listen at `run_dir/name`, mode 0600; a socket left there by a dead kernel is replaced.

    The pid lock, which keeps a second kernel away, is the caller's and must be held.

    Args:
        run_dir: the directory, or an open descriptor of it (stays the caller's).
        name: the socket's name in it.
        keeps_out: tells of the pid and the user of a peer whether it is one that is not heard;
            None: whoever is of another user is not.

    Attributes:
        before_close: called with each descriptor that is about to be closed.

    Raises:
        ConfigError: the directory is missing or closed to us, or the name is taken by something
            that is not a socket.
    """

    def __init__(
        self,
        run_dir: Path | int,
        name: str = "console.sock",
        keeps_out: Callable[[int, int], bool] | None = None,
    ) -> None:
        self.counts = ConsoleCounts()
        self.before_close: Callable[[int], None] = lambda _fd: None
        self._name = name
        self._keeps_out = keeps_out or _is_stranger
        self._connections: dict[int, _Connection] = {}
        self._owners: dict[Token, _Connection] = {}
        self._tokens = 0
        try:
            self._dir_fd = (
                os.dup(run_dir)
                if isinstance(run_dir, int)
                else os.open(run_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            )
        except OSError as error:
            raise ConfigError(f"cannot open {run_dir} for the console: {error.strerror}") from error
        try:
            self._listener, self._inode = listen(self._dir_fd, name, CONNECTIONS_MAX)
        except OSError as error:
            os.close(self._dir_fd)
            raise ConfigError(f"cannot listen at {name} in {run_dir}: {error.strerror}") from error
        # Given up for a moment when descriptors run out, so that a connection that cannot be
        # served is closed; otherwise it would wake the loop for ever.
        self._spare_fd: int | None = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)

    def filenos(self) -> list[int]:
        """Return all descriptors to poll; `interest` says for what."""
        return [self._listener.fileno(), *self._connections]

    def interest(self) -> dict[int, Interest]:
        """Return what to poll each descriptor for; ask again after each round of the loop."""
        wanted = {self._listener.fileno(): Interest(read=True, write=False)}
        for fd, connection in self._connections.items():
            talk = connection.conversation
            wanted[fd] = Interest(talk.wants_read, talk.wants_turn)
        return wanted

    def handle(self, fd: int, readable: bool, writable: bool, now_s: float) -> list[Pending]:
        """Do what a descriptor is ready for and return the requests that came.

        Args:
            fd: one of `filenos()`; one that was closed meanwhile is ignored.
            readable: there is something to read, or the poll said hang-up or error.
            writable: there is room to write.
            now_s: monotonic seconds.
        """
        if fd == self._listener.fileno():
            if readable:
                self._accept(now_s)
            return []
        connection = self._connections.get(fd)
        if connection is None:
            return []
        connection.active_s = now_s
        if readable and not self._read(connection):
            return []
        pending = self._take(connection) if readable or writable else []
        self._flush(connection)
        return [wanted for wanted in pending if self.is_open(wanted.token)]

    def is_open(self, token: Token) -> bool:
        """Return whether somebody still waits for this answer."""
        return token in self._owners

    def answer(self, token: Token, result: Mapping[str, object]) -> None:
        """Send a result; when the asker is gone it is dropped and counted."""
        self._reply(token, encode_result(result))

    def refuse(self, token: Token, error: MoltError) -> None:
        """Send an error; when the asker is gone it is dropped and counted."""
        self._reply(token, encode_error(error))

    def takes_more(self, token: Token) -> bool:
        """Return whether a stream may push a line now."""
        connection = self._owners.get(token)
        return connection is not None and connection.conversation.takes_more(
            connection.tokens[token]
        )

    def push(self, token: Token, result: Mapping[str, object]) -> None:
        """Send one line of a stream; `takes_more` has just said yes."""
        connection = self._owners[token]
        connection.conversation.push(connection.tokens[token], encode_more(result))

    def flush(self, token: Token) -> None:
        """Send what was pushed, as far as the socket takes it."""
        connection = self._owners.get(token)
        if connection is not None:
            self._flush(connection)

    def is_stuck(self, token: Token) -> bool:
        """Return whether the reader has not taken what is there for it."""
        connection = self._owners.get(token)
        return connection is not None and bool(connection.conversation.output)

    def give_up(self, token: Token, lost: int) -> None:
        """Close the connection of a stream whose reader takes nothing.

        Args:
            lost: how many lines it will not get, for the counts.
        """
        connection = self._owners.get(token)
        if connection is not None:
            self.counts.closed_slow += 1
            self.counts.lines_lost += lost
            self._drop(connection)

    def close(self) -> None:
        """Close everything and remove the socket, unless another kernel has put its own there."""
        for connection in list(self._connections.values()):
            self._drop(connection)
        self._listener.close()
        with suppress(OSError):  # gone, or on a disk that turned read-only: nobody listens at it
            found = os.stat(self._name, dir_fd=self._dir_fd, follow_symlinks=False)
            if found.st_ino == self._inode:
                os.unlink(self._name, dir_fd=self._dir_fd)
        os.close(self._dir_fd)
        self._release_spare()

    def _accept(self, now_s: float) -> None:
        for _ in range(ACCEPTS_PER_TURN_MAX):
            try:
                peer, _address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._shed_one()
                return
            self._admit(peer, now_s)

    def _shed_one(self) -> None:
        """Close one waiting connection although no descriptor is free."""
        self._release_spare()
        with suppress(OSError):  # The waiting one may have gone by itself.
            self._listener.accept()[0].close()
        with suppress(OSError):  # Somebody else was faster; the next turn tries again.
            self._spare_fd = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        self.counts.refused_full += 1

    def _release_spare(self) -> None:
        if self._spare_fd is not None:
            os.close(self._spare_fd)
            self._spare_fd = None

    def _admit(self, peer: socket.socket, now_s: float) -> None:
        peer.setblocking(False)
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        pid, uid, _gid = _PEER.unpack(raw)
        if self._keeps_out(pid, uid):
            self.counts.refused_foreign += 1
            peer.close()
            return
        if len(self._connections) >= CONNECTIONS_MAX and not self._evict(now_s):
            self.counts.refused_full += 1
            full = Busy(f"cannot take the connection: {CONNECTIONS_MAX} are open, all in use")
            with suppress(OSError):  # It need not have waited for the answer.
                peer.send(encode_error(full))
            peer.close()
            return
        self.counts.accepted += 1
        self._connections[peer.fileno()] = _Connection(peer, pid, now_s)

    def _evict(self, now_s: float) -> bool:
        idle = [each for each in self._connections.values() if _is_idle(each, now_s)]
        oldest = min(idle, key=lambda connection: connection.active_s, default=None)
        if oldest is None:
            return False
        self.counts.closed_idle += 1
        self._drop(oldest)
        return True

    def _read(self, connection: _Connection) -> bool:
        """Read what there is; return whether the connection still stands."""
        talk = connection.conversation
        if not talk.wants_read:
            if _is_gone(connection.socket):
                self._drop(connection)
                return False
            return True
        try:
            data = connection.socket.recv(talk.room_bytes)
        except BlockingIOError:
            return True
        except OSError:
            self._drop(connection)
            return False
        if data:
            connection.spoken = True
            talk.receive(data)
        else:
            talk.end()
        return True

    def _take(self, connection: _Connection) -> list[Pending]:
        talk = connection.conversation
        malformed_before = talk.malformed_count
        taken = [(self._issue(connection, number), request) for number, request in talk.take()]
        self.counts.malformed += talk.malformed_count - malformed_before
        pending = []
        for token, request in taken:
            if request.command == "help":
                self._help(token, request)
            else:
                pending.append(Pending(token, request, connection.peer_pid))
        return pending

    def _issue(self, connection: _Connection, number: int) -> Token:
        self._tokens += 1
        token = Token(self._tokens)
        connection.tokens[token] = number
        self._owners[token] = connection
        return token

    def _help(self, token: Token, request: Request) -> None:
        try:
            self.answer(token, help_fields(request.text("words")))
        except MoltError as error:
            self.refuse(token, error)

    def _reply(self, token: Token, line: bytes) -> None:
        connection = self._owners.pop(token, None)
        if connection is None:
            self.counts.answers_dropped += 1
            return
        connection.conversation.answer(connection.tokens.pop(token), line)
        self._flush(connection)

    def _flush(self, connection: _Connection) -> None:
        """Send what the socket takes, and close the connection when it is of no more use."""
        if connection.socket.fileno() < 0:
            return  # Dropped earlier in the same turn.
        talk = connection.conversation
        if talk.output:
            try:
                talk.sent(connection.socket.send(talk.output, socket.MSG_NOSIGNAL))
            except BlockingIOError:
                pass  # The poll says when there is room.
            except OSError:
                self._drop(connection)
                return
        if talk.finished:
            self.counts.closed_slow += talk.overflowed
            self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        if self._connections.pop(connection.socket.fileno(), None) is None:
            return
        for token in connection.tokens:
            del self._owners[token]
        # Whoever polls must forget it first: the number may be given out again at once.
        self.before_close(connection.socket.fileno())
        connection.socket.close()


def _is_idle(connection: _Connection, now_s: float) -> bool:
    """Return whether a connection may make room for another."""
    talk = connection.conversation
    if talk.pending_count and not talk.output:
        return False  # it waits for us, not we for it
    return now_s - connection.active_s >= (IDLE_S if connection.spoken else SILENT_S)


def _is_stranger(_pid: int, uid: int) -> bool:
    party = party_of(uid, os.geteuid(), is_own=False)
    return not is_allowed(Road.CONSOLE, COMMAND, party)


def _is_gone(peer: socket.socket) -> bool:
    """Return whether the other side has closed altogether, not only its sending half."""
    poller = select.poll()
    poller.register(peer, 0)
    return bool(poller.poll(0))
