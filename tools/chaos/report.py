"""A campaign's report: one document, and a table of it with how long recovery took.

Owns: both forms. Does not own: what was found. Pure.
"""

from collections.abc import Sequence
from typing import Any, Final

from tools.chaos.campaign import Campaign
from tools.chaos.checkup import Check

SHARES: Final = (50, 90, 99)


def report_of(campaign: Campaign, checks: Sequence[Check], about: dict[str, Any]) -> dict[str, Any]:
    """Return the whole report as plain data.

    Args:
        about: what else is told, first.
    """
    return {
        **about,
        "ok": all(each.holds for each in checks),
        "seconds": round(campaign.elapsed_s(), 1),
        "events": campaign.log.events,
        "faults": [
            {
                "name": name,
                "times": len(cost.missed),
                "missed": sum(cost.missed),
                "missed_max": max(cost.missed),
                "recovered_s": {
                    **{f"p{share}": quantile(cost.recovered_s, share) for share in SHARES},
                    "max": max(cost.recovered_s),
                },
            }
            for name, cost in sorted(campaign.costs.items())
        ],
        "checks": [
            {"name": each.name, "holds": each.holds, "found": each.found} for each in checks
        ],
        "rounds": [
            {
                "at_s": each.at_s,
                "tick": each.tick,
                "faults": each.faults,
                "told": each.told,
                "recovered_s": each.recovered_s,
                "missed": each.missed,
                "breaches": each.breaches,
            }
            for each in campaign.rounds
        ],
    }


def quantile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent do not exceed; of none, 0."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)] if ordered else 0.0


def lines_of(report: dict[str, Any]) -> list[str]:
    """Return the report as lines for people, in Markdown: a table of faults, one of checks."""
    verdict = "all holds" if report["ok"] else "NOT ALL HOLDS"
    lines = [
        f"{report['seconds']:.0f} s, {len(report['rounds'])} rounds, {report['events']} events "
        f"stored meanwhile, seed {report['seed']}: {verdict}",
        "",
        "| fault | times | missed ticks | most | recovered after s: 50 % | 90 % | 99 % | longest |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in report["faults"]:
        took = each["recovered_s"]
        figures = " | ".join(f"{took[key]:.2f}" for key in ("p50", "p90", "p99", "max"))
        lines.append(
            f"| {each['name']} | {each['times']} | {each['missed']} | {each['missed_max']} "
            f"| {figures} |"
        )
    lines += ["", "| what must hold | holds | found |", "| --- | --- | --- |"]
    for each in report["checks"]:
        lines.append(
            f"| {each['name']} | {'yes' if each['holds'] else '**no**'} | {each['found']} |"
        )
    for each in report["rounds"]:
        for breach in each["breaches"]:
            lines.append(f"- {each['at_s']:.0f} s, tick {each['tick']}, {each['told']}: {breach}")
    return lines
