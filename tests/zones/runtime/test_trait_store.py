"""The store of traits: durable, held to hashes, versions that never repeat."""

import errno
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from zones.runtime.trait_store import PLACE, StoreError, TraitStore, file_name, shown_at

SOURCE = b"class Forager(Trait):\n    async def execute(self, entity):\n        pass\n"


def keep(store: TraitStore, source: bytes = SOURCE, name: str = "Forager", **more: object) -> str:
    """Put a trait in as the worker does; return its hash."""
    code_hash = hashlib.sha256(source).hexdigest()
    folder = store.begin(source)
    tier = more.get("tier", "interpreted")
    if tier == "native":
        (folder / "kernel.py").write_text("# compiled\n")
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "kernel.nbi").write_bytes(b"\0\1")
    version = store.version_of(name, code_hash)
    store.finish(code_hash, {"name": name, "version": version, "tier": tier} | more)
    return code_hash


@pytest.fixture
def store(tmp_path: Path) -> TraitStore:
    """Give the store of a home that has none yet."""
    return TraitStore(tmp_path)


@pytest.mark.parametrize(
    ("name", "file"),
    [("Forager", "forager"), ("SlowForager2", "slow_forager2"), ("HTTPTrait", "http_trait")],
)
def test_a_class_is_named_in_files_by_its_words(name, file):
    """CamelCase becomes words with _ between."""
    assert file_name(name) == file


def test_what_was_kept_is_read_back(store, tmp_path):
    """Source and verdict come back; nobody else may look into the folder."""
    code_hash = keep(store, tier="native")
    found = store.load(code_hash)
    assert found.source == SOURCE and found.verdict["name"] == "Forager" and found.has_native
    assert store.hashes() == [code_hash]
    assert stat.S_IMODE((tmp_path / PLACE).stat().st_mode) == 0o700
    assert stat.S_IMODE((found.folder / "source.py").stat().st_mode) == 0o600


def test_a_source_that_was_changed_is_refused(store):
    """Its name is its hash: a changed file is not run, and the reason is said."""
    code_hash = keep(store)
    (store.folder(code_hash) / "source.py").write_bytes(SOURCE + b"#")
    with pytest.raises(StoreError, match="it was changed"):
        store.load(code_hash)


@pytest.mark.parametrize("text", ["{", "[]", '{"code_hash": "0"}'])
def test_a_damaged_verdict_is_refused(store, text):
    """Of a verdict that is none, or is about another source, nothing is believed."""
    code_hash = keep(store)
    (store.folder(code_hash) / "verdict.json").write_text(text)
    with pytest.raises(StoreError, match=r"cannot (read|use)"):
        store.load(code_hash)


def test_a_verdict_that_was_changed_is_refused(store):
    """Also where it still reads well: what it says of the trait memory must be so."""
    code_hash = keep(store, memory=2)
    path = store.folder(code_hash) / "verdict.json"
    for old, new in (("Forager", "Porager"), ('"memory": 2', '"memory": 1')):
        told = path.read_text()
        path.write_text(told.replace(old, new))
        with pytest.raises(StoreError, match="it was changed"):
            store.load(code_hash)
        path.write_text(told)
    assert store.load(code_hash).verdict["memory"] == 2


@pytest.mark.parametrize("name", ["../../etc", "abc", "A" * 64])
def test_only_a_hash_names_a_trait(store, name):
    """Nothing else becomes a path."""
    with pytest.raises(StoreError):
        store.load(name)


def test_machine_code_that_was_changed_does_not_count(store):
    """A changed, or missing, file of it: the trait is there without its machine code."""
    code_hash = keep(store, tier="native")
    (store.folder(code_hash) / "__pycache__" / "kernel.nbi").write_bytes(b"\0\2")
    assert not store.load(code_hash).has_native
    (store.folder(code_hash) / "__pycache__" / "kernel.nbi").unlink()
    assert not store.load(code_hash).has_native


def test_versions_count_up_and_never_repeat(store):
    """The same source keeps its number; the next one has one that none had."""
    hashes = [keep(store, SOURCE + b"#%d" % each) for each in range(5)]
    assert [store.load(each).verdict["version"] for each in hashes] == [1, 2, 3, 4, 5]
    assert store.version_of("Forager", hashes[0]) == 1
    assert store.version_of("Forager", "0" * 64) == 6


def test_machine_code_of_old_versions_goes_and_sources_stay(store):
    """What is run, and the last three of a name, keep theirs; a replay finds every source."""
    hashes = [keep(store, SOURCE + b"#%d" % each, tier="native") for each in range(6)]
    assert store.drop_compiled({hashes[0]}) == [hashes[2], hashes[1]]
    assert [store.load(each).has_native for each in hashes] == [True, False, False, *[True] * 3]
    assert store.drop_compiled({hashes[0]}) == []


def test_a_trait_whose_preparing_was_cut_off_is_not_there(store):
    """A folder without a verdict is no trait, counts no version, and is no obstacle."""
    folder = store.begin(SOURCE)
    with pytest.raises(StoreError):
        store.load(folder.name)
    assert store.version_of("Forager", folder.name) == 1
    assert json.loads((store.folder(keep(store)) / "verdict.json").read_text())["version"] == 1


def test_what_a_killed_process_has_left_is_no_machine_code(store):
    """Half written files are neither kept nor counted: it comes whole the next time."""
    folder = store.begin(SOURCE)
    left = [folder / name for name in (".verdict.json.new", "kernel.ll_x1", "kernel-0.o7a")]
    for path in left:
        path.write_bytes(b"half")
    code_hash = keep(store, tier="native")
    found = store.load(code_hash)
    assert found.has_native and not any("new" in name for name in found.verdict["files"])
    assert not any(path.exists() for path in left)


def test_what_was_begun_and_never_finished_leaves_its_source_alone(store):
    """What lies beside it goes with the next that is kept."""
    folder = store.begin(SOURCE)
    (folder / "kernel.ll_x1").write_bytes(b"half")
    kept = store.folder(keep(store, SOURCE + b"#", tier="native"))
    store.drop_unfinished()
    assert [path.name for path in folder.iterdir()] == ["source.py"]
    assert store.load(kept.name).has_native


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("name", ["source.py", "verdict.json", "kernel.py"])
def test_what_is_no_plain_file_is_not_read(store, name, make):
    """A pipe, a device: nobody waits for the end of it; preparing it again puts it right."""
    code_hash = keep(store, tier="native")
    path = store.folder(code_hash) / name
    path.unlink()
    make(path)
    if name == "kernel.py":
        assert not store.load(code_hash).has_native
    else:
        with pytest.raises(StoreError, match="cannot read"):
            store.load(code_hash)
    shutil.rmtree(path.parent / "__pycache__")
    assert store.load(keep(store, tier="native")).has_native


def test_where_people_find_a_version():
    """Below mutations/, by the name as it stands in file names."""
    assert str(shown_at("PackHunter", 3)) == "mutations/trait_pack_hunter_v3.py"
    assert shown_at("Jäger", 1).name == "trait_jäger_v1.py"


def test_a_full_disk_leaves_nothing_half_written(store, monkeypatch):
    """The error is told, the file of before is there, and nothing beside it."""
    folder = store.folder(keep(store))
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        store.finish(folder.name, {"name": "Other", "version": 1, "tier": "interpreted"})
    assert sorted(path.name for path in folder.iterdir()) == ["source.py", "verdict.json"]
    assert store.load(folder.name).verdict["name"] == "Forager"


def full_disk(_descriptor: int) -> None:
    """Stand for a disk without room."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
