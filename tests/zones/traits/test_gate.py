"""What is refused as bytes, before any parser sees it, and what is not."""

import pytest

from zones.traits.contract import LINES_MAX, NESTING_MAX, SOURCE_BYTES_MAX
from zones.traits.gate import OPERATORS_MAX, read_text
from zones.traits.verdict import Refusal

REFUSED = [
    (b"x" * (SOURCE_BYTES_MAX + 1), "size"),
    (b"\n" * (LINES_MAX + 1), "size"),
    (b"\xef\xbb\xbfx = 1", "encoding"),
    ("x = 'é'".encode("latin-1"), "encoding"),
    (b"x = '\xed\xa0\x80'", "encoding"),
    (b"x = '\xc0\x80'", "encoding"),
    (b"# -*- coding: utf-7 -*-\n", "encoding"),
    (b"\n  # vim: set fileencoding=utf-8 :\n", "encoding"),
    (b"x = '\0'", "control"),
    (b"x = 1\x0c", "control"),
    (b"x = 1\ry = 2", "control"),
    (b"x = '\x1b[2J'", "control"),
    ("x = '\x85'".encode(), "control"),
    ("x = '\u2028'".encode(), "control"),
    ("x = '\u202e'".encode(), "hidden"),
    ("x = '\u2066'".encode(), "hidden"),
    ("# \u200b".encode(), "hidden"),
    ("# \U000e0041".encode(), "hidden"),
    (b"(" * (NESTING_MAX + 1), "depth"),
    (b"x = " + b"[" * 60 + b"]" * 60, "depth"),
    (b"x = " + b"{0:" * 60 + b"1" + b"}" * 60, "depth"),
    (b"x = " + b"-" * 10_000 + b"1", "depth"),
    (b"x = " + b"- " * 10_000 + b"1", "depth"),
    (b"x = " + b"~" * 100 + b"1", "depth"),
    (b"x = " + b"not " * 1000 + b"1", "depth"),
    (b"x = " + b"lambda:" * 1000 + b"1", "depth"),
    (b"x = " + b"a if b < c else " * 45 + b"1", "depth"),
    (b"x = 1" + b"+1" * 1000, "depth"),
    (b"x = 1" + b"**1" * 1000, "depth"),
    (b"x = 1" + b" if 1 else 1" * 100, "depth"),
    (b"x = a" + b".a" * 1000, "depth"),
    (b"x = a" + b"()" * 1000, "depth"),
    (b"x = a" + b"[0]" * 1000, "depth"),
    (b"x = a" + b"\\\n.a" * 500, "depth"),
    (b'x = f"{' + b"(" * 50 + b')}"', "depth"),
    (b'x = f"{' + b"-" * 100 + b'1}"', "depth"),
    (b"".join(b" " * each + b"if x:\n" for each in range(60)), "depth"),
    (b"if x:\n pass\n" + b"elif x:\n pass\n" * 60, "depth"),
    (b"x = " + b"9" * 5000, "number"),
    (b"x = 0x" + b"f" * 5000, "number"),
]


@pytest.mark.parametrize(("data", "rule"), REFUSED, ids=lambda value: repr(value)[:32])
def test_refuses(data: bytes, rule: str) -> None:
    """Bytes that could mislead a reader or exhaust a parser are refused, by which rule."""
    with pytest.raises(Refusal) as refused:
        read_text(data)
    assert refused.value.rule == rule
    assert refused.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "x = 'a\tb'\n",
        "x = 1\r\ny = 2\r\n",
        "# größer, 大きい, 🙂\n",
        "x = '" + "-" * 5000 + "'\n",
        "# " + "-(" * 5000 + "\n",
        '"""' + "((((" * 500 + '"""\n',
        'x = f"' + "-" * 100 + ' {a.b}"\n',
        'x = f"{{{{{{ {a} }}}}}}"\n',
        "x = " + "(" * (NESTING_MAX - 2) + "1" + ")" * (NESTING_MAX - 2),
        "x = " + " + ".join("abc"[each % 3] for each in range(OPERATORS_MAX)),
        "x = [\n" + "    (a.b.c, -1, +2),\n" * 200 + "]\n",
        "x = " + " and ".join(["a.b.c > -1"] * 100),
        "if x:\n  pass\n" + "elif x:\n  pass\n" * (NESTING_MAX - 1),
        ("if x:\n  pass\nelif x:\n  pass\n" + "y = 1\n") * 100,
        "f(" + ", ".join(["a.b(c)"] * 200) + ")",
    ],
    ids=lambda value: repr(value)[:32],
)
def test_takes(text: str) -> None:
    """Honest text passes, however long what is not nested."""
    assert read_text(text.encode()) == text.replace("\r\n", "\n")


def test_says_where() -> None:
    """A refusal names the line, counted over strings, brackets and continuations."""
    text = '"""\n\n"""\nx = [\n1,\n]\ny = 1 + \\\n2\nz = ' + "-" * 100 + "1"
    with pytest.raises(Refusal) as refused:
        read_text(text.encode())
    assert refused.value.line == 9
