"""What a generation of an arena zone says of itself, parsed once.

Owns: the facts the kernel needs of it, and their form. Does not own: what a service tells
(`zones/runtime/generation.py`). Pure.
"""

from dataclasses import dataclass
from typing import Any

from Kernel.contract.arena import PHASES_MAX
from Kernel.contract.parameters import Parameter, parse_parameter

PHASE_NAME_MAX = 32


@dataclass(frozen=True, slots=True)
class GenerationFacts:
    """What a generation says of itself.

    Args:
        causes: it can read an input that says which event led to it; one of before could not.
    """

    schema_hash: bytes
    period_ns: int
    parameters: dict[str, Parameter]
    phases: tuple[str, ...]
    causes: bool = False


def parse_facts(facts: dict[str, Any]) -> GenerationFacts:
    """Return what a zygote tells as facts.

    Raises:
        KeyError, TypeError, ValueError: something is missing or of another form.
    """
    parameters = [parse_parameter(fields) for fields in facts["parameters"]]
    return GenerationFacts(
        schema_hash=bytes.fromhex(facts["schema_hash"]),
        period_ns=int(facts["period_ns"]),
        parameters={parameter.name: parameter for parameter in parameters},
        phases=_parse_phases(facts.get("phases", [])),
        causes=facts.get("causes") is True,
    )


def _parse_phases(value: Any) -> tuple[str, ...]:
    """Return the names of the phases that a generation tells.

    Raises:
        ValueError: it is no list of at most PHASES_MAX short texts.
    """
    if not isinstance(value, list) or len(value) > PHASES_MAX:
        raise ValueError(f"phases must be a list of at most {PHASES_MAX} names")
    for name in value:
        if not isinstance(name, str) or len(name) > PHASE_NAME_MAX:
            raise ValueError(f"phases must be texts of at most {PHASE_NAME_MAX} characters")
    return tuple(value)
