"""What all tests share: options, a short home, and a report of slow tests that do not say so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.homes import temporary_home

SLOW_S = 0.25

# No deadline: a noisy machine must not fail a test. The blob lets a failure be run again.
settings.register_profile("molt", deadline=None, print_blob=True)
settings.load_profile("molt")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rounds`, which `make chaos` raises."""
    parser.addoption("--rounds", type=int, default=1, help="rounds of each chaos test")


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List passed tests that took longer than `SLOW_S` and are marked neither slow nor chaos."""
    slow = [
        report
        for report in terminalreporter.stats.get("passed", [])
        if report.when == "call"
        and report.duration > SLOW_S
        and not {"slow", "chaos"} & set(report.keywords)
    ]
    if not slow:
        return
    terminalreporter.section(f"over {SLOW_S} s and not marked slow", sep="-")
    for report in sorted(slow, key=lambda report: -report.duration)[:20]:
        terminalreporter.write_line(f"{report.duration:6.2f} s  {report.nodeid}")
