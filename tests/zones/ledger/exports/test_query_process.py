"""Work in a process of its own: it gives plain data, fails in its words, ends at its limits."""

import os
import signal
import time
from typing import Any

import pytest

from Kernel.contract.errors import LedgerError, MoltError, Refused
from zones.ledger.exports import query_process
from zones.ledger.exports.query_process import Told, run_apart


def test_what_it_gives_and_says_comes_back() -> None:
    """Sentences at once, in order, and an answer of any size."""
    said: list[str] = []

    def work(told: Told) -> dict[str, Any]:
        told.say("one")
        told.say("two\n\udcff")
        return {"rows": [["x" * 3_000_000, 1, None]]}

    assert run_apart(work, 1.0, said.append) == {"rows": [["x" * 3_000_000, 1, None]]}
    assert said == ["one", "two\n\udcff"]


def test_its_errors_are_ours() -> None:
    """With words, hint and code."""

    def work(told: Told) -> dict[str, Any]:
        raise Refused("cannot", "molt help sql")

    with pytest.raises(MoltError, match="cannot") as error:
        run_apart(work, 1.0, print)
    assert (error.value.hint, error.value.exit_code) == ("molt help sql", 5)


@pytest.mark.slow
def test_time_counts_for_what_is_limited_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes before and after may take longer; what hears nothing is killed."""
    monkeypatch.setattr(query_process, "GRACE_S", 0.0)

    def wait(told: Told) -> dict[str, Any]:
        time.sleep(0.3)
        with told.limited():
            pass
        time.sleep(0.3)
        return {}

    def hang(told: Told) -> dict[str, Any]:
        with told.limited():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
            time.sleep(60)
        return {}

    assert run_apart(wait, 0.1, print) == {}
    began_s = time.monotonic()
    with pytest.raises(Refused, match=r"more than 0\.1 s"):
        run_apart(hang, 0.1, print)
    assert time.monotonic() < began_s + 5.0


def test_memory_is_limited_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside only: the answer is sent without the limit."""
    monkeypatch.setattr(query_process, "MEMORY_BYTES", 64 * 1024 * 1024)

    def work(told: Told) -> dict[str, Any]:
        with told.limited():
            bytearray(256 * 1024 * 1024)
        return {}

    def after(told: Told) -> dict[str, Any]:
        with told.limited():
            pass
        return {"size": len(bytearray(256 * 1024 * 1024))}

    with pytest.raises(MoltError, match="memory") as error:
        run_apart(work, 5.0, print)
    assert error.value.exit_code == 5
    assert run_apart(after, 5.0, print) == {"size": 256 * 1024 * 1024}


def test_one_that_dies_is_told() -> None:
    """Not waited for."""

    def work(told: Told) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    def limited(told: Told) -> dict[str, Any]:
        with told.limited():
            return work(told)

    with pytest.raises(LedgerError, match="has died"):
        run_apart(work, 1.0, print)
    with pytest.raises(Refused, match="process died"):
        run_apart(limited, 1.0, print)
