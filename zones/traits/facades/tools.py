"""What the facades of one trait are made with.

Owns: one object that holds the guards of a trait, for whoever makes a facade of them.
"""

from dataclasses import dataclass
from typing import Any

from zones.traits.facades.functions import Functions
from zones.traits.facades.kinds import Kinds
from zones.traits.guards.arithmetic import Arithmetic
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.dict_methods import DictMethods
from zones.traits.guards.generators import Generators
from zones.traits.guards.list_methods import ListMethods
from zones.traits.guards.meter import Meter
from zones.traits.guards.methods import Methods
from zones.traits.guards.places import Places
from zones.traits.guards.texts import Texts


@dataclass(frozen=True, slots=True)
class Tools:
    """Guards of one trait.

    Args:
        sets: its set and frozenset.
        module: name of its module.
    """

    meter: Meter
    arithmetic: Arithmetic
    comparing: Comparing
    texts: Texts
    functions: Functions
    lists: ListMethods
    dicts: DictMethods
    methods: Methods
    places: Places
    generators: Generators
    kinds: Kinds
    sets: tuple[type, type]
    module: str


class ModuleFacade:
    """A module as a trait sees it: public names, which cannot be set."""

    def __init__(self, name: str, public: dict[str, Any]) -> None:
        vars(self).update(public)
        vars(self)["__name__"] = name

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"cannot set {name!r} of a module")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r} of a module")

    def __repr__(self) -> str:
        return f"<module '{vars(self)['__name__']}'>"
