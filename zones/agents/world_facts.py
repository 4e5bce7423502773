"""What agents know of the world beside the log: its parameters and traits, as they are now.

Owns: reading them from the read-only arena and from the store of traits. Does not own: telemetry
(from the log), lessons (`zones/runtime/lessons`), what is made of them (`thoughts.Brief`).
"""

import json
import struct
from collections.abc import Sequence
from typing import Final

from Kernel.contract.arena import PARAMETERS_MAX, ArenaWords, Header, State
from Kernel.contract.errors import MoltError
from Kernel.contract.parameters import Parameter
from Kernel.contract.trait_registry import main_rows, read_registry
from zones.agents.thoughts import TraitFact
from zones.runtime.trait_store import TraitStore

SOURCE_CHARS_MAX: Final = 32 * 1024


def read_params(words: ArenaWords) -> dict[str, float]:
    """Return the values of all parameters at the committed tick; none where none are told."""
    try:
        names = json.loads(words.schema()).get("parameters", ())
    except ValueError:
        return {}
    start = words.buffer_offset(words.get(Header.COMMIT)) + State.PARAMETERS
    return {
        str(name): float(struct.unpack_from("<d", words.memory, start + 8 * index)[0])
        for index, name in enumerate(names[:PARAMETERS_MAX])
    }


def read_traits(words: ArenaWords, store: TraitStore) -> tuple[TraitFact, ...]:
    """Return the traits of the world, each with its source where the store has it."""
    rows = main_rows(read_registry(words))
    return tuple(
        TraitFact(
            row.name,
            row.version,
            row.status,
            row.tier,
            row.calls,
            row.faults,
            _source(store, row.hash),
        )
        for _, row in sorted(rows.items())
    )


def _source(store: TraitStore, code_hash: str) -> str:
    try:
        source, _ = store.source(code_hash)
    except MoltError:
        return ""
    return source.decode(errors="replace")[:SOURCE_CHARS_MAX]


def known_parameters(told: Sequence[Parameter], params: dict[str, float]) -> tuple[Parameter, ...]:
    """Return the parameters that the world has now, of those its generation has told of."""
    return tuple(each for each in told if each.name in params)
