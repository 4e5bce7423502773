"""A mutation under guard in a world on paper: watched, kept, taken back, taken up again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from Kernel.contract.arena import Header, State
from Kernel.contract.errors import Refused
from Kernel.contract.trait_registry import TraitRow
from Kernel.contract.trial_forecast import Band, Forecast
from Kernel.core.guard import Applied, GuardRules, unforetold
from Kernel.core.posted_trait import Stage
from Kernel.core.trait_guard import TraitGuard
from tests.support.trait_scene import CODE_HASH, SOURCE, VERDICT, Scene, trait_scene

RULES = GuardRules(ticks=400)
MUTATION = f"mut_{CODE_HASH[:12]}"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a world that ticks, with a trait that has just come in."""
    with trait_scene(tmp_path) as scene:
        scene.kernel.zones.guards["stable"].rules = RULES
        scene.bring_in()
        yield scene


def ticks(scene: Scene, count: int, **counted: int) -> None:
    """Let so many ticks pass; in each the trait counts so much more."""
    for _ in range(count):
        count_up(scene, **counted)
        scene.kernel.tick()
        scene.kernel.round(1)


def count_up(scene: Scene, name: str = "Forager", **counted: int) -> None:
    """Count for a trait what it has done."""
    scene.machine.arenas.rows = [
        replace(row, **{key: getattr(row, key) + more for key, more in counted.items()})
        if row.name == name
        else row
        for row in scene.machine.arenas.rows
    ]


def notes(scene: Scene) -> list[str]:
    """Return what is noted of mutations under guard."""
    return [each for each in scene.machine.guard_notes.left() if ".why." not in each]


def kinds(scene: Scene) -> list[str]:
    """Return what was told of guards and mutations, in its order."""
    told = (name for name, _ in scene.machine.log.lines)
    return [each for each in told if each.startswith(("guard.", "mutation."))][2:]


def chain(scene: Scene, kind: str) -> list[str]:
    """Return the causes of the newest event of a kind, itself first."""
    log = scene.machine.log
    newest = [each for each, name in log.named.items() if name == kind][-1]
    return log.why(newest)


class TestKept:
    def test_it_is_watched_and_kept(self, scene):
        """For as many ticks as configured, and the generation before stays warm meanwhile."""
        (begun,) = scene.machine.log.of("guard.begun")
        assert begun["ticks"] == 400 and "no forecast" in begun["degraded"]
        scene.machine.clock.advance(1000.0)
        scene.kernel.round()
        assert scene.world.ladder.former, "the period is counted in ticks, not in seconds"
        (row,) = scene.kernel.zones.guards["stable"].fields()
        assert 390 <= row["ticks_left"] <= 400
        ticks(scene, 410)
        assert kinds(scene) == ["guard.begun", "mutation.kept"]
        assert chain(scene, "mutation.kept")[:3] == [
            "mutation.kept", "guard.begun", "mutation.applied",
        ]  # fmt: skip
        assert not scene.world.ladder.former and not notes(scene)

    def test_it_ends_with_the_trait(self, scene):
        """Removed by hand: there is nothing left to guard."""
        scene.changes.remove(scene.world, "Forager", 0, b"")
        ticks(scene, 10)
        assert kinds(scene) == ["guard.begun", "guard.ended"]

    def test_it_ends_with_another_version(self, scene):
        """The version that runs now is named, not another one of its name."""
        row = scene.machine.arenas.rows[0]
        newer = replace(row, slot=3, version=4, hash="b" * 64)
        older = replace(row, slot=2, version=0, hash="c" * 64, status="standby")
        scene.machine.arenas.rows = [older, replace(row, status="standby"), newer]
        scene.kernel.words.put_state(scene.world.tick(), State.REGISTRY_VERSION, 77)
        ticks(scene, 10)
        assert scene.machine.log.of("guard.ended")[0]["why"] == "version 4 took its place"


class TestTakenBack:
    def test_faults_take_it_back_within_a_tick(self, scene):
        """The input is applied in the tick after the one that was looked at; the chain is whole."""
        decided = None
        for _ in range(120):
            ticks(scene, 1, calls=50, faults=40)
            tripped = scene.machine.log.of("guard.tripped")
            decided = decided or (scene.world.tick() if tripped else None)
            if scene.machine.log.of("mutation.failed"):
                break
        (tripped,), (failed,) = (
            scene.machine.log.of(kind) for kind in ("guard.tripped", "mutation.failed")
        )
        assert tripped["rule"] == "faults" and tripped["tick"] == decided
        assert failed["tick"] - tripped["tick"] <= 1
        assert (failed["stage"], failed["rollback_to"]) == ("guard", "none")
        assert [row.status for row in scene.world.traits.rows()] == ["quarantined"]
        assert chain(scene, "mutation.failed") == [
            "mutation.failed", "guard.tripped", "guard.begun", "mutation.applied",
            "generation.promoted", "generation.begun", "mutation.ready", "trait.validated",
            "trial.ended", "trial.begun", "command.taken",
        ]  # fmt: skip
        assert not notes(scene)

    def test_an_archive_that_is_away_holds_nothing_up(self, scene):
        """Its input is one for safety: there is room for it when the outbox is full."""
        scene.world.inbox.is_archive_behind = lambda: True
        ticks(scene, 120, calls=50, faults=40)
        assert kinds(scene)[-1] == "mutation.failed"

    def test_a_heavy_trait_that_misses_ticks(self, scene):
        """Its fuel says so; the same late ticks without it would have convicted nobody."""
        words = scene.kernel.words
        times = [0] * 256
        for each in (3, 30):
            times = [each * 1000] * 256
            words.put_bytes(Header.TICK_TIMES, b"".join(n.to_bytes(4, "little") for n in times))
            for _ in range(130):
                words.put(Header.MISSED_TICKS, words.get(Header.MISSED_TICKS) + 1)
                ticks(scene, 1, fuel=2 if each == 3 else 60)
            told = scene.machine.log.of("guard.tripped")
            assert bool(told) == (each == 30)
        assert told[0]["rule"] == "missed"

    def test_a_failed_check(self, scene):
        """The newest answers for it."""
        ticks(scene, 10)
        scene.kernel.words.put_state(scene.world.tick(), State.CHECKS_FAILED, 1)
        ticks(scene, 10)
        assert scene.machine.log.of("guard.tripped")[0]["rule"] == "invariant"

    def test_a_pause_does_not_end_it(self, scene):
        """No tick passes, whatever the clock says."""
        scene.machine.clock.advance(100_000.0)
        scene.kernel.round(20)
        assert kinds(scene) == ["guard.begun"]


class TestMeasured:
    def test_one_that_was_kept_is_taken_back(self, scene):
        """Its guard period is over; what was measured since is the reason, and leads to it."""
        ticks(scene, 410)
        guard, log = scene.kernel.zones.guards["stable"], scene.machine.log
        told = log.info("zone.asked", zone="sandbox", name="take_back", request_id=1)
        guard.take_back(f"mut_{CODE_HASH[:12]}", "it promised more", told)
        guard.take_back(f"mut_{CODE_HASH[:12]}", "it promised more", told)
        ticks(scene, 10)
        (tripped,) = log.of("guard.tripped")
        (failed,) = log.of("mutation.failed")
        assert (tripped["rule"], tripped["reason"]) == ("measured", "it promised more")
        assert (failed["stage"], failed["rollback_to"]) == ("guard", "none")
        assert failed["error"] == "it promised more"
        assert chain(scene, "mutation.failed") == ["mutation.failed", "guard.tripped", "zone.asked"]
        assert [row.status for row in scene.world.traits.rows()] == ["quarantined"]
        assert not notes(scene)

    def test_one_that_the_world_does_not_run(self, scene):
        """There is nothing to take back."""
        with pytest.raises(Refused, match="no trait that the world runs"):
            scene.kernel.zones.guards["stable"].take_back("mut_0123456789ab", "why not", b"")


class TestVerdictsOfOthers:
    def test_a_quarantine_is_its_end(self, scene):
        """Crash and hang are blame's: the mutation has failed in execution."""
        row = scene.world.traits.rows()[0]
        log = scene.machine.log
        told = log.error("trait.quarantined", zone="stable", slot=row.slot, why="it hung")
        scene.world.traits.on_quarantined(row, "it hung", told)
        (failed,) = log.of("mutation.failed")
        assert (failed["stage"], failed["rollback_to"]) == ("execution", "none")
        assert failed["mutation_id"] == f"mut_{CODE_HASH[:12]}"
        assert chain(scene, "mutation.failed") == ["mutation.failed", "trait.quarantined"]
        scene.world.traits.on_quarantined(row, "it hung", told)
        assert len(log.of("mutation.failed")) == 2, "after its guard period, too"

    def test_the_version_before_is_named(self, scene):
        """It is what carriers go back to."""
        rows = scene.machine.arenas.rows
        old = replace(rows[0], slot=9, version=3, status="standby", hash="a" * 64)
        scene.machine.arenas.rows = [old, replace(rows[0], version=4, before=9)]
        scene.kernel.words.put_state(scene.world.tick(), State.REGISTRY_VERSION, 77)
        scene.kernel.zones.guards["stable"].begin(
            Applied("mut_4", "Forager", 4, CODE_HASH, scene.world.tick(), b"", unforetold(""))
        )
        ticks(scene, 130, calls=50, faults=40)
        assert scene.machine.log.of("mutation.failed")[0]["rollback_to"] == "Forager_v3"

    def test_one_that_never_ended_a_tick_goes_back_to_the_version_before(self, scene):
        """Guard and quarantine begin in one tick: the registry knows no version before any more."""
        rows = scene.machine.arenas.rows
        old = replace(rows[0], slot=9, version=3, status="active", hash="a" * 64)
        scene.machine.arenas.rows = [old, replace(rows[0], version=4, status="quarantined")]
        scene.kernel.words.put_state(scene.world.tick(), State.REGISTRY_VERSION, 77)
        scene.kernel.zones.guards["stable"].begin(
            Applied("mut_4", "Forager", 4, CODE_HASH, scene.world.tick(), b"", unforetold(""))
        )
        ticks(scene, 10)
        (failed,) = scene.machine.log.of("mutation.failed")
        assert (failed["stage"], failed["rollback_to"]) == ("execution", "Forager_v3")


class TestSeveral:
    def test_the_newest_answers_for_the_metric(self, scene):
        """Taken back, the one before it is held to its own forecast again, from then on."""
        guard, world = scene.kernel.zones.guards["stable"], scene.world
        bands = tuple(Band(-1.0, -1.0, -1.0) for _ in range(9))
        forecast = Forecast("population", "more", 50, bands, 8)
        other = replace(scene.machine.arenas.rows[0], slot=2, name="Other", hash="b" * 64)
        scene.machine.arenas.rows += [other]
        scene.kernel.words.put_state(world.tick(), State.REGISTRY_VERSION, 77)
        for name, code_hash in (("Forager", CODE_HASH), ("Other", other.hash)):
            guard.begin(Applied(f"mut_{name}", name, 1, code_hash, world.tick(), b"", forecast))
        assert "mut_Other came in after it" in guard.fields()[0]["degraded"]
        ticks(scene, 160)
        (tripped,) = scene.machine.log.of("guard.tripped")
        assert (tripped["trait_name"], tripped["rule"]) == ("Other", "metric")
        ticks(scene, 200)
        assert [each["trait_name"] for each in scene.machine.log.of("guard.tripped")] == [
            "Other", "Forager",
        ]  # fmt: skip


class TestNextKernel:
    def test_it_is_taken_up_again(self, scene):
        """With what it had; its end is told with a whole chain."""
        ticks(scene, 100)
        left = scene.kernel.zones.guards["stable"].fields()[0]["ticks_left"]
        scene.kernel.zones.guards["stable"] = again = TraitGuard(scene.world, RULES)
        scene.kernel.round()
        (resumed,) = scene.machine.log.of("guard.resumed")
        assert resumed["ticks_left"] == left and again.fields()[0]["ticks_left"] == left
        ticks(scene, 320)
        assert chain(scene, "mutation.kept")[:3] == [
            "mutation.kept", "guard.resumed", "guard.begun",
        ]  # fmt: skip

    def test_one_that_was_being_taken_back(self, scene):
        """It is taken back by the next kernel; a note that is none is deleted."""
        guard = scene.kernel.zones.guards["stable"]
        count_up(scene, calls=0)
        scene.world.inbox.post, post = full, scene.world.inbox.post
        ticks(scene, 120, calls=50, faults=40)
        assert scene.machine.log.of("guard.tripped") and guard.fields()[0]["leaving"]
        assert any("guard" in each["what"] for each in scene.world.notes)
        scene.world.inbox.post = post
        scene.machine.guard_notes.keep("stable.torn", b"{")
        scene.kernel.zones.guards["stable"] = TraitGuard(scene.world, RULES)
        ticks(scene, 3)
        (failed,) = scene.machine.log.of("mutation.failed")
        assert failed["stage"] == "guard" and not notes(scene)


class TestKilledWhileOneComesIn:
    """Who has sent an input dies before the world takes it."""

    @pytest.fixture
    def sent(self, tmp_path: Path) -> Iterator[Scene]:
        """Give a world for which an input is on its way, and a kernel that knows its note only."""
        with trait_scene(tmp_path) as scene:
            scene.add()
            scene.judge()
            scene.prepare()
            scene.succeed()
            scene.changes._posted = []
            scene.kernel.zones.guards["stable"] = TraitGuard(scene.world, RULES)
            yield scene

    def test_it_is_told_and_guarded(self, sent: Scene) -> None:
        """The next kernel tells that it was applied, with a whole chain, and guards it."""
        sent.kernel.round(3)
        assert not sent.machine.log.of("mutation.applied") and notes(sent)
        ticks(sent, 3)
        (applied,) = sent.machine.log.of("mutation.applied")
        assert applied["mutation_id"] == f"mut_{CODE_HASH[:12]}"
        assert applied["tick"] == sent.world.traits.rows()[0].since_tick
        assert chain(sent, "guard.begun")[:3] == [
            "guard.begun",
            "mutation.applied",
            "generation.promoted",
        ]
        assert sent.kernel.zones.guards["stable"].fields()[0]["ticks_left"] > 390
        assert notes(sent) == [f"stable.{CODE_HASH}"]

    def test_both_notes_are_left(self, sent: Scene) -> None:
        """Killed between the guard's note and forgetting this one: it is not told twice."""
        (name,) = notes(sent)
        kept = sent.machine.guard_notes.left()[name]
        ticks(sent, 3)
        sent.machine.guard_notes.keep(name, kept)
        sent.kernel.zones.guards["stable"] = TraitGuard(sent.world, RULES)
        ticks(sent, 3)
        assert len(sent.machine.log.of("mutation.applied")) == 1
        assert sent.machine.log.of("guard.resumed") and name not in notes(sent)

    def test_it_is_asked_for_again_before(self, sent: Scene) -> None:
        """Who had asked for it asks the next kernel: it waits for what is on its way already."""
        sent.kernel.round()
        with pytest.raises(Refused, match="a kernel before this one has sent this very code"):
            sent.add()
        again = sent.add(mutation_id=MUTATION)
        sent.kernel.round(3)
        assert again.stage is Stage.QUEUED
        ticks(sent, 3)
        assert len(sent.machine.log.of("mutation.applied")) == 1
        assert not sent.machine.log.of("mutation.failed")
        assert again.outcome()["already"] is True
        assert notes(sent) == [f"stable.{CODE_HASH}"]

    def test_it_was_tried_again_before_that_was_known(self, sent: Scene) -> None:
        """Then it is not sent again before it is known what became of the first."""
        again = sent.add()
        sent.judge()
        sent.kernel.round(3)
        assert again.stage is Stage.WAITING
        ticks(sent, 3)
        assert len(sent.machine.log.of("mutation.applied")) == 1
        assert not sent.machine.log.of("mutation.failed")
        assert again.result()["already"] is True

    def test_the_world_takes_it_in_between(self, sent: Scene) -> None:
        """It comes in after the registry was read, and before the inbox is."""
        guard, traits = sent.kernel.zones.guards["stable"], sent.world.traits
        sent.kernel.round()
        of_hash = traits.of_hash

        def late(code_hash: str) -> TraitRow | None:
            row = of_hash(code_hash)
            sent.kernel.tick()
            return row

        traits.of_hash = late
        for _ in range(3):
            guard.look()
        assert sent.machine.log.of("mutation.applied")
        assert not sent.machine.log.of("mutation.failed")

    def test_it_never_came_in(self, sent: Scene) -> None:
        """The input was lost with the kernel: nobody waits for it any more."""
        lose_input(sent)
        ticks(sent, 2)
        (failed,) = sent.machine.log.of("mutation.failed")
        assert (failed["stage"], failed["rollback_to"]) == ("execution", "")
        assert not notes(sent)

    def test_it_never_came_in_and_is_asked_for(self, sent: Scene) -> None:
        """Who waits for it tries it anew: nobody is told that it has failed."""
        sent.kernel.round()
        again = sent.add(mutation_id=MUTATION)
        lose_input(sent)
        ticks(sent, 2)
        assert again.stage is Stage.PREPARING and not sent.machine.log.of("mutation.failed")

    def test_the_world_went_back_behind_it(self, sent: Scene) -> None:
        """Restored to an older tick, the world knows no such input: nobody waits for that tick."""
        (name,) = notes(sent)
        told = json.loads(sent.machine.guard_notes.left()[name])
        late = json.dumps(told | {"begun": 90_000}).encode()
        sent.machine.guard_notes.keep(name, late)
        lose_input(sent)
        ticks(sent, 2)
        assert sent.machine.log.of("mutation.failed") and not notes(sent)

    def test_a_version_that_was_here_before_has_not_come_in(self, sent: Scene) -> None:
        """Its row stands in the registry from then on: it is no sign that the input was taken."""
        lose_input(sent)
        sent.machine.arenas.rows = [
            TraitRow(1, "Forager", 1, CODE_HASH, "native", "none", "standby", since_tick=0)
        ]
        sent.kernel.words.put_state(sent.world.tick(), State.REGISTRY_VERSION, 77)
        ticks(sent, 2)
        assert sent.machine.log.of("mutation.failed")
        assert not sent.machine.log.of("mutation.applied")

    def test_a_note_that_is_none(self, sent: Scene) -> None:
        """A torn one is deleted."""
        (name,) = notes(sent)
        whole = sent.machine.guard_notes.left()[name]
        torn = whole.replace(b'"rest_ms":0.0', b'"rest_ms":1' + b"0" * 400)
        assert torn != whole
        sent.machine.guard_notes.keep(name, torn)
        ticks(sent, 3)
        assert not notes(sent) and not sent.machine.log.of("guard.begun")


def lose_input(scene: Scene) -> None:
    """Lose what was sent to the world and not taken by it."""
    words = scene.kernel.words
    words.put(Header.INBOX_NEXT, words.state(scene.world.tick(), State.INBOX_CURSOR))


def full(_input: object) -> None:
    """Stand for an inbox without room."""
    raise Refused("cannot send: 256 inputs wait")


def test_one_that_came_in_without_a_trial_says_so(tmp_path):
    """Nothing is foretold of it: it is watched by the other rules."""
    with trait_scene(tmp_path) as scene:
        scene.add(SOURCE, trial=False)
        scene.judge(VERDICT)
        scene.prepare()
        scene.succeed()
        scene.kernel.tick()
        scene.kernel.round()
        (begun,) = scene.machine.log.of("guard.begun")
        assert begun["degraded"] == "it came in without a trial"
