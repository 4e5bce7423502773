"""The last look: the whole log, the whole course, and whether the rules can find anything at all.

Owns: the checks at the end of a campaign, its canaries. Does not own: the rules themselves.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Final

from Kernel.contract.envelope import Envelope, parse_envelope
from Kernel.contract.places import LEDGER
from tools.chaos.campaign import TOGETHER, Campaign
from tools.chaos.checkup import Check, Checkup, Costs, Sample, check_flat, check_missed
from tools.chaos.fault import Misses
from tools.chaos.log_rules import Notes, check_arena, check_ids, check_sender
from tools.chaos.process_faults import NOBODY
from tools.chaos.target import identities
from zones.runtime.ledger_file import LedgerReader

TOLD_MAX: Final = 5
CANARY_S: Final = 60
CANARY_MB: Final = 500.0
CANARY_TICKS: Final = 1000


def final_checks(campaign: Campaign, left: int) -> list[Check]:
    """Return what holds of the whole campaign, after its last round.

    Args:
        left: events of our sender that could not be handed in.
    """
    broken = [breach for each in campaign.rounds for breach in each.breaches]
    events, newest = _read(campaign)
    sender = campaign.sender
    found = [(at, number) for at, event in events if (number := sender.number_of(event))]
    faults = [*check_sender(found, sender.notes), *check_ids(events)]
    faults += check_arena(events, campaign.target.arena_id())
    promised = len(sender.notes.acknowledged)
    return [
        _check("after each round all held", broken, f"{len(campaign.rounds)} rounds"),
        _check("the chain", campaign.log.look(), f"{campaign.log.events} events"),
        _check("nothing acknowledged is lost", faults, f"{promised} events of ours"),
        Check("all could be handed in", left == 0, f"{left} still wait"),
        *check_missed(campaign.costs, NOBODY),
        *check_flat(campaign.checkup.samples),
        *_canaries(campaign, found, newest),
    ]


def _read(campaign: Campaign) -> tuple[list[tuple[int, Envelope]], int]:
    with closing(LedgerReader(campaign.target.home / LEDGER)) as reader:
        records = [(at, parse_envelope(record)) for at, record in reader.read(1)]
        return records, reader.newest


def _check(name: str, faults: Sequence[str], otherwise: str) -> Check:
    told = "; ".join(faults[:TOLD_MAX])
    more = len(faults) - TOLD_MAX
    return Check(name, not faults, (f"{told}; {more} more" if more > 0 else told) or otherwise)


def _canaries(campaign: Campaign, found: Sequence[tuple[int, int]], newest: int) -> list[Check]:
    """Show each rule something that is broken: one that finds nothing would prove nothing."""
    number = len(campaign.sender.notes.sent) + 1
    notes = Notes([*campaign.sender.notes.sent, number], {number: newest + 1})
    lost = list(check_sender(found, notes))
    grown = {name: _grown(taken) for name, taken in campaign.checkup.samples.items()}
    costly = {
        name: replace(each, misses=Misses.NONE, missed=[CANARY_TICKS] * len(each.missed))
        for name, each in campaign.costs.items()
        if name not in (NOBODY, TOGETHER)
    }
    return [
        Check("canary: an event that is lost is found", bool(lost), "; ".join(lost[:1])),
        _canary("canary: who grows is found", check_flat(grown)),
        _canary("canary: missed ticks are found", _missed(costly, campaign.costs)),
        Check(
            "canary: who is left over is found", _finds_orphan(campaign.checkup), "a child of ours"
        ),
    ]


def _canary(name: str, checks: Sequence[Check]) -> Check:
    blind = [each.name for each in checks if each.holds]
    return Check(name, not blind, "; ".join(blind) or f"{len(checks)} of {len(checks)}")


def _grown(taken: Sequence[Sample]) -> list[Sample]:
    """Return samples as of a process that leaks."""
    return [replace(taken[0], rss_mb=taken[0].rss_mb + CANARY_MB * step) for step in range(3)]


def _missed(costly: Mapping[str, Costs], costs: Mapping[str, Costs]) -> list[Check]:
    quiet = {NOBODY: costs[NOBODY]} if NOBODY in costs else {}
    return check_missed({**costly, **quiet}, NOBODY)


def _finds_orphan(checkup: Checkup) -> bool:
    """Claim that a process of our own was below the kernel: it is not now, and runs on."""
    with subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({CANARY_S})"]) as child:
        try:
            return checkup.would_find(next(identities([child.pid])))
        finally:
            child.kill()
