"""One HTTP exchange with a model server that may do anything.

Owns: connecting, waiting in short turns, every bound of an exchange, and what of an answer's
headers is believed. Does not own: what is asked (`ollama.py`), what an answer means
(`answers.py`). It touches the network: to an address of this machine, which the caller gives.

The ollama client is given this transport in place of httpx's own, because that one can only wait
for a whole read: Ollama sends nothing at all while it loads a model and reads the question, which
takes minutes, and a thought that nobody wants any more must end at once. A thread that closes the
socket from outside was considered: it would have to win a race with each new connection.
"""

import errno
import select
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore
import httpx

from zones.agents.thoughts import AuthorFailed, Cancelled, Stop

TURN_S: Final = 0.1
"""So long at most nobody looks whether the thought is still wanted."""
READ_BYTES: Final = 64 * 1024
_TYPES: Final = ("application/x-ndjson", "application/json")
# An authorization would be the key that the client takes from its environment.
_NOT_SENT: Final = (b"authorization", b"cookie", b"accept-encoding")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how large one exchange may be.

    Args:
        connect_s: until the connection stands.
        silence_s: between two pieces of the answer; before the first only `total_s` counts.
        total_s: of the whole exchange.
        bytes_max: that are read, headers and framing counted.
        line_max: bytes of one line of the answer.
    """

    connect_s: float = 2.0
    silence_s: float = 30.0
    total_s: float = 120.0
    bytes_max: int = 4 * 1024 * 1024
    line_max: int = 256 * 1024


@dataclass(slots=True)
class Watch:
    """The bounds of one exchange while it runs.

    Args:
        what: the server, as messages name it: "Ollama at 127.0.0.1:11434".
        now: monotonic seconds.
        end_s: when all must be over; several exchanges of one thought share it.
    """

    what: str
    stop: Stop
    now: Callable[[], float]
    limits: Limits
    end_s: float
    heard_s: float | None = None
    read: int = 0
    line: int = field(default=0)

    def begin(self) -> None:
        """Forget what was read: a further exchange begins."""
        self.heard_s, self.read, self.line = None, 0, 0

    def wait(self, sock: socket.socket, events: int, until_s: float | None = None) -> None:
        """Return once a socket is ready.

        Raises:
            Cancelled: the thought is not wanted any more.
            AuthorFailed: it takes too long.
        """
        poller = select.poll()
        poller.register(sock, events)
        while True:
            if self.stop():
                raise Cancelled
            now_s = self.now()
            ends = [self.end_s] if until_s is None else [self.end_s, until_s]
            if self.heard_s is not None:
                ends.append(self.heard_s + self.limits.silence_s)
            if now_s >= min(ends):
                raise self._late(now_s, until_s)
            left_s = max(0.001, min(TURN_S, min(ends) - now_s))
            if poller.poll(left_s * 1000):
                return

    def count(self, size: int) -> None:
        """Count bytes that were read.

        Raises:
            AuthorFailed: they are too many.
        """
        self.read += size
        self.heard_s = self.now()
        if self.read > self.limits.bytes_max:
            raise AuthorFailed(
                f"cannot use the answer of {self.what}: "
                f"it is larger than {self.limits.bytes_max} bytes",
                how="nonsense",
            )

    def count_lines(self, data: bytes) -> None:
        """Count what comes since the last end of a line; raises like `count`."""
        head, newline, _ = data.partition(b"\n")
        longest = self.line + len(head)
        if newline:
            longest = max(longest, *(len(line) for line in data.split(b"\n")[1:]))
            self.line = len(data) - data.rfind(b"\n") - 1
        else:
            self.line = longest
        if longest > self.limits.line_max:
            raise AuthorFailed(
                f"cannot use the answer of {self.what}: "
                f"a line is longer than {self.limits.line_max} bytes",
                how="nonsense",
            )

    def _late(self, now_s: float, until_s: float | None) -> AuthorFailed:
        if now_s >= self.end_s:
            why, hint = (
                f"no whole answer in {self.limits.total_s:g} s",
                "a smaller model, or a longer agents.llm_timeout_sec",
            )
        elif until_s is not None and now_s >= until_s:
            why, hint = f"it takes no connection in {self.limits.connect_s:g} s", "ollama serve"
        else:
            why, hint = f"it is silent for {self.limits.silence_s:g} s", "ollama ps"
        return AuthorFailed(f"cannot ask {self.what}: {why}", hint, "late")


class WatchedTransport(httpx.BaseTransport):
    """Speaks HTTP/1.1 under a watch; a connection serves one exchange."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._pool = httpcore.ConnectionPool(
            max_connections=1, max_keepalive_connections=0, network_backend=_Backend(watch)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, of whose headers nothing is kept.

        A header may name an encoding that blows up a kilobyte to gigabytes, as a content encoding
        and as a charset; one may set cookies, and one may lead elsewhere.

        Raises:
            AuthorFailed: there is no answer, or it is none of Ollama's.
            Cancelled: the thought is not wanted any more.
        """
        self._watch.begin()
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=[pair for pair in request.headers.raw if pair[0].lower() not in _NOT_SENT],
                content=request.stream,
            )
        )
        headers = httpx.Headers(response.headers)
        fault = _judge(response.status, headers)
        if fault:
            response.close()
            raise AuthorFailed(
                f"cannot use the answer of {self._watch.what}: {fault}",
                "another program may have this port: ollama --version",
            )
        assert isinstance(response.stream, Iterable)
        return httpx.Response(
            response.status,
            headers={"content-type": f"{_TYPES[0]}; charset=utf-8"},
            stream=_Lines(response.stream, response.close, self._watch),
        )

    def close(self) -> None:
        """Close what is open."""
        self._pool.close()


def _judge(status: int, headers: httpx.Headers) -> str:
    """Return why an answer is none of Ollama's, or ""."""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        return f"it is packed with {encoding[:40]!r}"
    if 300 <= status < 400:
        return f"it leads elsewhere (status {status})"
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if 200 <= status < 300 and kind not in _TYPES:
        return f"it is {kind[:60]!r} and not {_TYPES[0]!r}"
    return ""


class _Lines(httpx.SyncByteStream):
    """The body of an answer."""

    def __init__(self, stream: Iterable[bytes], close: Callable[[], None], watch: Watch) -> None:
        self._stream = stream
        self._close = close
        self._watch = watch

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            self._watch.count_lines(data)
            yield data

    def close(self) -> None:
        """Give up what is left."""
        self._close()


class _Stream(httpcore.NetworkStream):
    """A connected socket that waits in turns. The time-outs of its callers are not needed."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._sock = sock
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, b"" at the end."""
        while True:
            self._watch.wait(self._sock, select.POLLIN)
            try:
                data = self._sock.recv(min(max_bytes, READ_BYTES))
            except BlockingIOError:
                continue
            except OSError as error:
                raise _broken(self._watch, error) from error
            self._watch.count(len(data))
            return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        left = memoryview(buffer)
        while left:
            self._watch.wait(self._sock, select.POLLOUT)
            try:
                left = left[self._sock.send(left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                # A server may answer an error before it has read all: that answer is wanted.
                raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """Return nothing: no connection is used twice."""
        return None


class _Backend(httpcore.NetworkBackend):
    """Connects under a watch, to addresses and never by name."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to an address."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise _unreachable(self._watch, error) from error
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = sock.connect_ex((host.strip("[]"), port))
            if code == errno.EINPROGRESS:
                until_s = self._watch.now() + self._watch.limits.connect_s
                self._watch.wait(sock, select.POLLOUT, until_s)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise _unreachable(self._watch, OSError(code, errno.errorcode.get(code, "")))
        except BaseException:
            sock.close()
            raise
        return _Stream(sock, self._watch)


def _unreachable(watch: Watch, error: OSError) -> AuthorFailed:
    if error.errno == errno.ECONNREFUSED:
        return AuthorFailed(f"cannot ask: no {watch.what}", "ollama serve", "absent")
    name = errno.errorcode.get(error.errno or 0, str(error))
    if error.errno in (errno.EACCES, errno.EPERM):
        return AuthorFailed(
            f"cannot ask {watch.what}: the cage does not let it out to this port ({name})",
            "molt doctor cage",
            "absent",
        )
    return AuthorFailed(f"cannot ask {watch.what}: {name}", "ollama serve", "absent")


def _broken(watch: Watch, error: OSError) -> AuthorFailed:
    name = errno.errorcode.get(error.errno or 0, str(error))
    return AuthorFailed(
        f"cannot use the answer of {watch.what}: the connection broke ({name})", "ollama ps"
    )
