"""A campaign hurts, heals, waits, looks, and counts, whatever a fault does."""

from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from Kernel.contract.arena import Header
from Kernel.contract.errors import Refused
from tests.tools.chaos.fake_target import FakeLog, FakeSender, FakeTarget
from tools.chaos import campaign as module
from tools.chaos.campaign import BREACHES_MAX, TOGETHER, Campaign, Round
from tools.chaos.fault import Fault, Injury, Misses
from tools.chaos.target import NotInTime, Process

GONE = Process(2**22 + 9, "1")


class Scene:
    """A campaign on paper, and what happened in it."""

    def __init__(self, home: Path) -> None:
        self.target = FakeTarget(home)
        self.acts: list[str] = []
        self.told: list[Round] = []
        self.put_off = 0

    def fault(self, name: str, weight: int = 1, alone: bool = False, **injury: object) -> Fault:
        """Return a fault that is noted when it begins, and when it is healed."""

        def begin(_target: object, _chance: Random) -> Injury:
            self.acts.append(name)
            return Injury(
                f"{name} was done", heal=lambda: self.acts.append(f"heal {name}"), **injury
            )

        return Fault(name, weight, begin, alone=alone)

    def campaign(self, *faults: Fault, seed: int = 1) -> Campaign:
        """Return a campaign of these faults."""

        @contextmanager
        def put_off():
            self.put_off += 1
            yield

        return Campaign(self.target, faults, seed, self.told.append, put_off=put_off)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Give a campaign that waits for nothing."""
    monkeypatch.setattr(module, "Sender", FakeSender)
    monkeypatch.setattr(module, "LogFollower", FakeLog)
    monkeypatch.setattr(module.time, "sleep", lambda _s: None)
    for name in ("SHOWN_S", "WELL_S"):
        monkeypatch.setattr(module, name, 0.0)
    return Scene(tmp_path)


class TestRounds:
    """One after another."""

    def test_a_round_is_told_whole(self, scene):
        """What was done, what it cost, whoever had to go; healed before all are waited for."""
        target = scene.target
        target.words[Header.MISSED_TICKS] = 10

        def miss() -> None:
            scene.acts.append("wait")
            target.words[Header.MISSED_TICKS] = 13

        campaign = scene.campaign(scene.fault("hurt", gone=[GONE]))
        target.on_wait = miss
        now = campaign.round()
        assert scene.acts == ["hurt", "heal hurt", "wait"] and scene.told == [now]
        assert (now.faults, now.told, now.missed) == (["hurt"], ["hurt was done"], 3)
        assert now.breaches == [] and target.waited_for[-1] == [GONE]
        assert campaign.costs["hurt"].missed == [3] and scene.put_off == 2

    def test_what_does_not_hold_is_told(self, scene):
        """A tick that was taken back, the log's faults, what is degraded and was not before."""
        scene.target.amiss = [{"what": "usual", "why": "always"}]
        campaign = scene.campaign(scene.fault("hurt"))
        scene.target.words[Header.COMMIT] = 90
        scene.target.amiss.append({"what": "archive", "why": "disk full"})
        campaign.log.faults = ["the chain breaks"]
        lost, chain, amiss = campaign.round().breaches
        assert "tick 90, and was at 100" in lost and chain == "the chain breaks"
        assert "archive: disk full" in amiss and "usual" not in amiss

    def test_what_the_kernel_does_not_say_is_told(self, scene):
        """A fault that must be seen, and is not."""
        now = scene.campaign(scene.fault("hurt", shown=lambda: False)).round()
        assert now.breaches == ["not in 0 s: the kernel tells of hurt"]

    def test_what_a_fault_itself_saw_is_told(self, scene):
        """An injury notes while it is healed what it had to see."""
        now = scene.campaign(scene.fault("hurt", breaches=["nobody was refused"])).round()
        assert now.breaches == ["nobody was refused"]

    def test_who_does_not_come_back_ends_it(self, scene):
        """The round is kept with what was told, for the report."""
        campaign = scene.campaign(scene.fault("hurt"))

        def never() -> None:
            raise NotInTime("not in 120 s: all zones serve")

        scene.target.on_wait = never
        with pytest.raises(NotInTime):
            campaign.round()
        assert scene.told == campaign.rounds
        assert campaign.rounds[0].breaches == ["not in 120 s: all zones serve"]

    def test_one_that_cannot_be_done_now_is_left_out(self, scene):
        """Refused, or nobody there to be hurt: the round goes on, and counts for no fault."""

        def refuse(_target: object, _chance: Random) -> Injury:
            raise Refused("cannot: busy", "")

        for fault in (Fault("refused", 1, refuse), Fault("nobody", 1, lambda *_: None)):
            campaign = scene.campaign(fault)
            assert campaign.round().faults == [] and campaign.costs == {}

    def test_an_interrupt_heals(self, scene):
        """Ctrl-C while a fault lasts: it is healed, and the interrupt goes on."""

        def interrupt(_s: float) -> None:
            if scene.acts:
                raise KeyboardInterrupt

        campaign = scene.campaign(scene.fault("hurt", lasts_s=5.0))
        module.time.sleep = interrupt  # the fixture puts it back
        with pytest.raises(KeyboardInterrupt):
            campaign.round()
        assert scene.acts == ["hurt", "heal hurt"]


class TestChance:
    """What comes, and how often."""

    def names(self, scene, seed: int, *faults: Fault) -> list[list[str]]:
        campaign = scene.campaign(*faults, seed=seed)
        return [campaign.round().faults for _ in range(60)]

    def test_one_seed_is_one_order(self, scene):
        """The same faults in the same order; another seed, another order."""
        faults = [scene.fault(name) for name in ("a", "b", "c", "d")]
        first = self.names(scene, 5, *faults)
        assert first == self.names(scene, 5, *faults) != self.names(scene, 6, *faults)

    def test_several_come_at_once_now_and_then(self, scene):
        """Two or three, each once, counted apart; one that wants to be alone is."""
        faults = [scene.fault(name) for name in ("a", "b", "c")]
        campaign = scene.campaign(*faults, scene.fault("alone", alone=True))
        rounds = [campaign.round().faults for _ in range(200)]
        several = [each for each in rounds if len(each) > 1]
        assert {len(each) for each in several} == {2, 3} and len(several) < len(rounds) / 3
        assert all(len(set(each)) == len(each) and "alone" not in each for each in several)
        assert len(campaign.costs[TOGETHER].missed) == len(several)
        assert campaign.costs[TOGETHER].misses is Misses.MANY

    def test_weights_count(self, scene):
        """One of ten times the weight comes about ten times as often."""
        rounds = self.names(scene, 1, scene.fault("often", 10, True), scene.fault("rare", 1, True))
        assert 0 < rounds.count(["rare"]) < 20 < rounds.count(["often"])

    def test_it_gives_up_when_nothing_holds(self, scene):
        """BREACHES_MAX rounds with a breach are enough to know."""
        campaign = scene.campaign(scene.fault("hurt", breaches=["wrong"]))
        campaign.run(3600)
        assert len(campaign.rounds) == BREACHES_MAX
