"""Job and answer of a call: a job arrives as it was sent; an answer is believed in nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.call_job import (
    ANSWER_BYTES_MAX,
    COMPILED_BYTES_MAX,
    DEPTH_MAX,
    FRAMES_MAX,
    TEXT_MAX,
    CallJob,
    JobKind,
    Outcome,
    frame_compiled,
    pack_job,
    parse_told,
    unframe_compiled,
    unpack_job,
)
from Kernel.contract.errors import CodecError

ANSWER = {"outcome": "returned", "result": [1, {"a": 2.5}], "printed": "x\n", "dropped_bytes": 0,
          "error": None}  # fmt: skip
ERROR = {"type": "ValueError", "message": "no", "line": 3, "frames": [["a.py", 3, "f", "raise"]]}


@given(
    st.sampled_from(JobKind),
    st.text(),
    st.binary(),
    st.lists(st.text()),
    st.floats(0.1, 1e6),
    st.integers(1, 2**40),
)
def test_a_job_arrives_as_it_was_sent(kind, name, payload, args, timeout_s, output_bytes):
    """Whatever is in it: newlines in names, any bytes."""
    job = CallJob(kind, name, payload, tuple(args), timeout_s, output_bytes)
    assert unpack_job(pack_job(job)) == job


@pytest.mark.parametrize("data", [b"", b"{}\n", b"{}", b"[]\nx", b'{"kind": "x"}\n', b"\xff\n"])
def test_what_is_no_job_is_refused(data):
    """Cut, of another kind, no JSON."""
    with pytest.raises(CodecError, match="cannot read a job"):
        unpack_job(data)


def test_an_answer_is_read():
    """A value with what was printed; an error with its frames."""
    told = parse_told(ANSWER)
    assert (told.outcome, told.result, told.printed) == (Outcome.RETURNED, [1, {"a": 2.5}], "x\n")
    raised = parse_told({**ANSWER, "outcome": "raised", "result": None, "error": ERROR})
    assert raised.error == ERROR


def nested(depth):
    """Return lists in each other."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "lie",
    [
        {"outcome": "died"},  # not its to say
        {"outcome": 3},
        {"result": float("nan")},
        {"result": float("inf")},
        {"result": "\ud800"},
        {"result": nested(DEPTH_MAX + 2)},
        {"result": "x" * ANSWER_BYTES_MAX},
        {"result": "\u20ac" * (ANSWER_BYTES_MAX // 5)},  # short as it came, long as it goes on
        {"printed": None},
        {"printed": "\udfff"},
        {"dropped_bytes": -1},
        {"dropped_bytes": True},
        {"error": ERROR},
        {"outcome": "raised"},
        {"more": 1},
        {"outcome": "raised", "error": {**ERROR, "line": -1}},
        {"outcome": "raised", "error": {**ERROR, "type": None}},
        {"outcome": "raised", "error": {**ERROR, "message": "x" * (TEXT_MAX + 1)}},
        {"outcome": "raised", "error": {**ERROR, "frames": [["a", 1, "b", "c"]] * 99}},
        {"outcome": "raised", "error": {**ERROR, "frames": [["a", 1, "b"]]}},
        {"outcome": "raised", "error": {**ERROR, "frames": [["a", "1", "b", "c"]]}},
        {"outcome": "raised", "error": [ERROR]},
    ],
)
def test_a_lie_is_no_answer(lie):
    """Nothing of the wrong type, too long, too deep, or that contradicts itself."""
    with pytest.raises(CodecError, match="cannot use an answer"):
        parse_told({**ANSWER, **lie})


@pytest.mark.parametrize("key", sorted(ANSWER))
def test_a_part_that_is_missing_is_no_answer(key):
    """Every key of an answer must be there."""
    with pytest.raises(CodecError):
        parse_told({name: value for name, value in ANSWER.items() if name != key})


def test_what_passes_can_be_sent_on():
    """As deep and with as many frames as allowed, it still is JSON."""
    error = {**ERROR, "frames": [["a.py", 1, "f", ""]] * FRAMES_MAX}
    told = parse_told({**ANSWER, "outcome": "raised", "result": nested(60), "error": error})
    assert json.loads(json.dumps([told.result, told.error], allow_nan=False))


@pytest.mark.parametrize("code", [b"c", bytes(70_000), bytes(COMPILED_BYTES_MAX)])
def test_compiled_code_comes_through_whole(code):
    """As it was framed."""
    assert unframe_compiled(frame_compiled(code)) == code


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1234567",
        frame_compiled(b""),
        frame_compiled(b"code")[:-1],
        frame_compiled(b"code") + b"x",
        b"\xff" * 8 + b"code",
        frame_compiled(bytes(COMPILED_BYTES_MAX + 1)),
    ],
)
def test_what_is_not_whole_is_no_code(data):
    """Cut short, longer than it says, empty, too much."""
    assert unframe_compiled(data) is None
