"""Events that every road out is tried with: one of each typed kind, a drill, odd payloads."""

from typing import Any, Final

from hypothesis import strategies as st

from Kernel.contract.codec import pack
from Kernel.contract.envelope import Envelope, Level, Role, new_id
from Kernel.contract.kinds import Story, make_free_event

PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
"""What a payload may hold."""
START_NS: Final = 1_790_000_000_123_456_789
STEP_NS: Final = 40_000_000

DECIDED: Final[dict[str, Any]] = {
    "context_hash": "c0ffee",
    "input_trigger": "famine at 184500",
    "rationale": "food is far, the slow starve",
    "rejected_alternatives": ["more food", "fewer births"],
    "memory_ids": ["lesson-7"],
    "confidence_score": 0.87,
    "mission": "feed them",
    "options_considered": ["more food", "fewer births", "faster legs"],
    "selected_strategy": "faster legs",
    "tokens": 812,
    "seconds": 4.25,
}
CHANGED: Final[dict[str, Any]] = {
    "target_type": "FILE_SYSTEM",
    "target_resource": "mutations/trait_legs_v2.py",
    "previous_state_hash": "aa11",
    "new_state_hash": "bb22",
    "diff_patch": "--- a\n+++ b\n@@ -1,2 +1,3 @@\n-speed = 1\n+speed = 2\n+wings = 0\n same\n",
    "is_reversible": True,
    "depends_on": ["mutations/trait_body_v1.py"],
}
SIGNALLED: Final[dict[str, Any]] = {
    "status": "HEALTHY",
    "cpu_load_percent": 12.5,
    "memory_usage_mb": 301.75,
}
MESSAGED: Final[dict[str, Any]] = {
    "sender": "coder-1",
    "recipient": "reviewer-1",
    "subject": "legs",
    "text": "look at línea 3, please",
}


def event_id(number: int) -> bytes:
    """Return the id of sample `number`."""
    return new_id(START_NS + number * STEP_NS, number.to_bytes(10, "big"))


def event(number: int, kind: str, payload: dict[str, Any], **fields: Any) -> Envelope:
    """Return sample `number`, not held to its kind: a golden file outlives what kinds declare."""
    told: dict[str, Any] = {
        "id": event_id(number),
        "time_ns": START_NS + number * STEP_NS,
        "tick": None,
        "zone": "sandbox",
        "kind": kind,
        "version": 1,
        "level": Level.INFO,
        "payload": pack(payload),
    }
    return Envelope(**(told | fields))


def drill(first: int = 20) -> list[Envelope]:
    """Return a drill and its takeover, each caused by the one before."""
    steps: list[tuple[str, dict[str, Any]]] = [
        ("command.taken", {"command": "drill", "by_pid": 7, "args": {"kind": "kill"}}),
        ("drill.begun", {"fault": "kill", "pid": 41}),
        (
            "zone.died",
            {"role": "active", "pid": 41, "how": "SIGKILL", "counts": True, "failures": 1},
        ),
        (
            "zone.taken_over",
            {
                "pid": 42,
                "epoch": 2,
                "tick_found": 184_500,
                "generation": "g1",
                "build": "b1",
                "found_owner": 41,
                "found_flight": 0,
            },
        ),
        ("drill.ended", {"fault": "kill"}),
    ]
    return [
        event(
            first + place,
            kind,
            payload,
            zone="kernel",
            level=Level.WARNING if kind == "zone.died" else Level.INFO,
            tick=184_500 + place,
            cause=event_id(first + place - 1) if place else b"",
        )
        for place, (kind, payload) in enumerate(steps)
    ]


def samples() -> list[Envelope]:
    """Return them all, in the order of their numbers."""
    trace, span = bytes(range(16)), bytes(range(8, 16))
    agent = {"role": Role.CODER, "agent": "coder-1", "trace": trace, "span": span}
    story = Story("scribe", START_NS + 9 * STEP_NS)
    odd = make_free_event(
        "weather.read", {"wind": float("nan"), "raw": b"\x00\xff"}, story, b"9" * 10
    )
    return [
        event(1, "agent.decided", DECIDED, tick=184_500, **agent),
        event(2, "agent.changed_state", CHANGED, cause=event_id(1), **agent),
        event(3, "agent.signalled", SIGNALLED, level=Level.WARNING, role=Role.HISTORIAN),
        event(4, "agent.messaged", MESSAGED, agent="coder-1", role=Role.CODER),
        event(5, "agent.signalled", SIGNALLED | {"status": "SLEEPY", "what": "archive"}),
        event(6, "agent.changed_state", CHANGED | {"target_type": "DIARY", "depends_on": []}),
        event(7, "agent.decided", DECIDED | {"related_commit_hash": "8158111"}),
        odd,
        Envelope(event_id(10), 0, 0, "stable", "telemetry", 1, Level.INFO, pack({"tick": 0})),
        Envelope(event_id(11), 1, 2**62, "x" * 64, "molt.torn", 65535, Level.ERROR, b"\xc1torn"),
        *drill(),
    ]
