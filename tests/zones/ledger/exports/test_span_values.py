"""What of a payload goes into a span."""

from tests.zones.ledger.exports.samples import CHANGED
from zones.ledger.exports.span_values import count_lines


def test_lines_of_a_patch_are_counted() -> None:
    """Heads of files are no lines; a removed line that begins with dashes is."""
    assert count_lines(CHANGED["diff_patch"]) == (2, 1)
    assert count_lines("") == (0, 0)
    assert count_lines("--- a\n+++ b\n---x\n+++\n") == (1, 1)
