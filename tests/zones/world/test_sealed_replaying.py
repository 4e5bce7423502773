"""Ticks with traits, computed in a sealed child: the same world, and nothing is reached."""

import mmap
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from Kernel.contract.arena import ArenaWords, Header
from Kernel.contract.errors import ArenaError, ConfigError
from Kernel.contract.inputs import SET_PARAM, Input
from tests.zones.world.fake_traits import HUNGRY, library, loaded
from tests.zones.world.test_engine import BUSY
from tests.zones.world.test_trait_replay import lived, with_diary
from tests.zones.world.worlds import make_world
from zones.runtime.cage import Layer, probe
from zones.runtime.sealed_child import ChildFailed
from zones.traits.scene import Scene
from zones.world.recorded import Recorded
from zones.world.replaying import Replayer
from zones.world.run import run_world
from zones.world.sealed_replaying import SealedCode, SealedReplayer, open_replaying
from zones.world.settings import parse_settings
from zones.world.trait_library import TraitLibrary
from zones.world.warm_up import prepare
from zones.world.world_hash import world_hash

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("seccomp" in {each.value for each in probe().missing}, reason="no seccomp"),
]


@pytest.fixture(scope="module", autouse=True)
def kernels() -> None:
    """Load every kernel: a sealed child can load none."""
    prepare(2)


def shared_world() -> ArenaWords:
    """Return the world of `lived` at its beginning, in memory that a child shares."""
    made = make_world(seed=8, **BUSY)
    words = ArenaWords(memoryview(mmap.mmap(-1, len(made.memory))))
    words.memory[:] = made.memory
    words.layout = made.layout
    return words


def code(load: Callable[[], TraitLibrary]) -> SealedCode:
    """Return code that is loaded by this."""
    return SealedCode(load, probe().missing)


def test_the_same_world_comes_out() -> None:
    """Volatile state, heirs and suspended code included; what was counted is told."""
    words, inputs = lived()
    again = shared_world()
    heard: list[dict[str, Any]] = []
    seen: list[int] = []
    sealed = code(lambda: with_diary()[0])
    with open_replaying(again, 2, inputs, code=sealed, tell=heard.append) as replaying:
        replaying.run_to(30, lambda tick: seen.append(tick) is None)
        assert isinstance(replaying, SealedReplayer)
        assert replaying.hash() == world_hash(words)
        assert (replaying.applied, replaying.tick) == (len(inputs), 30)
    assert again.get(Header.COMMIT) == 30
    assert [each["kind"] for each in heard].count("input.applied") == len(inputs)


def test_run_world_is_the_same_sealed_or_not() -> None:
    """The report, its peaks and windows do not tell where the ticks were computed."""
    _, inputs = lived()
    settings = parse_settings({"seed": 8, **BUSY})
    plain = run_world(settings, 340, inputs=inputs, library=with_diary()[0]).fields()
    sealed = run_world(settings, 340, inputs=inputs, code=code(lambda: with_diary()[0])).fields()
    canary = run_world(
        settings, 340, inputs=inputs, code=code(lambda: with_diary()[0]), extra_draw=True
    ).fields()
    for report in (plain, sealed, canary):
        del report["ticks_per_s"]
    assert sealed == plain and sealed["peaks"]
    assert canary["hash"] != sealed["hash"]


def test_code_is_loaded_in_the_child_only() -> None:
    """What runs at loading, runs sealed: it cannot open a file, and this process is not changed."""
    mark: list[str] = []

    def load() -> TraitLibrary:
        mark.append("here")
        with pytest.raises(PermissionError):
            os.open("/", os.O_RDONLY)
        return with_diary()[0]

    words, inputs = lived()
    with open_replaying(shared_world(), 1, inputs, code=code(load)) as replaying:
        replaying.run_to(30)
        assert replaying.hash() == world_hash(words)
    assert not mark


def guilty(act: Callable[[ArenaWords], object], words: ArenaWords) -> TraitLibrary:
    """Return traits of which Hungry does something else."""

    def run(_scene: Scene, _who: Any) -> None:
        act(words)

    return TraitLibrary([loaded(HUNGRY, run)]).joined(library())


def run_guilty(act: Callable[[ArenaWords], object]) -> None:
    """Run the ticks of `lived` with it."""
    words, (_, inputs) = shared_world(), lived()
    with open_replaying(words, 1, inputs, code=code(lambda: guilty(act, words))) as replaying:
        replaying.run_to(30)


def test_what_a_trait_reaches_for_ends_the_child() -> None:
    """A socket is its end, and the error says so; the mapping stays at a committed tick."""
    with pytest.raises(ChildFailed, match=r"cannot compute ticks with traits: .*SIGSYS"):
        run_guilty(lambda _words: socket.socket())


def test_a_tick_that_was_not_computed_is_noticed() -> None:
    """A child that answers, and has not done what it was asked, is not believed."""

    def lie(_words: ArenaWords) -> None:
        Replayer.run_to = lambda self, _tick: self.tick  # type: ignore[method-assign]

    words, (_, inputs) = shared_world(), lived()
    with open_replaying(words, 1, inputs, code=code(lambda: guilty(lie, words))) as replaying:
        replaying.run_to(9)
        with pytest.raises(ChildFailed, match="asked for tick 30 it stands at 9"):
            replaying.run_to(30)


def test_columns_that_were_changed_are_noticed() -> None:
    """An arena that is none any more is not read."""

    def destroy(words: ArenaWords) -> None:
        words.put(Header.CAPACITY, 2**40)
        words.put(Header.SCHEMA_BYTES, 2**40)

    with pytest.raises((ArenaError, ChildFailed)):
        run_guilty(destroy)


def test_too_many_inputs_are_the_same_error() -> None:
    """What is wrong with the inputs is told as ever."""
    flood = [Recorded(3, Input(SET_PARAM, param="friction", value=0.9))] * 300
    with (
        pytest.raises(ConfigError, match="tick 3"),
        open_replaying(shared_world(), 1, flood, code=code(library)) as replaying,
    ):
        replaying.run_to(5)


def test_where_nothing_can_be_sealed_traits_are_suspended() -> None:
    """Without a filter of calls their code is not even loaded, and what is suspended says why."""
    _, inputs = lived()
    unsealed = SealedCode(lambda: pytest.fail("it was loaded"), frozenset({Layer.SECCOMP}))
    with open_replaying(shared_world(), 1, inputs, code=unsealed) as replaying:
        replaying.run_to(30)
        assert "cannot seal the process" in replaying.suspended[0]
