"""A kernel that evolves under test: stored answers for its agents, and what its ledger says.

Owns: recordings, waiting for events, the proof that no tick was lost. Does not own: the kernel
(`harness.py`).
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from Kernel.contract.arena import Header
from tests.chaos.harness import ROOT, KernelRun, run_alone, wait_until
from tests.chaos.test_traits import is_stored
from tests.support.ledger_events import ledger_events, write_inputs
from tests.support.quiet import ON

SEED = 20261128
SMALL = {"max_entities": 120, "entities": 80}
SETTINGS = (
    ON,
    f"world.seed={SEED}",
    "world.tick_rate_ms=4",
    *(f"world.{key}={value}" for key, value in SMALL.items()),
    "agents.evolution=false",
    "agents.evolution_cooldown_sec=0",
    "kernel.guard.ticks=600",
    "kernel.guard.forecast_seeds=8",
)
"""Evolution only where a test asks for it, and guard periods of a few seconds."""
EVENT_S = 90.0


def planted(name: str) -> bytes:
    """Return the source of a trait that goes wrong after its trial."""
    return (ROOT / "tests" / "corpus" / "planted" / f"{name}.py").read_bytes()


def encoded(source: bytes) -> str:
    """Return a source as requests carry it."""
    return b64encode(source).decode()


def record(home: Path, *missions: Sequence[bytes]) -> str:
    """Write stored answers, and return the setting that names them.

    Args:
        missions: of each the drafts, in the order in which the Coder gives them.
    """
    lines: list[dict[str, Any]] = []
    for drafts in missions:
        name = drafts[-1].decode().partition("class ")[2].partition("(")[0]
        plan = {
            "action_type": "new_trait", "description": "as recorded", "metric": "population",
            "better": "more", "target_class": name,
        }  # fmt: skip
        lines.append({"step": "plan", "value": plan, "rationale": "so it was"})
        lines += ({"step": "write", "value": {"source": draft.decode()}} for draft in drafts)
    lines.append({"step": "review", "value": {"approved": True, "reason": "fits"}, "repeat": True})
    lines.append({"step": "summarise", "value": [], "repeat": True})
    path = home / "data" / "agents" / "recorded.jsonl"  # elsewhere the sandbox reads nothing
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return f"agents.recorded_file={path}"


def wait_for(
    home: Path,
    kind: str,
    count: int = 1,
    fits: Callable[[Mapping[str, Any]], bool] = lambda _payload: True,
) -> list[dict[str, Any]]:
    """Wait for so many events of a kind whose payload fits, and return them."""

    def found() -> list[dict[str, Any]]:
        return [each for each in ledger_events(home, kind) if fits(each["payload"])]

    try:
        wait_until(lambda: len(found()) >= count, f"{count} {kind}", EVENT_S)
    except AssertionError as error:
        told = [
            f"{each['kind']} {each['payload']}"[:300]
            for each in ledger_events(home)
            if each["kind"].split(".")[0] in ("mutation", "guard", "mission", "agent", "trait")
        ]
        raise AssertionError("\n".join([str(error), *told[-30:]])) from error
    return found()


def assert_ticks_on(kernel: KernelRun) -> None:
    """The world goes on."""
    tick = kernel.word(Header.COMMIT)
    wait_until(lambda: kernel.word(Header.COMMIT) > tick + 20, "the world ticks")


def assert_nothing_lost(kernel: KernelRun, *words: str) -> None:
    """Hold the world; what its log says, run alone, is that very world: no tick was lost."""
    home, target = kernel.home, kernel.word(Header.COMMIT) + 200
    held = kernel.ask("pause", at_tick=target)
    wait_until(lambda: is_stored(home, held["tick"]), "all inputs are stored")
    inputs = write_inputs(home, home / "inputs.jsonl")
    sizes = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    words = (*sizes, *words, "--inputs", str(inputs), "--home", str(home))
    assert run_alone(home, SEED, held["tick"], *words)["hash"] == held["hash"]
