"""What may be asked of a trial, and the job it becomes."""

import hashlib
from dataclasses import replace

import pytest

from Kernel.contract.errors import Refused
from Kernel.core.limits import Limits, TrialLimits
from Kernel.core.trial import ForecastWish, TrialWish, check_size, job_of, scale_for

WISH = TrialWish(b"class Forager(Trait): ...", "console")
LIMITS = TrialLimits(source_kb=1, ticks_max=5000, seeds_max=8, each=Limits(memory_mb=100))
MB = 1 << 20


class TestSize:
    def test_what_fits(self):
        """Every limit may be reached."""
        wish = replace(WISH, source=b"x" * 1024, ticks=5000, seeds=8)
        check_size(wish, LIMITS, 50 * MB, 200 * MB)

    @pytest.mark.parametrize(
        ("wish", "said", "hint"),
        [
            (replace(WISH, source=b"x" * 1025), "the source has 1025 bytes; the limit is 1024 "
             "(trial.source_kb)", "molt config"),
            (replace(WISH, ticks=5001), "5001 ticks are asked for; the limit is 5000 "
             "(trial.ticks_max)", "molt config"),
            (replace(WISH, seeds=9), "9 seeds are asked for; the limit is 8 (trial.seeds_max)",
             "molt config"),
            (replace(WISH, scale=4), "2 copies of the world, 4 times as large, take 160 MB; there "
             "is room for 100 MB (trial.memory_mb)", "molt try FILE --scale 1"),
        ],
    )  # fmt: skip
    def test_what_is_too_much(self, wish, said, hint):
        """Refused with the value, the limit and where it is said."""
        with pytest.raises(Refused) as refused:
            check_size(wish, LIMITS, 20 * MB, None)
        assert refused.value.message == f"cannot try: {said}" and refused.value.hint == hint

    def test_the_machine_may_have_less_than_the_limit(self):
        """What is free counts where it is less, or where there is no limit."""
        for limits in (LIMITS, replace(LIMITS, each=Limits())):
            with pytest.raises(Refused, match="there is room for 30 MB"):
                check_size(WISH, limits, 20 * MB, 30 * MB)

    def test_without_a_limit_and_nobody_can_tell(self):
        """Then it is tried: the process has limits of its own."""
        check_size(replace(WISH, scale=16), replace(LIMITS, each=Limits()), 20 * MB, None)

    def test_without_a_trial_nothing_is_copied(self):
        """A trait that is only checked takes no copy of the world."""
        check_size(replace(WISH, trial=False), LIMITS, 20_000 * MB, None)


class TestSeeds:
    @pytest.mark.parametrize(
        ("wish", "population", "seeds"),
        [
            (WISH, 5000, 4), (WISH, 5001, 1), (replace(WISH, seeds=7), 200_000, 7),
            (replace(WISH, add=True), 200, 1),
        ],
    )  # fmt: skip
    def test_as_fits_the_population(self, wish, population, seeds):
        """Four pairs where runs are cheap, one where they are not or a trait is only to come in."""
        assert wish.seeds_for(population) == seeds


def test_a_job_has_what_the_trial_reads():
    """All of a wish but who asked, with the zone's home and traits."""
    wish = replace(WISH, ticks=7, scale=2, carriers="newborns")
    assert job_of(wish, "stable", "/home", 300, ["ab"]) == {
        "zone": "stable", "home": "/home", "add": False, "trial": True, "ticks": 7, "seeds": 4,
        "scale": 2, "carriers": "newborns", "hashes": ["ab"], "unchecked": False,
        "params": {}, "without": "", "forecast": None, "controls": 0, "scale_ticks": 0,
        "lengths": [],
    }  # fmt: skip
    assert wish.code_hash == hashlib.sha256(wish.source).hexdigest()
    asked = ForecastWish("births", "less", 100, 2.0)
    assert job_of(replace(wish, forecast=asked), "stable", "/home", 300, [])["forecast"] == {
        "metric": "births", "better": "less", "window_ticks": 100, "seconds": 2.0,
    }  # fmt: skip


class TestScale:
    @pytest.mark.parametrize(
        ("wish", "population", "world_mb", "scale"),
        [
            (WISH, 500, 1, (1, 0)),
            (replace(WISH, scale=3, add=True), 500, 1, (3, 0)),
            (replace(WISH, add=True), 500, 1, (10, 100)),
            (replace(WISH, add=True), 500, 4, (6, 100)),
            (replace(WISH, add=True), 500, 60, (1, 100)),
            (replace(WISH, forecast=ForecastWish("births")), 50_000, 1, (2, 100)),
            (replace(WISH, add=True), 1_000_000, 1, (1, 100)),
            (replace(WISH, add=True, trial=False), 500, 1, (1, 0)),
            (replace(WISH, source=b"", without="Forager"), 500, 1, (1, 0)),
            (replace(WISH, add=True), 0, 1, (10, 100)),
        ],
    )  # fmt: skip
    def test_what_comes_in_is_tried_where_many_are_too(self, wish, population, world_mb, scale):
        """As many times as large as fits into half of the memory, and is done soon."""
        told = scale_for(wish, LIMITS, population, 2_000_000, world_mb * MB, None)
        assert told == scale

    def test_where_nobody_knows_the_memory(self):
        """It is tried: the process has limits of its own."""
        wish = replace(WISH, add=True)
        limits = replace(LIMITS, each=Limits())
        assert scale_for(wish, limits, 500, 5000, MB, None) == (10, 100)
        assert scale_for(wish, limits, 500, 5000, MB, 8 * MB) == (2, 100)

    @pytest.mark.parametrize(("population", "factor"), [(500, 1), (305, 2), (115, 5), (20, 10)])
    def test_no_world_is_fuller_than_full(self, population, factor):
        """So many as can ever live there are enough: what never is speaks against no trait."""
        wish = replace(WISH, add=True)
        assert scale_for(wish, LIMITS, population, 500, MB, None) == (factor, 100)

    def test_the_job_has_it(self):
        """And a forecast has fewer controls than runs."""
        wish = replace(WISH, forecast=ForecastWish("births"))
        job = job_of(wish, "stable", "/home", 300, [], (10, 100))
        assert (job["scale"], job["scale_ticks"], job["controls"]) == (10, 100, 4)
        assert job_of(wish, "stable", "/home", 300, [], (1, 100))["scale_ticks"] == 0


def test_a_change_is_named_by_what_it_changes():
    """Values of parameters by their canonical form, a trait that is left out by its code."""
    assert WISH.kind == "source"
    wish = TrialWish(b"", "console", params={"b": 2, "a": 0.5})
    assert wish.kind == "params"
    assert wish.code_hash == hashlib.sha256(b'{"a":0.5,"b":2.0}').hexdigest()
    batch = TrialWish(b"", "console", batch=(b"one", b"three"))
    each = hashlib.sha256(b"one").digest() + hashlib.sha256(b"three").digest()
    assert (batch.kind, batch.code_hash) == ("batch", hashlib.sha256(each).hexdigest())
    assert batch.job == b"onethree" and job_of(batch, "w", "/", 1, [])["lengths"] == [3, 5]
    wish = TrialWish(b"", "console", without="Forager", without_hash="ab" * 32)
    assert (wish.kind, wish.code_hash) == ("without", "ab" * 32)


def test_what_is_tried_is_told_to_people():
    """A source is named by its class, once that is known."""
    assert WISH.what == ""
    assert TrialWish(b"", "x", params={"b": 2, "a": 0.5}).what == "a 0.5, b 2"
    assert TrialWish(b"", "x", without="Forager").what == "the world without Forager"
    assert TrialWish(b"", "x", batch=(b"1", b"2")).what == "2 sources"
