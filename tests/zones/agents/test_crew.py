"""The agents on paper: a log in memory, an author of few words, a kernel that answers as told."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from Kernel.contract.codec import pack
from Kernel.contract.envelope import PAYLOAD_BYTES_MAX, Envelope, Role
from Kernel.contract.errors import Refused
from Kernel.contract.kinds import Story, make_event
from Kernel.contract.messages import Answer
from tests.support.fake_author import PLAN, FakeAuthor
from zones.agents.briefing import Surroundings
from zones.agents.choosing import Chooser, Chosen
from zones.agents.crew import Crew
from zones.agents.folding import fold
from zones.agents.lab import BusLab
from zones.agents.memory import Memory
from zones.agents.memory_file import pack_memory, parse_memory
from zones.agents.orchestrator import Stage, decide, stage_of
from zones.agents.settings import AgentsSettings
from zones.agents.telling import Told, tell_act
from zones.agents.thoughts import Plan
from zones.runtime.lessons.embeddings import HASHED, Choice

SECOND = 1_000_000_000
FOOD = Plan("adjust_params", "more food", "population", "more", params={"spawn": 0.1})
SETTINGS = AgentsSettings(attempts_max=2, plans_max=2)
HUNGRY = {
    "entity_count": 100, "avg_energy": 9.0, "births_last_period": 1, "seeded_last_period": 0,
    "deaths_last_period": 90, "death_starvation": 90, "death_age": 0, "death_collision": 0,
    "resource_density": 0.1, "temperature": 20.0, "light": 1.0, "lineages": 9,
    "lineage_diversity": 5.0, "dominant_lineage": 1, "dominant_share": 0.3, "genes": [0.5],
    "trait_diversity": 0.0, "dominant_trait": "",
}  # fmt: skip


@dataclass
class Log:
    """A ledger in memory; who follows it has a place of its own."""

    events: list[Envelope] = field(default_factory=list)
    now_ns: int = 1000 * SECOND
    count: int = 0

    def add(self, kind: str, zone: str, cause: bytes = b"", **payload: Any) -> Envelope:
        """Store an event of somebody."""
        event = make_event(kind, payload, Story(zone, self.stamp(), cause=cause), self.entropy())
        self.events.append(event)
        return event

    def stamp(self) -> int:
        """Return the next moment."""
        self.now_ns += SECOND // 100
        return self.now_ns

    def entropy(self) -> bytes:
        """Return bytes that were not there before."""
        self.count += 1
        return self.count.to_bytes(10, "big")

    def send(self, envelope: Envelope) -> int:
        """Be the user bus of agents."""
        self.events.append(envelope)
        return len(self.events)

    def kinds(self) -> list[str]:
        """Return what happened, but for what is said to people."""
        quiet = ("feed", "telemetry", "agent.signalled", "agent.messaged", "agent.author_chosen")
        return [each.kind for each in self.events if each.kind not in quiet]

    def why(self, kind: str) -> list[Envelope]:
        """Return the first event of a kind, and what led to it, one after the other."""
        by_id = {each.id: each for each in self.events}
        chain = [next(each for each in self.events if each.kind == kind)]
        while chain[-1].cause:
            chain.append(by_id[chain[-1].cause])
        return chain

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the payloads of a kind."""
        return [each.payload_fields() for each in self.events if each.kind == kind]


@dataclass
class Reader:
    """Follows a log from a position on."""

    log: Log
    at: int

    def take(self) -> list[tuple[int, Envelope]]:
        """Return what has come."""
        new = self.log.events[self.at :]
        first, self.at = self.at + 1, len(self.log.events)
        return list(enumerate(new, first))


@dataclass
class PaperRoad:
    """A kernel that applies, refuses, keeps and takes back as it is told."""

    log: Log
    fate: str = "kept"
    gain: float = 3.0
    refusals: int = 0
    busy: int = 0
    measured_hash: str = ""
    dies_without: bool = False
    tells_before: bool = True
    asks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)

    def ask(self, name: str, args: dict[str, Any]) -> int:
        """Do it at once."""
        self.asks.append((name, args))
        number = len(self.asks)
        if self.busy:
            self.busy -= 1
            answer = Answer(number, False, {}, "cannot try: 2 run and 16 wait")
        elif name == "trial":
            gain = -self.gain if "params" in args else self.gain  # tried as they were before
            clear = "more" if gain > 2 else "less" if gain < -2 else ""
            ends = {"mean": gain, "low": gain - 2.0, "high": gain + 2.0, "control": 10.0}
            ends |= {"clear": clear}
            effect = [{"metric": "population", "pairs": 8, **ends}]
            verdict = {"accepted": True, "effect": effect, "ticks": args["ticks"], "seeds": 8}
            verdict |= {"accepted": False, "reason": "it dies out"} if self.dies_without else {}
            verdict |= {"code_hash": self.measured_hash} if self.measured_hash else {}
            answer = Answer(number, True, verdict)
        elif name == "take_back":
            answer = self._take_back(number, args)
        else:
            answer = Answer(number, True, self._apply(args))
        self.answers[number] = answer
        return number

    def _apply(self, args: dict[str, Any]) -> dict[str, Any]:
        named = {"mutation_id": args["mutation_id"]}
        if self.refusals or "import os" in args.get("source", ""):
            self.refusals = max(0, self.refusals - 1)
            refused = {"error": "no", "stage": "trial", "rollback_to": ""}
            self.log.add("mutation.failed", "kernel", **named, **refused)
            return named | {"accepted": False, "stage": "trial", "reason": "no"}
        of = named | {"trait_name": "Mover", "version": 1}
        were = {name: 0.0 for name in args.get("params", {})}
        told = {"registry_version": 1, "tick": 600}
        told |= {"before": were} if were and self.tells_before else {}
        self.log.add("mutation.applied", "kernel", **of, **told)
        self.log.add("guard.begun", "kernel", **of, tick=600, ticks=2000)
        if self.fate in ("kept", "gone"):
            self.log.add("mutation.kept", "kernel", **of, tick=2600, ticks=2000)
        elif self.fate == "rolled back":
            back = {"error": "faults", "stage": "guard", "rollback_to": "none"}
            self.log.add("mutation.failed", "kernel", **named, **back)
        return named | {"accepted": True}

    def _take_back(self, number: int, args: dict[str, Any]) -> Answer:
        named = {"mutation_id": args["mutation_id"]}
        if self.fate == "gone":
            return Answer(number, False, {}, "no trait that the world runs is of that name")
        back = {"error": args["reason"], "stage": "guard", "rollback_to": "none"}
        self.log.add("mutation.failed", "kernel", bytes.fromhex(args["cause"]), **named, **back)
        return Answer(number, True, named)

    def take_answer(self, request_id: int) -> Answer | None:
        """Return it once."""
        return self.answers.pop(request_id, None)


class PaperAgents:
    """Agents on paper, who can be killed and come again."""

    def __init__(
        self, home: Path, author: FakeAuthor | None = None, settings: AgentsSettings = SETTINGS
    ) -> None:
        self.home, self.settings = home, settings
        self.log = Log()
        self.road = PaperRoad(self.log)
        self.author = author or FakeAuthor()
        self.now_s = 0.0
        self.crew = self.begin()

    def begin(self, memory: Memory | None = None) -> Crew:
        """Be a new process: it knows what a snapshot says, and follows from there."""
        memory = memory or Memory()
        lab = BusLab("stable", "newborns")
        around = Surroundings(self.home, None, (), Choice(HASHED, ""), lab)
        chooser = Chooser(lambda: Chosen(self.author, "told"))
        starting = self.make(
            Told(
                "agent.signalled",
                {"status": "STARTING", "cpu_load_percent": 0.0, "memory_usage_mb": 0.0},
                "",
                "orchestrator",
            )
        )
        self.crew = Crew(
            memory, self.settings, Reader(self.log, memory.position), self.log, self.road, around,
            chooser, lambda: self.now_s, self.make, starting.id,
        )  # fmt: skip
        self.log.send(starting)
        return self.crew

    def make(self, told: Told) -> Envelope:
        """Make an event of agents."""
        story = Story(
            "sandbox", self.log.stamp(), cause=bytes.fromhex(told.cause), role=told.role,
            agent=told.agent,
        )  # fmt: skip
        return make_event(told.kind, told.payload, story, self.log.entropy())

    def hungry(self, tick: int = 300) -> Envelope:
        """Let the world tell that it starves."""
        return self.log.add("telemetry", "stable", tick=tick, **HUNGRY)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Turn until something is so."""
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, f"{what}: {self.log.kinds()}"
            self.now_s += 0.5
            self.crew.turn()
            if self.crew.thinker.busy:
                time.sleep(0.001)

    def until_ended(self) -> None:
        """Turn until the mission is over and the agents are idle."""
        self.until(lambda: "mission.ended" in self.log.kinds(), "the mission ends")


@pytest.fixture
def stage(tmp_path: Path) -> PaperAgents:
    """Give agents on paper."""
    return PaperAgents(tmp_path)


def test_a_mission_from_telemetry_to_its_lesson(stage: PaperAgents) -> None:
    """Each step is on record, in order, and each names what led to it, down to the telemetry."""
    hungry = stage.hungry()
    stage.until_ended()
    assert stage.log.kinds() == [
        "evolution.trigger", "mission.started", "agent.decided", "evolution.plan",
        "agent.decided", "mutation.proposed", "agent.decided", "mutation.applied", "guard.begun",
        "mutation.kept", "mutation.measured", "agent.decided", "lesson.learned", "mission.ended",
    ]  # fmt: skip
    (ended,) = stage.log.of("mission.ended")
    assert ended["outcome"] == "kept" and ended["succeeded"]
    chain = stage.log.why("mutation.proposed")
    assert chain[-1].kind == "telemetry" and chain[-1].id == hungry.id
    assert {"evolution.plan", "agent.decided"} & {each.kind for each in chain[1:]}
    assert stage.log.why("mutation.measured")[1].kind == "mutation.kept"


def test_a_refused_draft_is_written_anew_with_the_reason(tmp_path: Path) -> None:
    """The Coder is told why; a plan that fails too often gives way to another; then it is over."""
    stage = PaperAgents(tmp_path, FakeAuthor(refused=1))
    stage.hungry()
    stage.until_ended()
    assert [each["attempt"] for each in stage.log.of("mutation.proposed")] == [1, 2]
    stage = PaperAgents(tmp_path, FakeAuthor(vetoed=100))
    stage.hungry()
    stage.until_ended()
    assert stage.author.asked.count("plan") == SETTINGS.plans_max
    assert stage.author.asked.count("write") == SETTINGS.plans_max * SETTINGS.attempts_max
    assert {each["stage"] for each in stage.log.of("mutation.failed")} == {"review"}
    assert stage.log.of("mission.ended")[0]["outcome"] == "gave_up"
    assert stage.author.briefs[-1].failures and not stage.road.asks


@pytest.mark.parametrize("what", ["plan", "write", "review", "summarise"])
def test_an_author_without_an_answer_ends_a_mission(tmp_path: Path, what: str) -> None:
    """However often he is asked, it is bounded, and people are told why."""
    stage = PaperAgents(tmp_path, FakeAuthor(fails=frozenset((what,))))
    stage.hungry()
    stage.until_ended()
    told = [each for each in stage.log.of("feed") if each["action"] == "failed"]
    assert told and all("told not to" in each["message"] for each in told)


@pytest.mark.parametrize("source", ["x" * 70_000, "x = '\ud800'"])
def test_an_answer_that_cannot_be_written_down_is_none(tmp_path: Path, source: str) -> None:
    """Too long for an event, or no text: it is told as no answer, and the zone lives on."""
    stage = PaperAgents(tmp_path, FakeAuthor(written=source))
    stage.hungry()
    stage.until_ended()
    assert not stage.log.of("mutation.proposed")
    assert stage.log.of("mission.ended")[0]["outcome"] == "gave_up"


def test_what_was_taken_back_is_a_lesson_too(stage: PaperAgents) -> None:
    """A mission whose mutation the guard took back ends so."""
    stage.road.fate = "rolled back"
    stage.hungry()
    stage.until_ended()
    assert stage.log.of("mission.ended")[0]["outcome"] == "rolled_back"
    assert stage.log.of("lesson.learned") and not stage.log.of("mutation.measured")


def test_what_does_the_opposite_of_its_promise_is_taken_back(stage: PaperAgents) -> None:
    """Measured after it was kept, the whole interval on the wrong side: it is no success."""
    stage.road.gain = -56.0
    stage.hungry()
    stage.until_ended()
    (measured,) = (each for each in stage.log.events if each.kind == "mutation.measured")
    (failed,) = (each for each in stage.log.events if each.kind == "mutation.failed")
    assert failed.cause == measured.id
    assert "-58 to -54 in 95 % of cases" in failed.payload_fields()["error"]
    (ended,) = stage.log.of("mission.ended")
    assert ended["outcome"] == "rolled_back" and not ended["succeeded"]
    assert not stage.crew.memory.unwanted


def test_what_cannot_be_taken_back_is_no_success_either(stage: PaperAgents) -> None:
    """Another version took its place meanwhile: that is told, and nobody waits for ever."""
    stage.road.gain, stage.road.fate = -56.0, "gone"
    stage.hungry()
    stage.until_ended()
    assert [each["outcome"] for each in stage.log.of("mission.ended")] == ["applied"]
    assert [each for each in stage.log.of("feed") if each["action"] == "left"]


def test_a_gain_that_may_be_none_stays(stage: PaperAgents) -> None:
    """Zero lies within the interval: nothing speaks against it for sure."""
    stage.road.gain = -1.0
    stage.hungry()
    stage.until_ended()
    assert "take_back" not in [name for name, _ in stage.road.asks]
    assert stage.log.of("mission.ended")[0]["succeeded"]


def test_nobody_begins_a_mission_that_nobody_can_think_about(stage: PaperAgents) -> None:
    """Without an author no mission waits for ever; once there is one, it begins."""
    author, stage.author = stage.author, None
    stage.hungry()
    for _ in range(20):
        stage.now_s += 0.5
        stage.crew.turn()
        time.sleep(0.001)
    assert stage.log.kinds() == []
    with pytest.raises(Refused, match="cannot begin a mission: told"):
        stage.crew.force("why not", "")
    stage.author = author
    stage.until_ended()


def test_who_waits_long_looks_back_meanwhile_and_not_for_ever(tmp_path: Path) -> None:
    """After so many steps the Historian learns; a guard that never tells its end is given up."""
    stage = PaperAgents(tmp_path, settings=AgentsSettings(lesson_steps=4))
    stage.road.fate = "nobody tells"
    stage.hungry()
    stage.until(lambda: stage.log.of("lesson.learned"), "a look back")
    assert not stage.log.of("mission.ended")
    decided = next(each for each in reversed(stage.log.events) if each.kind == "agent.decided")
    assert "mission" not in decided.payload_fields() and decided.role == Role.HISTORIAN
    stage.hungry(600 + 2000 + 1201)
    stage.until_ended()
    assert stage.log.of("mission.ended")[0]["outcome"] == "applied"


def test_parameters_go_the_same_way_without_a_source(tmp_path: Path) -> None:
    """They are proposed as the plan has them, applied, and measured against what was before."""
    stage = PaperAgents(tmp_path, FakeAuthor(plan_made=FOOD))
    stage.hungry()
    stage.until_ended()
    (proposed,) = stage.log.of("mutation.proposed")
    assert proposed["params"] == {"spawn": 0.1} and "source" not in proposed
    assert stage.road.asks[0][1]["params"] == {"spawn": 0.1}
    assert stage.road.asks[1][1]["params"] == {"spawn": 0.0}
    (effect,) = stage.log.of("mutation.measured")[0]["effect"]
    assert (effect["mean"], effect["low"], effect["high"]) == (3.0, 1.0, 5.0)
    assert effect["control"] == 7.0, "of the world without it"
    assert effect["clear"] == "more"
    assert stage.log.of("mission.ended")[0]["outcome"] == "kept"


@pytest.mark.parametrize("now", [0.1, 0.7])
def test_parameters_that_were_set_since_are_not_measured(tmp_path: Path, now: float) -> None:
    """Their effect could not be told from that of what was set then."""
    stage = PaperAgents(tmp_path, FakeAuthor(plan_made=FOOD))
    stage.crew._aftermath._values = lambda: {"spawn": now}
    stage.hungry()
    stage.until_ended()
    told = [each["message"] for each in stage.log.of("feed") if each["action"] == "unmeasured"]
    assert told == ([] if now == 0.1 else ["spawn was set to 0.7 since"])


@pytest.mark.parametrize("plan", [FOOD, PLAN])
def test_a_world_that_dies_of_what_was_before(tmp_path: Path, plan: Plan) -> None:
    """The trial is refused for it: of parameters it tells their effect, of a trait nothing."""
    stage = PaperAgents(tmp_path, FakeAuthor(plan_made=plan))
    stage.road.dies_without = True
    stage.hungry()
    stage.until_ended()
    told = [each["message"] for each in stage.log.of("feed") if each["action"] == "unmeasured"]
    assert len(stage.log.of("mutation.measured")) == bool(plan.params)
    assert told == ([] if plan.params else ["it dies out"])


def test_parameters_of_an_older_kernel_are_not_measured(tmp_path: Path) -> None:
    """It has not told what they were before."""
    stage = PaperAgents(tmp_path, FakeAuthor(plan_made=FOOD))
    stage.road.tells_before = False
    stage.hungry()
    stage.until_ended()
    told = [each["message"] for each in stage.log.of("feed") if each["action"] == "unmeasured"]
    assert told == ["nobody knows what they were before"]


def test_failed_parameters_are_known_by_their_names(tmp_path: Path) -> None:
    """So that the Architect knows what was tried."""
    stage = PaperAgents(tmp_path, FakeAuthor(plan_made=FOOD))
    stage.road.refusals = 1
    stage.hungry()
    stage.until(lambda: len(stage.author.briefs) == 2, "it is planned anew")
    assert [each.what for each in stage.author.briefs[-1].failures] == ["spawn = 0.1"]


def test_parameters_that_harm_are_told_with_what_sets_them_back(tmp_path: Path) -> None:
    """The kernel takes traits back; for parameters people are told the command."""
    stage = PaperAgents(tmp_path, FakeAuthor(plan_made=FOOD))
    stage.road.gain = -56.0
    stage.hungry()
    stage.until_ended()
    (left,) = [each for each in stage.log.of("feed") if each["action"] == "left"]
    assert "molt params spawn 0" in left["message"]
    assert [each["outcome"] for each in stage.log.of("mission.ended")] == ["applied"]


def test_the_same_source_is_proposed_once(tmp_path: Path) -> None:
    """A second mission that comes to the same code does not try it again."""
    stage = PaperAgents(tmp_path, settings=AgentsSettings(attempts_max=1, plans_max=1))
    stage.hungry()
    stage.until_ended()
    stage.author.asked.clear()
    stage.log.now_ns += 100 * SECOND
    stage.hungry(600)
    stage.until(lambda: len(stage.log.of("mission.ended")) == 2, "the second ends")
    assert len(stage.log.of("mutation.proposed")) == 1
    assert stage.log.of("mission.ended")[1]["outcome"] == "gave_up"


def test_a_cooldown_holds_the_watcher_back(stage: PaperAgents) -> None:
    """The next mission begins once it is time, by the times of the log."""
    stage.hungry()
    stage.until_ended()
    stage.hungry(600)
    for _ in range(20):
        stage.crew.turn()
    assert len(stage.log.of("evolution.trigger")) == 1
    stage.log.now_ns += 61 * SECOND
    stage.hungry(900)
    stage.until(lambda: len(stage.log.of("evolution.trigger")) == 2, "the next trigger")


def test_people_begin_missions_too(tmp_path: Path) -> None:
    """With evolution off, and one after the other: none is lost."""
    stage = PaperAgents(tmp_path, settings=AgentsSettings(evolution=False))
    stage.hungry()
    first, _ = stage.crew.force("because", "")
    second, _ = stage.crew.force("and again", "")
    stage.until(lambda: len(stage.log.of("mission.ended")) == 2, "both end")
    assert [each["mission"] for each in stage.log.of("mission.ended")] == [first, second]
    assert not stage.log.of("evolution.trigger")
    assert "because" in stage.log.of("mission.started")[0]["description"]


def test_another_version_is_not_measured_in_its_place(stage: PaperAgents) -> None:
    """A trial is of what is there under the name: the effect of a successor is not told as its."""
    stage.road.measured_hash = "b" * 64
    stage.hungry()
    stage.until_ended()
    assert not stage.log.of("mutation.measured")
    told = [each["message"] for each in stage.log.of("feed") if each["action"] == "unmeasured"]
    assert told == ["another version of Mover has taken its place"]


def test_a_kernel_that_is_busy_is_asked_again(stage: PaperAgents) -> None:
    """An ask that cannot be done now comes again; the mutation is applied once."""
    stage.road.busy = 3
    stage.hungry()
    stage.until_ended()
    assert len(stage.log.of("mutation.applied")) == 1


def test_a_mutation_that_the_world_has_already(stage: PaperAgents) -> None:
    """An answer without an event is told by the agents: nobody waits for ever."""
    stage.road._apply = lambda args: {"accepted": True, "already": True}  # type: ignore[method-assign]
    stage.hungry()
    stage.until(lambda: stage.log.of("mutation.failed"), "it is told")
    assert "already" in stage.log.of("mutation.failed")[0]["error"]


def test_killed_at_any_event_nothing_durable_is_done_again(tmp_path: Path) -> None:
    """Whoever comes after a kill goes on from the log: each step is once in it, whenever it was."""
    whole = PaperAgents(tmp_path)
    whole.hungry()
    whole.until_ended()
    expected = whole.log.kinds()
    for cut in range(1, len(whole.log.events)):
        stage = PaperAgents(tmp_path)
        stage.log.events = list(whole.log.events[:cut])
        stage.log.now_ns, stage.log.count = whole.log.now_ns, 10_000 * cut
        done = stage.log.kinds()
        memory = None
        if cut % 2:  # half of them from a snapshot of some moment before
            memory = Memory()
            for position, event in enumerate(stage.log.events[: cut // 2], 1):
                memory = fold(memory, position, event)
            memory = parse_memory(pack_memory(memory))
        if "telemetry" not in {each.kind for each in stage.log.events}:
            stage.hungry()
        stage.begin(memory)
        if "mutation.applied" in done:  # what the kernel does goes on without agents
            later = [each for each in whole.log.events[cut:] if each.zone == "kernel"]
            stage.log.events += later
        stage.until_ended()
        told = sorted(stage.log.kinds())
        assert told == sorted(expected), f"cut at {cut}: {told}"


def test_memory_is_the_same_wherever_it_is_folded_from(tmp_path: Path) -> None:
    """A snapshot and what came after it say what the whole log says."""
    stage = PaperAgents(tmp_path)
    stage.hungry()
    stage.until_ended()
    whole = Memory()
    for position, event in enumerate(stage.log.events, 1):
        whole = fold(whole, position, event)
        again = parse_memory(pack_memory(whole))
        assert again == whole == fold(whole, position, event)
    assert stage_of(whole, SETTINGS) is None and Stage.GUARD == "under guard"
    assert parse_memory(pack_memory(whole)[:-1]) is None and parse_memory(b"") is None


def test_a_clock_that_was_set_back_puts_nothing_off(stage: PaperAgents) -> None:
    """A trigger of a time that was wrong by years does not hold the next one back for years."""
    stage.log.now_ns += 10**17
    stage.hungry()
    stage.until_ended()
    stage.log.now_ns -= 10**17
    stage.hungry(600)
    stage.until(lambda: len(stage.log.of("evolution.trigger")) == 2, "the next trigger")


NONSENSE: list[Any] = [
    None, -1, 1.5, float("inf"), 2**63, b"b", [], [1], {}, {"a": 1}, {"source": 1},
    {"source": b"x"}, {"lessons": 5}, {"lessons": [{}]}, {"lessons": ["x"]}, {"approved": 1},
    {"action_type": "new_trait"}, {"action_type": 1, "params": 2},
]  # fmt: skip


@pytest.mark.parametrize("role", [Role.ARCHITECT, Role.CODER, Role.REVIEWER, Role.HISTORIAN])
def test_no_event_ends_who_follows(stage: PaperAgents, role: Role) -> None:
    """A payload may be anything: whoever falls over one would meet it again after each restart."""
    stage.hungry()
    stage.until(lambda: stage.log.of("mutation.proposed"), "a draft is proposed")
    known = {each.kind: each for each in stage.log.events}
    for kind, like in known.items():
        fields = like.payload_fields()
        for key in fields:
            for junk in NONSENSE:
                payload = pack(fields | {key: junk}, PAYLOAD_BYTES_MAX)
                event = structs.replace(like, payload=payload, role=role, kind=kind)
                memory = fold(stage.crew.memory, 10_000, event)
                act = decide(memory, SETTINGS)
                if act is not None:
                    tell_act(memory, act)
                assert parse_memory(pack_memory(memory)) == memory


def test_only_the_kernel_tells_what_it_has_done(stage: PaperAgents) -> None:
    """Another zone that says a mutation was kept is not believed."""
    stage.hungry()
    stage.until(lambda: stage.log.of("mutation.proposed"), "a draft is proposed")
    before = stage.crew.memory
    of = {"mutation_id": stage.log.of("mutation.proposed")[0]["mutation_id"]}
    forged = stage.log.add(
        "mutation.kept", "chronos", **of, trait_name="Mover", version=1, tick=1, ticks=1
    )
    after = fold(before, 10_000, forged)
    assert (after.unmeasured, after.counts) == (before.unmeasured, before.counts)


def test_a_trouble_that_has_passed_is_planned_against_no_more(tmp_path: Path) -> None:
    """A first plan came to nothing, and the world is well meanwhile: the mission ends."""
    stage = PaperAgents(tmp_path, FakeAuthor(vetoed=100))
    stage.hungry()
    stage.until(lambda: stage.log.of("mutation.failed"), "a veto")
    for number in range(2, 9):
        well = HUNGRY | {"death_starvation": 0, "deaths_last_period": 0}
        stage.log.add("telemetry", "stable", tick=300 * number, **well)
    stage.until_ended()
    assert stage.author.asked.count("plan") == 1
