"""The examples of docs/running-code.md do what they say, in a real kernel."""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.chaos.harness import KernelRun
from tests.structure.sources import ROOT
from tests.support.homes import temporary_home
from zones.runtime.called import MODULES

pytestmark = pytest.mark.slow
TEXT = (ROOT / "docs" / "running-code.md").read_text("utf-8")
SECONDS = re.compile(r"after [0-9.]+ s$", re.MULTILINE)


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelRun]:
    """Give a running kernel."""
    with temporary_home() as home, KernelRun(home) as kernel:
        yield kernel


def blocks(kind: str) -> list[str]:
    """Return the blocks of a language."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, str]]:
    """Yield each command line with what it shows."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            yield line, shown.rstrip("\n") + "\n"


@pytest.mark.parametrize(("line", "shown"), list(examples()), ids=lambda text: text[:30])
def test_a_command_shows_what_the_document_says(kernel, tmp_path, line, shown):
    """Both streams, to the letter, but for the time that it took."""
    names = re.findall(r"^(?:.*[Ss]aved as )`(\w+\.py)`", TEXT, re.MULTILINE)
    for name, text in zip(names, blocks("python"), strict=True):
        (tmp_path / name).write_text(text)
    (tmp_path / "molt").write_text(f'#!/bin/sh\nexec {sys.executable} -m Kernel.console.cli "$@"\n')
    (tmp_path / "molt").chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
        "MOLT_HOME": str(kernel.home),
    }  # fmt: skip
    done = subprocess.run(
        ["/bin/sh", "-c", f"{line} 2>&1"], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert SECONDS.sub("after 0 s", done.stdout) == SECONDS.sub("after 0 s", shown)


def test_the_session_of_python_goes_as_written(kernel, monkeypatch):
    """By doctest."""
    monkeypatch.setenv("MOLT_HOME", str(kernel.home))
    [block] = blocks("pycon")
    test = doctest.DocTestParser().get_doctest(block, {}, "running-code.md", None, 0)
    failed, tried = doctest.DocTestRunner(verbose=False).run(test)
    assert (failed, tried) == (0, 6)


def test_the_modules_are_those_that_are_loaded():
    """Every one of the list is named, but packages only once."""
    told = re.search(r"It can import .*?: `(.*?)`\.", TEXT, re.DOTALL)
    assert told is not None
    packages = [name for name in MODULES if name.partition(".")[0] not in MODULES
                or "." not in name]  # fmt: skip
    assert told[1].split() == packages
