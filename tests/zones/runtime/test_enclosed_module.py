"""Another copy of our code runs enclosed from its first line on, and is found instead of ours."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.sources import ROOT
from zones.runtime.cage import Layer, probe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(Layer.LANDLOCK in probe().missing, reason="no Landlock here"),
]
PROBE = """
import json, os, socket, sys
import Kernel.contract.mark
from zones.world import mark
told = {"argv": sys.argv[1:], "mark": mark.MARK, "contract": Kernel.contract.mark.MARK}
told["cwd"], told["path"] = os.getcwd(), sys.path[0]


def attempt(name, act):
    try:
        act()
        told[name] = "done"
    except OSError as error:
        told[name] = type(error).__name__


attempt("read_home", lambda: open(sys.argv[1] + "/secret").read())
attempt("read_allowed", lambda: open(sys.argv[1] + "/allowed/x").read())
attempt("write_allowed", lambda: open(sys.argv[1] + "/kept/x", "w").write("x"))
attempt("write_itself", lambda: open(__file__, "a").write("x"))
attempt("bytecode", lambda: os.mkdir(os.path.dirname(__file__) + "/__pycache__"))
attempt("run", lambda: os.execv("/bin/true", ["true"]))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 1))
print(json.dumps(told))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give another copy: a module that tries to get out, and marks to know it by."""
    root = tmp_path / "copy"
    for path, text in {
        "zones/__init__.py": "",
        "zones/world/__init__.py": "",
        "zones/world/mark.py": "MARK = 'theirs'\n",
        "zones/world/__main__.py": PROBE,
        "Kernel/__init__.py": "",
        "Kernel/contract/__init__.py": "",
        "Kernel/contract/mark.py": "MARK = 'theirs'\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "zones.runtime.enclosed_module", str(os.getpid()), *words],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def test_it_is_theirs_and_reaches_nothing(copy: Path, tmp_path: Path) -> None:
    """Only what was named can be read or written; no program, no network, not itself."""
    for name in ("allowed", "kept"):
        (tmp_path / name).mkdir()
    (tmp_path / "allowed/x").write_text("x")
    (tmp_path / "secret").write_text("x")
    before = (copy / "zones/world/__main__.py").read_text()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = run(
            str(copy), "--read", str(tmp_path / "allowed"), "--write", str(tmp_path / "kept"),
            "zones.world", str(tmp_path), port, "--option",
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["argv"] == [str(tmp_path), port, "--option"]
    assert (told["mark"], told["contract"]) == ("theirs", "theirs")
    assert told["cwd"] == told["path"] == str(copy)
    assert told["read_allowed"] == told["write_allowed"] == "done"
    for name in ("read_home", "write_itself", "bytecode", "run", "connect"):
        assert told[name] != "done", name
    assert (copy / "zones/world/__main__.py").read_text() == before


def test_an_error_of_the_copy_is_its_own(copy: Path) -> None:
    """A syntax error ends it with a traceback, as it would anywhere."""
    (copy / "zones/world/__main__.py").write_text("def broken(:\n")
    done = run(str(copy), "zones.world")
    assert done.returncode == 1 and "SyntaxError" in done.stderr
