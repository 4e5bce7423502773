"""Namespaces alone: what is no longer shared, and a root in which nothing exists."""

import os
import socket

import pytest

from tests.support.caged import USERS, End, errno_of, refuse_calls, run
from zones.runtime.cages import namespaces, privileges
from zones.runtime.cages.profiles import PROFILES

ALL = PROFILES["sealed"].namespaces
NAMES = os.listdir("/proc/self/ns")


def names() -> dict[str, int]:
    """Return which namespaces this process is in."""
    return {name: os.stat(f"/proc/self/ns/{name}").st_ino for name in NAMES}


def empty() -> None:
    """Take all of them, and the empty root."""
    namespaces.separate(ALL)
    namespaces.empty_root()


def tried(user: int) -> End:
    """Return whether this machine gives them at all."""
    return run(empty, user)


pytestmark = pytest.mark.skipif(
    any(tried(user).said != "None" for user in USERS), reason="no namespaces here"
)


@pytest.mark.parametrize("user", USERS)
def test_nothing_but_pids_and_time_is_shared(user):
    """The arena names its writers by pid; time is read by everybody."""
    before = names()

    def inside() -> list[str]:
        namespaces.separate(ALL)
        after = names()
        return sorted(name for name in after if after[name] != before[name])

    assert run(inside, user).said == str(sorted(["cgroup", "ipc", "net", "user", "uts"]))


@pytest.mark.parametrize("user", USERS)
def test_no_path_exists(user, tmp_path):
    """Neither from the root nor from where it was; nothing can be made; what was open stays."""
    (tmp_path / "file").write_bytes(b"x")
    kept = os.open(tmp_path / "file", os.O_RDONLY)

    def inside() -> list[object]:
        empty()
        paths = ("/proc/self", "/etc/passwd", "../etc", "/dev/null", str(tmp_path))
        return [
            os.listdir("/"),
            os.listdir("."),
            os.listdir(".."),
            {errno_of(lambda path=path: os.stat(path)) for path in paths},
            errno_of(lambda: os.mkdir("/made")) == "ENOENT",
            errno_of(lambda: open("/made", "x")) == "ENOENT",
            os.read(kept, 1),
        ]

    assert run(inside, user).said == str([[], [], [], {"ENOENT"}, True, True, b"x"])
    os.close(kept)


@pytest.mark.parametrize("user", USERS)
def test_there_is_no_way_back(user):
    """Not by the ways out of a chroot, once capabilities are gone; nor into other namespaces."""

    def inside() -> list[str]:
        privileges.renounce()
        empty()
        privileges.drop_capabilities()
        for _ in range(50):
            os.chdir("..")
        return [
            errno_of(lambda: os.chroot(".")),
            errno_of(lambda: namespaces.separate(["user"])),
            errno_of(lambda: namespaces.separate(["net"])),
            *os.listdir("."),
        ]

    assert run(inside, user).said == str(["EPERM"] * 3)


@pytest.mark.parametrize("user", USERS)
def test_the_network_is_empty(user):
    """Not even loopback is up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()

        def inside() -> str:
            namespaces.separate(ALL)
            return errno_of(lambda: socket.create_connection(address, 1.0))

        assert run(inside, user).said == "ENETUNREACH"


@pytest.mark.parametrize("user", USERS)
def test_who_is_undumpable_can_have_them(user):
    """A process that refuses core dumps could not write the map of its ids: none is written."""

    def inside() -> list[str]:
        privileges.renounce()
        empty()
        return os.listdir("/")

    assert run(inside, user).said == "[]"


def test_nothing_is_left_outside():
    """The folder that became the root is gone for everybody."""

    def places() -> set[str]:
        return {name for place in ("/dev/shm", "/tmp") for name in os.listdir(place)}

    before = {name for name in places() if name.startswith("molt-root-")}
    assert run(empty).said == "None"
    assert {name for name in places() if name.startswith("molt-root-")} <= before


@pytest.mark.parametrize("user", USERS)
def test_refused_is_an_error(user):
    """Where nothing is allowed, nobody believes to be alone."""

    def inside() -> None:
        refuse_calls({"unshare": 1})
        namespaces.separate(ALL)

    assert "PermissionError" in run(inside, user).said


@pytest.mark.skipif(os.getuid() != 0, reason="takes an administrator")
def test_an_administrator_needs_no_user_namespace():
    """Where those are switched off, it has the others."""
    before = names()

    def inside() -> list[str]:
        namespaces.separate([name for name in ALL if name != "user"])
        namespaces.empty_root()
        return os.listdir("/")

    assert run(inside).said == "[]"
    assert names() == before


def test_a_place_that_takes_no_folder_is_passed_by(tmp_path, monkeypatch):
    """One that is full, or gone, keeps no world from having an heir while there is another."""
    other = tmp_path / "other"
    other.mkdir(mode=0o777)
    monkeypatch.setattr(namespaces, "_PLACES", (str(tmp_path / "none"), str(other)))

    def inside() -> list[str]:
        empty()
        return os.listdir("/")

    assert run(inside, 0).said == "[]"
    assert not list(other.iterdir())
    monkeypatch.setattr(namespaces, "_PLACES", (str(tmp_path / "none"),))
    assert errno_of(namespaces.empty_root) == "EACCES"
