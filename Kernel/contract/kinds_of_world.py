"""The kinds of events that a world writes into its outbox, and the archive about them.

Owns: the rows. Does not own: writing them (`zones/world/outbox.py`, `zones/ledger`).
"""

from typing import Any, Final

from Kernel.contract.envelope import Level
from Kernel.contract.kind_table import Kind

_WARNING, _ERROR = Level.WARNING, Level.ERROR

WORLD_KINDS: Final = (
    Kind(
        "telemetry",
        {
            "tick": int,
            "entity_count": int,
            "avg_energy": float,
            "births_last_period": int,
            "seeded_last_period": int,
            "deaths_last_period": int,
            "death_starvation": int,
            "death_age": int,
            "death_collision": int,
            "resource_density": float,
            "temperature": float,
            "light": float,
            "lineages": int,
            "lineage_diversity": float,
            "dominant_lineage": int,
            "dominant_share": float,
            "genes": list[float],
            "trait_diversity": float,
            "dominant_trait": str,
            "snapshot_key?": str,
            "max_entities?": int,
        },
    ),
    Kind("input.applied", {"tick": int, "sequence": int, "input": dict[str, Any], "own?": bool}),
    Kind(
        "input.refused",
        {
            "tick": int,
            "sequence": int,
            "last_sequence": int,
            "reason": str,
            "input?": dict[str, Any],
        },
        _WARNING,
    ),
    Kind("world.traits", {"tick": int, "traits": list[dict[str, Any]]}),
    Kind(
        "world.lineage",
        {"tick": int, "born": dict[str, Any], "died": dict[str, Any], "lost": int},
    ),
    Kind("world.check_failed", {"tick": int}, _ERROR, is_open=True),
    Kind("world.migrated", {"tick": int}, is_open=True),
    Kind(
        "world.restored",
        {
            "tick": int,
            "from_arena": str,
            "from_tick": int,
            "first": int,
            "inputs": int,
            "known_tick": int,
            "why": str,
        },
    ),
    Kind("world.params_changed", {"param_name": str, "old_value": float, "new_value": float}),
    # The archive's own.
    Kind("archive.gap", {"first": int, "last?": int, "why": str, "of?": str}, _ERROR),
    Kind("archive.refused", {"why": str, "bytes?": int, "begins?": bytes, "from?": str}, _WARNING),
    Kind("archive.opened", {"newest": int, "verified": int, "seconds": float, "sqlite": str}),
    Kind("archive.tail_cut", {"first": int, "last": int, "why": str}, _ERROR),
    Kind("archive.damaged", {"position": int, "why": str}, _ERROR),
    Kind("archive.salvaged", {"kept": int, "lost": int, "aside": str, "why": str}, _ERROR),
    Kind("archive.segment_closed", {"first": int, "last": int, "file": str, "bytes": int}),
    Kind("archive.derived_rebuilt", {"what": str, "why": str}, _WARNING),
    Kind("archive.derived_waits", {"what": str, "why": str}, _WARNING),
    Kind("archive.flood_limited", {"sender": str, "held": int, "rate": float}, _WARNING),
)
