"""World parameters as the kernel knows them: data that a world's zygote sends in its hello.

Owns: the record and its range check. Does not own: the table (`zones/world/parameters.py`).
"""

from dataclasses import dataclass
from typing import Any

from Kernel.contract.errors import CodecError, Refused


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
    """Return the record, or raise CodecError when a field is missing or of a wrong type."""
    try:
        return Parameter(
            name=str(fields["name"]),
            index=int(fields["index"]),
            unit=str(fields["unit"]),
            low=float(fields["low"]),
            high=float(fields["high"]),
            default=float(fields["default"]),
            whole=bool(fields["whole"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CodecError(f"cannot read a parameter: {error!r}") from error
