"""A real kernel on a real terminal, and what a crash of the interpreter leaves."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.sources import ROOT
from tests.support.leash import die_with_us
from tests.support.toy_home import ToyKernel, remove_arenas, write_config
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def toy_home(tmp_path: Path) -> Iterator[Path]:
    """Give a home whose world is the toy."""
    home = tmp_path / "h"
    write_config(home)
    yield home
    remove_arenas(home)


class OnTerminal:
    """A kernel whose stderr is a terminal; what it writes is kept."""

    def __init__(self, home: Path, **env: str) -> None:
        self.main, other = pty.openpty()
        os.set_blocking(self.main, False)
        self.data, self.shown = b"", ""
        environment = {key: value for key, value in os.environ.items() if key != "CI"}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manifest.py"), "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=other,
            env={**environment, **env},
            start_new_session=True,
            preexec_fn=die_with_us(),
        )
        os.close(other)

    def wait_for(self, text: str) -> None:
        wait_until(text, lambda: text in self.read())

    def read(self) -> str:
        try:
            self.data += os.read(self.main, 65536)
        except OSError:  # nothing there, or the other end is closed
            pass
        self.shown = self.data.decode(errors="replace")
        return self.shown

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        os.close(self.main)


@pytest.mark.parametrize(
    ("env", "moving", "colours"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "xterm", "CI": "1"}, False, True),
    ],
    ids=["able", "uncoloured", "dumb", "ci"],
)
def test_terminal_from_boot_to_end(toy_home, env, moving, colours):
    """Banner, row and end on any; a line that moves and colours only where they are welcome."""
    kernel = OnTerminal(toy_home, **({"NO_COLOR": ""} | env))
    try:
        kernel.wait_for("Up in ")
        assert "◉ molt" in kernel.shown and "    stable     ready" in kernel.shown
        if moving:
            kernel.wait_for(" · epoch 1")
        kernel.process.send_signal(signal.SIGQUIT)
        kernel.wait_for("the stacks of all threads are in ")
        kernel.process.send_signal(signal.SIGINT)
        kernel.wait_for("Stopped at tick ")
        assert kernel.process.wait(30) == 0
        assert ("\x1b[K" in kernel.shown) is moving
        assert (re.search(r"\x1b\[\d*m", kernel.shown) is not None) is colours
        assert kernel.process.stdout is not None and kernel.process.stdout.read() == b""
    finally:
        kernel.close()


def test_a_crash_of_the_interpreter_tells_its_stacks(toy_home):
    """SIGABRT, by which a service manager ends a kernel that hangs: the log has every stack."""
    with ToyKernel(toy_home, "--json") as kernel:
        kernel.ready()
        kernel.signal(signal.SIGABRT)
        assert kernel.end() == -signal.SIGABRT
        said = kernel.errors.read_text()
        assert "Fatal Python error: Aborted" in said and "loop.py" in said
