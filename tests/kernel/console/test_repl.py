"""The prompt: header, history, bottom line, and a session on a real terminal."""

import fcntl
import os
import pty
import re
import select
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.history import InMemoryHistory

from Kernel.console.repl import (
    HISTORY_BYTES_MAX,
    HISTORY_FILE,
    BottomLine,
    bottom_text,
    header,
    open_history,
    words_before,
)
from Kernel.console.session import Session
from tests.kernel.console.fake_kernel import FakeKernel, status
from tests.structure.sources import ROOT
from tests.support.leash import die_with_us

DEADLINE_S = 30


def test_the_header_says_which_kernel(kernel: FakeKernel) -> None:
    """Process and age of the kernel, and how to go on; it fits the line."""
    said = header(Session(str(kernel.home)))
    assert "kernel 4121 up 2h14m" in said and said.endswith("help, Tab, Ctrl-D to leave")
    assert len(said) <= 80


def test_the_header_says_that_there_is_none(tmp_path: Path) -> None:
    """Without a kernel the prompt opens all the same and says how to start one."""
    assert f"start one: python manifest.py --home {tmp_path}" in header(Session(str(tmp_path)))


def test_the_bottom_line() -> None:
    """The tick, who lives, and what is not well, in shape and word."""
    assert bottom_text(None) == "○ no kernel"
    assert bottom_text(status()) == "▲ degraded: archive · tick 184\u2009402 · 412 molbots"
    sound = status() | {"degraded": []}
    assert bottom_text(sound).startswith("● running · tick")
    paused = sound | {"world": sound["world"] | {"paused": True}}  # type: ignore[operator]
    assert "tick 184\u2009402 paused" in bottom_text(paused)
    unsafe = sound | {"kernel": {"safe_mode": True}}
    assert bottom_text(unsafe).startswith("✕ safe mode")


def test_the_bottom_line_is_asked_for_beside(kernel: FakeKernel) -> None:
    """Reading the line asks nobody; looking does, and a kernel that is gone is no error."""
    line = BottomLine(kernel.home)
    assert line.text() == "" and kernel.asked == []
    line.look()
    assert "tick 184" in line.text() and len(kernel.asked) == 1
    gone = BottomLine(kernel.home / "none")
    gone.look()
    assert gone.text() == "○ no kernel"


def test_looking_stops_and_begins_anew(kernel: FakeKernel) -> None:
    """Each prompt looks by one thread of its own, which ends with it."""
    before = threading.active_count()
    line = BottomLine(kernel.home)
    for _ in range(5):
        line.start()
        line.stop()
    due_s = time.monotonic() + DEADLINE_S
    while threading.active_count() > before:
        assert time.monotonic() < due_s, "a thread goes on looking"
        time.sleep(0.005)


def test_history_is_private(tmp_path: Path) -> None:
    """It is kept in the home, mode 0600 whatever it was before, and read again."""
    (tmp_path / "run").mkdir()
    (tmp_path / HISTORY_FILE).touch(0o644)
    open_history(tmp_path).append_string("drill kill stable")
    assert stat.S_IMODE((tmp_path / HISTORY_FILE).stat().st_mode) == 0o600
    assert list(open_history(tmp_path).load_history_strings()) == ["drill kill stable"]


def test_history_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    """No home, or something else in its place: the prompt works, nothing is followed or changed."""
    assert isinstance(open_history(tmp_path / "none"), InMemoryHistory)
    (tmp_path / "run").mkdir()
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / HISTORY_FILE).symlink_to(other)
    assert isinstance(open_history(tmp_path), InMemoryHistory)
    assert other.read_text() == "mine"
    (tmp_path / HISTORY_FILE).unlink()
    (tmp_path / HISTORY_FILE).mkdir()
    assert isinstance(open_history(tmp_path), InMemoryHistory)


def test_a_disk_that_fills_does_not_end_the_prompt(tmp_path: Path) -> None:
    """A line that cannot be stored is remembered all the same."""
    (tmp_path / "run").mkdir()
    history = open_history(tmp_path)
    (tmp_path / HISTORY_FILE).unlink()
    (tmp_path / HISTORY_FILE).mkdir()
    history.append_string("ps")
    assert history.get_strings() == ["ps"]


def test_a_long_history_loses_its_oldest(tmp_path: Path) -> None:
    """Above its limit the older half goes, and only whole entries stay."""
    (tmp_path / "run").mkdir()
    entry = "\n# 2026-11-27 15:00:00\n+params friction 0.{:06d}\n"
    text = "".join(entry.format(number) for number in range(8000))
    (tmp_path / HISTORY_FILE).write_text(text)
    assert len(text) > HISTORY_BYTES_MAX
    kept = list(open_history(tmp_path).load_history_strings())
    assert kept[0] == "params friction 0.007999" and len(kept) > 1000
    assert all(re.fullmatch(r"params friction 0\.\d{6}", line) for line in kept)
    assert (tmp_path / HISTORY_FILE).stat().st_size <= HISTORY_BYTES_MAX // 2


@pytest.mark.parametrize(
    ("text", "words", "typed"),
    [
        ("", [], ""),
        ("dr", [], "dr"),
        ("drill ", ["drill"], ""),
        ("molt drill k", ["drill"], "k"),
        ("wait --for 'tick>5 an", ["wait", "--for"], "tick>5 an"),
    ],
)
def test_words_before_the_cursor(text: str, words: list[str], typed: str) -> None:
    """Whole words, and the one that is being typed, as a shell sees them."""
    assert words_before(text) == (words, typed)


class Terminal:
    """A `molt` on a terminal of its own."""

    def __init__(self, home: Path, **more: str) -> None:
        ours, theirs = pty.openpty()
        self.fd = ours
        self.poll = select.poll()  # select() ends at descriptor 1023, and tests may hold more
        self.poll.register(ours, select.POLLIN)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        tie = die_with_us()

        def own_terminal() -> None:
            tie()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is a signal

        plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "Kernel.console.cli", "--home", str(home)],
            cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env=plain | {"TERM": "xterm"} | more,
            preexec_fn=own_terminal,
        )  # fmt: skip
        os.close(theirs)
        self.fresh = ""

    def type(self, text: str) -> None:
        """Type."""
        os.write(self.fd, text.encode())

    def until(self, pattern: str) -> None:
        """Read until a pattern is seen in what came after the one before."""
        due_s = time.monotonic() + DEADLINE_S
        while (found := re.search(pattern, self.fresh)) is None:
            left_s = due_s - time.monotonic()
            assert left_s > 0, f"not seen: {pattern!r} in {self.fresh!r}"
            if self.poll.poll(left_s * 1e3):
                data = os.read(self.fd, 65536).decode(errors="replace")
                if "\x1b[6n" in data:  # where is the cursor? the bottom line waits for an answer
                    self.type("\x1b[1;1R")
                self.fresh += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", data)
        self.fresh = self.fresh[found.end() :]

    def close(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.fd)


@pytest.fixture
def terminal(kernel: FakeKernel) -> Iterator[Terminal]:
    """Give the prompt of a fake kernel, ready to type at."""
    terminal = Terminal(kernel.home)
    terminal.until("kernel 4121 up 2h14m(?s:.)*?molt>")
    yield terminal
    terminal.close()


@pytest.mark.slow
def test_a_session_on_a_terminal(terminal: Terminal, kernel: FakeKernel) -> None:
    """Commands, Tab, what is mistyped, a question, Ctrl-C and Ctrl-D: as a person does it."""
    terminal.until("tick 184")  # the bottom line
    terminal.type("pss\r")
    terminal.until("Did you mean(?s:.)*hint: molt help(?s:.)*?molt>")
    terminal.type("resu\t")
    terminal.until("resume")
    terminal.type("\r")
    terminal.until("running at tick(?s:.)*?molt>")
    terminal.type("drill kill stable\r")
    terminal.until(r"\[y/N\]")
    terminal.type("y\r")
    terminal.until(r"heir has taken over(?s:.)*molt>")
    terminal.type("half a li\x03")  # Ctrl-C clears the line ...
    terminal.type("pause\r")
    terminal.until(r"paused at tick(?s:.)*molt>")  # ... so that this is a command of its own
    terminal.type("\x04")
    assert terminal.process.wait(DEADLINE_S) == 0
    asked = [request.command for request in kernel.asked if request.command != "status"]
    assert asked == ["resume", "ps", "ps", "drill", "pause"]
    text = (kernel.home / HISTORY_FILE).read_text()
    assert "+drill kill stable" in text and "half" not in text


@pytest.mark.slow
def test_ctrl_c_ends_a_command_and_not_the_prompt(terminal: Terminal, kernel: FakeKernel) -> None:
    """A wait that takes too long is left with Ctrl-C; the prompt goes on."""
    terminal.type("wait --for tick=999999 --timeout 1h\r")
    terminal.until("1h\r")
    due_s = time.monotonic() + DEADLINE_S
    while "wait" not in [request.command for request in kernel.asked]:
        assert time.monotonic() < due_s, "it is never asked"
        time.sleep(0.005)
    terminal.type("\x03")
    terminal.until(r"\^C\s*\n(?s:.)*molt>")
    terminal.type("exit\r")
    assert terminal.process.wait(DEADLINE_S) == 0


@pytest.mark.slow
def test_the_prompt_opens_without_a_kernel(tmp_path: Path) -> None:
    """It says so, explains what one asks for, and leaves with 0; a dumb terminal will do."""
    terminal = Terminal(tmp_path, TERM="dumb")
    try:
        terminal.until("no kernel, start one: python manifest.py")
        terminal.until("molt>")
        terminal.type("help exit-codes\r")
        terminal.until("wrong usage")
        terminal.type("ps\r")
        terminal.until(r"cannot reach a kernel(?s:.)*molt>")
        terminal.type("\x04")
        assert terminal.process.wait(DEADLINE_S) == 0
    finally:
        terminal.close()
