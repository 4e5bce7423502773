"""The emergency client: standard library only, and the same wire as the real one."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback import console_client
from Kernel.console import client, protocol
from tests.kernel.console.fake_kernel import FakeKernel

SCRIPT = Path(console_client.__file__)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[FakeKernel]:
    """Return a fake kernel that serves in a thread until the test ends."""
    with FakeKernel(tmp_path) as fake:
        yield fake


def run(*words: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of one call."""
    out, err = io.StringIO(), io.StringIO()
    return console_client.main(list(words), out, err), out.getvalue(), err.getvalue()


def test_runs_without_anything_of_ours(kernel: FakeKernel) -> None:
    """Started as a bare file, isolated from packages and checkout, it still gets a status."""
    words = [sys.executable, "-I", "-S", str(SCRIPT), "--home", str(kernel.home), "status"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert '"tick": 184402' in done.stdout


def test_arguments_and_refusals(kernel: FakeKernel) -> None:
    """KEY=VALUE words reach the kernel typed; a refusal keeps its code, words and hint."""
    home = str(kernel.home)
    assert run("--home", home, "step", "steps=60")[0] == 0
    assert kernel.asked[0].integer("steps") == 60
    assert run("--home", home, "params", "key=friction", "value=0.5")[0] == 0
    code, out, err = run("--home", home, "drill", "kind=kill", "zone=nope")
    assert (code, out) == (5, "")
    assert err == f"cannot drill 'nope': no such zone\nhint: molt --home {home} ps\n"
    assert run("--home", home, "help", "words=drill")[1].count('"drill"') == 1


def test_lines_are_shown_one_by_one(kernel: FakeKernel) -> None:
    """An answer of many lines is printed line by line, and then how many there were."""
    code, out, err = run("--home", str(kernel.home), "kernel-events", "follow=true")
    first, second, *end = out.splitlines()
    assert (code, err) == (0, "")
    assert [json.loads(line)["position"] for line in (first, second)] == [1, 2]
    assert json.loads("".join(end)) == {"count": 2, "lost": 0}


def test_nobody_there_is_69(tmp_path: Path) -> None:
    """Without a kernel it says so, with the code of the real client."""
    code, out, err = run("--home", str(tmp_path), "status")
    assert (code, out) == (69, "")
    assert f"hint: python manifest.py --home {tmp_path}\n" in err


@pytest.mark.parametrize("words", [(), ("--help",), ("status", "check"), ("status", "=5")])
def test_wrong_usage_is_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Words it cannot read leave with 2 and a hint of the form."""
    code, out, err = run("--home", str(tmp_path), *words)
    assert (code, out) == (2, "")
    assert err.startswith("cannot ")


def test_long_homes_work(tmp_path: Path) -> None:
    """A home beyond the 108 bytes of a Unix path is found."""
    home = tmp_path.joinpath(*(["a-rather-long-name-for-a-directory"] * 6))
    with FakeKernel(home):
        assert run("--home", str(home), "status")[0] == 0


def test_limits_and_names_are_those_of_the_wire() -> None:
    """What is written down twice is the same: socket, reply limit."""
    assert client.SOCKET_PATH == ("run", "console.sock")
    assert console_client.REPLY_BYTES_MAX == protocol.REPLY_BYTES_MAX
