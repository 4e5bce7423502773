"""Whose descendant a process is: children, grandchildren, orphans, strangers, the dead."""

import os
import subprocess
import sys

from Kernel.ports.kin import descends_from

ME = os.getpid()
# Starts a child of its own, says its pid, and waits until both may go.
PARENT = """
import os, sys
child = os.fork()
if not child:
    sys.stdin.read()
    os._exit(0)
print(child, flush=True)
sys.stdin.read()
"""


def test_children_and_theirs():
    """Both descend from us, and neither from the other's child."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None and parent.stdin is not None
        grandchild = int(parent.stdout.readline())
        assert descends_from(parent.pid, ME)
        assert descends_from(grandchild, ME)
        assert descends_from(grandchild, parent.pid)
        assert not descends_from(parent.pid, grandchild)
        parent.stdin.close()


def test_oneself_and_who_came_before():
    """We are not our own descendant, nor is who started us."""
    assert not descends_from(ME, ME)
    assert not descends_from(os.getppid(), ME)
    assert not descends_from(1, ME)


def test_a_dead_one_may_have_been_ours():
    """Nobody can tell any more."""
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    assert descends_from(child, ME)
