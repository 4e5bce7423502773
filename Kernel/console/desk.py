"""The console's place in the kernel: requests in, answers out when the thing has happened.

Owns: which requests are under way, and who follows. Does not own: sockets (`server.py`), what a
request does (`handlers.py`), how far a follower has read (`following.py`).
"""

import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice

import zmq

from Kernel.console.following import FOLLOWERS_MAX, LINES_PER_LOOK_MAX, Reading
from Kernel.console.handlers import Asked, Handlers
from Kernel.console.request import Request
from Kernel.console.server import ConsoleServer, Interest, Pending, Token
from Kernel.contract.errors import MoltError, NoKernel, Refused
from Kernel.core.event_ring import Event, LogLine
from Kernel.loop import Loop
from Kernel.ports.clock import Clock

BUSY_PACE_S = 0.002
PATIENT_PACE_S = 0.01
"""Who waits for a tick learns of it within this; a wait a day long must not cost a core."""
STACK_CHARACTERS_MAX = 3000
"""How much of a stack is told, its end: an event takes no more."""


class Desk:
    """Connects the console server with the loop and the handlers."""

    def __init__(self, server: ConsoleServer, handlers: Handlers, loop: Loop, clock: Clock) -> None:
        self._server = server
        self._handlers = handlers
        self._loop = loop
        self._clock = clock
        self._under_way: dict[Token, tuple[Request, Asked]] = {}
        self._readings: dict[Token, Reading[Event] | Reading[LogLine]] = {}
        self._watched: dict[int, Interest] = {}
        server.before_close = self._forget
        self._follow_interest()

    def busy(self) -> bool:
        """Tell whether an answer is owed; who only follows is owed none."""
        return bool(self._under_way) or not all(each.follows for each in self._readings.values())

    def pace_s(self) -> float | None:
        """Return how soon to look again for the sake of those who are owed an answer, or None."""
        if any(not asked.patient for _, asked in self._under_way.values()):
            return BUSY_PACE_S
        if any(self._has_more(*each) for each in self._readings.items()):
            return BUSY_PACE_S
        return PATIENT_PACE_S if self._under_way else None

    def look(self) -> None:
        """Answer what can be answered now; a request whose asker has gone is dropped.

        What was begun for its answer alone is given up with it.
        """
        if self._under_way:
            now_s = self._clock.now_s()
            with self._handlers.one_moment():
                for token, (request, asked) in list(self._under_way.items()):
                    settle = partial(self._settle, token, request, asked, now_s)
                    if not self._server.is_open(token):
                        del self._under_way[token]
                        if asked.give_up is not None:
                            asked.give_up()
                    elif self._serve(token, request.command, settle):
                        del self._under_way[token]
        for token, reading in list(self._readings.items()):
            if not self._server.is_open(token) or self._go_on(token, reading):
                del self._readings[token]
        self._follow_interest()

    def close(self, hint: str = "python manifest.py") -> None:
        """Answer what can be answered, refuse the rest; who follows is told what is left and ends.

        Args:
            hint: the command that helps who is refused.
        """
        self.look()
        for token in self._under_way:
            stopped = NoKernel("cannot tell how it ended: the kernel is being stopped", hint)
            self._server.refuse(token, stopped)
        self._under_way.clear()
        for token, reading in self._readings.items():
            if self._server.is_open(token) and not self._go_on(token, reading):
                self._server.answer(token, {"count": reading.told, "lost": reading.lost})
        for fd in list(self._watched):
            self._forget(fd)
        self._server.close()

    def _serve(self, token: Token, command: str, act: Callable[[], bool]) -> bool:
        """Do something for one request; return whether it needs nothing more.

        The top of a request, hence the one place where a bug of ours is not the end: it has only
        to do with who asked, and a kernel that dies of a question takes its zones' keepers along.
        What deciding about zones raises outside of a request still ends the kernel.
        """
        try:
            return act()
        except MoltError as error:
            self._server.refuse(token, error)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            stack = traceback.format_exc()[-STACK_CHARACTERS_MAX:]
            self._handlers.recorder.error("console.bug", command=command, why=why, stack=stack)
            said = f"cannot answer '{command}': this is a bug of ours: {why}"
            self._server.refuse(
                token, MoltError(said, "molt kernel-events kind=console.bug --json")
            )
        return True

    def _go_on(self, token: Token, reading: Reading[Event] | Reading[LogLine]) -> bool:
        command = reading.lost_kind.partition(".")[0]
        return self._serve(token, command, partial(self._tell, token, reading))

    def _settle(self, token: Token, request: Request, asked: Asked, now_s: float) -> bool:
        try:
            result = asked.result()
            if result is None and asked.until_s is not None and now_s >= asked.until_s:
                assert asked.late is not None, "a limit comes with what to say when it is met"
                raise asked.late()
        except MoltError as error:
            self._tell_refused(request, error)
            raise
        if result is not None:
            self._server.answer(token, result)
        return result is not None

    def _tell_refused(self, request: Request, error: MoltError) -> None:
        """Keep as an event that what was taken came to nothing."""
        if request.cause:
            self._handlers.recorder.note(
                "command.refused", cause=request.cause, command=request.command, why=error.message
            )

    def _tell(self, token: Token, reading: Reading[Event] | Reading[LogLine]) -> bool:
        """Push what is next to one reader; return whether it needs nothing more."""
        if reading.behind and self._server.is_stuck(token):
            self._server.give_up(token, reading.behind)
            return True
        if self._server.takes_more(token):
            for fields in islice(reading.read_on(), LINES_PER_LOOK_MAX):
                self._server.push(token, fields)
                if not self._server.takes_more(token):
                    break
            self._server.flush(token)
        if reading.ended:
            self._server.answer(token, {"count": reading.told, "lost": reading.lost})
        return reading.ended

    def _has_more(self, token: Token, reading: Reading[Event] | Reading[LogLine]) -> bool:
        ahead = reading.position <= reading.ring.newest
        return ahead and self._server.takes_more(token)

    def _on_event(self, fd: int, events: int) -> None:
        readable = bool(events & (zmq.POLLIN | zmq.POLLERR))
        writable = bool(events & zmq.POLLOUT)
        for pending in self._server.handle(fd, readable, writable, self._clock.now_s()):
            begin = partial(self._begin, pending)
            self._serve(pending.token, pending.request.command, begin)

    def _begin(self, pending: Pending) -> bool:
        taken = self._handlers.record(pending.request, pending.peer_pid)  # before it can end us
        request = replace(pending.request, cause=taken)
        try:
            begun = self._handlers.handle(request)
        except MoltError as error:
            self._tell_refused(request, error)
            raise
        if isinstance(begun, Asked):
            self._under_way[pending.token] = request, begun
            return False
        followers = sum(each.follows for each in self._readings.values())
        if begun.follows and followers >= FOLLOWERS_MAX:
            raise Refused(
                f"cannot follow: {followers} follow already, limit {FOLLOWERS_MAX}",
                f"molt {request.command}",
            )
        self._readings[pending.token] = begun
        return False

    def _forget(self, fd: int) -> None:
        """Poll a descriptor no more; before it is closed, or we would take away somebody else's."""
        if self._watched.pop(fd, None) is not None:
            self._loop.unwatch(fd)

    def _follow_interest(self) -> None:
        wanted = self._server.interest()
        for fd in self._watched.keys() - wanted.keys():
            self._forget(fd)
        for fd, interest in wanted.items():
            if self._watched.get(fd) != interest:
                events = zmq.POLLIN * interest.read | zmq.POLLOUT * interest.write | zmq.POLLERR
                self._loop.watch(fd, partial(self._on_event, fd), events)
        self._watched = wanted
