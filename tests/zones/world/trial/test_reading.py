"""What a run leaves is read as the work of a stranger: whatever is in it, there is an answer."""

import json
import mmap
import random
from dataclasses import replace

import pytest

from Kernel.contract import rings
from Kernel.contract.arena import Header, State, check_arena
from Kernel.contract.codec import pack
from tests.zones.world.trial.stage import image
from tests.zones.world.worlds import make_world
from zones.runtime.arena_image import copy_committed
from zones.world.trait_loading import LoadedTraits
from zones.world.trial.copying import found_copy
from zones.world.trial.following import Follower, Lied, Period
from zones.world.trial.living import Life, live
from zones.world.trial.reading import origin_of, read_left, read_progress

TICKS = 5


@pytest.fixture
def lived():
    """Give the memory of a good run, its report, and what it began with."""
    memory = memoryview(bytearray(image().buffers().file_bytes))
    report = live(Life(image(), TICKS, LoadedTraits()), memory, lambda: 0, lambda: None)
    return memory, report, origin_of(image(), TICKS)


def words_of(memory):
    """Return the arena in some memory."""
    words = found_copy(memoryview(bytearray(len(memory))), image())
    words.memory[:] = memory
    check_arena(words, "a run")
    return words


def test_a_good_run_is_read(lived):
    """Its population, its metrics, its tick times."""
    memory, report, origin = lived
    left = read_left(memory, origin, report, [])
    assert left.population == left.metrics["population"] > 0
    assert left.failed == () and left.calls == 0 and not left.extinct
    assert 0 < left.tick_us["median"] <= left.tick_us["p99"]
    assert read_progress(memory, origin) == (image().tick + TICKS, 0)


def test_a_world_of_those_that_were_put_in_is_extinct():
    """Everybody starves, and whom the world puts in, too: nobody else is left."""
    words = make_world(entities=60, max_entities=80, min_population=20, cost_base=10.0)
    check_arena(words, "a hard world")
    copied = copy_committed(words)
    memory = memoryview(bytearray(copied.buffers().file_bytes))
    report = live(Life(copied, 30, LoadedTraits()), memory, lambda: 0, lambda: None)
    left = read_left(memory, origin_of(copied, 30), report, [])
    assert left.extinct and left.metrics["starved"] > 60 and left.seeded >= left.population


def test_a_small_world_with_those_it_began_with_is_not_extinct():
    """However many it has put in beside them."""
    words = make_world(entities=5, max_entities=80, min_population=20)
    check_arena(words, "a small world")
    copied = copy_committed(words)
    memory = memoryview(bytearray(copied.buffers().file_bytes))
    report = live(Life(copied, TICKS, LoadedTraits()), memory, lambda: 0, lambda: None)
    left = read_left(memory, origin_of(copied, TICKS), report, [])
    assert (left.population, left.seeded, left.extinct) == (20, 15, False)


@pytest.mark.parametrize(
    ("offset", "why"),
    [
        (Header.MAGIC, "left no arena"),
        (Header.BUFFER_0, "left no arena"),
        (Header.CAPACITY, ""),
        (Header.COMMIT, "left"),
        (Header.FLIGHT, "left its world at tick"),
        (Header.SEED, "wrote over the header"),
        (Header.HASH, "published a hash"),
        (Header.HASH_TICK, "wrote over the header"),
        (4096 + 5, "wrote over the layout"),
    ],
)
def test_every_word_that_matters_is_looked_at(lived, offset, why):
    """One that decides nothing may say what it likes."""
    memory, report, origin = lived
    memory[offset] ^= 0xFF
    if not why:
        assert read_left(memory, origin, report, []).population > 0
        return
    with pytest.raises(Lied, match=why):
        read_left(memory, origin, report, [])


@pytest.mark.parametrize("offset", [State.POPULATION, State.NEXT_ID, State.FREE_COUNT, State.TICK])
def test_a_world_that_contradicts_itself_is_a_lie(lived, offset):
    """Counters against columns."""
    memory, report, origin = lived
    start = origin.buffers.buffer_1 if (origin.tick + TICKS) & 1 else origin.buffers.buffer_0
    memory[start + offset] ^= 1
    with pytest.raises(Lied, match=r"left a world that cannot be|left no arena"):
        read_left(memory, origin, report, [])


def test_noise_all_over_is_a_lie_and_no_harm(lived):
    """Whatever the bytes are: no crash, no hang."""
    memory, report, origin = lived
    generator = random.Random(7)
    for _ in range(30):
        spoilt = bytearray(memory)
        for _ in range(200):
            spoilt[generator.randrange(len(spoilt))] = generator.randrange(256)
        start = generator.randrange(len(spoilt) - 5000)
        spoilt[start : start + 5000] = generator.randbytes(5000)
        try:
            read_left(memoryview(spoilt), origin, report, [])
        except Lied:
            continue


@pytest.mark.parametrize(
    "report",
    [b"", b"null", b"[1]", b"{" * 50_000, b'{"median_us": 1}', b"\xff", b"1" * 16_000],
)
def test_what_is_no_report_is_a_lie(lived, report):
    """Also what a parser stumbles over."""
    memory, _, origin = lived
    with pytest.raises(Lied, match="said what is no report"):
        read_left(memory, origin, report, [])


@pytest.mark.parametrize(
    "changed",
    [
        {"median_us": -1.0},
        {"p99_us": float("nan")},
        {"statuses": [0] * 99},
        {"statuses": [1.5]},
        {"statuses": [True]},
        {"fuel_max": 2**80},
    ],
)
def test_numbers_of_a_report_have_bounds(lived, changed):
    """No number is what it says it is."""
    memory, report, origin = lived
    told = json.dumps({**json.loads(report), **changed}).encode()
    with pytest.raises(Lied, match="said what is no report"):
        read_left(memory, origin, told, [])


def test_calls_that_a_control_cannot_have_made(lived):
    """Nobody's code ran in it."""
    memory, report, origin = lived
    told = json.dumps({**json.loads(report), "statuses": [5]}).encode()
    with pytest.raises(Lied, match="calls that nobody made"):
        read_left(memory, origin, told, [])


def test_calls_end_as_calls_can(lived):
    """There is no such status between those that clip and those that fail."""
    memory, report, origin = lived
    told = json.dumps({**json.loads(report), "statuses": [0, 0, 0, 0, 0, 1]}).encode()
    with pytest.raises(Lied, match="ended as none can"):
        read_left(memory, replace(origin, counted=False), told, [])


@pytest.mark.parametrize("energy", [float("nan"), float("inf"), -1.0, 1e300])
def test_telemetry_of_no_world_is_a_lie(lived, energy):
    """A mean that no Molbots can have would make an effect that nobody can use."""
    memory, _, origin = lived
    words, tick = words_of(memory), origin.tick + TICKS
    event = {"kind": "telemetry", "tick": tick, "entity_count": 5, "avg_energy": energy}
    head = rings.append(words.outbox(), 0, 0, first_event(), pack(event))
    words.put_state(tick, State.OUTBOX_HEAD, head)
    words.put_state(tick, State.OUTBOX_NEXT, first_event() + 1)
    with pytest.raises(Lied, match="tells of a mean energy"):
        Follower(words, mmap.mmap(-1, 4096), origin.tick, first_event()).look()


def test_a_trait_that_is_not_in_the_registry_is_a_lie(lived):
    """It was put in as the first thing."""
    memory, report, _ = lived
    with pytest.raises(Lied, match="lost the trait"):
        read_left(memory, origin_of(image(), TICKS, "5" * 64), report, [])


def test_telemetry_is_followed_and_acknowledged(lived):
    """One event for every 300 ticks; what is read may be written over."""
    memory = memoryview(bytearray(image().buffers().file_bytes))
    live(Life(image(), 600, LoadedTraits()), memory, lambda: 0, lambda: None)
    side = mmap.mmap(-1, 4096)
    follower = Follower(words_of(memory), side, image().tick, first_event())
    follower.look()
    assert [each.tick for each in follower.periods] == [300, 600]
    assert int.from_bytes(side[72:80], "little") > 0


def first_event():
    """Return the number of the first event of a run."""
    return int.from_bytes(image().buffer[State.OUTBOX_NEXT :][:8], "little")


@pytest.mark.parametrize("head", [2**63, 5_000_000])
def test_an_outbox_that_ends_nowhere_is_a_lie(lived, head):
    """No address is made of it."""
    memory, _, origin = lived
    words = words_of(memory)
    words.put_state(origin.tick + TICKS, State.OUTBOX_HEAD, head)
    with pytest.raises(Lied, match="says that its events end at"):
        Follower(words, mmap.mmap(-1, 4096), origin.tick, first_event()).look()


def test_events_that_are_none_are_a_lie(lived):
    """Nothing is where the head says that something is."""
    memory, _, origin = lived
    words = words_of(memory)
    words.put_state(origin.tick + TICKS, State.OUTBOX_HEAD, 4096)
    words.put_state(origin.tick + TICKS, State.OUTBOX_NEXT, first_event() + 1)
    words.outbox()[:4096] = b"\xa5" * 4096
    with pytest.raises(Lied, match="events that cannot be read"):
        Follower(words, mmap.mmap(-1, 4096), origin.tick, first_event()).look()


@pytest.fixture
def counted():
    """Give a run that has noted its counters after every second tick."""
    memory = memoryview(bytearray(image().buffers().file_bytes))
    life = Life(image(), TICKS, LoadedTraits(), window_ticks=2)
    report = live(life, memory, lambda: 0, lambda: None)
    return memory, json.loads(report), origin_of(image(), TICKS, window_ticks=2)


def test_windows_lead_from_the_beginning_to_the_end(counted):
    """The counters at the beginning, and after each whole window."""
    memory, told, origin = counted
    left = read_left(memory, origin, json.dumps(told).encode(), [])
    assert len(left.windows) == 3 and left.windows[0] == origin.counters


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda windows: windows.pop(), "that there were not"),
        (lambda windows: windows.append(windows[-1]), "that there were not"),
        (lambda windows: windows[0].__setitem__(0, 10**6), "cannot follow each other"),
        (lambda windows: windows.reverse() or windows[0].__setitem__(1, 10**6), "cannot follow"),
        (lambda windows: windows[1].__setitem__(0, -1), "no report"),
        (lambda windows: windows[1].__setitem__(7, float("inf")), "no report"),
        (lambda windows: windows.__setitem__(0, 5), "no report"),
    ],
)
def test_windows_that_cannot_be_are_a_lie(counted, spoil, why):
    """Whatever a run says of them."""
    memory, told, origin = counted
    spoil(told["windows"])
    with pytest.raises(Lied, match=why):
        read_left(memory, origin, json.dumps(told).encode(), [])


def test_windows_that_nobody_asked_for_are_a_lie(counted):
    """And those of a control, which has none."""
    memory, told, origin = counted
    with pytest.raises(Lied, match="that there were not"):
        read_left(memory, replace(origin, window_ticks=0), json.dumps(told).encode(), [])


def test_the_last_window_is_what_the_columns_say(counted):
    """Where it ends with the run."""
    memory, told, origin = counted
    origin = replace(origin, window_ticks=1)
    end = [each.plain() for each in read_left(memory, replace(origin, window_ticks=2),
           json.dumps(told).encode(), []).windows]  # fmt: skip
    told["windows"] = [*[end[0]] * 4, [*told["windows"][-1][:7], 1.0]]
    with pytest.raises(Lied, match=r"another end|cannot follow"):
        read_left(memory, origin, json.dumps(told).encode(), [])
    period = Period(origin.tick + 2, 10**6, 1.0)
    told["windows"] = end[1:]
    with pytest.raises(Lied, match="otherwise than its telemetry"):
        read_left(memory, replace(origin, window_ticks=2), json.dumps(told).encode(), [period])
