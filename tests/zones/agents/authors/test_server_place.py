"""Where a model server may be: on this machine and nowhere else."""

import pytest

from Kernel.contract.errors import ConfigError
from zones.agents.authors.server_place import parse_place, runs_elsewhere


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("localhost:8080", "http://127.0.0.1:8080"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434"),
        (":4000", "http://127.0.0.1:4000"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
        ("::1", "http://[::1]:11434"),
        (" 127.8.9.1:1 ", "http://127.8.9.1:1"),
    ],
)
def test_places_of_this_machine(text: str, url: str) -> None:
    """What people write for this machine is its loopback address, with Ollama's port."""
    assert parse_place(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "https://127.0.0.1:11434", "ftp://127.0.0.1", "http://192.168.1.7:11434", "8.8.8.8",
        "http://models.example.com", "http://127.0.0.1:0", "http://127.0.0.1:99999",
        "http://me:secret@127.0.0.1", "http://127.0.0.1/v1", "http://127.0.0.1?x=1",
        "http://127.0.0.1#x", "http://[::1%25eth0]:1", "http://[", "2130706433", "127.1",
        "http://127.0.0.1:port", "http://localhost.example.com", "::ffff:8.8.8.8",
    ],
)  # fmt: skip
def test_other_places_are_refused(text: str) -> None:
    """A name, another machine, a key or a path is refused, with what was given."""
    with pytest.raises(ConfigError, match=r"^cannot use ollama_host '") as caught:
        parse_place(text)
    assert caught.value.hint


@pytest.mark.parametrize("model", ["gpt-oss:120b-cloud", "glm-4.6:cloud", "me/x:1-CLOUD"])
def test_models_of_others_are_known(model: str) -> None:
    """Models that a local server hands on to its maker are told by their tag."""
    assert runs_elsewhere(model)


@pytest.mark.parametrize("model", ["llama3:8b", "llama3", "cloud", "a/cloud:7b", "x:cloudy"])
def test_models_of_this_machine_are_known(model: str) -> None:
    """A model that only sounds like it runs here."""
    assert not runs_elsewhere(model)
