"""A kernel that only has a console: one poll loop around ConsoleServer with canned answers.

Run `python -m tests.kernel.console.fake_kernel HOME` for one in a process of its own (it says
"ready" on stdout and leaves after `shutdown`), or use `FakeKernel` as a context manager for one
in a thread of the test.
"""

import os
import select
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from Kernel.console.request import Request
from Kernel.console.server import ConsoleServer, Pending
from Kernel.contract.errors import MoltError, Refused, WaitTimeout

HASH = "9f2c" * 16
TICK = 184_402
Answer = dict[str, object]

MEMORY = {
    "contexts": [
        {
            "name": "budgets", "what": "restarts that a zone's code has used up", "entries": 1,
            "entries_max": 64, "keep_s": 600.0,
        },
    ],
    "entries": [
        {
            "context": "budgets", "key": "stable", "priority": "high", "age_s": 75.0,
            "left_s": 540.0,
            "value": {"failures": 3, "zygote_failures": 0, "why": "it broke"},
        },
    ],
    "refused": 0,
    "unsaved_why": "",
}  # fmt: skip


def status() -> Answer:
    """Return a status as a kernel gives it, with a zone that is not well."""
    return {
        "kernel": {
            "pid": 4121,
            "state": "running",
            "grade": "A",
            "safe_mode": False,
            "uptime_s": 8053.2,
            "memory_mb": 31.4,
        },
        "zones": [
            _zone("stable", "ready", 4130, heir_pid=4140, doing="tick 184 410", arena="/dev/shm/x"),
            _zone("archive", "degraded", 4131, why="snapshot 12 s late \x1b[2J[red]", restarts=2),
        ],
        "world": {
            "tick": TICK,
            "population": 412,
            "lineages": 7,
            "paused": False,
            "hash": None,
            "ticks_per_s": 62.5,
            "p99_tick_ms": 0.21,
            "phases": [
                {"name": "index", "ms": 0.0412},
                {"name": "sense", "ms": 0.0},
                {"name": "behave", "ms": 0.1203},
                {"name": "collide", "ms": 0.0209},
                {"name": "eat", "ms": 0.0123},
                {"name": "births", "ms": 0.0018},
            ],
            "checks_failed": 0,
            "missed_ticks": 0,
            "period_ms": 16.0,
        },
        "degraded": [
            {"what": "archive", "why": "snapshot 12 s late", "hint": "molt soft-restart archive"}
        ],
    }


def _zone(name: str, state: str, pid: int, **more: object) -> Answer:
    zone: Answer = {
        "name": name,
        "state": state,
        "pid": pid,
        "heir_pid": None,
        "zygote_pid": pid - 10,
        "restarts": 0,
        "epoch": 3,
        "memory_mb": 148.2,
        "cpu_percent": 71.3,
        "why": "",
        "doing": "",
        "arena": "",
    }
    return zone | more


PARAMS: tuple[Answer, ...] = (
    {"key": "friction", "value": 0.85, "unit": "", "min": 0.0, "max": 1.0},
    {"key": "gravity", "value": 0.98, "unit": "m/s²", "min": -10.0, "max": 10.0},
    {"key": "mutation", "value": 0.05, "unit": "", "min": 0.0, "max": 1.0},
    {"key": "age_max", "value": 6000.0, "unit": "ticks", "min": 1.0, "max": 1e8},
    {"key": "temperature", "value": 20.0, "unit": "°C", "min": -50.0, "max": 100.0},
)


QUARANTINED: Answer = {
    "quarantine": [
        {"name": "Wall", "version": 2, "why": "it hung", "mutation_id": "mut_0", "since": 7}
    ]
}
EVENTS: tuple[Answer, ...] = (
    {
        "id": "k-1", "position": 1, "time": "2026-11-27T14:02:11.123Z", "tick": TICK,
        "zone": "stable", "kind": "zone.died", "level": "warning", "cause": None,
        "payload": {"pid": 4130, "how": "signal 9 \x1b[2J"},
    },
    {
        "id": "k-2", "position": 2, "time": "2026-11-27T14:02:11.124Z", "tick": TICK + 1,
        "zone": "stable", "kind": "zone.taken_over", "level": "info", "cause": "k-1",
        "payload": {"pid": 4140},
    },
)  # fmt: skip
LINES: tuple[Answer, ...] = (
    {
        "position": 1, "time": "2026-11-27T14:02:11.123Z", "zone": "stable",
        "source": "stderr", "level": "info", "line": "founded from seed 1 \x1b[2J",
    },
    {
        "position": 2, "time": "2026-11-27T14:02:12.123Z", "zone": "kernel",
        "source": "kernel", "level": "info", "line": "kernel.ready boot_s=1.4",
    },
)  # fmt: skip
AGENTS: Answer = {
    "author": {"name": "genetic", "why": "no Ollama here", "hint": "ollama serve", "model": ""},
    "agents": [
        {"name": "watcher", "doing": "watches", "for_s": None},
        {"name": "coder", "doing": "thinks: write", "for_s": 3.2},
    ],
    "mission": {
        "name": "trig_0f3a9c", "description": "starvation, high: 0.5 against 0.3",
        "stage": "writing", "plans": 1, "drafts": 2, "plan": "eat more", "mutation_id": "",
        "failures": [{"what": "Eater", "stage": "trial", "reason": "it starves"}],
    },
    "queue": ["trig_1"],
    "unmeasured": [],
    "spent": {"thoughts": 4, "tokens": 812, "seconds": 8.8},
    "counts": {
        "missions": 2, "proposed": 5, "applied": 1, "kept": 1, "failed": 3, "rolled_back": 0,
        "measured": 1,
    },
    "evolution": True,
    "position": 77,
    "trials": 2,
    "caught_up": True,
}  # fmt: skip
TRAIT: Answer = {
    "name": "Forager", "version": 2, "tier": "native", "state": "carried", "status": "active",
    "applied_at_tick": TICK, "slot": 1, "hash": "0" * 64, "memory": 1, "calls": 5, "faults": 0,
}  # fmt: skip
CALLED: Answer = {
    "ok": True, "outcome": "returned", "result": 42, "printed": "adding\n", "dropped_bytes": 0,
    "error": None, "seconds": 0.04,
}  # fmt: skip
VERDICT: Answer = {
    "hash": "0" * 64, "accepted": True, "name": "Forager", "tier": "native", "state": "carried",
    "rule": "", "line": 0, "reason": "", "stage": "", "note": "", "ticks": 1000, "seeds": 4,
    "population": 412, "calls": 1000, "faults": {"out of fuel": 12, "bad value": 3},
    "tick_us": {"candidate": {"mean": 512.0, "p99": 900.0}, "control": 430.5},
    "fuel": {"per_call": 31.5, "per_call_max": 40, "per_tick": 63.0},
    "scale": {}, "seconds": {"runs": 0.9}, "invariants": [],
    "effect": [
        {"metric": "population", "mean": 31.5, "low": 12.0, "high": 51.0, "pairs": 4},
        {"metric": "mean energy", "mean": -0.25, "low": -1.0, "high": 0.5, "pairs": 4},
    ],
}  # fmt: skip
COMMITTED: Answer = {"candidate": "1.1 (3f2a91bb04c1)", "stage": "guard", "until_tick": TICK + 9}
ROLLED_BACK: Answer = {"taken_back": "1.1 (3f2a91bb04c1)", "serves": "the factory version"}
CHANGES: list[Answer] = [
    {
        "key": "world.friction",
        "old": 0.85,
        "new": 0.9,
        "effect": "next tick",
        "why": "",
        "hint": "",
    },
    {
        "key": "world.seed",
        "old": 1,
        "new": 2,
        "effect": "refused",
        "why": "counts only when a world is founded",
        "hint": "python manifest.py --home OTHER --set world.seed=2",
    },
]


def answer(request: Request) -> Answer:
    """Return the canned answer.

    Raises:
        MoltError: what a kernel would refuse with.
    """
    if request.flag("dry_run"):
        return {"dry_run": True, "pid": 4130, "would": [f"do {request.command}", "come back"]}
    match request.command:
        case "status":
            return status()
        case "ps":
            return {"zones": status()["zones"]}
        case "pause" | "resume" | "step":
            return {"tick": request.integer("at_tick") or TICK, "hash": HASH}
        case "params":
            return _params(request)
        case "reload":
            return {"dry_run": bool(request.args.get("dry_run")), "changes": CHANGES}
        case "drill":
            if request.text("zone") != "stable":
                raise Refused(f"cannot drill '{request.text('zone')}': no such zone", "molt ps")
            return {
                "zone": "stable",
                "kind": request.text("kind"),
                "noticed_ms": 0.31,
                "served_ms": 0.87,
                "tick_before": TICK,
                "tick_after": TICK + 1,
                "missed_ticks": 0,
                "epoch": 4,
            }
        case "soft-restart" | "go-back":
            return _handed_over(request.text("zone"))
        case "doctor cage":
            return {"grade": "A", "means": "all layers hold", "zones": status()["zones"]}
        case "safe-mode status":
            return {"safe_mode": False, "hint": "molt status"}
        case "safe-mode leave" | "safe-mode enter":
            return {"leaving": True, "entering": True, "tick": TICK}
        case "shutdown":
            return {"tick": TICK}
        case "trait add" | "trait remove" | "release":
            return TRAIT
        case "run":
            return CALLED | {"file": request.text("name") or "code"}
        case "try":
            return VERDICT
        case "quarantine":
            return TRAIT | QUARANTINED if request.text("name") is None else TRAIT
        case "trait list":
            return {"traits": [TRAIT]}
        case "agents" | "memory":
            return AGENTS if request.command == "agents" else MEMORY
        case "update commit" | "update rollback":
            return COMMITTED | ROLLED_BACK
        case "trigger":
            return {"trigger_id": "trig_0f3a9c", "event": "0" * 32, "begun": True, "reason": "x"}
    raise AssertionError(request.command)


def _handed_over(zone: str | None) -> Answer:
    told: Answer = {"zone": zone, "kind": "soft-restart", "noticed_ms": 4.1, "served_ms": 12.5}
    if zone == "stable":
        told |= {"tick_before": TICK, "tick_after": TICK + 1, "missed_ticks": 0, "epoch": 4}
    return told


def _params(request: Request) -> Answer:
    key, value = request.text("key"), request.number("value")
    if key is None:
        return {"params": list(PARAMS)}
    for param in PARAMS:
        if param["key"] == key and value is None:
            return dict(param)
        if param["key"] == key:
            return {**param, "value": value, "applied_at_tick": TICK}
    raise Refused(f"cannot set {key}: no such parameter", "molt params")


class FakeKernel:
    """The loop. `facts` is what `wait` looks at; `answers` may be replaced by a test."""

    def __init__(self, home: Path) -> None:
        (home / "run").mkdir(parents=True, exist_ok=True)
        self.home = home
        self.server = ConsoleServer(home / "run")
        self.facts: dict[str, int | float | bool | str] = {"tick": TICK, "zone.stable": "ready"}
        self.answers: Callable[[Request], Answer] = answer
        self.asked: list[Request] = []
        self._waiting: list[tuple[Pending, float]] = []
        self._stopped = False
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> "FakeKernel":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.write(self._wake_write, b"x")
        self._thread.join(10)
        assert not self._thread.is_alive(), "the fake kernel's loop hangs"
        os.close(self._wake_read)
        os.close(self._wake_write)

    def run(self) -> None:
        """Serve until `shutdown` is asked or the context is left."""
        while not self._stopped:
            poller = select.poll()
            poller.register(self._wake_read, select.POLLIN)
            for fd, interest in self.server.interest().items():
                mask = select.POLLIN if interest.read else 0
                poller.register(fd, mask | (select.POLLOUT if interest.write else 0))
            for fd, event in poller.poll(20):
                if fd == self._wake_read:
                    self._stopped = True
                    continue
                readable = bool(event & (select.POLLIN | select.POLLHUP | select.POLLERR))
                now_s = time.monotonic()
                for pending in self.server.handle(
                    fd, readable, bool(event & select.POLLOUT), now_s
                ):
                    self._serve(pending, now_s)
            self._look_at_waits(time.monotonic())
        self.server.close()

    def _serve(self, pending: Pending, now_s: float) -> None:
        self.asked.append(pending.request)
        if pending.request.command == "wait":
            self._waiting.append((pending, now_s + (pending.request.number("timeout_s") or 0.0)))
            return
        if pending.request.command in ("kernel-events", "logs"):
            # Ends after what there is, also for who follows: tests want an end.
            rows = EVENTS if pending.request.command == "kernel-events" else LINES
            for fields in rows:
                self.server.push(pending.token, fields)
            self.server.answer(pending.token, {"count": len(rows), "lost": 0})
            return
        try:
            self.server.answer(pending.token, self.answers(pending.request))
        except MoltError as error:
            self.server.refuse(pending.token, error)
        self._stopped |= pending.request.command == "shutdown"

    def _look_at_waits(self, now_s: float) -> None:
        for pending, due_s in list(self._waiting):
            wanted = pending.request.expression("for")
            assert wanted is not None
            if wanted.holds(self.facts):
                self.server.answer(pending.token, {"tick": self.facts["tick"], "hash": None})
            elif now_s >= due_s or not self.server.is_open(pending.token):
                error = WaitTimeout(f"cannot see {wanted.text}: time is up", "molt status")
                self.server.refuse(pending.token, error)
            else:
                continue
            self._waiting.remove((pending, due_s))


if __name__ == "__main__":
    kernel = FakeKernel(Path(sys.argv[1]))
    print("ready", flush=True)
    kernel.run()
    time.sleep(0.2)  # As a kernel whose zones take a moment to end.
