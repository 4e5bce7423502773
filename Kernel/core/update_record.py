"""What is kept of module updates in one small file, and its form.

Owns: packing and reading it. Does not own: the file (`Kernel/ports/update_files.py`), what it means
(`passive_update.py`). Pure. One file and not one for each slot: what flips together must be one
rename. `slots` is read by safe mode (`fallback/slot_pointers.py`), which knows nothing of the rest.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from fallback.slot_pointers import FORMAT, RECORD_BYTES_MAX
from Kernel.contract.errors import CodecError
from Kernel.core.bundle import COUNTER_MAX
from Kernel.core.passive_update import (
    OUTCOMES_MAX,
    WHY_CHARS_MAX,
    Candidate,
    How,
    ModuleVersion,
    Outcome,
    Stage,
    Updates,
)

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def pack_updates(updates: Updates) -> bytes:
    """Return the record."""
    candidate = updates.candidate
    told = {
        "format": FORMAT,
        "slots": updates.slots(),
        "active": _version_fields(updates.active),
        "fallback": _version_fields(updates.fallback),
        "candidate": candidate
        and {
            "what": _version_fields(candidate.what),
            "stage": candidate.stage.value,
            "attempts": candidate.attempts,
            "proof": candidate.proof,
        },
        "counter": updates.counter,
        "outcomes": [
            [each.id, each.version, each.counter, each.how.value, each.why]
            for each in updates.outcomes
        ],
    }
    return json.dumps(told, indent=1).encode()


def parse_updates(data: bytes) -> Updates:
    """Read a record; it may be anything.

    Raises:
        CodecError: it is none.
    """
    try:
        if len(data) > RECORD_BYTES_MAX:
            raise ValueError(f"it has {len(data)} bytes, the limit is {RECORD_BYTES_MAX}")
        told = json.loads(data)
        if told["format"] != FORMAT:
            raise ValueError(f"it has format {told['format']!r:.20}, {FORMAT} is known")
        updates = _parse(told)
        if told["slots"] != updates.slots():
            raise ValueError("its slots are not those of its versions")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CodecError(f"cannot use the record of updates: {str(error)[:200]}") from error
    return updates


def _parse(told: Mapping[str, Any]) -> Updates:
    outcomes = told["outcomes"]
    if type(outcomes) is not list or len(outcomes) > OUTCOMES_MAX:
        raise ValueError("its outcomes are none")
    return Updates(
        told["active"] and _version(told["active"]),
        told["fallback"] and _version(told["fallback"]),
        told["candidate"] and _candidate(told["candidate"]),
        _whole(told["counter"]),
        tuple(
            Outcome(_digest(id_), _text(version), _whole(counter), How(how), _text(why))
            for id_, version, counter, how, why in outcomes
        ),
    )


def _candidate(told: Mapping[str, Any]) -> Candidate:
    return Candidate(
        _version(told["what"]),
        Stage(told["stage"]),
        _whole(told["attempts"]),
        _text(told["proof"]),
    )


def _version_fields(version: ModuleVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "id": version.id,
        "version": version.version,
        "counter": version.counter,
        "contract": version.contract,
        "changes_behaviour": version.changes_behaviour,
        "bundle": version.bundle,
    }


def _version(told: Mapping[str, Any]) -> ModuleVersion:
    if type(told["changes_behaviour"]) is not bool:
        raise TypeError("a claim is none")
    return ModuleVersion(
        _digest(told["id"]),
        _text(told["version"]),
        _whole(told["counter"]),
        _whole(told["contract"]),
        told["changes_behaviour"],
        _digest(told["bundle"]),
    )


def _digest(value: Any) -> str:
    if type(value) is not str or _DIGEST.fullmatch(value) is None:
        raise ValueError("a sha256 in it is none")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > WHY_CHARS_MAX:
        raise ValueError("a text in it is none")
    value.encode()
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= COUNTER_MAX:
        raise ValueError("a number in it is none")
    return value
