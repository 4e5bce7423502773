"""The `sandbox` zone: agents that change the world's code while it runs.

Owns: the loop of its process, its snapshots, its requests; the clock, the hour and randomness of
this service. Does not own: what the agents do (`crew.py`), who thinks for them (`authors/`).
"""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from Kernel.contract.arena import Header
from Kernel.contract.envelope import Envelope
from Kernel.contract.errors import ConfigError, LedgerError, MoltError, Refused
from Kernel.contract.inputs import ALL
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.messages import Degraded, Drain, Request
from Kernel.contract.places import LEDGER
from zones.agents.authors.server_place import parse_place
from zones.agents.authorship import Authorship, OfflineAuthor
from zones.agents.briefing import Surroundings
from zones.agents.choosing import Chooser, Chosen
from zones.agents.crew import Crew
from zones.agents.folder import FOLDER
from zones.agents.folding import WORLD
from zones.agents.following import Following
from zones.agents.lab import BusLab
from zones.agents.memory import Memory
from zones.agents.memory_file import load_memory, save_memory
from zones.agents.patching import Patching
from zones.agents.report import report
from zones.agents.settings import KEYS, AgentsSettings, parse_settings
from zones.agents.telling import Told
from zones.runtime.ahead_file import new_epoch
from zones.runtime.enclosing import Reach
from zones.runtime.generation import Progress, untold
from zones.runtime.ledger_file import LedgerReader
from zones.runtime.lessons.embeddings import HASHED, Choice
from zones.runtime.seat import BusSeat
from zones.runtime.user_bus import UserBus, connector

POLL_S: Final = 0.01
REQUESTS: Final = ("agents", "trigger")
ENTROPY_BYTES: Final = 10
FOLDED_MAX: Final = 500_000
"""Without a snapshot no more than the newest events are read: half a minute."""
SAVE_AGAIN_S: Final = 10.0
LAST_WORDS_S: Final = 1.0
REASON_CHARS_MAX: Final = 500
AHEAD: Final = "data/ahead"


class Generation:
    """One version of the service's code with its settings.

    No ZeroMQ context, no thread, no file: a fork follows.

    Raises:
        ConfigError: the settings are wrong.
    """

    def __init__(self, settings: dict[str, Any], _progress: Progress = untold) -> None:
        self._settings = parse_settings(settings)
        self.facts: dict[str, Any] = {
            "service": "agents",
            "requests": list(REQUESTS),
            "settings": [key.fields() for key in KEYS],
        }

    def reach(self) -> Reach:
        """Its home, with the folder of mutations, and the port of the model server."""
        try:
            place = parse_place(self._settings.ollama_host)
        except ConfigError:  # a server that may not be asked is one that is not there
            return Reach(home=(FOLDER,))
        return Reach(connect=(place.port,), home=(FOLDER,))

    def authors(self, seat: BusSeat) -> Callable[[], Chosen]:
        """Return what tells who thinks at present."""
        words = seat.arenas.get(WORLD)
        seed = words.get(Header.SEED) if words is not None else 0
        offline = partial(OfflineAuthor, seat.home, seed, self._settings.search())
        return Authorship(self._settings, seat.home, offline, time.monotonic).choose

    def run(self, seat: BusSeat) -> None:
        """Serve until the kernel says drain."""
        sandbox = Sandbox(seat, self._settings, self.authors(seat))
        seat.bus.ready({"position": sandbox.crew.memory.position})
        sandbox.run()


class Sandbox:
    """One process of the zone."""

    def __init__(
        self, seat: BusSeat, settings: AgentsSettings, choose: Callable[[], Chosen]
    ) -> None:
        self._seat = seat
        self._settings = settings
        self._save_s = 0.0
        self._waiting: dict[bytes, tuple[Request, dict[str, Any]]] = {}
        self._notes: list[Degraded] = []
        memory = self._remember()
        self._saved = memory.events
        connect = connector(seat.bus_dir_fd, seat.zone)
        epoch = new_epoch(time.time_ns(), os.urandom(ENTROPY_BYTES))
        self._bus = UserBus(
            connect, seat.zone, epoch, seat.home / AHEAD, time.monotonic, seat.log.warning
        )
        # All carry what a search tries: its trials are too short for many births.
        lab = BusLab(WORLD, ALL)
        around = Surroundings(
            seat.home,
            seat.arenas.get(WORLD),
            seat.parameters.get(WORLD, ()),
            Choice(HASHED, "hashed n-grams"),
            lab,
        )
        self._lab = lab
        self.chooser = Chooser(choose)
        signal = {"status": "STARTING", "cpu_load_percent": 0.0, "memory_usage_mb": 0.0}
        starting = self._make(Told("agent.signalled", signal, "", "orchestrator"))
        self.crew = Crew(
            memory,
            settings,
            Following(connect, memory.position + 1),
            self._bus,
            seat.bus,
            around,
            self.chooser,
            time.monotonic,
            self._make,
            starting.id,
        )
        self._patching = Patching(seat.home, seat.bus, self._publish, WORLD, settings.carriers)
        self.crew.also = self._patching.take
        self._bus.send(starting)

    def _remember(self) -> Memory:
        """Return what was known when the newest snapshot was taken, as far as the log has it."""
        memory, why = load_memory(self._seat.home)
        newest = self._newest()
        if memory is not None and newest is not None and newest < memory.position:
            why = (
                f"cannot use the working memory of position {memory.position}: the log ends before"
            )
            memory = None
        if why:
            self._seat.log.warning("agents.forgotten", why=why)
        if memory is None:
            memory = Memory(position=max(0, (newest or 0) - FOLDED_MAX))
        return memory

    def _newest(self) -> int | None:
        try:
            reader = LedgerReader(self._seat.home / LEDGER)
        except LedgerError:
            return None
        try:
            return reader.newest
        except LedgerError:
            return None
        finally:
            reader.close()

    def _make(self, told: Told) -> Envelope:
        """Make an event of what is told."""
        words = self._seat.arenas.get(WORLD)
        story = Story(
            self._seat.zone,
            time.time_ns(),
            tick=words.get(Header.COMMIT) if words is not None else None,
            cause=bytes.fromhex(told.cause),
            role=told.role,
            agent=told.agent,
        )
        return make_event(told.kind, told.payload, story, os.urandom(ENTROPY_BYTES))

    def _publish(self, kind: str, payload: dict[str, Any], cause: str) -> bytes:
        """Publish what the Patcher tells."""
        event = self._make(Told(kind, payload, cause, "patcher"))
        self._bus.send(event)
        return event.id

    def run(self) -> None:
        """Serve until the kernel says drain."""
        while True:
            for message in self._seat.bus.poll(POLL_S):
                if isinstance(message, Drain):
                    self._leave()
                    return
                self._answer(message)
            self._turn()

    def _turn(self) -> None:
        self.crew.turn()
        self._patching.turn(time.monotonic(), caught_up=self.crew.caught_up)
        self._bus.poll()
        self._reply()
        self._save()
        self._seat.bus.progress += 1
        self._seat.bus.waiting = self._bus.waiting
        late = () if self.crew.caught_up or not self._bus.standing else (self._late(),)
        self._seat.bus.degraded = (
            *self.crew.degraded(),
            *self._patching.degraded(),
            *self._notes,
            *late,
        )

    def _late(self) -> Degraded:
        return Degraded("agents", f"cannot follow the log: {self._bus.standing}", "molt status")

    # Snapshots.

    def _save(self) -> None:
        """Take a snapshot of the working memory when it is time."""
        memory, now_s = self.crew.memory, time.monotonic()
        if memory.events - self._saved < self._settings.snapshot_events or now_s < self._save_s:
            return
        self._saved = memory.events
        try:
            path, size = save_memory(self._seat.home, memory)
        except OSError as error:
            self._save_s = now_s + SAVE_AGAIN_S
            why = f"cannot keep the working memory: {error.strerror or error}"
            self._notes = [Degraded("agents.memory", why, "df -h")]
            return
        self._notes = []
        about = {"position": memory.position, "path": str(path), "bytes": size}
        self._bus.send(self._make(Told("agent.snapshotted", about, "", "orchestrator")))

    def _leave(self) -> None:
        self.crew.leave()
        self._patching.close()
        try:
            save_memory(self._seat.home, self.crew.memory)
        except OSError as error:
            self._seat.log.warning("agents.not_saved", why=str(error))
        try:
            self._bus.flush(LAST_WORDS_S)
        except MoltError as error:
            self._seat.log.warning("agents.not_sent", why=error.message)
        self._bus.close()

    # Requests.

    def _answer(self, request: Request) -> None:
        try:
            if request.name == "agents":
                chosen, thinker = self.chooser.chosen, self.crew.thinker
                self._seat.bus.reply(
                    request,
                    report(self.crew.memory, self._settings, chosen, thinker, time.monotonic())
                    | {"trials": self._lab.under_way, "caught_up": self.crew.caught_up},
                )
            elif request.name == "trigger":
                self._begin(request)
            else:
                does = " and ".join(REQUESTS)
                raise Refused(f"cannot do {request.name!r}: agents do {does}")
        except MoltError as error:
            self._seat.bus.refuse(request, error.message)

    def _begin(self, request: Request) -> None:
        """Have a mission begun; it is answered when that is durable."""
        reason, cause = request.args.get("reason", ""), request.args.get("cause", "")
        if type(reason) is not str or type(cause) is not str:
            raise Refused("cannot begin a mission: it takes a reason, as text")
        told = reason.strip()[:REASON_CHARS_MAX] or "no reason given"
        name, event_id = self.crew.force(told, cause)
        self._waiting[event_id] = (
            request,
            {"trigger_id": name, "event": event_id.hex(), "reason": told},
        )

    def _reply(self) -> None:
        for event_id in [each for each in self._waiting if each not in self.crew.forced]:
            request, answer = self._waiting.pop(event_id)
            mission = self.crew.memory.mission
            begun = mission is not None and mission.name == answer["trigger_id"]
            self._seat.bus.reply(request, answer | {"begun": begun})
