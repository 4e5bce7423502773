"""Making arena files and mapping them in a zone process."""

import os

import pytest

from Kernel.contract.arena import Header, Side
from Kernel.contract.errors import ArenaError
from tests.support.toy import service as toy
from zones.runtime.arena_memory import map_arena, map_side, reserve_file


def test_a_reserved_file_has_all_its_blocks(tmp_path):
    """Every block is there before the first byte is written, for us alone."""
    fd = reserve_file(tmp_path / "arena", 1 << 20)
    status = os.fstat(fd)
    os.close(fd)
    assert status.st_size == 1 << 20 and status.st_blocks * 512 >= 1 << 20
    assert status.st_mode & 0o777 == 0o600


def test_a_reserved_file_is_a_new_one(tmp_path):
    """An existing file is never taken over."""
    (tmp_path / "arena").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        reserve_file(tmp_path / "arena", 4096)
    assert (tmp_path / "arena").read_bytes() == b"precious"


def test_no_room_leaves_nothing_behind(tmp_path, monkeypatch):
    """A file system without room raises, and neither file nor descriptor stays."""

    def refuse(_fd: int, _offset: int, _size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="No space left"):
        reserve_file(tmp_path / "arena", 4096)
    assert not list(tmp_path.iterdir()) and len(os.listdir("/proc/self/fd")) == before


class TestMapping:
    @pytest.fixture
    def fd(self, tmp_path):
        """Give the descriptor of a toy arena."""
        toy.Generation({}).found({"zone": "stable", "folders": [str(tmp_path)]})
        fd = os.open(tmp_path / "stable.arena", os.O_RDWR)
        yield fd
        os.close(fd)

    def test_writers_and_readers_see_the_same(self, fd):
        """What is stored through a writable mapping is read through a read-only one."""
        writer, reader = map_arena(fd, writable=True), map_arena(fd, writable=False)
        writer.put(Header.COMMIT, 42)
        assert reader.get(Header.COMMIT) == 42

    def test_a_reader_cannot_write(self, fd):
        """A read-only mapping refuses a store."""
        with pytest.raises(TypeError):
            map_arena(fd, writable=False).put(Header.COMMIT, 1)

    def test_a_damaged_arena_is_refused(self, fd):
        """An arena whose header does not fit its size is not used."""
        os.ftruncate(fd, os.fstat(fd).st_size + 4096)
        with pytest.raises(ArenaError, match="cannot use the arena behind descriptor"):
            map_arena(fd, writable=True)

    def test_an_empty_file_can_be_mapped_for_founding(self, tmp_path):
        """A founder maps a file that holds nothing yet."""
        fd = reserve_file(tmp_path / "arena", 1 << 16)
        assert map_arena(fd, writable=True).get(Header.MAGIC) == 0
        os.close(fd)


def test_side_page_is_shared():
    """Two mappings of the side page are one page."""
    fd = os.memfd_create("side")
    os.ftruncate(fd, Side.BYTES)
    first, second = map_side(fd), map_side(fd)
    os.close(fd)
    first[Side.DRILL] = 7
    assert second[Side.DRILL] == 7
