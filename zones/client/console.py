"""Ask a running kernel one thing over its console socket.

Owns: a request and its answer as one line of JSON each. Does not own: what may be asked
(`molt help`), the server's side (`Kernel/console/protocol.py`). The kernel's own client is
`Kernel/console/client.py`; this one is for programs that import nothing of the kernel.
"""

import json
import os
import shlex
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from Kernel.contract.errors import (
    AlreadyRunning,
    ConfigError,
    MoltError,
    NoKernel,
    Refused,
    UsageError,
    WaitTimeout,
)
from Kernel.contract.places import CONSOLE_SOCKET

REQUEST_BYTES_MAX: Final = 512 * 1024
"""Without its newline."""
REPLY_BYTES_MAX: Final = 320 * 1024
TIMEOUT_S: Final = 5.0
_BY_CODE: Final[dict[int, type[MoltError]]] = {
    kind.exit_code: kind
    for kind in (UsageError, Refused, NoKernel, AlreadyRunning, ConfigError, WaitTimeout)
}


def ask(
    home: str | Path,
    command: str,
    args: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """Send one request to the kernel of a home and return its result.

    Args:
        home: the kernel's home directory.
        command: such as "status", "pause", "params".
        args: of that command; anything JSON can carry.
        timeout_s: for connecting, sending and the whole answer together.

    Raises:
        NoKernel: nobody listens there, or no whole answer came in time.
        UsageError, Refused, WaitTimeout, ...: the kernel said so; a code without a class of its
            own comes as MoltError with that `exit_code`.
        MoltError: the answer is not of the form agreed.
    """
    line = _encode(command, args or {})
    deadline_s = time.monotonic() + timeout_s
    path = Path(home) / CONSOLE_SOCKET
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        _connect(peer, path, timeout_s)
        try:
            reply = _exchange(peer, line, deadline_s)
        except TimeoutError as error:
            raise NoKernel(
                f"cannot get an answer to '{command}': the kernel said nothing in {timeout_s:g} s",
                "molt status",
            ) from error
        except OSError as error:
            raise NoKernel(
                f"cannot get an answer to '{command}': {error.strerror}", "molt status"
            ) from error
    return _parse_reply(reply, command)


def _encode(command: str, args: Mapping[str, object]) -> bytes:
    try:
        line = json.dumps({"command": command, "args": dict(args)}, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot ask '{command}': its arguments are no JSON: {error}") from error
    if len(line) > REQUEST_BYTES_MAX:
        raise UsageError(
            f"cannot ask '{command}': {len(line)} bytes, the limit is {REQUEST_BYTES_MAX}"
        )
    return line + b"\n"


def _connect(peer: socket.socket, path: Path, timeout_s: float) -> None:
    """Connect by descriptor of the folder, as paths of Unix sockets end at 108 bytes."""
    try:
        folder_fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        _no_kernel(path, error)
    try:
        peer.settimeout(timeout_s)
        peer.connect(f"/proc/self/fd/{folder_fd}/{path.name}")
    except OSError as error:
        _no_kernel(path, error)
    finally:
        os.close(folder_fd)


def _no_kernel(path: Path, error: OSError) -> NoReturn:
    why = "nobody listens" if isinstance(error, ConnectionRefusedError) else error.strerror
    hint = f"python manifest.py --home {shlex.quote(str(path.parents[1]))}"
    raise NoKernel(f"cannot reach a kernel at {path}: {why}", hint) from error


def _exchange(peer: socket.socket, line: bytes, deadline_s: float) -> bytes:
    """Send a line and return the answer's, which may be b"" or cut when the kernel hung up.

    Raises:
        TimeoutError: the deadline (monotonic seconds) has passed.
    """
    peer.settimeout(_left_s(deadline_s))
    try:
        peer.sendall(line)
    except (BrokenPipeError, ConnectionResetError):
        pass  # told to go before it could ask: the reason is there to be read
    reply = bytearray()
    while not reply.endswith(b"\n") and len(reply) <= REPLY_BYTES_MAX:
        peer.settimeout(_left_s(deadline_s))
        data = peer.recv(REPLY_BYTES_MAX)
        if not data:
            break
        reply += data
    return bytes(reply)


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s


def _parse_reply(line: bytes, command: str) -> dict[str, Any]:
    if not line.endswith(b"\n") and len(line) <= REPLY_BYTES_MAX:
        raise NoKernel(f"cannot get an answer to '{command}': the kernel hung up", "molt status")
    if len(line) > REPLY_BYTES_MAX:
        raise MoltError(f"cannot read the kernel's answer: above {REPLY_BYTES_MAX} bytes")
    try:
        reply = json.loads(line.partition(b"\n")[0])
    except (ValueError, RecursionError) as error:
        raise MoltError("cannot read the kernel's answer: it is not JSON") from error
    if isinstance(reply, dict):
        result, told = reply.get("result"), reply.get("error")
        if reply.get("more") is True:
            raise UsageError(
                f"cannot ask for '{command}' here: its answer is a row of lines",
                f"molt {command} --json",
            )
        if reply.get("ok") is True and isinstance(result, dict):
            return result
        if reply.get("ok") is False and isinstance(told, dict):
            raise _error(told)
    raise MoltError("cannot read the kernel's answer: it is of an unknown form")


def _error(told: dict[str, Any]) -> MoltError:
    """Return the contract's error that the kernel's answer stands for."""
    given = told.get("code")
    code = given if isinstance(given, int) and 0 < given < 256 else MoltError.exit_code
    kind = _BY_CODE.get(code, MoltError)
    error = kind(str(told.get("message", "cannot say why")), str(told.get("hint", "")))
    error.exit_code = code
    return error
