"""A living home's ledger answers: what happens, why it happened, and what came of a command."""

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.harness import KernelRun, wait_until
from zones.client import Home, open_home


def newest(home: Home, kind: str, **fields: object) -> dict[str, Any] | None:
    """Return the newest event of a kind with these values, None while there is none."""
    filters = [f"kind={kind}", *(f"payload.{key}={value}" for key, value in fields.items())]
    found = home.events(*filters, newest=1)
    return found[0] if found else None


def told_why(home: Home, kind: str, **fields: object) -> list[str]:
    """Return the kinds of a story: an event, as soon as it is stored, and its causes."""
    wait_until(lambda: newest(home, kind, **fields) is not None, f"{kind} is stored")
    event = newest(home, kind, **fields)
    assert event is not None
    story = home.why(event["id"])
    assert story["complete"], story
    return [kind, *(cause["kind"] for cause in story["causes"])]


@pytest.mark.slow
def test_why_down_to_the_command(home: Path) -> None:
    """A takeover, an input, and the archive's own death are each explained down to who asked."""
    with KernelRun(home, "world.tick_rate_ms=4") as kernel:
        wait_until(kernel.heir_pid, "an heir stands by")
        kernel.ask("drill", kind="kill", zone="stable")
        opened = open_home(home)
        to_the_drill = ["zone.died", "drill.begun", "command.taken"]
        assert told_why(opened, "zone.taken_over", epoch=2) == ["zone.taken_over", *to_the_drill]
        kernel.ask("params", key="friction", value=0.9)
        assert told_why(opened, "input.applied") == ["input.applied", "command.taken"]
        wait_until(lambda: kernel.zone("archive")["state"] == "ready", "the archive serves")
        killed = kernel.zone("archive")["pid"]
        kernel.ask("drill", kind="kill", zone="archive")
        assert told_why(opened, "zone.died", zone="archive", pid=killed) == to_the_drill
        root = newest(opened, "command.taken", command="drill")
        assert root is not None
        effects = opened.why(root["id"], effects=True)["effects"]
        assert {"drill.begun", "zone.died"} <= {effect["kind"] for effect in effects}
        wait_until(lambda: len(opened.history("telemetry")) > 1, "telemetry is stored")
        assert {row["kind"] for row in opened.history("telemetry")} == {"telemetry"}
        assert kernel.stop() == 0
    assert newest(opened, "kernel.stopped") is not None or newest(opened, "kernel.stopping")
