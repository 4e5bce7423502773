"""Children in which hostile sources run: what is heard of them, what they cannot do."""

import os
import signal
import time
from pathlib import Path

from tests.fuzz.isolation import Note, give_up_everything, isolate


def test_note_outlives_the_child() -> None:
    """What a child notes last is read, with any character."""

    def work(note: Note) -> None:
        note.write("first")
        note.write("then \ud800 é")

    ended = isolate(work, 5, 10.0)
    assert (ended.how, ended.text) == ("done", "then \\ud800 é")


def test_crash_is_told_with_the_last_note() -> None:
    """A child that dies of a signal has crashed, and its note says where."""

    def work(note: Note) -> None:
        note.write("while it was run")
        os.kill(os.getpid(), signal.SIGTERM)

    ended = isolate(work, 5, 10.0)
    assert (ended.how, ended.text) == ("crashed", "while it was run")


def test_hang_is_ended() -> None:
    """A child that does not end is killed after its time."""
    ended = isolate(lambda note: time.sleep(30), 5, 0.2)
    assert ended.how == "hung"


def test_failure_is_told_with_its_traceback() -> None:
    """An exception is a failure of the child and is read."""

    def work(note: Note) -> None:
        raise KeyError("lost")

    ended = isolate(work, 5, 10.0)
    assert ended.how == "failed" and "KeyError: 'lost'" in ended.text


def test_child_has_nothing_after_giving_up(tmp_path: Path) -> None:
    """After it has given up everything a child has no descriptor and can open no file."""

    def work(note: Note) -> None:
        give_up_everything()
        told = []
        for attempt in (lambda: os.write(1, b"x"), lambda: (tmp_path / "a").write_text("x")):
            try:
                attempt()
            except OSError as error:
                told.append(error.strerror or "")
        note.write("; ".join(told))

    ended = isolate(work, 5, 10.0)
    assert ended.text == "Bad file descriptor; Too many open files"
    assert not list(tmp_path.iterdir())
