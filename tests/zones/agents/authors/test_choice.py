"""Which author works, and how that changes while servers come and go."""

import time
from typing import Any

import pytest

from tests.support.ollama_server import OllamaServer, Piecewise, Talk, says
from tests.support.thinking import BRIEF, PLAN, PLAN_ANSWER, NoLab
from zones.agents.authors.choice import (
    BASE_S,
    CAP_S,
    FAILURES_MAX,
    WELL_S,
    AuthorChoice,
    Probe,
    Wanted,
    after_answer,
    after_failure,
    after_probe,
    begin,
    make_choice,
    probe_server,
)
from zones.agents.authors.ollama import OllamaAuthor, OllamaSettings
from zones.agents.authors.prompting import load_prompts
from zones.agents.authors.server_place import ServerPlace
from zones.agents.thoughts import Author, AuthorFailed, Cancelled, Plan, Thought

LAB = NoLab()
PROMPTS = load_prompts()
SERVER = "Ollama at 127.0.0.1:11434"
GONE = Probe(f"no {SERVER}", "ollama serve")
WELL = Probe()
LATE = AuthorFailed("cannot ask it: no whole answer in 120 s", "a smaller model", "late")


def never() -> bool:
    return False


class Offline:
    """Stands for the offline author."""

    def __init__(self, name: str = "genetic") -> None:
        self.name = name

    def plan(self, *_: object) -> Thought[Any]:
        return Thought(PLAN, "as always", 0.5)

    write = review = summarise = plan


class Clock:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


def test_without_a_server_auto_is_offline() -> None:
    """Auto without a server is the offline author, degraded, with what mends it."""
    choice = after_probe(begin("auto"), "auto", SERVER, "m", GONE, 0.0).choice
    assert (choice.author, choice.degraded, choice.hint) == ("genetic", True, "ollama serve")
    assert choice.why == "no Ollama at 127.0.0.1:11434; offline author in use"


def test_with_a_server_auto_is_the_model() -> None:
    """Auto with a server that has the model is the model, and nothing is degraded."""
    standing = after_probe(begin("auto"), "auto", SERVER, "m", WELL, 5.0)
    assert (standing.choice.author, standing.choice.degraded) == ("ollama", False)
    assert standing.look_s == 5.0 + WELL_S


@pytest.mark.parametrize("wanted", ["genetic", "recorded"])
def test_a_fixed_author_is_not_looked_for(wanted: Wanted) -> None:
    """Who is told to be offline or to replay asks no server at all."""

    def probe(_: object) -> Probe:
        raise AssertionError("nobody was to be asked")

    choice = AuthorChoice(wanted, {wanted: Offline(wanted)}, SERVER, "m", probe, Clock())
    choice.look(never)
    assert think(choice).value == PLAN
    assert (choice.choice.author, choice.model, choice.choice.degraded) == (wanted, "", False)


def test_looks_are_rarer_while_nobody_is_there() -> None:
    """The server is looked for again after 10 s, then after twice as long, never beyond the cap."""
    standing, now_s, waits = begin("auto"), 0.0, []
    for _ in range(8):
        standing = after_probe(standing, "auto", SERVER, "m", GONE, now_s)
        waits.append(standing.look_s - now_s)
        now_s = standing.look_s
    assert waits[:3] == [BASE_S, 2 * BASE_S, 4 * BASE_S]
    assert waits[-1] == CAP_S
    standing = after_probe(standing, "auto", SERVER, "m", WELL, now_s)
    standing = after_probe(standing, "auto", SERVER, "m", GONE, now_s)
    assert standing.look_s - now_s == BASE_S, "who was well again begins anew"


def test_who_fails_often_is_replaced_and_tried_again() -> None:
    """Three failures in a row bring the offline author in; then one does, for twice as long."""
    standing = after_probe(begin("auto"), "auto", SERVER, "m", WELL, 0.0)
    for _ in range(FAILURES_MAX - 1):
        standing = after_failure(standing, "auto", "m", LATE, 1.0)
        assert standing.choice.author == "ollama"
    standing = after_failure(standing, "auto", "m", LATE, 1.0)
    assert (standing.choice.author, standing.choice.degraded) == ("genetic", True)
    assert standing.choice.why == (
        "m has failed 3 times in a row, last: cannot ask it: no whole answer in 120 s; "
        "offline author in use"
    )
    assert standing.look_s == 1.0 + BASE_S
    standing = after_probe(standing, "auto", SERVER, "m", WELL, 20.0)
    assert standing.choice.author == "ollama"
    standing = after_failure(standing, "auto", "m", LATE, 21.0)
    assert standing.choice.author == "genetic"
    assert standing.look_s == 21.0 + 2 * BASE_S
    standing = after_answer(after_probe(standing, "auto", SERVER, "m", WELL, 50.0))
    assert (standing.failures, standing.wait_s) == (0, BASE_S)


def test_who_is_told_to_ask_the_model_never_thinks_offline() -> None:
    """With author: ollama nobody else steps in, and the state says that nobody thinks."""
    standing = after_probe(begin("ollama"), "ollama", SERVER, "m", GONE, 0.0)
    assert (standing.choice.author, standing.choice.degraded) == ("ollama", True)
    assert standing.choice.why == f"no {SERVER}; nobody thinks meanwhile"


def test_the_model_alone_is_well_again_by_an_answer() -> None:
    """With author: ollama it goes on being asked; a good answer ends what was degraded."""
    standing = after_probe(begin("ollama"), "ollama", SERVER, "m", WELL, 0.0)
    for _ in range(FAILURES_MAX):
        standing = after_failure(standing, "ollama", "m", LATE, 1.0)
    assert standing.choice.degraded
    assert not after_answer(standing).choice.degraded


def test_a_model_that_is_listed_and_not_there_is_replaced() -> None:
    """A server that lists a model and then denies it is given up after three times, too."""
    absent = AuthorFailed("cannot ask it: it has no model m", "ollama pull m", "absent")
    standing = begin("auto")
    for now_s in range(FAILURES_MAX):
        standing = after_probe(standing, "auto", SERVER, "m", WELL, now_s)
        standing = after_failure(standing, "auto", "m", absent, now_s)
    assert (standing.choice.author, standing.choice.hint) == ("genetic", "ollama pull m")


def test_one_answer_forgives() -> None:
    """Failures count in a row: a good answer between them begins anew."""
    standing = after_probe(begin("auto"), "auto", SERVER, "m", WELL, 0.0)
    for _ in range(10):
        standing = after_failure(standing, "auto", "m", LATE, 1.0)
        standing = after_failure(standing, "auto", "m", LATE, 1.0)
        standing = after_answer(standing)
    assert standing.choice.author == "ollama"


def settings_for(server: OllamaServer, model: str = "llama3:8b") -> OllamaSettings:
    return OllamaSettings(ServerPlace("127.0.0.1", server.port), model, 20.0)


def chosen(server: OllamaServer, wanted: Wanted, clock: Clock) -> AuthorChoice:
    settings = settings_for(server)
    authors = {
        "ollama": OllamaAuthor(settings, PROMPTS, time.monotonic),
        "genetic": Offline(),
    }
    return AuthorChoice(
        wanted, authors, settings.server, settings.model, lambda _: look(settings), clock
    )


def think(choice: AuthorChoice) -> Thought[Plan]:
    author = choice.author
    assert author is not None
    return author.plan(BRIEF, LAB, never)


def look(settings: OllamaSettings) -> Probe:
    return probe_server(settings, never, time.monotonic)


@pytest.mark.parametrize(
    ("models", "wanted"),
    [(["llama3:8b"], "llama3:8b"), (["llama3:latest"], "llama3"), (["a/b:latest"], "a/b")],
)
def test_a_server_with_the_model_is_well(models: list[str], wanted: str) -> None:
    """A server that lists the model is well; a name without a tag means the latest."""
    with OllamaServer(models=models) as server:
        assert look(settings_for(server, wanted)) == WELL


@pytest.mark.parametrize("models", [[], ["llama3:70b"], ["llama3:8b-q4"]])
def test_a_server_without_the_model_names_it(models: list[str]) -> None:
    """A server that has not got the model is told with the command that fetches it."""
    with OllamaServer(models=models) as server:
        found = look(settings_for(server))
    assert found.hint == "ollama pull llama3:8b"
    assert found.why == f"Ollama at 127.0.0.1:{server.port} has no model llama3:8b"


def test_no_server_is_named() -> None:
    """A port that nobody listens at is told with the command that starts a server."""
    with OllamaServer() as server:
        pass
    found = look(settings_for(server))
    assert found == Probe(f"no Ollama at 127.0.0.1:{server.port}", "ollama serve")


BAD_TAGS = {
    "garbage": b"\x00\xff",
    "list": b"[]",
    "no models": b"{}",
    "models null": b'{"models": null}',
    "models of another kind": b'{"models": [1, 2]}',
    "deep": b'{"models":' + b"[" * 10_000,
    "megabytes": b'{"models": "' + b"a" * 6_000_000,
}


@pytest.mark.parametrize("body", BAD_TAGS.values(), ids=BAD_TAGS)
def test_a_list_that_is_none_is_told(body: bytes) -> None:
    """Whatever a server sends for its list of models, it is told and never trusted."""
    with OllamaServer() as server:
        server.tags = lambda talk: talk.whole(200, "application/json", body)
        found = look(settings_for(server))
    assert found.why
    assert len(found.why) < 400


def test_a_look_can_be_given_up() -> None:
    """A look at a server that says nothing ends when nobody wants to know."""

    def silent(talk: Talk) -> None:
        talk.pause(60.0)

    with OllamaServer() as server:
        server.tags = silent
        asked: list[int] = []

        def stop() -> bool:
            asked.append(0)
            return len(asked) > 3

        with pytest.raises(Cancelled):
            probe_server(settings_for(server), stop, time.monotonic)


def test_a_server_that_goes_in_the_middle_is_stood_in_for() -> None:
    """When the server goes the thought fails; the next one is the offline author's, and so on."""
    clock = Clock()
    with OllamaServer(says(PLAN_ANSWER)) as server:
        choice = chosen(server, "auto", clock)
        assert choice.look(never).author == "ollama"
        assert think(choice).model == choice.model == "llama3:8b"
    with pytest.raises(AuthorFailed):
        think(choice)
    found = choice.look(never)
    assert (found.author, found.degraded, found.hint) == ("genetic", True, "ollama serve")
    assert think(choice).rationale == "as always"
    assert choice.model == ""
    with OllamaServer(says(PLAN_ANSWER), port=server.port):
        assert choice.look(never).author == "genetic", "it is not looked for at once"
        clock.s += BASE_S
        assert choice.look(never).author == "ollama"
        assert think(choice).model == "llama3:8b"


def test_a_model_that_talks_nonsense_is_stood_in_for() -> None:
    """Nonsense ends a thought; after the third in a row the offline author thinks."""
    with OllamaServer(*[Piecewise("no")] * 6) as server:
        choice = chosen(server, "auto", Clock())
        for _ in range(3):
            assert choice.look(never).author == "ollama"
            with pytest.raises(AuthorFailed):
                think(choice)
        assert choice.look(never).author == "genetic"
        assert "has failed 3 times in a row" in choice.choice.why


def test_the_model_alone_is_not_stood_in_for() -> None:
    """With author: ollama the thought fails, with the reason."""
    with OllamaServer() as server:
        pass
    choice = chosen(server, "ollama", Clock())
    assert choice.look(never).degraded
    with pytest.raises(AuthorFailed, match="no Ollama at"):
        think(choice)
    assert choice.look(never).author == "ollama"


def made(wanted: Wanted, host: str) -> AuthorChoice:
    def recording() -> Author:
        return Offline("recorded")

    return make_choice(wanted, host, "llama3:8b", 20.0, Offline(), recording, time.monotonic)


def test_all_is_made_from_the_settings() -> None:
    """The settings make each author; one model, a server of this machine."""
    with OllamaServer(says(PLAN_ANSWER)) as server:
        choice = made("auto", server.url)
        assert choice.look(never).why == f"llama3:8b of Ollama at 127.0.0.1:{server.port}"
        assert think(choice).model == "llama3:8b"
    for wanted in ("genetic", "recorded"):
        author = made(wanted, server.url).author
        assert author is not None
        assert author.name == wanted


def test_a_server_elsewhere_is_none() -> None:
    """A server of another machine is not asked; that is said, and the offline author thinks."""
    choice = made("auto", "http://192.168.1.7:11434").look(never)
    assert (choice.author, choice.degraded) == ("genetic", True)
    assert "another machine" in choice.why
    alone = made("ollama", "http://192.168.1.7:11434")
    assert alone.look(never).degraded
    assert alone.author is None


def test_a_model_that_others_run_is_none() -> None:
    """A model that the server would have run elsewhere is not asked, though it is there."""
    with OllamaServer(models=["gpt-oss:120b-cloud"]) as server:
        choice = make_choice(
            "auto", server.url, "gpt-oss:120b-cloud", 20.0, Offline(), Offline, time.monotonic
        )
        found = choice.look(never)
        assert (found.author, found.degraded) == ("genetic", True)
        assert "run by others" in found.why
        assert server.requests == []
