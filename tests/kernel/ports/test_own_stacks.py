"""Dumps of this process's own threads: made at the signal, kept in a file."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from Kernel.ports.own_stacks import Stacks, keep_stacks


@pytest.fixture
def stacks() -> Iterator[tuple[Stacks, list[int]]]:
    """Catch SIGUSR1 here, with a handler of ours before it."""
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: heard.append(number))
    stacks = Stacks()
    stacks.catch(signal.SIGUSR1)
    yield stacks, heard
    stacks.release(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


def wait_for_the_end(end: threading.Event) -> None:
    end.wait()


def raise_it_here() -> None:
    signal.raise_signal(signal.SIGUSR1)


def test_every_thread_is_where_it_was_at_the_signal(stacks):
    """The dump names the function that ran and those of other threads; the handler still runs."""
    caught, heard = stacks
    end = threading.Event()
    thread = threading.Thread(target=wait_for_the_end, args=(end,))
    thread.start()
    raise_it_here()
    end.set()
    thread.join()
    said = caught.take().decode()
    assert "in raise_it_here" in said and "in wait_for_the_end" in said
    assert heard == [signal.SIGUSR1]


def test_each_dump_is_taken_once(stacks):
    """What was taken is forgotten; the next dump begins at its beginning."""
    caught, _ = stacks
    raise_it_here()
    first = caught.take()
    assert first and caught.take() == b""
    raise_it_here()
    assert caught.take().startswith(first[:20])


def test_files_do_not_replace_each_other(tmp_path):
    """Two dumps of one second are two files, readable by us alone, in a folder made for them."""
    paths = [keep_stacks(tmp_path / "log", data) for data in (b"one", b"two", b"three")]
    assert [path.read_bytes() for path in paths] == [b"one", b"two", b"three"]
    assert all(path.name.startswith("stacks-") for path in paths) and len(set(paths)) == 3
    assert os.stat(paths[0]).st_mode & 0o777 == 0o600


def test_folder_that_cannot_be_made(tmp_path):
    """A file in the way is an OSError, which the kernel tells."""
    (tmp_path / "log").write_text("")
    with pytest.raises(OSError, match="log"):
        keep_stacks(tmp_path / "log", b"x")
