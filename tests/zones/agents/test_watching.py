"""Noticing a change of a folder, by inotify, and without it."""

import errno
from pathlib import Path

import pytest
from watchdog.observers.api import BaseObserver

from tests.support.wait import wait_until
from zones.agents.watching import ANYWAY_S, POLLING_S, FolderWatch


def test_a_change_is_noticed_and_reading_is_none(tmp_path: Path) -> None:
    """A file that comes, changes, is renamed or goes; nobody wakes himself by looking."""
    watch = FolderWatch(tmp_path / "mutations")
    try:
        assert watch.degraded == "" and watch.is_due(0.0) and not watch.is_due(0.0)
        path = tmp_path / "mutations" / "a.py"
        for change in (
            lambda: path.write_text("x"),
            lambda: path.write_text("y"),
            lambda: path.rename(path.with_name("b.py")),
            lambda: path.with_name("b.py").unlink(),
        ):
            change()
            wait_until("it is noticed", lambda: watch.is_due(0.0))
            while watch.is_due(0.0):
                pass
        assert watch.is_due(ANYWAY_S) and not watch.is_due(ANYWAY_S)
    finally:
        watch.close()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOSPC, errno.EPERM])
def test_without_inotify_it_is_looked_now_and_then(tmp_path: Path, number: int) -> None:
    """Limits are reached, or the call is refused: that can be seen, and nothing is missed."""

    def none() -> BaseObserver:
        raise OSError(number, "no inotify for you")

    watch = FolderWatch(tmp_path, none)
    assert "no inotify for you" in watch.degraded
    assert watch.is_due(5.0) and not watch.is_due(5.0)
    assert not watch.is_due(5.0 + POLLING_S / 2) and watch.is_due(5.0 + POLLING_S)
    watch.close()
