"""What all tests share: options, a short home, and a report of slow tests that do not say so."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.homes import temporary_home

SLOW_S = 0.25
SPENT = "processor_s"

# No deadline: a noisy machine must not fail a test. The blob lets a failure be run again.
settings.register_profile("molt", deadline=None, print_blob=True)
settings.load_profile("molt")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rounds`, which `make kills` raises, and `--seed`, which repeats a run."""
    parser.addoption("--rounds", type=int, default=1, help="rounds of each chaos test")
    parser.addoption("--seed", type=int, help="who is killed and when, as a failure has told it")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """Return how often a chaos test shall do its worst."""
    count: int = request.config.getoption("--rounds")
    return count


@pytest.fixture
def home() -> Iterator[Path]:
    """Give an empty HOME with a short path; its arenas go with it."""
    with temporary_home() as path:
        yield path


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    """Give SIGTERM back: a command run in this process may take it, and later tests fork."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Note the processor time of a test and its children: others on the machine cost it none."""
    before = os.times()[:4]
    try:
        return (yield)
    finally:
        spent_s = sum(os.times()[:4]) - sum(before)
        item.user_properties.append((SPENT, spent_s))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List passed tests that cost more than `SLOW_S` and are marked neither slow nor chaos."""
    slow = [
        (dict(report.user_properties)[SPENT], report.nodeid)
        for report in terminalreporter.stats.get("passed", [])
        if report.when == "call"
        and dict(report.user_properties)[SPENT] > SLOW_S
        and not {"slow", "chaos"} & set(report.keywords)
    ]
    if not slow:
        return
    terminalreporter.section(f"over {SLOW_S} s and not marked slow", sep="-")
    for spent_s, name in sorted(slow, reverse=True)[:20]:
        terminalreporter.write_line(f"{spent_s:6.2f} s  {name}")
