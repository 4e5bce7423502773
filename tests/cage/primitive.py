"""One hostile act: what it tries, and how its victim would know that it has succeeded.

Owns: the form of a primitive, and the proofs they share. Does not own: the acts (one file for each
family), what is there to be reached (`stage.py`), the children they are tried in (`runner.py`).

A primitive is *reached* only by an effect that the victim sees, or by data that nothing else could
have given. That it "was allowed to try" counts for nothing, except for the calls that are never let
go through to the end (a reboot): there the kernel's answer to arguments that are invalid shows that
the right to make the call was there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.cage.stage import Stage

LIMIT_S = 2.0
PAST_PERMISSION = b"the kernel looked at the arguments"


@dataclass(frozen=True, slots=True)
class Carried:
    """What a child has got before it is caged, as it could have inherited it.

    Args:
        fd: a descriptor, -1 where there is none.
        what: anything else.
        keep: descriptors that belong to the zone and stay open in the cage.
    """

    fd: int = -1
    what: Any = None
    keep: tuple[int, ...] = ()


NOTHING = Carried()


@dataclass(frozen=True, slots=True)
class Primitive:
    """A hostile act.

    Args:
        name: one word for tables and test ids.
        family: of what it is.
        words: what it does, for people.
        act: run in the cage; returns a proof, or raises OSError where it was refused.
        reached: asked outside afterwards, whether or not a proof came: has it got what it wanted?
        before: run in the child before it is caged.
        during: called outside again and again while the child runs.
        limit_s: the child is ended after this.
        past_permission: the call is never let through; an answer about its arguments is the proof.
    """

    name: str
    family: str
    words: str
    act: Callable[[Stage, Carried], bytes]
    reached: Callable[[Stage, bytes], bool]
    before: Callable[[Stage], Carried] = lambda _stage: NOTHING
    during: Callable[[Stage], None] = lambda _stage: None
    limit_s: float = LIMIT_S
    past_permission: bool = False


def told_secret(stage: Stage, proof: bytes) -> bool:
    """Tell whether the secret came out."""
    return stage.secret in proof


def told_victims_secret(stage: Stage, proof: bytes) -> bool:
    """Tell whether what only the victim's memory holds came out."""
    return stage.victim.secret in proof


def told_anything(_stage: Stage, proof: bytes) -> bool:
    """Tell whether the act came to its end: its proof is made of the kernel's own answer."""
    return bool(proof)


def past_permission(_stage: Stage, proof: bytes) -> bool:
    """Tell whether the kernel got as far as looking at arguments that are invalid."""
    return proof == PAST_PERMISSION
