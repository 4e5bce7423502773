"""Where a model server may be asked: this machine, however it is told."""

import pytest

from zones.agents.ollama_host import parse_host


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("localhost:9000", "http://127.0.0.1:9000"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("", "http://127.0.0.1:11434"),
    ],
)
def test_this_machine_is_asked(text: str, url: str) -> None:
    """A server is told as Ollama's own programs are told it."""
    host = parse_host(text)
    assert (host.url, host.why) == (url, "") and url.endswith(f":{host.port}")


@pytest.mark.parametrize(
    "text",
    ["http://10.0.0.7:11434", "gpu-box", "https://127.0.0.1", "http://127.0.0.1:x", "http://[",
     "localhost.example.org:11434", "http://127.0.0.1@example.org"],
)  # fmt: skip
def test_others_are_not(text: str) -> None:
    """No other machine is asked, and what says so can be read; no port is opened for it."""
    host = parse_host(text)
    assert host.port == 0 and host.why.startswith("cannot ask ")
