"""Evolution whose parts fail (model server, sandbox): the world goes on, nothing happens twice."""

import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from Kernel.contract.arena import Header
from tests.chaos.evolving import (
    SETTINGS,
    assert_nothing_lost,
    assert_ticks_on,
    encoded,
    planted,
    record,
    wait_for,
)
from tests.chaos.harness import KernelRun, wait_until
from tests.chaos.test_trials import Asker
from tests.support.ledger_events import ledger_events
from tests.support.ollama_server import NDJSON, OllamaServer, Piecewise, Talk, says
from tests.support.thinking import DRAFT_ANSWER, LESSONS_ANSWER, PLAN_ANSWER, REVIEW_ANSWER

pytestmark = [pytest.mark.slow, pytest.mark.chaos]

MOVER = """class Mover(Trait):
    async def execute(self, entity):
        entity.move({}, 0.5)
"""
TWO = DRAFT_ANSWER | {"source": MOVER.format(1.0) + "\n\n" + MOVER.format(2.0)}
PROSE = "Certainly! Here is a trait that helps:\n```python\n" + MOVER.format(1.0) + "```\n"


def hangs(talk: Talk) -> None:
    """Begin to answer, and say no more."""
    talk.begin()
    talk.pause(60.0)


def fails(talk: Talk) -> None:
    """Answer as a server does that has run out of memory."""
    talk.whole(500, "application/json", b'{"error":"out of memory"}')


def tells_much(talk: Talk) -> None:
    """Answer megabytes of what may even be an answer."""
    talk.begin(200, NDJSON)
    for _ in range(400):
        talk.line({"message": {"role": "assistant", "content": "x" * 20_000}, "done": False})
    talk.end()


NONSENSE: dict[str, Callable[[Talk], None]] = {
    "hanging": hangs,
    "500": fails,
    "half JSON": Piecewise(json.dumps(DRAFT_ANSWER)[:60]),
    "prose": Piecewise(PROSE),
    "two classes": says(TWO),
    "megabytes": tells_much,
}


def answers(request: Any, act: Callable[[Talk], None]) -> Callable[[Talk], None]:
    """Return what a Coder who talks nonsense answers, between others who do not."""
    properties = set(request.get("format", {}).get("properties", {}))
    if "target_class" in properties:
        return says(PLAN_ANSWER)
    if "source" in properties:
        return act
    return says(REVIEW_ANSWER if "approved" in properties else LESSONS_ANSWER)


def coder_says(act: Callable[[Talk], None], times: int = 64) -> list[Callable[[Talk], None]]:
    """Return the acts of a server whose Coder does this, whatever it is asked."""
    return [lambda talk: answers(talk.request.json, act)(talk)] * times


@pytest.mark.parametrize("what", NONSENSE)
def test_nonsense_is_never_applied(home: Path, rounds: int, what: str) -> None:
    """A model that hangs, breaks or talks changes nothing; the mission ends, and says why.

    One of them in each run, all in `make kills`.
    """
    if rounds == 1 and what != "two classes":
        return
    with OllamaServer(*coder_says(NONSENSE[what])) as server:
        words = (
            "agents.author=ollama", f"agents.ollama_host={server.url}",
            "agents.llm_timeout_sec=1", "agents.plans_max=1", "agents.attempts_max=2",
        )  # fmt: skip
        with KernelRun(home, *SETTINGS, *words) as kernel:
            kernel.ask("trigger", reason="to see what it says")
            (ended,) = wait_for(home, "mission.ended")
            assert not ended["payload"]["succeeded"]
            assert not ledger_events(home, "mutation.applied")
            assert kernel.zone("sandbox")["restarts"] == 0, "it is an answer, and no crash"
            assert_ticks_on(kernel)
            assert_nothing_lost(kernel)


def test_without_a_model_server_the_offline_author_thinks(home: Path) -> None:
    """It is chosen, and the state says that it is a way out, why, and what mends it."""
    with OllamaServer() as server:
        nobody = server.url
    words = ("agents.author=auto", f"agents.ollama_host={nobody}")
    with KernelRun(home, *SETTINGS, *words) as kernel:
        (chosen,) = wait_for(home, "agent.author_chosen")
        assert chosen["payload"]["author"] == "genetic" and chosen["payload"]["why"]

        def told() -> list[Any]:
            return [each for each in kernel.ask("status")["degraded"] if "Ollama" in str(each)]

        wait_until(told, "the state says so")
        assert "offline author" in told()[0]["why"] and "ollama serve" in told()[0]["hint"]
        kernel.ask("trigger", reason="to see who thinks")
        wait_for(home, "mission.ended")
        assert ledger_events(home, "mutation.proposed")
        proposed = ledger_events(home, "mutation.proposed")
        assert {each["payload"]["author"] for each in proposed} == {"genetic"}
        assert_nothing_lost(kernel)


def test_sandbox_killed_in_mid_thought_resumes(home: Path) -> None:
    """It goes on with the thought it was at: no earlier one is thought again, none told twice."""
    asked, go_on = threading.Event(), threading.Event()

    def waits(talk: Talk) -> None:
        if not go_on.is_set():
            asked.set()
            hangs(talk)
        says(DRAFT_ANSWER)(talk)

    with OllamaServer(*coder_says(waits)) as server:
        words = ("agents.author=ollama", f"agents.ollama_host={server.url}")
        with KernelRun(home, *SETTINGS, *words) as kernel:
            kernel.ask("trigger", reason="to be killed")
            assert asked.wait(30.0), kernel.log()
            wait_for(home, "evolution.plan")
            pid = kernel.zone("sandbox")["pid"]
            go_on.set()
            os.kill(pid, signal.SIGKILL)
            wait_for(home, "mission.ended")
            wait_until(lambda: kernel.zone("sandbox")["pid"] not in (None, pid), "it is back")
            roles = [each["role"] for each in ledger_events(home, "agent.decided")]
            assert roles.count("architect") == 1, roles
            plans = ledger_events(home, "evolution.plan")
            proposed = ledger_events(home, "mutation.proposed")
            assert (len(plans), len(proposed)) == (1, 1)
            assert len(ledger_events(home, "mission.started")) == 1
            assert len(ledger_events(home, "mission.ended")) == 1
            assert_nothing_lost(kernel)


def test_two_mutations_of_one_trait_at_once(home: Path) -> None:
    """Both get an answer and a version of their own; one of them runs in the end, in all."""
    with KernelRun(home, *SETTINGS, record(home)) as kernel:
        epoch = kernel.word(Header.EPOCH)
        askers = [
            Asker(
                kernel, "trait add", source=encoded(MOVER.format(step).encode()),
                carriers="all", ticks=50, seeds=1,
            )
            for step in (1.0, 2.0)
        ]  # fmt: skip
        replies = [each.answer() for each in askers]
        assert all(each["ok"] for each in replies), replies
        assert sorted(each["result"]["version"] for each in replies) == [1, 2]
        rows = kernel.ask("trait list")["traits"]
        assert [row["version"] for row in rows if row["status"] == "active"] == [2], rows
        assert kernel.word(Header.EPOCH) > epoch
        assert_ticks_on(kernel)
        assert_nothing_lost(kernel)


def test_what_would_starve_the_world_is_refused(home: Path) -> None:
    """What is applied is tried for as long as it is guarded: it never comes into the world."""
    words = ("agents.author=recorded", record(home, [planted("starves_late")]))
    short = ("agents.plans_max=1", "agents.attempts_max=1", "kernel.guard.ticks=2000")
    with KernelRun(home, *SETTINGS, *words, *short) as kernel:
        kernel.ask("trigger", reason="to starve them")
        (failed,) = wait_for(home, "mutation.failed")
        told = failed["payload"]
        assert (told["stage"], told["rollback_to"]) == ("trial", ""), told
        wait_for(home, "mission.ended")
        assert not ledger_events(home, "mutation.applied")
        assert_nothing_lost(kernel)


def test_a_recorded_mission_is_kept(home: Path) -> None:
    """From a trigger to what is kept, each step once, each with its cause down to the trigger."""
    draft = MOVER.format(0.1).encode()
    words = ("agents.author=recorded", record(home, [draft]))
    with KernelRun(home, *SETTINGS, *words) as kernel:
        kernel.ask("trigger", reason="as recorded")
        (kept,) = wait_for(home, "mutation.kept")
        events = {each["id"]: each for each in ledger_events(home)}
        kinds, event = [], kept
        while event is not None:
            kinds.append(event["kind"])
            event = events.get(event["cause"])
        assert "mutation.applied" in kinds and "mutation.proposed" in kinds, kinds
        assert kinds.index("evolution.plan") > kinds.index("mutation.proposed")
        assert kinds[-1] in ("command.taken", "evolution.force"), kinds
        assert_nothing_lost(kernel)
