"""The keys of kernel.yaml: type, limits, default, and when a new value counts.

Owns: the two tables. Does not own: how a table is read (`Kernel/contract/settings.py`), what the
keys are for (the comments in `config/kernel.yaml`), the dataclasses (`Kernel/config.py`).
"""

from typing import Final

from Kernel.contract.settings import Effect, Key, Sort
from Kernel.core.watchdog import Mode

ZONES: Final = "zones"
_DAY_S: Final = 86_400
_MS: Final = 0.001

KERNEL_KEYS: Final = (
    Key("poll_interval_ms", Sort.NUMBER, 100, 1, 1000, "ms", field="poll_interval_s", scale=_MS),
    Key("stop_deadline_s", Sort.NUMBER, 10, 0.1, 300, "s"),
    Key("snapshot_on_stop", Sort.FLAG, True),
    Key("probe_base_s", Sort.NUMBER, 5, 0.1, 3600, "s"),
    Key("probe_cap_s", Sort.NUMBER, 300, 0.1, _DAY_S, "s"),
)
"""All but `zones`, whose values are maps of ZONE_KEYS by zone."""

ZONE_KEYS: Final = (
    Key("service", Sort.TEXT, unit="package", effect=Effect.BOOT, required=True),
    Key("kind", Sort.CHOICE, effect=Effect.BOOT, choices=("arena", "bus"), required=True),
    Key("settings", Sort.TEXT, unit="file under config/ without .yaml", effect=Effect.BOOT),
    Key("heir", Sort.FLAG, effect=Effect.BOOT),
    Key("reads", Sort.NAMES, [], unit="arena zones", effect=Effect.BOOT),
    Key("broker", Sort.FLAG, False, effect=Effect.BOOT),
    Key("deadline_ms", Sort.NUMBER, 250, 10, 600_000, "ms", field="deadline_s", scale=_MS),
    Key("watchdog", Sort.CHOICE, Mode.ACTIVE.value, choices=tuple(mode.value for mode in Mode)),
    Key("guard_s", Sort.NUMBER, 30, 0, _DAY_S, "s"),
    Key("free_failures", Sort.WHOLE, 3, 0, 1000),
    Key("failures_max", Sort.WHOLE, 8, 1, 1000),
    Key("backoff_base_s", Sort.NUMBER, 0.1, 0.001, 60, "s"),
    Key("backoff_cap_s", Sort.NUMBER, 5, 0.001, 3600, "s"),
    Key("healthy_after_s", Sort.NUMBER, 10, 0.01, _DAY_S, "s"),
    Key("nice", Sort.WHOLE, 0, 0, 19, effect=Effect.PROCESS),
)
"""An arena zone has an heir unless `heir` says no."""
