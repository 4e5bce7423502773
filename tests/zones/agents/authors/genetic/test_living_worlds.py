"""The offline author on real worlds in trouble: what it finds is an improvement, and lasts."""

import pytest

from tests.zones.agents.authors.genetic.landscape import never
from tests.zones.agents.authors.genetic.living_lab import LivingLab, brief_about, image_of
from zones.agents.authors.genetic.author import GeneticAuthor
from zones.agents.authors.genetic.search import GeneticSettings
from zones.agents.watcher import ProblemType

pytestmark = pytest.mark.slow
QUICK = GeneticSettings(generations=1, wall_s=1e9)


def written(scenario: str, tick: int, seed: int) -> tuple[LivingLab, str, str]:
    """Return the lab of a starving world, the trait that was found, and what it promises."""
    image = image_of(scenario, tick, seed)
    lab, about = LivingLab(image), brief_about(image, "starvation", f"trig_{seed}")
    author = GeneticAuthor(seed, settings=QUICK)
    plan = author.plan(about, lab, never).value
    assert plan.action_type == "new_trait"
    draft = author.write(about, plan, (), lab, never).value
    assert author.review(about, plan, draft, never).value.approved
    return lab, draft.source, plan.metric


@pytest.mark.parametrize("seed", [1, 2])
def test_starving_world_is_helped(seed: int) -> None:
    """In a starving world the trait that is found lets clearly more live, on seeds it never saw."""
    lab, source, metric = written("starving", 900, seed)
    assert metric == "mean_population"
    pairs = [(lab.live(600, pair, source), lab.live(600, pair)) for pair in range(20, 24)]
    gains = [with_it[metric] - without[metric] for with_it, without in pairs]
    assert min(gains) > 2.0
    assert all(with_it["starved"] < without["starved"] for with_it, without in pairs)


def test_world_at_its_least_bears_children_again() -> None:
    """Where all starve and are put in again, the trait that is found lets children be born."""
    lab, source, metric = written("starving", 4000, 1)
    assert metric == "births"
    pairs = [(lab.live(900, pair, source), lab.live(900, pair)) for pair in range(20, 24)]
    assert sum(with_it["births"] - without["births"] for with_it, without in pairs) >= 4


@pytest.mark.parametrize(
    ("scenario", "tick", "kind", "names"),
    [
        ("monoculture", 300, "low_diversity", {"mutation"}),
        ("overcrowded", 600, "overpopulation", {"resource_spawn_rate", "birth_age"}),
    ],
)
def test_environment_is_changed_by_proven_steps(
    scenario: str, tick: int, kind: ProblemType, names: set[str]
) -> None:
    """A monoculture and a boom are met by parameters, with an effect that leaves no doubt."""
    image = image_of(scenario, tick, 1)
    lab = LivingLab(image)
    made = GeneticAuthor(1).plan(brief_about(image, kind, "trig_1"), lab, never)
    assert made.value.action_type == "adjust_params"
    assert set(made.value.params) <= names
    assert "interval" in made.rationale
