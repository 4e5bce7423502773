"""Inputs: everything from outside that may change a world, as numbered entries of its inbox.

Owns: the kinds of input and their fields, checked on both sides. Does not own: what they do
(`zones/world/inbox.py`, `zones/world/trait_inputs.py`) nor who may send them (`Kernel/console`).
"""

import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from Kernel.contract.codec import pack, unpack
from Kernel.contract.errors import CodecError

PAUSE = "world.pause"
RESUME = "world.resume"
STEP = "world.step"
SET_PARAM = "world.set_param"
QUARANTINE = "world.quarantine"
ADD_TRAIT = "world.add_trait"
REMOVE_TRAIT = "world.remove_trait"
RESET_TRAITS = "world.reset_traits"
SUSPEND_TRAIT = "world.suspend_trait"
RELEASE_TRAIT = "world.release_trait"
KINDS = (
    PAUSE, RESUME, STEP, SET_PARAM, QUARANTINE,
    ADD_TRAIT, REMOVE_TRAIT, RESET_TRAITS, SUSPEND_TRAIT, RELEASE_TRAIT,
)  # fmt: skip
SAFETY_KINDS = (PAUSE, RESUME, STEP, QUARANTINE)
"""Kinds that may use the quarter of inbox and outbox kept for safety."""
OWN_KINDS = (RESET_TRAITS, SUSPEND_TRAIT)
"""Kinds that a world gives itself in the first tick of a process; only a replay sends them."""
STEPS_MAX = 1_000_000
VALUE_MAX = 1e300
SLOTS_MAX = 64
"""Trait slots are 1 to SLOTS_MAX - 1: a bit each in a word, and none for slot 0, the core."""
INPUT_BYTES_MAX = 4096
CAUSE_BYTES = 16
VERSION_MAX = 2**31 - 1
TRAIT_NAME_BYTES = 32
"""Of a trait's name in UTF-8; of a mood's MOOD_BYTES."""
MOOD_BYTES = 16
MOODS_MAX = 64
MEMORY_MAX = 64
WHY_CHARS_MAX = 200
REFUSALS = (
    "",
    "it cannot be read",
    "the world has no such parameter, or not with this value",
    "the same code is active already",
    "this code is quarantined: release the trait first",
    "as many traits are active as can be",
    "every slot for traits is taken",
    "the trait memory has not so many places left in a row",
    "the world knows as many names of states as it can",
    "the world has no such trait",
    "the world's process has not got this code",
)
"""Why an input changed nothing, for people, by the number in `State.INPUT_REFUSED`."""
(
    UNREADABLE, NO_PARAMETER, SAME_CODE, QUARANTINED_CODE, TOO_MANY_TRAITS, NO_SLOT, NO_MEMORY,
    NO_MOOD, NO_TRAIT, NO_CODE,
) = range(1, len(REFUSALS))  # fmt: skip
ALL = "all"
NEWBORNS = "newborns"
TIERS: Final = ("native", "interpreted")
STATES: Final = ("none", "carried", "volatile")
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TraitFacts:
    """One version of a trait, as an input brings it in.

    Args:
        name: of its class; a version replaces the one that is active under the same name.
        hash: sha256 of its source, hex.
        tier: one of TIERS.
        state: one of STATES.
        memory: places of the trait memory it takes; 0 unless its state is carried.
        moods: names that it assigns to `state`.
        carriers: ALL: everybody who lives carries it at once; NEWBORNS: besides those who carried
            the version before, only who is born from now on.
    """

    name: str
    version: int
    hash: str
    tier: str
    state: str
    memory: int = 0
    moods: tuple[str, ...] = ()
    carriers: str = ALL

    def fields(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "version": self.version,
            "hash": self.hash,
            "tier": self.tier,
            "state": self.state,
            "memory": self.memory,
            "moods": list(self.moods),
            "carriers": self.carriers,
        }


@dataclass(frozen=True, slots=True)
class Input:
    """One input.

    Args:
        kind: one of KINDS.
        at_tick: applied at the start of the first tick >= this; 0: the next tick.
        steps: STEP only, how many ticks to run before standing still again.
        param: SET_PARAM only, the parameter's name.
        value: SET_PARAM only, the new value.
        slot: QUARANTINE and SUSPEND_TRAIT only, the trait slot whose code is not to run any more;
            or RELEASE_TRAIT, one that is in quarantine, which is given up.
        cause: id of the event that led to it, b"" for none; decides nothing in the world.
        trait: ADD_TRAIT only.
        name: REMOVE_TRAIT only, the name of the trait.
        slots: RESET_TRAITS only, whose state was lost with the process that had it.
        why: SUSPEND_TRAIT only, for people.
    """

    kind: str
    at_tick: int = 0
    steps: int = 0
    param: str = ""
    value: float = 0.0
    slot: int = 0
    cause: bytes = b""
    trait: TraitFacts | None = None
    name: str = ""
    slots: tuple[int, ...] = ()
    why: str = ""

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
        if self.kind == ADD_TRAIT and self.trait is not None:
            fields |= self.trait.fields()
        for key in _KEYS.get(self.kind, ()):
            if key not in fields:
                told = getattr(self, key)
                fields[key] = list(told) if isinstance(told, tuple) else told
        if self.cause:
            fields["cause"] = self.cause
        return fields


_TRAIT_KEYS: Final = (
    "name", "version", "hash", "tier", "state", "memory", "moods", "carriers",
)  # fmt: skip
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    STEP: ("steps",),
    SET_PARAM: ("param", "value"),
    QUARANTINE: ("slot",),
    REMOVE_TRAIT: ("name",),
    RESET_TRAITS: ("slots",),
    RELEASE_TRAIT: ("slot",),
    SUSPEND_TRAIT: ("slot", "why"),
}
_OPTIONAL: Final = frozenset({"at_tick", "cause", "steps", "memory", "moods", "carriers", "why"})


def parse_input(fields: dict[str, Any]) -> Input:
    """Check plain data and return the input.

    Raises:
        CodecError: unknown kind or key, missing key, wrong type, or a number out of range.
    """
    kind = fields.get("kind")
    keys = set(_TRAIT_KEYS if kind == ADD_TRAIT else _KEYS.get(str(kind), ()))
    if kind not in KINDS or set(fields) - keys - {"kind", "at_tick", "cause"}:
        raise CodecError(f"cannot read input: kind {kind!r} with keys {sorted(fields)}")
    missing = sorted(keys - set(fields) - _OPTIONAL)
    if missing:
        raise CodecError(f"cannot read input {kind}: it lacks {', '.join(missing)}")
    read = {"at_tick": 0, **fields}
    for key, value in read.items():
        check = _CHECKS.get(key)
        if check is not None and not check(value):
            raise CodecError(f"cannot read input {kind}: {key} {reprlib.repr(value)}")
    if kind == ADD_TRAIT:
        return Input(ADD_TRAIT, read["at_tick"], cause=read.get("cause", b""), trait=_trait(read))
    return Input(
        str(kind),
        read["at_tick"],
        read.get("steps", 1 if kind == STEP else 0),
        read.get("param", ""),
        float(read.get("value", 0.0)),
        read.get("slot", 0),
        read.get("cause", b""),
        name=read.get("name", ""),
        slots=tuple(read.get("slots", ())),
        why=read.get("why", ""),
    )


def decode_input(payload: bytes) -> Input:
    """Parse the payload of an inbox entry.

    Raises:
        CodecError: see `parse_input`.
    """
    return parse_input(unpack(payload, INPUT_BYTES_MAX))


def _trait(read: dict[str, Any]) -> TraitFacts:
    told = {key: read[key] for key in _TRAIT_KEYS if key in read}
    facts = TraitFacts(**(told | {"moods": tuple(read.get("moods", ()))}))
    if facts.memory and facts.state != "carried":
        raise CodecError(
            f"cannot read input {ADD_TRAIT}: memory {facts.memory} for state {facts.state}"
        )
    return facts


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _text(value: object, size_bytes: int) -> bool:
    """Tell whether a value is a printable text that fits, with something in it."""
    try:
        return (
            isinstance(value, str) and value.isprintable() and 0 < len(value.encode()) <= size_bytes
        )
    except UnicodeEncodeError:  # half of a pair
        return False


def _slot(value: object) -> bool:
    return _whole(value, 1, SLOTS_MAX - 1)


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "at_tick": lambda value: _whole(value, 0, 2**62),
    "steps": lambda value: _whole(value, 1, STEPS_MAX),
    "param": lambda value: isinstance(value, str) and 0 < len(value) <= 64,
    # Written so that NaN, infinity and integers too large for a float all fail.
    "value": lambda value: type(value) in (int, float) and abs(value) <= VALUE_MAX,
    "slot": _slot,
    "cause": lambda value: isinstance(value, bytes) and len(value) in (0, CAUSE_BYTES),
    "name": lambda value: _text(value, TRAIT_NAME_BYTES),
    "version": lambda value: _whole(value, 1, VERSION_MAX),
    "hash": lambda value: isinstance(value, str) and _HASH.fullmatch(value) is not None,
    "tier": lambda value: value in TIERS,
    "state": lambda value: value in STATES,
    "memory": lambda value: _whole(value, 0, MEMORY_MAX),
    "moods": lambda value: (
        isinstance(value, list | tuple)
        and len(value) <= MOODS_MAX
        and len(set(map(repr, value))) == len(value)
        and all(_text(mood, MOOD_BYTES) for mood in value)
    ),
    "carriers": lambda value: value in (ALL, NEWBORNS),
    "slots": lambda value: (
        isinstance(value, list | tuple) and 0 < len(value) < SLOTS_MAX and all(map(_slot, value))
    ),
    "why": lambda value: isinstance(value, str) and len(value) <= WHY_CHARS_MAX,
}
