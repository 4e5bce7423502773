"""A model server on a free port of the loopback interface that answers as a test has written.

Owns: Ollama's HTTP protocol as far as agents use it (`/api/tags`, `/api/version`, `/api/chat` with
lines of JSON), and the ways a server can be slow, broken or hostile. Its threads and sockets end
with it.
"""

import contextlib
import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

TURN_MS = 20
NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client has sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Gone(Exception):
    """The client is away, or the server is to end."""


@dataclass(slots=True)
class Talk:
    """One connection, from the side of the server."""

    sock: socket.socket
    ending: threading.Event
    request: Request

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        left = memoryview(data)
        while left:
            self._wait(select.POLLOUT)
            try:
                left = left[self.sock.send(left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone from error

    def begin(
        self, status: int = 200, kind: str = NDJSON, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a head; what follows is in chunks."""
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.send(
            f"HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\n{more}"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )

    def chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def line(self, fields: Any) -> None:
        self.chunk(json.dumps(fields).encode() + b"\n")

    def end(self) -> None:
        self.send(b"0\r\n\r\n")

    def whole(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        """Send an answer of known length."""
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.send(
            f"HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\n{more}"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def pause(self, seconds: float) -> None:
        """Do nothing; ends early, with Gone, when the client goes or the server ends."""
        turns = int(seconds * 1000 / TURN_MS) + 1
        for _ in range(turns):
            if self.ending.is_set():
                raise Gone
            poller = select.poll()
            poller.register(self.sock, select.POLLIN)
            if poller.poll(TURN_MS):
                with contextlib.suppress(BlockingIOError):
                    try:
                        if not self.sock.recv(4096):
                            raise Gone
                    except OSError as error:
                        raise Gone from error

    def reset(self) -> None:
        """Break the connection off, as a machine does that loses a process."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def _wait(self, events: int) -> None:
        poller = select.poll()
        poller.register(self.sock, events)
        while not poller.poll(TURN_MS):
            if self.ending.is_set():
                raise Gone


Act = Callable[[Talk], None]
"""What the server does with one question."""


class OllamaServer:
    """The server; a context manager.

    Args:
        models: what it says it has.
        acts: what it does with each question to /api/chat, in order; then `always`.
        port: 0: any free one.
        mute: it takes connections, and reads and says nothing at all.
        always: what it does when no act is left; None: it answers status 500.
    """

    def __init__(
        self,
        *acts: Act,
        models: Sequence[str] = ("llama3:8b",),
        port: int = 0,
        mute: bool = False,
        always: Act | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.acts = list(acts)
        self.always = always
        self.models = list(models)
        self.requests: list[Request] = []
        self.tags: Act | None = None
        self._ending = threading.Event()
        self._mute = mute
        self._listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(16)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, name="ollama-server")]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def chats(self) -> list[Any]:
        """Return the questions so far."""
        return [each.json for each in self.requests if each.path == "/api/chat"]

    def __enter__(self) -> "OllamaServer":
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it with all that it has open."""
        self._ending.set()
        for thread in self._threads:
            thread.join(10.0)
            assert not thread.is_alive(), "a thread of the server hangs"
        self._listener.close()

    def _accept(self) -> None:
        poller = select.poll()
        poller.register(self._listener, select.POLLIN)
        while not self._ending.is_set():
            if not poller.poll(TURN_MS):
                continue
            sock, _ = self._listener.accept()
            sock.setblocking(False)
            thread = threading.Thread(target=self._serve, args=(sock,), name="ollama-talk")
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(Gone):
            talk = Talk(sock, self._ending, Request("", "", {}, b""))
            if self._mute:
                while True:
                    talk.pause(1.0)
            talk.request = _read_request(talk)
            self.requests.append(talk.request)
            self._answer(talk)

    def _answer(self, talk: Talk) -> None:
        path = talk.request.path
        if path == "/api/tags":
            if self.tags is not None:
                self.tags(talk)
            else:
                rows = [{"name": name, "model": name, "size": 1} for name in self.models]
                talk.whole(200, "application/json", json.dumps({"models": rows}).encode())
        elif path == "/api/version":
            talk.whole(200, "application/json", b'{"version":"0.30.0"}')
        elif path == "/api/chat" and self.acts:
            self.acts.pop(0)(talk)
        elif path == "/api/chat" and self.always is not None:
            self.always(talk)
        elif path == "/api/chat":
            talk.whole(500, "application/json", b'{"error":"nothing more is written"}')
        else:
            talk.whole(404, "text/plain", b"404 page not found")


def _read_request(talk: Talk) -> Request:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(talk)
    head, _, body = data.partition(b"\r\n\r\n")
    first, *rows = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (r.partition(":") for r in rows)}
    while len(body) < int(headers.get("content-length", "0")):
        body += _received(talk)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)


def _received(talk: Talk) -> bytes:
    talk._wait(select.POLLIN)
    try:
        data = talk.sock.recv(65536)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise Gone from error
    if not data:
        raise Gone
    return data


@dataclass(slots=True)
class Piecewise:
    """Answers a text in pieces, as a model does, each a line.

    Args:
        pause_s: before each piece.
        last: keys of the last line; None: the stream ends without one.
    """

    text: str
    size: int = 40
    pause_s: float = 0.0
    last: dict[str, Any] | None = field(
        default_factory=lambda: {"done": True, "prompt_eval_count": 1000, "eval_count": 200}
    )

    def __call__(self, talk: Talk) -> None:
        talk.begin()
        for piece in self.pieces():
            if self.pause_s:
                talk.pause(self.pause_s)
            talk.line({"message": {"role": "assistant", "content": piece}, "done": False})
        if self.last is not None:
            talk.line({"message": {"role": "assistant", "content": ""}, **self.last})
        talk.end()

    def pieces(self) -> Iterator[str]:
        for start in range(0, len(self.text), self.size):
            yield self.text[start : start + self.size]


def says(fields: Any, **more: Any) -> Piecewise:
    """Return the act of answering one JSON object."""
    return Piecewise(json.dumps(fields), **more)


@dataclass(slots=True)
class ByRole:
    """Answers each of the agents as it is told, however often it is asked.

    Args:
        answers: by a word of the first message: "Architect", "write traits", "review", "lessons".
    """

    answers: Mapping[str, Any]

    def __call__(self, talk: Talk) -> None:
        told = talk.request.json["messages"][0]["content"].partition("\n")[0]
        fields = next(fields for word, fields in self.answers.items() if word in told)
        says(fields)(talk)
