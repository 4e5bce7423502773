"""A report says what was done, what it cost and what did not hold, for programs and for people."""

import json

from tools.chaos.campaign import Round
from tools.chaos.checkup import Check, Costs
from tools.chaos.fault import Misses
from tools.chaos.report import lines_of, quantile, report_of


class Told:
    """A campaign that has been."""

    def __init__(self, *rounds: Round) -> None:
        self.rounds = list(rounds)
        self.costs = {"kill it": Costs(Misses.NONE, [0, 2], [0.25, 1.5])}
        self.log = self
        self.events = 7

    def elapsed_s(self) -> float:
        """Return how long."""
        return 61.04


def test_quantiles_are_values_that_were_there():
    """Of none, 0; of one, itself; no value in between."""
    assert quantile([], 50) == 0 and quantile([3.0], 99) == 3.0
    assert [quantile([4.0, 1.0, 3.0, 2.0], share) for share in (25, 50, 51, 99)] == [1, 2, 3, 4]


def test_all_of_it_is_one_document():
    """Plain data, with what was asked for first; all holds when each check does."""
    report = report_of(Told(Round(1.0, 5, ["kill it"], ["9 to 4"])), [], {"seed": 3})
    assert json.loads(json.dumps(report)) == report and next(iter(report)) == "seed"
    assert report["ok"] and report["seconds"] == 61.0
    (cost,) = report["faults"]
    assert (cost["times"], cost["missed"], cost["missed_max"]) == (2, 2, 2)
    assert cost["recovered_s"] == {"p50": 0.25, "p90": 1.5, "p99": 1.5, "max": 1.5}


def test_what_does_not_hold_is_seen_by_people():
    """In the first line, in its row, and with each round that broke a rule."""
    broken = Round(12.0, 99, ["kill it"], ["9 to 4"], breaches=["a tick is lost"])
    checks = [Check("ticks", True, "all"), Check("log", False, "one is gone")]
    report = report_of(Told(Round(1.0, 5, [], []), broken), checks, {"seed": 3})
    lines = lines_of(report)
    assert not report["ok"] and lines[0].endswith("seed 3: NOT ALL HOLDS")
    assert "| ticks | yes | all |" in lines and "| log | **no** | one is gone |" in lines
    assert lines[-1] == "- 12 s, tick 99, ['9 to 4']: a tick is lost"
    assert "| kill it | 2 | 2 | 2 | 0.25 | 1.50 | 1.50 | 1.50 |" in lines
