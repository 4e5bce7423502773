"""Verdicts on bytes of strangers: given by a child, in time, whatever happens to it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from tests.zones.traits.corpus import honest
from zones.traits import screening
from zones.traits.contract import SOURCE_BYTES_MAX, VERDICT_S
from zones.traits.reading import check_source
from zones.traits.screening import screen
from zones.traits.verdict import Checked, Refusal

GOOD = b"class Calm(Trait):\n    async def execute(self, entity):\n        entity.vx = 0.0\n"


def test_a_trait_is_accepted() -> None:
    """An accepted source is told with name, tier, state and hash."""
    verdict = screen(GOOD)
    assert verdict.accepted and not verdict.reason
    assert (verdict.name, verdict.state) == ("Calm", "none")
    assert verdict.tier in {"native", "interpreted"}
    assert len(verdict.code_hash) == 64


def test_a_refusal_says_rule_line_and_reason() -> None:
    """A refused source is told with the rule it breaks, where and why."""
    verdict = screen(b"import os\n" + GOOD)
    assert not verdict.accepted
    assert (verdict.rule, verdict.line) == ("import", 1)
    assert "'os'" in verdict.reason and not verdict.tier


def test_names_beyond_ascii_are_read() -> None:
    """A child that can open nothing parses names that are not ASCII, in a process that is new."""
    source = GOOD.decode().replace("vx", "vx; größe = '\\N{BULLET}'; entity.vx")
    program = f"from zones.traits.screening import screen; print(screen({source.encode()!r}))"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert told.stdout.startswith("Verdict(accepted=True")


@pytest.mark.slow
def test_child_says_what_the_process_itself_would() -> None:
    """The verdict of the child on the honest corpus is that of `check_source`."""
    for name, data in list(honest().items())[:20]:
        checked, verdict = check_source(data), screen(data)
        assert verdict.accepted, name
        assert (verdict.name, verdict.state) == (checked.name, checked.state)
        assert verdict.code_hash == checked.code_hash


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\xff\xfe",
        b"x" * (SOURCE_BYTES_MAX + 1),
        b"(" * 30_000,
        b"-" * 30_000,
        b"'" * 9,
    ],
    ids=["empty", "nul", "utf-16", "large", "brackets", "minus", "quotes"],
)
def test_any_bytes_have_a_verdict(data: bytes) -> None:
    """Bytes that are no source are refused like any other."""
    verdict = screen(data)
    assert not verdict.accepted and verdict.rule and verdict.reason


def _never(_data: bytes) -> Checked:
    while True:
        time.sleep(60.0)


def _spin(_data: bytes) -> Checked:
    while True:
        pass


def _reach_out(_data: bytes) -> Checked:
    os.getpgid(1)
    raise AssertionError


def _crash(_data: bytes) -> Checked:
    signal.raise_signal(signal.SIGSEGV)
    raise AssertionError


def _grow(_data: bytes) -> Checked:
    raise Refusal("size", len(bytearray(1 << 40)), "")


def _chatter(_data: bytes) -> Checked:
    raise Refusal("x" * 1_000_000, 1, "")


def _lie(_data: bytes) -> Checked:
    raise Refusal("a rule", -5, "")


@pytest.mark.parametrize(
    ("reading", "rule"),
    [
        (_crash, "parser"),
        (_reach_out, "parser"),
        (_grow, "parser"),
        (_chatter, "too-long"),
        (_lie, "parser"),
    ],
)
def test_a_child_that_fails_is_a_refusal(
    reading: Callable[[bytes], Checked], rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that crashes, runs out of memory or says nonsense gives an orderly verdict."""
    monkeypatch.setattr(screening, "check_source", reading)
    verdict = screen(GOOD)
    assert not verdict.accepted and verdict.rule == rule


@pytest.mark.parametrize("reading", [_never, _spin])
def test_a_child_that_hangs_is_killed(
    reading: Callable[[bytes], Checked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that gives no verdict is killed at the deadline, and that is the verdict."""
    monkeypatch.setattr(screening, "check_source", reading)
    monkeypatch.setattr(screening, "DEADLINE_S", 0.1)
    began_s = time.monotonic()
    verdict = screen(GOOD)
    assert time.monotonic() - began_s < VERDICT_S
    assert not verdict.accepted and verdict.rule == "too-long"


def _look_around(_data: bytes) -> Checked:
    found = []
    for number in range(1024):
        with contextlib.suppress(OSError):
            os.get_inheritable(number)
            found.append(number)
    raise Refusal("open", len(found), repr(found))


def test_the_child_holds_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child has the null device, its pipe, and none of its parent."""
    reader, writer = os.pipe()
    monkeypatch.setattr(screening, "check_source", _look_around)
    try:
        verdict = screen(GOOD)
    finally:
        os.close(reader)
        os.close(writer)
    assert (verdict.rule, verdict.reason) == ("open", "[0, 1, 2, 3]")


def _write(_data: bytes) -> Checked:
    os.write(1, b"heard")
    os.write(2, b"heard")
    raise Refusal("wrote", 1, "")


def test_the_child_is_not_heard(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a child prints reaches nobody."""
    monkeypatch.setattr(screening, "check_source", _write)
    assert screen(GOOD).rule == "wrote"
    assert capfd.readouterr() == ("", "")
