"""The numbers of system calls, against what is known otherwise."""

import ctypes
import os

import pytest

from zones.runtime.cages.syscalls import AARCH64, X86_64, machine

KNOWN = {
    # From the manual pages and the headers of each machine.
    X86_64: {"read": 0, "mmap": 9, "clone": 56, "openat": 257, "prlimit64": 302, "seccomp": 317,
             "rseq": 334, "pidfd_send_signal": 424, "clone3": 435, "mseal": 462},
    AARCH64: {"read": 63, "mmap": 222, "clone": 220, "openat": 56, "prlimit64": 261,
              "seccomp": 277, "rseq": 293, "pidfd_send_signal": 424, "clone3": 435, "mseal": 462},
}  # fmt: skip
REPLACED = ("open", "stat", "lstat", "poll", "select", "fork", "vfork", "access", "pipe", "dup2")


@pytest.mark.parametrize("name", [X86_64, AARCH64])
def test_numbers_are_those_of_the_machine(name):
    """A few of each block, first and last ones too."""
    found = machine(name)
    assert found is not None
    assert {call: found.numbers[call] for call in KNOWN[name]} == KNOWN[name]


@pytest.mark.parametrize("name", [X86_64, AARCH64])
def test_no_number_stands_twice(name):
    """Two names of one number would be allowed or refused together."""
    numbers = machine(name).numbers
    assert len(set(numbers.values())) == len(numbers)


def test_aarch64_has_no_calls_that_were_replaced():
    """Its table began when those were old."""
    assert not set(REPLACED) & set(machine(AARCH64).numbers)
    assert set(REPLACED) <= set(machine(X86_64).numbers)


def test_numbers_are_those_of_this_kernel():
    """Calls without effect are made by number, and do what their name says."""
    found = machine(os.uname().machine)
    call = ctypes.CDLL(None).syscall
    assert call(found.numbers["getpid"]) == os.getpid()
    assert call(found.numbers["getppid"]) == os.getppid()
    assert call(found.numbers["getuid"]) == os.getuid()
    assert call(found.numbers["landlock_create_ruleset"], None, 0, 1) >= -1


def test_another_machine_is_not_known():
    """Nobody guesses numbers."""
    assert machine("riscv64") is None
