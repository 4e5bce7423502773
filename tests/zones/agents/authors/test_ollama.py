"""The author that asks a model, over a real socket, whatever the server does."""

import dataclasses
import gzip
import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.ollama_server import Act, OllamaServer, Piecewise, Talk, says
from tests.support.thinking import (
    BRIEF,
    DRAFT,
    DRAFT_ANSWER,
    LESSONS_ANSWER,
    PARAMS_ANSWER,
    PLAN,
    PLAN_ANSWER,
    REVIEW_ANSWER,
    SOURCE,
    STORY,
    NoLab,
)
from zones.agents.authors.answers import PlanForm, schema_of
from zones.agents.authors.ollama import OllamaAuthor, OllamaSettings
from zones.agents.authors.prompting import load_prompts
from zones.agents.authors.server_place import ServerPlace
from zones.agents.thoughts import AuthorFailed, Cancelled, Plan

LAB = NoLab()
PROMPTS = load_prompts()
GOOD = json.dumps(PLAN_ANSWER)


def never() -> bool:
    return False


def author_for(server: OllamaServer, **more: Any) -> OllamaAuthor:
    """Return an author whose patience is for tests."""
    limits = {"total_s": 20.0, "connect_s": 5.0, "silence_s": 10.0} | more
    place = ServerPlace("127.0.0.1", server.port)
    return OllamaAuthor(OllamaSettings(place, **limits), PROMPTS, time.monotonic)


def failure(author: OllamaAuthor) -> AuthorFailed:
    """Return how a plan fails, which it must, in the form all failures have."""
    with pytest.raises(AuthorFailed) as caught:
        author.plan(BRIEF, LAB, never)
    assert caught.value.message.startswith("cannot ")
    assert len(caught.value.message) < 500
    assert "\n" not in caught.value.message
    return caught.value


def test_each_role_is_answered() -> None:
    """A plan, a draft, a review and lessons are what the model has said, with what it cost."""
    with OllamaServer(
        says(PLAN_ANSWER), says(DRAFT_ANSWER), says(REVIEW_ANSWER), says(LESSONS_ANSWER)
    ) as server:
        author = author_for(server)
        plan = author.plan(BRIEF, LAB, never)
        assert plan.value == PLAN
        assert plan.rationale == "88 of 90 starved"
        assert (plan.confidence, plan.options) == (0.7, ("FarSeer", "more food"))
        assert plan.rejected == ("more food: that is no evolution",)
        assert (plan.model, plan.tokens) == ("llama3:8b", 1200)
        assert plan.prompt_version.startswith("architect 1")
        assert plan.seconds > 0
        assert author.write(BRIEF, PLAN, (), LAB, never).value == DRAFT
        assert author.review(BRIEF, PLAN, DRAFT, never).value.approved
        lessons = author.summarise(STORY, never).value
        assert lessons[0].tags == ("starvation",)
        assert author.counts.thoughts == author.counts.answers == 4
        assert author.counts.tokens == 4800


def test_a_server_at_the_other_loopback_is_asked() -> None:
    """A server that listens at ::1 is reached there."""
    try:
        server = OllamaServer(says(PLAN_ANSWER), address="::1")
    except OSError:
        pytest.skip("this machine has no ::1")
    with server:
        settings = OllamaSettings(ServerPlace("::1", server.port), total_s=20.0)
        author = OllamaAuthor(settings, PROMPTS, time.monotonic)
        assert author.plan(BRIEF, LAB, never).value == PLAN
        assert server.requests[0].headers["host"] == f"[::1]:{server.port}"


def test_what_is_sent() -> None:
    """It asks for a stream of the schema, with limits; the hash is of the very messages."""
    with OllamaServer(says(PARAMS_ANSWER)) as server:
        thought = author_for(server).plan(BRIEF, LAB, never)
        (asked,) = server.chats
    assert thought.value.params == {"resource_spawn_rate": 0.02}
    assert asked["stream"] is True
    assert asked["format"] == schema_of(PlanForm, ("resource_spawn_rate", "min_population"))
    assert asked["options"]["num_predict"] == 2048
    assert asked["options"]["num_ctx"] == 8192
    assert "think" not in asked
    text = json.dumps(asked["messages"], ensure_ascii=False, separators=(",", ":"))
    assert thought.prompt_hash == hashlib.sha256(text.encode()).hexdigest()


def test_the_same_question_has_the_same_seed() -> None:
    """A thought can be had again; after useless answers the seed is another."""
    bad = Piecewise("no")
    with OllamaServer(says(PLAN_ANSWER), says(PLAN_ANSWER), bad, bad, says(PLAN_ANSWER)) as server:
        author = author_for(server)
        author.plan(BRIEF, LAB, never)
        author.plan(BRIEF, LAB, never)
        failure(author)
        author.plan(BRIEF, LAB, never)
        seeds = [each["options"]["seed"] for each in server.chats]
    assert seeds[0] == seeds[1] == seeds[2] == seeds[4] - 1


def test_no_key_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a key nor a proxy of the environment is used: the server is of this machine."""
    monkeypatch.setenv("OLLAMA_API_KEY", "secret")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    with OllamaServer(says(PLAN_ANSWER)) as server:
        author_for(server).plan(BRIEF, LAB, never)
        headers = server.requests[0].headers
    assert "authorization" not in headers
    assert "secret" not in str(headers)
    assert "accept-encoding" not in headers


def test_one_repair_round() -> None:
    """An answer that is none is mended once: the model is told why, tokens of both are counted."""
    with OllamaServer(Piecewise(f"Sure!\n```json\n{GOOD}\n```"), says(PLAN_ANSWER)) as server:
        author = author_for(server)
        thought = author.plan(BRIEF, LAB, never)
        first, second = server.chats
    assert thought.value == PLAN
    assert thought.tokens == 2400
    assert thought.prompt_version.endswith(", repaired")
    assert author.counts.repairs == 1
    assert second["messages"][:2] == first["messages"]
    assert second["messages"][2]["role"] == "assistant"
    assert "before the JSON object" in second["messages"][3]["content"]
    text = json.dumps(second["messages"], ensure_ascii=False, separators=(",", ":"))
    assert thought.prompt_hash == hashlib.sha256(text.encode()).hexdigest()


def test_one_that_says_too_much_is_told_so() -> None:
    """A model that was cut off at its limit of words hears that, and not that JSON is broken."""
    cut = Piecewise(GOOD[:100], last={"done": True, "done_reason": "length", "eval_count": 2048})
    with OllamaServer(cut, says(PLAN_ANSWER)) as server:
        assert author_for(server).plan(BRIEF, LAB, never).value == PLAN
        assert "cut off after 2048 tokens" in server.chats[1]["messages"][3]["content"]


BAD_TEXTS = {
    "empty": "",
    "prose": "I would write a trait that looks farther.",
    "fence": f"```json\n{GOOD}\n```",
    "code in prose": f"Here it is:\n\n{SOURCE}",
    "two objects": GOOD + GOOD,
    "trailing prose": GOOD + "\nI hope this helps.",
    "half": GOOD[: len(GOOD) // 2],
    "list": f"[{GOOD}]",
    "NaN": GOOD.replace("0.7", "NaN"),
    "infinite": GOOD.replace("0.7", "1e999"),
    "too sure": GOOD.replace("0.7", "1.5"),
    "text for a number": GOOD.replace("0.7", '"0.7"'),
    "unknown field": GOOD[:-1] + ', "shell": "rm"}',
    "missing field": json.dumps({k: v for k, v in PLAN_ANSWER.items() if k != "metric"}),
    "no such action": GOOD.replace("new_trait", "delete_world"),
    "no such metric": GOOD.replace('"starvation"', '"fame"'),
    "no class name": GOOD.replace('"FarSeer", "params"', '"../etc/passwd", "params"'),
    "a class that is there": GOOD.replace('"FarSeer", "params"', '"Drifter", "params"'),
    "deep": '{"a":' * 3000,
    "params of a trait": json.dumps(PLAN_ANSWER | {"params": PARAMS_ANSWER["params"]}),
    "no params": json.dumps(PARAMS_ANSWER | {"params": []}),
    "out of bounds": json.dumps(
        PARAMS_ANSWER | {"params": [{"name": "resource_spawn_rate", "value": 11}]}
    ),
    "not whole": json.dumps(PARAMS_ANSWER | {"params": [{"name": "min_population", "value": 1.5}]}),
    "no such parameter": json.dumps(PARAMS_ANSWER | {"params": [{"name": "seed", "value": 1}]}),
    "no change": json.dumps(
        PARAMS_ANSWER | {"params": [{"name": "resource_spawn_rate", "value": 0.005}]}
    ),
}


@pytest.mark.parametrize("text", BAD_TEXTS.values(), ids=BAD_TEXTS)
def test_an_answer_of_another_form_is_nonsense(text: str) -> None:
    """What is not one JSON object that fits is asked for once more, and is then nonsense."""
    with OllamaServer(Piecewise(text, 400), Piecewise(text, 400)) as server:
        author = author_for(server)
        error = failure(author)
        assert error.how == "nonsense"
        assert error.hint
        assert len(server.chats) == 2
        assert author.counts.failures == {"nonsense": 1}


BAD_SOURCES = {
    "empty": "",
    "fence": f"```python\n{SOURCE}```",
    "prose": "I would look farther.",
    "another class": SOURCE.replace("FarSeer", "NearSeer"),
    "no trait": SOURCE.replace("(Trait)", ""),
    "large": SOURCE + "#" * 40_000,
}


@pytest.mark.parametrize("source", BAD_SOURCES.values(), ids=BAD_SOURCES)
def test_a_source_that_is_none_is_nonsense(source: str) -> None:
    """A draft must be Python alone, of the class that was planned."""
    answer = says(DRAFT_ANSWER | {"source": source}, size=4000)
    with OllamaServer(answer, answer) as server, pytest.raises(AuthorFailed) as caught:
        author_for(server).write(BRIEF, PLAN, (), LAB, never)
    assert caught.value.how == "nonsense"


def status(code: int, body: bytes, kind: str = "application/json", **headers: str) -> Act:
    return lambda talk: talk.whole(code, kind, body, **headers)


def lines(*rows: bytes) -> Act:
    """Answer these lines, as they are."""

    def act(talk: Talk) -> None:
        talk.begin()
        for row in rows:
            talk.chunk(row)
        talk.end()

    return act


def raw(data: bytes) -> Act:
    return lambda talk: talk.send(data)


def broken_in_the_middle(talk: Talk) -> None:
    talk.begin()
    talk.line({"message": {"role": "assistant", "content": GOOD[:50]}, "done": False})
    talk.pause(0.02)
    talk.reset()


def closed_in_the_middle(talk: Talk) -> None:
    talk.begin()
    talk.line({"message": {"role": "assistant", "content": GOOD[:50]}, "done": False})


def packed(talk: Talk) -> None:
    body = gzip.compress(b" " * 10_000_000)
    talk.whole(200, "application/x-ndjson", body, **{"Content-Encoding": "gzip"})


def charset_that_unpacks(talk: Talk) -> None:
    talk.whole(200, "application/x-ndjson; charset=zlib_codec", b"x" * 100)


def reset_at_once(talk: Talk) -> None:
    talk.reset()


BAD_SERVERS: dict[str, tuple[Act, str, str]] = {
    "500": (status(500, b'{"error":"out of memory"}'), "failed", "out of memory"),
    "500 in HTML": (status(500, b"<html>no</html>", "text/html"), "failed", "500"),
    "500 with a list": (status(500, b"[1, 2]"), "failed", "not Ollama's"),
    "400": (status(400, b'{"error":"bad format"}'), "failed", "bad format"),
    "no such model": (
        status(404, b'{"error":"model \\"llama3:8b\\" not found"}'),
        "absent",
        "no model llama3:8b",
    ),
    "404": (status(404, b"404 page not found", "text/plain"), "failed", "404"),
    "redirect": (status(302, b"", Location="http://127.0.0.1:1/"), "failed", "elsewhere"),
    "HTML": (status(200, b"<html>hello</html>", "text/html"), "failed", "text/html"),
    "no type": (status(200, b"{}", ""), "failed", "not"),
    "error in the stream": (lines(b'{"error":"model crashed"}\n'), "failed", "model crashed"),
    "error that is no text": (lines(b'{"error":{"a":[1]}}\n'), "failed", "not Ollama's"),
    "no JSON": (lines(b"hello\n"), "failed", "not Ollama's"),
    "half a line": (lines(b'{"message":{"role":"assist'), "failed", "not Ollama's"),
    "a list": (lines(b"[1]\n"), "failed", "not Ollama's"),
    "a number": (lines(b"1\n"), "failed", "not Ollama's"),
    "no message": (lines(b'{"done":true}\n'), "failed", "not Ollama's"),
    "wrong types": (
        lines(b'{"message":{"role":"assistant","content":7},"done":true}\n'),
        "failed",
        "not Ollama's",
    ),
    "deep": (lines(b'{"a":' * 20_000 + b"\n"), "failed", "not Ollama's"),
    "huge number": (lines(b'{"a":' + b"9" * 10_000 + b"}\n"), "failed", "not Ollama's"),
    "no end": (Piecewise(GOOD, last=None), "failed", "breaks off"),
    "nothing": (lines(), "failed", "breaks off"),
    "closed": (closed_in_the_middle, "failed", "breaks off"),
    "reset": (broken_in_the_middle, "failed", "broke"),
    "reset at once": (reset_at_once, "failed", "broke"),
    "closed at once": (raw(b""), "failed", "breaks off"),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), "failed", "HTTP"),
    "garbage": (raw(bytes(range(256)) * 40), "failed", "HTTP"),
    "packed": (packed, "failed", "packed with 'gzip'"),
    "charset": (charset_that_unpacks, "failed", "not Ollama's"),
}


@pytest.mark.parametrize(("act", "how", "told"), BAD_SERVERS.values(), ids=BAD_SERVERS)
def test_a_server_that_fails_is_told(act: Act, how: str, told: str) -> None:
    """Each way of a server to fail ends the thought at once, with what it was and a hint."""
    with OllamaServer(act) as server:
        error = failure(author_for(server))
        assert error.how == how
        assert told in error.message
        assert error.hint
        assert len(server.chats) == 1


def test_a_missing_model_has_its_command() -> None:
    """The hint for a model that is not there fetches it."""
    with OllamaServer(status(404, b'{"error":"model not found"}')) as server:
        assert failure(author_for(server)).hint == "ollama pull llama3:8b"


def floods(row: bytes, times: int) -> Act:
    def act(talk: Talk) -> None:
        talk.begin()
        for _ in range(times):
            talk.chunk(row)
        talk.end()

    return act


FLOODS = {
    "text": floods(b'{"message":{"role":"assistant","content":"%s"}}\n' % (b"a" * 60_000), 1000),
    "one line": floods(b"a" * 60_000, 1000),
    "line breaks": floods(b"\n\n\n" * 20_000, 1000),
    "thinking": floods(
        b'{"message":{"role":"assistant","content":"","thinking":"%s"}}\n' % (b"a" * 60_000), 1000
    ),
    "head": raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000),
    "news": raw(b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000),
    "error": lambda talk: talk.whole(500, "application/json", b"e" * 20_000_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("act", FLOODS.values(), ids=FLOODS)
def test_megabytes_are_not_read(act: Act) -> None:
    """A server that sends without end is left early, and little of it is kept."""
    with OllamaServer(act) as server:
        assert failure(author_for(server)).how in ("nonsense", "failed")


def test_nobody_there_is_absent() -> None:
    """Without a server the author is absent, and the hint starts one."""
    with OllamaServer() as server:
        pass
    error = failure(author_for(server))
    assert (error.how, error.hint) == ("absent", "ollama serve")
    assert error.message == f"cannot ask: no Ollama at 127.0.0.1:{server.port}"


def silent(talk: Talk) -> None:
    talk.pause(60.0)


def silent_in_the_middle(talk: Talk) -> None:
    talk.begin()
    talk.line({"message": {"role": "assistant", "content": "{"}, "done": False})
    talk.pause(60.0)


def dripping(talk: Talk) -> None:
    talk.begin()
    while True:
        talk.pause(0.02)
        talk.chunk(b" ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "limits", "told"),
    [
        (silent, {"total_s": 0.3}, "no whole answer in 0.3 s"),
        (silent_in_the_middle, {"silence_s": 0.2}, "silent for 0.2 s"),
        (dripping, {"total_s": 0.4, "silence_s": 0.3}, "no whole answer in 0.4 s"),
        (Piecewise(GOOD, 10, 0.05), {"total_s": 0.3}, "no whole answer in 0.3 s"),
    ],
    ids=["silent", "silent in the middle", "dripping", "slow"],
)
def test_who_takes_too_long_is_late(act: Act, limits: dict[str, float], told: str) -> None:
    """Silence, drops and slowness each have an end."""
    with OllamaServer(act) as server:
        error = failure(author_for(server, **limits))
        assert error.how == "late"
        assert told in error.message


@pytest.mark.slow
def test_a_server_that_reads_nothing_is_late() -> None:
    """One that takes the connection and never answers, nor reads, is left after the time-out."""
    with OllamaServer(mute=True) as server:
        assert failure(author_for(server, total_s=0.3)).how == "late"


@pytest.mark.slow
def test_slow_bytes_are_no_fault() -> None:
    """A model that is slow and within its time is read to the end, split wherever it is."""

    def byte_by_byte(talk: Talk) -> None:
        talk.begin()
        whole = json.dumps({"message": {"role": "assistant", "content": GOOD}, "done": True})
        for byte in whole.encode() + b"\n":
            talk.chunk(bytes([byte]))
        talk.end()

    with OllamaServer(byte_by_byte) as server:
        assert author_for(server).plan(BRIEF, LAB, never).value == PLAN


@pytest.mark.slow
@pytest.mark.parametrize("act", [silent, silent_in_the_middle, dripping, Piecewise(GOOD, 1, 0.05)])
def test_a_thought_is_given_up_at_once(act: Act) -> None:
    """Who stops a thought is obeyed between two looks, though the server says nothing at all."""
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 6

    with OllamaServer(act) as server:
        author = author_for(server)
        with pytest.raises(Cancelled):
            author.plan(BRIEF, LAB, stop)
        assert len(asked) == 7
        server.acts.append(says(PLAN_ANSWER))
        assert author.plan(BRIEF, LAB, never).value == PLAN, "and it goes on thinking"


def test_one_that_is_stopped_before_asks_nobody() -> None:
    """A thought that nobody wants is not even asked."""
    with OllamaServer(says(PLAN_ANSWER)) as server:
        with pytest.raises(Cancelled):
            author_for(server).plan(BRIEF, LAB, lambda: True)
        assert server.chats == []


def test_what_comes_after_the_end_is_not_read() -> None:
    """The part that says it is done is the last one that counts."""

    def talkative(talk: Talk) -> None:
        talk.begin()
        talk.line({"message": {"role": "assistant", "content": GOOD}, "done": True})
        talk.line({"message": {"role": "assistant", "content": "or not"}, "done": True})
        talk.pause(60.0)

    with OllamaServer(talkative) as server:
        assert author_for(server).plan(BRIEF, LAB, never).value == PLAN


def test_counts_that_cannot_be_are_none() -> None:
    """Tokens that a server makes up, below 0 or beyond all measure, are not counted."""
    last = {"done": True, "prompt_eval_count": -5, "eval_count": 10**18}
    with OllamaServer(says(PLAN_ANSWER, last=last)) as server:
        assert author_for(server).plan(BRIEF, LAB, never).tokens == 0


def test_control_characters_are_not_passed_on() -> None:
    """What people are shown has no escape sequences, and is not endless."""
    answer = PLAN_ANSWER | {"rationale": "\x1b[2J" + "a" * 5000, "rejected": ["\x07b"] * 50}
    with OllamaServer(says(answer, size=2000)) as server:
        thought = author_for(server).plan(BRIEF, LAB, never)
    assert "\x1b" not in thought.rationale
    assert len(thought.rationale) == 2000
    assert thought.rationale.endswith("…")
    assert thought.rejected == ("�b",) * 8


@pytest.mark.slow
@pytest.mark.parametrize("acts", [(says(PLAN_ANSWER),), (silent,), (broken_in_the_middle,)])
def test_nothing_is_left_open(acts: tuple[Act, ...]) -> None:
    """However a thought ends, its socket is closed and it has no thread."""
    me = psutil.Process()
    with OllamaServer() as server:
        author = author_for(server, total_s=0.2)
        threads, files = threading.active_count(), me.num_fds()
        for _ in range(3):
            server.acts.extend(acts)
            try:
                author.plan(BRIEF, LAB, never)
            except AuthorFailed:
                pass
        deadline_s = time.monotonic() + 10.0
        while threading.active_count() > threads or me.num_fds() > files:
            assert time.monotonic() < deadline_s, "something is left open"
            time.sleep(0.01)


@pytest.mark.slow
@hypothesis_settings(max_examples=150)
@given(st.integers(0, 2000), st.binary(max_size=40), st.sampled_from(["cut", "put", "over"]))
def test_no_bytes_break_it(place: int, data: bytes, how: str) -> None:
    """Whatever is done to the bytes of a good answer, the thought ends well or as it must."""
    rows = [
        {"message": {"role": "assistant", "content": GOOD[:200]}, "done": False},
        {"message": {"role": "assistant", "content": GOOD[200:]}, "done": True, "eval_count": 7},
    ]
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
    whole = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    place = place % len(whole)
    after = {"cut": b"", "put": whole[place:], "over": whole[place + len(data) :]}[how]
    act = raw(whole[:place] + data + after)
    with OllamaServer(act, act) as server:
        try:
            assert isinstance(author_for(server).plan(BRIEF, LAB, never).value, Plan)
        except AuthorFailed as error:
            assert error.message.startswith("cannot ")


def test_prompts_of_another_folder(tmp_path: Path) -> None:
    """The version that is recorded is the one of the file that was read."""
    source = Path(load_prompts.__globals__["PROMPTS"])
    for file in source.glob("*.txt"):
        text = file.read_text()
        (tmp_path / file.name).write_text(text.replace("version: 1", "version: 7", 1))
    with OllamaServer(says(REVIEW_ANSWER)) as server:
        author = dataclasses.replace(author_for(server)._settings)
        thought = OllamaAuthor(author, load_prompts(tmp_path), time.monotonic).review(
            BRIEF, PLAN, DRAFT, never
        )
    assert thought.prompt_version == "reviewer 7, contract 7, example 7"
