"""Guilty code in real processes: convicted on evidence, alone, and the world goes on."""

import json
import signal
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from Kernel.console.client import ask
from Kernel.contract.arena import Header, State
from tests.chaos.harness import send_signal, wait_until
from tests.support.toy import service as toy
from tests.support.toy_home import ToyKernel, remove_arenas, write_config

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
SERVICE = "tests.support.guilty"
AFTER_TAKEOVER = 1500
"""Ticks of 4 ms in which a new generation has taken over, on a busy machine, too."""


@pytest.fixture
def guilty_home(tmp_path: Path) -> Iterator[Path]:
    """Give a home whose world fails by the plan in its folder."""
    home = tmp_path / "h"
    zones = f"zones:\n  stable: {{service: {SERVICE}, kind: arena, settings: world}}\n"
    write_config(home, zones, f"tick_rate_ms: 4\nplan: {home / 'plan.json'}\n")
    yield home
    remove_arenas(home)


def plan(home: Path, **fields: Any) -> None:
    """Write what the next generation shall do."""
    (home / "plan.json").write_text(json.dumps(fields))


def assert_sound(kernel: ToyKernel) -> None:
    """The chain of the toy is that of a world that nobody ever hurt."""
    words = kernel.words()
    tick = words.get(Header.COMMIT)
    assert words.state(tick, State.OWN) == toy.chain_after(tick)


def has_heir(kernel: ToyKernel) -> bool:
    """Tell whether somebody else than the owner may take over."""
    words = kernel.words()
    return words.get(Header.PERMISSION) not in (0, words.get(Header.OWNER))


@pytest.mark.parametrize("how", ["segfault", "exit", "hang", "open", "socket", "fork"])
def test_a_guilty_trait_is_quarantined_alone(guilty_home: Path, how: str) -> None:
    """Two faults at one tick and flight word: an input switches it off, the world goes on.

    To reach for a file, a socket or a process is one, because its process is sealed.
    """
    plan(guilty_home, from_tick=120, slot=3, how=how)
    with ToyKernel(guilty_home, "--json") as kernel:
        kernel.ready()
        wait_until(lambda: kernel.tick() > 150, "the world is past its fault")
        words = kernel.words()
        assert words.state(words.get(Header.COMMIT), State.QUARANTINED) == 1 << 3
        assert_sound(kernel)
        evidence = kernel.told("zone.evidence")
        assert [each["verdict"] for each in evidence] == ["nobody", "trait"]
        assert {each["tick"] for each in evidence} == {120}
        assert [each["slot"] for each in kernel.told("trait.quarantined")] == [3]
        (zone,) = ask(guilty_home, "ps", {}, 10.0).result["zones"]
        assert zone["generation"] == how, "the generation itself is not blamed"
        assert kernel.stop() == 0


def test_outside_kills_at_one_tick_convict_nobody(guilty_home: Path) -> None:
    """SIGKILL of owner after owner is no evidence, however many hit the same tick."""
    with ToyKernel(guilty_home, "--json", "--set", "world.tick_rate_ms=60") as kernel:
        kernel.ready()
        for _ in range(6):
            wait_until(lambda: has_heir(kernel), "an heir stands by")
            epoch = kernel.words().get(Header.EPOCH)
            send_signal(kernel.words().get(Header.OWNER), signal.SIGKILL)
            wait_until(lambda e=epoch: kernel.words().get(Header.EPOCH) > e, "somebody took over")
        assert not kernel.told("zone.evidence")
        (zone,) = ask(guilty_home, "ps", {}, 10.0).result["zones"]
        assert zone["failures"] == 0
        assert_sound(kernel)


@pytest.mark.parametrize("how", ["segfault", "exit", "hang"])
def test_a_guilty_generation_gives_way_to_the_one_before(guilty_home: Path, how: str) -> None:
    """Core code fails twice at its tick, the former generation computes it: that is proof."""
    with ToyKernel(guilty_home, "--json") as kernel:
        kernel.ready()
        plan(guilty_home, from_tick=kernel.tick() + AFTER_TAKEOVER, slot=0, how=how)
        told = ask(guilty_home, "soft-restart", {"zone": "stable", "fresh": True}, 60.0).result
        assert told["generation"] == how
        guilty_tick = json.loads((guilty_home / "plan.json").read_text())["from_tick"]
        wait_until(lambda: kernel.tick() > guilty_tick + 50, "the world is past its fault")
        (zone,) = ask(guilty_home, "ps", {}, 10.0).result["zones"]
        assert zone["generation"] == "innocent"
        (retired,) = kernel.told("generation.retired")
        assert retired["generation"] == how and "not under the one before" in retired["why"]
        assert len(kernel.told("zone.evidence")) == 2, "proved long before the budget is spent"
        assert_sound(kernel)


def test_a_generation_that_cannot_be_loaded_costs_nothing(guilty_home: Path) -> None:
    """It is refused with the reason; who served serves, and not a tick is missed by it."""
    with ToyKernel(guilty_home, "--json") as kernel:
        kernel.ready()
        epoch = kernel.words().get(Header.EPOCH)
        plan(guilty_home, how="load")
        with pytest.raises(Exception, match=r"cannot renew stable.*the plan says so"):
            ask(guilty_home, "soft-restart", {"zone": "stable", "fresh": True}, 60.0)
        tick = kernel.tick()
        wait_until(lambda: kernel.tick() > tick + 20, "it ticks on")
        assert kernel.words().get(Header.EPOCH) == epoch
        assert_sound(kernel)


def test_a_hung_process_says_where_it_hangs(guilty_home: Path) -> None:
    """Its stacks are kept in a file of the home before it is ended, down to the line."""
    plan(guilty_home, from_tick=60, slot=5, how="hang")
    with ToyKernel(guilty_home, "--json") as kernel:
        kernel.ready()
        wait_until(lambda: len(kernel.told("zone.stack")) >= 2, "two hangs are told")
        told = kernel.told("zone.stack")[0]
        assert "phase chain, trait slot 5" in told["why"] and "in fail" in told["top"]
        kept = Path(told["file"]).read_text()
        assert "guilty/service.py" in kept and "in tick" in kept


TRAIT = """class Guilty(Trait):
    async def execute(self, entity):
        entity.move(0.5, {})
"""


@pytest.fixture
def trait_home(tmp_path: Path) -> Iterator[Path]:
    """Give a home of the real world, in which one trait fails by plan."""
    home = tmp_path / "h"
    zones = (
        "zones:\n  stable: {service: tests.support.guilty_traits, kind: arena, settings: world}\n"
    )
    world = f"max_entities: 120\nentities: 80\nplan: {home / 'plan.json'}\n"
    write_config(home, zones, world)
    yield home
    remove_arenas(home)


def test_a_guilty_version_gives_way_to_the_one_before(trait_home: Path, rounds: int) -> None:
    """A real trait ends its process twice: it alone is quarantined, its carriers go back.

    By a fault; in longer runs by a hang, too, which costs the watchdog's time.
    """
    how = "segfault" if rounds == 1 else "hang"
    sources = [TRAIT.format(each).encode() for each in (0.25, 0.5)]
    plan(trait_home, hash=sha256(sources[1]).hexdigest(), how=how)
    with ToyKernel(trait_home, "--json") as kernel:
        kernel.ready()
        for source in sources:
            args = {"source": b64encode(source).decode()}
            assert ask(trait_home, "trait add", args, 60.0).result["tier"] == "native"
        tick = kernel.tick()
        wait_until(lambda: kernel.tick() > tick + 60, "the world is past its fault")
        rows = ask(trait_home, "trait list", {}, 10.0).result["traits"]
        assert {row["version"]: row["status"] for row in rows} == {1: "active", 2: "quarantined"}
        slot = next(row["slot"] for row in rows if row["version"] == 2)
        assert {each["slot"] for each in kernel.told("trait.quarantined")} == {slot}
        failed = kernel.told("mutation.failed")
        assert {(each["stage"], each["version"]) for each in failed} == {("execution", 2)}
        assert {each["rollback_to"].rpartition("_")[2] for each in failed} == {"v1"}
        degraded = ask(trait_home, "status", {}, 10.0).result["degraded"]
        assert any("version 2 is in quarantine" in each["why"] for each in degraded)
        with pytest.raises(Exception, match="this very code is in quarantine"):
            ask(trait_home, "trait add", args, 60.0)
        assert kernel.stop() == 0
