"""The folder of mutations: what is looked at, what is read, what is written whole."""

import os
from pathlib import Path

import pytest

from zones.agents import folder as module
from zones.agents.folder import Folder, Unreadable, canonical_name, version_in
from zones.traits.contract import SOURCE_BYTES_MAX


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "mutations")


def test_what_might_be_a_source(folder: Folder) -> None:
    """Python files that are not hidden; where there is no folder, nothing."""
    assert folder.look() == {}
    folder.write("a.py", b"a")
    for name in (".b.py", "c.py~", "d.txt", "e.py.refused"):
        (folder.path / name).write_bytes(b"x")
    assert list(folder.look()) == ["a.py"]


def test_a_change_is_seen(folder: Folder) -> None:
    """Another size, another time, another file of the name."""
    folder.write("a.py", b"a")
    first = folder.look()["a.py"]
    assert folder.look()["a.py"] == first
    (folder.path / "a.py").write_bytes(b"bb")
    second = folder.look()["a.py"]
    folder.write("a.py", b"bb")
    assert len({first, second, folder.look()["a.py"]}) == 3


def test_only_so_many_files_are_looked_at(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fills the folder does not hold the zone up."""
    monkeypatch.setattr(module, "FILES_MAX", 3)
    for number in range(5):
        folder.write(f"a{number}.py", b"")
    assert len(folder.look()) == 3


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        os.mkdir,
        lambda path: path.symlink_to("/etc/hostname"),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.write_bytes(b"#" * (SOURCE_BYTES_MAX + 5000)),
        lambda path: None,
    ],
    ids=["pipe", "folder", "link", "loose link", "long", "gone"],
)
def test_what_is_no_source_is_not_read(folder: Folder, make: object) -> None:
    """A pipe would never end, a link leads elsewhere; each says why, and nobody waits."""
    folder.path.mkdir()
    make(folder.path / "a.py")
    with pytest.raises(Unreadable):
        folder.read("a.py")


def test_a_link_is_called_one(folder: Folder) -> None:
    """Not what the system says of it, "Too many levels of symbolic links"."""
    folder.path.mkdir()
    (folder.path / "a.py").symlink_to("/etc/hostname")
    with pytest.raises(Unreadable, match=r"^it is a link$"):
        folder.read("a.py")


def test_it_is_written_whole(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails leaves the old file, and nothing beside it."""
    folder.write("a.py", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        folder.write("a.py", b"new")
    assert [path.name for path in folder.path.iterdir()] == ["a.py"]
    assert folder.read("a.py") == b"old"


def test_names() -> None:
    """What is written as a version's name is read as one."""
    assert canonical_name("PackHunter", 12) == "trait_pack_hunter_v12.py"
    assert version_in("trait_pack_hunter_v12.py") == ("pack_hunter", 12)
    for other in ("trait_a_v0.py", "trait_a.py", "a_v1.py", "trait_a_v1.pyc"):
        assert version_in(other) is None
