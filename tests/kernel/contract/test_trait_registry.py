"""The registry of traits, read as the kernel does: from the bytes of an arena."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.contract.arena import (
    STATE_BYTES,
    ArenaWords,
    Header,
    check_arena,
    new_header,
    plan_buffers,
)
from Kernel.contract.trait_registry import TraitRow, main_rows, read_registry

SLOTS = 64
COLUMNS = (
    ("slot_hash", "|u1", 32), ("slot_name", "|u1", 32), ("slot_version", "<u4", 1),
    ("slot_tier", "|u1", 1), ("slot_status", "|u1", 1), ("slot_state", "|u1", 1),
    ("slot_memory_count", "|u1", 1), ("slot_before", "|u1", 1), ("slot_since", "<i8", 1),
    ("slot_calls", "<i8", 1), ("slot_fuel", "<i8", 1), ("slot_faults", "<i8", 1),
)  # fmt: skip
SIZES = {"|u1": 1, "<u4": 4, "<i8": 8}


def make_arena(**odd: object) -> tuple[ArenaWords, dict[str, int]]:
    """Return an arena with the columns of a registry, and where each lies; `odd`: told instead."""
    place, told, offsets = STATE_BYTES, [], {}
    for name, dtype, width in COLUMNS:
        offsets[name] = place
        column = {"name": name, "type": dtype, "rows": "slot", "count": SLOTS, "width": width}
        told.append(column | {"offset": place} | odd)
        place += SLOTS * width * SIZES[dtype]
    schema = json.dumps({"columns": told}).encode()
    buffers = plan_buffers(len(schema), place - STATE_BYTES)
    words = ArenaWords(memoryview(bytearray(buffers.file_bytes)))
    new_header(words, buffers)
    words.put_bytes(4096, schema)
    check_arena(words, "a test's arena")
    return words, offsets


def put_row(words: ArenaWords, offsets: dict[str, int], slot: int) -> None:
    """Write a trait as a world does: what has a width lies value after value of all rows."""
    start = words.buffer_offset(words.get(Header.COMMIT))
    for name, data in (("slot_hash", bytes(range(32))), ("slot_name", b"Forager".ljust(32, b"\0"))):
        for each, value in enumerate(data):
            words.memory[start + offsets[name] + each * SLOTS + slot] = value
    for name, value in (
        ("slot_tier", 0), ("slot_status", 1), ("slot_state", 1), ("slot_memory_count", 3),
    ):  # fmt: skip
        words.memory[start + offsets[name] + slot] = value
    struct.pack_into("<I", words.memory, start + offsets["slot_version"] + 4 * slot, 7)
    struct.pack_into("<q", words.memory, start + offsets["slot_since"] + 8 * slot, 184_500)


def test_a_row_is_read_as_it_was_written() -> None:
    """Name, hash and numbers of each slot that holds something, in the committed buffer."""
    words, offsets = make_arena()
    assert read_registry(words) == []
    put_row(words, offsets, 5)
    (row,) = read_registry(words)
    wanted = TraitRow(
        5, "Forager", 7, bytes(range(32)).hex(), "native", "carried", "active", 3, 184_500
    )
    assert row == wanted
    words.put(Header.COMMIT, 1)
    assert read_registry(words) == [], "the other buffer has none"


@pytest.mark.parametrize(
    "odd",
    [
        {"offset": 2**40}, {"offset": -8}, {"offset": "x"}, {"count": 8}, {"type": "<f4"},
        {"width": 10**9}, {"name": "other"}, {"name": ["x"]},
    ],
)  # fmt: skip
def test_a_schema_that_lies_gives_no_rows(odd: dict[str, object]) -> None:
    """A world writes its own schema: nothing is read outside of the buffer, nothing is raised."""
    assert read_registry(make_arena(**odd)[0]) == []


@given(st.binary(min_size=1, max_size=200), st.integers(0, 5000))
def test_any_bytes_give_rows_or_none(data: bytes, place: int) -> None:
    """Whatever a damaged world holds, reading it raises nothing, and statuses are known ones."""
    words, offsets = make_arena()
    put_row(words, offsets, 1)
    start = words.buffer_offset(0) + STATE_BYTES + place
    words.memory[start : start + len(data)] = data
    assert all(row.status for row in read_registry(words))


def test_of_a_name_people_mean_what_runs() -> None:
    """The active version before one in quarantine, and that before one that stands by."""
    rows = [
        TraitRow(slot, "A", slot, "", "native", "none", status)
        for slot, status in enumerate(("standby", "active", "quarantined"), start=1)
    ]
    assert main_rows(rows)["A"].status == "active"
    assert main_rows([rows[0], rows[2]])["A"].status == "quarantined"
