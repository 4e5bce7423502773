"""Inputs: everything from outside that may change a world, as numbered entries of its inbox.

Owns: the kinds of input and their fields, checked on both sides. Does not own: what they do
(`zones/world/inbox.py`) nor who may send them (`Kernel/console`).
"""

import reprlib
from dataclasses import dataclass
from typing import Any

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError

PAUSE = "world.pause"
RESUME = "world.resume"
STEP = "world.step"
SET_PARAM = "world.set_param"
QUARANTINE = "world.quarantine"
KINDS = (PAUSE, RESUME, STEP, SET_PARAM, QUARANTINE)
SAFETY_KINDS = (PAUSE, RESUME, STEP, QUARANTINE)
"""Kinds that may use the quarter of inbox and outbox kept for safety."""
STEPS_MAX = 1_000_000
VALUE_MAX = 1e300
SLOTS_MAX = 64
"""Trait slots are 1 to SLOTS_MAX - 1: a bit each in a word, and none for slot 0, the core."""
INPUT_BYTES_MAX = 4096
CAUSE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Input:
    """One input.

    Args:
        kind: one of KINDS.
        at_tick: applied at the start of the first tick >= this; 0: the next tick.
        steps: STEP only, how many ticks to run before standing still again.
        param: SET_PARAM only, the parameter's name.
        value: SET_PARAM only, the new value.
        slot: QUARANTINE only, the trait slot whose code is not to run any more.
        cause: id of the event that led to it, b"" for none; decides nothing in the world.
    """

    kind: str
    at_tick: int = 0
    steps: int = 0
    param: str = ""
    value: float = 0.0
    slot: int = 0
    cause: bytes = b""

    def encode(self) -> bytes:
        """Return the payload of the ring entry.

        Raises:
            CodecError: a field is missing or out of range, see `parse_input`.
        """
        parse_input(self.fields())
        return pack(self.fields(), INPUT_BYTES_MAX)

    def fields(self) -> dict[str, Any]:
        """Return the input as plain data: the form used in rings, events and files."""
        fields: dict[str, Any] = {"kind": self.kind, "at_tick": self.at_tick}
        if self.kind == STEP:
            fields["steps"] = self.steps
        if self.kind == SET_PARAM:
            fields["param"] = self.param
            fields["value"] = self.value
        if self.kind == QUARANTINE:
            fields["slot"] = self.slot
        if self.cause:
            fields["cause"] = self.cause
        return fields


def parse_input(fields: dict[str, Any]) -> Input:
    """Check plain data and return the input.

    Raises:
        CodecError: unknown kind or key, missing key, wrong type, or a number out of range.
    """
    kind = fields.get("kind")
    known = {"kind", "at_tick", "cause"}
    known |= {"steps"} if kind == STEP else set()
    known |= {"param", "value"} if kind == SET_PARAM else set()
    known |= {"slot"} if kind == QUARANTINE else set()
    if kind not in KINDS or set(fields) - known:
        raise CodecError(f"cannot read input: kind {kind!r} with keys {sorted(fields)}")
    at_tick = fields.get("at_tick", 0)
    steps = fields.get("steps", 1 if kind == STEP else 0)
    if not _whole(at_tick, 0, 2**62) or (kind == STEP and not _whole(steps, 1, STEPS_MAX)):
        raise CodecError(f"cannot read input {kind}: at_tick {at_tick!r}, steps {steps!r}")
    param = fields.get("param", "")
    value = fields.get("value", 0.0)
    if kind == SET_PARAM and not {"param", "value"} <= set(fields):
        raise CodecError(f"cannot read input {kind}: param and value are needed")
    if not isinstance(param, str) or len(param) > 64 or (kind == SET_PARAM and not param):
        raise CodecError(f"cannot read input {kind}: param {param!r}")
    # Written so that NaN, infinity and integers too large for a float all fail.
    if type(value) not in (int, float) or not abs(value) <= VALUE_MAX:
        raise CodecError(f"cannot read input {kind}: value {value!r} is not a finite number")
    slot = fields.get("slot", 0)
    if kind == QUARANTINE and not _whole(slot, 1, SLOTS_MAX - 1):
        raise CodecError(f"cannot read input {kind}: slot {slot!r}, it takes 1 to {SLOTS_MAX - 1}")
    cause = fields.get("cause", b"")
    if not isinstance(cause, bytes) or len(cause) not in (0, CAUSE_BYTES):
        raise CodecError(f"cannot read input {kind}: cause {reprlib.repr(cause)} is no event's id")
    return Input(str(kind), at_tick, steps, param, float(value), slot, cause)


def decode_input(payload: bytes) -> Input:
    """Parse the payload of an inbox entry.

    Raises:
        CodecError: see `parse_input`.
    """
    return parse_input(unpack(payload, INPUT_BYTES_MAX))


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
