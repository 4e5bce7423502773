"""The kernel's log on each kind of stderr, and what zones write on theirs."""

import fcntl
import io
import json
import os
import re

import pytest

from Kernel.core.log_lines import TOLD_BY_ROWS
from Kernel.core.logger import READ_BYTES, RECORD_BYTES_MAX, StderrLines, make_log
from Kernel.ports.face import Face, Reader
from tests.support.fakes import FakeClock, RecordingLog


def lines_on(face: Face, *events: tuple[str, str, dict]) -> list[str]:
    """Return what a log writes for (level, event, values)."""
    stream = io.StringIO()
    log = make_log(stream, face)
    for level, event, values in events:
        getattr(log, level)(event, **values)
    return stream.getvalue().splitlines()


DIED = ("warning", "zone.killed", {"zone": "stable", "pid": 5, "why": "no progress in 250 ms"})


def test_people_get_time_zone_and_sentence():
    """A terminal gets one aligned sentence, not keys."""
    (line,) = lines_on(Face(Reader.PEOPLE), DIED)
    assert re.fullmatch(r"\d\d:\d\d:\d\d  stable    │ ▲ killed pid 5: no progress in 250 ms", line)


def test_colours_only_where_they_are_welcome():
    """Escapes appear with colours and not without."""
    assert "\x1b[" in lines_on(Face(Reader.PEOPLE, colours=True), DIED)[0]
    assert "\x1b[" not in lines_on(Face(Reader.PEOPLE), DIED)[0]


@pytest.mark.parametrize("event", sorted(TOLD_BY_ROWS))
def test_people_are_told_once(event):
    """What people see as a row of the screen is no log line beside it; others get the line."""
    told = ("info", event, {"zone": "stable", "pid": 5, "tick": 1})
    assert lines_on(Face(Reader.PEOPLE), told) == []
    assert len(lines_on(Face(Reader.PROGRAM), told)) == 1
    assert len(lines_on(Face(Reader.JOURNAL), told)) == 1


def test_programs_get_json():
    """A pipe gets one object a line, with level, time and every value."""
    fields = json.loads(lines_on(Face(Reader.PROGRAM), DIED)[0])
    assert fields.pop("timestamp").endswith("Z")
    assert fields == {"event": DIED[1], "level": "warning", **DIED[2]}


def test_a_long_record_stays_json():
    """What one write cannot hold is cut in its longest text, so that the line still parses."""
    long = ("info", "zone.stderr", {"zone": "stable", "line": "\x00é" * 4000, "n": 1})
    (line,) = lines_on(Face(Reader.PROGRAM), long)
    fields = json.loads(line)
    assert len(line.encode()) <= RECORD_BYTES_MAX
    assert fields["line"].endswith("…") and (fields["zone"], fields["n"]) == ("stable", 1)


def test_journal_gets_priority_and_no_time():
    """The journal gets text behind its priority."""
    assert lines_on(Face(Reader.JOURNAL), DIED) == [
        "<4>stable: killed pid 5: no progress in 250 ms"
    ]


def test_stderr_of_a_zone_in_lines():
    """Halves of lines are put together, empty lines left out, the last one is told at the end."""
    log = RecordingLog()
    lines = StderrLines(log, "stable", lambda: 100, FakeClock().now_s)
    reader, writer = os.pipe2(os.O_NONBLOCK)
    for part in (b"one\ntw", b"o\n\nthr", b"ee"):
        os.write(writer, part)
        assert lines.read(reader)
    assert lines.read(reader), "nothing there is no end"
    os.close(writer)
    assert not lines.read(reader)
    os.close(reader)
    assert [each["line"] for each in log.of("zone.stderr")] == ["one", "two", "three"]


def test_a_flood_is_counted_and_told_once_a_second():
    """So many lines are logged and no more; the number of the others is one line a second."""
    log, clock = RecordingLog(strict=True), FakeClock()
    lines = StderrLines(log, "stable", lambda: 8, clock.now_s)
    reader, writer = os.pipe2(os.O_NONBLOCK)
    for _ in range(4):
        os.write(writer, b"x\n" * 1000)
        assert lines.read(reader) and lines.is_flooded and lines.dropped_s == clock.now_s()
        clock.advance(0.25)
    assert len(log.of("zone.stderr")) == 8 + 3 * 2
    assert log.of("zone.lines_dropped") == [{"zone": "stable", "count": 992, "limit": 8}]
    clock.advance(0.5)
    lines.tell_dropped()
    assert log.of("zone.lines_dropped")[-1]["count"] == 4000 - 14 - 992
    os.write(writer, b"y\n")
    assert lines.read(reader) and not lines.is_flooded
    os.write(writer, b"z\n" * 100)
    lines.read(reader)
    os.close(writer)
    assert not lines.read(reader), "the end tells what was not told yet"
    assert sum(each["count"] for each in log.of("zone.lines_dropped")) == 4101 - len(
        log.of("zone.stderr")
    )
    os.close(reader)


def test_one_turn_reads_a_bounded_piece():
    """However much waits: the loop has others to serve."""
    lines = StderrLines(RecordingLog(), "stable", lambda: 1, FakeClock().now_s)
    reader, writer = os.pipe2(os.O_NONBLOCK)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4 * READ_BYTES)
    written = os.write(writer, b"x\n" * READ_BYTES)
    assert written > READ_BYTES and lines.read(reader) and lines.is_flooded
    assert len(os.read(reader, 8 * READ_BYTES)) == written - READ_BYTES
    os.close(reader)
    os.close(writer)


def test_a_flood_of_nothing_is_a_flood():
    """Empty lines are none, yet who writes them without end is not read at every turn."""
    log = RecordingLog(strict=True)
    lines = StderrLines(log, "stable", lambda: 100, FakeClock().now_s)
    reader, writer = os.pipe2(os.O_NONBLOCK)
    os.write(writer, b"\n" * READ_BYTES)
    assert lines.read(reader) and lines.is_flooded and not log.lines
    os.write(writer, b"\n")
    assert lines.read(reader) and not lines.is_flooded
    os.close(reader)
    os.close(writer)
