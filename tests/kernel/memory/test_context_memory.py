"""The kernel's memory: bounded contexts, time-outs, priorities, snapshots that are not believed."""

import hashlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from Kernel.contract.codec import pack
from Kernel.contract.errors import CodecError
from Kernel.memory.context_memory import (
    DEPTH_MAX,
    KEY_CHARS_MAX,
    SNAPSHOT_BYTES_MAX,
    Context,
    ContextMemory,
    Priority,
    pack_memory,
    unpack_memory,
)
from Kernel.memory.contexts import CONTEXTS, new_memory

TABLE = {
    "short": Context("three for ten seconds", entries_max=3, value_bytes_max=64, keep_s=10.0),
    "long": Context("as long as nobody forgets", entries_max=2, value_bytes_max=64),
}
MAGIC = b"molt memory 1\n"


def memory_of() -> ContextMemory:
    """Return an empty one."""
    return ContextMemory(TABLE)


def sealed(body: bytes) -> bytes:
    """Return a snapshot of any body: whoever can write the file can work out a digest."""
    return MAGIC + hashlib.sha256(body).digest() + body


class TestEntries:
    def test_a_value_ends_with_its_time(self):
        """Counted from when it was put last; its age from when there was one first."""
        memory = memory_of()
        assert memory.put("short", "a", {"n": 1}, 0.0)
        assert memory.put("short", "a", {"n": 2}, 8.0)
        assert memory.get("short", "a", 17.9) == {"n": 2}
        assert memory.entries("short", 17.9)["a"].first_s == 0.0
        assert memory.get("short", "a", 18.0) is None and len(memory) == 0
        memory.put("short", "a", {"n": 3}, 19.0)
        assert memory.entries("short", 19.0)["a"].first_s == 19.0

    def test_one_without_a_time_stays_until_it_is_forgotten(self):
        """However long that is."""
        memory = memory_of()
        memory.put("long", "a", [1], 0.0)
        assert memory.get("long", "a", 1e9) == [1]
        memory.forget("long", "a")
        memory.forget("long", "a")
        assert memory.get("long", "a", 1e9) is None

    def test_the_least_important_gives_way(self):
        """Of those the one that was put the longest ago; what counts for more stays."""
        memory = memory_of()
        memory.put("short", "high", 1, 0.0, Priority.HIGH)
        memory.put("short", "old", 1, 1.0)
        memory.put("short", "new", 1, 2.0)
        assert memory.put("short", "more", 1, 3.0)
        assert sorted(memory.entries("short", 3.0)) == ["high", "more", "new"]
        assert not memory.put("short", "low", 1, 3.0, Priority.LOW) and memory.refused == 1
        assert memory.put("short", "new", 2, 3.0, Priority.LOW), "it is there already"

    def test_what_has_ended_gives_way_first(self):
        """Nobody who is still good is let go for it."""
        memory = memory_of()
        memory.put("short", "ended", 1, 0.0, Priority.HIGH)
        memory.put("short", "a", 1, 5.0)
        memory.put("short", "b", 1, 5.0)
        assert memory.put("short", "c", 1, 11.0, Priority.LOW)
        assert sorted(memory.entries("short", 11.0)) == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("", 1),
            ("k" * (KEY_CHARS_MAX + 1), 1),
            ("a\n", 1),
            (1, 1),
            ("a", "x" * 65),
            ("a", b"bytes"),
            ("a", float("nan")),
            ("a", float("inf")),
            ("a", {1: 2}),
            ("a", {"k": object()}),
            ("a", 2**64),
            ("a", "\ud800"),
            ("a", [[[[[1]]]]]),
        ],
    )
    def test_what_is_no_small_plain_data_is_refused(self, key, value):
        """And counted; what was there before stays."""
        memory = memory_of()
        memory.put("long", "a", "before", 0.0)
        changes = memory.changes
        assert not memory.put("long", key, value, 0.0)
        assert memory.refused == 1 and memory.changes == changes
        assert memory.get("long", "a", 0.0) == "before"

    def test_only_what_changes_something_is_counted(self):
        """Asking is no reason to write a snapshot."""
        memory = memory_of()
        memory.put("short", "a", 1, 0.0)
        seen = memory.changes
        memory.get("short", "a", 1.0)
        memory.entries("short", 1.0)
        memory.expire(1.0)
        memory.forget("long", "a")
        memory.clear("long")
        assert memory.changes == seen
        memory.expire(10.0)
        assert memory.changes > seen


class TestSnapshots:
    def test_all_of_it_comes_back(self):
        """Values, priorities, ages and what is left; on a clock that begins anew."""
        memory = memory_of()
        memory.put("short", "a", {"why": "ä", "n": [1, 2.5, None, True]}, 100.0, Priority.HIGH)
        memory.put("short", "a", {"why": "ä"}, 104.0, Priority.HIGH)
        memory.put("long", "b", "x", 90.0, Priority.LOW)
        again = unpack_memory(pack_memory(memory, 106.0), TABLE, 3.0)
        entry = again.entries("short", 3.0)["a"]
        assert (entry.value, entry.priority) == ({"why": "ä"}, Priority.HIGH)
        assert (entry.first_s, entry.put_s, entry.until_s) == (-3.0, 1.0, 11.0)
        assert again.entries("long", 3.0)["b"].until_s is None
        assert again.get("short", "a", 10.9) and again.get("short", "a", 11.0) is None

    def test_what_has_ended_is_not_in_it(self):
        """Nor would it come back to life."""
        memory = memory_of()
        memory.put("short", "a", 1, 0.0)
        assert len(unpack_memory(pack_memory(memory, 10.0), TABLE, 0.0)) == 0

    def test_the_fullest_memory_fits(self):
        """Every entry of every context as large as it may be."""
        memory = new_memory()
        for name, limits in CONTEXTS.items():
            for number in range(limits.entries_max):
                key = f"{number}".rjust(KEY_CHARS_MAX, "𝄞")
                assert memory.put(name, key, "x" * (limits.value_bytes_max - 8), 0.0)
        data = pack_memory(memory, 1.0)
        assert len(data) < SNAPSHOT_BYTES_MAX
        assert len(unpack_memory(data, CONTEXTS, 0.0)) == len(memory)

    def test_a_context_of_another_version_is_left_out(self):
        """What is known of the others comes back."""
        memory = memory_of()
        memory.put("short", "a", 1, 0.0)
        memory.put("long", "b", 2, 0.0)
        again = unpack_memory(pack_memory(memory, 0.0), {"long": TABLE["long"]}, 0.0)
        assert len(again) == 1 and again.get("long", "b", 0.0) == 2

    def test_limits_of_now_hold(self):
        """An entry that was to stay for good ends where its context has a time now."""
        memory = memory_of()
        memory.put("long", "b", 2, 0.0)
        limits = {"long": Context("", entries_max=2, value_bytes_max=64, keep_s=5.0)}
        again = unpack_memory(pack_memory(memory, 0.0), limits, 0.0)
        assert again.get("long", "b", 4.9) == 2 and again.get("long", "b", 5.0) is None

    def test_every_torn_one_is_refused(self):
        """Cut at any byte, or with any bit changed."""
        memory = memory_of()
        memory.put("short", "a", {"why": "it failed"}, 0.0)
        data = pack_memory(memory, 1.0)
        for size in range(len(data)):
            with pytest.raises(CodecError):
                unpack_memory(data[:size], TABLE, 0.0)
        chance = random.Random(5)
        for _ in range(200):
            place = chance.randrange(len(data))
            harmed = bytearray(data)
            harmed[place] ^= 1 << chance.randrange(8)
            with pytest.raises(CodecError):
                unpack_memory(bytes(harmed), TABLE, 0.0)

    @pytest.mark.parametrize(
        "told",
        [
            {"short": 3},
            {"short": {"a": 1}},
            {"short": [["a", 1, 1, 0.0, 0.0]]},
            {"short": [["a", 1, 1, 0.0, 0.0, None, None]]},
            {"short": [["a", 1, 3, 0.0, 0.0, None]]},
            {"short": [["a", 1, True, 0.0, 0.0, None]]},
            {"short": [["a", 1, 1, -1.0, 0.0, None]]},
            {"short": [["a", 1, 1, float("nan"), 0.0, None]]},
            {"short": [["a", 1, 1, 0.0, float("inf"), None]]},
            {"short": [["a", 1, 1, 0.0, 0.0, -1.0]]},
            {"short": [["a", 1, 1, 0.0, 0, 1.0]]},
            {"short": [["a", 1, 1, "0", 0.0, 1.0]]},
            {"short": [["", 1, 1, 0.0, 0.0, None]]},
            {"short": [[None, 1, 1, 0.0, 0.0, None]]},
            {"short": [["a", "x" * 65, 1, 0.0, 0.0, None]]},
            {"short": [["a", b"bytes", 1, 0.0, 0.0, None]]},
            {"short": [["a", [[[[[1]]]]], 1, 0.0, 0.0, None]]},
            {"short": [[f"{n}", 1, 1, 0.0, 0.0, None] for n in range(4)]},
        ],
    )
    def test_a_hostile_one_is_refused(self, told):
        """Well sealed, and holding what no memory of ours would."""
        with pytest.raises(CodecError):
            unpack_memory(sealed(pack(told)), TABLE, 0.0)

    @pytest.mark.parametrize(
        "body", [b"", b"\xc1", pack({})[:-1] + b"\x81", b"\x91" * 5000, b"\xa3abc", bytes(2 << 20)]
    )
    def test_what_is_no_map_is_refused(self, body):
        """Garbage, nesting without end, too many bytes."""
        with pytest.raises(CodecError):
            unpack_memory(sealed(body), TABLE, 0.0)

    @given(st.binary(max_size=300))
    def test_any_bytes_are_refused_or_read(self, data):
        """No other error comes out of it."""
        for each in (data, sealed(data), MAGIC + data):
            try:
                unpack_memory(each, TABLE, 0.0)
            except CodecError:
                continue


def test_depth_is_counted_from_the_value() -> None:
    """So many levels of lists and maps, and not one more."""
    value: object = 1
    for _ in range(DEPTH_MAX):
        value = [value]
    memory = memory_of()
    assert memory.put("long", "a", value, 0.0)
    assert not memory.put("long", "a", {"k": value}, 0.0)


class MemoryMachine(RuleBasedStateMachine):
    """Held against a dict of (value, priority, put_s), snapshots in between."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = memory_of()
        self.model: dict[str, tuple[int, int, float]] = {}
        self.now_s = 0.0

    @rule(key=st.sampled_from("abcde"), value=st.integers(0, 9), priority=st.sampled_from(Priority))
    def put(self, key: str, value: int, priority: Priority) -> None:
        """Put, with the rule of who gives way."""
        self.now_s += 0.01
        self.end()
        taken = self.memory.put("short", key, value, self.now_s, priority)
        if key not in self.model and len(self.model) == 3:
            weakest = min(self.model, key=lambda each: self.model[each][1:])
            if self.model[weakest][1] > priority:
                assert not taken
                return
            del self.model[weakest]
        assert taken
        self.model[key] = (value, int(priority), self.now_s)

    @rule(key=st.sampled_from("abcde"))
    def forget(self, key: str) -> None:
        """Forget."""
        self.memory.forget("short", key)
        self.model.pop(key, None)

    @rule(seconds=st.floats(0.5, 6.0))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds

    @rule()
    def restart(self) -> None:
        """Go on from a snapshot."""
        data = pack_memory(self.memory, self.now_s)
        self.memory = unpack_memory(data, TABLE, self.now_s)

    def end(self) -> None:
        """Let the model's entries end; a hair earlier or later is the same."""
        self.model = {k: v for k, v in self.model.items() if self.now_s - v[2] < 10.0 - 1e-9}

    @invariant()
    def same(self) -> None:
        """The memory holds what the model does."""
        self.end()
        found = self.memory.entries("short", self.now_s + 2e-9)
        assert {k: (e.value, int(e.priority)) for k, e in found.items()} == {
            k: v[:2] for k, v in self.model.items()
        }


TestMemoryMachine = MemoryMachine.TestCase
TestMemoryMachine.settings = settings(max_examples=40, stateful_step_count=25)
