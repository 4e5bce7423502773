"""Items that are taken one after the other: of lists, ranges, enumerate, zip, map, filter.

Owns: the step to the next item, with the fuel of what is lazy. Does not own: the loops
(`loops.py`).
"""

from collections.abc import Callable

from zones.traits.native import lists
from zones.traits.native.code import Block
from zones.traits.native.conversion import as_int, truth, tuple_of, whole
from zones.traits.native.emitter import Emitter
from zones.traits.native.types import ListType, Value


class Items:
    """Items that are taken one after the other.

    Attributes:
        times_max: how many there are at most; None: nobody knows.
    """

    times_max: int | None = None

    def sites(self) -> frozenset[int]:
        """Return the sites of the lists that are gone through."""
        return frozenset()

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item; go to `done` if there is none."""
        raise NotImplementedError


class ListItems(Items):
    """Items of a list, each read when it is its turn.

    Args:
        fuel: for each, beyond that of the loop.
    """

    def __init__(self, e: Emitter, value: Value, is_reversed: bool = False, fuel: int = 0) -> None:
        self.value = value
        self.is_reversed = is_reversed
        self.fuel = fuel
        self.times_max = lists.length_max(e, value)
        self.index = e.code.slot("i64")
        first = "0"
        if is_reversed:
            count = e.code.load("i64", value.parts[0])
            first = e.code.emit(f"sub i64 {count}, 1")
        e.code.store("i64", first, self.index)

    def sites(self) -> frozenset[int]:
        """Return the sites of the list."""
        assert isinstance(self.value.type, ListType)
        return self.value.type.sites

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item."""
        k = e.code.load("i64", self.index)
        # The length is read each time: the body may append.
        count = e.code.load("i64", self.value.parts[0])
        some = e.code.block("item")
        e.code.go_if(e.code.emit(f"icmp ult i64 {k}, {count}"), some, done)
        e.code.place(some)
        if self.fuel:
            e.spend(str(self.fuel))
        step = -1 if self.is_reversed else 1
        e.code.store("i64", e.code.emit(f"add i64 {k}, {step}"), self.index)
        return lists.read(e, self.value, k)


class RangeItems(Items):
    """Numbers from a first one, by a step that is not 0."""

    def __init__(self, e: Emitter, start: Value, stop: Value, step: Value) -> None:
        first, last, by = (as_int(e, each) for each in (start, stop, step))
        self.step = by
        self.at = e.code.slot("i64")
        self.left = e.code.slot("i64")
        told = [each.literal for each in (start, stop, step)]
        if all(type(each) is int for each in told):
            self.times_max = len(range(*told))
        self.is_small = start.is_small and stop.is_small
        if step.literal == 1:
            room = e.intrinsic("llvm.ssub.sat.i64", "i64", ("i64", last), ("i64", first))
            count = e.intrinsic("llvm.smax.i64", "i64", ("i64", room), ("i64", "0"))
        else:
            count = self._count(e, first, last, by)
        e.code.store("i64", first, self.at)
        e.code.store("i64", count, self.left)

    @staticmethod
    def _count(e: Emitter, first: str, last: str, by: str) -> str:
        """Return how many there are, in 128 bits on the way: nothing wraps."""
        wide = [e.code.emit(f"sext i64 {each} to i128") for each in (first, last, by)]
        up = e.code.emit(f"icmp sgt i64 {by}, 0")
        forth = e.code.emit(f"sub i128 {wide[1]}, {wide[0]}")
        back = e.code.emit(f"sub i128 {wide[0]}, {wide[1]}")
        room = e.code.emit(f"select i1 {up}, i128 {forth}, i128 {back}")
        turned = e.code.emit(f"sub i128 0, {wide[2]}")
        size = e.code.emit(f"select i1 {up}, i128 {wide[2]}, i128 {turned}")
        more = e.code.emit(f"add i128 {room}, {e.code.emit(f'sub i128 {size}, 1')}")
        count = e.code.emit(f"sdiv i128 {more}, {size}")
        least = e.intrinsic("llvm.smax.i128", "i128", ("i128", count), ("i128", "0"))
        most = str((1 << 63) - 1)
        held = e.intrinsic("llvm.smin.i128", "i128", ("i128", least), ("i128", most))
        return e.code.emit(f"trunc i128 {held} to i64")

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item."""
        left = e.code.load("i64", self.left)
        some = e.code.block("number")
        e.code.go_if(e.code.emit(f"icmp sgt i64 {left}, 0"), some, done)
        e.code.place(some)
        e.code.store("i64", e.code.emit(f"sub i64 {left}, 1"), self.left)
        at = e.code.load("i64", self.at)
        e.code.store("i64", e.code.emit(f"add i64 {at}, {self.step}"), self.at)
        return whole(at, self.is_small)


class Numbered(Items):
    """Items with their numbers, as enumerate gives them."""

    def __init__(self, e: Emitter, inner: Items, start: Value) -> None:
        self.inner = inner
        self.times_max = inner.times_max
        self.at = e.code.slot("i64")
        self.is_small = start.is_small
        e.code.store("i64", as_int(e, start), self.at)

    def sites(self) -> frozenset[int]:
        """Return the sites of what it goes through."""
        return self.inner.sites()

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item."""
        item = self.inner.take(e, done)
        e.spend("1")
        at = e.code.load("i64", self.at)
        e.code.store("i64", e.code.emit(f"add i64 {at}, 1"), self.at)
        return tuple_of([whole(at, self.is_small), item])


class Zipped(Items):
    """Items of several, together, until one has no more."""

    def __init__(self, inner: list[Items]) -> None:
        self.inner = inner
        known = [each.times_max for each in inner if each.times_max is not None]
        self.times_max = min(known) if known else None

    def sites(self) -> frozenset[int]:
        """Return the sites of what it goes through."""
        return frozenset().union(*(each.sites() for each in self.inner))

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item."""
        taken = []
        for each in self.inner:
            taken.append(each.take(e, done))
            e.spend("1")
        return tuple_of(taken)


class Mapped(Items):
    """What a function gives for items, as map does."""

    def __init__(self, inner: Items, call: Callable[[Value], Value]) -> None:
        self.inner = inner
        self.times_max = inner.times_max
        self.call = call

    def sites(self) -> frozenset[int]:
        """Return the sites of what it goes through."""
        return self.inner.sites()

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item."""
        item = self.inner.take(e, done)
        e.spend("1")
        return self.call(item)


class Filtered(Items):
    """Items that a function finds true, as filter gives them."""

    def __init__(self, inner: Items, call: Callable[[Value], Value]) -> None:
        self.inner = inner
        self.times_max = inner.times_max
        self.call = call

    def sites(self) -> frozenset[int]:
        """Return the sites of what it goes through."""
        return self.inner.sites()

    def take(self, e: Emitter, done: Block) -> Value:
        """Write the step to the next item."""
        again, found = e.code.block("filter"), e.code.block("found")
        e.code.go(again)
        e.code.place(again)
        item = self.inner.take(e, done)
        e.spend("1")
        e.code.go_if(truth(e, self.call(item)), found, again)
        e.code.place(found)
        return item
