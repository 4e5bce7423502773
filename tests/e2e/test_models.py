"""A kernel whose agents ask a model: a real one but for the model server, caged as always."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.harness import KernelRun, wait_until
from tests.support.ledger_events import ledger_events
from tests.support.ollama_server import ByRole, OllamaServer, Talk
from tests.support.quiet import ON
from tests.support.thinking import DRAFT_ANSWER, LESSONS_ANSWER, PLAN_ANSWER, REVIEW_ANSWER
from zones.agents.authors.prompting import PROMPTS

pytestmark = pytest.mark.slow
WORLD = (
    "world.seed=11", "world.max_entities=120", "world.entities=80", "world.tick_rate_ms=4",
    "world.resource_spawn_rate=0.005", "world.resource_max=8", "world.resource_ripe=5",
)  # fmt: skip
ACT_S = 240.0
ANSWERS = ByRole(
    {
        "Architect": PLAN_ANSWER,
        "write traits": DRAFT_ANSWER
        | {"source": (PROMPTS / "example.txt").read_text().partition("\n")[2]},
        "review code": REVIEW_ANSWER,
        "lessons": LESSONS_ANSWER,
    }
)


def asking(server: OllamaServer, author: str = "ollama") -> tuple[str, ...]:
    """Return the settings of a starving world with agents that ask this server."""
    mine = (f"agents.author={author}", f"agents.ollama_host={server.url}")
    short = ("kernel.guard.ticks=300", "kernel.guard.forecast_seeds=4")
    return (*WORLD, ON, *mine, *short, "agents.llm_timeout_sec=20")


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(always=ANSWERS) as running:
        yield running


def events(home: Path, kind: str) -> list[dict[str, Any]]:
    return ledger_events(home, kind)


def wait_for(kernel: KernelRun, kind: str) -> dict[str, Any]:
    """Return the first event of a kind, once it is in the ledger."""

    def look() -> bool:
        assert kernel.process.poll() is None, kernel.log()
        return bool(events(kernel.home, kind))

    try:
        wait_until(look, kind, ACT_S)
    except AssertionError as error:
        told = [(e["kind"], e["payload"]) for e in ledger_events(kernel.home)][-30:]
        raise AssertionError(f"{error}: {told}\n{kernel.log()[-2000:]}") from error
    return events(kernel.home, kind)[0]


def test_a_model_writes_a_trait_that_comes_in(home: Path, server: OllamaServer) -> None:
    """A starving world and a model behind one port of the cage: what it writes is applied."""
    with KernelRun(home, *asking(server)) as kernel:
        applied = wait_for(kernel, "mutation.applied")
        assert applied["payload"]["trait_name"] == "FarSeer"
        assert kernel.stop() == 0
    trigger = events(home, "evolution.trigger")[0]
    assert trigger["payload"]["problem_type"] == "starvation"
    chosen = events(home, "agent.author_chosen")[-1]["payload"]
    assert (chosen["author"], chosen["model"]) == ("ollama", "llama3:8b")
    decided = events(home, "agent.decided")
    assert len(decided) >= 3
    for each in decided:
        payload = each["payload"]
        assert payload["model"] == "llama3:8b"
        assert len(payload["prompt_hash"]) == 64
        assert payload["prompt_version"]
        assert payload["tokens"] == 1200
    proposed = events(home, "mutation.proposed")[0]["payload"]
    assert (proposed["author"], proposed["trait_name"]) == ("ollama", "FarSeer")
    roles = {chat["messages"][0]["content"].split(".")[0][:20] for chat in server.chats}
    assert len(roles) >= 3


def test_a_server_that_is_killed_is_stood_in_for(home: Path) -> None:
    """When the server goes, the offline author works, and the status says so with what helps."""

    def silent(talk: Talk) -> None:
        talk.pause(600.0)

    with OllamaServer(always=silent) as server, KernelRun(home, *asking(server, "auto")) as kernel:
        wait_until(lambda: bool(server.chats), "a thought is asked for", ACT_S)
        assert events(home, "agent.author_chosen")[-1]["payload"]["author"] == "ollama"
        server.close()

        def degraded() -> list[dict[str, Any]]:
            found = kernel.ask("status")["degraded"]
            return [each for each in found if "offline author in use" in each["why"]]

        wait_until(degraded, "the status says that the server is away", ACT_S)
        (row,) = degraded()
        assert row["hint"] == "ollama serve"
        assert str(server.port) in row["why"]
        wait_until(
            lambda: events(home, "agent.author_chosen")[-1]["payload"]["author"] == "genetic",
            "the offline author is chosen",
            ACT_S,
        )
        assert kernel.ask("status")["world"]["tick"]
        assert kernel.stop() == 0
