"""Files and values in YAML: what is taken, where each key stands, what is refused in which line."""

import os
from pathlib import Path

import pytest

from Kernel.contract.errors import ConfigError
from Kernel.contract.yaml_files import DEPTH_MAX, FILE_BYTES_MAX, Document, read_file, read_value

LAUGHS = "a0: &a0 ha\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
"""Some hundred bytes that stand for a thousand million words."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the path of a file that a test writes."""
    return tmp_path / "a.yaml"


def refuse(path: Path, content: bytes | str) -> str:
    """Return the message with which a file of this content is refused."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert caught.value.hint == f"edit {path}"
    return caught.value.message


def test_every_key_has_its_line(path):
    """Keys of maps, of maps in them and in lists are found with all that is above them."""
    path.write_text("# first\na: 1\n\nb:\n  c: {d: 2}\n  e: [1, {f: 3}]\n")
    assert read_file(path) == Document(
        {"a": 1, "b": {"c": {"d": 2}, "e": [1, {"f": 3}]}},
        {"a": 2, "b": 4, "b.c": 5, "b.c.d": 5, "b.e": 6, "b.e.1.f": 6},
    )


def test_a_file_of_comments_is_empty(path):
    """Nothing said is nothing."""
    path.write_text("# nothing\n")
    assert read_file(path) == Document()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\nb: \xff\n", ":2: it is not UTF-8 (byte 8)"),
        (b"a: 1\n" + b"#" * FILE_BYTES_MAX, f": it is longer than {FILE_BYTES_MAX} bytes"),
        ("a: 1\nb: [1\n", ":3: it is not plain YAML: expected ',' or ']'"),
        ("a: 1\n\tb: 2\n", ":2: it is not plain YAML: found character '\\t'"),
        ("a: 1\n---\nb: 2\n", ":2: it is not plain YAML: but found another document"),
        ("a: 1\nb: !!python/name:os.system\n", ":2: it is not plain YAML: could not determine"),
        ("a: 1\nb: 2026-13-45\n", ":2: it is not plain YAML: cannot make a value of it: month"),
        ("a: 1\nb: " + "9" * 5000, ":2: it is not plain YAML: cannot make a value of it: Exceeds"),
        ("a:\n" + "  - " * 1000, f":2: it is not plain YAML: it is nested deeper than {DEPTH_MAX}"),
        ("a: " + "[" * 60_000, f":1: it is not plain YAML: it is nested deeper than {DEPTH_MAX}"),
        ("- 1\n", ":1: it must hold keys and values"),
        ("a: &x 1\nb: *x\n", ":2: it is not plain YAML: *x stands for another place"),
        (LAUGHS, ":2: it is not plain YAML: *a0 stands for another place: write it out"),
    ],
)
def test_what_is_no_plain_map_is_refused_by_its_line(path, content, said):
    """One sentence, with the line where it can be mended."""
    message = refuse(path, content)
    assert message.startswith(f"cannot read {path}{said}") and "\n" not in message
    assert len(message) < len(str(path)) + 250


def test_every_key_that_is_wrong_is_told(path):
    """Keys that stand there twice, at any depth, and keys that are no text."""
    message = refuse(path, "a: 1\nb: {c: 1, c: 2}\na: 3\non: 4\nd: {<<: {e: 1}}\n? [f]\n: 5\n")
    assert message.splitlines() == [
        f"cannot use {path}:2: b.c stands there twice, first in line 2",
        f"cannot use {path}:3: a stands there twice, first in line 1",
        f"cannot use {path}:4: on is no text and cannot be a key: write it in quotes",
        f"cannot use {path}:5: d.<< is no text and cannot be a key: write it in quotes",
        f"cannot use {path}:6: a list or map is no text and cannot be a key: write it in quotes",
    ]


def test_half_a_character_is_told_by_its_key(path):
    """What UTF-8 cannot hold could be looked up, logged and sent nowhere: it is refused here."""
    path.write_text('a: 1\n"\\ud800": 1\nb:\n  c: "x\\udfff"\n  d: [ok, "\\ud83d"]\n')
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert [(each.key, each.where) for each in caught.value.faults] == [
        ("\\ud800", f"{path}:2"),
        ("b.c", f"{path}:4"),
        ("b.d.1", f"{path}:5"),
    ]
    assert caught.value.message.encode() and "holds half a character" in caught.value.message


def test_half_a_character_in_one_value():
    """The same for --set and MOLT_<KEY>, as an escape or as a byte of the environment."""
    for text in ('"\\ud800"', '{a: "\\ud800"}', "\udcff"):
        with pytest.raises(ConfigError) as caught:
            read_value("--set world.name", text)
        assert caught.value.message.encode()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_regular_file_is_not_waited_for(path, make):
    """A FIFO or a device would hold up the kernel for good: it is refused at once."""
    make(path)
    with pytest.raises(ConfigError, match="it is no regular file") as caught:
        read_file(path)
    assert caught.value.hint == f"ls -l {path}"


def test_a_file_that_is_not_there(tmp_path):
    """A file that cannot be read says why."""
    with pytest.raises(ConfigError, match="No such file"):
        read_file(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    "text", ["[1", "{a: 1, a: 2}", "{1: 2}", "*x", LAUGHS, "[" * 2000, '"\\UFFFFFFFF"']
)
def test_a_value_is_read_as_strictly(text):
    """A value on a command line is refused by the name it is given for."""
    with pytest.raises(ConfigError, match=r"^cannot read MOLT_X="):
        read_value("MOLT_X", text)


def test_a_value_has_the_type_yaml_gives_it():
    """Numbers, truth values and text."""
    assert [read_value("x", text) for text in ("1", "0.5", "true", "a", "")] == [
        1, 0.5, True, "a", None,
    ]  # fmt: skip
