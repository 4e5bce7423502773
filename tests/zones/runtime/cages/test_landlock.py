"""Landlock alone, for every ABI that the machine has: files, ports, sockets, signals."""

import os
import socket
from functools import partial
from pathlib import Path

import pytest

from tests.support.caged import USERS, errno_of, folder_of, refuse_calls, run
from zones.runtime.cages import landlock, privileges

ABI = landlock.ask_abi()
needs_landlock = pytest.mark.skipif(not ABI, reason="no Landlock here")


def test_rights_grow_with_the_abi():
    """Each ABI knows the rights of those before it."""
    rights = [landlock.rights_of(abi) for abi in range(1, landlock.ABI_MAX + 1)]
    assert rights[0] == 0x1FFF and rights[1] == 0x3FFF
    assert rights[2] == rights[3] == 0x7FFF and rights[4] == rights[-1] == 0xFFFF


def test_what_an_abi_does_not_hold_is_said():
    """The newest holds all we know of; the oldest says what is missing."""
    assert landlock.not_held_by(landlock.ABI_MAX) == ()
    assert "TCP ports" in landlock.not_held_by(3)
    assert len(landlock.not_held_by(1)) == 5


@needs_landlock
@pytest.mark.parametrize("abi", range(1, landlock.ABI_MAX + 1))
@pytest.mark.parametrize("user", USERS)
def test_files_are_held_by_every_abi(abi, user):
    """Also by one that is older than the machine's: read here, write there, nothing elsewhere."""
    if abi > ABI:
        pytest.skip(f"the machine has ABI {ABI}")

    def tried(place: Path) -> list[str]:
        for name in ("read", "write", "other"):
            (place / name).mkdir()
            (place / name / "file").write_bytes(b"x")
        privileges.renounce()
        landlock.restrict(abi, [str(place / "read")], [str(place / "write")])
        return [
            errno_of((place / "read" / "file").read_bytes),
            errno_of(lambda: (place / "read" / "file").write_bytes(b"y")),
            errno_of(lambda: (place / "read" / "new").write_bytes(b"y")),
            errno_of(lambda: (place / "write" / "file").write_bytes(b"y")),
            errno_of(lambda: (place / "write" / "new").write_bytes(b"y")),
            errno_of((place / "write" / "new").unlink),
            errno_of(lambda: (place / "write" / "link").symlink_to("x")),
            errno_of(lambda: os.mkfifo(place / "write" / "pipe")),
            errno_of((place / "other" / "file").read_bytes),
            errno_of(lambda: os.listdir("/")),
        ]

    wanted = ["", "EACCES", "EACCES", "", "", "", "EACCES", "EACCES", "EACCES", "EACCES"]
    with folder_of(user) as place:
        assert run(lambda: tried(place), user).said == str(wanted)


@needs_landlock
def test_one_file_may_be_named(tmp_path):
    """A path that is no folder is held by the rights that files have."""
    (tmp_path / "file").write_bytes(b"x")

    def tried() -> str:
        privileges.renounce()
        landlock.restrict(ABI, [], [str(tmp_path / "file")])
        (tmp_path / "file").write_bytes(b"longer")
        return errno_of(lambda: os.listdir(tmp_path))

    assert run(tried).said == "EACCES"
    assert (tmp_path / "file").read_bytes() == b"longer"


@needs_landlock
def test_a_path_that_is_missing_is_an_error(tmp_path):
    """Leaving it out would be another cage than the one that was asked for."""
    missing = str(tmp_path / "none")
    assert "FileNotFoundError" in run(lambda: landlock.restrict(ABI, [missing], [])).said


@pytest.mark.skipif(ABI < 4, reason="ports are held from ABI 4 on")
def test_ports_are_held():
    """Two are named: one to connect to, one to listen at; no other can be taken or reached."""
    with socket.create_server(("127.0.0.1", 0)) as named, socket.create_server(
        ("127.0.0.1", 0)
    ) as other, socket.create_server(("127.0.0.1", 0)) as free:  # fmt: skip
        port, foreign = named.getsockname()[1], other.getsockname()[1]
        listened = free.getsockname()[1]
        free.close()

        def tried() -> list[str]:
            privileges.renounce()
            landlock.restrict(ABI, [], [], [port], [listened])
            told = []
            for how, number in (
                (socket.socket.connect, port),
                (socket.socket.connect, foreign),
                (socket.socket.bind, listened),
                (socket.socket.bind, 0),
            ):
                with socket.socket() as made:
                    told.append(errno_of(partial(how, made, ("127.0.0.1", number))))
            return told

        assert run(tried).said == str(["", "EACCES", "", "EACCES"])


@pytest.mark.skipif(ABI < 6, reason="scopes are held from ABI 6 on")
def test_others_are_not_reached():
    """No signal to a process outside, no abstract socket of one; a signal to itself goes."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0molt-test-{os.getpid()}")
        listening.listen()
        name = listening.getsockname()

        def tried() -> list[str]:
            privileges.renounce()
            landlock.restrict(ABI, [], [], files=False)
            with socket.socket(socket.AF_UNIX) as connecting:
                return [
                    errno_of(lambda: os.kill(os.getppid(), 0)),
                    errno_of(lambda: connecting.connect(name)),
                    errno_of(lambda: os.kill(os.getpid(), 0)),
                ]

        assert run(tried).said == str(["EPERM", "EPERM", ""])


def test_a_machine_without_it_has_abi_0():
    """Not in the OS, or switched off; that a filter refuses the question is another matter."""
    for number, wanted in ((38, "0"), (95, "0"), (1, "PermissionError")):

        def tried(number: int = number) -> int:
            refuse_calls({"landlock_create_ruleset": number})
            return landlock.ask_abi()

        assert run(tried).said.startswith(wanted)


def test_paths_of_the_process_itself_are_not_needed():
    """Nothing below /proc is asked for: the root may be empty, and the process undumpable."""
    source = Path(landlock.__file__).read_text(encoding="utf-8")
    assert "/proc" not in source
