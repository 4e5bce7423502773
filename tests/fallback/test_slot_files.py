"""Slots on disk: whole, verified to the byte, and there whatever instant a fill is killed at."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fallback.lent_cache import lend_cache
from fallback.slot_files import (
    CACHE,
    LIST,
    SlotError,
    fill_slot,
    find_slot,
    slot_folder,
    version_of,
)
from tests.fallback.made_checkout import IN_SLOT, make_checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "checkout")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_none(home: Path) -> None:
    """A home without slots has none, and looking makes nothing."""
    assert find_slot(home, "fallback") is None
    assert not home.exists()


def test_holds_a_module_version(home: Path, checkout: Path) -> None:
    """A slot has zones and the contract, nothing else of the kernel, and a list of it all."""
    filled = fill_slot(home, "fallback", checkout)
    slot = find_slot(home, "fallback")
    assert slot == filled and slot.root == slot_folder(home) / "fallback"
    assert slot.version == version_of(checkout) and slot.arena_version == 3
    listed = json.loads((slot.root / LIST).read_text())["files"]
    assert sorted(each["path"] for each in listed) == sorted(IN_SLOT)
    there = {p.relative_to(slot.root).as_posix() for p in slot.root.rglob("*") if p.is_file()}
    assert there == {*IN_SLOT, LIST}


def test_another_source_is_another_version(home: Path, checkout: Path) -> None:
    """The version is that of contents and names, and a refill takes the new one."""
    old = fill_slot(home, "fallback", checkout)
    (checkout / "zones/world/engine.py").write_text("TICK = 2\n")
    changed = version_of(checkout)
    (checkout / "zones/world/engine.py").rename(checkout / "zones/world/motor.py")
    assert len({old.version, changed, version_of(checkout)}) == 3
    assert fill_slot(home, "fallback", checkout).version == version_of(checkout)
    assert {each.name for each in slot_folder(home).iterdir()} == {"fallback", ".lock"}


def test_a_slot_of_a_slot(home: Path, checkout: Path, tmp_path: Path) -> None:
    """A slot filled from another's root is equal to it, compiled kernels and all."""
    compiled = tmp_path / "cache" / "world-ab"
    compiled.mkdir(parents=True)
    (compiled / "k.nbc").write_bytes(b"code")
    first = fill_slot(home, "fallback", checkout, lambda _copy: compiled)
    second = fill_slot(tmp_path / "other", "fallback", first.root)
    assert second.version == first.version == version_of(checkout)
    assert (second.root / CACHE / "world-ab" / "k.nbc").read_bytes() == b"code"
    lend_cache(second.root, tmp_path / "lent")
    assert (tmp_path / "lent" / "world-ab" / "k.nbc").read_bytes() == b"code"
    (tmp_path / "lent" / "world-ab" / "k.nbc").write_bytes(b"newer")
    lend_cache(second.root, tmp_path / "lent")
    assert (tmp_path / "lent" / "world-ab" / "k.nbc").read_bytes() == b"newer", (
        "what is there stays"
    )


def _truncate(root: Path) -> None:
    (root / "zones/world/engine.py").write_text("TICK =")


def _flip(root: Path) -> None:
    (root / "zones/world/engine.py").write_text("TICK = 2\n")


def _remove(root: Path) -> None:
    (root / "zones/world/engine.py").unlink()


def _add(root: Path) -> None:
    (root / "numpy.py").write_text("would be imported instead of the real one")


def _link(root: Path) -> None:
    (root / "zones/world/engine.py").unlink()
    (root / "zones/world/engine.py").symlink_to("/etc/hostname")


def _link_folder(root: Path) -> None:
    (root / "zones/world").rename(root.parent / "elsewhere")
    (root / "zones/world").symlink_to(root.parent / "elsewhere")


def _no_list(root: Path) -> None:
    (root / LIST).unlink()


def _bad_list(root: Path) -> None:
    (root / LIST).write_text('{"files": [' + "[" * 5000)


def _other_format(root: Path) -> None:
    fields = json.loads((root / LIST).read_text())
    (root / LIST).write_text(json.dumps(fields | {"format": 99}))


def _other_version(root: Path) -> None:
    fields = json.loads((root / LIST).read_text())
    (root / LIST).write_text(json.dumps(fields | {"version": "ab"}))


def _bytecode(root: Path) -> None:
    (root / "zones" / "__pycache__").mkdir()
    (root / "zones" / "__pycache__" / "x.pyc").write_bytes(b"run in place of zones/x.py")


def _listed(**fields: object) -> Callable[[Path], None]:
    """Return what overwrites words of the list, as JSON text where it has no Python form."""

    def damage(root: Path) -> None:
        there = json.loads((root / LIST).read_text())
        text = json.dumps(there | fields).replace('"1e999"', "1e999")
        (root / LIST).write_text(text)

    return damage


def _not_utf8(root: Path) -> None:
    there = json.loads((root / LIST).read_text())
    (root / os.fsdecode(b"\xff.py")).write_bytes(b"")
    empty = {"path": "\udcff.py", "size": 0, "sha256": hashlib.sha256().hexdigest()}
    (root / LIST).write_text(json.dumps(there | {"files": [*there["files"], empty]}))


def _fifo(root: Path) -> None:
    os.mkfifo(root / "zones/pipe.py")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (_truncate, "zones/world/engine.py is not as its list says"),
        (_flip, "zones/world/engine.py is not as its list says"),
        (_remove, "zones/world/engine.py is missing"),
        (_add, "numpy.py is not on its list"),
        (_link, "zones/world/engine.py"),
        (_link_folder, "zones/world"),
        (_no_list, "slot.json"),
        (_bad_list, "slot.json is damaged"),
        (_other_format, "format 99"),
        (_other_version, "its version is not that of its files"),
        (_fifo, "zones/pipe.py"),
        (_not_utf8, "its version is not that of its files"),
        (_listed(files=[{"path": 1, "size": 1, "sha256": ""}]), "slot.json is damaged"),
        (_listed(files=[{"path": None, "size": 1, "sha256": ""}]), "slot.json is damaged"),
        (_listed(files=[[]]), "slot.json is damaged"),
        (_listed(files=7), "slot.json is damaged"),
        (_listed(arena_version="1e999"), "slot.json is damaged"),
        (_listed(created_s="1e999"), "slot.json is damaged"),
        (_listed(created_s=10**400), "slot.json is damaged"),
        (_bytecode, "zones/__pycache__/x.pyc is not on its list"),
    ],
)
def test_damage_is_found(
    home: Path, checkout: Path, damage: Callable[[Path], None], named: str
) -> None:
    """A slot in which anything differs from its list is refused by name, never handed out."""
    damage(fill_slot(home, "fallback", checkout).root)
    with pytest.raises(SlotError, match="cannot") as caught:
        find_slot(home, "fallback")
    assert named in caught.value.message and caught.value.hint
    assert fill_slot(home, "fallback", checkout) == find_slot(home, "fallback"), "it can be mended"


def test_a_list_with_anything_for_a_path(home: Path, checkout: Path) -> None:
    """A list whose paths are no text, or none that a disk takes, is a damaged one."""
    root = fill_slot(home, "fallback", checkout).root
    fields = json.loads((root / LIST).read_text())
    for path in (5, None, "\udfff"):
        more = [*fields["files"], {"path": path, "size": 1, "sha256": ""}]
        (root / LIST).write_text(json.dumps({**fields, "files": more}))
        with pytest.raises(SlotError, match="cannot use slot"):
            find_slot(home, "fallback")


def test_links_are_not_followed_into_a_slot(home: Path, checkout: Path) -> None:
    """A checkout with a link is refused and leaves nothing; a slot of before stays."""
    before = fill_slot(home, "fallback", checkout)
    (checkout / "zones/world/other.py").symlink_to("engine.py")
    with pytest.raises(SlotError, match="no plain file"):
        fill_slot(home, "fallback", checkout)
    assert find_slot(home, "fallback") == before
    assert {each.name for each in slot_folder(home).iterdir()} == {"fallback", ".lock"}


def test_what_does_not_prove_itself_is_not_kept(home: Path, checkout: Path) -> None:
    """A copy whose proof fails never gets the name; the copy is tried and not the checkout."""
    before = fill_slot(home, "fallback", checkout)
    (checkout / "zones/world/engine.py").write_text("TICK =")
    given = []

    def fail(copy: Path) -> None:
        given.append((copy / "zones/world/engine.py").read_text())
        raise SlotError("cannot run it", "mend it")

    with pytest.raises(SlotError, match="cannot run it"):
        fill_slot(home, "fallback", checkout, fail)
    assert given == ["TICK ="] and find_slot(home, "fallback") == before


def _fill_and_die(home: Path, checkout: Path, at_event: int) -> bool:
    """Fill a slot in a child that is gone at its n-th act on files; tell whether it got so far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, _arguments: tuple) -> None:
            nonlocal seen
            if event == "open" or event.startswith(("os.", "shutil.")):
                seen += 1
                if seen > at_event:
                    os._exit(9)

        sys.addaudithook(hook)
        fill_slot(home, "fallback", checkout)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.slow
def test_killed_at_any_step(tmp_path: Path, checkout: Path) -> None:
    """After a kill at each single step the old or the new slot is there, and a fill cleans up."""
    newer = make_checkout(tmp_path / "newer")
    (newer / "zones/world/engine.py").write_text("TICK = 2\n")
    versions = {version_of(checkout), version_of(newer)}
    seen, step = set(), 0
    while True:
        home = tmp_path / f"h{step}"
        fill_slot(home, "fallback", checkout)
        died = _fill_and_die(home, newer, step)
        slot = find_slot(home, "fallback")
        assert slot is not None and slot.version in versions, f"step {step}"
        seen.add(slot.version)
        fill_slot(home, "fallback", newer)
        assert {each.name for each in slot_folder(home).iterdir()} == {"fallback", ".lock"}
        if not died:
            break
        step += 1
    assert step > 30 and seen == versions
