"""Which keys a home believes: enrolled ones, that nobody else could have put there."""

import os
from pathlib import Path

import pytest

from Kernel.contract.errors import ConfigError, MoltError, Refused, UsageError
from Kernel.ports.signatures import SigningKey
from Kernel.ports.update_keys import (
    FOLDER,
    KEYS_MAX,
    enrol,
    make_pair,
    read_keyring,
    read_public,
    read_secret,
    short_id,
)


def test_none_is_enrolled_by_itself(tmp_path: Path) -> None:
    """A home without keys takes nothing, and looking makes nothing."""
    ring = read_keyring(tmp_path / "home")
    assert ring.keys == {} and ring.problems == () and not (tmp_path / "home").exists()
    assert ring.verify(bytes(32), bytes(64), b"") is None


def test_a_pair(tmp_path: Path) -> None:
    """The secret half is for its owner alone; nothing is ever overwritten."""
    key = make_pair(tmp_path / "mine")
    assert (tmp_path / "mine").stat().st_mode & 0o777 == 0o600
    assert read_secret(tmp_path / "mine").public.id == key.public.id
    assert read_public(tmp_path / "mine.pub").id == key.public.id
    before = (tmp_path / "mine").read_bytes()
    with pytest.raises(Refused, match="is there already"):
        make_pair(tmp_path / "mine")
    (tmp_path / "other.pub").symlink_to("nowhere")
    with pytest.raises(Refused, match=r"other\.pub is there already"):
        make_pair(tmp_path / "other")
    assert (tmp_path / "mine").read_bytes() == before
    with pytest.raises(UsageError, match="cannot write"):
        make_pair(tmp_path / "no" / "folder")


def test_a_secret_others_can_read_is_not_used(tmp_path: Path) -> None:
    """As ssh has it: mend the mode first."""
    make_pair(tmp_path / "mine")
    (tmp_path / "mine").chmod(0o640)
    with pytest.raises(Refused, match="others may read it") as caught:
        read_secret(tmp_path / "mine")
    assert caught.value.hint == f"chmod 600 {tmp_path / 'mine'}"
    with pytest.raises(ConfigError, match="cannot read"):
        read_secret(tmp_path / "none")
    with pytest.raises(ConfigError):
        read_secret(tmp_path)


def test_enrolled_keys_verify(tmp_path: Path) -> None:
    """What an enrolled key has signed is known; enrolling twice changes nothing."""
    key, other = SigningKey.generate(), SigningKey.generate()
    assert enrol(tmp_path, key.public) and not enrol(tmp_path, key.public)
    ring = read_keyring(tmp_path)
    assert list(ring.keys) == [key.public.id] and not ring.problems
    assert ring.verify(key.public.id, key.sign(b"m"), b"m") is True
    assert ring.verify(key.public.id, other.sign(b"m"), b"m") is False
    assert ring.verify(other.public.id, other.sign(b"m"), b"m") is None
    assert (tmp_path / FOLDER).stat().st_mode & 0o777 == 0o700
    assert short_id(key.public.id) in os.listdir(tmp_path / FOLDER)[0]


def test_a_limit(tmp_path: Path) -> None:
    """So many keys and no more; a folder with more counts for nothing."""
    for _ in range(KEYS_MAX):
        enrol(tmp_path, SigningKey.generate().public)
    with pytest.raises(Refused, match="the limit"):
        enrol(tmp_path, SigningKey.generate().public)
    (tmp_path / FOLDER / "more.pem").write_bytes(SigningKey.generate().public.pem())
    ring = read_keyring(tmp_path)
    assert not ring.keys and "the limit is 16" in ring.problems[0]


def _junk(folder: Path) -> None:
    (folder / "x.pem").write_bytes(b"junk")


def _link(folder: Path) -> None:
    (folder.parent / "elsewhere").write_bytes(SigningKey.generate().public.pem())
    (folder / "x.pem").symlink_to(folder.parent / "elsewhere")


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "x.pem")


def _long(folder: Path) -> None:
    (folder / "x.pem").write_bytes(SigningKey.generate().public.pem() + b" " * 4096)


def _writable(folder: Path) -> None:
    (folder / "x.pem").write_bytes(SigningKey.generate().public.pem())
    (folder / "x.pem").chmod(0o666)


def _secret(folder: Path) -> None:
    (folder / "x.pem").write_bytes(SigningKey.generate().pem())


def _folder(folder: Path) -> None:
    (folder / "x.pem").mkdir()


@pytest.mark.parametrize("put", [_junk, _link, _fifo, _long, _writable, _secret, _folder])
def test_what_does_not_count_is_told(tmp_path: Path, put) -> None:
    """A file that is no key, or that another could have written, is told; the others count."""
    key = SigningKey.generate()
    enrol(tmp_path, key.public)
    put(tmp_path / FOLDER)
    ring = read_keyring(tmp_path)
    assert list(ring.keys) == [key.public.id]
    assert (
        len(ring.problems) == 1
        and ring.problems[0].startswith("cannot")
        and "x.pem" in (ring.problems[0])
    )
    with pytest.raises(MoltError):
        enrol(tmp_path, SigningKey.generate().public)


def test_a_folder_others_can_write_counts_for_nothing(tmp_path: Path) -> None:
    """Whoever could put a key there could put a version there."""
    enrol(tmp_path, SigningKey.generate().public)
    (tmp_path / FOLDER).chmod(0o777)
    ring = read_keyring(tmp_path)
    assert not ring.keys and "others may write it (mode 777)" in ring.problems[0]
    (tmp_path / FOLDER).chmod(0o700)
    (tmp_path / FOLDER).rename(tmp_path / "real")
    (tmp_path / FOLDER).symlink_to(tmp_path / "real")
    assert not read_keyring(tmp_path).keys
