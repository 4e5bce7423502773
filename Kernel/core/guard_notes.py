"""What is kept of a guard period, so that the next kernel goes on with it, and its form.

Owns: the record of one mutation under guard, packing and reading it. Does not own: the files
(`Kernel/ports/cell_notes.py`), when they are written (`trait_guard.py`), the rules (`guard.py`).
Pure. What is counted in the present window is not kept: after a restart it begins anew.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from Kernel.contract.envelope import id_text, parse_id
from Kernel.contract.errors import CodecError
from Kernel.contract.trial_forecast import Band, Forecast
from Kernel.core.guard import Watch
from Kernel.ports.cell_notes import NOTE_BYTES_MAX

BANDS_MAX: Final = 32
"""Of a forecast that is kept; of a longer one the later windows are not judged after a restart."""
_TEXT_MAX: Final = 200
_HASH: Final = re.compile(r"[0-9a-f]{64}")
NONE: Final = "none"
"""What carriers go back to where there is nothing."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """One mutation under guard.

    Args:
        code_hash: of its source, or of the values of parameters.
        params: of a change of parameters, the values before by name; empty for a trait.
        values: those that it has set.
        rollback_to: what its carriers go back to, as people read it.
        watch: what is remembered of it.
        told: id of the newest event about it.
        tripped: why it is being taken back, "" where it is not.
    """

    mutation_id: str
    trait_name: str
    version: int
    code_hash: str
    rollback_to: str
    watch: Watch
    told: bytes
    params: Mapping[str, float] = field(default_factory=dict)
    tripped: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    def about(self) -> dict[str, Any]:
        """Return what each event about it tells."""
        return {
            "mutation_id": self.mutation_id,
            "trait_name": self.trait_name,
            "version": self.version,
        }


def pack_guarded(guarded: Guarded) -> bytes:
    """Return the note of one."""
    watch, forecast = guarded.watch, guarded.watch.forecast
    told = {
        "mutation_id": guarded.mutation_id,
        "trait_name": guarded.trait_name,
        "version": guarded.version,
        "code_hash": guarded.code_hash,
        "rollback_to": guarded.rollback_to,
        "told": id_text(guarded.told),
        "params": dict(guarded.params),
        "values": dict(guarded.values),
        "tripped": guarded.tripped[:_TEXT_MAX],
        "begun": watch.begun,
        "until": watch.until,
        "rest_ms": watch.rest_ms,
        "out": watch.out,
        "metric": forecast.metric,
        "better": forecast.better,
        "window_ticks": forecast.window_ticks,
        "seeds": forecast.seeds,
        "degraded": forecast.degraded[:_TEXT_MAX],
        "bands": [
            [float(f"{end:.9g}") for end in (each.low, each.high, each.mean)]
            for each in forecast.windows[:BANDS_MAX]
        ],
    }
    return json.dumps(told, separators=(",", ":")).encode()


def parse_guarded(data: bytes) -> Guarded:
    """Read a note; the bytes are hostile.

    Raises:
        CodecError: it is none.
    """
    try:
        return _parse(json.loads(data[:NOTE_BYTES_MAX]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CodecError(f"cannot use the note of a guard: {str(error)[:200]}") from error


def _parse(told: Mapping[str, Any]) -> Guarded:
    bands = tuple(Band(*(_number(end) for end in each)) for each in told["bands"][:BANDS_MAX])
    forecast = Forecast(
        _text(told["metric"]),
        _text(told["better"]),
        _whole(told["window_ticks"], 1),
        bands,
        _whole(told["seeds"]),
        _text(told["degraded"]),
    )
    begun, until = _whole(told["begun"]), _whole(told["until"])
    watch = Watch(begun, until, forecast, _number(told["rest_ms"]), out=_whole(told["out"]))
    if _HASH.fullmatch(told["code_hash"]) is None:
        raise ValueError("it is of no source")
    return Guarded(
        _text(told["mutation_id"]),
        _text(told["trait_name"]),
        _whole(told["version"]),
        told["code_hash"],
        _text(told["rollback_to"]),
        watch,
        parse_id(told["told"]),
        _numbers(told["params"]),
        _text(told["tripped"]),
        _numbers(told.get("values", {})),  # notes of earlier versions have none
    )


def _numbers(value: Any) -> dict[str, float]:
    return {_text(name): _number(each) for name, each in dict(value).items()}


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > 4 * _TEXT_MAX:
        raise ValueError("a text in it is none")
    value.encode()
    return value


def _whole(value: Any, low: int = 0) -> int:
    if type(value) is not int or not low <= value <= 2**62:
        raise ValueError("a number in it is none")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise ValueError("a number in it is none")
    return float(value)
