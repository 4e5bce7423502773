"""Try every hostile act in every cage, or every hostile source in a kernel: `python -m tests.cage`.

Whole runs write their tables into `docs/cage-table.md`; what is asked for in part is only shown.
Exit code 1: something was reached in a sealed process.
"""

import argparse
import json
import sys
from dataclasses import asdict

from tests.cage.ablation import Findings, find, users
from tests.cage.campaign import carry_out_apart, uncontained
from tests.cage.campaign_table import render as render_campaign
from tests.cage.plans import PROFILES, SEALED
from tests.cage.primitives import BY_NAME
from tests.cage.table import Results, put_section, render


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the parsed command line; leaves with 2 when it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.cage", description=__doc__)
    parser.add_argument("--only", action="append", default=[], choices=sorted(BY_NAME))
    parser.add_argument("--profile", action="append", default=[], choices=PROFILES)
    parser.add_argument("--user", action="append", default=[], choices=users())
    parser.add_argument("--whole", action="store_true", help="leave no layer out")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--sources", action="store_true", help="hostile sources, not acts")
    parser.add_argument("--sample", action="store_true", help="of the sources a dozen")
    return parser.parse_args(arguments)


def escaped(findings: Findings) -> list[str]:
    """Return what was reached in a sealed process with all its layers."""
    return [
        record.primitive
        for record in findings.records
        if record.profile == SEALED and not record.without and record.reached is not False
    ]


def run(arguments: list[str]) -> int:
    """Try, show, and return the exit code."""
    options = parse_arguments(arguments)
    if options.sources:
        return _try_sources(options)
    words = [] if options.whole else ["layers", "grades", "alone"]
    if options.only:
        words.append(f"only={','.join(options.only)}")
    if options.profile:
        words.append(f"profiles={','.join(options.profile)}")
    findings = [find(user, words) for user in options.user or users()]
    if options.json:
        print(json.dumps([asdict(each) for each in findings]))
    else:
        text = render(Results(findings))
        print(text)
        if not (options.only or options.profile or options.user or options.whole):
            put_section("ablation", text)
    reached = {name for each in findings for name in escaped(each)}
    if reached:
        print(f"reached in a sealed process: {', '.join(sorted(reached))}", file=sys.stderr)
    return 1 if reached else 0


def _try_sources(options: argparse.Namespace) -> int:
    campaign = carry_out_apart(options.sample)
    if options.json:
        print(json.dumps(asdict(campaign)))
    else:
        text = render_campaign(campaign)
        print(text)
        if not options.sample:
            put_section("campaign", text)
    found = list(uncontained(campaign))
    for words in found:
        print(words, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
