"""The end of a call as people see it: what it printed, its value, or its traceback."""

import io

import pytest

from Kernel.console import cli
from Kernel.console.render_call import show_call
from tests.kernel.console import fake_kernel
from tests.kernel.console.fake_kernel import CALLED, FakeKernel

ERROR = {
    "type": "KeyError", "message": "'x'", "line": 3,
    "frames": [["a.py", 3, "f", "return {}['x']"]],
}  # fmt: skip


def shown(**more: object) -> tuple[str, str]:
    """Return what is written to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    show_call(CALLED | {"file": "a.py"} | more, out, err)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, ""),
        (42, "42\n"),
        ("two words", "two words\n"),
        ({"a": [1, None]}, '{"a": [1, null]}\n'),
        ("\u20ac", "\u20ac\n"),
        (["x" * 50] * 2, f'[\n  "{"x" * 50}",\n  "{"x" * 50}"\n]\n'),
    ],
)
def test_a_value_follows_what_was_printed(result, text):
    """None is not shown; what is long takes several lines."""
    assert shown(result=result) == ("adding\n" + text, "")
    assert shown(result=result, printed="") == (text, "")


def test_printing_that_does_not_end_its_line_is_ended():
    """So that the value has a line of its own; what was dropped is told."""
    out, err = shown(printed="half", dropped_bytes=7)
    assert out == "half\n42\n" and err == "truncated: 7 bytes more were printed\n"


def test_a_failure_shows_its_traceback():
    """On stderr, with how it ended and after how long."""
    out, err = shown(ok=False, outcome="raised", error=ERROR, result=None)
    assert out == "adding\n"
    assert err.splitlines()[1:] == [
        '  File "a.py", line 3, in f', "    return {}['x']", "KeyError: 'x'",
        "a.py: raised after 0.04 s",
    ]  # fmt: skip


def test_nothing_of_it_steers_the_terminal():
    """Neither what it printed, nor its value, nor its error."""
    error = ERROR | {"message": "\x1b[2Jgone", "frames": []}
    out, _ = shown(printed="\x1b]0;x\x07a\r\tb\n", result="\x9b31m", ok=True, error=error)
    assert out == "]0;xa\tb\n31m\n"
    assert "\x1b" not in shown(ok=False, error=error)[1]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("returned", 0), ("raised", 65), ("hung", 124), ("died", 5), ("out of memory", 5), ("?", 5)],
)
def test_the_exit_code_is_that_of_the_end(
    kernel: FakeKernel, trait_folder: object, monkeypatch: pytest.MonkeyPatch, outcome, code
) -> None:
    """As the table of exit codes says."""
    answer = CALLED | {"outcome": outcome, "ok": outcome == "returned", "error": ERROR}
    monkeypatch.setattr(fake_kernel, "CALLED", answer)
    assert cli.main(["--home", str(kernel.home), "run", "model.py", "7", "--timeout", "2s"]) == code
    asked = kernel.asked[-1]
    assert asked.strings("args") == ("7",) and asked.number("timeout_s") == 2.0
    assert asked.text("name") == "model.py" and not asked.flag("pickle")
