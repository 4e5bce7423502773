"""Updates on disk: whatever instant anything is killed at, a home has a whole version to boot."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fallback.lent_cache import lend_cache
from fallback.slot_files import (
    CACHE,
    SlotError,
    find_filled,
    find_slot,
    slot_folder,
    version_folder,
)
from fallback.slot_pointers import RECORD, VERSIONS, read_pointers
from Kernel.contract.contract_version import CONTRACT
from Kernel.contract.errors import ConfigError, UsageError
from Kernel.core import passive_update as up
from Kernel.core.bundle import BUNDLE_BYTES_MAX, Bundle, open_bundle
from Kernel.core.passive_update import ModuleVersion, Updates
from Kernel.ports import update_files
from Kernel.ports.signatures import SigningKey
from Kernel.ports.slots import fill_slot
from Kernel.ports.update_files import INCOMING, VERSIONS_MAX, HomeUpdates, read_bundle
from Kernel.ports.versions import CHECKOUT, HomeVersions
from tests.fallback.made_checkout import make_checkout
from tests.support.bundles import make_bundle, ring_of, version_files

KEY = SigningKey.generate()


def bundle_of(number: int, contract: int = CONTRACT) -> tuple[bytes, Bundle, ModuleVersion]:
    """Return a bundle of a version that tells its number, as bytes, opened, and as recorded."""
    files = version_files(engine=f"TICK = {number}\n")
    files["Kernel/contract/contract_version.py"] = f"CONTRACT: Final = {contract}\n".encode()
    data = make_bundle(KEY, files, f"{number}.0", number)
    opened = open_bundle(data, ring_of(KEY).verify)
    told = opened.manifest
    what = ModuleVersion(
        told.id, told.version, told.counter, told.contract, told.changes_behaviour, opened.sha256
    )
    return data, opened, what


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def bring(
    home: Path,
    number: int,
    until: str = "kept",
    contract: int = CONTRACT,
    compiled: Path | None = None,
) -> ModuleVersion:
    """Take a version all the way, or up to a stage. A step that was done before is done again.

    Args:
        compiled: a folder of kernels to keep beside it.
    """
    files = HomeUpdates(home)
    data, opened, what = bundle_of(number, contract)
    files.keep_bundle(data, opened.sha256)
    files.change(lambda updates: up.take(updates, what))
    files.unpack(opened)
    if compiled is not None:
        files.keep_compiled(what.id, compiled)
    steps: list[tuple[str, Callable[[Updates], Updates]]] = [
        ("verified", up.note_verified),
        ("probed", lambda updates: up.note_probed(updates, "600 ticks")),
        ("next_stable", up.commit),
        ("guard", up.begin_attempt),
        ("kept", up.keep),
    ]
    for name, step in steps:
        files.change(step)
        if name == until:
            break
    return what


def test_a_home_without_any(home: Path) -> None:
    """Looking makes nothing; what serves is the checkout."""
    files = HomeUpdates(home)
    assert files.load() == Updates() and files.prune(frozenset()) == []
    assert read_pointers(slot_folder(home)) == ({}, "")
    assert HomeVersions(home, home).main().source == CHECKOUT
    assert not home.exists()


def test_unpacked_is_what_was_signed(home: Path) -> None:
    """Every file, no other, and readable as a slot; the id names the folder."""
    what = bring(home, 1)
    root = version_folder(home, what.id)
    found = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
    del found["slot.json"]
    assert found == version_files(engine="TICK = 1\n")
    slot = find_slot(home, "active")
    assert slot is not None and (slot.root, slot.version) == (root, what.id)
    main = HomeVersions(home, home).main()
    assert (main.source.root, main.source.id, main.source.main, main.why) == (
        root, what.id, True, "",
    )  # fmt: skip
    assert main.source.name == f"update 1.0 ({what.id[:12]})"


@pytest.mark.slow
def test_slots_follow_the_record(home: Path, tmp_path: Path) -> None:
    """After two versions the former is the fallback; what `make setup` filled stays beside both."""
    factory = fill_slot(home, "fallback", make_checkout(tmp_path / "checkout"))
    one, two = bring(home, 1), bring(home, 2)
    active, before = find_slot(home, "active"), find_slot(home, "fallback")
    assert active is not None and before is not None
    assert (active.version, before.version) == (two.id, one.id)
    assert find_filled(home, "fallback") == factory
    three = bring(home, 3, until="next_stable")
    coming = find_slot(home, "next_stable")
    assert coming is not None and coming.version == three.id
    assert find_slot(home, "active") == active


def _flip(root: Path) -> None:
    (root / "zones/world/engine.py").write_text("TICK = 99\n")


def _gone(root: Path) -> None:
    root.rename(root.with_name("elsewhere"))


def _swapped(root: Path) -> None:
    other = next(each for each in root.parent.iterdir() if each != root)
    root.rename(root.with_name("elsewhere"))
    other.rename(root)


@pytest.mark.parametrize("damage", [_flip, _gone, _swapped])
def test_a_damaged_version_is_never_run(home: Path, damage: Callable[[Path], None]) -> None:
    """The one before serves, else the checkout; it is told why, and what helps."""
    bring(home, 1)
    two = bring(home, 2)
    damage(version_folder(home, two.id))
    with pytest.raises(SlotError, match="cannot use slot active") as caught:
        find_slot(home, "active")
    assert caught.value.hint == "molt update rollback"
    main = HomeVersions(home, home).main()
    assert main.why.startswith("cannot use slot") and main.hint == "molt update rollback"
    expected = CHECKOUT.name if damage is _swapped else "update 1.0"
    assert main.source.name.startswith(expected)


def test_what_is_of_another_contract_is_never_run(home: Path) -> None:
    """A kernel that was renewed under a version refuses it, and says so."""
    bring(home, 1)
    bring(home, 2, contract=CONTRACT + 1)
    main = HomeVersions(home, home).main()
    assert "this kernel has" in main.why and main.source.name.startswith("update 1.0")


def test_the_fallback_of_the_kernel(home: Path, tmp_path: Path) -> None:
    """The former active; where that is damaged, the factory version."""
    factory = fill_slot(home, "fallback", make_checkout(tmp_path / "checkout"))
    one = bring(home, 1)
    found = HomeVersions(home, home).fallback()
    assert found is not None and found.root == factory.root
    bring(home, 2)
    found = HomeVersions(home, home).fallback()
    assert found is not None and found.root == version_folder(home, one.id) and not found.main
    _flip(version_folder(home, one.id))
    found = HomeVersions(home, home).fallback()
    assert found is not None and found.root == factory.root


@pytest.mark.parametrize("junk", [b"", b"{", b"[" * 70_000, b'{"format": 1, "slots": 7}', b"null"])
def test_a_damaged_record_gives_the_factory_version(home: Path, junk: bytes) -> None:
    """It is told, nothing is staged on it, and removing it mends it."""
    bring(home, 1)
    place = slot_folder(home) / RECORD
    place.write_bytes(junk)
    assert read_pointers(slot_folder(home))[0] == {}
    main = HomeVersions(home, home).main()
    assert main.source == CHECKOUT and str(place) in main.why and main.hint
    files = HomeUpdates(home)
    with pytest.raises(ConfigError, match="cannot use"):
        files.change(lambda updates: up.take(updates, bundle_of(2)[2]))
    assert place.read_bytes() == junk, "it is left as it was found"
    assert find_slot(home, "active") is None
    place.unlink()
    assert files.load() == Updates()


def test_a_record_that_is_no_file(home: Path) -> None:
    """A pipe or a link in its place is not waited for, nor followed."""
    bring(home, 1)
    place = slot_folder(home) / RECORD
    real = place.rename(place.with_name("real"))
    place.symlink_to(real)
    assert read_pointers(slot_folder(home))[0] == {}
    place.unlink()
    os.mkfifo(place)
    assert read_pointers(slot_folder(home))[0] == {}
    with pytest.raises(ConfigError):
        HomeUpdates(home).load()


def test_a_change_that_refuses_changes_nothing(home: Path) -> None:
    """The record is as before, to the byte."""
    bring(home, 1, until="verified")
    before = (slot_folder(home) / RECORD).read_bytes()
    with pytest.raises(up.Refused):
        HomeUpdates(home).change(up.commit)
    assert (slot_folder(home) / RECORD).read_bytes() == before


def test_one_bundle_lies_in_incoming(home: Path) -> None:
    """The newest; it reads back as it came."""
    bring(home, 1)
    (home / INCOMING / "mine.bundle").touch()
    what = bring(home, 2)
    found = sorted(each.name for each in (home / INCOMING).iterdir())
    assert found == sorted(("mine.bundle", f"{what.bundle}.bundle")), "others' are left alone"
    assert HomeUpdates(home).read_kept(what.bundle) == bundle_of(2)[0]


@pytest.mark.slow
def test_so_many_versions_and_no_more(home: Path) -> None:
    """A limit with what helps; a kernel that boots keeps what is used."""
    whats = [bring(home, number) for number in range(1, VERSIONS_MAX + 1)]
    with pytest.raises(ConfigError, match="the limit is 8"):
        HomeUpdates(home).unpack(bundle_of(20)[1])
    files = HomeUpdates(home)
    (slot_folder(home) / VERSIONS / ".torn.new").mkdir()
    under_way = slot_folder(home) / VERSIONS / f".{whats[-1].id}.new"
    under_way.mkdir()
    gone = files.prune(files.load().used())
    assert set(gone) == {".torn.new", *(each.id for each in whats[:-2])}
    under_way.rmdir()
    left = os.listdir(slot_folder(home) / VERSIONS)
    assert sorted(left) == sorted(each.id for each in whats[-2:])
    files.unpack(bundle_of(20)[1])


def test_compiled_kernels_are_kept_beside_it(home: Path, tmp_path: Path) -> None:
    """The same version, by the same id, and safe: a link among them is left out."""
    what = bring(home, 1, until="verified")
    compiled = tmp_path / "world-ab"
    (compiled / "zones_world").mkdir(parents=True)
    (compiled / "zones_world/k.nbc").write_bytes(b"code")
    (compiled / "link").symlink_to("/etc/hostname")
    files = HomeUpdates(home)
    files.keep_compiled(what.id, compiled)
    root = files.root_of(what.id)
    assert (root / CACHE / "world-ab/zones_world/k.nbc").read_bytes() == b"code"
    assert not (root / CACHE / "world-ab/link").exists()
    lend_cache(root, tmp_path / "shared")
    assert (tmp_path / "shared/world-ab/zones_world/k.nbc").read_bytes() == b"code"
    (root / CACHE / "world-ab/zones_world/k.nbc").write_bytes(b"evil")
    with pytest.raises(ConfigError, match=r"k\.nbc is not as its list says"):
        files.root_of(what.id)


def test_damage_is_mended_by_unpacking_again(home: Path) -> None:
    """A version that lies there damaged gives way; a sound one is left as it is."""
    what = bring(home, 1)
    root = version_folder(home, what.id)
    inode = root.stat().st_ino
    HomeUpdates(home).unpack(bundle_of(1)[1])
    assert root.stat().st_ino == inode
    _flip(root)
    HomeUpdates(home).unpack(bundle_of(1)[1])
    assert HomeUpdates(home).root_of(what.id) == root and root.stat().st_ino != inode


def test_a_disk_that_takes_no_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told with what helps, and what was there is as it was."""
    one = bring(home, 1)

    def full(path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(update_files, "write_new", full)
    with pytest.raises(ConfigError, match="cannot keep the bundle: No space left") as caught:
        bring(home, 2)
    assert caught.value.hint.startswith("df -h ")
    files = HomeUpdates(home)
    with pytest.raises(ConfigError, match="cannot unpack version"):
        files.unpack(bundle_of(2)[1])
    with pytest.raises(ConfigError, match="cannot write the record"):
        files.change(lambda updates: up.take(updates, bundle_of(2)[2]))
    assert files.load().active == one


def test_reading_a_bundle(tmp_path: Path) -> None:
    """Only a plain file within the limit is read at all."""
    place = tmp_path / "b"
    for make in (lambda: None, lambda: os.mkfifo(place), place.mkdir):
        make()
        with pytest.raises(UsageError, match="cannot read"):
            read_bundle(place)
        if place.is_dir():
            place.rmdir()
        place.unlink(missing_ok=True)
    with place.open("wb") as file:
        file.truncate(BUNDLE_BYTES_MAX + 1)  # a hole: it takes no room
    with pytest.raises(UsageError, match=f"at most {BUNDLE_BYTES_MAX}"):
        read_bundle(place)


def _die_at(act: Callable[[], object], at_event: int) -> bool:
    """Do something in a child that is gone at its n-th act on files; tell whether it got so far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, _arguments: tuple) -> None:
            nonlocal seen
            if event == "open" or event.startswith(("os.", "shutil.", "fcntl.")):
                seen += 1
                if seen > at_event:
                    os._exit(9)

        sys.addaudithook(hook)
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def _boots(home: Path) -> set[str]:
    """Return the ids of what a boot, the kernel's fallback and safe mode would run; all whole."""
    main = HomeVersions(home, home).main()
    assert main.why == "", main.why
    assert main.source.id, "an update was active before, and one is"
    spare = HomeVersions(home, home).fallback()
    assert spare is not None and spare.root is not None
    for name in ("active", "fallback"):
        assert find_slot(home, name) is not None, name
    assert find_filled(home, "fallback") is not None, "the factory version is always there"
    return {main.source.id}


@pytest.mark.slow
def test_killed_at_any_step(home: Path, tmp_path: Path) -> None:
    """From bundle to kept, killed at each single step: a boot finds the old or the new one whole.

    One home goes through all kills, so what each leaves is what the next begins with.
    """
    fill_slot(home, "fallback", make_checkout(tmp_path / "checkout"))
    compiled = tmp_path / "world-ab"
    compiled.mkdir()
    (compiled / "k.nbc").write_bytes(b"code")
    bring(home, 1)
    old = bring(home, 2)
    step, seen, number = 0, set(), 3
    while True:
        new = bundle_of(number)[2]
        died = _die_at(lambda n=number: bring(home, n, compiled=compiled), step)
        found = _boots(home)
        assert found <= {old.id, new.id}, f"step {step}"
        seen |= {("old" if each == old.id else "new") for each in found}
        files = HomeUpdates(home)
        files.change(up.after_boot)
        assert _boots(home) == found, f"a boot changes nothing of it, step {step}"
        updates = files.load()
        if updates.active == new:
            old, number = new, number + 1
        elif updates.candidate and updates.candidate.stage in up.COMMITTED:
            files.change(lambda each: up.roll_back(each, "for the test"))
            assert _boots(home) == found
        files.prune(files.load().used())
        assert _boots(home) == found
        if not died:
            break
        step += 1
    assert step > 60 and seen == {"old", "new"}
    assert files.load().active == new, "what was killed so often goes through in the end"


@pytest.mark.slow
def test_killed_while_it_goes_back(home: Path, tmp_path: Path) -> None:
    """A rollback that is killed has happened or has not."""
    fill_slot(home, "fallback", make_checkout(tmp_path / "checkout"))
    one, two = bring(home, 1), bring(home, 2)
    seen = set()
    files = HomeUpdates(home)
    for step in range(40):
        died = _die_at(lambda: files.change(lambda each: up.go_back(each, "asked for")), step)
        active = files.load().active
        assert active in (one, two) and find_slot(home, "active") is not None
        seen.add(active)
        if not died:
            break
        if active == one:
            files.change(lambda each: up.Updates(two, one, counter=each.counter))
    assert seen == {one, two} and not died
