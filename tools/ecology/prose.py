"""The words of `docs/ecology.md`, made from the numbers of `data.json` and nothing else.

Owns: wording and tables. Does not own: numbers (`verdicts.py`), plots (`figures.py`). Pure: a test
renders `data.json` again and compares, so that text and numbers cannot part.
"""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Final

FIGURES: Final = "ecology"
CAUSES: Final = ("starvation", "age", "collision")


def render(data: dict[str, Any]) -> str:
    """Return the report in Markdown.

    Args:
        data: as `ecology_report.collect` makes it.
    """
    parts = [
        _opening(data),
        _claims(data["claims"]),
        _population(data),
        _lineages(data),
        _deaths(data),
        _genes(data),
        _problems(data),
        _watcher(data),
    ]
    return "\n\n".join(parts) + "\n"


def _opening(data: dict[str, Any]) -> str:
    seeds = data["seeds"]
    quick = (
        "\n\n**A quick run: too short to judge by. It shows that the script works.**"
        if data["quick"]
        else ""
    )
    return (
        "# The ecology\n\n"
        f"What {len(seeds)} default worlds did in {number(data['ticks'])} ticks each, seeds "
        f"{seeds[0]['seed']} to {seeds[-1]['seed']}, and what the problem scenarios did. Made by "
        "`make ecology` from nothing but births, deaths and telemetry; every number below is in "
        f"`{FIGURES}/data.json`, and the script fails when a claim is false. Seed "
        f"{seeds[0]['seed']} ends in hash `{seeds[0]['hash'][:16]}`: the same run gives the same "
        f"report, to the last digit.{quick}"
    )


def _claims(claims: Sequence[dict[str, Any]]) -> str:
    rows = [
        [claim["claim"], "holds" if claim["holds"] else "**FALSE**", claim["found"]]
        for claim in claims
    ]
    return "## Claims\n\n" + table(["claim", "verdict", "found"], rows, "lll")


def _population(data: dict[str, Any]) -> str:
    seeds = data["seeds"]
    rows = [
        [
            str(seed["seed"]),
            number(seed["population"]["least"]),
            f"{seed['population']['mean']:.0f}",
            number(seed["population"]["most"]),
            number(seed["ticks_at_lower"] + seed["ticks_at_upper"]),
            number(seed["seeded"]),
            number(seed["births"]),
            number(seed["births_window_least"]),
            number(seed["deaths_window_least"]),
            number(seed["generations"]),
        ]
        for seed in seeds
    ]
    heads = [
        "seed", "least", "mean", "most", "ticks at a bound", "seeded", "births",
        "fewest births", "fewest deaths", "generations",
    ]  # fmt: skip
    return (
        "## Numbers that come and go\n\n"
        + _figure("population", "Population of every seed, with their median and the season")
        + "\n\nA day is "
        f"{number(data['day_ticks'])} ticks and a year {number(data['year_ticks'])}; numbers "
        "follow both. Within one day the most are "
        f"{median(seed['day_swing']['usual'] for seed in seeds):.1f} times the least on the median "
        f"day, and {max(seed['day_swing']['largest'] for seed in seeds):.1f} times on the worst "
        "of any seed. After the first "
        f"{number(data['settling_ticks'])} ticks, in which founders of any genes become ones that "
        f"fit, the seeds had {_range(seeds, lambda seed: seed['population']['least'])} Molbots at "
        f"least and {_range(seeds, lambda seed: seed['population']['most'])} at most; the bounds "
        f"are {data['min_population']} and {data['max_entities']}. *Fewest* is in any window of "
        "10 000 ticks.\n\n"
        + table(heads, rows, "r" * len(heads))
        + "\n\n"
        + _figure("windows", "Births and deaths in each window of 10 000 ticks, fewest to most")
    )


def _lineages(data: dict[str, Any]) -> str:
    seeds = data["seeds"]
    heads = [
        "seed", "lineages ever", "rose above 5 %", "of these died out", "alive at the end",
        "largest share", "effective, least", "effective, mean",
    ]  # fmt: skip
    rows = [
        [
            str(seed["seed"]),
            number(seed["lineages"]),
            number(seed["lineages_risen"]),
            number(seed["lineages_fallen"]),
            number(seed["lineages_alive"]),
            f"{seed['lineages_largest_share']:.0%}",
            f"{seed['lineages_effective_least']:.1f}",
            f"{seed['lineages_effective_mean']:.1f}",
        ]
        for seed in seeds
    ]
    return (
        "## Lineages that rise and fall\n\n"
        + _figure("lineages", f"Lineages of seed {seeds[0]['seed']}, each as wide as it is large")
        + "\n\nA newborn far enough from the founder of its lineage founds one of its own. Each "
        "lies beside the one it came out of, in a hue near that one's; what never reached "
        f"{data['lineages_drawn_share']:.0%} is grey. *Effective* is the number of equally large "
        "lineages that would be as diverse (1 / sum of squared shares).\n\n"
        + table(heads, rows, "r" * len(heads))
    )


def _deaths(data: dict[str, Any]) -> str:
    seeds = data["seeds"]
    rows = []
    for seed in seeds:
        total = max(sum(seed["deaths"].values()), 1)
        rows.append(
            [str(seed["seed"]), number(total)]
            + [f"{seed['deaths'][cause] / total:.0%}" for cause in CAUSES]
        )
    return (
        "## Deaths\n\n"
        + _figure("deaths", "Deaths by cause over time, mean of the seeds")
        + "\n\n"
        + table(["seed", "deaths", *CAUSES], rows, "rrrrr")
    )


def _genes(data: dict[str, Any]) -> str:
    seeds = data["seeds"]
    rows = []
    for gene in seeds[0]["genes_last"]:
        first = [seed["genes_first"][gene] for seed in seeds]
        last = [seed["genes_last"][gene] for seed in seeds]
        rows.append(
            [
                gene,
                f"{median(first):.2f}",
                f"{median(last):.2f}",
                f"{min(last):.2f} to {max(last):.2f}",
                f"{median(last) - median(first):+.2f}",
            ]
        )
    heads = ["gene", "begin, median", "end, median", "end, least to most", "drift"]
    return (
        "## Genes\n\n"
        + _figure("genes", "Mean of each gene over time: median, least and most of the seeds")
        + "\n\nNothing selects for colour: how far its means spread is what chance alone does.\n\n"
        + table(heads, rows, "lrrrr")
    )


def _problems(data: dict[str, Any]) -> str:
    heads = [
        "scenario", "ticks", "problem", "first at tick", "periods", "worst", "population",
        "starved, most", "growth, most", "effective lineages, least",
    ]  # fmt: skip
    rows = []
    for run in data["problems"]:
        for kind, found in run["problems"].items() or [("none", None)]:
            rows.append(
                [
                    f"`{run['scenario']}`",
                    number(run["ticks"]),
                    kind.replace("_", " "),
                    number(found["tick_first"]) if found else "–",
                    number(found["periods"]) if found else "–",
                    found["worst"] if found else "–",
                    f"{run['population']['least']} to {run['population']['most']}",
                    f"{run['starved_most']:.2f}",
                    f"{run['growth_most']:.2f}",
                    f"{run['lineages_effective_least']:.1f}",
                ]
            )
    cold = next((run for run in data["problems"] if run["scenario"] == "ice-age"), None)
    made_for = (
        f"\n\nIn the ice age the mean gene for warmth ends at {cold['genes_last']['warmth']:.2f} "
        f"(a gene of 0 is made for 0 degrees, one of 1 for 40), after "
        f"{number(cold['deaths']['starvation'])} have starved and {number(cold['seeded'])} were "
        "seeded."
        if cold
        else ""
    )
    return (
        "## Problems\n\n"
        + _figure("problems", "The sign of each problem against its threshold, beside the default")
        + "\n\n"
        + table(heads, rows, "lrlrrlrrrr")
        + "\n\nThese are of the configured seed. The scenario's own problem shows on: "
        + "; ".join(
            f"`{run['scenario']}` {len(run['seeds_shown'])} of {len(run['seeds'])} seeds"
            for run in data["problems"]
        )
        + "."
        + made_for
    )


def _watcher(data: dict[str, Any]) -> str:
    seeds, limits = data["seeds"], data["limits"]
    alone = [seed["periods_deadly_alone"] for seed in seeds]
    fullest = max(seed["population"]["most"] for seed in seeds) / data["max_entities"]
    return (
        "## What the Watcher goes by\n\n"
        "`zones/agents/watcher.py` compares the newest period of telemetry with the "
        f"{limits['compared']} before. Starvation: more than "
        f"{limits['anomaly_death_threshold']:.2f} of those at risk starve in a period, on the mean "
        "of all six. By the newest alone a hard winter of the default world would be a famine: "
        f"{sum(alone)} periods, on {sum(count > 0 for count in alone)} of {len(seeds)} seeds; the "
        f"mean of six was {max(seed['starved_most'] for seed in seeds):.2f} at most. "
        f"Overpopulation: more than {limits['anomaly_overpop_threshold']:.1f} times the mean of "
        "the periods before; the default world reached "
        f"{max(seed['growth_most'] for seed in seeds):.2f}, in a spring. Low diversity: fewer than "
        f"{limits['anomaly_diversity_threshold']:.1f} effective lineages; the default world never "
        f"had less than {min(seed['lineages_effective_least'] for seed in seeds):.1f}. In the "
        f"default worlds these rules found something in {_periods_with_problem(seeds)} of "
        f"{number(len(seeds) * data['periods'])} periods. A problem that lasts is raised again "
        f"only after {number(data['cooldown_ticks'])} ticks, which makes {data['alarms']} false "
        f"alarms in {len(seeds)} seeds. Two problems end in a state that these rules do not see: a "
        "famine in a few who are seeded and starve one by one, a boom at max_entities, where "
        "nothing grows. So it is starvation, too, where more than "
        f"{limits['anomaly_seeded_threshold']:.2f} of the new are seeded and most of the dead have "
        "starved, and overpopulation where more than "
        f"{limits['anomaly_crowded_threshold']:.2f} of all slots are taken; the default worlds "
        f"seeded nobody and filled {fullest:.2f} of theirs at most."
    )


def _periods_with_problem(seeds: Sequence[dict[str, Any]]) -> int:
    return sum(found["periods"] for seed in seeds for found in seed["problems"].values())


def _figure(name: str, words: str) -> str:
    return f"![{words}]({FIGURES}/{name}.svg)"


def _range(seeds: Sequence[dict[str, Any]], of: Callable[[dict[str, Any]], int]) -> str:
    values = [of(seed) for seed in seeds]
    return f"{min(values)} to {max(values)}"


def number(value: float) -> str:
    """Return a whole number with its thousands set apart."""
    return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> str:
    """Return a Markdown table.

    Args:
        sides: for each column "l" or "r".
    """
    rules = ["---:" if side == "r" else "---" for side in sides]
    lines = [heads, rules, *rows]
    assert all(len(line) == len(heads) for line in lines), "a table has as many cells as heads"
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
