"""Documents made from the table: up to date, complete, and what their readers take."""

import re
import shutil
import subprocess

import pytest

from Kernel.console.commands import COMMANDS
from Kernel.console.exit_codes import EXIT_CODES
from Kernel.console.help import argument_rows, usage
from Kernel.console.manual import documents, man_page, markdown, write_documents
from tests.structure.sources import ROOT


@pytest.mark.parametrize("name", documents())
def test_the_files_are_as_the_table_says(name):
    """Nobody changed the table without `make commands`, nor the file by hand."""
    assert (ROOT / name).read_text(encoding="utf-8") == documents()[name], "run: make commands"


def test_a_changed_file_would_be_found(tmp_path):
    """Writing them anew writes each, and just these."""
    written = write_documents(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in written] == list(documents())
    assert all(path.read_text(encoding="utf-8") for path in written)


def test_everything_is_in_both():
    """Commands, arguments, examples and exit codes stand in the manual and in the document."""
    plain = re.sub(r"\\\(dq", '"', man_page().replace("\\-", "-")).replace("\\(aq", "'")
    for command in COMMANDS:
        for text in (plain, markdown()):
            assert command.summary in text
            assert usage(command) in text
            assert all(example in text for example in command.examples)
            for word, explained in argument_rows(command):
                assert word in text and explained.replace("|", "\\|") in text.replace("|", "\\|")
    for each in EXIT_CODES:
        assert f"| {each.code} | {each.meaning} |" in markdown()
        assert f".B {each.code}\n{each.meaning}" in plain


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not here")
@pytest.mark.slow
def test_troff_takes_the_manual():
    """Groff formats it without a warning, and what is typed can be pasted from it."""
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-P-c"],
        input=man_page(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert "molt drill kill stable --dry-run" in re.sub(r".\x08", "", done.stdout)
