"""Missions of the offline author without a kernel: `python -m tests.bench.missions starving 1 2 3`.

Owns: one problem world run to its horizon, in which the Watcher finds, the author plans and writes
on copies of it, and what is proven comes in; what each mission came to, in words. Does not own:
trials as the kernel makes them, the guard, what is measured afterwards: none of these is here. A
world takes seconds, and no clock decides anything: it is for whoever works on the author. What
counts is `python -m tests.bench evolution`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from Kernel.contract.arena import ArenaWords, check_arena
from Kernel.contract.inputs import ADD_TRAIT, NEWBORNS, SET_PARAM, Input, TraitFacts
from tests.bench.recovery import BY_SCENARIO, PERIOD_TICKS, Recovery, Trial, hold_yardsticks, judge
from tests.zones.agents.authors.genetic.living_lab import CONFIG, LivingLab, buffer_of
from tests.zones.world.worlds import make_world
from zones.agents.authors.genetic.author import GeneticAuthor
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.settings import AgentsSettings
from zones.agents.thoughts import AuthorFailed, Brief, Failure, Plan, TraitFact
from zones.agents.watcher import Problem, WatcherSettings, detect_problems
from zones.runtime.arena_image import copy_committed
from zones.traits.contract import NATIVE
from zones.world.parameters import PARAMETERS
from zones.world.recorded import Recorded
from zones.world.registry import read_entries
from zones.world.replaying import Replayer
from zones.world.run import read_settings
from zones.world.trait_library import LoadedTrait, TraitLibrary

COOLDOWN_TICKS: Final = 3750
"""The configured minute."""
DELAY_TICKS: Final = 800
"""From the trigger until what was found comes in, as in the bench with a kernel."""
GUARD_TICKS: Final = 2300
RANKS: Final = {"low": 0, "medium": 1, "high": 2, "critical": 3}
Made = tuple[Plan, tuple[TraitFacts, LoadedTrait, str] | None]


def main(arguments: Sequence[str]) -> int:
    """Run worlds and tell of each; 0: all have recovered."""
    parser = argparse.ArgumentParser(prog="tests.bench.missions", description=__doc__)
    parser.add_argument("scenario", choices=sorted(BY_SCENARIO))
    parser.add_argument("seeds", type=int, nargs="+")
    options = parser.parse_args(arguments)
    well = True
    for seed in options.seeds:
        missions = Missions(BY_SCENARIO[options.scenario], seed)
        found = missions.run()
        well &= found.recovered
        print(f"{options.scenario} {seed}: {found.why or 'recovered'}, {found.mean:.0f} live")
        print("".join(f"  {line}\n" for line in missions.told), end="", flush=True)
    return 0 if well else 1


@dataclass(slots=True)
class Missions:
    """One world and what was done about it.

    Attributes:
        told: a line for each plan.
    """

    trial: Trial
    seed: int
    told: list[str] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _traits: dict[str, tuple[TraitFacts, LoadedTrait, str]] = field(default_factory=dict)
    _lessons: list[str] = field(default_factory=list)
    _set: set[str] = field(default_factory=set)

    def run(self) -> Recovery:
        """Run it to its horizon, and judge it."""
        settings = read_settings(CONFIG, [f"seed={self.seed}"], self.trial.scenario, {})
        words = make_world(**settings)
        check_arena(words, "a world of a bench")
        author = GeneticAuthor(self.seed, settings=GeneticSettings(wall_s=1e9))
        world, free_at = self._replay(words, []), 0
        for tick in range(PERIOD_TICKS, self.trial.horizon_ticks + 1, PERIOD_TICKS):
            world.run_to(tick)
            problems = detect_problems(self._telemetry()[-6:], WatcherSettings())
            if not problems or tick < free_at:
                continue
            problem = max(problems, key=lambda each: RANKS[each.severity])
            made = self._mission(words, author, problem)
            free_at = tick + COOLDOWN_TICKS
            if made is not None:
                free_at = max(free_at, tick + DELAY_TICKS + GUARD_TICKS)
                world = self._replay(words, self._inputs(made, tick + DELAY_TICKS))
        found = judge(self.trial, self._telemetry(), settings["max_entities"])
        return hold_yardsticks(found, self._set)

    def _telemetry(self) -> list[dict[str, Any]]:
        return [each for each in self._events if each["kind"] == "telemetry"]

    def _replay(self, words: ArenaWords, inputs: list[Recorded]) -> Replayer:
        library = TraitLibrary([(NATIVE, trait) for _, trait, _ in self._traits.values()])
        return Replayer(words, 1, inputs, library=library, tell=self._events.append)

    def _mission(self, words: ArenaWords, author: GeneticAuthor, problem: Problem) -> Made | None:
        """Return what comes in, None where nothing was found."""
        image, buffer = copy_committed(words), buffer_of(words)
        rows = {row.name: row for row in read_entries(buffer) if row.hash in self._traits}
        brief = Brief(
            f"trig_{self.seed}_{problem.tick}",
            problem,
            "",
            tuple(self._telemetry()[-6:]),
            {each.name: float(buffer.parameters[each.index]) for each in PARAMETERS},
            PARAMETERS,
            tuple(
                TraitFact(
                    row.name, row.version, "active", NATIVE, row.calls, row.faults,
                    self._traits[row.hash][2],
                )
                for row in rows.values()
            ),
            tuple(self._lessons[-5:]),
        )  # fmt: skip
        for _ in range(AgentsSettings().plans_max):
            lab = LivingLab(image, [trait for _, trait, _ in self._traits.values()])
            try:
                plan = author.plan(brief, lab, _never).value
            except AuthorFailed as failed:
                self._tell(problem, failed.message)
                return None
            try:
                if plan.action_type == "adjust_params":
                    return self._found(problem, plan, str(dict(plan.params)), None)
                row = rows.get(plan.target_class)
                version = row.version + 1 if row is not None else 1
                lab = LivingLab(image, [each[1] for each in self._traits.values()], version)
                draft = author.write(brief, plan, (), lab, _never)
            except AuthorFailed as failed:
                self._tell(problem, failed.message)
                failure = Failure(plan.target_class, "author", failed.message)
                brief = replace(brief, failures=(*brief.failures, failure))
                continue
            facts, trait = lab.load(draft.value.source)
            made = replace(facts, carriers=NEWBORNS), trait, draft.value.source
            self._traits[facts.hash] = made
            return self._found(problem, plan, f"{facts.name}_v{version}: {draft.rationale}", made)
        return None

    def _found(
        self,
        problem: Problem,
        plan: Plan,
        said: str,
        trait: tuple[TraitFacts, LoadedTrait, str] | None,
    ) -> Made:
        self._tell(problem, f"{plan.better} {plan.metric}: {said}")
        what = plan.target_class or ", ".join(f"{name} = {v}" for name, v in plan.params.items())
        kind = problem.problem_type.replace("_", " ")
        self._lessons.append(f"{kind} {plan.action_type} {what} kept: It helped")
        return plan, trait

    def _tell(self, problem: Problem, said: str) -> None:
        self.told.append(f"tick {problem.tick}, {problem.problem_type}: {said}")

    def _inputs(self, made: Made, tick: int) -> list[Recorded]:
        plan, trait = made
        if trait is not None:
            return [Recorded(tick, Input(ADD_TRAIT, trait=trait[0]))]
        self._set |= set(plan.params)
        values = sorted(plan.params.items())
        return [Recorded(tick, Input(SET_PARAM, param=name, value=v)) for name, v in values]


def _never() -> bool:
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
