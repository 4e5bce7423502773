"""The supervisor as a pure state machine: rules one by one, then driven at random."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from Kernel.core import supervisor as sup
from Kernel.core.supervisor import (
    FORK_S,
    LEAVE_S,
    Asked,
    Condemned,
    Died,
    Forked,
    ForkFounder,
    ForkProcess,
    Founded,
    Generation,
    Held,
    Kill,
    Kind,
    NotStarted,
    Patience,
    Policy,
    Ready,
    StartZygote,
    StopAsked,
    Succeeded,
    TookOver,
    ZygotePrepared,
    ZygoteStarted,
    backoff_s,
    decide,
    fail,
    heal,
    learn,
    spent,
    state_word,
)

ARENA = Policy(Kind.ARENA, heir=True)
BUS = Policy(Kind.BUS)
ZYGOTE = 100


def after(*events: sup.Event, policy: Policy = ARENA, now_s: float = 0.0) -> Generation:
    """Return a new zone after `events`, all at one time."""
    zone = Generation("stable")
    for event in events:
        zone = learn(zone, event, policy, now_s)
    return zone


PREPARED = (ZygoteStarted(ZYGOTE), ZygotePrepared())
FOUNDED = (*PREPARED, Founded())
STANDING_BY = (*FOUNDED, Asked(), Forked(1), Ready(1))
SERVED = (*STANDING_BY, TookOver(1))
WITH_HEIR = (*SERVED, Asked(), Forked(2), Ready(2))
KILLED = "signal 9 (SIGKILL)"


class TestOrder:
    @pytest.mark.parametrize(
        ("events", "wanted"),
        [
            ((), (StartZygote(),)),
            ((ZygoteStarted(ZYGOTE),), ()),
            (PREPARED, (ForkFounder(),)),
            ((*PREPARED, Asked()), ()),
            ((*PREPARED, Asked(), Forked(1, founder=True)), ()),
            (FOUNDED, (ForkProcess(),)),
            ((*FOUNDED, Asked()), ()),
            ((*FOUNDED, Asked(), Forked(1)), ()),
            (STANDING_BY, ()),
            (SERVED, (ForkProcess(),)),
            (WITH_HEIR, ()),
        ],
    )
    def test_arena_zone_comes_up_step_by_step(self, events, wanted):
        """An arena zone asks for zygote, founder, active, heir, one at a time, then is content."""
        assert decide(after(*events), ARENA, 0.0) == wanted

    def test_zone_without_heir_is_content_with_one_process(self):
        """A policy without heir forks no second process."""
        alone = Policy(Kind.ARENA, heir=False)
        assert decide(after(*SERVED, policy=alone), alone, 0.0) == ()

    def test_bus_process_serves_once_it_is_ready(self):
        """A bus process needs no permission: ready makes it the active one, and no heir follows."""
        zone = after(*FOUNDED, Asked(), Forked(1), Ready(1), policy=BUS)
        assert zone.active is not None and zone.active.pid == 1 and zone.heir is None
        assert decide(zone, BUS, 0.0) == ()

    def test_bus_process_waits_for_the_arenas_it_reads(self):
        """Until they are there nothing is forked, and nobody founds them for a bus zone."""
        assert decide(after(*PREPARED, policy=BUS), BUS, 0.0) == ()
        assert decide(after(*FOUNDED, policy=BUS), BUS, 0.0) == (ForkProcess(),)

    def test_deciding_repeats_itself_until_the_wish_is_met(self):
        """The same state asks for the same again: a lost action is not forgotten."""
        zone = after(*FOUNDED)
        assert decide(zone, ARENA, 0.0) == decide(zone, ARENA, 5.0) == (ForkProcess(),)

    @pytest.mark.parametrize("events", [(), PREPARED, FOUNDED, STANDING_BY, SERVED, WITH_HEIR])
    def test_a_stopping_zone_starts_nothing(self, events):
        """After StopAsked nothing is started any more, whatever dies."""
        zone = after(*events, StopAsked())
        for pid in (1, 2, ZYGOTE):
            zone = learn(zone, Died(pid, False, KILLED), ARENA, 0.0)
            assert decide(zone, ARENA, 1000.0) == ()


class TestDeaths:
    def test_death_of_active_leaves_the_heir(self):
        """When the active process dies its heir stands by alone, until it takes over."""
        zone = learn(after(*WITH_HEIR), Died(1, False, KILLED), ARENA, 0.0)
        assert zone.active is None and zone.heir is not None and zone.restarts == 0
        zone = learn(zone, TookOver(2), ARENA, 0.0)
        assert zone.active is not None and zone.heir is None and zone.restarts == 1

    def test_restart_counts_though_the_takeover_was_seen_first(self):
        """A takeover seen before the death that caused it counts as a restart all the same."""
        zone = learn(after(*WITH_HEIR), TookOver(2), ARENA, 0.0)
        assert [process.pid for process in zone.leaving] == [1]
        zone = learn(zone, Died(1, False, KILLED), ARENA, 0.0)
        assert zone.restarts == 1 and not zone.leaving

    def test_outside_kill_is_no_failure(self):
        """A death that is no failure costs no patience: the next try is due at once."""
        zone = learn(after(*SERVED), Died(1, False, KILLED), ARENA, 7.0)
        assert zone.patience == Patience() and decide(zone, ARENA, 7.0) == (ForkProcess(),)

    def test_failure_waits_once_the_free_ones_are_spent(self):
        """Free failures are retried at once, the next one only after its delay."""
        zone = after(*FOUNDED)
        for count in range(1, ARENA.free_failures + 2):
            zone = learn(zone, Forked(count), ARENA, 0.0)
            zone = learn(zone, Died(count, True, "exit code 1"), ARENA, 0.0)
            at_once = decide(zone, ARENA, 0.0) == (ForkProcess(),)
            assert at_once is (count <= ARENA.free_failures)
        assert decide(zone, ARENA, ARENA.backoff_base_s) == (ForkProcess(),)

    def test_unprepared_zygote_is_asked_for_nothing(self):
        """No fork is asked of a zygote that is not prepared, or has died."""
        zone = after(*WITH_HEIR)
        zone = learn(zone, Died(ZYGOTE, True, KILLED), ARENA, 0.0)
        zone = learn(zone, Died(2, False, KILLED), ARENA, 0.0)
        assert decide(zone, ARENA, 0.0) == (StartZygote(),)
        zone = learn(zone, ZygoteStarted(101), ARENA, 0.0)
        assert decide(zone, ARENA, 0.0) == ()

    def test_zygote_that_dies_forgets_the_fork_it_owed(self):
        """A zygote that dies with a fork outstanding leaves no wait behind."""
        zone = learn(after(*FOUNDED, Asked()), Died(ZYGOTE, True, KILLED), ARENA, 0.0)
        assert zone.asked_s is None
        zone = learn(learn(zone, ZygoteStarted(101), ARENA, 0.0), ZygotePrepared(), ARENA, 0.0)
        assert decide(zone, ARENA, 0.0) == (ForkProcess(),)

    def test_running_zone_is_unharmed_by_the_death_of_its_zygote(self):
        """Active and heir outlive their zygote, which costs only the zygote's own patience."""
        before = after(*WITH_HEIR)
        zone = learn(before, Died(ZYGOTE, True, KILLED), ARENA, 0.0)
        assert (zone.active, zone.heir, zone.patience) == (
            before.active,
            before.heir,
            before.patience,
        )
        assert zone.zygote_patience.failures == 1

    def test_zygote_killed_from_outside_costs_time_and_no_blame(self):
        """Its next start is delayed more and more; its generation is never spent by that."""
        zone = after(*WITH_HEIR)
        for number in range(ARENA.failures_max + 1):
            zone = learn(zone, Died(ZYGOTE + number, False, KILLED), ARENA, 0.0)
            assert zone.zygote is None and zone.asked_s is None
            zone = learn(zone, ZygoteStarted(ZYGOTE + number + 1), ARENA, 0.0)
        assert not spent(zone, ARENA) and zone.zygote_patience == Patience()
        assert zone.machine_patience.retry_at_s > 0 and KILLED in zone.why

    def test_prepared_without_zygote_changes_nothing(self):
        """A late word of a zygote that is gone is of no meaning."""
        assert learn(Generation("stable"), ZygotePrepared(), ARENA, 0.0) == Generation("stable")

    @given(pid=st.integers(3, 99), failure=st.booleans())
    def test_events_of_unknown_processes_change_nothing(self, pid, failure):
        """Ready, TookOver and Died of a pid the zone does not know change nothing."""
        zone = after(*WITH_HEIR)
        for event in (Ready(pid), TookOver(pid), Died(pid, failure, "?")):
            assert learn(zone, event, ARENA, 3.0) == zone


class TestBudget:
    def test_a_spent_generation_starts_nothing_more(self):
        """After failures_max in a row nothing is forked or started, and it says why."""
        zone = after(*FOUNDED)
        for count in range(1, ARENA.failures_max + 1):
            assert not spent(zone, ARENA)
            zone = learn(
                learn(zone, Forked(count), ARENA, 0.0), Died(count, True, KILLED), ARENA, 0.0
            )
        assert spent(zone, ARENA) == f"8 failures in a row, the last: {KILLED}"
        assert decide(zone, ARENA, 1000.0) == ()
        zone = learn(zone, Died(ZYGOTE, True, KILLED), ARENA, 1000.0)
        assert decide(zone, ARENA, 2000.0) == ()

    def test_a_zygote_spends_the_budget_as_well(self):
        """A zygote that dies again and again spends its generation."""
        zone = Generation("stable")
        for _ in range(ARENA.failures_max):
            zone = learn(zone, ZygoteStarted(ZYGOTE), ARENA, 0.0)
            zone = learn(zone, Died(ZYGOTE, True, KILLED), ARENA, 0.0)
        assert spent(zone, ARENA)

    def test_a_condemned_one_is_spent_at_once(self):
        """Proof needs no budget; the first reason stays."""
        zone = learn(after(*WITH_HEIR), Condemned("its tick 7 fails"), ARENA, 0.0)
        zone = learn(zone, Condemned("another"), ARENA, 0.0)
        assert spent(zone, ARENA) == "its tick 7 fails" and decide(zone, ARENA, 0.0) == ()

    def test_whoever_serves_is_left_alone(self):
        """A spent generation still serves until another follows it."""
        zone = learn(after(*WITH_HEIR), Condemned("no"), ARENA, 0.0)
        assert zone.active is not None and zone.heir is not None

    def test_a_machine_without_room_spends_nothing(self):
        """No process left: patience is needed, and no generation is to blame."""
        zone = Generation("stable")
        for _ in range(3 * ARENA.failures_max):
            zone = learn(zone, NotStarted("no room"), ARENA, 0.0)
        assert not spent(zone, ARENA) and zone.zygote_patience == Patience()
        assert decide(zone, ARENA, 0.0) == ()
        assert decide(zone, ARENA, ARENA.backoff_cap_s) == (StartZygote(),)

    def test_a_held_generation_prepares_itself_and_forks_nobody(self):
        """Until the other has left it only stands ready."""
        zone = learn(Generation("archive"), Held(True), BUS, 0.0)
        assert decide(zone, BUS, 0.0) == (StartZygote(),)
        for event in FOUNDED:
            zone = learn(zone, event, BUS, 0.0)
        assert decide(zone, BUS, 0.0) == ()
        assert decide(learn(zone, Held(False), BUS, 0.0), BUS, 0.0) == (ForkProcess(),)

    def test_succeeded_by_another_generation(self):
        """Its active process is on its way out then, and its heir still stands by."""
        zone = learn(after(*WITH_HEIR), Succeeded(), ARENA, 5.0)
        assert zone.active is None and [each.pid for each in zone.leaving] == [1]
        assert zone.heir is not None and learn(zone, Succeeded(), ARENA, 6.0) == zone


class TestDeadlines:
    @pytest.mark.parametrize(
        ("events", "pid", "limit_s"),
        [
            ((ZygoteStarted(ZYGOTE),), ZYGOTE, ARENA.prepare_timeout_s),
            ((*FOUNDED, Asked()), ZYGOTE, FORK_S),
            ((*PREPARED, Asked(), Forked(1, founder=True)), 1, ARENA.prepare_timeout_s),
            ((*FOUNDED, Asked(), Forked(1)), 1, ARENA.ready_timeout_s),
        ],
    )
    def test_whoever_takes_too_long_is_ended(self, events, pid, limit_s):
        """Zygote, outstanding fork, founder and heir each have a limit; past it they are killed."""
        zone = after(*events)
        assert not any(isinstance(act, Kill) for act in decide(zone, ARENA, limit_s))
        late = decide(zone, ARENA, limit_s + 0.01)
        assert [act.pid for act in late if isinstance(act, Kill)] == [pid]
        assert f"in {limit_s:g} s" in late[0].why

    def test_who_gave_the_right_back_must_leave(self):
        """A process stopped after its succession is ended in the end, and harms nobody by it."""
        zone = learn(after(*WITH_HEIR), TookOver(2), ARENA, 7.0)
        assert not any(isinstance(act, Kill) for act in decide(zone, ARENA, 7.0 + LEAVE_S))
        late = decide(zone, ARENA, 7.1 + LEAVE_S)
        assert [act.pid for act in late if isinstance(act, Kill)] == [1]

    def test_a_ready_heir_may_wait_for_ever(self):
        """Standing by has no limit."""
        assert decide(after(*WITH_HEIR), ARENA, 1e6) == ()


class TestPatience:
    policies = st.builds(
        Policy,
        kind=st.just(Kind.ARENA),
        free_failures=st.integers(0, 10),
        backoff_base_s=st.floats(0.001, 60),
        backoff_cap_s=st.floats(0.001, 3600),
    )

    @given(policy=policies, failures=st.integers(0, 10_000))
    def test_backoff_is_capped_and_never_shrinks(self, policy, failures):
        """The delay is nothing while failures are free, never shrinks, never passes the cap."""
        now, then = backoff_s(policy, failures), backoff_s(policy, failures + 1)
        assert 0.0 <= now <= then <= policy.backoff_cap_s
        assert (now == 0.0) is (failures <= policy.free_failures)

    def test_backoff_doubles_from_its_base(self):
        """The delays after the free failures double, starting from the base."""
        policy = Policy(Kind.BUS, free_failures=1, backoff_base_s=0.1, backoff_cap_s=0.5)
        delays = [backoff_s(policy, failures) for failures in range(6)]
        assert delays == [0.0, 0.0, 0.1, 0.2, 0.4, 0.5]

    def test_only_sustained_health_forgets(self):
        """Failures are forgotten after healthy_after_s of service and not a moment before."""
        zone = learn(after(*WITH_HEIR), Died(2, True, "exit code 1"), ARENA, 50.0)
        zone = heal(zone, ARENA, 50.0)
        assert heal(zone, ARENA, 50.0 + ARENA.healthy_after_s - 0.01).patience.failures == 1
        healed = heal(zone, ARENA, 50.0 + ARENA.healthy_after_s)
        assert healed.patience == Patience() and healed.why == ""

    def test_health_needs_somebody_who_serves(self):
        """A zone nobody serves does not heal, however long it waits."""
        zone = learn(after(*STANDING_BY), Died(1, True, "exit code 1"), ARENA, 0.0)
        assert heal(zone, ARENA, 1e6).patience.failures == 1

    def test_a_killed_zygote_is_forgotten_when_all_has_long_been_there(self):
        """No new heir is needed for it; before, or while somebody is missing, it is told."""
        zone = learn(after(*WITH_HEIR), Died(ZYGOTE, False, KILLED), ARENA, 50.0)
        for event in (ZygoteStarted(ZYGOTE + 1), ZygotePrepared()):
            zone = learn(zone, event, ARENA, 51.0)
        late_s = 51.0 + ARENA.healthy_after_s
        assert heal(zone, ARENA, late_s - 0.01).machine_patience.failures == 1
        healed = heal(zone, ARENA, late_s)
        assert healed.machine_patience == Patience() and healed.why == ""
        without_heir = learn(zone, Died(2, False, KILLED), ARENA, 52.0)
        assert heal(without_heir, ARENA, 1e6).machine_patience.failures == 1

    def test_failing_zygote_of_a_healthy_zone_is_not_forgiven_at_once(self):
        """A zygote that crashes again and again beside a healthy world is started ever later."""
        zone = after(*WITH_HEIR)
        now_s = 1000.0
        starts = 0
        for step in range(1000):  # ten seconds, looked at every 10 ms
            now_s = 1000.0 + step / 100
            zone = heal(zone, ARENA, now_s)
            if zone.zygote is not None:
                zone = learn(zone, Died(zone.zygote.pid, True, "exit code 1"), ARENA, now_s)
            if StartZygote() in decide(zone, ARENA, now_s):
                starts += 1
                zone = learn(zone, ZygoteStarted(200 + starts), ARENA, now_s)
        assert starts <= ARENA.free_failures + 8

    def test_failures_delay_what_the_policy_says(self):
        """`fail` adds one failure and names the time of the next try."""
        assert fail(Patience(3, 0.0), ARENA, 10.0) == Patience(4, 10.0 + ARENA.backoff_base_s)


class TestStateWord:
    @pytest.mark.parametrize(
        ("zone", "now_s", "word"),
        [
            (after(), 0.0, "starting"),
            (after(*SERVED), 0.0, "ready"),
            (after(*SERVED, Died(1, False, KILLED)), 0.0, "restarting"),
            (after(StopAsked()), 0.0, "stopped"),
            (Generation("stable", patience=Patience(4, 1.0)), 0.5, "waiting"),
            (Generation("stable", patience=Patience(4, 1.0)), 1.0, "restarting"),
            (Generation("stable", zygote_patience=Patience(4, 1.0)), 0.5, "waiting"),
        ],
    )
    def test_one_word_for_people(self, zone, now_s, word):
        """Each state has the word that `molt ps` shows."""
        assert state_word(zone, ARENA, now_s) == word


class ZoneMachine(RuleBasedStateMachine):
    """Random events against a model of what is alive: a set of pids and one question."""

    @initialize(kind=st.sampled_from(Kind), heir=st.booleans())
    def begin(self, kind, heir):
        """Choose a kind of zone."""
        heir = heir and kind is Kind.ARENA
        # What follows a spent budget is the ladder's (test_ladder.py): none is spent here.
        self.policy = Policy(kind, heir, free_failures=1, backoff_cap_s=2.0, failures_max=10**6)
        self.zone = Generation("stable")
        self.now_s = 0.0
        self.pids = 1
        self.alive: dict[int, str] = {}  # the model: who lives, by role
        self.prepared = self.asked = self.founding = self.stopping = False

    def tell(self, event: sup.Event) -> None:
        """Let the zone learn an event."""
        self.zone = learn(self.zone, event, self.policy, self.now_s)

    def die(self, pid: int, failure: bool) -> None:
        """End one process."""
        if self.alive.pop(pid) == "zygote":
            self.prepared = self.asked = False
        failures, retry_at_s = self.zone.patience.failures, self.zone.patience.retry_at_s
        self.tell(Died(pid, failure, "it died"))
        assert self.zone.patience.failures >= failures
        assert self.zone.patience.retry_at_s >= min(retry_at_s, self.now_s)

    def new_pid(self, role: str) -> int:
        """Bring a process to life."""
        self.pids += 1
        self.alive[self.pids] = role
        return self.pids

    def with_role(self, *roles: str) -> list[int]:
        """Return the living processes of these roles."""
        return [pid for pid, role in self.alive.items() if role in roles]

    @rule()
    def look(self):
        """One round of the kernel: heal, decide, carry out."""
        before = self.zone.patience.failures
        self.zone = heal(self.zone, self.policy, self.now_s)
        if self.zone.patience.failures < before:
            assert self.zone.healthy_s is not None
            assert self.now_s - self.zone.healthy_s >= self.policy.healthy_after_s
        for action in decide(self.zone, self.policy, self.now_s):
            if isinstance(action, Kill):
                assert action.pid in self.alive, "only the living are killed"
                self.die(action.pid, True)
                continue
            assert not self.stopping, "a stopping zone starts nothing"
            if isinstance(action, StartZygote):
                assert not self.with_role("zygote"), "one zygote"
                self.tell(ZygoteStarted(self.new_pid("zygote")))
                continue
            assert self.prepared and not self.asked, "forks are asked one by one of the prepared"
            founder = isinstance(action, ForkFounder)
            assert not self.with_role("founder") and not (founder and self.zone.founded)
            assert founder or not self.with_role("heir"), "one heir"
            assert founder or self.zone.founded
            self.asked, self.founding = True, founder
            self.tell(Asked())

    @precondition(lambda self: self.with_role("zygote") and not self.prepared)
    @rule()
    def prepare(self):
        """The zygote is prepared."""
        self.prepared = True
        self.tell(ZygotePrepared())

    @precondition(lambda self: self.asked)
    @rule()
    def fork(self):
        """The zygote does what it was asked for."""
        self.asked = False
        self.tell(Forked(self.new_pid("founder" if self.founding else "heir"), self.founding))

    @precondition(lambda self: self.with_role("founder"))
    @rule(well=st.booleans())
    def found(self, well):
        """The founder ends, well or not."""
        self.die(self.with_role("founder")[0], not well)
        if well:
            self.tell(Founded())

    @precondition(lambda self: self.policy.kind is Kind.BUS and not self.zone.founded)
    @rule()
    def find_arenas(self):
        """All arenas a bus zone reads are there."""
        self.tell(Founded())

    @precondition(lambda self: self.with_role("heir"))
    @rule()
    def get_ready(self):
        """The heir is ready; on the bus it serves from then on."""
        pid = self.with_role("heir")[0]
        self.tell(Ready(pid))
        if self.policy.kind is Kind.BUS:
            self.alive[pid] = "active"

    @precondition(lambda self: self.zone.heir and self.zone.heir.ready)
    @rule()
    def take_over(self):
        """The heir holds the right to write; who served before is on its way out."""
        for pid in self.with_role("active"):
            self.alive[pid] = "leaving"
        pid = self.with_role("heir")[0]
        self.alive[pid] = "active"
        self.tell(TookOver(pid))

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), failure=st.booleans())
    def kill_somebody(self, data, failure):
        """Anybody may die at any time."""
        self.die(data.draw(st.sampled_from(sorted(self.alive))), failure)

    @rule(pid=st.integers(10_000, 10_100), failure=st.booleans())
    def hear_of_strangers(self, pid, failure):
        """Strangers change nothing."""
        before = self.zone
        for event in (Ready(pid), TookOver(pid), Died(pid, failure, "?")):
            self.tell(event)
        assert self.zone == before

    @rule(step_s=st.sampled_from([0.01, 0.5, 3.0, 25.0, 200.0]))
    def wait(self, step_s):
        """Time goes by."""
        self.now_s += step_s

    @precondition(lambda self: self.pids > 12)
    @rule()
    def ask_to_stop(self):
        """Late in a run, the stop may come."""
        self.stopping = True
        self.tell(StopAsked())

    @invariant()
    def roles_are_those_of_the_model(self):
        """The zone knows exactly who lives, and in which role."""
        if not hasattr(self, "zone"):
            return
        known = {process.pid: "leaving" for process in self.zone.leaving}
        for role in ("zygote", "founder", "active", "heir"):
            process = getattr(self.zone, role)
            if process is not None:
                known[process.pid] = role
        assert known == self.alive

    def answer(self):
        """Everybody does what is expected of them, so nobody is late."""
        if self.with_role("zygote") and not self.prepared:
            self.prepare()
        if self.asked:
            self.fork()
        if self.with_role("founder"):
            self.found(True)
        if self.with_role("heir"):
            self.get_ready()
        for pid in self.with_role("leaving"):
            self.die(pid, False)

    def teardown(self):
        """Faults stop: time and honest answers alone must bring the zone back, fully."""
        if not hasattr(self, "zone") or self.stopping:
            return
        rounds = 0
        if self.policy.kind is Kind.BUS:
            self.find_arenas()
        while not (self.with_role("active") and (self.with_role("heir") or not self.policy.heir)):
            rounds += 1
            assert rounds < 40, f"the zone does not come back: {self.zone}"
            self.now_s += self.policy.backoff_cap_s  # no silence is longer than the cap
            self.look()
            self.answer()
            if self.with_role("heir") and not self.with_role("active"):
                self.take_over()
        for _ in range(2):
            self.answer()  # or somebody would be late, and that is a failure
            self.now_s += self.policy.healthy_after_s + 1
            self.look()
        assert self.zone.patience == self.zone.zygote_patience == Patience()
        assert self.zone.machine_patience == Patience()


TestZoneMachine = pytest.mark.slow(ZoneMachine.TestCase)
