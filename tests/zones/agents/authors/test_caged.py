"""The author in the cage of its zone: it gets out to one port and to no other."""

import time

import pytest

from tests.support.caged import caged
from tests.support.ollama_server import OllamaServer, says
from tests.support.thinking import BRIEF, PLAN_ANSWER, NoLab
from zones.agents.authors.choice import Probe, probe_server
from zones.agents.authors.ollama import OllamaAuthor, OllamaSettings
from zones.agents.authors.prompting import load_prompts
from zones.agents.authors.server_place import ServerPlace
from zones.agents.thoughts import AuthorFailed
from zones.runtime.cage import Plan
from zones.runtime.cages.landlock import ask_abi

PORTS_SINCE = 4
PROMPTS = load_prompts()


def settings_for(server: OllamaServer) -> OllamaSettings:
    return OllamaSettings(ServerPlace("127.0.0.1", server.port), total_s=10.0)


def one_thought(settings: OllamaSettings) -> str:
    """Look at the server and think, and tell how that went."""
    found = probe_server(settings, lambda: False, time.monotonic)
    if found != Probe():
        return found.why
    author = OllamaAuthor(settings, PROMPTS, time.monotonic)
    try:
        return author.plan(BRIEF, NoLab(), lambda: False).value.target_class
    except AuthorFailed as error:
        return error.message


@pytest.mark.slow
def test_a_caged_author_thinks() -> None:
    """In the cage of agents a model is asked, and nothing more is needed than its port."""
    with OllamaServer(says(PLAN_ANSWER)) as server:
        settings = settings_for(server)
        end = caged(lambda: one_thought(settings), Plan("agents", connect=(server.port,)))
    assert end.said == "FarSeer"


@pytest.mark.slow
@pytest.mark.skipif(ask_abi() < PORTS_SINCE, reason="this machine does not hold TCP by port")
def test_another_port_is_shut() -> None:
    """A server at a port that the cage does not name cannot be reached; the message says why."""
    with OllamaServer(says(PLAN_ANSWER)) as server:
        settings = settings_for(server)
        end = caged(lambda: one_thought(settings), Plan("agents", connect=(server.port + 1,)))
        assert server.requests == []
    assert "the cage does not let it out to this port" in end.said
