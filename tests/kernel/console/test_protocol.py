"""One connection as a pure conversation: bytes in, requests out, answers in order, all bounded."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from Kernel.console.protocol import (
    LINE_BYTES_MAX,
    LINES_PER_TURN_MAX,
    OUTPUT_BYTES_MAX,
    PENDING_MAX,
    REPLY_BYTES_MAX,
    Conversation,
    encode_error,
    encode_result,
)
from Kernel.console.request import parse_request
from Kernel.contract.errors import MoltError, Refused, UsageError

STATUS = b'{"command": "status"}\n'
GOOD = (b'{"command": "status"}', b'{"command": "step", "args": {"steps": 3}}')
LINES = st.sampled_from(GOOD) | st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b""))


def replies(raw: bytes | bytearray) -> list[dict[str, object]]:
    """Return the replies in the output."""
    return [json.loads(line) for line in bytes(raw).splitlines()]


@given(st.lists(LINES, max_size=30), st.data())
def test_chunks_do_not_matter(lines: list[bytes], data: st.DataObject) -> None:
    """However the bytes are cut, the output is that of answering line by line."""
    expected = b""
    for line in lines:
        if line.strip():
            try:
                expected += encode_result({"saw": parse_request(line).command})
            except UsageError as error:
                expected += encode_error(error)
    stream = b"".join(line + b"\n" for line in lines)
    talk, got = Conversation(), bytearray()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        talk.receive(stream[:size])
        stream = stream[size:]
        while talk.wants_turn or b"\n" in talk._input:
            for number, request in talk.take():
                talk.answer(number, encode_result({"saw": request.command}))
            got += talk.output
            talk.sent(len(talk.output))
    talk.end()
    assert talk.take() == []
    assert bytes(got) == expected
    assert talk.finished


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 40))
def test_answers_come_in_order_of_requests(choices: list[int], count: int) -> None:
    """In whatever order things happen, every request is answered once, in its place."""
    talk = Conversation()
    for steps in range(1, count + 1):
        talk.receive(b'{"command": "step", "args": {"steps": %d}}\n' % steps)
    open_requests: list[tuple[int, int]] = []
    got = bytearray()
    for choice in [*choices, *([0] * count)]:
        open_requests += [(n, request.integer("steps") or 0) for n, request in talk.take()]
        assert talk.pending_count <= PENDING_MAX
        if open_requests:
            number, steps = open_requests.pop(choice % len(open_requests))
            talk.answer(number, encode_result({"steps": steps}))
        got += talk.output
        talk.sent(len(talk.output))
    assert [reply["result"] for reply in replies(got)] == [
        {"steps": steps} for steps in range(1, count + 1)
    ]
    assert talk.pending_count == 0


@given(st.lists(st.binary(max_size=2000), max_size=40), st.booleans())
@settings(max_examples=60)
def test_any_bytes_are_survived_within_bounds(chunks: list[bytes], ends: bool) -> None:
    """Whatever comes, nothing raises and nothing grows beyond its limit."""
    talk = Conversation()
    for chunk in chunks:
        talk.receive(chunk[: talk.room_bytes])
        for number, _request in talk.take():
            talk.answer(number, encode_error(Refused("cannot")))
        assert len(talk.output) <= OUTPUT_BYTES_MAX
        assert 0 <= talk.room_bytes <= LINE_BYTES_MAX + 1
    if ends:
        talk.end()
        talk.take()
        talk.sent(len(talk.output))
        assert talk.finished


def test_half_a_line_is_no_request() -> None:
    """A request counts when its newline is there, not before."""
    talk = Conversation()
    talk.receive(STATUS[:-1])
    assert talk.take() == []
    assert not talk.output
    talk.receive(b"\n")
    assert [request.command for _, request in talk.take()] == ["status"]


def test_a_line_cut_off_by_the_end_is_refused() -> None:
    """Bytes without a newline at the end of the connection are answered with an error."""
    talk = Conversation()
    talk.receive(STATUS + STATUS[:-1])
    talk.end()
    [(number, _)] = talk.take()
    assert not talk.finished
    talk.answer(number, encode_result({}))
    first, second = replies(talk.output)
    assert first["ok"] is True
    assert "without a newline" in str(second["error"])
    talk.sent(len(talk.output))
    assert talk.finished


def test_a_line_of_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    """The limit is exact: LINE_BYTES_MAX is read, one byte more ends the conversation."""
    line = STATUS[:-1].ljust(LINE_BYTES_MAX) + b"\n"
    talk = Conversation()
    talk.receive(line)
    assert len(talk.take()) == 1
    talk = Conversation()
    talk.receive(line[:-1] + b" ")
    assert talk.take() == []
    assert "above 524288 bytes" in str(replies(talk.output)[0]["error"])
    assert not talk.wants_read
    talk.sent(len(talk.output))
    assert talk.finished


def test_more_than_the_limit_of_requests_waits() -> None:
    """The ninth request is taken when the first is answered; until then nothing more is read."""
    talk = Conversation()
    talk.receive(STATUS * (PENDING_MAX + 2))
    first = talk.take()
    assert len(first) == PENDING_MAX
    assert not talk.wants_read
    assert not talk.wants_turn
    assert talk.take() == []
    talk.answer(first[1][0], encode_result({}))
    assert not talk.wants_turn, "the second answer is held back by the first"
    talk.answer(first[0][0], encode_result({}))
    assert talk.wants_turn
    assert len(talk.take()) == 2
    assert talk.pending_count == PENDING_MAX


def test_one_who_never_reads_is_given_up() -> None:
    """When the output limit is met everything is let go and late answers do no harm."""
    talk = Conversation()
    line = encode_result({"x": "y" * (REPLY_BYTES_MAX - 100)})
    talk.receive(STATUS)
    [(late, _)] = talk.take()
    for _ in range(PENDING_MAX - 1):
        talk.receive(STATUS)
        [(number, _)] = talk.take()
        talk.answer(number, line)
    assert not talk.output
    talk.answer(late, line)
    assert talk.overflowed and talk.finished
    assert not talk.output and not talk.wants_read and not talk.wants_turn
    talk.answer(late, line)


def test_a_flood_of_nonsense_is_cut_off() -> None:
    """A buffer of the shortest bad lines is read in small turns and ends in a closed connection."""
    talk = Conversation()
    talk.receive(b"x\n" * (LINE_BYTES_MAX // 2))
    turns = 0
    while not talk.overflowed:
        before = talk.malformed_count
        assert talk.take() == []
        assert 0 < talk.malformed_count - before <= LINES_PER_TURN_MAX
        assert talk.wants_turn or talk.overflowed
        turns += 1
    assert turns > 10
    assert talk.finished


def test_blank_lines_are_nothing() -> None:
    """Empty lines get no answer."""
    talk = Conversation()
    talk.receive(b"\n \r\n" + STATUS)
    assert len(talk.take()) == 1
    assert not talk.output


def test_results_that_cannot_be_sent_become_errors() -> None:
    """A result that is no JSON, or too large, is answered with an error and not with a crash."""
    loop: dict[str, object] = {}
    loop["self"] = loop
    bad: list[dict[str, object]] = [
        {"a": float("nan")},
        {"a": object()},
        {"a": "x" * REPLY_BYTES_MAX},
        loop,
    ]
    for result in bad:
        [reply] = replies(encode_result(result))
        assert reply["ok"] is False
        assert len(encode_result(result)) <= REPLY_BYTES_MAX


@given(st.text(), st.text())
def test_errors_fit_their_line(message: str, hint: str) -> None:
    """Whatever an error says, its reply is one line of bounded length."""
    line = encode_error(MoltError(message * 50, hint * 50))
    assert line.count(b"\n") == 1 and line.endswith(b"\n")
    assert len(line) < REPLY_BYTES_MAX
    assert json.loads(line)["error"]["code"] == 1
