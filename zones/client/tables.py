"""Columns as pandas tables, for who has pandas installed.

Owns: how ids, colours and genes look in a table. Does not own: the numbers (`frame.py`).
pandas is no dependency of molt: it is imported when a table is asked for.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from Kernel.contract.errors import ConfigError, what_installs
from zones.client.schema import Array

if TYPE_CHECKING:
    from pandas import DataFrame

GRAINS = np.float32(255)
"""Genes of founders are kept as whole parts of it."""
ID_COLUMNS = ("id", "parent")


def molbots_table(molbots: Mapping[str, Array], genes: tuple[str, ...]) -> "DataFrame":
    """Return a table with a row for each Molbot.

    `id` and `parent` are ids ("mol_1f", missing without a parent), `colour` is "#rrggbb". A dna
    becomes a column for each gene, 0 to 1: `gene_speed` and so on, since there is a gene `colour`
    too; `founder_gene_speed` is that of the lineage's founder. `lineage` is a number.
    In `trait_bits` and `deactivated_bits` bit n stands for the trait in slot n, `Frame.traits`.

    Raises:
        ConfigError: pandas is not installed.
    """
    table: dict[str, object] = {}
    for name, values in molbots.items():
        if name in ID_COLUMNS:
            table[name] = [f"mol_{number:x}" if number else None for number in values.tolist()]
        elif name == "colour":
            table[name] = [f"#{number:06x}" for number in values.tolist()]
        elif values.ndim == 1:
            table[name] = values
        else:
            prefix = name.replace("dna", "gene")
            for index, each in enumerate(_value_names(values.shape[1], genes)):
                gene = values[:, index]
                table[f"{prefix}_{each}"] = gene / GRAINS if gene.dtype == np.uint8 else gene
    return _data_frame(table)


def resources_table(resources: Mapping[str, Array]) -> "DataFrame":
    """Return a table with a row for each place of food.

    Raises:
        ConfigError: pandas is not installed.
    """
    return _data_frame(dict(resources))


def events_table(events: Iterable[Mapping[str, Any]]) -> "DataFrame":
    """Return a table with a row for each event, as `Home.events` or `Home.history` gives them.

    `time` is a date in UTC. What a payload holds is in columns of its own, "payload.NAME"; lists
    and maps in it stay as they are. An event without a value has none (NaN or None).

    Raises:
        ConfigError: pandas is not installed.
    """
    rows = []
    for event in events:
        row = {key: value for key, value in event.items() if key not in ("payload", "v")}
        payload = event.get("payload")
        if isinstance(payload, Mapping):
            row |= {f"payload.{key}": value for key, value in payload.items()}
        rows.append(row)
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = _data_frame({name: [row.get(name) for row in rows] for name in names})
    if "time" in table:
        table["time"] = table["time"].astype("datetime64[ns, UTC]")
    return table


def _value_names(width: int, genes: tuple[str, ...]) -> tuple[str, ...]:
    return genes if len(genes) == width else tuple(map(str, range(width)))


def _data_frame(table: dict[str, object]) -> "DataFrame":
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"cannot make a table: {error}; it is in the extra molt[science]",
            what_installs("science"),
        ) from error
    return pd.DataFrame(table)
