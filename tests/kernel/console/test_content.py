"""What is in a file goes to the kernel, byte by byte, or is refused before anything is sent."""

import io
import json
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from Kernel.console import cli
from Kernel.console.content import label_of, read_content
from Kernel.contract.errors import UsageError
from tests.kernel.console.fake_kernel import FakeKernel


def test_any_bytes_arrive_as_they_are(
    kernel: FakeKernel, trait_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No encoding is guessed, no end of line changed: the hash is that of the file."""
    data = bytes(range(256)) + b"\r\n\xff"
    (trait_folder / "odd.py").write_bytes(data)
    assert cli.main(["--home", str(kernel.home), "trait", "add", "odd.py"]) == 0
    assert kernel.asked[-1].content("source") == data
    assert "Forager v2, native" in capsys.readouterr().out


def test_what_cannot_be_read_or_is_too_long_is_refused(tmp_path: Path) -> None:
    """The reason names the file and the limit."""
    with pytest.raises(UsageError, match=r"^cannot read .*nothing\.py: No such file"):
        read_content("trait add", tmp_path / "nothing.py", 10)
    with pytest.raises(UsageError, match="Is a directory"):
        read_content("trait add", tmp_path, 10)
    path = tmp_path / "long.py"
    path.write_bytes(b"x" * 11)
    with pytest.raises(UsageError, match="it is longer than 10 bytes"):
        read_content("trait add", path, 10)
    assert b64decode(read_content("trait add", path, 11)) == b"x" * 11


def test_what_comes_on_stdin_is_sent_as_well(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`-` is no file; the kernel hears of it as stdin, of a file by its path."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"result = 1\r\n")))
    assert cli.main(["--home", str(kernel.home), "run", "-", "--json"]) == 0
    asked = kernel.asked[-1]
    assert (asked.content("source"), asked.text("name")) == (b"result = 1\r\n", "stdin")
    assert json.loads(capsys.readouterr().out)["file"] == "stdin"


def test_a_label_is_one_line_of_a_path(tmp_path: Path) -> None:
    """Of a long path its end; signs that are not printed are replaced."""
    path = tmp_path / ("x" * 220 + "\n.py")
    path.write_bytes(b"")
    label = label_of(read_content("run", path, 1))
    assert len(label) == 200 and label.endswith("x?.py")
    assert label_of("cGFzcwo=") == "stdin"
