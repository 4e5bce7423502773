"""What helps against each refusal of a disk."""

import errno
import os
import shlex
import sys
from pathlib import Path

import pytest

from Kernel.contract.errors import what_helps, what_installs
from tests.structure.sources import ROOT


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "df -h '/a b'"), (errno.EDQUOT, "df -h '/a b'"),
        (errno.EROFS, "findmnt -T '/a b'"), (errno.EACCES, "ls -ld '/a b'"),
        (errno.EEXIST, "ls -ld '/a b'"), (errno.EMFILE, "ulimit -n"),
    ],
)  # fmt: skip
def test_each_refusal_has_a_command(number, hint):
    """It shows what is wrong, and can be pasted whatever the folder is called."""
    assert what_helps(OSError(number, os.strerror(number)), Path("/a b")) == hint


def test_an_extra_is_installed_from_the_checkout() -> None:
    """Never by name: on the public index it is somebody else's."""
    command = what_installs("science")
    assert shlex.split(command)[-2:] == ["-e", f"{ROOT}[science]"]
    assert shlex.split(command)[:2] == [sys.executable, "-m"]
