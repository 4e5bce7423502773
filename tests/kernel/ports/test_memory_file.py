"""The file of the kernel's memory: replaced whole, private, and read only where it is plain."""

import os
from pathlib import Path

import pytest

from Kernel.ports.memory_file import READ_BYTES_MAX, HomeMemoryFile, MemoryFile, PaperMemoryFile


class TestFiles:
    """The real file and the one on paper keep the same promises."""

    @pytest.fixture(params=["home", "paper"])
    def file(self, request, tmp_path: Path) -> MemoryFile:
        """Give either."""
        return HomeMemoryFile(tmp_path / "memory") if request.param == "home" else PaperMemoryFile()

    def test_it_gives_what_was_saved_last(self, file):
        """Nothing at first; and nothing once it was set aside."""
        assert file.load() is None
        file.save(b"one")
        file.save(b"two")
        assert file.load() == b"two"
        assert file.set_aside()
        assert file.load() is None


def test_the_file_is_private_and_alone(tmp_path: Path) -> None:
    """Nobody else reads it, and nothing lies beside it."""
    HomeMemoryFile(tmp_path / "memory").save(b"one")
    assert os.listdir(tmp_path) == ["memory"]
    assert (tmp_path / "memory").stat().st_mode & 0o777 == 0o600


def test_what_is_no_plain_file_is_torn(tmp_path: Path) -> None:
    """A link, a pipe, a folder: none is read, none holds a boot up."""
    os.symlink("/etc/hostname", tmp_path / "link")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder"):
        assert HomeMemoryFile(tmp_path / name).load() == b""
    (tmp_path / "large").write_bytes(bytes(READ_BYTES_MAX + 5))
    assert len(HomeMemoryFile(tmp_path / "large").load() or b"") == READ_BYTES_MAX


def test_a_folder_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    """The one who saves says so; nothing half written is left."""
    file = HomeMemoryFile(tmp_path / "missing" / "memory")
    with pytest.raises(OSError, match="No such file"):
        file.save(b"one")
    assert file.set_aside() == ""
