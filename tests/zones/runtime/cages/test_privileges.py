"""Privileges alone: given up for good, also where there were none to give up."""

import ctypes
import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.support.caged import USERS, errno_of, run
from zones.runtime.cages import namespaces, privileges
from zones.runtime.cages.profiles import PROFILES


@pytest.mark.parametrize("user", USERS)
def test_nothing_is_left(user):
    """No capability, no new ones by a program, nobody of this user looks inside."""

    def inside() -> list[object]:
        privileges.renounce()
        privileges.drop_capabilities()
        return [
            privileges.has_renounced(),
            privileges.read_capabilities(),
            privileges.bounding_set_is_empty() == (user == 0),
            ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) if user else 0,
        ]

    assert run(inside, user).said == str([True, 0, True, 0])


@pytest.mark.skipif(os.getuid() != 0, reason="takes an administrator")
def test_an_administrator_is_none_any_more():
    """What took a capability is refused; a file of another user stays closed."""

    def inside() -> list[str]:
        privileges.renounce()
        privileges.drop_capabilities()
        return [
            errno_of(lambda: socket.sethostname("other")),
            errno_of(lambda: os.setuid(1)),
            errno_of(lambda: os.chroot("/")),
            errno_of(lambda: os.nice(-1)),
        ]

    said = run(inside).said
    assert said in (str(["EPERM"] * 4), str(["EPERM", "EPERM", "EPERM", "EACCES"])), said


@pytest.mark.parametrize("user", USERS)
def test_what_a_user_namespace_gives_is_given_up_too(user):
    """Making one gives all capabilities within it."""

    def inside() -> list[bool]:
        privileges.renounce()
        try:
            namespaces.separate(PROFILES["sealed"].namespaces)
        except OSError:
            return [True, True]
        had = privileges.read_capabilities() != 0
        privileges.drop_capabilities()
        return [had, privileges.read_capabilities() == 0 and privileges.bounding_set_is_empty()]

    assert run(inside, user).said == str([True, True])


def test_the_death_signal_is_as_it_was():
    """Set again where somebody had set it, and not where nobody had."""

    def inside() -> list[int]:
        before = privileges.read_death_signal()
        privileges.keep_death_signal(0, os.getppid())
        still = privileges.read_death_signal()
        privileges.keep_death_signal(signal.SIGKILL, os.getppid())
        return [before, still, privileges.read_death_signal()]

    assert run(inside).said == "[0, 0, 9]"


def test_who_has_lost_its_parent_ends():
    """The parent died before the signal was set again: nobody would send it any more."""

    def inside() -> str:
        privileges.keep_death_signal(signal.SIGKILL, os.getppid() + 1)
        return "lives"

    assert run(inside).said == ""


@pytest.mark.slow
def test_the_death_signal_survives_all_layers():
    """A real parent dies, and the sealed child with it."""
    program = """
import os, signal, sys, time
from zones.runtime import cage
from zones.runtime.kinship import die_with
parent = os.getpid()
if os.fork():
    time.sleep(60)
die_with(parent)
plan = cage.Plan("sealed", without=cage.machine_report().missing)
cage.enclose(plan)
cage.seal(plan)
os.write(1, b"%d" % os.getpid())
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        child = int(os.read(parent.stdout.fileno(), 16))
        handle = os.pidfd_open(child)
        parent.kill()
        assert parent.stdout.read() == b"", "the last writer is gone"
        with pytest.raises(ProcessLookupError):
            while True:
                signal.pidfd_send_signal(handle, 0)
        os.close(handle)
