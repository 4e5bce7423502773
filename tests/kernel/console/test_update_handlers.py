"""`molt update commit` and `rollback` in a running kernel, on paper."""

from pathlib import Path

import pytest

from Kernel.contract.errors import Refused
from Kernel.core.module_update import LOOK_S
from tests.kernel.console.test_handlers import Console, console, empty, machine
from tests.kernel.core.test_passive_update import kept, version

__all__ = ["console", "empty", "machine"]  # fixtures


def test_module_versions(console: Console):
    """Commit and rollback say what they cannot do, and a dry run touches nothing."""
    files = console.kernel.machine.updates
    with pytest.raises(Refused, match="nothing is staged"):
        console.ask("update commit")
    for words in ({}, {"dry_run": True}):
        with pytest.raises(Refused, match="the factory version runs"):
            console.ask("update rollback", **words)
    files.updates = kept(1)
    files.roots[version(1).id] = Path("/versions/1")
    console.kernel.machine.clock.pass_time(2 * LOOK_S, lambda: console.kernel.round(1))
    plan = console.now("update rollback", dry_run=True)
    assert plan["version"] == version(1).name and plan["serves"] == "the factory version"
    assert files.updates.active == version(1)
    assert console.now("status")["update"]["active"] == version(1).name
