"""All that the rewritten source of one trait finds in its module.

Owns: making the guards, builtins and modules of a trait, and the names that the rewriting uses.
"""

import builtins
import enum
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from zones.traits import names
from zones.traits.facades.builtin_names import make_builtins, quick_calls
from zones.traits.facades.containers import make_collections
from zones.traits.facades.data_classes import DataClasses
from zones.traits.facades.draws import Draws
from zones.traits.facades.enumerations import make_enums
from zones.traits.facades.function_tools import FunctionTools
from zones.traits.facades.functions import Functions
from zones.traits.facades.iterators import Iterators
from zones.traits.facades.kinds import REAL, Kinds
from zones.traits.facades.named_tuples import NamedTuples
from zones.traits.facades.numbers import Mathematics
from zones.traits.facades.sets import SetTools, make_sets
from zones.traits.facades.tools import ModuleFacade, Tools
from zones.traits.facades.types_of_hints import Hints, make_abstract
from zones.traits.guards.arithmetic import Arithmetic
from zones.traits.guards.comparing import Comparing
from zones.traits.guards.dict_methods import DictMethods
from zones.traits.guards.generators import Generators
from zones.traits.guards.inherited import Inherited
from zones.traits.guards.list_methods import ListMethods
from zones.traits.guards.meter import Meter
from zones.traits.guards.methods import Methods
from zones.traits.guards.places import Places, PutItem
from zones.traits.guards.text_methods import TextMethods
from zones.traits.guards.texts import Texts
from zones.traits.word_lists import words

_CLASS_COST: Final = 20
"""What a class statement costs: making a class takes as long as so many calls."""
_ANCESTORS_MAX: Final = 60
_OF_METER: Final = ["step", "stop", "abort"]
_OF_ARITHMETIC: Final = words(
    "add sub mul div floordiv mod pow lshift rshift bit_and bit_or bit_xor iadd isub imul "
    "idiv ifloordiv imod ipow ilshift irshift ibit_and ibit_or ibit_xor neg matmul imatmul"
)
_OF_COMPARING: Final = words(
    "equal unequal less less_or_equal greater greater_or_equal contains lacks"
)
_OF_PLACES: Final = words(
    "boxed classes get_item set_item delete_item spread spread_each spread_names spread_to bounded "
    "keyed measured"
)
_OF_GENERATORS: Final = words("generated generator deep delegated unstoppable goes_on context")


class Outfit:
    """Guards, builtins and modules of one trait.

    Attributes:
        draws: its `random`.
        method_names: attributes that builtin types have methods of.
        quick_names: builtin types whose direct call goes to a function.
    """

    def __init__(self, meter: Meter, machine: Mapping[str, Any], module: str) -> None:
        self.tools = tools = _make_tools(meter, machine, module)
        self.builtins = make_builtins(tools)
        named_tuples = NamedTuples(meter, module)
        self.draws = Draws(tools)
        abstract = make_abstract()
        self._makers: dict[str, Callable[[], dict[str, Any]]] = {
            "math": lambda: Mathematics(tools).public(),
            "random": self.draws.public,
            "dataclasses": lambda: DataClasses(tools).public(),
            "typing": lambda: Hints(named_tuples, self.builtins).public(abstract),
            "enum": lambda: make_enums(tools),
            "collections": lambda: make_collections(tools, named_tuples, self.builtins),
            "functools": lambda: FunctionTools(tools).public(),
            "itertools": lambda: Iterators(tools).public(),
            names.COLLECTIONS_ABC: lambda: abstract,
        }
        self._modules: dict[str, ModuleFacade] = {}
        self.builtins["__import__"] = self._import
        self.builtins["__build_class__"] = self._build_class
        quick = quick_calls(self.builtins)
        self.quick_names = frozenset(quick)
        self.method_names = tools.methods.names()
        self._names = {f" {name}": function for name, function in quick.items()}

    def names(self) -> dict[str, Any]:
        """Return what the module begins with: builtins, and names with a space."""
        tools = self.tools
        made = dict(self._names)
        for owner, listed in (
            (tools.meter, _OF_METER),
            (tools.arithmetic, _OF_ARITHMETIC),
            (tools.comparing, _OF_COMPARING),
            (tools.places, _OF_PLACES),
            (tools.generators, _OF_GENERATORS),
        ):
            made |= {f" {name}": getattr(owner, name) for name in listed}
        made[" put_item"] = PutItem(tools.places)
        made[" append"], made[" bound"] = tools.methods.append, tools.methods.bound
        made[" of_super"] = Inherited(tools.comparing).of_super
        made[" joined"], made[" shown"] = tools.texts.joined, tools.texts.shown
        made[" repr"] = tools.texts.represent
        made[" set_of"] = tools.sets[0]._molt_of  # type: ignore[attr-defined]  # see sets.py
        made[" slice"], made[" overflow"] = self.tools.functions.slice, _overflow
        made[" type_of"] = tools.kinds.type_of
        made[" raw min"], made[" raw max"], made[" raw abs"] = min, max, abs
        made["__builtins__"] = self.builtins
        return made

    def _import(
        self, name: str, space: Any = None, local: Any = None, wanted: Any = (), level: int = 0
    ) -> ModuleFacade:
        if name not in self._makers or level:
            raise ImportError(f"no module {name!r} for traits")
        return self.module(name)

    def module(self, name: str) -> ModuleFacade:
        """Return a module as the trait sees it; it is made when it is asked for."""
        if name not in self._modules:
            self._modules[name] = ModuleFacade(name, self._makers[name]())
        return self._modules[name]

    def _build_class(self, function: Any, name: str, /, *bases: Any, **options: Any) -> Any:
        self.tools.meter.charge(_CLASS_COST)
        for base in bases:
            if isinstance(base, type):
                self.tools.meter.charge(len(base.__mro__))
                if len(base.__mro__) > _ANCESTORS_MAX:
                    self.tools.meter.abort()
        enums = any(isinstance(base, enum.EnumType) for base in bases)
        if enums:
            bases = tuple(base.__dict__.get(REAL, base) for base in bases)
        return builtins.__build_class__(function, name, *bases, **options)


def _overflow() -> NoReturn:
    raise OverflowError("int too large for 64 bits")


def _make_tools(meter: Meter, machine: Mapping[str, Any], module: str) -> Tools:
    texts = Texts(meter)
    arithmetic = Arithmetic(meter, texts, machine)
    comparing = Comparing(meter)
    lists = ListMethods(meter, comparing)
    dicts = DictMethods(meter, comparing)
    sets = make_sets(SetTools(meter, comparing, texts))
    dicts.set_of, dicts.represent = sets[0], texts.represent
    places = Places(meter, comparing)
    return Tools(
        meter=meter,
        arithmetic=arithmetic,
        comparing=comparing,
        texts=texts,
        functions=Functions(meter, arithmetic, comparing, lists),
        lists=lists,
        dicts=dicts,
        methods=Methods(meter, lists, dicts, TextMethods(meter, texts)),
        places=places,
        generators=Generators(meter, places),
        kinds=Kinds(module),
        sets=sets,
        module=module,
    )
