"""The table of who may ask what: every party on every road, for every request and no other."""

import pytest

from Kernel.contract.messages import FromZone, ToZone
from Kernel.contract.policy import (
    LEAVES,
    RULES,
    UNKNOWN,
    Party,
    Road,
    ask_name,
    is_allowed,
    known_request,
    party_of,
)

# Written once more, by hand: a row that is changed in the table must be changed here, too.
WHO: dict[Road, dict[str, set[Party]]] = {
    Road.BUS: {
        **{name: {Party.ZONE} for name in ("hello", "ready", "heartbeat", "reply", "ask")},
        **{name: {Party.ZONE} for name in ("ask.trial", "ask.apply", "ask.take_back")},
        **{name: set() for name in ("drain", "request", "answer")},
    },
    Road.CONSOLE: {"command": {Party.USER}},
    Road.SCRIBE: {"event": {Party.USER}},
}
NEEDS = {"ask.trial": "trial", "ask.apply": "apply", "ask.take_back": "apply"}
MADE_UP = ("", "shutdown", "ask.", "ask.shutdown", "ask.ask", "COMMAND", "hello ", UNKNOWN)
REQUESTS = sorted({request for rows in WHO.values() for request in rows} | set(MADE_UP))


@pytest.mark.parametrize("road", Road)
@pytest.mark.parametrize("party", Party)
@pytest.mark.parametrize("request_", REQUESTS)
def test_every_pair_is_decided(road: Road, party: Party, request_: str) -> None:
    """By the table alone: with every leave there is, with each, and with none."""
    may_at_all = party in WHO[road].get(request_, set())
    needed = NEEDS.get(request_)
    assert is_allowed(road, request_, party) is (may_at_all and needed is None)
    assert is_allowed(road, request_, party, LEAVES) is may_at_all
    for leave in LEAVES:
        assert is_allowed(road, request_, party, (leave,)) is (
            may_at_all and needed in (None, leave)
        )


def test_the_table_is_whole() -> None:
    """A row for each message and none twice; leaves are those of kernel.yaml."""
    assert {(rule.road, rule.request) for rule in RULES} == {
        (road, request) for road, rows in WHO.items() for request in rows
    }
    assert len({(rule.road, rule.request) for rule in RULES}) == len(RULES)
    kinds = {each.KIND for each in (*FromZone.__args__, *ToZone.__args__)}
    assert kinds == {request for request in WHO[Road.BUS] if "." not in request}
    assert LEAVES == ("trial", "apply")


def test_what_is_made_up_is_counted_together() -> None:
    """A zone that asks for ever other names fills no table with them."""
    assert known_request(Road.BUS, ask_name("trial")) == "ask.trial"
    assert {known_request(Road.BUS, ask_name(f"x{n}")) for n in range(9)} == {UNKNOWN}
    assert known_request(Road.CONSOLE, "hello") == UNKNOWN


@pytest.mark.parametrize(
    ("peer", "own", "is_own", "party"),
    [
        (1000, 1000, False, Party.USER),
        (0, 1000, False, Party.USER),
        (1000, 1000, True, Party.OWN),
        (0, 1000, True, Party.OWN),
        (1001, 1000, False, Party.STRANGER),
        (1001, 1000, True, Party.STRANGER),
        (65534, 0, False, Party.STRANGER),
    ],
)
def test_who_is_at_the_other_end(peer: int, own: int, is_own: bool, party: Party) -> None:
    """Our user and root are users, unless the kernel has started them; all others are strangers."""
    assert party_of(peer, own, is_own=is_own) is party
