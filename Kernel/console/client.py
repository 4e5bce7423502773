"""Ask the kernel one thing over its console socket, and wait for the answer, or its lines.

Owns: the blocking client side of the console's wire. Does not own: the command line (`cli.py`)
nor the emergency client, which imports nothing of ours (`fallback/console_client.py`).
"""

import json
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from Kernel.console.protocol import LINE_BYTES_MAX, REPLY_BYTES_MAX
from Kernel.contract.errors import MoltError, NoKernel, UsageError

SOCKET_PATH = ("run", "console.sock")
CONNECT_S = 5.0
AGAIN_S = 0.05
MEANWHILE_S = 1.0
_PEER = struct.Struct("3i")
_TIMEVAL = struct.Struct("ll")


class KernelRefused(MoltError):
    """The kernel answered with an error; its code is ours to pass on."""

    def __init__(self, message: str, hint: str, exit_code: int, again: bool = False) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code
        self.again = again
        """It would do the same request in a moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kernel said.

    Args:
        kernel_pid: the process that answered, by the word of the operating system.
    """

    result: dict[str, object]
    kernel_pid: int


def ask(
    home: Path,
    command: str,
    args: Mapping[str, object],
    patience_s: float | None,
    connect_s: float = CONNECT_S,
    meanwhile: Callable[[], None] | None = None,
) -> Answer:
    """Send one request and return the answer.

    Args:
        home: the kernel's home directory.
        command: a name of the table.
        args: as in `commands.py`; anything JSON can carry.
        patience_s: how long to wait for the answer, seconds; None: as long as the kernel lives.
        connect_s: how long to try to be let in.
        meanwhile: called every MEANWHILE_S for as long as no answer comes.

    Raises:
        NoKernel: nobody listens, or the answer did not come.
        KernelRefused: the kernel answered with an error.
        UsageError: the request is too long to send.
    """
    due_s = time.monotonic() + connect_s
    while True:
        try:
            with _call(home, command, args, patience_s, connect_s) as call:
                if meanwhile is not None:
                    call.wait(meanwhile)
                reply = call.read()
                return Answer(reply.result, call.kernel_pid)
        except KernelRefused as error:
            if not error.again or time.monotonic() >= due_s:
                raise
            time.sleep(AGAIN_S)


def ask_lines(
    home: Path, command: str, args: Mapping[str, object], patience_s: float | None
) -> Iterator[dict[str, object]]:
    """Send one request and yield the lines of its answer as they come.

    Args:
        patience_s: how long to wait for each line, seconds; None: as long as the kernel lives.

    Raises:
        NoKernel, KernelRefused, UsageError: as `ask`.
    """
    with _call(home, command, args, patience_s, CONNECT_S) as call:
        while True:
            try:
                reply = call.read()
            except NoKernel as gone:
                if not args.get("follow"):
                    raise
                raise NoKernel(
                    f"cannot follow {command} any longer: kernel {call.kernel_pid} is gone",
                    "molt status",
                ) from gone
            if not reply.more:
                return
            yield reply.result


def wait_gone(pid: int, timeout_s: float) -> bool:
    """Wait until a process has ended; return whether it has."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poller = select.poll()
        poller.register(pidfd, select.POLLIN)
        return bool(poller.poll(timeout_s * 1000))
    finally:
        os.close(pidfd)


@dataclass(slots=True)
class _Call:
    """A request that was sent, and what has come back so far."""

    peer: socket.socket
    command: str
    kernel_pid: int
    patience_s: float | None
    rest: bytearray

    def wait(self, meanwhile: Callable[[], None]) -> None:
        """Call `meanwhile` now and then until something has come, or nobody is there any more."""
        poller = select.poll()
        poller.register(self.peer, select.POLLIN)
        while not poller.poll(MEANWHILE_S * 1000):
            meanwhile()

    def read(self) -> "_Reply":
        """Return the next line of the answer.

        Raises:
            NoKernel: it did not come.
            KernelRefused: it is an error.
        """
        try:
            line = _read_line(self.peer, self.rest)
        except TimeoutError as error:
            raise NoKernel(
                f"cannot get an answer to '{self.command}': kernel {self.kernel_pid} said nothing "
                f"in {self.patience_s} s",
                "molt status",
            ) from error
        if line is None:
            raise NoKernel(
                f"cannot get an answer to '{self.command}': kernel {self.kernel_pid} hung up",
                "molt status",
            )
        return _parse_reply(line)


@dataclass(frozen=True, slots=True)
class _Reply:
    result: dict[str, object]
    more: bool


@contextmanager
def _call(
    home: Path,
    command: str,
    args: Mapping[str, object],
    patience_s: float | None,
    connect_s: float,
) -> Iterator[_Call]:
    line = json.dumps({"command": command, "args": dict(args)}).encode() + b"\n"
    if len(line) > LINE_BYTES_MAX:
        raise UsageError(f"cannot ask: request of {len(line)} bytes, limit {LINE_BYTES_MAX}")
    with _connect(home, connect_s) as peer:
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        peer.settimeout(patience_s)
        with suppress(OSError):  # Told to go before it could ask: the reason is there to be read.
            peer.sendall(line)
        yield _Call(peer, command, _PEER.unpack(raw)[0], patience_s, bytearray())


def _connect(home: Path, connect_s: float) -> socket.socket:
    """Return a connected socket; the directory goes by descriptor, as paths end at 108 bytes."""
    folder, name = SOCKET_PATH
    path = home / folder / name
    try:
        dir_fd = os.open(home / folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        _no_kernel(path, error)
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Bounds connect() too: with a Python timeout it would fail at once on a full queue.
        limit = _TIMEVAL.pack(int(connect_s), int(connect_s % 1 * 1e6))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        peer.connect(f"/proc/self/fd/{dir_fd}/{name}")
    except OSError as error:
        peer.close()
        _no_kernel(path, error)
    finally:
        os.close(dir_fd)
    return peer


def _no_kernel(path: Path, error: OSError) -> NoReturn:
    home = path.parents[1]
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        why = "" if home.is_dir() else ": there is no such folder"
        raise NoKernel(
            f"cannot reach a kernel: none runs at {home}{why}", "python manifest.py"
        ) from error
    raise NoKernel(
        f"cannot reach a kernel at {path}: {error.strerror}", "python manifest.py"
    ) from error


def _read_line(peer: socket.socket, rest: bytearray) -> bytes | None:
    """Return the next line, or None when the other side hung up before its end.

    Args:
        rest: what has come after the line before; changed.

    Raises:
        TimeoutError: no byte came for as long as the socket waits.
    """
    while (end := rest.find(b"\n")) < 0:
        if len(rest) > REPLY_BYTES_MAX:
            raise MoltError(f"cannot read the kernel's answer: above {REPLY_BYTES_MAX} bytes")
        try:
            data = peer.recv(64 * 1024)
        except ConnectionError:
            return None
        if not data:
            return None
        rest += data
    line = bytes(rest[: end + 1])
    del rest[: end + 1]
    return line


def _parse_reply(line: bytes) -> _Reply:
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MoltError("cannot read the kernel's answer: it is not JSON") from error
    if isinstance(reply, dict):
        result, error_fields = reply.get("result"), reply.get("error")
        if reply.get("ok") is True and isinstance(result, dict):
            return _Reply(result, reply.get("more") is True)
        if reply.get("ok") is False and isinstance(error_fields, dict):
            raise _refusal(error_fields)
    raise MoltError("cannot read the kernel's answer: it is of an unknown form")


def _refusal(fields: dict[str, object]) -> KernelRefused:
    code, details = fields.get("code"), fields.get("details")
    error = KernelRefused(
        str(fields.get("message", "cannot say why")),
        str(fields.get("hint", "")),
        code if isinstance(code, int) and 0 < code < 256 else 1,
        fields.get("again") is True,
    )
    for key, value in details.items() if isinstance(details, dict) else ():
        if isinstance(value, str | int) and key not in ("code", "message", "hint"):
            error.details[str(key)] = value
    return error
