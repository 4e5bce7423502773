"""What safe mode takes from the console: the commands it knows, and no word more."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fallback import steward
from fallback.back_off import BackOff
from fallback.console_socket import Asker, RefusedError
from fallback.home_folders import Folders
from fallback.steward import Entry, Steward
from fallback.talk import Talk


@pytest.fixture
def folders(home: Path) -> Iterator[Folders]:
    (home / "run").mkdir()
    run_fd = os.open(home / "run", os.O_RDONLY | os.O_DIRECTORY)
    yield Folders(home, (home / "data" / "arenas",), run_fd, ())
    os.close(run_fd)


@pytest.fixture
def kept(folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steward]:
    """A steward that catches no signals."""
    pair = steward.socket.socketpair()
    monkeypatch.setattr(steward, "_catch_signals", lambda: pair[0])
    with (tmp_path / "said").open("w") as stream:
        stay = Steward(
            tmp_path, folders, Entry("a test", "", ()), BackOff(1.0, 8.0), Talk(stream, {})
        )
        yield stay
        stay._console.close()
    for each in pair:
        each.close()


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("safe-mode leave", {"x": {}}, "'x' is not known, it takes nothing"),
        ("status", {"check": True}, "'check' is not known, it takes nothing"),
        ("shutdown", {"force": True}, "'force' is not known, it takes dry_run"),
        ("shutdown", {"dry_run": 0}, "dry_run is 0, it takes true or false"),
    ],
)
def test_an_argument_that_is_not_known(
    kept: Steward, command: str, arguments: dict[str, object], said: str
) -> None:
    """It is refused as by the kernel, code 2, and nothing of the command is done."""
    asker = Asker(steward.socket.socket(), 0.0)
    with asker.socket, pytest.raises(RefusedError) as caught:
        kept._on_request(command, arguments, asker)
    assert caught.value.message == f"cannot run '{command}': {said}"
    assert caught.value.code == 2 and caught.value.hint
    assert not kept._goal and not kept._waiting and not kept._leavers and not asker.output


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("help", {"words": "pause"}), ("status", {})],
)
def test_an_argument_that_is(kept: Steward, command: str, arguments: dict[str, object]) -> None:
    """What the command line may send is taken."""
    asker = Asker(steward.socket.socket(), 0.0)
    with asker.socket:
        kept._on_request(command, arguments, asker)
    assert asker.output.startswith(b'{"ok": true')


@pytest.mark.parametrize(("command", "code"), [("pause", 5), ("shutdown", 5), ("x y!", 2)])
def test_what_cannot_be_done_here(kept: Steward, command: str, code: int) -> None:
    """A command of the kernel alone and a dry run are refused, whatever else is asked for."""
    asker = Asker(steward.socket.socket(), 0.0)
    with asker.socket, pytest.raises(RefusedError) as caught:
        kept._on_request(command, {"dry_run": True}, asker)
    assert caught.value.code == code and not kept._goal
