"""A generation of other columns, in real processes: the world moves to a file of its own, whole."""

import hashlib
import signal
from pathlib import Path

import pytest

from Kernel.console.client import KernelRefused, ask
from Kernel.contract.arena import Header
from tests.chaos.harness import send_signal, wait_until
from tests.chaos.test_blame import assert_sound, guilty_home, has_heir, plan
from tests.support.toy import service as toy
from tests.support.toy_home import ToyKernel

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
__all__ = ["guilty_home"]  # the fixture of that module


def renew(home: Path) -> dict:
    """Make a generation of the plan as it is now and let it serve."""
    return ask(home, "soft-restart", {"zone": "stable", "fresh": True}, 60.0).result


def test_the_world_moves_and_loses_nothing(guilty_home: Path) -> None:
    """The old file is set aside, the new one goes on at that tick, and it can be killed as ever."""
    with ToyKernel(guilty_home, "--json") as kernel:
        arena = Path(kernel.ready()["zones"][0]["arena"])
        old_id = kernel.words().get_bytes(Header.ARENA_ID, 16)
        plan(guilty_home, columns=2)
        told = renew(guilty_home)
        assert told["moved"] and told["tick_after"] >= told["tick_before"]
        (zone,) = ask(guilty_home, "ps", {}, 10.0).result["zones"]
        assert zone["why"] == "" and zone["failures"] == 0, "no founder was begun too early"
        assert arena.with_name("stable.arena.set-aside-1").exists()
        assert kernel.words().get_bytes(Header.ARENA_ID, 16) != old_id
        assert_sound(kernel)
        wait_until(lambda: has_heir(kernel), "an heir stands by on the new file")
        epoch = kernel.words().get(Header.EPOCH)
        send_signal(kernel.words().get(Header.OWNER), signal.SIGKILL)
        wait_until(lambda: kernel.words().get(Header.EPOCH) > epoch, "it took over")
        assert_sound(kernel)
        assert kernel.stop() == 0


def test_going_back_moves_the_world_back(guilty_home: Path) -> None:
    """The generation before needs its own columns again: another move, and nothing is lost."""
    with ToyKernel(guilty_home, "--json") as kernel:
        kernel.ready()
        plan(guilty_home, columns=2)
        renew(guilty_home)
        wait_until(lambda: has_heir(kernel), "an heir stands by on the new file")
        tick = kernel.tick()
        told = ask(guilty_home, "go-back", {"zone": "stable"}, 60.0).result
        assert told["moved"]
        (zone,) = ask(guilty_home, "ps", {}, 10.0).result["zones"]
        assert zone["generation"] == "innocent"
        assert (
            kernel.words().get_bytes(Header.SCHEMA_HASH, 32) == hashlib.sha256(toy.SCHEMA).digest()
        )
        wait_until(lambda: kernel.tick() > tick + 20, "it ticks on")
        assert_sound(kernel)


def test_a_move_that_fails_leaves_the_world_where_it_was(guilty_home: Path) -> None:
    """No founder can make the new file: the generation before goes on in the old one."""
    settings = ("--set", "kernel.zones.stable.failures_max=2")
    with ToyKernel(guilty_home, "--json", *settings) as kernel:
        kernel.ready()
        old_id = kernel.words().get_bytes(Header.ARENA_ID, 16)
        tick = kernel.tick()
        plan(guilty_home, columns=2, refuse=True)
        with pytest.raises(KernelRefused, match="the one before goes on"):
            renew(guilty_home)
        wait_until(lambda: kernel.tick() > tick + 20, "it ticks on")
        assert kernel.words().get_bytes(Header.ARENA_ID, 16) == old_id
        (zone,) = ask(guilty_home, "ps", {}, 10.0).result["zones"]
        assert zone["generation"] == "innocent"
        assert_sound(kernel)
