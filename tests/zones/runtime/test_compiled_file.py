"""Compiled code comes back as it was made, or not at all; its pipe is closed before it is used."""

import os
from collections.abc import Iterator

import pytest

from Kernel.contract.call_job import COMPILED_BUILD, unframe_compiled
from zones.runtime import compiled_file
from zones.runtime.compiled_file import CodeRoad, compile_file, pack_compiled, unpack_compiled

SOURCE = b"def main():\n    return 6 * 7\nresult = main()\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give both ends of a pipe that never waits; the road closes the second."""
    ours, theirs = os.pipe2(os.O_NONBLOCK)
    yield ours, theirs
    os.close(ours)


def test_it_comes_back_as_it_was() -> None:
    """The code runs as before, with its file's name, and still says whether it has a main."""
    file = compile_file("a.py", SOURCE)
    again = unpack_compiled(pack_compiled(file))
    assert again is not None and again.has_main and again.code.co_filename == "a.py"
    names: dict[str, object] = {}
    exec(again.code, names)
    assert names["result"] == 42


@pytest.mark.parametrize(
    ("source", "has_main"),
    [
        (b"async def main(): pass", True),
        (b"class main: pass", False),
        (b"if 1:\n def main(): pass", False),
    ],
)
def test_a_main_is_a_function_of_the_module(source: bytes, has_main: bool) -> None:
    """Neither a class nor what lies within a block."""
    assert compile_file("a.py", source).has_main is has_main


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"anything",
        COMPILED_BUILD,
        COMPILED_BUILD + b"\xff",
        COMPILED_BUILD[:-1]
        + b"\x00"
        + pack_compiled(compile_file("a", b""))[len(COMPILED_BUILD) :],
        COMPILED_BUILD + compiled_file.marshal.dumps(3),
        COMPILED_BUILD + compiled_file.marshal.dumps((True, "code")),
        pack_compiled(compile_file("a.py", SOURCE))[:-5],
    ],
)
def test_what_is_no_code_is_compiled_anew(data: bytes) -> None:
    """Of another Python, cut short, something else: none is an error."""
    assert unpack_compiled(data) is None
    file = CodeRoad(data, None).compiled("a.py", SOURCE)
    assert file.code == compile_file("a.py", SOURCE).code


def test_new_code_goes_out_before_anything_runs(pipe: tuple[int, int]) -> None:
    """It lies in the pipe, whole, and the cell's end is closed."""
    road = CodeRoad(b"", pipe[1])
    file = road.compiled("a.py", SOURCE)
    sent = unframe_compiled(os.read(pipe[0], 65536))
    assert sent is not None
    again = unpack_compiled(sent)
    assert again is not None and again.code == file.code
    assert road.fds == () and os.read(pipe[0], 1) == b""


def test_kept_code_is_used_and_not_sent_again(pipe: tuple[int, int]) -> None:
    """What stands under the key is run, the source is not looked at."""
    kept = pack_compiled(compile_file("a.py", b"result = 1"))
    assert CodeRoad(kept, pipe[1]).compiled("a.py", SOURCE).code.co_names == ("result",)
    assert os.read(pipe[0], 1) == b""


def test_what_is_no_python_closes_the_way_too(pipe: tuple[int, int]) -> None:
    """Nothing is sent, and nothing stays open for later."""
    with pytest.raises(SyntaxError):
        CodeRoad(b"", pipe[1]).compiled("a.py", b"def")
    assert os.read(pipe[0], 1) == b""


def test_what_does_not_fit_is_left_out(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too much code is not sent; a pipe that is full takes a part, which nobody takes for code."""
    monkeypatch.setattr(compiled_file, "COMPILED_BYTES_MAX", 10)
    CodeRoad(b"", os.dup(pipe[1])).compiled("a.py", SOURCE)
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 1)
    monkeypatch.undo()
    large = b"x = " + b"(" + b", ".join(b"'%d'" % n for n in range(20_000)) + b")"
    assert CodeRoad(b"", pipe[1]).compiled("a.py", large).code
    assert unframe_compiled(os.read(pipe[0], 1 << 20)) is None
