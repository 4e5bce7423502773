"""What is said while a trial or a call waits for its turn."""

from types import SimpleNamespace

import pytest

from Kernel.console import trial_talk
from Kernel.console.session import Session

WAITING = {"state": "queued", "name": "model.py", "before": 2}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"calls": [WAITING]}, ["queued, 2 before it"]),
        ({"calls": [WAITING | {"name": "other.py"}]}, []),
        ({"calls": [WAITING | {"state": "running"}]}, []),
    ],
)
def test_a_call_that_waits_says_so_once(monkeypatch, told, said):
    """Who runs a file sees why nothing comes; one that runs speaks for itself."""
    heard: list[str] = []
    monkeypatch.setattr(trial_talk, "ask", lambda *_: SimpleNamespace(result=told))
    monkeypatch.setattr(trial_talk, "say", heard.append)
    look = trial_talk.trial_watch({"source": "", "name": "model.py"}, Session("/nowhere"))
    look()
    look()
    assert heard == said
    assert "run" in trial_talk.WAITED_FOR
