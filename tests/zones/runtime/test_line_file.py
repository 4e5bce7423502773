"""Files of lines: durable appends, torn ends cut, full files set aside."""

import os
import random
import resource
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zones.runtime import line_file
from zones.runtime.line_file import LineFile, list_files, read_last_line


def is_line(line: bytes) -> bool:
    """Return whether a line is whole: it says its own length first."""
    number, _, rest = line.partition(b" ")
    return number == str(len(rest)).encode()


def line_of(text: bytes) -> bytes:
    """Return a line that is whole."""
    return str(len(text)).encode() + b" " + text


LINES = st.lists(
    st.one_of(
        st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b".")),
        st.integers(0, 200_000).map(lambda size: b"x" * size),
    ).map(line_of),
    max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(lines=LINES, cut=st.integers(0, 300_000), noise=st.binary(max_size=50))
def test_whatever_the_end_the_whole_lines_stay(
    lines: list[bytes], cut: int, noise: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file cut anywhere and followed by noise is opened at a line, and can be appended to."""
    path = tmp_path_factory.mktemp("lines") / "sub" / "j.jsonl"
    file = LineFile(path, is_line)
    assert (file.last, file.size_bytes, file.cut_bytes) == (b"", 0, 0)
    if lines:
        file.append(lines)
    file.close()
    data = path.read_bytes()
    kept = data[: max(len(data) - cut, 0)]
    path.write_bytes(kept + noise)
    file = LineFile(path, is_line)
    left = path.read_bytes()
    assert left == b"" or left.endswith(b"\n")
    assert left.startswith(kept[: kept.rfind(b"\n") + 1])
    assert file.size_bytes == len(left)
    assert file.cut_bytes == len(kept) + len(noise) - len(left)
    assert file.last == (left[:-1].split(b"\n")[-1] if left else b"")
    file.append([line_of(b"after")])
    assert path.read_bytes() == left + line_of(b"after") + b"\n"
    file.close()
    assert read_last_line(path, is_line) == line_of(b"after")


def test_lines_longer_than_a_block_are_found(tmp_path: Path) -> None:
    """The last line is found across block borders, behind noise larger than a block."""
    path = tmp_path / "j.jsonl"
    first, second = line_of(b"a" * 300_000), line_of(b"b" * 500_000)
    noise = b"n" * 100_000 + b"\n" + b"m" * 100_000
    path.write_bytes(first + b"\n" + second + b"\n" + noise)
    file = LineFile(path, is_line)
    assert file.last == second
    assert file.cut_bytes == len(noise)
    file.close()


def test_large_foreign_file_is_not_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without a whole line in the part looked at is refused, and stays as it is."""
    monkeypatch.setattr(line_file, "TAIL_BYTES_MAX", 200_000)
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"foreign\n" * 100_000)
    with pytest.raises(OSError, match="no whole line"):
        LineFile(path, is_line)
    assert path.stat().st_size == 800_000


def test_full_disk_takes_all_or_nothing(tmp_path: Path) -> None:
    """When a batch does not fit, none of it is in the file, and later ones can be appended."""
    file = LineFile(tmp_path / "j.jsonl", is_line)
    file.append([line_of(b"first")])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            file.append([line_of(b"x" * 1000)] * 10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert file.path.read_bytes() == line_of(b"first") + b"\n"
    assert file.last == line_of(b"first")
    file.append([line_of(b"second")])
    assert file.path.read_bytes().split(b"\n") == [line_of(b"first"), line_of(b"second"), b""]
    file.close()


def test_set_aside(tmp_path: Path) -> None:
    """A full file keeps its lines under another name, and the next line starts a new one."""
    file = LineFile(tmp_path / "j.jsonl", is_line)
    file.append([line_of(b"old")])
    aside = file.set_aside("0001")
    assert aside.name == "j.0001.jsonl"
    assert aside.read_bytes() == line_of(b"old") + b"\n"
    file.append([line_of(b"new")])
    assert file.path.read_bytes() == line_of(b"new") + b"\n"
    assert file.size_bytes == len(line_of(b"new")) + 1
    file.close()
    assert sorted(os.listdir(tmp_path)) == ["j.0001.jsonl", "j.jsonl"]
    assert {found.path.name for found in list_files(tmp_path, "*.jsonl")} == {
        "j.0001.jsonl",
        "j.jsonl",
    }


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A journal that is a link to another file is refused, not written through."""
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    (tmp_path / "j.jsonl").symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        LineFile(tmp_path / "j.jsonl", is_line)
    assert target.read_bytes() == b"precious"


def test_many_noise_lines(tmp_path: Path) -> None:
    """Noise with many line ends is cut in one go."""
    path = tmp_path / "j.jsonl"
    noise = bytes(random.Random(5).choices(b"\n\0ab", k=50_000))
    path.write_bytes(line_of(b"good") + b"\n" + noise)
    file = LineFile(path, is_line)
    assert (file.last, file.cut_bytes) == (line_of(b"good"), len(noise))
    file.close()
