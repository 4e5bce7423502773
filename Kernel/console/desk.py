"""The console's place in the kernel: requests in, answers out when the thing has happened.

Owns: which requests are under way. Does not own: sockets (`server.py`), what a request does
(`handlers.py`).
"""

from functools import partial

import zmq

from Kernel.console.handlers import Asked, Handlers
from Kernel.console.server import ConsoleServer, Interest, Token
from Kernel.contract.errors import MoltError
from Kernel.loop import Loop
from Kernel.ports.clock import Clock


class Desk:
    """Connects the console server with the loop and the handlers."""

    def __init__(self, server: ConsoleServer, handlers: Handlers, loop: Loop, clock: Clock) -> None:
        self._server = server
        self._handlers = handlers
        self._loop = loop
        self._clock = clock
        self._under_way: dict[Token, Asked] = {}
        self._watched: dict[int, Interest] = {}
        self._follow_interest()

    def busy(self) -> bool:
        """Tell whether an answer is owed, so that the kernel should look often."""
        return bool(self._under_way)

    def look(self) -> None:
        """Answer what can be answered now; a request whose asker has gone is dropped."""
        now_s = self._clock.now_s()
        for token, asked in list(self._under_way.items()):
            if not self._server.is_open(token) or self._settle(token, asked, now_s):
                del self._under_way[token]
        self._follow_interest()

    def close(self) -> None:
        """Answer nothing more."""
        for fd in self._watched:
            self._loop.unwatch(fd)
        self._server.close()

    def _settle(self, token: Token, asked: Asked, now_s: float) -> bool:
        try:
            result = asked.result()
        except MoltError as error:
            self._server.refuse(token, error)
            return True
        if result is not None:
            self._server.answer(token, result)
            return True
        if asked.until_s is not None and now_s >= asked.until_s:
            assert asked.late is not None, "a limit comes with what to say when it is met"
            self._server.refuse(token, asked.late())
            return True
        return False

    def _on_event(self, fd: int, events: int) -> None:
        readable = bool(events & (zmq.POLLIN | zmq.POLLERR))
        writable = bool(events & zmq.POLLOUT)
        for pending in self._server.handle(fd, readable, writable, self._clock.now_s()):
            try:
                self._under_way[pending.token] = self._handlers.handle(pending.request)
            except MoltError as error:
                self._server.refuse(pending.token, error)

    def _follow_interest(self) -> None:
        wanted = self._server.interest()
        for fd in self._watched.keys() - wanted.keys():
            self._loop.unwatch(fd)
        for fd, interest in wanted.items():
            if self._watched.get(fd) != interest:
                events = zmq.POLLIN * interest.read | zmq.POLLOUT * interest.write | zmq.POLLERR
                self._loop.watch(fd, partial(self._on_event, fd), events)
        self._watched = wanted
