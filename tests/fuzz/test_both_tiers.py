"""Random traits of the grammar mean the same in both tiers; `--rounds` tries more of them."""

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.judging import judge_here
from tests.fuzz.statements import Writer

EXAMPLES = 4


@pytest.mark.slow
def test_random_traits_agree(rounds: int) -> None:
    """Whatever the grammar writes is refused by a rule, or ends alike wherever it can run."""

    @settings(
        max_examples=EXAMPLES * rounds,
        derandomize=rounds == 1,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.randoms(use_true_random=False), st.booleans(), st.integers(0, 1000))
    def agree(dice: Random, tame: bool, seed: int) -> None:
        source = Writer(dice, tame).trait()
        with TemporaryDirectory(prefix="molt-fuzz-") as folder:
            judged = judge_here(source.encode(), seed, Path(folder))
        assert not judged.is_finding, f"{judged}\n{source}"

    agree()
