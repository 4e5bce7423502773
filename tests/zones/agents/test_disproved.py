"""What an author has tried and found wanting: told as a mutation that was refused, with why."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from Kernel.contract.errors import CodecError
from tests.support.fake_author import FakeAuthor, source_named
from tests.zones.agents.test_crew import PaperAgents
from zones.agents.folding import fold
from zones.agents.memory import ASIDE_MAX, Memory, mutation_id_of
from zones.agents.memory_file import pack_memory, parse_memory
from zones.agents.thoughts import Disproved

TRIED = (
    Disproved(source_named("Mover", 901), "no proof of more population", "moves on"),
    Disproved(source_named("Mover", 902), "it never ends", stage="trial", rule="hung", line=3),
)
TOLD = ["mutation.proposed", "mutation.failed"]


def agents(home: Path, **author: object) -> PaperAgents:
    """Return agents whose author tells what he has tried, at the end of a mission."""
    stage = PaperAgents(home, FakeAuthor(disproved=TRIED, **author))  # type: ignore[arg-type]
    stage.hungry()
    stage.until_ended()
    return stage


def test_each_is_on_record_with_its_reason(tmp_path: Path) -> None:
    """Once the draft that was proven is on its way: nobody waits for them."""
    stage = agents(tmp_path)
    told = stage.log.kinds()
    assert told[:10] == [
        "evolution.trigger", "mission.started", "agent.decided", "evolution.plan",
        "agent.decided", "mutation.proposed", "agent.decided", "mutation.applied", "guard.begun",
        "mutation.kept",
    ]  # fmt: skip
    assert [each for each in told[10:] if each in TOLD] == [*TOLD, *TOLD]
    assert told[-3:] == ["agent.decided", "lesson.learned", "mission.ended"]
    first, second = stage.log.of("mutation.failed")
    assert (first["stage"], first["rule"], first["rollback_to"]) == ("trial", "proof", "")
    assert "no proof" in first["error"] and second["rule"] == "hung" and second["line"] == 3
    assert [each["source"] for each in stage.log.of("mutation.proposed")][1:] == [
        each.source for each in TRIED
    ]
    assert stage.log.of("mission.ended")[0]["outcome"] == "kept"


def test_why_leads_to_the_telemetry(tmp_path: Path) -> None:
    """From the refusal over the thought and the plan to what the Watcher has seen."""
    stage = agents(tmp_path)
    kinds = [each.kind for each in stage.log.why("mutation.failed")]
    assert kinds[1:3] == ["mutation.proposed", "agent.decided"] and kinds[-1] == "telemetry"


def test_nothing_else_was_found(tmp_path: Path) -> None:
    """The thought came to nothing: they are told all the same, and count as no attempt more."""
    stage = agents(tmp_path, fails=frozenset(("write",)))
    plain = PaperAgents(tmp_path, FakeAuthor(fails=frozenset(("write",))))
    plain.hungry()
    plain.until_ended()
    assert stage.author.asked == plain.author.asked
    told = [each for each in stage.log.kinds() if each.startswith("mutation.")]
    assert told == (TOLD * 2) * stage.author.asked.count("write")
    assert stage.log.of("mission.ended")[0]["outcome"] == "gave_up"


def test_it_may_be_proven_in_another_world(tmp_path: Path) -> None:
    """What had no proof once is no code that was proposed before."""
    stage = agents(tmp_path)
    stage.author.disproved, stage.author.written = (), TRIED[0].source
    stage.log.now_ns += 10**12
    stage.hungry(600)
    stage.until(lambda: len(stage.log.of("mission.ended")) == 2, "the next mission ends")
    applied = [each["mutation_id"] for each in stage.log.of("mutation.applied")]
    failed = [each["mutation_id"] for each in stage.log.of("mutation.failed")]
    assert applied[-1] == failed[0]


def test_what_the_world_has_is_not_told_as_refused(tmp_path: Path) -> None:
    """A code that was proposed for itself before is no news."""
    stage = agents(tmp_path)
    known = stage.log.of("mutation.proposed")[0]
    stage.author.disproved = (Disproved(known["source"], "no proof"),)
    stage.log.now_ns += 10**12
    stage.hungry(600)
    stage.until(lambda: len(stage.log.of("mission.ended")) == 2, "the next mission ends")
    assert known["mutation_id"] == mutation_id_of(known["code_hash"])
    assert known["mutation_id"] not in {e["mutation_id"] for e in stage.log.of("mutation.failed")}


def test_it_is_neither_a_step_nor_counted(tmp_path: Path) -> None:
    """What agents tell of themselves, and what the Historian looks back on, is as without them."""
    stage, plain = agents(tmp_path), PaperAgents(tmp_path)
    plain.hungry()
    plain.until_ended()
    assert stage.crew.memory.counts == plain.crew.memory.counts
    looked_back = [len(each["from_positions"]) for each in stage.log.of("lesson.learned")]
    assert looked_back == [len(each["from_positions"]) for each in plain.log.of("lesson.learned")]


def test_a_draft_is_not_disproved_beside_itself(tmp_path: Path) -> None:
    """Whatever an author says: the draft goes its way, and what is said twice is told once."""
    source = source_named("Mover", 1)
    author = FakeAuthor(written=source, disproved=(Disproved(source, "no"), TRIED[0], TRIED[0]))
    stage = PaperAgents(tmp_path, author)
    stage.hungry()
    stage.until_ended()
    assert len(stage.log.of("mutation.proposed")) == 2
    assert len(stage.log.of("mutation.applied")) == 1


def test_what_somebody_else_brought_in_is_not_told_as_refused(tmp_path: Path) -> None:
    """It waited to be told, and was added at the console meanwhile."""
    stage = PaperAgents(tmp_path, FakeAuthor(disproved=TRIED))
    stage.hungry()
    stage.until(lambda: stage.log.of("mutation.proposed"), "a draft is proposed")
    its = mutation_id_of(sha256(TRIED[0].source.encode()).hexdigest())
    about = {"mutation_id": its, "trait_name": "Mover", "version": 1, "registry_version": 1}
    stage.log.add("mutation.applied", "kernel", **about, tick=500)
    stage.until_ended()
    assert its not in {each["mutation_id"] for each in stage.log.of("mutation.failed")}


@pytest.mark.parametrize(
    "tried",
    [
        (Disproved("#" * 60_000, "no"), Disproved("#" * 30_000, "no")),
        (Disproved("# \ud800", "no"),),
        tuple(Disproved(f"# {n}{'x' * 20_000}", "y" * 9_000, "z" * 9_000) for n in range(9)),
    ],
)
@pytest.mark.parametrize("fails", [frozenset(), frozenset(("write",))])
def test_what_fits_into_no_event_costs_no_draft(
    tmp_path: Path, tried: tuple[Disproved, ...], fails: frozenset[str]
) -> None:
    """Too much, or no text: it is left out, and what was thought goes its way."""
    stage = PaperAgents(tmp_path, FakeAuthor(disproved=tried, fails=fails))
    stage.hungry()
    stage.until_ended()
    assert stage.log.of("mission.ended")[0]["outcome"] == ("gave_up" if fails else "kept")


def test_hostile_thoughts_flood_nobody(tmp_path: Path) -> None:
    """A Coder without a plan, sources that fit into no event, thousands of them: it ends."""
    stage = PaperAgents(tmp_path, FakeAuthor(vetoed=100))
    stage.hungry()
    stage.until(lambda: stage.log.of("mission.started"), "a mission begins")
    mission = stage.log.of("mission.started")[0]["mission"]
    about = {"mission": mission, "stage": "author"}
    for number in range(100):
        rows = [{"source": f"# {number} {n}", "reason": "no"} for n in range(9)]
        rows.append({"source": "x" * 65_000, "reason": "no"})
        told = {"agent": "coder", "action": "failed", "message": "no"}
        with suppress(CodecError):
            stage.log.add("feed", "sandbox", **told, metadata=about | {"disproved": rows[:4]})
            stage.log.add("feed", "sandbox", **told, metadata=about | {"disproved": rows[9:]})
    stage.until_ended()
    assert len(stage.log.of("mutation.failed")) <= 2 * ASIDE_MAX


@pytest.mark.parametrize("fails", [frozenset(), frozenset(("write",))])
def test_killed_at_any_event_each_is_told_once(tmp_path: Path, fails: frozenset[str]) -> None:
    """Whoever comes after a kill tells those that are not told, and no other again."""
    whole = agents(tmp_path, fails=fails)
    expected = sorted(whole.log.kinds())
    for cut in range(1, len(whole.log.events)):
        stage = PaperAgents(tmp_path, FakeAuthor(disproved=TRIED, fails=fails))
        stage.log.events = list(whole.log.events[:cut])
        stage.log.now_ns, stage.log.count = whole.log.now_ns, 10_000 * cut
        memory = Memory()
        for position, event in enumerate(stage.log.events, 1):
            memory = fold(memory, position, event)
        if "telemetry" not in {each.kind for each in stage.log.events}:
            stage.hungry()
        stage.begin(parse_memory(pack_memory(memory)))
        if "mutation.applied" in stage.log.kinds():
            stage.log.events += [e for e in whole.log.events[cut:] if e.zone == "kernel"]
        stage.until_ended()
        assert sorted(stage.log.kinds()) == expected, f"cut at {cut}"
