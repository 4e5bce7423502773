"""What a trait changes, from paired runs: the mean difference and how sure it is.

Owns: paired differences and their interval. Does not own: what is measured (`measures.py`), what
follows from it (`judging.py`). Pure.

Candidate and control of a pair begin with the same world and the same seed, so a difference is
the trait's doing; over several seeds their mean has the interval of Student's t for paired samples.
Where no spread was seen nothing can be said of it, and low and high are None: of one pair, and of
differences that are all the same and not zero. Of small counts these are common, and an interval
without width would call them certain; a trait that changes nothing is another matter.

Source: Student, "The Probable Error of a Mean", Biometrika 6 (1908); the quantiles are those of
any table of the t distribution, two sides, 95 %.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from Kernel.contract.trial_effect import Effect

T_95: Final = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622,
    2.2281, 2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009,
    2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518,
    2.0484, 2.0452, 2.0423, 2.0395, 2.0369, 2.0345, 2.0322, 2.0301, 2.0281,
    2.0262, 2.0244, 2.0227, 2.0211, 2.0195, 2.0181, 2.0167, 2.0154, 2.0141,
    2.0129, 2.0117, 2.0106, 2.0096, 2.0086, 2.0076, 2.0066, 2.0057, 2.0049,
    2.0040, 2.0032, 2.0025, 2.0017, 2.0010, 2.0003, 1.9996, 1.9990, 1.9983,
)  # fmt: skip
"""By degrees of freedom, from 1 on."""


def effects(
    candidates: Sequence[Mapping[str, float]], controls: Sequence[Mapping[str, float]]
) -> list[Effect]:
    """Return the effect on each metric that every run has, in the order of the first run.

    Args:
        candidates, controls: metrics of each run; those at one place are a pair.
    """
    assert len(candidates) == len(controls) > 0, "there are pairs"
    return [
        replace(
            effect_of(
                metric, [a[metric] - b[metric] for a, b in zip(candidates, controls, strict=True)]
            ),
            control=math.fsum(run[metric] for run in controls) / len(controls),
        )
        for metric in candidates[0]
        if all(metric in run for run in (*candidates, *controls))
    ]


def effect_of(metric: str, differences: Sequence[float]) -> Effect:
    """Return the mean of paired differences and its interval."""
    pairs = len(differences)
    mean = math.fsum(differences) / pairs
    if pairs == 1 or (differences[0] and min(differences) == max(differences)):
        return Effect(metric, mean, None, None, pairs)
    variance = math.fsum((each - mean) ** 2 for each in differences) / (pairs - 1)
    reach = T_95[pairs - 2] * math.sqrt(variance / pairs)
    return Effect(metric, mean, mean - reach, mean + reach, pairs)
