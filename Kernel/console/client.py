"""Ask the kernel one thing over its console socket, and wait for the answer.

Owns: the blocking client side of the console's wire. Does not own: the command line (`cli.py`)
nor the emergency client, which imports nothing of ours (`fallback/console_client.py`).
"""

import json
import os
import select
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from Kernel.console.protocol import LINE_BYTES_MAX, REPLY_BYTES_MAX
from Kernel.contract.errors import MoltError, NoKernel, UsageError

SOCKET_PATH = ("run", "console.sock")
CONNECT_S = 5
_PEER = struct.Struct("3i")
_TIMEVAL = struct.Struct("ll")


class KernelRefused(MoltError):
    """The kernel answered with an error; its code is ours to pass on."""

    def __init__(self, message: str, hint: str, exit_code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kernel said.

    Args:
        kernel_pid: the process that answered, by the word of the operating system.
    """

    result: dict[str, object]
    kernel_pid: int


def ask(home: Path, command: str, args: Mapping[str, object], patience_s: float | None) -> Answer:
    """Send one request and return the answer.

    Args:
        home: the kernel's home directory.
        command: a name of the table.
        args: as in `commands.py`; anything JSON can carry.
        patience_s: how long to wait for the answer, seconds; None: as long as the kernel lives.

    Raises:
        NoKernel: nobody listens, or the answer did not come.
        KernelRefused: the kernel answered with an error.
        UsageError: the request is too long to send.
    """
    line = json.dumps({"command": command, "args": dict(args)}).encode() + b"\n"
    if len(line) > LINE_BYTES_MAX:
        raise UsageError(f"cannot ask: request of {len(line)} bytes, limit {LINE_BYTES_MAX}")
    with _connect(home) as peer:
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        pid: int = _PEER.unpack(raw)[0]
        peer.settimeout(patience_s)
        with suppress(OSError):  # Told to go before it could ask: the reason is there to be read.
            peer.sendall(line)
        try:
            reply = _read_line(peer)
        except TimeoutError as error:
            raise NoKernel(
                f"cannot get an answer to '{command}': kernel {pid} said nothing in {patience_s} s",
                "molt status",
            ) from error
    if reply is None:
        raise NoKernel(f"cannot get an answer to '{command}': kernel {pid} hung up", "molt status")
    return Answer(_parse_reply(reply), pid)


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


def _connect(home: Path) -> socket.socket:
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
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEVAL.pack(CONNECT_S, 0))
        peer.connect(f"/proc/self/fd/{dir_fd}/{name}")
    except OSError as error:
        peer.close()
        _no_kernel(path, error)
    finally:
        os.close(dir_fd)
    return peer


def _no_kernel(path: Path, error: OSError) -> NoReturn:
    why = "nobody listens" if isinstance(error, ConnectionRefusedError) else error.strerror
    raise NoKernel(f"cannot reach a kernel at {path}: {why}", "python manifest.py") from error


def _read_line(peer: socket.socket) -> bytes | None:
    """Return the answer's line, or None when the other side hung up before its end.

    Raises:
        TimeoutError: no byte came for as long as the socket waits.
    """
    line = bytearray()
    while not line.endswith(b"\n"):
        try:
            data = peer.recv(64 * 1024)
        except ConnectionError:
            return None
        if not data:
            return None
        line += data
        if len(line) > REPLY_BYTES_MAX:
            raise MoltError(f"cannot read the kernel's answer: above {REPLY_BYTES_MAX} bytes")
    return bytes(line)


def _parse_reply(line: bytes) -> dict[str, object]:
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise MoltError("cannot read the kernel's answer: it is not JSON") from error
    if isinstance(reply, dict):
        result, error_fields = reply.get("result"), reply.get("error")
        if reply.get("ok") is True and isinstance(result, dict):
            return result
        if reply.get("ok") is False and isinstance(error_fields, dict):
            code = error_fields.get("code")
            raise KernelRefused(
                str(error_fields.get("message", "cannot say why")),
                str(error_fields.get("hint", "")),
                code if isinstance(code, int) and 0 < code < 256 else 1,
            )
    raise MoltError("cannot read the kernel's answer: it is of an unknown form")
