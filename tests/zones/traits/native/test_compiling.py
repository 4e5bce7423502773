"""Machine code in a trait's folder: made by one process, loaded by another, never stale."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.zones.traits.corpus import honest
from tests.zones.traits.scenes import Stage, make_scene
from zones.traits.native import compiling, driver
from zones.traits.native.compiling import NotCompiled, compile_trait, load_native, make_native
from zones.traits.native.entity import RESULT_BYTES
from zones.traits.neighbours import RESULT_BYTES as FOUND_BYTES
from zones.traits.reading import check_source

STEER = b'''class Steer(Trait):
    """Slows down, and divides by zero where an entity is one tick old."""

    async def execute(self, entity):
        entity.vx = 0.5 * entity.vx
        entity.radius = 1.0 / (entity.age - 1)
'''


def content(scene: Stage) -> dict[str, bytes]:
    """Return all that a call may write, but fuel and status."""
    left_out = ("fuel", "status", "scratch")
    return {name: each.tobytes() for name, each in scene.arrays.items() if name not in left_out}


@pytest.mark.slow
def test_code_is_loaded_by_another_process(tmp_path: Path) -> None:
    """The folder is enough, and nothing is compiled where it is loaded."""
    checked = check_source(STEER)
    with pytest.raises(NotCompiled, match="no kernel-"):
        load_native(checked, tmp_path / "none")
    script = (
        "import sys, pathlib; from zones.traits.native.compiling import compile_trait;"
        "from zones.traits.reading import check_source;"
        "compile_trait(check_source(sys.stdin.buffer.read()), pathlib.Path(sys.argv[1]))"
    )
    folder = tmp_path / "steer"
    subprocess.run([sys.executable, "-c", script, folder], input=STEER, check=True, timeout=60)
    before = sorted(folder.iterdir())
    scene = make_scene(entities=30)
    expected = scene.arrays["new_vx"].copy()
    expected[scene.living] *= np.float32(0.5)
    load_native(checked, folder).run(scene, 30)
    assert np.array_equal(scene.arrays["new_vx"], expected)
    assert sorted(folder.iterdir()) == before
    assert (folder / compiling.TEXT_NAME).read_text().count("define void @run") == 1


def test_damaged_code_is_refused(tmp_path: Path) -> None:
    """A byte that is not what was written ends in an error, not in machine code."""
    checked = check_source(STEER)
    compile_trait(checked, tmp_path)
    (path,) = tmp_path.glob("kernel-*.o")
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(NotCompiled, match="is damaged"):
        load_native(checked, tmp_path)


def test_code_is_for_one_source_and_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another text, version of LLVM or processor has another name."""
    name = compiling.code_name("text")
    assert name == compiling.code_name("text") != compiling.code_name("other")
    monkeypatch.setattr(compiling, "_features", lambda: "+avx")
    assert compiling.code_name("text") != name


def test_a_call_that_fails_leaves_everything() -> None:
    """Only fuel and status tell of it; the others have run."""
    scene = make_scene(entities=40)
    scene.arrays["new_age"][scene.living[::3]] = 1
    before = content(scene)
    failing = set(scene.living[::3].tolist())
    make_native(check_source(STEER)).run(scene, 40)
    status = dict(zip(scene.living.tolist(), scene.arrays["status"][:40].tolist(), strict=True))
    assert all((status[slot] == 10) == (slot in failing) for slot in status)
    assert set(scene.arrays["fuel"][:40].tolist()) == {1}
    after = content(scene)
    for name in before:
        kind = scene.arrays[name].dtype
        one, two = (np.frombuffer(each[name], kind) for each in (before, after))
        if len(one) >= 47 and name.startswith("new_"):
            assert np.array_equal(one[sorted(failing)], two[sorted(failing)])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["full_boids", "gradient_climber"])
def test_any_number_of_parts_gives_the_same(name: str) -> None:
    """How carriers are shared out decides nothing."""
    trait = make_native(check_source(honest()[name]))
    found = []
    for parts in (1, 2, 5):
        scene = make_scene(
            entities=3 * driver.BLOCK + 7, places=900, width=3000.0, height=3000.0, parts=parts
        )
        trait.run(scene, len(scene.living), parts)
        found.append((content(scene), scene.arrays["fuel"].tobytes()))
    assert found[0] == found[1] == found[2]


def test_room_for_searches() -> None:
    """What a search writes fits what a trait gives it."""
    assert RESULT_BYTES == FOUND_BYTES


def test_loops_one_after_another_compile_in_no_time() -> None:
    """What LLVM makes of many loops takes time in proportion: 120 of them took 10 s."""
    loops = "        for i in range(3):\n            total += i\n" * 120
    source = (
        "class Loops(Trait):\n    async def execute(self, entity):\n        total = 0.0\n"
        f"{loops}        entity.vx = total * 0.01\n"
    )
    begun = time.process_time()
    trait = make_native(check_source(source.encode()))
    assert time.process_time() - begun < 2.0
    scene = make_scene(entities=1)
    trait.run(scene, 1)
    assert scene.arrays["new_vx"][scene.living[0]] == np.float32(3.6)
