"""The console's Unix socket in safe mode: one JSON line in, one JSON line out.

Owns: the listening socket, its connections and their limits. Does not own: what a request means
(`answers.py`). The same wire as `Kernel/console/server.py`, which may be what is broken.

Limits: CONNECTIONS_MAX connections; when all are taken, the one idle the longest makes room, if
that is at least IDLE_S, or SILENT_S for one that never asked anything; a line has LINE_BYTES_MAX
bytes; one request of a connection is answered before its next is read, so a peer
that does not read its answers only stops itself, and is closed after SLOW_S.
"""

import contextlib
import json
import os
import select
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

CONNECTIONS_MAX = 32
IDLE_S = 1.0
SILENT_S = 0.1
"""A client sends as soon as it is connected; this is for a machine with much to do."""
SLOW_S = 10.0
LINE_BYTES_MAX = 512 * 1024
ACCEPTS_MAX = 32
NAME = "console.sock"
EXIT_USAGE = 2
EXIT_REFUSED = 5
_PEER = struct.Struct("3i")


class RefusedError(Exception):
    """A request that cannot be done.

    Args:
        message: begins with "cannot".
        hint: what helps.
        code: the exit code of who asked.
    """

    def __init__(self, message: str, hint: str = "", code: int = EXIT_REFUSED) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


@dataclass(slots=True)
class Asker:
    """A connection with a request under way: `reply` or `refuse` answers it, once."""

    socket: socket.socket
    active_s: float
    input: bytearray = field(default_factory=bytearray)
    output: bytearray = field(default_factory=bytearray)
    waits: bool = False
    ended: bool = False
    spoken: bool = False

    def is_idle(self, now_s: float) -> bool:
        """Tell whether it may be closed to make room."""
        return not self.waits and now_s - self.active_s >= (IDLE_S if self.spoken else SILENT_S)

    @property
    def is_gone(self) -> bool:
        """Whether it hung up, or was hung up on."""
        return self.socket.fileno() < 0

    def reply(self, result: Mapping[str, object]) -> None:
        """Answer with a result."""
        self._answer({"ok": True, "result": result})

    def refuse(self, error: RefusedError) -> None:
        """Answer with an error."""
        fields = {"code": error.code, "message": error.message[:2000], "hint": error.hint[:500]}
        self._answer({"ok": False, "error": fields})

    def _answer(self, fields: Mapping[str, object]) -> None:
        self.waits = False
        self.output += json.dumps(fields).encode() + b"\n"


Handler = Callable[[str, Mapping[str, object], Asker], None]
"""Given command, arguments and who asks; answers now or later, or raises RefusedError."""


class ConsoleSocket:
    """Listens in a run folder; a socket left there by a dead kernel is replaced.

    Args:
        run_fd: descriptor of HOME/run; stays the caller's.
    """

    def __init__(self, run_fd: int, handler: Handler) -> None:
        self._run_fd = run_fd
        self._handler = handler
        self._askers: dict[int, Asker] = {}
        self._listener: socket.socket | None = None
        self._place: tuple[int, int] | None = None  # device and inode of our socket file
        # Given up for a moment when descriptors run out, so that a connection that cannot be
        # served is closed; otherwise it would wake the loop for ever.
        self._spare_fd: int | None = None
        self.mend()

    def mend(self, run_fd: int | None = None) -> str:
        """Listen if nobody can find us: we never could, or the file was removed since.

        Args:
            run_fd: HOME/run, if that is another folder now.

        Returns:
            Why we cannot, or "". The world goes on without a console.
        """
        self._run_fd = self._run_fd if run_fd is None else run_fd
        try:
            if self._listener is None or _place_of(self._run_fd) != self._place:
                fresh = _listen(self._run_fd)
                if self._listener is not None:
                    self._listener.close()
                self._listener, self._place = fresh, _place_of(self._run_fd)
            if self._spare_fd is None:
                self._spare_fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            return f"cannot listen at {NAME}: {error.strerror}"
        return ""

    def interest(self) -> dict[int, int]:
        """Return what to poll each descriptor for."""
        wanted = {} if self._listener is None else {self._listener.fileno(): select.POLLIN}
        for fd, asker in self._askers.items():
            reads = not asker.waits and not asker.output and not asker.ended
            wanted[fd] = (select.POLLIN if reads else 0) | (select.POLLOUT if asker.output else 0)
        return wanted

    def handle(self, fd: int, events: int, now_s: float) -> None:
        """Do what a descriptor is ready for."""
        if self._listener is not None and fd == self._listener.fileno():
            self._accept(self._listener, now_s)
            return
        asker = self._askers.get(fd)
        if asker is None:
            return
        if events & (select.POLLHUP | select.POLLERR) and not events & select.POLLIN:
            self._drop(asker)
            return
        asker.active_s = now_s
        if events & select.POLLIN and not self._read(asker):
            return
        self._turn(asker)

    def settle(self, now_s: float) -> None:
        """Send answers that came meanwhile; close those who do not read theirs."""
        for asker in list(self._askers.values()):
            if asker.output:
                self._turn(asker)
            if asker.output and now_s - asker.active_s > SLOW_S:
                self._drop(asker)

    def close(self) -> None:
        """Close everything and remove the socket."""
        for asker in list(self._askers.values()):
            self._drop(asker)
        if self._listener is not None:
            self._listener.close()
        if self._spare_fd is not None:
            os.close(self._spare_fd)
        with contextlib.suppress(OSError):
            os.unlink(NAME, dir_fd=self._run_fd)

    def _accept(self, listener: socket.socket, now_s: float) -> None:
        for _ in range(ACCEPTS_MAX):
            try:
                peer, _address = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:
                self._shed_one(listener)
                return
            peer.setblocking(False)
            raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
            _pid, uid, _gid = _PEER.unpack(raw)
            if uid not in (os.geteuid(), 0):
                peer.close()
                continue
            asker = Asker(peer, now_s)
            if len(self._askers) >= CONNECTIONS_MAX and not self._evict(now_s):
                said = f"cannot take the connection: {CONNECTIONS_MAX} are open, all in use"
                asker.refuse(RefusedError(said))
                with contextlib.suppress(OSError):
                    peer.send(asker.output)
                peer.close()
                continue
            self._askers[peer.fileno()] = asker

    def _shed_one(self, listener: socket.socket) -> None:
        """Close one waiting connection although no descriptor is free."""
        if self._spare_fd is not None:
            os.close(self._spare_fd)
            self._spare_fd = None
        with contextlib.suppress(OSError):  # the waiting one may have gone by itself
            listener.accept()[0].close()
        with contextlib.suppress(OSError):  # none is free in the whole system: `mend` tries again
            self._spare_fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def _evict(self, now_s: float) -> bool:
        idle = [asker for asker in self._askers.values() if asker.is_idle(now_s)]
        oldest = min(idle, key=lambda asker: asker.active_s, default=None)
        if oldest is None:
            return False
        self._drop(oldest)
        return True

    def _read(self, asker: Asker) -> bool:
        try:
            data = asker.socket.recv(LINE_BYTES_MAX + 1 - len(asker.input))
        except BlockingIOError:
            return True
        except OSError:
            self._drop(asker)
            return False
        asker.input += data
        asker.spoken = asker.spoken or bool(data)
        asker.ended = not data
        return True

    def _turn(self, asker: Asker) -> None:
        """Send what is there, and take whole lines as long as each is answered at once."""
        while True:
            if asker.output:
                try:
                    sent = asker.socket.send(asker.output, socket.MSG_NOSIGNAL)
                except BlockingIOError:
                    return
                except OSError:
                    self._drop(asker)
                    return
                del asker.output[:sent]
                continue
            if asker.waits:
                return
            if b"\n" not in asker.input:
                break
            line, _, rest = bytes(asker.input).partition(b"\n")
            asker.input[:] = rest
            if line.strip():
                self._ask(asker, line)
        if len(asker.input) > LINE_BYTES_MAX:
            asker.input.clear()
            asker.ended = True
            said = f"cannot read request: line above {LINE_BYTES_MAX} bytes"
            asker.refuse(RefusedError(said, "molt help", EXIT_USAGE))
            with contextlib.suppress(OSError):
                asker.socket.send(asker.output, socket.MSG_NOSIGNAL)
        if asker.ended:
            self._drop(asker)

    def _ask(self, asker: Asker, line: bytes) -> None:
        asker.waits = True
        try:
            command, arguments = _parse(line)
            self._handler(command, arguments, asker)
        except RefusedError as error:
            asker.refuse(error)

    def _drop(self, asker: Asker) -> None:
        self._askers.pop(asker.socket.fileno(), None)
        asker.socket.close()


def _parse(line: bytes) -> tuple[str, Mapping[str, object]]:
    """Return command and arguments of a line from outside.

    Raises:
        RefusedError: it is no request.
    """
    hint = 'send {"command": "status"}'
    try:
        fields = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        said = f"cannot read request: not a JSON object on one line ({str(error)[:48]})"
        raise RefusedError(said, hint, EXIT_USAGE) from error
    command = fields.get("command") if isinstance(fields, dict) else None
    arguments = fields.get("args", {}) if isinstance(fields, dict) else None
    known = isinstance(fields, dict) and not set(fields) - {"command", "args"}
    if not known or not isinstance(command, str) or not isinstance(arguments, dict):
        said = 'cannot read request: it takes a "command" word and an object "args"'
        raise RefusedError(said, hint, EXIT_USAGE)
    return command, arguments


def _place_of(run_fd: int) -> tuple[int, int] | None:
    """Return device and inode of the socket file, None: there is none."""
    try:
        status = os.stat(NAME, dir_fd=run_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _listen(run_fd: int) -> socket.socket:
    """Return a listening socket of mode 0600, renamed into place when it already listens."""
    fresh = f".{NAME}.safe"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh, dir_fd=run_fd)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(f"/proc/self/fd/{run_fd}/{fresh}")
        listener.listen(CONNECTIONS_MAX)
        os.rename(fresh, NAME, src_dir_fd=run_fd, dst_dir_fd=run_fd)
    except OSError:
        listener.close()
        raise
    return listener
