"""World parameters as the kernel knows them: data that a world's zygote sends in its hello.

Owns: the record, its form and its range check. Does not own: the table
(`zones/world/parameters.py`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from Kernel.contract.arena import PARAMETERS_MAX
from Kernel.contract.errors import CodecError, Refused
from Kernel.contract.inputs import VALUE_MAX


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that decides ticks and may be changed by an input.

    Args:
        index: its place among the parameters of the state block.
        low, high: smallest and largest value accepted, both allowed.
        whole: only whole numbers make sense.
    """

    name: str
    index: int
    unit: str
    low: float
    high: float
    default: float
    whole: bool = False

    def check(self, value: float) -> None:
        """Raise Refused unless the value may be set."""
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            kind = "whole number" if self.whole else "number"
            raise Refused(
                f"cannot set {self.name} to {value:g}: it takes a {kind} "
                f"from {self.low:g} to {self.high:g} {self.unit}".rstrip(),
                f"molt params {self.name}",
            )

    def fields(self) -> dict[str, Any]:
        """Return the record as plain data for a hello message."""
        return {
            "name": self.name,
            "index": self.index,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "default": self.default,
            "whole": self.whole,
        }


def parse_parameter(fields: dict[str, Any]) -> Parameter:
    """Check plain data and return the record.

    Raises:
        CodecError: a key is missing or unknown, a value has the wrong type, `index` is not below
            PARAMETERS_MAX, or not low <= default <= high, all finite.
    """
    try:
        parameter = Parameter(**fields)
    except TypeError as error:
        raise CodecError(f"cannot read a parameter with keys {sorted(fields)}") from error
    texts = (parameter.name, parameter.unit)
    numbers = (parameter.low, parameter.default, parameter.high)
    if not all(type(text) is str and len(text) <= 64 for text in texts) or not parameter.name:
        raise CodecError(f"cannot read a parameter: name and unit {texts!r}")
    if type(parameter.index) is not int or not 0 <= parameter.index < PARAMETERS_MAX:
        raise CodecError(f"cannot read parameter {parameter.name}: index {parameter.index!r}")
    if type(parameter.whole) is not bool or not all(type(n) in (int, float) for n in numbers):
        raise CodecError(f"cannot read parameter {parameter.name}: {fields!r}")
    # Chained, so that NaN fails; finite, because the ends are.
    if not -VALUE_MAX <= parameter.low <= parameter.default <= parameter.high <= VALUE_MAX:
        raise CodecError(f"cannot read parameter {parameter.name}: low, default, high {numbers!r}")
    return Parameter(
        parameter.name,
        parameter.index,
        parameter.unit,
        float(parameter.low),
        float(parameter.high),
        float(parameter.default),
        parameter.whole,
    )


def hash_of_values(values: Mapping[str, float]) -> str:
    """Return what names a change of parameters: sha256, hex, of its canonical JSON.

    Every value is taken as a float: 2 and 2.0 are one change.
    """
    plain = {name: float(value) for name, value in values.items()}
    return hashlib.sha256(
        json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
    ).hexdigest()
