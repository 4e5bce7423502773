"""Requests: whatever the line holds, the result fits the table or is a clear refusal."""

import json
import string
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.console.command_types import Argument, Kind, Place
from Kernel.console.commands import COMMANDS
from Kernel.console.request import Request, check_request, parse_request, told_arguments
from Kernel.console.wait_expression import WaitExpression
from Kernel.contract.errors import UsageError
from Kernel.contract.event_filter import Since

SAMPLES = {
    Kind.INTEGER: st.integers(),
    Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9),
    Kind.NAME: st.text(string.ascii_letters, min_size=1, max_size=64),
    Kind.CLASS_NAME: st.sampled_from(["Forager", "_Own", "Ünïcödé"]),
    Kind.DURATION: st.sampled_from(["1s", "20ms", 3, 4.5]),
    Kind.EXPRESSION: st.sampled_from(["tick=5", "paused=true and epoch>3"]),
    Kind.WORDS: st.text(max_size=64),
    Kind.FILTERS: st.lists(st.sampled_from(["kind=zone.*", "pid=7"]), max_size=8),
    Kind.STRINGS: st.lists(st.text(max_size=64), max_size=8),
    Kind.LABEL: st.text(string.printable[:95], min_size=1, max_size=200),
    Kind.SINCE: st.sampled_from(["5m", "tick:1\u2009000", "#17", "2.5s"]),
    Kind.FLAG: st.booleans(),
    Kind.FILE: st.binary(max_size=64).map(lambda data: b64encode(data).decode()),
}
ASKABLE = (Place.KERNEL, Place.LOCAL)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def sample(argument: Argument) -> st.SearchStrategy[object]:
    """Return values that an argument takes."""
    if argument.kind is Kind.CHOICE:
        return st.sampled_from(argument.choices)
    if argument.kind is Kind.INTEGER:
        return st.integers(argument.low, argument.high)
    return SAMPLES[argument.kind]


@st.composite
def good_requests(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """Draw a command with arguments that fit the table."""
    command = draw(st.sampled_from([c for c in COMMANDS if c.place in ASKABLE]))
    args: dict[str, object] = {}
    for argument in command.takes:
        allowed = not argument.needs or argument.needs in args
        if not argument.client_only and allowed and (argument.required or draw(st.booleans())):
            args[argument.name] = draw(sample(argument))
    return command.name, args


@given(good_requests())
def test_takes_what_fits_the_table(asked: tuple[str, dict[str, object]]) -> None:
    """A request that fits keeps its values, and defaults fill in what was left out."""
    name, args = asked
    request = parse_request(json.dumps({"command": name, "args": args}).encode())
    assert request.command == name
    for key, value in args.items():
        got = request.args[key]
        if isinstance(got, WaitExpression | Since):
            assert got.text == value
        elif isinstance(got, tuple) and key == "args":
            assert list(got) == value
        elif isinstance(got, tuple):
            assert [f"{each.field}={each.pattern}" for each in got] == value
        elif not isinstance(value, str) or isinstance(got, str):
            assert got == value
    command = next(command for command in COMMANDS if command.name == name)
    for argument in command.arguments:
        if argument.default is not None:
            assert argument.name in request.args


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_refused(line: bytes) -> None:
    """No bytes lead to anything but a request or a UsageError that begins with "cannot"."""
    check_outcome(line)


@given(st.sampled_from([command.name for command in COMMANDS]), JSON)
def test_any_args_are_a_request_or_refused(name: str, args: object) -> None:
    """No args lead to anything but a request or a UsageError."""
    check_outcome(json.dumps({"command": name, "args": args}).encode())


@given(good_requests(), st.data())
def test_one_wrong_value_is_refused(
    asked: tuple[str, dict[str, object]], data: st.DataObject
) -> None:
    """Putting a value of a foreign type in the place of any argument is refused, with a hint."""
    name, args = asked
    if args:
        key = data.draw(st.sampled_from(sorted(args)))
        args[key] = data.draw(st.sampled_from([{}, [1], {"a": 1}]))
        with pytest.raises(UsageError) as caught:
            check_request(name, args)
        assert caught.value.hint == f"molt help {name}"
        assert key in caught.value.message


def check_outcome(line: bytes) -> None:
    """Parse a line and check that an error is one of ours, short and printable."""
    try:
        assert isinstance(parse_request(line), Request)
    except UsageError as error:
        assert error.message.startswith("cannot ")
        assert len(error.message) < 300


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"", "not a JSON object"),
        (b"[" * 60_000, "not a JSON object"),
        (b'{"command": "pause", "args": {"at_tick": ' + b"9" * 60_000 + b"}}", "not a JSON object"),
        (b'{"command": "pause", "command": "shutdown"}', "a key stands twice"),
        (b'{"command": "params", "args": {"key": "x", "value": NaN}}', "NaN is not a number"),
        (b'{"command": 5}', 'no "command" word'),
        (b'"status"', 'no "command" word'),
        (b'{"command": "status", "args": []}', "takes"),
        (b'{"command": "status", "id": 7}', "takes"),
        (b'{"command": "statsu"}', "did you mean 'status'"),
        (b'{"command": "status", "args": {"check": true}}', "'check' is not known"),
        (b'{"command": "world run"}', "needs no kernel"),
        (b'{"command": "drill", "args": {"kind": "kill"}}', "ZONE is missing"),
        (b'{"command": "drill", "args": {"kind": "maim", "zone": "stable"}}', "one of kill"),
        (b'{"command": "drill", "args": {"kind": "kill", "zone": "../x"}}', "a name of letters"),
        (b'{"command": "step", "args": {"steps": 0}}', "from 1 to 1000000"),
        (b'{"command": "step", "args": {"steps": 1.0}}', "whole number"),
        (b'{"command": "step", "args": {"steps": true}}', "whole number"),
        (b'{"command": "params", "args": {"value": 3}}', "makes no sense without key"),
        (b'{"command": "params", "args": {"key": "x", "at_tick": 3}}', "without value"),
        (b'{"command": "params", "args": {"key": "x", "value": 1e999}}', "a number"),
        (b'{"command": "wait"}', "EXPR is missing"),
        (b'{"command": "wait", "args": {"for": "tick=5", "timeout_s": -1}}', "a duration from 0"),
    ],
)
def test_refuses(line: bytes, said: str) -> None:
    """Each of these is refused with words that name what is wrong."""
    with pytest.raises(UsageError) as caught:
        parse_request(line)
    assert said in caught.value.message


def test_typed_access() -> None:
    """The typed getters return the value, or None for what was left out."""
    request = parse_request(b'{"command": "wait", "args": {"for": "tick=5", "timeout_s": "2m"}}')
    assert request.number("timeout_s") == 120.0
    wanted = request.expression("for")
    assert wanted is not None and wanted.holds({"tick": 5})
    assert check_request("pause", {}).integer("at_tick") is None
    assert check_request("step", {}).integer("steps") == 1
    assert check_request("soft-restart", {}).text("zone") == "stable"
    with pytest.raises(AssertionError):
        request.text("for")


@pytest.mark.parametrize(
    ("raw", "name"),
    [("Forager", "Forager"), ("_Own", "_Own"), ("Ünïcödé", "Ünïcödé"), ("ﬁnder", "finder")],
)
def test_a_trait_of_any_name_can_be_taken_out(raw, name):
    """What Python takes as the name of a class is taken, in the way Python keeps it."""
    assert check_request("trait remove", {"name": raw}).text("name") == name


@pytest.mark.parametrize("raw", ["", "../x", "a b", "a-b", "9x", "x" * 65, "a\x01", "\udc80", 3])
def test_what_is_no_name_of_a_class_is_refused(raw):
    """Nothing of it goes further."""
    with pytest.raises(UsageError, match="the name of a class"):
        check_request("trait remove", {"name": raw})


@pytest.mark.parametrize(
    "args",
    [
        {"args": "x"},
        {"args": [1]},
        {"args": ["x"] * 65},
        {"args": ["x" * 4097]},
        {"name": ""},
        {"name": "a\nb"},
        {"name": "x" * 201},
        {"name": 7},
        {"pickle": 1},
        {"timeout_s": 3601},
        {"source": b64encode(bytes(360 * 1024 + 1)).decode()},
    ],
)
def test_what_does_not_fit_run(args):
    """Words and names have limits; a file has one, too."""
    with pytest.raises(UsageError, match="cannot run 'run'"):
        check_request("run", {"source": "cGFzcwo="} | args)


def test_long_words_are_cut_where_an_event_tells_them():
    """An event has a limit; the file is told by its digest."""
    request = check_request("run", {"source": "cGFzcwo=", "args": ["x" * 4000] * 60})
    told = told_arguments(request)
    assert told["args"] == "x" * 200 and str(told["source"]).startswith("sha256:")
