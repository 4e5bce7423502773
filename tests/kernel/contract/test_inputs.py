"""Inputs: one form in rings, events and files; what does not fit is refused on both sides."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.contract.codec import pack
from Kernel.contract.errors import CodecError
from Kernel.contract.inputs import (
    ADD_TRAIT,
    ALL,
    INPUT_BYTES_MAX,
    KINDS,
    MEMORY_MAX,
    MOODS_MAX,
    NEWBORNS,
    PAUSE,
    QUARANTINE,
    RELEASE_TRAIT,
    REMOVE_TRAIT,
    RESET_TRAITS,
    RESUME,
    SAFETY_KINDS,
    SET_PARAM,
    STATES,
    STEP,
    STEPS_MAX,
    SUSPEND_TRAIT,
    TIERS,
    VALUE_MAX,
    Input,
    TraitFacts,
    decode_input,
    parse_input,
)
from tests.kernel.contract.test_codec import MAPS, PLAIN

TICKS = st.integers(0, 2**62)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)
SLOTS = st.integers(1, 63)
TRAIT_NAMES = st.text(st.sampled_from("abcdefgh"), min_size=1, max_size=32)
TRAITS = st.builds(
    TraitFacts,
    TRAIT_NAMES,
    st.integers(1, 2**31 - 1),
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.sampled_from(TIERS),
    st.sampled_from(STATES),
    moods=st.lists(st.text("abcd", min_size=1, max_size=16), max_size=MOODS_MAX, unique=True).map(
        tuple
    ),
    carriers=st.sampled_from([ALL, NEWBORNS]),
) | st.builds(
    TraitFacts,
    TRAIT_NAMES,
    st.just(1),
    st.just("0" * 64),
    st.just("native"),
    st.just("carried"),
    st.integers(0, MEMORY_MAX),
)
INPUTS = st.one_of(
    st.builds(Input, st.just(ADD_TRAIT), TICKS, trait=TRAITS),
    st.builds(Input, st.just(REMOVE_TRAIT), TICKS, name=TRAIT_NAMES),
    st.builds(Input, st.just(QUARANTINE), TICKS, slot=SLOTS),
    st.builds(Input, st.just(RELEASE_TRAIT), TICKS, slot=SLOTS),
    st.builds(Input, st.just(SUSPEND_TRAIT), TICKS, slot=SLOTS, why=st.text("abc ", max_size=200)),
    st.builds(Input, st.just(RESET_TRAITS), slots=st.lists(SLOTS, min_size=1).map(tuple)),
    st.builds(Input, st.sampled_from([PAUSE, RESUME]), TICKS),
    st.builds(Input, st.just(STEP), TICKS, st.integers(1, STEPS_MAX)),
    st.builds(
        Input, st.just(SET_PARAM), TICKS, st.just(0), NAMES, st.floats(-VALUE_MAX, VALUE_MAX)
    ),
)


@pytest.mark.slow
@settings(deadline=None)
@given(INPUTS)
def test_round_trip(entry: Input) -> None:
    """An input in range is equal after the ring and after a file."""
    assert decode_input(entry.encode()) == entry
    assert parse_input(entry.fields()) == entry
    assert len(entry.encode()) <= INPUT_BYTES_MAX


HUNTER = TraitFacts("Hunter", 1, "a" * 64, "native", "none").fields()


@settings(deadline=None)
@given(INPUTS, st.data())
def test_one_change_is_refused_or_sound(entry: Input, data: st.DataObject) -> None:
    """Any one key changed gives CodecError or an input that encodes again."""
    fields: dict[str, Any] = entry.fields()
    key = data.draw(st.sampled_from(["at_tick", "steps", "param", "value", "more", *fields]))
    fields[key] = data.draw(PLAIN)
    try:
        parsed = parse_input(fields)
    except CodecError as error:
        assert str(error).startswith("cannot read input")
    else:
        assert decode_input(parsed.encode()) == parsed


@settings(deadline=None)
@given(st.binary(max_size=60) | MAPS.map(pack))
def test_hostile_bytes(data: bytes) -> None:
    """A ring entry of any bytes raises CodecError and nothing else."""
    with pytest.raises(CodecError):
        decode_input(data)


@pytest.mark.parametrize(
    "entry",
    [
        Input("world.eat"),
        Input(STEP, steps=0),
        Input(STEP, steps=STEPS_MAX + 1),
        Input(PAUSE, at_tick=-1),
        Input(PAUSE, at_tick=2**62 + 1),
        Input(PAUSE, at_tick=True),
        Input(SET_PARAM),
        Input(SET_PARAM, param="x" * 65, value=1.0),
        Input(SET_PARAM, param="friction", value=float("nan")),
        Input(SET_PARAM, param="friction", value=float("inf")),
        Input(SET_PARAM, param="friction", value=10**400),
        Input(SET_PARAM, param="friction", value=True),
    ],
)
def test_out_of_range_is_refused_before_it_is_sent(entry: Input) -> None:
    """The kernel cannot put into an inbox what the world would refuse to read."""
    with pytest.raises(CodecError, match="cannot read input"):
        entry.encode()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": None},
        {"kind": ["world.pause"]},
        {"kind": SET_PARAM, "param": "friction"},
        {"kind": SET_PARAM, "value": 1.0},
        {"kind": PAUSE, "steps": 1},
        {"kind": STEP, "steps": 1.0},
        {"kind": QUARANTINE, "slot": 0},
        {"kind": REMOVE_TRAIT},
        {"kind": REMOVE_TRAIT, "name": "\ud800"},
        {"kind": RESET_TRAITS, "slots": [64]},
        {"kind": ADD_TRAIT, "name": "Hunter"},
        {"kind": ADD_TRAIT, **HUNTER, "version": 0},
        {"kind": ADD_TRAIT, **HUNTER, "name": "x" * 33},
        {"kind": ADD_TRAIT, **HUNTER, "hash": "G" * 64},
        {"kind": ADD_TRAIT, **HUNTER, "tier": "fast"},
        {"kind": ADD_TRAIT, **HUNTER, "memory": 1},
        {"kind": ADD_TRAIT, **HUNTER, "moods": ["calm", "calm"]},
        {"kind": ADD_TRAIT, **HUNTER, "moods": [["calm"]]},
        {"kind": ADD_TRAIT, **HUNTER, "carriers": "some"},
    ],
)
def test_missing_and_foreign_keys(fields: dict[str, Any]) -> None:
    """Each kind takes its own keys, all of them, and no other."""
    with pytest.raises(CodecError, match="cannot read input"):
        parse_input(fields)


def test_defaults() -> None:
    """A file may leave out the tick and the number of steps; whole numbers are values too."""
    assert parse_input({"kind": STEP}) == Input(STEP, 0, 1)
    assert parse_input({"kind": RESUME}) == Input(RESUME)
    value = parse_input({"kind": SET_PARAM, "param": "a", "value": 2}).value
    assert (type(value), value) == (float, 2.0)
    assert set(SAFETY_KINDS) <= set(KINDS)
