"""Safe mode as the last line of defence: what is taken from it does not end it."""

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.broken_checkout import BROKEN, PATIENCE_S, BrokenCheckout, make_checkout
from tests.support.leash import die_with_us
from tests.support.toy_home import is_alive, remove_arenas
from tests.support.wait import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Give a checkout that is broken and a home with a world."""
    checkout, home = make_checkout(tmp_path)
    with BrokenCheckout(checkout, home, "--json") as kernel:
        kernel.ready()
        kernel.wait_ticking(20)
        assert kernel.stop() == 0
    (checkout / "Kernel" / "boot.py").write_text(BROKEN)
    yield checkout, home
    remove_arenas(home)


def test_a_closed_terminal(places: tuple[Path, Path]) -> None:
    """SIGHUP of a terminal that is gone is an orderly stop, with 0."""
    checkout, home = places
    terminal, name = pty.openpty()
    with BrokenCheckout(checkout, home, terminal=name) as kernel:
        os.close(name)
        kernel.wait_safe()
        pid = wait_until("the world's process", lambda: kernel.zone()["pid"])
        os.close(terminal)
        assert kernel.end() == 0
        assert "stopped at tick" in kernel.errors.read_text() and not is_alive(pid)


def test_a_run_folder_that_is_gone(places: tuple[Path, Path]) -> None:
    """The world ticks on, folder and socket come back, and so does normal running."""
    checkout, home = places
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        tick = kernel.wait_ticking(kernel.tick() + 5)
        shutil.rmtree(home / "run")
        wait_until("the console", kernel.is_safe, PATIENCE_S)
        kernel.wait_ticking(tick + 100)
        assert kernel.zone()["restarts"] == 0
        assert kernel.stop() == 0 and not (home / "run" / "console.sock").exists()


def test_a_reader_that_is_gone(places: tuple[Path, Path]) -> None:
    """Its stderr is a pipe nobody holds any more: a stop still leaves with 0."""
    checkout, home = places
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, str(checkout / "manifest.py"), "--home", str(home)],
        cwd=checkout, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer,
        start_new_session=True, preexec_fn=die_with_us(),
    ) as process:  # fmt: skip
        os.close(writer)
        wait_until("its words", lambda: b"entered" in os.read(reader, 4096))
        os.close(reader)
        wait_until("the console", (home / "run" / "console.sock").exists)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_fault_of_its_own(places: tuple[Path, Path]) -> None:
    """An exception in safe mode itself: it begins again, same process, and the world goes on."""
    checkout, home = places
    steward = checkout / "fallback" / "steward.py"
    head = "    def _round(self, now_s: float) -> None:\n"
    fault = (
        "        if self._pace.maxlen == len(self._pace):\n            raise RuntimeError('mine')\n"
    )
    text = steward.read_text()
    assert head in text
    steward.write_text(text.replace(head, head + fault))
    with BrokenCheckout(checkout, home) as kernel:
        kernel.wait_safe()
        steward.write_text(text)
        said = kernel.errors.read_text
        wait_until("the fault", lambda: "it begins again" in said(), PATIENCE_S)
        wait_until("the second time", lambda: said().count("entered: ") == 2, PATIENCE_S)
        assert kernel.wait_safe()["kernel"]["pid"] == kernel.process.pid
        kernel.wait_ticking(kernel.tick() + 20)
        assert kernel.zone()["restarts"] == 0 and kernel.stop() == 0
