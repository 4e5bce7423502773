"""What safe mode says, to people, to the journal, in a pipe and to the service manager."""

import contextlib
import io
import json
import os
import re
import socket
import sys
from pathlib import Path

from fallback.talk import TEXT_CHARS_MAX, WARNING, Talk, standard_talk


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal() -> None:
    """A short line with the time of day."""
    screen = Screen()
    Talk(screen, {}).say("entered\nbecause", WARNING)
    first, second = screen.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d  safe mode │ entered", first) and second.endswith(
        "because"
    )


def test_in_a_pipe() -> None:
    """One JSON object a line, as the kernel's log."""
    pipe = io.StringIO()
    Talk(pipe, {}).say("entered", WARNING)
    fields = json.loads(pipe.getvalue())
    assert fields["event"] == "safe_mode" and fields["level"] == "warning"
    assert fields["text"] == "entered" and fields["timestamp"].endswith("Z")


def test_in_the_journal(tmp_path: Path) -> None:
    """A priority and no time: the journal has its own. Another file is not the journal."""
    with (tmp_path / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        Talk(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}).say("a", WARNING)
        Talk(stream, {"JOURNAL_STREAM": f"{status.st_dev}:1"}).say("b")
    first, second = (tmp_path / "journal").read_text().splitlines()
    assert first == "<4>a" and json.loads(second)["text"] == "b"


def test_nobody_listens() -> None:
    """A closed stream or a service manager that is gone ends nothing."""
    stream = io.StringIO()
    stream.close()
    talk = Talk(stream, {"NOTIFY_SOCKET": "/nowhere/at/all"})
    talk.say("entered")
    talk.tell_manager("READY=1")


def test_a_reader_that_stopped() -> None:
    """A pipe that nobody empties holds up nothing; what is said meanwhile is left out."""
    reader, writer = os.pipe()
    with open(writer, "w") as stream:
        talk = Talk(stream, {})
        for _ in range(2000):
            talk.say("x" * 100)
        os.set_blocking(reader, False)
        with contextlib.suppress(BlockingIOError):
            while os.read(reader, 1 << 16):
                pass
        talk.say("z" * 10_000)
        line = os.read(reader, 1 << 16)
    os.close(reader)
    assert len(json.loads(line)["text"]) == TEXT_CHARS_MAX


def test_without_stderr_and_with_strange_text(monkeypatch) -> None:
    """A closed stderr is nobody; text that cannot be encoded is told as far as it can."""
    monkeypatch.setattr(sys, "stderr", None)
    standard_talk().say("entered")
    Talk(io.StringIO(), {"NOTIFY_SOCKET": "@nobody-at-all"}).tell_manager("STATUS=\udc80")


def test_the_service_manager(home: Path) -> None:
    """It is told states, and that we are alive twice in each of its periods."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(home / "notify"))
        manager.setblocking(False)
        environment = {"NOTIFY_SOCKET": str(home / "notify"), "WATCHDOG_USEC": "20000000"}
        talk = Talk(io.StringIO(), environment)
        talk.tell_manager("READY=1", "STATUS=safe mode: because")
        assert manager.recv(200) == b"READY=1\nSTATUS=safe mode: because"
        for now_s in (100.0, 105.0, 110.0, 111.0):
            talk.tell_alive(now_s)
        assert [manager.recv(200) for _ in range(2)] == [b"WATCHDOG=1"] * 2
