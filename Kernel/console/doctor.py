"""`molt doctor`: examine the machine and the home without a kernel.

Owns: bringing what is seen, what the configuration says and what to think of it together. Does not
own: the probes (`Kernel/ports/machine.py`), the checks (`Kernel/core/checkup.py`), the looks.
"""

from collections.abc import Mapping
from dataclasses import replace

from Kernel.config import load_config
from Kernel.console.client import ask
from Kernel.console.output import show_result
from Kernel.console.session import CHECKOUT, Session
from Kernel.console.values import fields_of
from Kernel.contract.errors import ConfigError, MoltError
from Kernel.core.checkup import Verdict, examine
from Kernel.ports.fuel_rate import measure_fuel
from Kernel.ports.machine import WORLD_ZONE, look_at_machine

EXIT_FAILED = 1
ASK_S = 1.0
"""A kernel that does not answer within this is examined without its word."""


def doctor(_args: Mapping[str, object], session: Session) -> int:
    """Examine, show what was found, and return 1 when something failed, else 0."""
    own = session.home / "config"
    slots, fuel, error = None, None, ""
    try:
        config = load_config(own if own.is_dir() else CHECKOUT / "config", ())
        settings = next(zone.settings for zone in config.zones if zone.name == WORLD_ZONE)
        found = settings.get("max_entities")
        slots = found if isinstance(found, int) else None
        taken = settings.get("fuel_per_ms")
        fuel = float(taken) if isinstance(taken, int | float) else None
    except ConfigError as refused:
        error = refused.message
    except StopIteration:
        error = f"cannot find the world: the configuration has no zone {WORLD_ZONE}"
    seen = look_at_machine(CHECKOUT, session.home, slots, error)
    measured = measure_fuel(CHECKOUT) if fuel is not None and seen.kernels_compiled else None
    kernel = _ask_kernel(session)
    findings = examine(
        replace(
            seen,
            safe_mode=kernel.get("safe_mode") is True,
            refused=_refused(kernel),
            fuel_per_ms=measured,
            world_fuel_per_ms=fuel,
        )
    )
    counts = {each.value: sum(found.verdict is each for found in findings) for each in Verdict}
    report: dict[str, object] = {
        "home": str(session.home),
        **counts,
        "findings": [found.fields() for found in findings],
    }
    show_result("doctor", report, session)
    return EXIT_FAILED if counts[Verdict.FAIL.value] else 0


def _ask_kernel(session: Session) -> Mapping[str, object]:
    """Return what a kernel says of itself, nothing where none answers."""
    try:
        status = ask(session.home, "status", {}, ASK_S, connect_s=ASK_S).result
    except MoltError:
        return {}
    return fields_of(status, "kernel")


def _refused(kernel: Mapping[str, object]) -> dict[str, int]:
    """Return how many requests a kernel has refused, by road; a kernel of before says nothing."""
    counts = fields_of(kernel, "refused").items()
    return {road: count for road, count in counts if type(count) is int}
