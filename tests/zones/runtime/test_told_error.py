"""A foreign exception is told: type, message, its own line; whatever it does when it is asked."""

import json

import pytest

from Kernel.contract.call_job import FRAMES_MAX, TEXT_MAX, parse_told
from zones.runtime.told_error import UNREADABLE, tell_error

FILE = "their.py"
SOURCE = """\
import json
def deeper(n):
    if n:
        deeper(n - 1)
    json.loads("{")
class Mute(Exception):
    def __str__(self):
        raise SystemExit(3)
class Named(Exception):
    pass
"""
LIARS = """\
class Word(str):
    def __str__(self):
        raise ValueError("no")
    __hash__ = __getitem__ = __eq__ = __str__
class Nowhere(SyntaxError):
    @property
    def filename(self):
        raise ValueError("no")
def unparsed(kind, file, line=1):
    error = kind("bad")
    try:
        error.filename, error.lineno = file, line
    finally:
        raise error
def elsewhere(file, name):
    code = compile("raise Named('bad')", "x", "exec").replace(co_filename=file, co_name=file)
    exec(code, {"Named": Named, "__name__": name})
"""


def raised(code):
    """Return what is raised by a line after SOURCE, and the lines of the whole file."""
    text = SOURCE + code
    try:
        exec(compile(text, FILE, "exec"), {"__name__": "__main__"})
    except BaseException as error:
        return error, {FILE: text.splitlines(keepends=True)}
    raise AssertionError("it should have raised")


def test_the_line_is_that_of_the_program_itself():
    """Not that of the library it called; the frames lead there."""
    told = tell_error(*raised("deeper(1)"))
    assert told["type"] == "json.decoder.JSONDecodeError"
    assert told["line"] == 5
    own = [frame for frame in told["frames"] if frame[0] == FILE]
    assert [frame[1:] for frame in own] == [
        [11, "<module>", "deeper(1)"],
        [4, "deeper", "deeper(n - 1)"],
        [5, "deeper", 'json.loads("{")'],
    ]


def test_a_file_that_is_no_python_has_its_line_told():
    """There is no frame of it, it never ran."""
    told = tell_error(*raised("\n\ndef ("))
    assert (told["type"], told["line"]) == ("SyntaxError", 13)
    assert told["frames"][-1] == [FILE, 13, "<module>", "def ("]


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("raise Mute()", "Mute", UNREADABLE),
        ("raise Named('x' * 100_000)", "Named", "x" * TEXT_MAX),
        ("raise Named('\\ud800')", "Named", "\\ud800"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("raise SystemExit('bye')", "SystemExit", "bye"),
    ],
)
def test_whatever_it_says_it_is_told_within_limits(code, kind, message):
    """Methods that raise, words without end, half characters."""
    told = tell_error(*raised(code))
    assert (told["type"], told["message"]) == (kind, message)
    json.dumps(told, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("unparsed(SyntaxError, [])", "SyntaxError"),
        ("unparsed(SyntaxError, Word('their.py'))", "SyntaxError"),
        ("unparsed(SyntaxError, 'their.py', 'abc')", "SyntaxError"),
        ("unparsed(SyntaxError, 'their.py', 10**30)", "SyntaxError"),
        ("unparsed(SyntaxError, 'their.py', -1)", "SyntaxError"),
        ("unparsed(Nowhere, 'x')", "Nowhere"),
        ("elsewhere('x', Word('a'))", "Named"),
        ("elsewhere(Word('their.py'), None)", "Named"),
    ],
)
def test_an_error_that_lies_about_its_place_is_told(code, kind):
    """What it says of files and lines is foreign, too: the kernel takes the form of the answer."""
    told = tell_error(*raised(LIARS + code))
    assert (told["type"], told["message"]) == (kind, "bad")
    parse_told(
        {"outcome": "raised", "result": None, "printed": "", "dropped_bytes": 0, "error": told}
    )


def test_of_many_frames_the_first_and_the_last_are_told():
    """With how many are left out between them."""
    frames = tell_error(*raised("deeper(500)"))["frames"]
    assert len(frames) == FRAMES_MAX
    assert [frame[2] for frame in frames[:3]] == ["raised", "<module>", "deeper"]
    assert frames[FRAMES_MAX // 2][2].endswith("more)")
    assert frames[-1][2] == "JSONDecoder.raw_decode"
