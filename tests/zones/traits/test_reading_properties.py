"""Whatever bytes come: a checked tree or a refusal, never another exception, crash or hang."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zones.traits.corpus import honest, hostile
from zones.traits import names
from zones.traits.reading import check_source
from zones.traits.screening import screen
from zones.traits.verdict import Checked, Refusal
from zones.traits.word_lists import words

SOURCES = [*honest().values(), *list(hostile().values())[::5]]
WORDS = words(
    "class def async await return if elif else for in while try except finally with as lambda "
    "yield from import global nonlocal pass break continue del assert raise match case not and or "
    "is None True False : = == := , . ( ) [ ] { } + - * ** / // % @ & | ^ ~ << >> < -> += ; # \\ "
    "' \" ''' f'{ }' f\" r' b' 0 1 9 1e9 0x 1j ... _ Trait self entity execute super __init__ "
    "__class__ print eval x y move"
)
TOKENS = sorted(
    {
        *WORDS,
        *("\n", "\n    ", "\n        ", "\t", "\n\n", " ", "\r\n", "é", "𝐞", "\u202e", "\0"),
        *sorted(names.BUILTINS)[::7],
        *sorted(names.ATTRIBUTES)[::25],
        *names.MODULE_NAMES,
        "class A(Trait):\n    async def execute(self, entity):\n        ",
    }
)


def answer(data: bytes) -> Checked | Refusal:
    """Return what is said of a source; any exception but a refusal fails the test."""
    try:
        checked = check_source(data)
    except Refusal as refusal:
        assert refusal.rule and refusal.reason and refusal.line >= 0
        return refusal
    assert sum(isinstance(node, ast.ClassDef) for node in checked.tree.body) >= 1
    return checked


@pytest.mark.slow
@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes(data: bytes) -> None:
    """Random bytes are refused."""
    assert isinstance(answer(data), Refusal)


@pytest.mark.slow
@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text(text: str) -> None:
    """Random text gets an answer, after a good beginning, too."""
    answer(text.encode("utf-8", "surrogatepass"))
    answer(
        b"class A(Trait):\n    async def execute(self, entity):\n        "
        + text.encode("utf-8", "surrogatepass")
    )


@pytest.mark.slow
@given(st.lists(st.sampled_from(TOKENS), max_size=60), st.sampled_from([" ", ""]))
@settings(max_examples=250, deadline=None)
def test_any_tokens(tokens: list[str], between: str) -> None:
    """Soups of tokens get an answer."""
    answer(between.join(tokens).encode())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a source of the corpora with a few lines or tokens changed."""
    text = draw(st.sampled_from(SOURCES)).decode()
    for _ in range(draw(st.integers(1, 4))):
        lines = text.split("\n")
        at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        deed = draw(
            st.sampled_from(["drop", "twice", "swap", "indent", "insert", "cut", "replace"])
        )
        if deed == "drop":
            del lines[at]
        elif deed == "twice":
            lines.insert(to, lines[at])
        elif deed == "swap":
            lines[at], lines[to] = lines[to], lines[at]
        elif deed == "indent":
            lines[at] = "    " + lines[at]
        else:
            column = draw(st.integers(0, len(lines[at])))
            word = draw(st.sampled_from(TOKENS))
            end = column if deed == "insert" else column + draw(st.integers(1, 8))
            lines[at] = lines[at][:column] + ("" if deed == "cut" else word) + lines[at][end:]
        text = "\n".join(lines)
    return text.encode()


@pytest.mark.slow
@given(mutated())
@settings(max_examples=300, deadline=None)
def test_mutated_sources(data: bytes) -> None:
    """Sources of both corpora with a few changes get an answer."""
    answer(data)


@pytest.mark.slow
@given(mutated())
@settings(max_examples=25, deadline=None)
def test_the_child_says_the_same(data: bytes) -> None:
    """The verdict of the disposable child is that of the process itself."""
    said, verdict = answer(data), screen(data)
    assert verdict.accepted == isinstance(said, Checked)
    if isinstance(said, Refusal):
        assert (verdict.rule, verdict.line, verdict.reason) == (said.rule, said.line, said.reason)
