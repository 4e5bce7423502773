"""A call in a real sealed process: what it returns, prints and raises comes back as plain data."""

from collections.abc import Iterator
from dataclasses import replace

import cloudpickle
import numpy as np
import pytest

import tests.zones.runtime.test_called as this_module
from Kernel.contract.call_job import ANSWER_BYTES_MAX, CallJob, JobKind, parse_told
from tests.support.call_cells import LIMITS, Cells
from zones.runtime.cage import CageError, Layer
from zones.runtime.called import MODULES, run_call
from zones.runtime.compiled_file import compile_file, unpack_compiled

cloudpickle.register_pickle_by_value(this_module)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cells(tmp_path_factory) -> Iterator[Cells]:
    """Give a zygote whose cells run calls."""
    cells = Cells(tmp_path_factory.mktemp("cells"))
    yield cells
    cells.close()


def test_the_value_of_a_function_comes_back(cells):
    """With arguments by place and by name, and with what it closes over."""
    step = 3

    def scale(numbers, by=1):
        return {"scaled": [step * number * by for number in numbers]}

    told = cells.call(scale, (1, 2), by=10)
    assert (told["outcome"], told["result"]) == ("returned", {"scaled": [30, 60]})
    parse_told(told)


def test_arrays_come_and_go(cells):
    """The packages of numbers are there before the seal."""
    told = cells.call(lambda a: a @ a.T, np.arange(4.0).reshape(2, 2))
    assert told["result"] == [[1.0, 3.0], [3.0, 13.0]]


@pytest.mark.parametrize(
    ("text", "args", "result"),
    [
        ("result = 6 * 7", (), 42),
        ("x = 1", (), None),
        ("def main(): return 'called'", (), "called"),
        ("def main(*words): return list(words)", ("a", "b c"), ["a", "b c"]),
        ("import sys\nresult = sys.argv", ("--fast",), ["their.py", "--fast"]),
        ("def main(): return 1\nif __name__ == '__main__': main(5)", (), 1),
        ("if __name__ == '__main__': result = 2", (), 2),
        ("raise SystemExit", (), None),
        ("import sys\nsys.exit(0)", (), None),
        ("# -*- coding: latin-1 -*-\nresult = '\xe9'".encode("latin-1"), (), "\xe9"),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    b: int\nresult = A(3).b",
         (), 3),
    ],
)  # fmt: skip
def test_a_file_is_run(cells, text, args, result):
    """`main` is called where there is one, else the name `result` is the value."""
    told = cells.source(text, *args)
    assert (told["outcome"], told["result"], told["error"]) == ("returned", result, None)


def test_compiled_code_comes_out_and_goes_into_the_next(cells):
    """The same answer from both, with lines and text of an error; no bytes of it while it runs."""
    job = CallJob(JobKind.SOURCE, "their.py", b"def main(x):\n    return 6 / int(x)\n", ("0",))
    told, code = cells.run_compiled(job)
    assert code is not None and told["error"]["line"] == 2
    again, _ = cells.run_compiled(job, code)
    assert again == told
    assert cells.run_compiled(replace(job, args=("3",)), code)[0]["result"] == 2.0


def test_a_program_cannot_reach_the_way_of_its_code(cells):
    """What it writes to every number of a descriptor is not kept: that way is closed by then."""
    source = (
        b"import os\n"
        b"for fd in range(3, 64):\n"
        b"    try: os.write(fd, b' ')\n"  # its answer bears a space in front
        b"    except OSError: pass\n"
    )
    told, code = cells.run_compiled(CallJob(JobKind.SOURCE, "their.py", source))
    assert told["outcome"] == "returned" and code is not None
    file = unpack_compiled(code)
    assert file is not None and file.code == compile_file("their.py", source).code


@pytest.mark.parametrize("name", ["their.py", "other.py"])
def test_code_that_cannot_be_used_is_compiled_anew(cells, name):
    """Of another version, or damaged: the call knows nothing of it."""
    job = CallJob(JobKind.SOURCE, name, b"result = 7")
    assert cells.run_compiled(job, b"of another Python")[0]["result"] == 7


def test_every_module_of_the_list_can_be_imported(cells):
    """And used: what they load late is loaded before."""
    lines = [f"import {name}" for name in MODULES]
    lines += ["import datetime, random, statistics, decimal, uuid, textwrap"]
    uses = (
        "datetime.datetime.strptime('2026-01-02', '%Y-%m-%d').year",
        "statistics.median([1, 2, 9])",
        "str(decimal.Decimal(1) / 3)[:6]",
        "'x'.encode('utf-16-le').hex()",
        "float(numpy.linalg.det(numpy.eye(3)))",
        "float(numpy.fft.fft([1.0, 2.0]).real[0])",
        "float(numpy.random.default_rng(3).random()) > 0",
        "len(str(uuid.uuid4()))",
        "datetime.date.fromtimestamp(0).year >= 1969",
        "textwrap.shorten('a b c', 3, placeholder='')",
    )
    told = cells.source("\n".join([*lines, f"result = [{', '.join(uses)}]"]))
    assert told["error"] is None
    assert told["result"] == [2026, 2, "0.3333", "7800", 1.0, 3.0, True, 36, True, "a b"]


def test_what_is_printed_comes_back_in_order(cells):
    """Standard output and error together; what there is too much of is counted."""
    told = cells.source("import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')")
    assert (told["printed"], told["dropped_bytes"]) == ("one\ntwo\nthree\n", 0)
    told = cells.source("for n in range(10_000): print('x' * 9)", output_bytes=1000)
    assert told["printed"] == "xxxxxxxxx\n" * 100
    assert told["dropped_bytes"] == 99_000


def test_signs_that_are_long_as_json_are_cut_to_fit(cells):
    """An answer never is longer than the agreed limit."""
    told = cells.source("print('\\0' * 200_000)\nresult = 'x' * 100_000", output_bytes=240_000)
    assert len(told["result"]) == 100_000 and 10_000 < len(told["printed"]) < 30_000
    assert len(told["printed"]) + told["dropped_bytes"] == 200_001
    parse_told(told)


def test_an_exception_is_told_with_its_line(cells):
    """Type, message, the line of the file and the way to it; what was printed before, too."""
    told = cells.source("print('before')\ndef f(x):\n    return 1 / x\ndef main():\n    f(0)")
    error = told["error"]
    assert (told["outcome"], told["printed"]) == ("raised", "before\n")
    assert (error["type"], error["message"], error["line"]) == (
        "ZeroDivisionError", "division by zero", 3,
    )  # fmt: skip
    assert error["frames"] == [
        ["their.py", 5, "main", "f(0)"], ["their.py", 3, "f", "return 1 / x"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("result = (", "SyntaxError", "'(' was never closed"),
        ("\0", "SyntaxError", "null bytes"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("raise SystemExit(3)", "SystemExit", "3"),
        ("import pandas", "ModuleNotFoundError", "reads no files"),
        ("open('/etc/passwd')", "PermissionError", "not permitted"),
        ("import os\nos.listdir('/')", "PermissionError", "not permitted"),
        ("input()", "EOFError", "EOF"),
        ("result = {1, 2}", "NotPlain", "result is of type set"),
        ("result = [0.5, float('nan')]", "NotPlain", r"result[1] is nan"),
        ("result = 'x' * 10**6", "NotPlain", "takes more than"),
        ("result = '\\0' * 10**5", "NotPlain", "bytes as JSON"),
        ("def f(): f()\nf()", "RecursionError", "maximum recursion"),
        ("import traceback\ntry:\n    1/0\nexcept ZeroDivisionError:\n    traceback.print_exc()\n"
         "    raise", "ZeroDivisionError", "division"),
    ],
)  # fmt: skip
def test_what_a_file_raises(cells, text, kind, message):
    """Every end that is an exception says which."""
    told = cells.source(text)
    assert (told["outcome"], told["error"]["type"]) == ("raised", kind)
    assert message in told["error"]["message"]
    parse_told(told)


def test_what_is_no_python_is_told_without_a_frame_of_the_parser(cells):
    """Only the line of the file: whose parser it was helps nobody."""
    frames = cells.source("x = 1\nresult = (")["error"]["frames"]
    assert frames == [["their.py", 2, "<module>", "result = ("]]


def test_chance_is_decided_by_the_call(cells):
    """The same call draws the same numbers; another one draws others."""
    text = "import random, numpy\nresult = [random.random(), float(numpy.random.rand())]"
    first, again, other = cells.source(text), cells.source(text), cells.source(text, "word")
    assert first["result"] == again["result"] != other["result"]


def test_who_never_ends_is_told_where_it_was(cells):
    """With its line, and what it had printed."""
    told = cells.source("print('in')\nwhile True:\n    pass", timeout_s=0.3)
    assert (told["outcome"], told["printed"]) == ("hung", "in\n")
    assert told["error"]["message"] == "it has not ended in 0.3 s"
    assert [frame[:1] for frame in told["error"]["frames"]] == [["their.py"]]
    assert told["error"]["line"] in (2, 3)


def test_who_takes_all_memory_is_told_so(cells):
    """The limit is what it may take besides what is there."""
    told = cells.source("x = []\nwhile True: x.append(bytes(10**7))")
    assert (told["outcome"], told["error"]["line"]) == ("out of memory", 2)
    parse_told(told)


def test_nothing_is_run_where_it_cannot_be_sealed():
    """Before the job is so much as read; unless the operator lets it run all the same."""
    with pytest.raises(CageError, match="no filter of calls"):
        run_call({"limits": LIMITS}, {}, frozenset((Layer.SECCOMP,)))
    with pytest.raises(KeyError, match="job"):
        run_call({"limits": LIMITS, "uncaged": True}, {}, frozenset((Layer.SECCOMP,)))


def test_a_package_that_is_not_there_is_named(cells):
    """A pickled call that needs more than is loaded raises as an import does."""
    job = CallJob(JobKind.PICKLE, "f", b"cnowhere\nf\n.")
    exit_, said = cells.run(job)
    assert exit_.code == 0 and b"No module named 'nowhere': a sealed zone" in said
    assert len(said) < ANSWER_BYTES_MAX
