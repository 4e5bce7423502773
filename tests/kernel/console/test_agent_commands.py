"""Whoever asks agents gets an answer, also when they end before they gave it."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from Kernel.console.agent_commands import ANSWER_S, ask_agents
from Kernel.console.commands import BY_NAME
from Kernel.contract.errors import Refused
from Kernel.contract.messages import Reply


@dataclass
class Keeper:
    """A zone with one process, or none any more."""

    pids: list[int] = field(default_factory=lambda: [41])
    replies: dict[int, Reply] = field(default_factory=dict)

    @property
    def active(self):
        return SimpleNamespace(pid=self.pids[-1]) if self.pids else None

    def berth_of(self, pid):
        return SimpleNamespace(pid=pid) if pid in self.pids else None

    def request(self, name, args, deadline_s):
        return 1

    def take_reply(self, number):
        return self.replies.pop(number, None)


def asked(keeper):
    return ask_agents(SimpleNamespace(services={"sandbox": keeper}), "agents", {})


def test_an_answer_is_waited_for():
    """Nothing while there is none, also while a successor serves and the one asked leaves."""
    keeper = Keeper()
    answer = asked(keeper)
    assert answer() is None
    keeper.pids.append(42)
    assert answer() is None
    keeper.replies[1] = Reply(1, True, {"agents": []})
    assert answer() == {"agents": []}


@pytest.mark.parametrize("pids", [[], [42]])
def test_who_ends_before_it_answered_is_named(pids):
    """The process that was asked is gone: nobody waits for an answer that cannot come."""
    keeper = Keeper()
    answer = asked(keeper)
    keeper.pids[:] = pids
    with pytest.raises(Refused, match="zone sandbox ended before it answered"):
        answer()


def test_an_answer_that_came_in_time_counts():
    """Even when its sender has ended since."""
    keeper = Keeper(replies={1: Reply(1, True, {"agents": []})})
    answer = asked(keeper)
    keeper.pids.clear()
    assert answer() == {"agents": []}


@pytest.mark.parametrize("command", ["agents", "trigger"])
def test_the_kernel_gives_up_first(command):
    """Then it says which zone did not answer, and whoever asked does not blame the kernel."""
    assert BY_NAME[command].patience_s > ANSWER_S
