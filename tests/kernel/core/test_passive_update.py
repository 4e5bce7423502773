"""What becomes of a module version, event by event: no road past a stage or below a counter."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from Kernel.contract.errors import CodecError, Refused
from Kernel.core import passive_update as up
from Kernel.core.bundle import BundleRefused
from Kernel.core.passive_update import ATTEMPTS_MAX, How, ModuleVersion, Stage, Updates
from Kernel.core.update_record import pack_updates, parse_updates

OURS = (1, 9)


def version(number: int, counter: int | None = None, contract: int = 1) -> ModuleVersion:
    """Return a made-up version; number names its content, 0 to 255."""
    digest = f"{number:02x}" * 32
    return ModuleVersion(
        digest, f"{number}.0", number if counter is None else counter, contract, False, digest
    )


def staged(number: int, updates: Updates | None = None) -> Updates:
    return up.take(updates or Updates(), version(number))


def probed(number: int, updates: Updates | None = None) -> Updates:
    return up.note_probed(up.note_verified(staged(number, updates)), "600 ticks, the same hash")


def guarded(number: int, updates: Updates | None = None) -> Updates:
    return up.begin_attempt(up.commit(probed(number, updates)))


def kept(number: int, updates: Updates | None = None) -> Updates:
    return up.keep(guarded(number, updates))


def test_the_whole_road() -> None:
    """Each stage follows from the one before; kept, the former active is the fallback."""
    one = kept(1)
    assert one.active == version(1) and one.fallback is None and one.candidate is None
    assert one.slots() == {"active": version(1).id, "fallback": "", "next_stable": ""}
    two = guarded(2, one)
    assert two.slots()["next_stable"] == version(2).id and two.active == version(1)
    assert two.used() == {version(1).id, version(2).id}
    two = up.keep(two)
    assert (two.active, two.fallback, two.counter) == (version(2), version(1), 2)
    assert [each.how for each in two.outcomes] == [How.KEPT, How.KEPT]


def test_what_is_not_proven_is_not_committed() -> None:
    """No stage is left out, and what is committed is not committed twice."""
    with pytest.raises(Refused, match="nothing is staged"):
        up.commit(Updates())
    for updates in (staged(1), up.note_verified(staged(1))):
        with pytest.raises(Refused, match="its dry run is not done"):
            up.commit(updates)
    for updates in (up.commit(probed(1)), guarded(1)):
        with pytest.raises(Refused, match="already"):
            up.commit(updates)


def check(updates: Updates, new: ModuleVersion, arena: int = 9, **words: bool) -> str:
    try:
        up.check_new(updates, new, arena, OURS, **words)
    except BundleRefused as refused:
        assert refused.why and refused.hint and refused.exit_code == 5
        return refused.rule
    return ""


def test_older_ones_are_refused_for_good() -> None:
    """The counter must be above the highest that was kept, even after going back."""
    updates = kept(5)
    assert check(updates, version(4)) == check(updates, version(7, counter=5)) == "rollback"
    assert check(updates, version(6)) == ""
    back = up.go_back(updates, "asked for")
    assert back.active is None and back.counter == 5
    assert check(back, version(4)) == check(back, version(5)) == "rollback"


def test_a_version_that_was_taken_back_raises_no_counter() -> None:
    """What was never kept binds nobody: a mended version may have the same counter."""
    updates = up.roll_back(guarded(9, kept(5)), "it crashed")
    assert updates.counter == 5 and updates.active == version(5)
    assert check(updates, version(8)) == ""
    assert check(updates, version(9)) == "known"
    assert check(updates, version(9), again=True) == ""
    assert updates.outcomes[-1].why == "it crashed"


def test_what_else_may_not_come_in() -> None:
    """Another contract, another layout, what runs already, and anything while one is committed."""
    assert check(Updates(), version(1, contract=2)) == "contract"
    assert check(Updates(), version(1), arena=8) == "contract"
    assert check(kept(5), version(5, counter=6)) == "known"
    assert check(up.commit(probed(1)), version(2)) == "busy"
    assert check(guarded(1), version(2)) == "busy"
    assert check(probed(1), version(2)) == ""


def test_a_newer_candidate_takes_the_place_of_one_that_is_not_committed() -> None:
    """The one before is told as replaced; the very same one begins again without that."""
    updates = staged(2, probed(1))
    assert updates.candidate == up.Candidate(version(2), Stage.STAGED)
    assert [each.how for each in updates.outcomes] == [How.REPLACED]
    again = staged(2, updates)
    assert again.outcomes == updates.outcomes


def test_refused_before_it_was_committed() -> None:
    """It is gone with its reason, cut to what may be kept."""
    updates = up.refuse(up.note_verified(staged(1)), "x" * 5000)
    assert updates.candidate is None and len(updates.outcomes[0].why) == up.WHY_CHARS_MAX
    assert parse_updates(pack_updates(updates)) == updates


def test_a_kernel_that_ends_under_guard() -> None:
    """The next one boots what was active and tries again, three times in all."""
    updates = guarded(2, kept(1))
    for attempt in range(1, ATTEMPTS_MAX):
        updates = up.after_boot(updates)
        assert updates.candidate is not None and updates.candidate.stage is Stage.NEXT_STABLE
        assert updates.active == version(1) and updates.candidate.attempts == attempt
        updates = up.begin_attempt(updates)
    updates = up.after_boot(updates)
    assert updates.candidate is None and updates.active == version(1)
    assert "ended 3 times under its guard" in updates.outcomes[-1].why
    for other in (Updates(), probed(1), up.commit(probed(1)), kept(1)):
        assert up.after_boot(other) == other


def test_a_kernel_that_is_stopped_under_guard() -> None:
    """In order, that is no attempt: however often, it is tried again."""
    updates = guarded(2, kept(1))
    for _ in range(ATTEMPTS_MAX + 2):
        updates = up.suspend(updates)
        assert updates.candidate is not None and updates.candidate.attempts == 0
        assert up.after_boot(updates) == updates
        updates = up.begin_attempt(updates)


def test_going_back() -> None:
    """To the version before, from there to the factory version, and no farther."""
    updates = kept(2, kept(1))
    one = up.go_back(updates, "asked for")
    assert (one.active, one.fallback) == (version(1), None)
    none = up.go_back(one, "asked for")
    assert none.active is None and none.slots() == {"active": "", "fallback": "", "next_stable": ""}
    with pytest.raises(Refused, match="the factory version runs"):
        up.go_back(none, "asked for")


DAMAGED = [
    b"", b"null", b"[]", b"{}", b"[" * 60_000, b"\xff", b"1e999", b"x" * 70_000,
    b'{"format": 2}', b'{"format": 1}',
]  # fmt: skip


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:12]))
def test_a_record_that_is_none(data: bytes) -> None:
    """Whatever the file holds, it is an error and no crash."""
    with pytest.raises(CodecError, match="cannot use the record of updates"):
        parse_updates(data)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"counter": 2', '"counter": -1'),
        ('"counter": 2', '"counter": true'),
        ('"counter": 2', '"counter": 1e3'),
        ('"stage": "guard"', '"stage": "active"'),
        ('"attempts": 1', '"attempts": "1"'),
        ('"changes_behaviour": false', '"changes_behaviour": 0'),
        ('"kept"', '"eaten"'),
        (version(3).id, "../" * 20),
        ('"format": 1', '"format": 9'),
        ('"next_stable": "03', '"next_stable": "04'),
    ],
)
def test_a_record_that_was_changed(before: str, after: str) -> None:
    """A number, a stage, an id or a slot that cannot be is found."""
    text = pack_updates(guarded(3, kept(2, kept(1)))).decode()
    assert before in text
    with pytest.raises(CodecError):
        parse_updates(text.replace(before, after).encode())


class Life(RuleBasedStateMachine):
    """Any order of events against a model of ten lines: what ran, and the highest that was kept."""

    def __init__(self) -> None:
        super().__init__()
        self.updates = Updates()
        self.ran: list[int] = []
        self.highest = 0

    def _stage(self) -> Stage | None:
        return self.updates.candidate.stage if self.updates.candidate else None

    @rule(number=st.integers(1, 30))
    def bring(self, number: int) -> None:
        before = self.updates
        rule_ = check(before, version(number), again=True)
        if rule_:
            committed = self._stage() in up.COMMITTED
            assert committed or number <= self.highest or before.active == version(number)
            return
        assert number > self.highest and self._stage() not in up.COMMITTED
        self.updates = up.take(before, version(number))

    @precondition(lambda self: self._stage() is Stage.STAGED)
    @rule()
    def verify(self) -> None:
        self.updates = up.note_verified(self.updates)

    @precondition(lambda self: self._stage() is Stage.VERIFIED)
    @rule()
    def probe(self) -> None:
        self.updates = up.note_probed(self.updates, "")

    @precondition(lambda self: self._stage() in (Stage.STAGED, Stage.VERIFIED, Stage.PROBED))
    @rule()
    def refuse(self) -> None:
        self.updates = up.refuse(self.updates, "wrong")

    @rule()
    def commit(self) -> None:
        if self._stage() is not Stage.PROBED:
            with pytest.raises(Refused):
                up.commit(self.updates)
            return
        self.updates = up.commit(self.updates)

    @precondition(lambda self: self._stage() is Stage.NEXT_STABLE)
    @rule()
    def give(self) -> None:
        self.updates = up.begin_attempt(self.updates)

    @rule()
    def boot(self) -> None:
        self.updates = up.after_boot(self.updates)

    @precondition(lambda self: self._stage() is Stage.GUARD)
    @rule()
    def keep(self) -> None:
        assert self.updates.candidate
        number = self.updates.candidate.what.counter
        self.updates = up.keep(self.updates)
        self.ran = [*self.ran[-1:], number]
        self.highest = max(self.highest, number)

    @precondition(lambda self: self._stage() in up.COMMITTED)
    @rule()
    def roll_back(self) -> None:
        self.updates = up.roll_back(self.updates, "crashed")

    @precondition(lambda self: self._stage() not in up.COMMITTED)
    @rule()
    def go_back(self) -> None:
        if not self.ran:
            with pytest.raises(Refused):
                up.go_back(self.updates, "")
            return
        self.updates = up.go_back(self.updates, "")
        self.ran = self.ran[:-1]

    @invariant()
    def slots_are_as_the_model_has_them(self) -> None:
        found = [self.updates.fallback, self.updates.active]
        assert [each.counter for each in found if each] == self.ran
        assert self.updates.counter == self.highest
        assert parse_updates(pack_updates(self.updates)) == self.updates
        assert set(self.updates.slots().values()) - {""} <= self.updates.used()
        assert len(self.updates.outcomes) <= up.OUTCOMES_MAX


Life.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLife = pytest.mark.slow(Life.TestCase)


def test_the_model_would_see_a_fault() -> None:
    """A counter that fell would be told apart: the invariant is not empty."""
    life = Life()
    life.updates = replace(life.updates, counter=3)
    with pytest.raises(AssertionError):
        life.slots_are_as_the_model_has_them()
