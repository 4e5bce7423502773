"""Loading the code of traits from the store of a home.

Owns: from a hash to what runs, in each tier; when the body of a module may run. Does not own: the
store (`zones/runtime/trait_store.py`), checking (`zones/traits/reading.py`), the tiers.

In a zygote sources are read and checked, interpreted ones are compiled, and machine code is loaded;
no body of a module runs there. That is done by `library`, in the process that runs the traits,
before it says it is ready. Compiled code comes to it by the fork: no cache would be faster.
What was stored is checked again: a store that somebody has changed gives no code.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any, Final, NamedTuple

from Kernel.contract.errors import ConfigError, MoltError
from Kernel.contract.inputs import TraitFacts
from zones.runtime.apart import Limits, run_apart
from zones.runtime.cage import Plan
from zones.runtime.trait_store import StoredTrait, TraitStore
from zones.traits.contract import INTERPRETED, NATIVE
from zones.traits.interpreted import InterpretedTrait, compile_checked
from zones.traits.native.compiling import (
    NativeTrait,
    NotCompiled,
    compile_trait,
    load_native,
    make_native,
)
from zones.traits.native.tiers import tier_of
from zones.traits.reading import check_source
from zones.traits.scene import Scene
from zones.traits.verdict import Checked
from zones.world.recorded import Recorded
from zones.world.trait_library import LoadedTrait, TraitLibrary

WHY_CHARS_MAX: Final = 200
COMPILING: Final = Limits(30.0, 30, 2 << 30, 64 << 20, 5)


class Loading(NamedTuple):
    """A trait that is checked and, where it is native, in memory.

    Args:
        native: its machine code; None: it is interpreted.
        code: of the interpreted tier, compiled and not run; None: it is compiled where it is run.
        why: why it cannot be run, "" when it can.
    """

    hash: str
    tier: str
    checked: Checked | None
    native: LoadedTrait | None = None
    why: str = ""
    code: CodeType | None = None


class LoadedTraits:
    """Traits of one generation, loaded as far as a zygote may load them."""

    def __init__(self) -> None:
        self._loaded: dict[str, Loading] = {}

    def load(self, store: TraitStore, hashes: Iterable[str]) -> Iterator[Loading]:
        """Load what is not loaded yet; yields each as it is done. Runs no trait."""
        for code_hash in hashes:
            if code_hash not in self._loaded:
                self._loaded[code_hash] = _load(store, code_hash)
                yield self._loaded[code_hash]

    def keep(self, hashes: Iterable[str]) -> None:
        """Let go of all but these, and of what could not be loaded: that is tried again."""
        kept = ((each, self._loaded.get(each)) for each in hashes)
        self._loaded = {each: it for each, it in kept if it is not None and not it.why}

    def add(self, loading: Loading) -> None:
        """Take one that is loaded already."""
        self._loaded[loading.hash] = loading

    def __len__(self) -> int:
        return len(self._loaded)

    def library(self) -> TraitLibrary:
        """Return the library of a process that runs traits; runs the bodies of interpreted ones."""
        traits: list[tuple[str, LoadedTrait]] = []
        missing = {}
        for code_hash, loading in self._loaded.items():
            if loading.native is not None:
                traits.append((NATIVE, loading.native))
            elif loading.checked is not None and not loading.why:
                try:
                    traits.append((INTERPRETED, interpreted_trait(loading.checked, loading.code)))
                except MoltError as error:
                    missing[code_hash] = error.message[:WHY_CHARS_MAX]
            else:
                missing[code_hash] = loading.why
        return TraitLibrary(traits, missing)

    def facts(self) -> list[dict[str, Any]]:
        """Return what the kernel is told: a row for each."""
        return [
            {"hash": each.hash, "tier": each.tier, "why": each.why}
            for each in self._loaded.values()
        ]


def traits_of(home: Path, hashes: Iterable[str]) -> LoadedTraits:
    """Return some traits of a home's store: for tools that compute ticks by themselves."""
    traits = LoadedTraits()
    for _ in traits.load(TraitStore(home), hashes):
        pass
    return traits


def traits_for(
    inputs: Iterable[Recorded], home: Path | None, own: Iterable[Loading]
) -> LoadedTraits:
    """Return these traits, and those that inputs bring in, as far as a home's store has them."""
    wanted = [each.input.trait.hash for each in inputs if each.input.trait is not None]
    traits = LoadedTraits() if home is None else traits_of(home, dict.fromkeys(wanted))
    for loading in own:
        traits.add(loading)
    return traits


def read_trait(path: Path) -> tuple[TraitFacts, Loading]:
    """Return a trait from a file, as an operator has it run without a kernel. Runs nothing of it.

    Raises:
        ConfigError: the file cannot be read.
        Refusal: it breaks a rule.
    """
    try:
        checked = check_source(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    tier, _ = tier_of(checked)
    native = None if tier == INTERPRETED else trait_of_native(checked, make_native(checked))
    facts = TraitFacts(
        checked.name, 1, checked.code_hash, tier, checked.state, len(checked.attributes),
        checked.moods,
    )  # fmt: skip
    return facts, Loading(checked.code_hash, tier, checked, native)


def interpreted_trait(checked: Checked, code: CodeType | None = None) -> LoadedTrait:
    """Return a trait of the interpreted tier; runs the body of its module.

    Args:
        code: what it compiles to; None: it is compiled.

    Raises:
        CannotLoad: the body failed.
    """
    trait = InterpretedTrait(checked, code)

    def run(scene: Scene, count: int, _parts: int) -> None:
        trait.run(scene, count)

    return LoadedTrait(
        hash=checked.code_hash,
        run=run,
        moods=checked.moods,
        traits=checked.traits,
        memory=len(checked.attributes),
        writes=written_fields(checked.tree),
        reset=trait.reset,
        forget=trait.forget,
        first_faults=trait.first_faults,
    )


def written_fields(tree: ast.Module) -> frozenset[str]:
    """Return the names of all attributes that a source stores to: a trait can write no other."""
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    )


def _load(store: TraitStore, code_hash: str) -> Loading:
    tier = ""
    try:
        stored = store.load(code_hash)
        tier = str(stored.verdict.get("tier"))
        checked = check_source(stored.source)
        native = _load_native(checked, stored) if tier == NATIVE else None
        code = compile_checked(checked) if native is None else None
    except (MoltError, OSError) as error:
        why = error.message if isinstance(error, MoltError) else f"cannot read it: {error.strerror}"
        return Loading(code_hash, tier, None, None, why[:WHY_CHARS_MAX])
    return Loading(code_hash, tier, checked, native, code=code)


def native_trait(checked: Checked, folder: Path) -> LoadedTrait:
    """Return a trait of the native tier; runs nothing of it.

    Raises:
        NotCompiled: its machine code is missing or damaged.
        NotNative: it cannot be compiled at all.
    """
    return trait_of_native(checked, load_native(checked, folder))


def trait_of_native(checked: Checked, trait: NativeTrait) -> LoadedTrait:
    """Return machine code that is linked as an engine needs it."""
    return LoadedTrait(
        hash=checked.code_hash,
        run=trait.run,
        moods=checked.moods,
        traits=checked.traits,
        memory=len(checked.attributes),
        writes=written_fields(checked.tree),
    )


def _load_native(checked: Checked, stored: StoredTrait) -> LoadedTrait:
    """Load machine code; compiled anew by a child where this version of the code has none.

    That is so after an update of molt, LLVM or the processor, and where a file was changed.
    """
    if stored.has_native:
        try:
            return native_trait(checked, stored.folder)
        except NotCompiled:
            pass
    compile_apart(stored.source, stored.folder)
    return native_trait(checked, stored.folder)


def compile_apart(source: bytes, folder: Path) -> None:
    """Make the machine code of a trait in its folder, in a child that runs nothing of it.

    Raises:
        ApartFailed: it came to no end.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan = Plan("compile", write=(str(folder),))
    run_apart(partial(_compile, source, folder), COMPILING, plan)


def _compile(source: bytes, folder: Path) -> bytes:
    compile_trait(check_source(source), folder)
    return b""
