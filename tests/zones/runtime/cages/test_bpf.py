"""Programs of classic BPF: what they decide, and jumps of any length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zones.runtime.cages.bpf import (
    ALLOW,
    IF_AT_LEAST,
    IF_EQUAL,
    IF_GREATER,
    IF_SET,
    KILL,
    NUMBER_AT,
    Assembler,
    argument_at,
    judge,
)

AUDIT = 0xC000003E


def chain(count: int) -> bytes:
    """Return a program that allows even numbers below twice `count`, and kills for others."""
    code = Assembler()
    code.load(NUMBER_AT)
    for number in range(count):
        code.test(IF_EQUAL, 2 * number, yes="allow")
    code.jump("kill")
    code.label("allow")
    code.give(ALLOW)
    code.label("kill")
    code.give(KILL)
    return code.program()


@pytest.mark.parametrize("count", [1, 254, 255, 256, 257, 300, 700])
def test_jumps_reach_however_far(count):
    """A byte holds 255 steps: farther ones take a step more, which moves all the others."""
    program = chain(count)
    assert len(program) // 8 >= count + 4
    for number in range(2 * count + 2):
        wanted = ALLOW if number % 2 == 0 and number < 2 * count else KILL
        assert judge(program, AUDIT, number) == wanted, number


def test_both_ways_of_a_test_may_be_far():
    """Each has its own step to go on from."""
    code = Assembler()
    code.load(NUMBER_AT)
    code.test(IF_GREATER, 5, yes="far", no="farther")
    for number in range(300):
        code.test(IF_EQUAL, number)
    code.label("far")
    code.give(1)
    code.label("farther")
    code.give(2)
    program = code.program()
    assert [judge(program, AUDIT, number) for number in (5, 6)] == [2, 1]


@given(
    st.sampled_from([IF_EQUAL, IF_GREATER, IF_AT_LEAST, IF_SET]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**64 - 1),
)
def test_a_test_asks_the_low_word(code, k, value):
    """Of an argument of 64 bits, the half that is loaded."""
    wanted = {
        IF_EQUAL: lambda a: a == k,
        IF_GREATER: lambda a: a > k,
        IF_AT_LEAST: lambda a: a >= k,
        IF_SET: lambda a: a & k > 0,
    }[code]
    for high in (False, True):
        written = Assembler()
        written.load(argument_at(3, high))
        written.test(code, k, yes="yes")
        written.give(0)
        written.label("yes")
        written.give(1)
        word = value >> 32 if high else value % 2**32
        assert judge(written.program(), AUDIT, 0, (0, 0, 0, value)) == wanted(word)


def test_a_mask_keeps_its_bits():
    """What is asked then is asked of these bits only."""
    code = Assembler()
    code.load(argument_at(0))
    code.mask(0xF)
    code.test(IF_EQUAL, 1, no="no")
    code.give(1)
    code.label("no")
    code.give(0)
    program = code.program()
    assert [judge(program, AUDIT, 0, (value,)) for value in (0x801, 0x802)] == [1, 0]


def test_a_program_that_goes_back_or_is_too_long_is_our_mistake():
    """The OS would refuse both, and the process would go unheld."""
    code = Assembler()
    code.label("back")
    code.load(NUMBER_AT)
    code.jump("back")
    with pytest.raises(AssertionError, match="only jumps forward"):
        code.program()
    with pytest.raises(AssertionError, match="too long"):
        chain(4096)
    with pytest.raises(AssertionError, match="stands twice"):
        code.label("back")
