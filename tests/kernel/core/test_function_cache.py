"""The function cache gives away only what was put in, whole, for a while, within its bytes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from Kernel.core import function_cache
from Kernel.core.function_cache import (
    ENTRY_BYTES,
    SECRET_BYTES,
    SHARE_MAX,
    CacheLimits,
    FunctionCache,
    Put,
    code_key,
)

SECRET = bytes(range(SECRET_BYTES))
KEY, OTHER = b"k" * 32, b"o" * 32
ROOM = 4 * (100 + ENTRY_BYTES)
"""Bytes for four entries of 100 bytes."""


def cache_of(bytes_max: int = 1 << 20, kept_s: float = 10.0) -> FunctionCache:
    """Return an empty cache."""
    return FunctionCache(lambda: CacheLimits(bytes_max, kept_s), SECRET)


def test_what_was_put_in_comes_back() -> None:
    """A hit gives the very bytes, a miss nothing, and both are counted."""
    cache = cache_of()
    assert cache.get(KEY, 0.0) is None
    assert cache.put(KEY, b"code", 1.0) is Put.KEPT
    assert cache.get(KEY, 2.0) == b"code"
    assert cache.get(OTHER, 2.0) is None
    assert (cache.counts.hits, cache.counts.misses) == (1, 2)
    assert cache.fields()["entries"] == 1 and cache.fields()["bytes"] == 4 + ENTRY_BYTES


def test_an_entry_ends_with_its_time_used_or_not() -> None:
    """It is believed for `kept_s` from being put in; a hit does not make that longer."""
    cache = cache_of(kept_s=10.0)
    cache.put(KEY, b"code", 0.0)
    assert cache.get(KEY, 9.9) == b"code"
    assert cache.get(KEY, 10.0) is None
    assert cache.counts.expired == 1 and len(cache) == 0 and cache.bytes_kept == 0
    assert cache.put(KEY, b"newer", 11.0) is Put.KEPT
    assert cache.get(KEY, 12.0) == b"newer"


def test_what_was_used_the_longest_ago_gives_way() -> None:
    """Of four that fit the fifth drops the one nobody has asked for, not the oldest."""
    cache = cache_of(ROOM)
    keys = [bytes([number]) * 32 for number in range(5)]
    for key in keys[:4]:
        cache.put(key, b"x" * 100, 0.0)
    assert cache.get(keys[0], 1.0)
    cache.put(keys[4], b"x" * 100, 1.0)
    assert [key for key in keys if cache.get(key, 2.0)] == [keys[0], keys[2], keys[3], keys[4]]
    assert cache.counts.evicted == 1 and cache.bytes_kept == ROOM


def test_number_of_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small ones do not pile up, whatever the bytes would allow."""
    monkeypatch.setattr(function_cache, "ENTRIES_MAX", 3)
    cache = cache_of()
    for number in range(9):
        cache.put(bytes([number]) * 32, b"", 0.0)
    assert len(cache) == 3


def test_one_entry_takes_no_more_than_its_share() -> None:
    """What is larger than a quarter of all bytes is refused and throws nothing else out."""
    cache = cache_of(ROOM)
    cache.put(KEY, b"small", 0.0)
    most = ROOM // SHARE_MAX - ENTRY_BYTES
    assert cache.put(OTHER, b"x" * (most + 1), 0.0) is Put.TOO_LARGE
    assert cache.get(KEY, 0.0) == b"small" and cache.counts.too_large == 1
    assert cache.put(OTHER, b"x" * most, 0.0) is Put.KEPT


def test_other_bytes_under_a_known_key_are_refused() -> None:
    """The first entry stays: who comes later cannot exchange it, and it is counted."""
    cache = cache_of()
    cache.put(KEY, b"honest", 0.0)
    assert cache.put(KEY, b"poison", 1.0) is Put.CONTESTED
    assert cache.put(KEY, b"honest", 1.0) is Put.KNOWN
    assert cache.get(KEY, 2.0) == b"honest"
    assert cache.counts.contested == 1 and cache.fields()["refused"] == 1


@pytest.mark.parametrize(
    "harm",
    [
        lambda entry: replace(entry, code=b"poison"),
        lambda entry: replace(entry, put_s=entry.put_s + 5.0),
        lambda entry: replace(entry, seal=bytes(32)),
        lambda entry: (
            FunctionCache(CacheLimits, bytes(SECRET_BYTES))._seal(KEY, 0.0, b"code")
            and replace(
                entry,
                code=b"poison",
                seal=FunctionCache(CacheLimits, bytes(SECRET_BYTES))._seal(KEY, 0.0, b"poison"),
            )
        ),
    ],
    ids=["code", "time", "seal", "sealed with another secret"],
)
def test_a_changed_entry_is_not_given_away(harm: Callable[[object], object]) -> None:
    """Code, time and seal hang together by the secret; what differs is dropped and counted."""
    cache = cache_of()
    cache.put(KEY, b"code", 0.0)
    cache._entries[KEY] = harm(cache._entries[KEY])
    assert cache.get(KEY, 1.0) is None
    assert cache.counts.damaged == 1 and len(cache) == 0


def test_an_entry_moved_under_another_key_is_not_given_away() -> None:
    """The seal covers the key: sound bytes under a wrong one are damage, too."""
    cache = cache_of()
    cache.put(KEY, b"code", 0.0)
    cache._entries[OTHER] = cache._entries[KEY]
    assert cache.get(OTHER, 1.0) is None and cache.counts.damaged == 1


def test_smaller_limits_hold_at_once() -> None:
    """After the settings were read again nothing is given away beyond them."""
    limits = [CacheLimits(1 << 20, 10.0)]
    cache = FunctionCache(lambda: limits[0], SECRET)
    cache.put(KEY, b"code", 0.0)
    limits[0] = CacheLimits(0, 10.0)
    assert cache.get(KEY, 1.0) is None and cache.bytes_kept == 0
    assert cache.put(KEY, b"", 1.0) is Put.TOO_LARGE


def test_a_key_hangs_on_build_name_and_source() -> None:
    """Whatever decides the compiled bytes decides the key, and no two splits are one."""
    keys = [
        code_key(b"3.11", "a.py", b"x = 1"),
        code_key(b"3.12", "a.py", b"x = 1"),
        code_key(b"3.11", "b.py", b"x = 1"),
        code_key(b"3.11", "a.py", b"x = 2"),
        code_key(b"3.1", "1a.py", b"x = 1"),
        code_key(b"3.11", "a.pyx", b" = 1"),
        code_key(b"3.11", "\udcff", b"x = 1"),
    ]
    assert len(set(keys)) == len(keys) and {len(key) for key in keys} == {32}


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["get", "put", "wait"]),
        st.integers(0, 5),
        st.binary(max_size=120),
    ),
    max_size=60,
)


@given(DEEDS)
def test_it_does_what_a_plain_list_does(deeds: list[tuple[str, int, bytes]]) -> None:
    """Held against a list of (key, code, time), the newest used last."""
    cache, plain, now_s = cache_of(ROOM), [], 0.0
    for deed, number, code in deeds:
        key = bytes([number]) * 32
        if deed == "wait":
            now_s += number
            continue
        live = [each for each in plain if now_s - each[2] < 10.0]
        found = next((each for each in live if each[0] == key), None)
        if deed == "get":
            assert cache.get(key, now_s) == (found[1] if found else None)
            plain = [each for each in live if each[0] != key] + ([found] if found else [])
        elif found is not None:
            assert cache.put(key, code, now_s) in (Put.KNOWN, Put.CONTESTED)
        elif len(code) + ENTRY_BYTES > ROOM // SHARE_MAX:
            assert cache.put(key, code, now_s) is Put.TOO_LARGE
        else:
            assert cache.put(key, code, now_s) is Put.KEPT
            plain = [each for each in live if each[0] != key] + [(key, code, now_s)]
            while sum(len(each[1]) + ENTRY_BYTES for each in plain) > ROOM:
                del plain[0]
        assert cache.bytes_kept <= ROOM
