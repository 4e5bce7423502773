"""One committed tick as numbers a person works with: who lives, the food, the ground.

Owns: how a tick is shown: which slots, shapes, names, ids. Does not own: copying it out of the
arena (`arena_reader.py`), tables (`tables.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from Kernel.contract.errors import UsageError
from zones.client import tables
from zones.client.schema import STATE_COLUMN, Array, Column, Schema
from zones.client.traits import CarriedTrait, read_traits, registry_columns

if TYPE_CHECKING:
    from pandas import DataFrame

ALIVE: Final = 1
MISSING: Final = "\N{EN DASH}"
NOT_OF_MOLBOTS: Final = frozenset({"touched", "trait_faults", "trait_memory"})
"""A list the engine keeps in a column, whose places are no slots; and what only traits read."""
SHOWN: Final = ("entity", "resource", "ground")

T_co = TypeVar("T_co", covariant=True)


class Named(Mapping[str, T_co]):
    """A mapping that cannot be changed; `named.x` is `named["x"]`."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, T_co]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> T_co:
        try:
            return self._values[name]
        except KeyError:
            raise KeyError(f"{name!r} is not among {', '.join(self._values) or 'none'}") from None

    def __getattr__(self, name: str) -> T_co:
        if name.startswith("_"):  # copying looks for such names before there are any values
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._values]

    def __repr__(self) -> str:
        return f"<{', '.join(self._values) or 'nothing'}>"


Arrays = Named[Array]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Frame:
    """One committed tick, copied: it stays as it is whatever the world does.

    Args:
        arena: hex id of the arena; another one is another world, or the same told anew from a
            snapshot.
        scalars: counts and books of the whole world, `frame.scalars.population`.
        parameters: values in force, `frame.parameters.friction`.
        molbots: living Molbots in the order of their slots: arrays of shape (n,), dna (n, genes).
        resources: places of food, shape (resources,); column `resource_x` is `resources.x`.
        ground: shape (rows, cols); column `ground_height` is `ground.height`.
        traits: what the trait slots hold, by slot; see `carriers`.
        schema: what the arena says of itself: sizes, genes, columns.
    """

    tick: int
    arena: str
    scalars: Named[int | float]
    parameters: Named[float]
    molbots: Arrays
    resources: Arrays
    ground: Arrays
    schema: Schema = field(repr=False)
    traits: tuple[CarriedTrait, ...] = field(default=(), repr=False)

    def carriers(self, name: str) -> Array:
        """Return which Molbots carry a trait, any version of it: bool, shape (n,), as `molbots`.

        One in which it is switched off carries it, too; see `molbots.deactivated_bits`.

        Raises:
            UsageError: no slot holds a trait of that name, or `trait_bits` was not read.
        """
        bits = sum(trait.bit for trait in self.traits if trait.name == name)
        if not bits:
            names = ", ".join(dict.fromkeys(trait.name for trait in self.traits)) or "none"
            raise UsageError(f"cannot find trait {name!r}: there are {names}")
        if "trait_bits" not in self.molbots:
            raise UsageError("cannot tell who carries a trait: column 'trait_bits' was not read")
        carried: Array = self.molbots["trait_bits"] & np.uint64(bits) != 0
        return carried

    def __repr__(self) -> str:
        population = self.scalars.get("population", MISSING)
        return f"<tick {self.tick} of arena {self.arena[:8]}, {population} molbots>"

    def molbots_table(self) -> "DataFrame":
        """Return the Molbots as a pandas DataFrame, see `tables.molbots_table`.

        Raises:
            ConfigError: pandas is not installed.
        """
        return tables.molbots_table(self.molbots, self.schema.genes)

    def resources_table(self) -> "DataFrame":
        """Return the places of food as a pandas DataFrame: amount, x, y, fertility.

        Raises:
            ConfigError: pandas is not installed.
        """
        return tables.resources_table(self.resources)


def choose_columns(schema: Schema, names: Iterable[str] | None) -> tuple[Column, ...]:
    """Return the columns a frame shows: those asked for by the schema's names, None: all.

    Raises:
        UsageError: a name is not among them.
    """
    known = {
        name: column
        for name, column in schema.columns.items()
        if column.rows in SHOWN and name not in NOT_OF_MOLBOTS
    }
    if names is None:
        return tuple(known.values())
    wanted = (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(f"cannot read column {unknown[0]!r}: there are {', '.join(known)}")
    return tuple(known[name] for name in wanted)


def needed_columns(schema: Schema, shown: Iterable[Column]) -> tuple[Column, ...]:
    """Return what must be copied to show these: with Molbots also the column of who lives.

    The registry of traits is a few kB, and always among them.
    """
    state = schema.columns[STATE_COLUMN]
    shown = (*shown, *registry_columns(schema))
    if state in shown or all(column.rows != "entity" for column in shown):
        return shown
    return (state, *shown)


def build_frame(
    schema: Schema, arena: str, tick: int, buffer: Array, shown: Iterable[Column]
) -> Frame:
    """Return the frame of a copied buffer.

    Args:
        buffer: u8, state block and `needed_columns` of `tick`; not kept, not changed.
    """
    parts: dict[str, dict[str, Array]] = {rows: {} for rows in SHOWN}
    living: Array | None = None
    for column in shown:
        values = column.view(buffer)
        if column.rows == "entity":
            if living is None:
                living = np.flatnonzero(schema.columns[STATE_COLUMN].view(buffer) == ALIVE)
            values = values.take(living, axis=0)
        else:
            values = values.copy()
            if column.rows == "ground":
                values = values.reshape(schema.ground_shape)
        values.setflags(write=False)
        parts[column.rows][column.short_name] = values
    return Frame(
        tick=tick,
        arena=arena,
        scalars=Named(schema.read_scalars(buffer)),
        parameters=Named(schema.read_parameters(buffer)),
        molbots=Named(parts["entity"]),
        resources=Named(parts["resource"]),
        ground=Named(parts["ground"]),
        schema=schema,
        traits=read_traits(schema, buffer),
    )


def molbot_id(number: int) -> str:
    """Return the id by which a Molbot is known outside the arena: "mol_" and hex digits."""
    return f"mol_{number:x}"
