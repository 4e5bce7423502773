"""The interpreted tier: any accepted source, run on a proxy, metered and guarded.

Owns: from a checked tree to something that runs; the instances of a trait; what of a run is read
from a scene and written to it. Does not own: the rewriting (`guarding.py`, `metering.py`), what
rewritten code calls (`guards/`, `facades/`), the proxy (`entity_view.py`), the loop (`driving.py`).

The instance of a trait is shared by all entities where its state is none or carried. Instances of
volatile state live here, by the id of the entity; a call that fails does not undo what it did to
one, since that may be anything.
"""

import ast
import copy
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from Kernel.contract.errors import MoltError
from zones.runtime.random_streams import TRAITS
from zones.traits.contract import CARRIED, FIELDS, NONE, OTHER, VOLATILE, WRITABLE
from zones.traits.driving import COLUMN, Needs, gathered_names, made_names, make_driver
from zones.traits.entity_stores import FieldStores
from zones.traits.entity_view import Entities
from zones.traits.facades.outfit import Outfit
from zones.traits.first_faults import FirstFault, first_fault
from zones.traits.guarding import Guarding
from zones.traits.guards.meter import Meter, Stop
from zones.traits.linked import calls
from zones.traits.metering import Metering
from zones.traits.retained import Retained
from zones.traits.scene import Scene
from zones.traits.state import is_begun
from zones.traits.verdict import Checked

LOADING_FUEL: Final = 100_000
"""What the body of a module, and an __init__ that sets constants, may use."""
FRAMES_MAX: Final = 6_000
"""More than RECURSION_MAX calls of a source can nest with all that they call of ours."""
_MODULE: Final = "trait"
_FILE: Final = f"<{_MODULE}>"


class CannotLoad(MoltError):
    """The body of a trait's module failed."""


def compile_checked(checked: Checked) -> CodeType:
    """Return the code of a checked tree, guarded and metered. Runs nothing of it.

    It is half of what loading takes, so a zygote does it once for all that are forked from it.

    Raises:
        CannotLoad: it lies too deep, rewritten.
    """
    return _compile(checked, Outfit(Meter({}), calls(), _MODULE))


def _compile(checked: Checked, outfit: Outfit) -> CodeType:
    numbers = frozenset(one.name for one in checked.attributes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code: CodeType = compile(rewrite(checked.tree, outfit, numbers), _FILE, "exec")
    except (RecursionError, MemoryError, ValueError, SyntaxError) as error:
        raise CannotLoad(f"cannot compile trait {checked.name!r}: {repr_of(error)}") from None
    return code


class InterpretedTrait:
    """A trait, ready to run. One run at a time.

    Args:
        code: from `compile_checked`; None: it is compiled here.

    Attributes:
        written: columns of the table that a run may write, besides those of the trait phase.
        first_faults: by status, where the first call that failed so did.
    """

    def __init__(self, checked: Checked, code: CodeType | None = None) -> None:
        self.checked = checked
        self.namespace: dict[str, Any] = {"__name__": _MODULE}
        self.meter = Meter(self.namespace)
        used = _fields_used(checked.tree)
        self.entities = Entities(used, self.meter, calls())
        self.own = self.entities.own
        self._equip()
        self.needs = _needs(checked, used)
        self._drive = make_driver(self.needs)
        self.written = frozenset(COLUMN.get(n, f"new_{n}") for n in self.needs.written)
        self.instances: dict[int, Any] = {}
        self._retained = Retained(_MODULE)
        self._overgrown = False
        self.first_faults: dict[int, FirstFault] = {}
        self._code = code or _compile(checked, self.outfit)
        self._load_module()

    def _equip(self) -> None:
        """Put into the namespace what the module begins with, and nothing that was kept in it."""
        self.outfit = Outfit(self.meter, calls(), _MODULE)
        self.draws = self.outfit.draws
        self.namespace |= self.outfit.names()
        stores = FieldStores(self.entities).names()
        self.namespace |= {f" {name}": store for name, store in stores.items()}

    def _load_module(self) -> None:
        """Run the module's body, and make the shared instance."""
        self.meter.begin(LOADING_FUEL)
        try:
            with _undisturbed():
                exec(self._code, self.namespace)  # the checked tree, rewritten
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            why = "it uses too much" if isinstance(error, Stop) else repr_of(error)
            raise CannotLoad(f"cannot load trait {self.checked.name!r}: {why}") from None
        if self.meter.stopped:
            raise CannotLoad(f"cannot load trait {self.checked.name!r}: it uses too much")
        self.kind = self.namespace[self.checked.name]
        self.execute = self.kind.execute
        self.shared: Any = None
        if self.checked.state != VOLATILE:
            self.meter.begin(LOADING_FUEL)
            try:
                self.shared = self.kind()
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # then every first call fails, too, and there are no others
                self.shared = None

    def keep_first(self, status: int, error: BaseException) -> None:
        """Keep where a call failed, the first one with its status."""
        self.first_faults[status] = first_fault(error, _FILE)

    def create(self) -> Any:
        """Return a new instance; __init__ counts as part of the call that runs."""
        return self.kind()

    def reset(self) -> None:
        """Forget all that is volatile: instances, and what the module keeps."""
        self.instances.clear()
        for name in [name for name in self.namespace if name[0] not in " _"]:
            del self.namespace[name]
        self._equip()  # what the source was given may have been written to as well
        self._retained = Retained(_MODULE)
        self._overgrown = False
        self._load_module()

    def forget(self, ids: Iterable[int]) -> None:
        """Forget the instances of entities that are dead."""
        for one in ids:
            self.instances.pop(one, None)

    def run(self, scene: Scene, count: int) -> None:
        """Run the trait for the first `count` carriers of a scene, in order."""
        if count == 0:
            return
        carriers = scene.arrays["carriers"][:count]
        self.entities.world.begin(scene, self.checked.moods, self.needs.sees)
        self.draws.key = scene.number("tick_key")
        self.draws.stream = TRAITS + scene.number("slot")
        self.meter.begin(scene.number("fuel_max"))
        gathered = [self._gather(scene, name, carriers) for name in gathered_names(self.needs)]
        names = made_names(self.needs)
        made: list[list[Any]] = [[] for _ in names]
        if self._overgrown:
            scene.arrays["fuel"][:count] = 0
            scene.arrays["status"][:count] = OTHER
            return
        faults: list[tuple[int, int]] = []
        with _undisturbed():
            self._drive(self, gathered, made, faults)
        self._overgrown = self._retained.is_too_much(
            sum(made[0]), self.namespace, self.instances.values()
        )
        for name, values in zip(names, made, strict=True):
            self._write(scene, name, carriers, values)
        status = scene.arrays["status"]
        status[:count] = 0
        for place, fault in faults:
            status[place] = fault

    def _gather(self, scene: Scene, name: str, carriers: NDArray[np.int32]) -> Any:
        """Return a value for each carrier."""
        arrays = scene.arrays
        match name:
            case "slots":
                return carriers.tolist()
            case "key":
                return arrays["id"][carriers].tolist()
            case "id":
                return [str(one) for one in arrays["id"][carriers].tolist()]
            case "ready":
                bits = arrays["ready"][carriers] >> np.uint64(scene.number("slot"))
                return (bits & np.uint64(1)).astype(bool).tolist()
        if name.startswith("memory"):
            place = int(name[6:])
            return gather_memory(scene, place, self.checked.attributes[place].kind, carriers)
        values = arrays[_column(name)][carriers].tolist()
        if name == "color":
            return [f"#{one:06x}" for one in values]
        if name == "state":
            return [scene.mood_names[one] for one in values]
        return values

    def _write(
        self, scene: Scene, name: str, carriers: NDArray[np.int32], values: list[Any]
    ) -> None:
        """Write what calls made of one column."""
        arrays = scene.arrays
        if name == "fuel":
            arrays["fuel"][: len(values)] = values
        elif name == "begun":
            bit = np.uint64(1 << scene.number("slot"))
            done = carriers[np.array(values, bool)]
            arrays["ready"][done] |= bit
        elif name.startswith("memory"):
            place = int(name[6:])
            scatter_memory(scene, place, self.checked.attributes[place].kind, carriers, values)
        elif name == "color":
            arrays["new_colour"][carriers] = [int(one[1:], 16) for one in values]
        elif name == "state":
            codes = {mood: code for code, mood in reversed(list(enumerate(scene.mood_names)))}
            codes |= self.entities.world.moods
            arrays["new_mood"][carriers] = [codes[one] for one in values]
        else:
            arrays[_column(name)][carriers] = values


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let depth end calls, never the host's own limit, and nobody be warned."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, FRAMES_MAX))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.setrecursionlimit(limit)


def gather_memory(scene: Scene, place: int, kind: str, carriers: NDArray[np.int32]) -> Any:
    """Return one attribute of carried state for each carrier."""
    stored = _memory_row(scene, place)[carriers]
    if kind == "float":
        return stored.view(np.float64).tolist()
    return (stored.astype(bool) if kind == "bool" else stored).tolist()


def scatter_memory(
    scene: Scene, place: int, kind: str, carriers: NDArray[np.int32], values: list[Any]
) -> None:
    """Store one attribute of carried state for each carrier."""
    if kind == "float":
        reals = np.array(values, np.float64)
        reals[np.isnan(reals)] = np.nan
        _memory_row(scene, place)[carriers] = reals.view(np.int64)
    else:
        _memory_row(scene, place)[carriers] = np.array(values, np.int64)


def _memory_row(scene: Scene, place: int) -> NDArray[Any]:
    capacity = scene.number("capacity")
    first = (scene.number("memory_first") + place) * capacity
    return scene.arrays["memory"][first : first + capacity]


def mangled(attribute: str, class_name: str) -> str:
    """Return what an attribute is called outside of its class."""
    if attribute.startswith("__") and not attribute.endswith("__"):
        return f"_{class_name.lstrip('_')}{attribute}"
    return attribute


def rewrite(tree: ast.Module, outfit: Outfit, numbers: frozenset[str]) -> ast.Module:
    """Return a copy of a checked tree, guarded and metered, ready to be compiled.

    Args:
        numbers: attributes of the trait that surely hold numbers.
    """
    copied = copy.deepcopy(tree)
    guarding = Guarding(copied, outfit.method_names, outfit.quick_names, numbers)
    rewritten = guarding.rewrite()
    metered = Metering(tree, guarding.free).rewrite(rewritten)
    return ast.fix_missing_locations(metered)


def repr_of(error: BaseException) -> str:
    """Return an exception for people."""
    # What is not plain may be endless, or the source's own code.
    plain = type(error).__module__ == "builtins" and all(type(one) is str for one in error.args)
    text = ", ".join(error.args) if plain else ""
    return f"{type(error).__name__}: {text}"[:200]


def _column(name: str) -> str:
    if name in ("moved2", "wanted", "place"):
        return name
    return COLUMN.get(name, f"new_{name}")


def _fields_used(tree: ast.Module) -> frozenset[str]:
    """Return the fields of entities that a source can touch."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.MatchClass):
            names.update(node.kwd_attrs)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)  # hasattr(entity, "energy")
    if names & {"move", "x", "y"}:
        names |= {"x", "y", "energy"}
    if names & {"eat", "max_energy"}:
        names |= {"x", "y", "radius", "energy", "max_energy"}
    if names & {"nearby_entities", "nearby_resources"}:
        names |= {"x", "y"}
    return frozenset(names)


def _needs(checked: Checked, used: frozenset[str]) -> Needs:
    stored = {
        node.attr
        for node in ast.walk(checked.tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    }
    moves = "move" in used or bool(stored & {"x", "y"})
    written = stored | ({"x", "y", "energy"} if moves else set())
    assert checked.state in (NONE, CARRIED, VOLATILE)
    return Needs(
        fields=tuple(name for name in FIELDS if name in used and name != "traits"),
        written=tuple(name for name in WRITABLE if name in written),
        moves=moves,
        eats="eat" in used,
        draws=any(
            isinstance(node, ast.Import | ast.ImportFrom)
            and "random" in {getattr(node, "module", ""), *(one.name for one in node.names)}
            for node in ast.walk(checked.tree)
        ),
        sees=bool(used & {"nearby_entities", "nearby_resources", "eat", "traits"}),
        begun=is_begun(checked),
        state=checked.state,
        carried=tuple(mangled(one.name, checked.name) for one in checked.attributes),
    )
