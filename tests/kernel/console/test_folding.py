"""Lines that break between words."""

import io

import pytest

from Kernel.console.folding import columns_of, fold
from Kernel.console.values import THIN_SPACE


@pytest.mark.parametrize(
    ("text", "columns", "folded"),
    [
        ("cannot go on", 0, "cannot go on"),
        ("cannot go on", 12, "cannot go on"),
        ("  cannot go on", 11, "  cannot go\n   on"),
        (f"at tick 184{THIN_SPACE}402", 10, f"at tick\n   184{THIN_SPACE}402"),
        ("see /a/path/longer/than-that", 10, "see\n   /a/path/longer/than-that"),
    ],
)
def test_where_a_line_breaks(text, columns, folded):
    """Between words, never inside a number or a path; not at all where there is no width."""
    assert fold(text, columns, 3) == folded


def test_only_a_terminal_has_a_width(monkeypatch):
    """A pipe takes lines whole."""
    monkeypatch.setenv("COLUMNS", "64")

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert columns_of(Terminal()) == 64 and columns_of(io.StringIO()) == 0
